"""Whatever a gateway does that it must never do, the checkers of a simulated run name."""

from dataclasses import replace

import pytest

from drivers.command import Command, SwitchOff, SwitchOn
from edge.core.decision import Conditions, Decision
from edge.core.effects import Effect, KeepWords, Order, Record
from edge.core.event import Act, Code, Event, Kind, Mass, WallTime
from edge.core.gateway import Gateway
from edge.core.standing import Standing, VisitWords, Word
from edge.wire.chain import Link
from hub_config.hub import HubConfig
from hub_config.load import load
from hub_config.names import MILLISECOND, DeviceId, Instant, LaneId, VisitId
from simulators.checkers import Checkers, RuleBrokenError
from simulators.practice import EXAMPLE

VISIT = VisitId("v1")
US = 1_795_000_000_000_000
CODE = Code("RB123456785GB", b"", "code128", "s10", True, DeviceId("tunnel-1"), 1)
MASS = Mass(DeviceId("wim-1"), 500_000, 10_000, 10_000, 0, None, "dynamic", "none", 7)
RELEASE = Decision(
    dec="d1", dec_seq=1, visit=VISIT, was=None, answers="id2", action="release", reasons=(), route=LaneId("green"),
    authority="customs", conditions=Conditions(code=CODE.data, mass_mg=(400_000, 600_000)), needs=(),
    valid_from_us=US, valid_until_us=US + 10_000_000, clock="hub", wire="{}", kid="k", sig="s",
)  # fmt: skip
HOLD = replace(RELEASE, dec="d2", dec_seq=2, action="hold", reasons=("sampled",), route=LaneId("hold"))
ON = SwitchOn(DeviceId("io-1"), 1, 0, Instant(600 * MILLISECOND), 300 * MILLISECOND)
OFF = SwitchOff(DeviceId("io-1"), 2, 0, ON.at)


@pytest.fixture(scope="module")
def example() -> HubConfig:
    return load(EXAMPLE)


class Run:
    """Tells the checkers of one visit on a belt."""

    def __init__(self, config: HubConfig) -> None:
        self.gateway = Gateway(config, bytes(16))
        self.checkers = Checkers((*config.benches, *config.lines))
        self.line = config.lines[0].id
        self.number = self.told = 0
        self.now_ms = 0

    def event(self, kind: Kind, *, at_ms: int | None = None, **more: object) -> Record:
        self.now_ms = self.now_ms + 10 if at_ms is None else at_ms
        self.number += 1
        wall = WallTime(US + self.now_ms * 1_000, 1_500, "ntp")
        at = Instant(self.now_ms * MILLISECOND)
        given = Event(kind, self.line, VISIT, at, wall, codes=(CODE,), mass=MASS)
        return Record(self.number, replace(given, **more))  # type: ignore[arg-type]  # by name

    def step(self, *effects: Effect | Command, commit: bool = True) -> "Run":
        told = [Order(one) if isinstance(one, SwitchOn | SwitchOff) else one for one in effects]
        self.checkers.after_step(told, self.gateway)  # type: ignore[arg-type]  # a Trigger is not told here
        return self.commit() if commit else self

    def commit(self) -> "Run":
        fresh = range(self.told + 1, self.number + 1)
        self.checkers.committed([Link(n, f"id{n}", "", b"", None, "") for n in fresh])
        self.told = self.number
        return self

    def measured(self) -> "Run":
        return self.step(self.event("parcel.arrived")).step(self.event("parcel.measured"))

    def decided(self, decision: Decision | None = RELEASE, lane: str = "green", **more: object) -> Record:
        return self.event("parcel.decided", decision=decision, act=Act(LaneId(lane), "X", False), **more)

    def diverted(self, *, confirmed: bool, decision: Decision | None = RELEASE, **more: object) -> Record:
        return self.event(
            "parcel.diverted", decision=decision, act=Act(LaneId("green"), "X", confirmed), **more
        )

    def intended(self) -> "Run":
        return self.measured().step(self.decided()).step(self.diverted(confirmed=False))


@pytest.fixture
def run(example: HubConfig) -> Run:
    return Run(example)


def test_the_good_way_breaks_no_rule(run: Run) -> None:
    run.intended().step(ON)
    run.step(run.diverted(confirmed=True), run.event("parcel.departed", act=Act(LaneId("green"), "X", True)))

    assert run.number == 6


AGENCY = replace(HOLD, authority="agency:plants")
WAITS = replace(RELEASE, authority="agency:plants", needs=("agency:health",))


def kept(*said: Decision) -> KeepWords:
    return KeepWords(VisitWords(VISIT, (CODE.data,), Standing(tuple(Word(one.dec_seq, one) for one in said))))


@pytest.mark.parametrize("other", [AGENCY, WAITS])
def test_a_release_against_what_another_authority_has_said(run: Run, other: Decision) -> None:
    run.measured()

    with pytest.raises(RuleBrokenError, match="released against agency"):
        run.step(kept(RELEASE, other), run.decided())


@pytest.mark.parametrize("other", [AGENCY, WAITS])
def test_a_release_that_stands_when_another_authority_has_said_so(run: Run, other: Decision) -> None:
    run.measured().step(kept(RELEASE), run.decided()).step(kept(RELEASE, other))

    with pytest.raises(RuleBrokenError, match="is diverted to the free lane against agency"):
        run.step(run.diverted(confirmed=False))


def test_a_stop_that_was_over_when_it_came_moves_nothing(run: Run) -> None:
    over = replace(AGENCY, valid_until_us=US - 1)
    run.measured().step(kept(RELEASE), run.decided()).step(kept(RELEASE, over))
    run.step(run.diverted(confirmed=False)).step(ON)


def test_an_order_before_its_intent_is_on_disk(run: Run) -> None:
    run.measured().step(run.decided()).step(run.diverted(confirmed=False), commit=False)

    with pytest.raises(RuleBrokenError, match="no divert on disk"):
        run.step(ON)


def test_an_intent_before_its_release_is_on_disk(run: Run) -> None:
    run.measured().step(run.decided(), commit=False)

    with pytest.raises(RuleBrokenError, match="without a committed release"):
        run.step(run.diverted(confirmed=False))


@pytest.mark.parametrize("command", [ON, replace(ON, channel=1)])
def test_a_second_order_or_one_of_another_output(run: Run, command: SwitchOn) -> None:
    run.intended().step(*([ON] if command == ON else []))

    with pytest.raises(RuleBrokenError, match="no divert on disk"):
        run.step(command)


def test_an_order_after_the_recall(run: Run) -> None:
    run.intended().step(run.decided(HOLD, "hold"))

    with pytest.raises(RuleBrokenError, match="no divert on disk that stands"):
        run.step(ON)


def test_a_recall_that_does_not_take_the_order_back(run: Run) -> None:
    run.intended().step(ON)

    with pytest.raises(RuleBrokenError, match="was not taken back"):
        run.step(run.decided(HOLD, "hold"))


@pytest.mark.parametrize("at_ms", [100, 590])
def test_a_recall_that_does_or_comes_too_late(run: Run, at_ms: int) -> None:
    run.intended().step(ON)
    run.step(run.decided(HOLD, "hold", at_ms=at_ms), *([OFF] if at_ms == 100 else []))

    assert run.number == 5


def test_a_parcel_lost_whose_order_is_not_taken_back(run: Run) -> None:
    run.intended().step(ON)

    with pytest.raises(RuleBrokenError, match="was not taken back"):
        run.step(run.event("parcel.lost_track"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"visit": VisitId("v2")}, "by a decision for v2"),
        ({"was": VisitId("v2")}, "by a decision for"),
        ({"answers": "id1"}, "for another measurement"),
        ({"needs": ("agency:food",)}, "without a release"),
        ({"action": "hold"}, "without a release"),
    ],
)
def test_a_release_that_is_none_for_this_parcel(run: Run, change: dict[str, object], words: str) -> None:
    run.measured()

    with pytest.raises(RuleBrokenError, match=words):
        run.step(run.decided(replace(RELEASE, **change)))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"valid_until_us": US + 20_000}, "had ended"),
        ({"conditions": Conditions(not_after_us=US + 20_000)}, "had ended"),
        ({"valid_from_us": US + 5_000_000}, "began"),
        ({"conditions": Conditions(code="RA473124829GB")}, "another code"),
        ({"conditions": Conditions(mass_mg=(1, 499_999))}, "another mass"),
        ({"conditions": Conditions(dims_um=((1, 2), (1, 2), (1, 2)))}, "another box"),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_a_divert_under_a_release_that_does_not_hold(
    run: Run, change: dict[str, object], words: str, confirmed: bool
) -> None:
    release = replace(RELEASE, **change)  # type: ignore[arg-type]  # by name
    run.measured().step(run.decided(release))

    with pytest.raises(RuleBrokenError, match=words):
        run.step(run.diverted(confirmed=confirmed, decision=release))


def test_an_arrival_in_the_free_lane_that_nobody_had_ordered(run: Run) -> None:
    run.intended()

    with pytest.raises(RuleBrokenError, match="nobody had ordered"):
        run.step(run.diverted(confirmed=True))


@pytest.mark.parametrize("decision", [None, HOLD])
def test_a_departure_of_one_that_went_astray(run: Run, decision: Decision | None) -> None:
    run.measured().step(run.diverted(confirmed=True, decision=decision))

    with pytest.raises(RuleBrokenError, match="departed without"):
        run.step(run.event("parcel.departed", act=Act(LaneId("green"), "X", True)))


def test_an_arrival_in_the_free_lane_under_a_release_that_waits_for_others(run: Run) -> None:
    run.measured().step(run.decided(WAITS, "hold", flags=("agency_pending",)))

    with pytest.raises(RuleBrokenError, match="without a committed release"):
        run.step(run.diverted(confirmed=True, decision=WAITS))


def test_a_second_divert_in_one_pass(run: Run) -> None:
    run.intended()

    with pytest.raises(RuleBrokenError, match="twice in one pass"):
        run.step(run.diverted(confirmed=False))


def test_a_visit_that_runs_backwards(run: Run) -> None:
    run.measured()

    with pytest.raises(RuleBrokenError, match="runs backwards"):
        run.step(run.event("parcel.identified", at_ms=1))


def test_a_hold_without_a_reason(run: Run) -> None:
    run.measured()

    with pytest.raises(RuleBrokenError, match="without a reason"):
        run.step(run.decided(None, "hold"))


def test_numbers_and_seqs_with_a_gap(run: Run) -> None:
    run.number = 1
    with pytest.raises(RuleBrokenError, match="record 2 follows 0"):
        run.step(run.event("parcel.arrived"))

    with pytest.raises(RuleBrokenError, match="seq 2 follows 0"):
        run.checkers.committed([Link(2, "id2", "", b"", None, "")])


def test_a_visit_that_is_told_of_after_it_was_done_with(run: Run) -> None:
    visit, later = (VisitId(f"01a2009b-37e{n}-7cc0-9f2a-000000000001") for n in (1, 2))
    run.step(run.event("parcel.arrived", visit=visit))
    run.checkers.forget({visit})
    run.step(run.event("parcel.arrived", visit=later))

    with pytest.raises(
        RuleBrokenError, match=r"told of again with parcel\.identified after it was done with"
    ):
        run.step(run.event("parcel.identified", visit=visit))


@pytest.mark.parametrize("kind", ["parcel.inspected", "visit.split"])
def test_a_release_of_what_was_measured_before_it_was_looked_into(run: Run, kind: Kind) -> None:
    run.measured().step(run.event(kind))

    with pytest.raises(RuleBrokenError, match="released for another measurement"):
        run.step(run.decided())


def test_what_was_found_ends_a_release_that_stood(run: Run) -> None:
    run.measured().step(run.decided()).step(run.event("parcel.inspected"))

    with pytest.raises(RuleBrokenError, match="without a committed release"):
        run.step(run.diverted(confirmed=False))


@pytest.mark.parametrize(
    "kind", ["parcel.presented", "parcel.measured", "parcel.diverted", "parcel.departed"]
)
def test_something_else_of_a_parcel_that_lies_before_customs(run: Run, kind: Kind) -> None:
    run.measured().step(run.event("parcel.presented"))
    act = Act(LaneId("green"), "X", True)

    with pytest.raises(RuleBrokenError, match="is with customs"):
        run.step(run.event(kind, act=act))


def test_presented_again_after_it_was_given_back_breaks_no_rule(run: Run) -> None:
    run.measured().step(run.event("parcel.presented")).step(run.event("parcel.identified"))
    run.step(run.event("parcel.inspected")).step(run.event("parcel.presented"))
    run.step(run.decided(HOLD, "hold")).step(run.event("parcel.presented")).step(run.event("visit.split"))

    assert run.number == 9
