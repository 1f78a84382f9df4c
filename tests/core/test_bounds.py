"""The named bounds of the core: what happens when a table is full."""

from bench_driver import EAN, GREEN, HOLD, S10, BenchDriver

from drivers.identifiers.choice import Identified
from edge.core.dwell import OTHER_OWNERS, OWNERS_MAX, VISITS_REMEMBERED_MAX, DwellClock, DwellLedger
from edge.core.event import DwellSpan
from edge.core.fired_twice import SCANS_REMEMBERED_MAX
from edge.core.parcel import CODES_PER_PARCEL_MAX, names_of
from edge.core.visits import HELD_CODES_MAX, Visits
from hub_config.names import Instant, VisitId
from simulators.parcels import s10_check_digit


def item(number: int) -> str:
    serial = f"{number:08d}"
    return f"RB{serial}{s10_check_digit(serial)}MY"


def test_past_the_bound_the_oldest_held_parcel_is_scanned_in_as_a_new_one() -> None:
    visits = Visits()
    for number in range(HELD_CODES_MAX + 1):
        names = names_of([Identified("s10", f"code-{number}", check_ok=True)], ("s10",))
        visits.enter()
        visits.settle("held", VisitId(f"v{number}"), names, DwellClock(Instant(0)), again=False)

    assert visits.reopen("code-0") is None
    newest = visits.reopen(f"code-{HELD_CODES_MAX}")
    assert newest is not None
    assert newest.visit == f"v{HELD_CODES_MAX}"
    assert visits.tally().held == HELD_CODES_MAX


def test_past_the_bound_a_jammed_trigger_adds_no_codes(bench: BenchDriver) -> None:
    bench.scan(S10)
    for number in range(CODES_PER_PARCEL_MAX + 3):
        bench.later(0.1).scan(f"{EAN}{number}")

    assert len(bench.events[-1].codes) == CODES_PER_PARCEL_MAX
    assert bench.rejected() == {"too_many_codes": 4}


def test_past_the_bound_the_oldest_scan_is_no_longer_taken_for_a_double(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("sampled",)).weigh(0)
    for number in range(SCANS_REMEMBERED_MAX + 1):
        bench.scan(f"HUBXB{number}")
    bench.scan("HUBXB1").scan(f"HUBXB{SCANS_REMEMBERED_MAX}").scan("HUBXB0").scan(HOLD)

    assert bench.rejected() == {"unknown_command": SCANS_REMEMBERED_MAX + 2, "duplicate": 2}


def test_dwell_quantiles_are_over_the_visits_closed_last() -> None:
    ledger = DwellLedger()
    for us in [1_000_000] * VISITS_REMEMBERED_MAX + [5] * VISITS_REMEMBERED_MAX:
        ledger.close((DwellSpan("hub", us),))

    assert ledger.quantiles_us() == (5, 5, 5)
    assert ledger.by_owner_us() == (("hub", 1_000_005 * VISITS_REMEMBERED_MAX),)


def test_past_the_bound_owners_are_summed_as_one() -> None:
    ledger = DwellLedger()
    for number in range(OWNERS_MAX + 10):
        ledger.close((DwellSpan(f"agency:{number}", 1),))

    assert len(ledger.by_owner_us()) == OWNERS_MAX + 1
    assert dict(ledger.by_owner_us())[OTHER_OWNERS] == 10


def test_a_parcel_released_at_its_second_stay_is_no_first_pass(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("no_declaration",)).weigh(0).scan(HOLD)
    bench.later(60).measured().decide(dec_seq=2).weigh(0).scan(GREEN)
    bench.later(3).measured(item(7)).decide(dec_seq=1).weigh(0).scan(GREEN)

    tally = bench.gateway.snapshot().tally
    assert (tally.departed, tally.first_pass) == (2, 1)


def test_the_screen_names_the_parcel_placed_last_once_that_is_on_disk(bench: BenchDriver) -> None:
    bench.measured().decide().weigh(0).scan(GREEN)

    assert bench.view is not None
    assert bench.view.last is not None
    assert (bench.view.last.code, bench.view.last.bay) == (S10, "G1")
