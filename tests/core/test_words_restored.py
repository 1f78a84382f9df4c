"""A stop stands until its own authority lifts it, also when the gateway is started anew or the visit is over."""

from dataclasses import replace
from typing import Any

import pytest
from bench_driver import (
    BASE_US,
    GREEN,
    HOLD,
    LINE,
    S10,
    S10_B,
    BenchDriver,
    restarted,
    shown,
)
from test_standing import HEALTH, said, word

from drivers.identifiers.choice import Identified
from edge.core.event import WallTime
from edge.core.gateway import RECALL_TOLD_US
from edge.core.inputs import WallClock
from edge.core.standing import NOTHING_SAID, VisitWords
from edge.core.stops import QUIET_MAX, STOPS_MAX, Stops
from edge.core.visits import Recovered, Remembered, Seen
from hub_config.names import Instant, VisitId


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def anew(bench: BenchDriver, *, held: bool, code: str = S10) -> BenchDriver:
    """The gateway of this bench is started again: all it has is what the journal tells it."""
    visit = VisitId(next(event.visit for event in reversed(bench.events) if event.visit is not None) or "")
    left = Recovered(visit, LINE, held, (Identified("s10", code, check_ok=True),), Instant(0))
    return restarted((left,), Remembered(tuple(bench.words.values()))).start()


def test_a_stop_heard_in_the_bay_stands_after_a_restart(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("agency_pending",)).scan(HOLD)
    bench.decide("hold", "hold", ("risk_profile",), authority=HEALTH, dec_seq=2)

    after = anew(bench, held=True).measured().decide(dec_seq=3)
    assert shown(after)[0] == "hold"
    assert shown(after)[3] == ("agency_pending",)


def test_after_a_restart_the_stop_is_lifted_by_its_own_authority_alone(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("risk_profile",), authority=HEALTH).weigh(0).scan(HOLD)

    after = anew(bench, held=True).measured().decide(dec_seq=2).scan(HOLD).weigh(0)
    assert after.words[next(iter(bench.words))].standing.stops
    after.decide(dec_seq=3, authority=HEALTH).later(30).measured().decide(dec_seq=4)
    assert shown(after)[0] == "release"


def test_a_parcel_lost_by_the_restart_is_stopped_under_its_new_visit(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.2)
    bench.weigh(500_000).decide("hold", "hold", ("risk_profile",), authority=HEALTH)
    (old,) = bench.words

    after = anew(bench, held=False).measured().decide()
    assert shown(after)[3] == ("agency_pending",)
    assert old not in after.words
    (now,) = after.words.values()
    assert now.visit != old
    assert [(one.authority, one.dec_seq) for one in now.standing.words] == [(HEALTH, 0), ("customs", 1)]


def test_a_stop_of_a_lost_parcel_may_be_lifted_before_it_comes_back(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("risk_profile",), authority=HEALTH)
    (old,) = bench.words

    after = anew(bench, held=False)
    after.measured(S10_B).decide("hold", "hold", ("sampled",)).decide(visit=old, dec_seq=2, authority=HEALTH)
    after.scan(HOLD).weigh(0).later(5).measured().decide()
    assert shown(after)[0] == "release"


def test_a_stop_that_comes_while_a_parcel_is_lost_stands_when_it_comes_back(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.2)
    old = next(event.visit for event in bench.events if event.kind == "parcel.arrived")
    assert old is not None

    after = anew(bench, held=False)
    after.measured(S10_B).decide("hold", "hold", ("risk_profile",), visit=old, authority=HEALTH)
    assert after.words[old].standing.stops
    after.decide("hold", "hold", ("sampled",)).scan(HOLD).weigh(0).later(5).measured().decide()
    assert shown(after)[3] == ("agency_pending",)


def test_past_their_bound_the_oldest_of_those_that_nobody_stops_is_forgotten() -> None:
    stops = Stops()
    for number in range(QUIET_MAX + 1):
        assert stops.leave(VisitWords(VisitId(f"v{number}"), (f"c{number}",), NOTHING_SAID)) is None

    assert stops.hear(replace(word("hold", 1), visit=VisitId("v0"))) is None
    heard = stops.hear(replace(word("hold", 1), visit=VisitId("v1")))
    assert heard is not None
    assert [one.visit for one in stops.take(["c1"])] == ["v1"]
    assert len(stops) == 0


def test_of_a_parcel_that_left_nothing_is_kept(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("risk_profile",), authority=HEALTH)
    bench.scan(HOLD).weigh(0).decide(dec_seq=2, authority=HEALTH).later(30).measured().decide(dec_seq=3)
    assert bench.words
    bench.weigh(0).scan(GREEN)

    assert "departed" in bench.kinds
    assert bench.words == {}


def test_a_stop_for_a_parcel_that_left_before_the_restart_is_a_recall() -> None:
    gone = VisitId("01a2009b-37eb-7cc0-9f2a-00000000000a")
    after = restarted((), Remembered(departed=((gone, Seen(LINE, "G1", BASE_US)),))).start()
    after.measured().decide("hold", "hold", ("risk_profile",), visit=gone, dec_seq=2)

    assert [(one.visit, one.bay) for one in after.alerts] == [(gone, "G1")]
    assert list(after.words) == [gone]


@pytest.mark.parametrize(("age_us", "told"), [(60_000_000, 1), (RECALL_TOLD_US, 0)])
def test_a_recall_is_told_again_at_a_start_while_it_is_young(age_us: int, told: int) -> None:
    gone = VisitId("v")
    stop = said(word("hold", 2))
    seen = Remembered((VisitWords(gone, (), stop),), ((gone, Seen(LINE, "G1", 1)),))
    after = restarted((), seen)
    after.words[gone] = VisitWords(gone, (), stop)
    after.give(WallClock(after.at, WallTime(age_us, 1, "ntp")))

    assert len(after.alerts) == told
    assert (gone in after.words) == bool(told)


def test_a_word_under_the_minted_visit_counts_as_older_once_it_is_joined_elsewhere(
    bench: BenchDriver,
) -> None:
    bench.scan(S10).later(0.2).weigh(500_000)
    minted: Any = bench.events[-1].visit
    bench.decide("hold", "hold", ("risk_profile",), answers=bench.ids[0], authority=HEALTH, dec_seq=7)
    bench.decide("hold", "hold", ("sampled",), visit="v-older", was=minted, dec_seq=3)

    assert list(bench.words) == ["v-older"]
    words = bench.words["v-older"].standing.words
    assert sorted((one.authority, one.dec_seq) for one in words) == [(HEALTH, 0), ("customs", 3)]


def test_past_the_bound_the_oldest_stop_is_forgotten() -> None:
    stops = Stops()
    stop = said(word("hold", 1))
    for number in range(STOPS_MAX):
        assert stops.leave(VisitWords(VisitId(f"v{number}"), (f"c{number}",), stop)) is None

    assert stops.leave(VisitWords(VisitId("v"), ("c",), stop)) == "v0"
    assert len(stops) == STOPS_MAX
    assert stops.take(["c0"]) == []
    assert [one.visit for one in stops.take(["c1", "c", "c1"])] == ["v1", "v"]
    assert stops.take(["c1"]) == []


def test_an_identifier_names_every_visit_that_was_stopped() -> None:
    stops = Stops()
    for visit in ("v1", "v2"):
        stops.leave(VisitWords(VisitId(visit), ("c",), said(word("hold", 1))))

    assert [one.visit for one in stops.take(["c"])] == ["v1", "v2"]
    assert len(stops) == 0
