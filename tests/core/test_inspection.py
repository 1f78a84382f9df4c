"""An inspection by scans alone: what was found, then a badge; and a wrong join undone. Neither opens a lane."""

from typing import Any

import pytest
from bench_driver import GREEN, HOLD, MANUAL, S10, BenchDriver, config, shown

from drivers.identifiers.choice import Identified
from edge.core.event import Event, Operator
from edge.core.gateway import Gateway
from edge.core.inspection import BADGE_NS, INSPECT_NS
from edge.core.visits import Recovered, Remembered
from hub_config.badges import COMMANDS, FINDINGS, PASSED, PUT_BACK, SPLIT, Badge, badge_digest, is_badge
from hub_config.names import SECOND, Instant, LineId

CUSTOMS_BADGE = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"
UNKNOWN_BADGE = "HUBXCCDEFGHIJKLNOPRSTUVXBCDE"


@pytest.fixture
def bench() -> BenchDriver:
    """It inspects, and knows one badge."""
    badge = Badge(digest=badge_digest(CUSTOMS_BADGE), role="customs")
    settings = config(inspects=True).model_copy(update={"badges": (badge,)})
    return BenchDriver(Gateway(settings, b"0123456789abcdef")).start()


def in_bay(bench: BenchDriver) -> BenchDriver:
    """A parcel that somebody is to look at, in its bay."""
    return bench.measured().decide("inspect", "manual", ("sampled",)).scan(MANUAL).weigh(0).later(60)


def told(bench: BenchDriver, kind: str) -> Event:
    return next(event for event in reversed(bench.events) if event.kind == kind)


def says(bench: BenchDriver) -> str:
    return shown(bench)[1]


def test_a_parcel_from_its_bay_is_looked_at_then_measured_again_and_only_a_new_decision_frees_it(
    bench: BenchDriver,
) -> None:
    in_bay(bench).scan(S10)
    assert shown(bench)[:2] == ("inspect", "inspect_it")
    bench.later(90).scan(PASSED)
    assert says(bench) == "scan_badge"
    bench.later(5).scan(CUSTOMS_BADGE)

    event = told(bench, "parcel.inspected")
    assert dict(event.note) == {"outcome": "passed", "seconds": 95, "role": "customs"}
    assert event.operator == Operator(badge_digest(CUSTOMS_BADGE)[:32], LineId("b1"))
    assert event.flags == ()
    assert says(bench) == "put_on_scale"
    bench.scan(GREEN)
    assert bench.view is not None
    assert bench.view.refused == "not_now"
    bench.weigh(500_000).decide(dec_seq=2)
    assert shown(bench)[0] == "release"


@pytest.mark.parametrize("command", FINDINGS)
def test_what_was_found_goes_as_a_reason_and_the_parcel_asks_again(bench: BenchDriver, command: str) -> None:
    in_bay(bench).scan(S10).later(1).scan(command).later(1).scan(CUSTOMS_BADGE)

    event = told(bench, "parcel.inspected")
    assert dict(event.note)["outcome"] == "failed"
    assert event.flags == (FINDINGS[command],)
    bench.weigh(500_000).decide("refuse", "custody", ("prohibited",), dec_seq=2)
    assert shown(bench)[0] != "release"


def test_without_a_badge_in_time_nothing_happens(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(1).scan(PASSED).later(BADGE_NS // SECOND)
    assert says(bench) == "inspect_it"
    bench.scan(CUSTOMS_BADGE)

    assert "inspected" not in bench.kinds
    assert bench.rejected()["badge_not_now"] == 1


def test_an_unknown_badge_is_refused_and_the_right_one_still_counts(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(1).scan(PASSED).scan(UNKNOWN_BADGE)
    assert bench.view is not None
    assert bench.view.refused == "unknown_badge"
    assert says(bench) == "scan_badge"
    bench.later(1).scan(CUSTOMS_BADGE)

    assert "inspected" in bench.kinds
    assert bench.rejected()["unknown_badge"] == 1


def test_the_last_command_counts(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(1).scan(PASSED).later(1).scan("HUBXTORN").later(1).scan(CUSTOMS_BADGE)

    assert told(bench, "parcel.inspected").flags == ("damaged",)


def test_a_parcel_put_back_waits_on_in_its_own_lane(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(1).scan(PUT_BACK)
    assert shown(bench) == ("hold", "put_in_bay", "M1", ("sampled",))
    bench.scan(MANUAL).later(60).scan(S10)

    assert says(bench) == "inspect_it"


def test_an_inspection_nobody_ends_is_broken_off(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(INSPECT_NS // SECOND + 1)

    assert shown(bench) == ("hold", "put_in_bay", "M1", ("sampled",))
    assert "inspected" not in bench.kinds


def test_at_the_bench_that_inspects_the_same_label_again_begins_it_at_once(bench: BenchDriver) -> None:
    bench.measured().decide("screen", "xray", ("risk_profile",))
    assert says(bench) == "rescan_or_bay"
    bench.later(5).scan(S10)
    assert says(bench) == "inspect_it"
    bench.scan(PASSED).later(1).scan(CUSTOMS_BADGE)

    assert "inspected" in bench.kinds


def test_a_bench_that_does_not_inspect_measures_again_and_takes_no_outcome() -> None:
    bench = BenchDriver().start()
    in_bay(bench).scan(S10)
    assert says(bench) == "put_on_scale"
    bench.scan(PASSED)

    assert bench.rejected()["command_not_now"] == 1


def test_a_release_that_comes_while_somebody_looks_frees_nothing(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).decide(dec_seq=2)

    assert says(bench) == "inspect_it"


def test_after_a_restart_the_parcel_is_still_to_be_looked_at(bench: BenchDriver) -> None:
    in_bay(bench)
    visit: Any = told(bench, "parcel.arrived").visit
    left = Recovered(visit, LineId("b1"), True, (Identified("s10", S10, check_ok=True),), Instant(0))
    badge = Badge(digest=badge_digest(CUSTOMS_BADGE), role="customs")
    settings = config(inspects=True).model_copy(update={"badges": (badge,)})
    words = Remembered(tuple(bench.words.values()))
    after = BenchDriver(Gateway(settings, b"fedcba9876543210", (left,), remembered=words)).start().scan(S10)

    assert says(after) == "inspect_it"


def test_another_label_while_somebody_looks_is_doubt(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(5).scan("RA473124829GB")

    assert shown(bench)[3] == ("two_labels",)


def test_a_badge_that_comes_after_the_parcel_has_gone_on_says_nothing(bench: BenchDriver) -> None:
    in_bay(bench).scan(S10).later(5).scan(PASSED).scan("RA473124829GB")
    assert shown(bench)[3] == ("two_labels",)
    bench.later(1).scan(CUSTOMS_BADGE)

    assert "inspected" not in bench.kinds
    assert bench.rejected()["badge_not_now"] == 1


def test_a_command_is_for_the_parcel_that_lay_there_when_it_was_given(bench: BenchDriver) -> None:
    in_bay(bench).measured("RA473124829GB").decide("hold", "hold", ("sampled",)).scan(HOLD).weigh(0).later(30)
    bench.scan("RA473124829GB").scan(SPLIT)
    bench.weigh(500_000).decide("hold", "hold", ("sampled",), dec_seq=2).scan(HOLD).weigh(0).scan(S10)
    bench.scan(CUSTOMS_BADGE)

    assert "visit.split" not in bench.kinds


# -- visit.split ------------------------------------------------------------------------------------------------------


def test_a_parcel_taken_for_a_held_one_is_parted_from_it(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("duty_unpaid",)).scan(HOLD).weigh(0).later(60)
    older: Any = told(bench, "parcel.arrived").visit
    bench.scan(S10).later(1).scan(SPLIT).later(1).scan(CUSTOMS_BADGE)

    split = told(bench, "visit.split")
    note = dict(split.note)
    assert (split.visit, note["from"]) == (older, older)
    assert split.operator is not None
    own = note["into"]
    assert told(bench, "parcel.arrived").visit == own != older
    assert shown(bench) == ("hold", "put_in_bay", "H1", ("two_labels",))
    assert bench.gateway.snapshot().tally.entered == 2
    bench.scan(HOLD)
    assert bench.gateway.books_fault is None
    bench.later(60).scan(S10)  # the name is the older one's
    assert told(bench, "parcel.identified").visit == older


def test_a_parcel_joined_after_its_weight_gets_its_own_visit_back(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("duty_unpaid",)).scan(HOLD).weigh(0).later(60)
    bench.weigh(500_000)
    minted = told(bench, "parcel.arrived").visit
    bench.scan(S10)
    assert told(bench, "visit.joined").visit == minted
    bench.later(1).scan(SPLIT).later(1).scan(CUSTOMS_BADGE)

    assert dict(told(bench, "visit.split").note)["into"] == minted


def test_one_weighed_before_its_label_is_the_hubs_from_its_arrival_on(bench: BenchDriver) -> None:
    """As its events say: whoever adds up the owners of its time by them has the same as the gateway."""
    bench.measured().decide("hold", "hold", ("duty_unpaid",), clock="merchant").scan(HOLD).weigh(0).later(60)
    bench.weigh(500_000).later(5)
    arrived = told(bench, "parcel.arrived")
    bench.scan(S10).decide(dec_seq=2)
    joined, released = told(bench, "visit.joined"), told(bench, "parcel.decided")

    assert (arrived.clock, joined.at - arrived.at >= 5 * SECOND) == ("hub", True)
    held_at = next(event.at for event in bench.events if event.kind == "parcel.decided")
    owned = {span.owner: span.us * 1_000 for span in released.dwell}
    assert owned["merchant"] == arrived.at - held_at


def test_a_join_by_the_coordinator_is_undone_and_not_made_again_by_its_answer(bench: BenchDriver) -> None:
    bench.measured()
    minted: Any = told(bench, "parcel.arrived").visit
    bench.decide("hold", "hold", ("risk_profile",), visit="v-older", was=minted)
    bench.later(1).scan(SPLIT).later(1).scan(CUSTOMS_BADGE)
    assert dict(told(bench, "visit.split").note) == {"from": "v-older", "into": minted}
    bench.decide("hold", "hold", ("risk_profile",), visit="v-older", was=minted, dec_seq=2)

    assert told(bench, "parcel.decided").visit == minted
    assert bench.gateway.snapshot().tally.entered == 1


def test_what_was_never_joined_can_not_be_parted(bench: BenchDriver) -> None:
    bench.measured().scan(SPLIT)

    assert bench.rejected()["command_not_now"] == 1
    assert "visit.split" not in bench.kinds


def test_the_stop_of_the_older_visit_stands_after_a_split(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("duty_unpaid",), authority="agency:health").scan(HOLD).weigh(0)
    older: Any = told(bench, "parcel.arrived").visit
    bench.later(60).scan(S10).later(1).scan(SPLIT).later(1).scan(CUSTOMS_BADGE).scan(HOLD)

    assert bench.words[older].standing.stops
    bench.later(60).measured().decide(dec_seq=2)
    assert shown(bench)[3] == ("agency_pending",)


def test_no_command_is_a_badge_or_a_parcel() -> None:
    assert not any(is_badge(command) for command in COMMANDS)
    assert is_badge(CUSTOMS_BADGE)
    assert len(set(COMMANDS)) == len(COMMANDS)
