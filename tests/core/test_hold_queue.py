"""The hold queue of a gateway: who is in it, what moves a parcel up, and what a late release does to one."""

import pytest
from bench_driver import BASE_US, GREEN, HOLD, S10, S10_B, SSCC, BenchDriver, shown

from edge.core.decision import Conditions, Decision
from edge.core.dwell import DwellClock
from edge.core.inputs import DecisionArrived, LinkChanged
from edge.core.parcel import Names
from edge.core.priority import Moment, Place
from edge.core.visits import QUEUE_EVERY_NS, QUEUE_SHORT, Visits
from hub_config.names import SECOND, Instant, LaneId, VisitId

HOUR_US = 3_600_000_000


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def held(
    bench: BenchDriver, code: str, *, slack_us: int | None = None, clock: str = "hub", tier: str | None = None
) -> str:
    """A parcel in the hold bay; returns its visit."""
    bench.later(3).measured(code)
    bench.give(DecisionArrived(bench.at, decision(bench, "hold", slack_us=slack_us, clock=clock, tier=tier)))
    bench.weigh(0).scan(HOLD).later(1)
    return str(bench.events[-1].visit)


def decision(
    bench: BenchDriver, action: str, *, slack_us: int | None = None, clock: str = "hub", tier: str | None = None,
    visit: str | None = None, dec_seq: int = 1, needs: tuple[str, ...] = (),
) -> Decision:  # fmt: skip
    """About the parcel measured last, or `visit`."""
    asked = max(n for n, event in enumerate(bench.events) if event.kind == "parcel.measured")
    now_us = BASE_US + (bench.now - SECOND) // 1_000
    releases = action == "release"
    return Decision(
        dec=f"dec-{dec_seq}", dec_seq=dec_seq, visit=VisitId(visit or bench.events[asked].visit or ""), was=None,
        answers=bench.ids[asked], action="release" if releases else "hold",
        reasons=() if releases else ("no_declaration",), route=LaneId("green" if releases else "hold"),
        authority="customs", conditions=Conditions(), needs=needs, valid_from_us=now_us,
        valid_until_us=now_us + 60_000_000, clock=clock, wire="{}", kid="k", sig="s", slack_us=slack_us, tier=tier,
    )  # fmt: skip


def places(bench: BenchDriver) -> list[Place]:
    return list(bench.gateway.snapshot().queue.places)


def test_held_parcels_are_called_by_their_slack(bench: BenchDriver) -> None:
    held(bench, S10, slack_us=2 * HOUR_US)
    held(bench, S10_B, slack_us=HOUR_US)

    assert [place.code for place in places(bench)] == [S10_B, S10]
    first = places(bench)[0]
    assert (first.bay, first.reason, first.cause, first.waits_for) == (
        "H1",
        "no_declaration",
        "promise",
        None,
    )
    assert HOUR_US - 10_000_000 < first.slack_us < HOUR_US


def test_relief_goods_are_called_first(bench: BenchDriver) -> None:
    held(bench, S10, slack_us=60_000_000)
    held(bench, S10_B, slack_us=2 * HOUR_US, tier="relief")

    assert [place.tier for place in places(bench)] == ["relief", "standard"]


def test_a_parcel_that_is_taken_up_again_leaves_the_queue(bench: BenchDriver) -> None:
    held(bench, S10)
    bench.later(3).scan(S10)

    assert places(bench) == []


def test_a_release_for_a_parcel_in_the_bay_opens_nothing_and_calls_it(bench: BenchDriver) -> None:
    visit = held(bench, S10, clock="merchant", slack_us=2 * HOUR_US)
    held(bench, S10_B, clock="merchant", slack_us=HOUR_US)
    assert {place.waits_for for place in places(bench)} == {"merchant"}
    events = len(bench.events)
    bench.give(
        DecisionArrived(bench.at, decision(bench, "release", visit=visit, dec_seq=2, slack_us=2 * HOUR_US))
    )

    assert [(place.code, place.waits_for) for place in places(bench)] == [(S10, None), (S10_B, "merchant")]
    assert len(bench.events) == events
    assert shown(bench)[0] == "ready"
    bench.later(3).scan(GREEN)
    assert "departed" not in bench.kinds


def test_from_the_late_release_on_the_time_is_the_hubs(bench: BenchDriver) -> None:
    visit = held(bench, S10, clock="merchant")
    bench.later(100)
    bench.give(DecisionArrived(bench.at, decision(bench, "release", visit=visit, dec_seq=2)))
    bench.later(50).measured(S10)
    bench.decide(dec_seq=3).weigh(0).scan(GREEN)

    spans = {span.owner: span.us for span in bench.events[-1].dwell}
    assert 100_000_000 <= spans["merchant"] < 105_000_000
    assert 50_000_000 <= spans["hub"] < 65_000_000


def test_a_release_that_others_must_still_agree_to_calls_nobody(bench: BenchDriver) -> None:
    visit = held(bench, S10, clock="customs")
    late = decision(bench, "release", visit=visit, dec_seq=2, clock="agency:fda", needs=("agency:fda",))
    bench.give(DecisionArrived(bench.at, late))

    assert places(bench)[0].waits_for == "agency:fda"


def test_a_parcel_held_again_lets_the_next_go_first(bench: BenchDriver) -> None:
    held(bench, S10, slack_us=HOUR_US)
    held(bench, S10_B, slack_us=HOUR_US + 60_000_000)
    held(bench, S10, slack_us=HOUR_US)

    assert [place.code for place in places(bench)] == [S10_B, S10]


def test_while_customs_cannot_be_asked_nothing_is_called(bench: BenchDriver) -> None:
    held(bench, S10)
    bench.give(LinkChanged(bench.at, broker=False, coordinator=False))
    bench.later(6)

    assert [place.waits_for for place in places(bench)] == ["force"]


def test_a_parcel_with_several_names_waits_once(bench: BenchDriver) -> None:
    bench.scan(SSCC).later(0.3)
    held(bench, S10)

    assert [place.code for place in places(bench)] == [S10]


def test_a_long_queue_is_ordered_anew_at_most_once_a_second() -> None:
    visits = Visits()

    def hold(number: int) -> None:
        visits.settle(
            "held", VisitId(f"v{number}"), Names((), (f"c{number}",)), DwellClock(Instant(0)), again=False
        )

    for number in range(QUEUE_SHORT + 1):
        hold(number)
    before = visits.queue(Moment(Instant(0), 0))
    hold(QUEUE_SHORT + 1)

    assert visits.queue(Moment(Instant(QUEUE_EVERY_NS - 1), 0)) is before
    assert visits.queue(Moment(Instant(QUEUE_EVERY_NS), 0)).to_bring == before.to_bring + 1
