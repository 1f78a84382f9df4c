"""What must hold after every step of a run, whatever goes wrong in it.

A broken rule ends the run with its name: that is a fault of ours, not of the simulated world. What a release allows is
judged here from the events alone, without the code that judges it in the core.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from drivers.command import Command, Destination, SwitchOff, SwitchOn
from edge.core.decision import Decision
from edge.core.effects import Effect, KeepWords, Order, Record, Show
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.snapshot import BenchView
from edge.core.verdict import Exits
from edge.wire.chain import Link
from hub_config.lines import Line
from hub_config.names import MILLISECOND, DeviceId, Instant, LaneId, LineId, VisitId
from hub_config.plc import PlcLine
from simulators.said import Said, lets_go

ASTRAY: Final = "astray"
BEGINNING: Final = 13
"""Characters of a visit's id (UUIDv7) that say in which ms it began."""
GIVEN_BACK: Final = ("parcel.inspected", "parcel.decided", "visit.split")
"""How customs give back what they have been handed: looked into, put back or held, or it was another parcel."""
PENDING: Final = {"agency_pending"}
"""The only hold of a gateway's own that a later word may lift in the same pass."""
HEEDED_NS: Final = 20 * MILLISECOND
"""A recall may come too late for a diverter that moves sooner than this."""


class RuleBrokenError(AssertionError):
    """The gateway did what it must never do."""


@dataclass(slots=True)
class Divert:
    """One that is written down and still stands."""

    number: int
    line: LineId
    lane: LaneId
    order: SwitchOn | Destination | None = None
    recalled: bool = False


class Checkers:
    def __init__(self, places: Sequence[Exits], silent: Collection[LineId] = ()) -> None:
        """`places`: benches and lines. `silent`: of these, lines that are only listened to."""
        self._free: dict[LineId, LaneId] = {place.id: place.free_lane for place in places}
        self._lane_of: dict[tuple[DeviceId, int], tuple[LineId, LaneId]] = {
            (line.board, diverter.channel): (line.id, diverter.lane)
            for line in places
            if isinstance(line, Line)
            for diverter in line.diverters
        }
        self._controlled = {place.id for place in places if isinstance(place, PlcLine)}
        driven = [place for place in places if isinstance(place, PlcLine) and place.id not in silent]
        self._exit_of: dict[tuple[DeviceId, str], tuple[LineId, LaneId]] = {
            (line.plc, exit_.code): (line.id, exit_.lane) for line in driven for exit_ in line.exits
        }
        self._safe = {line.id: line.fail_safe for line in driven}
        self._recorded = 0
        self._on_disk = 0
        self._joined: dict[VisitId, VisitId] = {}
        """Measured under one id, gone on under an older one."""
        self._released: dict[VisitId, int] = {}
        """Visits under a standing release, with the number of its record."""
        self._held_here: set[VisitId] = set()
        """Visits that the gateway itself has held since they were last measured."""
        self._gone: dict[VisitId, str] = {}
        self._intended: dict[VisitId, int] = {}
        """Visits with a divert written down in this pass, with the number of its record."""
        self._diverts: dict[VisitId, Divert] = {}
        self._voided: list[tuple[VisitId, Divert]] = []
        """Of this step: ordered diverts that stand no more, and can be taken back."""
        self._decided_by: dict[VisitId, str] = {}
        """The decision under which each was last ordered to be diverted."""
        self._asked: dict[int, VisitId] = {}
        """Measurements on their way to the disk."""
        self._measured: dict[VisitId, str] = {}
        """Id of each visit's latest measurement, once it is on disk."""
        self._with_customs: set[VisitId] = set()
        """Handed to customs control, until one event says how that has ended."""
        self._told_at: dict[VisitId, Instant] = {}
        self._said = Said()
        self._last_seq = 0
        self.vouchers: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """Every voucher issued: whose it is, and what it says."""
        self._used: dict[str, VisitId] = {}
        self._level = 0
        self._done_with = ""
        """The latest beginning of a visit that is done with, as its id tells it."""

    def forget(self, visits: Set[str]) -> None:
        """They are done with: an event of one of them from now on breaks a rule."""
        for visit in map(VisitId, visits):
            self._done_with = max(self._done_with, visit[:BEGINNING])
            for table in (self._released, self._gone, self._intended, self._diverts, self._decided_by):
                table.pop(visit, None)
            self._measured.pop(visit, None)
            self._told_at.pop(visit, None)
            self._said.forget(visit)
            self._with_customs.discard(visit)
            self._held_here.discard(visit)

    def after_step(self, effects: Sequence[Effect], gateway: Gateway) -> None:
        if effects:
            self._see_effects(effects)
        fault = gateway.books_fault
        if fault is not None:
            raise RuleBrokenError(fault)

    def _see_effects(self, effects: Sequence[Effect]) -> None:
        self._voided.clear()
        for effect in effects:
            match effect:
                case Record(number, event):
                    self._see_record(number, event)
                case Show(view):
                    self._see_screen(view)
                case Order(command):
                    self._see_order(command)
                case KeepWords(kept):
                    self._said.hear(kept)
        for visit, divert in self._voided:
            if not divert.recalled:
                raise RuleBrokenError(f"the order to divert visit {visit} was not taken back")

    def committed(self, links: Iterable[Link]) -> None:
        for link in links:
            if link.seq != self._last_seq + 1:
                raise RuleBrokenError(f"seq {link.seq} follows {self._last_seq}")
            self._last_seq = link.seq
            self._on_disk += 1
            visit = self._asked.pop(self._on_disk, None)
            if visit is not None:
                self._measured[visit] = link.id

    def _see_record(self, number: int, event: Event) -> None:
        if number != self._recorded + 1:
            raise RuleBrokenError(f"record {number} follows {self._recorded}")
        self._recorded = number
        if event.visit is None:
            if event.kind == "gateway.mode":
                self._level = int(dict(event.note)["level"])
            return
        told_at = self._told_at.get(event.visit)
        if told_at is None and event.visit[:BEGINNING] <= self._done_with:
            raise RuleBrokenError(
                f"visit {event.visit} is told of again with {event.kind} after it was done with"
            )
        if told_at is not None and event.at < told_at:
            raise RuleBrokenError(f"visit {event.visit} runs backwards with {event.kind}")
        self._told_at[event.visit] = event.at
        self._see_look(event.visit, event)
        match event.kind:
            case "parcel.decided":
                self._see_verdict(number, event)
            case "parcel.diverted":
                self._see_move(number, event)
            case "parcel.arrived" | "parcel.measured" | "parcel.lost_track":
                self._void(event)
                self._intended.pop(event.visit, None)
                self._measured.pop(event.visit, None)
                self._held_here.discard(event.visit)
                if event.kind == "parcel.measured":
                    self._asked[number] = event.visit
            case "visit.joined" if event.visit in self._measured:
                self._join(event.visit, VisitId(str(dict(event.note)["into"])))
            case "parcel.departed" if self._gone.get(event.visit) != self._free[event.line]:
                raise RuleBrokenError(
                    f"visit {event.visit} departed without a confirmed move into the free lane"
                )
            case _:
                pass

    def _join(self, visit: VisitId, into: VisitId) -> None:
        """What is known of this pass goes on under the older visit; what that one's earlier pass was, is over."""
        self._joined[visit] = into
        self._measured[into] = self._measured.pop(visit)
        self._held_here.discard(into)
        if visit in self._held_here:
            self._held_here.add(into)
        tables: tuple[dict[VisitId, Any], ...] = (
            self._released, self._intended, self._diverts, self._decided_by,
        )  # fmt: skip
        for table in tables:
            table.pop(into, None)
            if visit in table:
                table[into] = table.pop(visit)

    def _see_look(self, visit: VisitId, event: Event) -> None:
        """What is found opens no lane, nor does a split: a release answers what is measured afterwards. What customs
        have been handed is theirs until it is given back, once."""
        if event.kind in ("parcel.inspected", "visit.split"):
            self._released.pop(visit, None)
            self._measured.pop(visit, None)
            self._asked = {number: asked for number, asked in self._asked.items() if asked != visit}
        if visit in self._with_customs and event.kind not in ("parcel.identified", *GIVEN_BACK):
            raise RuleBrokenError(f"visit {visit} is with customs, and {event.kind} is told of it")
        if event.kind in GIVEN_BACK:
            self._with_customs.discard(visit)
        elif event.kind == "parcel.presented":
            self._with_customs.add(visit)

    def _void(self, event: Event) -> None:
        """Its divert stands no more; an order that can still be taken back must be."""
        assert event.visit is not None, "a divert is a visit's"
        divert = self._diverts.pop(event.visit, None)
        if divert is None or divert.order is None:
            return
        if isinstance(divert.order, SwitchOn) and divert.order.at <= event.at + HEEDED_NS:
            return
        # The gateway's own hold may be its answer to a board that has refused the order.
        if event.kind == "parcel.lost_track" or event.decision is not None:
            self._voided.append((event.visit, divert))

    def _see_verdict(self, number: int, event: Event) -> None:
        assert event.visit is not None, "a verdict is about a visit"
        decision = event.decision
        free = event.act is not None and event.act.lane == self._free[event.line]
        reasons = event.flags or (decision.reasons if decision is not None else ())
        if free and (decision is None or decision.action != "release" or decision.needs):
            raise RuleBrokenError(f"visit {event.visit} sent to the free lane without a release")
        if not free and not reasons and (decision is None or decision.action != "release"):
            raise RuleBrokenError(f"visit {event.visit} is held without a reason")
        self._void(event)
        self._released.pop(event.visit, None)
        if decision is None and set(event.flags) - PENDING:
            self._held_here.add(event.visit)
        if free and event.visit in self._held_here:
            raise RuleBrokenError(f"visit {event.visit} is released in the pass in which the gateway held it")
        if free and decision is not None:
            against = self._said.against(event.visit)
            if against:
                raise RuleBrokenError(f"visit {event.visit} is released against {against}")
            told = decision.was or decision.visit
            if self._joined.get(told, told) != event.visit:
                raise RuleBrokenError(f"visit {event.visit} is released by a decision for {decision.visit}")
            if decision.voucher:
                self._see_voucher(event, decision)
            elif decision.answers != self._measured.get(event.visit):
                raise RuleBrokenError(f"visit {event.visit} is released for another measurement")
            self._released[event.visit] = number

    def _see_voucher(self, event: Event, decision: Decision) -> None:
        """A release without the coordinator rests on a voucher of this line, used once, whose facts were seen."""
        assert event.visit is not None, "a verdict is about a visit"
        what = f"visit {event.visit} is released on voucher {decision.dec}"
        if self._level != 2:
            raise RuleBrokenError(f"{what} at level {self._level}")
        if decision.dec not in self.vouchers:
            raise RuleBrokenError(f"{what}, which nobody has issued")
        code, told = self.vouchers[decision.dec]
        if self._used.setdefault(decision.dec, event.visit) != event.visit:
            raise RuleBrokenError(f"{what}, which visit {self._used[decision.dec]} has used")
        if told["line"] != event.line:
            raise RuleBrokenError(f"{what}, which is good at {told['line']} only")
        if code not in [one.data for one in event.codes]:
            raise RuleBrokenError(f"{what}, which is another parcel's")
        low, high = told["cond"]["mass_mg"]
        mass = event.mass
        if mass is None or mass.mg + mass.u_mg > high or (low and mass.mg - mass.u_mg < low):
            raise RuleBrokenError(f"{what}, whose mass was not surely seen")
        measured = event.visit in self._measured or event.visit in self._asked.values()
        if not measured:
            raise RuleBrokenError(f"{what} without a measurement")

    def _see_move(self, number: int, event: Event) -> None:
        assert event.visit is not None, "a move is a visit's"
        if event.act is None:
            raise RuleBrokenError(f"visit {event.visit} was diverted to nowhere")
        if not event.act.confirmed:
            self._see_intent(number, event)
            return
        divert = self._diverts.pop(event.visit, None)
        self._intended.pop(event.visit, None)
        decision = event.decision
        if event.act.lane == self._free[event.line]:
            released = decision is not None and decision.action == "release"
            if event.line in self._controlled:  # its controller may let go by itself
                released = lets_go(decision, event.act.lane)
            if decision is None or not released:
                self._gone[event.visit] = ASTRAY  # seen there, and nobody sent it: it must not depart
                return
            self._see_release(event, decision, "entered")
            belt = any(line == event.line for line, _ in self._lane_of.values())
            if (belt or event.line in self._safe) and (
                divert is None or divert.order is None or divert.lane != event.act.lane
            ):
                raise RuleBrokenError(f"visit {event.visit} entered the free lane and nobody had ordered it")
        self._gone[event.visit] = event.act.lane

    def _see_release(self, event: Event, decision: Decision, how: str) -> None:
        """Into the free lane only under a release that is on disk, and holds."""
        assert event.visit is not None, "a release is a visit's"
        release = self._released.get(event.visit)
        if release is None or release > self._on_disk:
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane without a committed release")
        latest_us = event.wall.utc_us + event.wall.unc_us
        if latest_us > min(decision.valid_until_us, decision.conditions.not_after_us or latest_us):
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane after its release had ended")
        against = self._said.against(event.visit, latest_us)
        if against:
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane against {against}")
        if latest_us < decision.valid_from_us:
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane before its release began")
        code, band = decision.conditions.code, decision.conditions.mass_mg
        if code is not None and code not in [one.data for one in event.codes]:
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane under another code's release")
        if band is not None and (event.mass is None or not band[0] <= event.mass.mg <= band[1]):
            raise RuleBrokenError(f"visit {event.visit} {how} the free lane with another mass than released")
        if decision.conditions.dims_um is not None:
            sides = () if event.dims is None else (event.dims.l_um, event.dims.w_um, event.dims.h_um)
            bands = zip(sorted(sides, reverse=True), decision.conditions.dims_um, strict=False)
            if len(sides) != 3 or not all(low <= side <= high for side, (low, high) in bands):
                raise RuleBrokenError(
                    f"visit {event.visit} {how} the free lane with another box than released"
                )

    def _see_intent(self, number: int, event: Event) -> None:
        """A divert is written down: once a pass."""
        assert event.visit is not None, "a divert is a visit's"
        assert event.act is not None, "a divert has a lane"
        dec = event.decision.dec if event.decision is not None else None
        if event.visit in self._intended:
            raise RuleBrokenError(f"visit {event.visit} is diverted twice in one pass")
        if dec is not None and self._decided_by.get(event.visit) == dec:
            raise RuleBrokenError(f"visit {event.visit} is diverted twice under decision {dec}")
        if event.act.lane == self._free[event.line]:
            if event.decision is None:
                raise RuleBrokenError(f"visit {event.visit} is diverted to the free lane without a release")
            self._see_release(event, event.decision, "is diverted to")
        self._intended[event.visit] = number
        self._diverts[event.visit] = Divert(number, event.line, event.act.lane)
        if dec is not None:
            self._decided_by[event.visit] = dec

    def _see_order(self, command: Command) -> None:
        """An output moves only for a divert into its lane that stands and is on disk, and once for each."""
        if isinstance(command, Destination):
            self._see_destination(command)
        if not isinstance(command, SwitchOn | SwitchOff):
            return
        if isinstance(command, SwitchOff):
            voided = [one for _, one in self._voided if self._is_of(one, command)]
            for divert in (*self._diverts_of(command), *voided):
                divert.recalled = divert.recalled or divert.order is not None
            return
        waiting = [
            one for one in self._diverts_of(command) if one.order is None and one.number <= self._on_disk
        ]
        if not waiting:
            what = f"output {command.channel} of {command.device}"
            raise RuleBrokenError(f"{what} is ordered for no divert on disk that stands")
        min(waiting, key=lambda one: one.number).order = command

    def _see_destination(self, command: Destination) -> None:
        """A controller is told of no lane but the fail-safe one without a divert into it that stands and is on disk."""
        if (command.device, command.lane) not in self._exit_of:
            raise RuleBrokenError(f"{command.device} is told {command}, and its line is only listened to")
        line, lane = self._exit_of[(command.device, command.lane)]
        if lane == self._safe[line]:
            voided = [one for _, one in self._voided]
            for one in (*self._diverts.values(), *voided):
                sent = one.order
                if isinstance(sent, Destination) and (sent.device, sent.track) == (
                    command.device,
                    command.track,
                ):
                    one.recalled = True
            return
        waiting = [
            one
            for one in self._diverts.values()
            if (one.line, one.lane) == (line, lane) and one.order is None and one.number <= self._on_disk
        ]
        if not waiting:
            raise RuleBrokenError(f"{command.device} is told {command} for no divert on disk that stands")
        min(waiting, key=lambda one: one.number).order = command

    def _diverts_of(self, command: SwitchOn | SwitchOff) -> list[Divert]:
        return [one for one in self._diverts.values() if self._is_of(one, command)]

    def _is_of(self, divert: Divert, command: SwitchOn | SwitchOff) -> bool:
        return self._lane_of.get((command.device, command.channel)) == (divert.line, divert.lane)

    def _see_screen(self, view: BenchView) -> None:
        if view.state != "release":
            return
        release = self._released.get(view.visit) if view.visit is not None else None
        if release is None or release > self._on_disk:
            raise RuleBrokenError(
                f"the screen says RELEASE for visit {view.visit} before the release is on disk"
            )
