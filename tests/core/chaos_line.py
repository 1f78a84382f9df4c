"""A belt line that is given whatever a list of steps says, with every effect checked as it comes.

Parcels are carried as objects: each beam they pass tells of them, a diverter whose order stands takes them into its
lane. Beside them come edges, reports, codes, records, decisions and troubles that belong to nothing.
"""

from dataclasses import dataclass, field
from typing import Final

from line_driver import (
    BASE_US,
    BOARD,
    READER,
    SCALE,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    LineDriver,
    Object,
)

from drivers.command import SwitchOff, SwitchOn
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardState,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    EventsLost,
    NoRead,
    OrderAnswered,
    WeightRead,
)
from edge.core.decision import Action, Conditions, Decision
from edge.core.event import Event, WallTime
from edge.core.inputs import DecisionArrived, Input, JournalTrouble, LinkChanged, Tick, WallClock
from edge.core.item import Item
from edge.core.reader_watch import CODES
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, DeviceId, LaneId, VisitId

GOOD_CODES: Final = ("RB000001006GB", "RB000006003GB")
REPORT_NS: Final = 20 * MILLISECOND
TIMELY_NS: Final = 30 * MILLISECOND
"""An object reaches a diverter when the order for it says so, within this."""
FREE: Final = LaneId("green")
APART_MS: Final = 20
"""Objects closer than this are one to every beam."""
AGREE: Final = 3
"""Records in a row after which the scale's count is sure again."""


@dataclass
class ChaosLine(LineDriver):
    things: list[Object] = field(default_factory=list)
    where: dict[VisitId, str] = field(default_factory=dict)
    """Of each visit: `open`, or how it ended."""
    moving: bool = True
    silent: bool = False
    """The board tells nothing of the belt."""
    clock_off_us: int = 0
    seen: int = 0
    """Events looked at."""
    ordered: int = 0
    """Commands looked at."""
    named: dict[int, str | None] = field(default_factory=dict)
    """Of each object, by the instant at which its front came to the first beam: the code on it."""
    head: int = 0
    """The same instant, of the newest object that nothing lies against."""
    misled: bool = False
    """Edges or codes were told that are of no object: whose name is whose, no gateway could say."""
    behind: int = 0
    """Where the next object can begin at the soonest."""

    @property
    def now_us(self) -> int:
        """True UTC, which is also the coordinator's."""
        return BASE_US + (self.now - SECOND) // MICROSECOND

    # Time -------------------------------------------------------------------------------------------

    def later(self, seconds: float, *, silent: bool = False) -> "ChaosLine":
        """Time passes: what is pending comes at its instant, as do the belt's reports and the ticks asked for."""
        until = self.now + int(seconds * SECOND)
        report_at = self.now + REPORT_NS
        while self.now < until:
            dues = [until, report_at, *(one[0] for one in self.pending[:1])]
            wake = self.gateway.wake_at
            self.now = max(self.now, min(dues if wake is None else [*dues, wake]))
            while self.pending and self.pending[0][0] <= self.now:
                self._come(self.pending.pop(0)[2])
            if self.now >= report_at:
                report_at = self.now + REPORT_NS
                if not (silent or self.silent):
                    self.report()
            if wake is not None and wake <= self.now:
                self.give(Tick(self.at))
        return self

    def _come(self, given: "Input | SwitchOn") -> None:
        if isinstance(given, SwitchOn):
            self._push(given)
        elif not (self.silent and isinstance(given, BeamChanged)):
            self.give(given)

    def report(self) -> None:
        self.give(BeltMoved(BOARD, self.at, self.count_at(self.now), moving=self.moving))

    # Every step -------------------------------------------------------------------------------------

    def give(self, given: Input) -> None:
        super().give(given)
        for command in self.commands[self.ordered :]:
            if isinstance(command, SwitchOn):
                self.when(self._passes(command), command)  # type: ignore[arg-type]  # what the plant does then
        self.ordered = len(self.commands)
        for number, event in enumerate(self.events[self.seen :], start=self.seen):
            self._see(number, event)
        self.seen = len(self.events)
        self._check_places()
        if isinstance(given, Tick):
            wake = self.gateway.wake_at
            assert wake is None or wake > given.at, f"the tick at {given.at} left a wish for {wake}"

    def _see(self, number: int, event: Event) -> None:
        visit = event.visit
        if visit is None:
            return
        match event.kind:
            case "parcel.arrived":
                assert visit not in self.where, f"visit {visit} arrives twice"
                self.where[visit] = "open"
            case "visit.joined":
                older = VisitId(str(dict(event.note)["into"]))
                assert self.where.pop(visit) == "open"
                assert self.where[older] in ("hold", "manual"), f"{older} is reopened and lay in no bay"
                self.where[older] = "open"
            case "parcel.departed":
                assert self.where[visit] == FREE, f"visit {visit} departs and lies in {self.where[visit]}"
                self.where[visit] = "departed"
            case "parcel.lost_track":
                astray = event.flags == ("unknown_item",) or self.where[visit] == FREE
                assert astray or self.where[visit] == "open", f"{visit} is lost, but {self.where[visit]}"
                self.where[visit] = "lost"
            case "parcel.corrected":
                assert visit in self.where  # also of one that has left
            case _:
                assert self.where[visit] == "open", f"{event.kind} of {visit}, but {self.where[visit]}"
                if event.kind == "parcel.diverted":
                    self._see_move(number, event)

    def _see_move(self, number: int, event: Event) -> None:
        assert event.act is not None
        assert event.visit is not None
        if event.act.confirmed:
            self.where[event.visit] = event.act.lane
        elif event.act.lane == FREE:
            self._check_release(number, event)

    def _check_release(self, number: int, event: Event) -> None:
        """It obeys clearance contract §5, judged from the events alone."""
        decision = event.decision
        assert decision is not None
        assert (decision.action, decision.needs) == ("release", ())
        assert (decision.was or decision.visit) == event.visit, "a release of another visit"
        told = [place for place in range(number) if self.events[place].visit == event.visit]
        asked = [place for place in told if self.events[place].kind == "parcel.measured"][-1]
        decided = [place for place in told if self.events[place].kind == "parcel.decided"][-1]
        assert decision.answers == self.ids[asked], "the release answers another measurement"
        assert self.events[decided].decision == decision, "another verdict stands"
        assert decided < self.told, "the release is not on disk"
        latest_us = event.wall.utc_us + event.wall.unc_us
        assert decision.valid_from_us <= latest_us <= decision.valid_until_us
        code, band = decision.conditions.code, decision.conditions.mass_mg
        assert code is None or code in {one.data for one in event.codes}
        assert event.mass is not None
        assert band is None or band[0] <= event.mass.mg <= band[1]
        assert decision.conditions.not_after_us is None or latest_us <= decision.conditions.not_after_us
        (name,) = {one.data for one in event.codes if one.check_ok and one.type == "s10"}
        arrived = next(self.events[place].at for place in told if self.events[place].kind == "parcel.arrived")
        assert self.misled or self.named.get(arrived, name) == name, "released under another one's name"

    def _check_places(self) -> None:
        """Every visit is at exactly one place: on the belt once, or where the events say it ended."""
        on_belt = [item.parcel.visit for item in self.items if item.parcel is not None]
        stay = [visit for visit, where in self.where.items() if where == "open"]
        assert sorted(on_belt) == sorted(stay), f"on the belt {on_belt}, by the events {stay}"
        assert self.gateway.in_work == len(stay)

    @property
    def items(self) -> list[Item]:
        return self.gateway._lines[0].track.items

    # The plant --------------------------------------------------------------------------------------

    def _passes(self, command: SwitchOn) -> int:
        diverter = next(one for one in self.line.diverters if one.channel == command.channel)
        return command.at + diverter.actuation_ms * MILLISECOND

    def _push(self, command: SwitchOn) -> None:
        """The diverter is out, unless its order was taken back: who comes now goes into its lane."""
        diverter = next(one for one in self.line.diverters if one.channel == command.channel)
        taken_back = any(
            isinstance(one, SwitchOff) and one.channel == command.channel and one.at == command.at
            for one in self.commands
        )
        passes = self._passes(command)
        near = [one for one in self.things if abs(one.front_at(diverter.position_um) - passes) <= TIMELY_NS]
        if taken_back or not near:
            return
        edges = {
            (at, beam.channel)
            for beam in self.line.belt_beams if beam.position_um > diverter.position_um
            for at in (near[0].front_at(beam.position_um), near[0].rear_at(beam.position_um))
        }  # fmt: skip
        self.pending = [
            one for one in self.pending
            if not (isinstance(one[2], BeamChanged) and (one[0], one[2].channel) in edges)
        ]  # fmt: skip
        self.things.remove(near[0])
        self.carry(near[0], diverter.beam)

    # Steps ------------------------------------------------------------------------------------------

    def enter(
        self, code: str | None, length_mm: int, gap_ms: int, weight: str, shape: str = "whole"
    ) -> Object:
        """An object is fed `gap_ms` behind the one before; it is read and weighed on its way, or not."""
        thing = Object(
            max(self.now + 20 * MILLISECOND, self.behind + gap_ms * MILLISECOND), length_mm * 1_000
        )
        if shape == "added":
            thing.appears_um = 4_500_000
        elif shape in ("taken", "taken late"):
            thing.vanishes_um = 3_500_000 if shape == "taken" else 7_000_000
        self.behind = thing.rear_at(0)
        self.things = [*self.things[-20:], thing]
        self.carry(thing)
        if gap_ms < APART_MS:
            self.named.pop(self.head, None)  # no beam sees them apart
        else:
            self.head = thing.front_at(self.line.belt_beams[0].position_um)
            self.named[self.head] = code
        if shape != "added":
            if code is not None:
                self.read(thing, code)
            if weight != "none":
                late = {"late": 600, "early": 5}
                self.weigh(
                    thing, None if weight == "over" else 500_000, after_ms=late.get(weight, 150),
                    record=self.record + 7 if weight == "jump" else None,
                )  # fmt: skip
        return thing

    def release_next(self, code: str, until_s: float = TO_LANE_S) -> None:
        """A good parcel, alone, released as soon as it is measured; `until_s` from the belt's begin."""
        thing = self.enter(code, 300, 700, "good")
        begins = thing.starts - SECOND // 2
        self.later((begins - self.now) / SECOND + TO_MEASURED_S)
        self.answer("release", code=code)
        self.later((begins - self.now) / SECOND + until_s)

    def beam(self, channel: int, blocked: bool) -> None:
        self.misled = True
        self.give(BeamChanged(BOARD, self.at, channel, blocked, self.count_at(self.now), 1_000))

    def stop(self) -> None:
        self.moving = False
        self.report()

    def go(self) -> None:
        self.moving = True
        self.report()

    def fall_silent(self, silent: bool) -> None:
        self.silent = silent

    def lose_counts(self, count: int) -> None:
        self.lost_counts += count

    def code_now(self, code: str, trigger: int | None) -> None:
        self.misled = True
        self.give(self.code(self.now, code, trigger))

    def no_read(self, trigger: int | None) -> None:
        self.give(NoRead(READER, self.at, trigger))

    def record_now(self, step: int, mg: int | None) -> None:
        self.record += step
        number = self.record if step else None
        self.give(WeightRead(SCALE, self.at, mg, "", "g", None, overload=mg is None, record=number))

    def change_board(self, state: BoardState, continued: bool) -> None:
        self.board(state, continued=continued)

    def lose_events(self) -> None:
        self.give(EventsLost(BOARD, self.at, 3))

    def refuse(self, accepted: bool, detail: str) -> None:
        """The board's answer to its latest order."""
        orders = [one.order for one in self.commands if isinstance(one, SwitchOn | SwitchOff)]
        self.give(OrderAnswered(BOARD, self.at, orders[-1] if orders else 1, accepted, detail))

    def change_device(self, device: DeviceId, what: str) -> None:
        match what:
            case "up":
                self.give(DeviceUp(device, self.at, None))
            case "down":
                self.give(DeviceDown(device, self.at, "unplugged"))
            case _:
                self.give(DeviceFault(device, self.at, "silent" if what == "silent" else "garbled", "noise"))

    def change_link(self, broker: bool, coordinator: bool) -> None:
        self.give(LinkChanged(self.at, broker=broker, coordinator=coordinator))

    def set_wall(self, off_s: float, unc_us: int) -> None:
        self.clock_off_us = int(off_s * 1e6)
        self.give(WallClock(self.at, WallTime(self.now_us + self.clock_off_us, unc_us, "ntp")))

    def set_commits(self, at_once: bool) -> None:
        self.hold_commits = not at_once
        if at_once:
            self.commit()

    def trouble(self) -> None:
        self.give(JournalTrouble(self.at, "disk full"))

    def tick(self) -> None:
        self.give(Tick(self.at))

    def answer(
        self, action: Action, times: tuple[float, float] = (-1.0, 60.0), back: int = 0, lane: str | None = None,
        needs: bool = False, mass: bool = False, *, code: str | None = None, customs: bool = True,
    ) -> None:  # fmt: skip
        """A decision on the last measurement on disk but `back`; `times`: its validity, seconds from the true time."""
        asked = [
            place for place, event in enumerate(self.events[: self.told]) if event.kind == "parcel.measured"
        ]
        if len(asked) <= back:
            return
        event, name = self.events[asked[-1 - back]], self.ids[asked[-1 - back]]
        assert event.visit is not None
        self.seq += 1
        route = lane or {"release": "green", "inspect": "manual"}.get(action, "hold")
        self.give(DecisionArrived(self.at, Decision(
            dec=f"dec-{self.seq}", dec_seq=self.seq, visit=event.visit, was=None, answers=name, action=action,
            reasons=() if action == "release" else ("sampled",), route=LaneId(route),
            authority="customs" if customs else "aviation-security",
            conditions=Conditions(code=code, mass_mg=(480_000, 520_000) if mass else None),
            needs=("agency:health",) if needs else (), valid_from_us=self.now_us + int(times[0] * 1e6),
            valid_until_us=self.now_us + int(times[1] * 1e6), clock="hub", wire="{}", kid="k", sig="s",
        )))  # fmt: skip

    # Healing ----------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Everything works, nameless parcels make the scale's count sure again, labelled ones a reader's answers where
        it had been late, and the belt runs empty."""
        self.hold_commits = self.silent = False
        self.commit()
        for device in (READER, SCALE):
            self.give(DeviceUp(device, self.at, None))
        self.change_link(True, True)
        self.set_wall(0.0, 1_500)
        self.change_board("ready", True)
        self.go()
        self.later(max(0, self.behind - self.now) / SECOND + TO_END_S)
        for beam in self.line.beams:
            self.beam(beam.channel, False)
        for _ in range(AGREE):
            self.enter(None, 300, 700, "good")
        labels = [f"label {number}" for number in range(CODES)] if self._reader_is_late else []
        for label in labels:
            self.enter(label, 300, 700, "good")
        self.later(AGREE + len(labels) + TO_END_S)
        # The link is away long enough to become an event: its commit ends the journal's trouble.
        self.change_link(False, False)
        self.later(6)
        self.change_link(True, True)
        assert self.gateway.in_work == 0, f"the belt does not run empty: {self.items}"

    @property
    def _reader_is_late(self) -> bool:
        told = [dict(one.note) for one in self.events if one.kind == "device.changed"]
        return [one["state"] for one in told if one["device"] == READER][-1:] == ["answers_late"]

    def good_parcel_departs(self, code: str) -> None:
        before = self.gateway.snapshot().tally.departed
        self.release_next(code)
        assert self.gateway.snapshot().tally.departed == before + 1, (
            f"a good parcel was not released: {self.events[-3:]}"
        )
