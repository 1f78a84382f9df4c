"""Several authorities about one parcel: the strictest word wins, a newer one replaces only its own (contract §5)."""

from dataclasses import replace

import pytest
from bench_driver import HOLD, MANUAL, S10, BenchDriver, shown
from hypothesis import given
from hypothesis import strategies as st

from edge.core.decision import STRICTNESS, Action, Conditions, Decision, stricter
from edge.core.standing import AUTHORITIES_MAX, BYTES_MAX, NOTHING_SAID, Standing, size_of
from hub_config.names import LaneId, VisitId

HEALTH = "agency:health"
ROUTES = {"release": "green", "hold": "hold", "inspect": "manual"}


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def word(action: Action, dec_seq: int, authority: str = "customs") -> Decision:
    return Decision(
        dec=f"dec-{dec_seq}", dec_seq=dec_seq, visit=VisitId("v"), was=None, answers="e", action=action, reasons=(),
        route=LaneId(ROUTES.get(action, "hold")), authority=authority, conditions=Conditions(), needs=(),
        valid_from_us=0, valid_until_us=1, clock="hub", wire="{}", kid="k", sig="s",
    )  # fmt: skip


def said(*words: Decision) -> Standing:
    standing = NOTHING_SAID
    for one in words:
        standing = standing.heard(one)
    return standing


def test_a_newer_word_replaces_the_older_one_of_its_own_authority_only() -> None:
    standing = said(word("hold", 1), word("inspect", 2, HEALTH), word("release", 3))

    assert [(w.authority, w.action) for w in standing.words] == [(HEALTH, "inspect"), ("customs", "release")]
    against = standing.against(word("release", 3))
    assert against is not None
    assert against.route == "manual"
    assert standing.heard(word("release", 4, HEALTH)).against(word("release", 3)) is None


def test_an_older_word_that_comes_late_changes_nothing() -> None:
    standing = said(word("hold", 5))

    assert standing.outdated(word("release", 4))
    assert standing.heard(word("release", 4)) == standing
    assert not standing.outdated(word("hold", 5))


def test_past_the_bound_only_the_most_lenient_is_forgotten() -> None:
    releases = [word("release", n, f"agency:{n:02}") for n in range(1, AUTHORITIES_MAX + 1)]
    standing = said(word("inspect", 100, HEALTH), *releases)

    assert len(standing.words) == AUTHORITIES_MAX
    assert standing.against(releases[0]) is not None


def long(action: Action, dec_seq: int, authority: str) -> Decision:
    return replace(word(action, dec_seq, authority), wire="x" * 32_000)


def test_long_words_are_bounded_in_bytes_and_drive_out_no_short_one() -> None:
    standing = said(
        word("hold", 1), *(long("screen", n, f"agency:{n}") for n in range(2, 12)), long("release", 12, "hub")
    )

    assert sum(size_of(one.decision) for one in standing.words) <= BYTES_MAX
    kept = [one.authority for one in standing.words]
    assert {"customs", "hub"} <= set(kept)
    assert standing.words[0].action == "screen", "never the strictest"
    assert standing.against(word("release", 13)) is not None


def test_words_about_a_visit_that_was_joined_count_as_older() -> None:
    joined = said(word("hold", 9), word("inspect", 8, HEALTH)).joined(said(word("release", 1)))

    assert not joined.outdated(word("release", 2))
    assert joined.against(word("release", 2)) is not None
    assert joined.heard(word("release", 1, HEALTH)).against(word("release", 2)) is None


@given(st.lists(st.tuples(st.sampled_from(STRICTNESS), st.integers(1, 9), st.sampled_from("abc"))))
def test_a_release_stands_alone_only_where_nobody_else_stops(words: list[tuple[Action, int, str]]) -> None:
    standing, latest = NOTHING_SAID, dict[str, tuple[int, Action]]()
    for action, dec_seq, authority in words:
        standing = standing.heard(word(action, dec_seq, authority))
        before_seq, before = latest.get(authority, (0, action))
        if dec_seq > before_seq or (dec_seq == before_seq and stricter(action, before)):
            latest[authority] = (dec_seq, action)
    stops = [who for who, (_, action) in latest.items() if who != "a" and action != "release"]

    assert (standing.against(word("release", 10, "a")) is not None) == bool(stops)


def test_a_release_does_not_lift_the_stop_of_another_authority(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.2).weigh(500_000)
    arrived = bench.ids[0]
    bench.decide("inspect", "manual", ("risk_profile",), answers=arrived, authority=HEALTH)
    bench.decide(dec_seq=2)

    assert shown(bench) == ("hold", "put_in_bay", "M1", ("agency_pending",))
    bench.scan(MANUAL)
    assert bench.gateway.snapshot().tally.inspected == 1


def test_a_stop_stands_over_the_next_pass_until_its_authority_lifts_it(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("agency_pending",), authority=HEALTH, for_s=1).scan(HOLD)
    bench.weigh(0).later(30).measured().decide(dec_seq=2)
    assert shown(bench)[3] == ("agency_pending",)

    bench.scan(HOLD).decide(dec_seq=3, authority=HEALTH)  # heard while it lies in the bay
    bench.weigh(0).later(30).measured().decide(dec_seq=4)
    assert shown(bench)[0] == "release"


def test_a_waiting_release_ends_where_another_authority_stops_the_parcel(bench: BenchDriver) -> None:
    bench.measured().decide(from_s=1.5)
    bench.decide("hold", "hold", ("risk_profile",), answers=bench.ids[0], authority=HEALTH, dec_seq=2)
    bench.later(2)

    assert shown(bench)[0] == "asking"
    bench.later(6)
    assert shown(bench)[3] == ("decision_late",)


def test_a_parcel_joined_to_its_older_visit_keeps_the_stop_of_that_visit(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("agency_pending",), authority=HEALTH).weigh(0).scan(HOLD)
    bench.later(60).weigh(500_000).scan(S10).later(0.2).decide(dec_seq=2)

    assert "visit.joined" in bench.kinds
    assert shown(bench)[3] == ("agency_pending",)


@pytest.mark.parametrize(
    ("band", "reason"),
    [
        ((494_999, 505_001), None),
        ((495_001, 600_000), "mass_inconclusive"),
        ((0, 504_999), "mass_inconclusive"),
        ((505_001, 600_000), "mass_mismatch"),
        ((0, 494_999), "mass_mismatch"),
    ],
)
def test_a_weight_is_compared_with_its_uncertainty(
    bench: BenchDriver, band: tuple[int, int], reason: str | None
) -> None:
    """Measured 500 g, the scale's mpe 5 g."""
    bench.measured().decide(conditions=Conditions(mass_mg=band))

    assert shown(bench)[3] == ((reason,) if reason else ())
    assert (shown(bench)[0] == "release") == (reason is None)


def test_a_band_from_zero_has_no_lower_edge(bench: BenchDriver) -> None:
    bench.measured(mg=100_000).decide(conditions=Conditions(mass_mg=(0, 200_000)))

    assert shown(bench)[0] == "release"


def test_a_release_that_is_not_effective_says_why_in_the_event(bench: BenchDriver) -> None:
    bench.measured().decide(needs=(HEALTH,))

    decided = next(event for event in reversed(bench.events) if event.kind == "parcel.decided")
    assert decided.decision is not None
    assert decided.flags == ("agency_pending",)
