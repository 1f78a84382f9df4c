"""A trace that begins shortly before one parcel: a new gateway is given only what it needs to know by then.

Cut off the front, a trace no longer fits itself: visits, records, triggers and orders are counted from the start of a
run, and decisions, commits and answers name them. So two gateways run side by side, the recorded one and a new one;
what the recorded one counts is matched to what the new one counts, and each later input names the new one's. A trace
that was shortened so is a guess until its replay has the parcel's own outcome; `incident.py` sees to that.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.command import SwitchOff, SwitchOn, Trigger
from drivers.reading import (
    BarcodeRead,
    BeltMoved,
    BoardChanged,
    DeviceDown,
    DeviceUp,
    NoRead,
    OrderAnswered,
)
from edge.core.effects import Effect, Order, Record
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, WallClock
from edge.rim.trace import Start
from edge.wire.canonical import ZERO_ID
from hub_config.names import SECOND, Instant, VisitId

BUSY_NS: Final = (10 * SECOND, 30 * SECOND, 120 * SECOND)
"""So long before the parcel where the hub is never empty: whatever was on a belt then has left it by the time."""
MOVES_KEPT: Final = 64
"""Reports of each belt before the cut: its speed and where it was."""

State = LinkChanged | WallClock | DeviceUp | DeviceDown | BoardChanged
Numbered = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where to begin: after so many inputs, and with these instead of them."""

    after: int
    opening: tuple[Input, ...]


class Standing:
    """What a gateway that begins now must be told first."""

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[tuple[str, str], tuple[int, Input]] = {}
        self._moves: dict[str, deque[tuple[int, Input]]] = {}

    def take(self, given: Input) -> None:
        self._count += 1
        match given:
            case BeltMoved():
                self._moves.setdefault(given.device, deque(maxlen=MOVES_KEPT)).append((self._count, given))
            case DeviceUp() | DeviceDown():
                self._last["device", given.device] = (self._count, given)
            case BoardChanged():
                self._last["board", given.device] = (self._count, given)
                if given.state == "ready" and not given.continued:
                    self._moves.pop(given.device, None)  # its counts have begun anew
            case LinkChanged() | WallClock():
                self._last[type(given).__name__, ""] = (self._count, given)
            case _:
                pass

    def cut(self) -> Cut:
        told = [*self._last.values(), *(one for moves in self._moves.values() for one in moves)]
        return Cut(self._count, tuple(given for _, given in sorted(told, key=lambda one: one[0])))


def cuts(start: Start, inputs: Iterable[Input], began: Instant) -> list[Cut]:
    """Where a trace may begin for a parcel that arrived at `began`, the shortest first: some times before, and
    when the hub was empty last."""
    gateway, standing = start.gateway(), Standing()
    empty: Cut | None = None
    busy: dict[int, Cut] = {}
    for given in inputs:
        if given.at >= began:
            break
        gateway.step(given)
        standing.take(given)
        if gateway.in_work == 0:
            empty = standing.cut()
        for ahead_ns in BUSY_NS:
            if given.at < began - ahead_ns <= given.at + SECOND:
                busy[ahead_ns] = standing.cut()
    found = [*busy.values(), *([] if empty is None else [empty])]
    return sorted(found, key=lambda one: -one.after)


def shortened(start: Start, inputs: Iterable[Input], cut: Cut) -> tuple[list[Input], dict[VisitId, VisitId]]:
    """The inputs from the cut on, as a new gateway needs them, and how it calls the visits."""
    old, new = start.gateway(), start.gateway()
    renumbering = Renumbering()
    kept: list[Input] = []
    for place, given in enumerate(inputs):
        before = old.step(given)
        if place + 1 == cut.after:
            for opening in cut.opening:
                renumbering.began(new.step(opening))
            kept += cut.opening
        elif place >= cut.after:
            for renamed in renumbering.renamed(given):
                renumbering.match(before, new.step(renamed))
                kept.append(renamed)
    return kept, renumbering.visits


class Renumbering:
    """What the recorded gateway called each thing, and what the new one calls it."""

    def __init__(self) -> None:
        self.visits: dict[VisitId, VisitId] = {}
        self._records: dict[int, int] = {}
        self._triggers: Numbered = {}
        self._orders: Numbered = {}
        self._recorded = self._on_disk = 0

    def began(self, effects: Sequence[Effect]) -> None:
        self._recorded = max([self._recorded, *(e.number for e in effects if isinstance(e, Record))])

    def match(self, before: Sequence[Effect], after: Sequence[Effect]) -> None:
        """Effects of one input: the same thing happened in both where kind, place and instant agree."""
        self.began(after)
        ours = [effect for effect in after if isinstance(effect, Record)]
        for effect in before:
            if isinstance(effect, Record):
                twin = next((one for one in ours if _is_same(effect, one)), None)
                if twin is not None:
                    ours.remove(twin)
                    self._records[effect.number] = twin.number
                    if effect.event.visit is not None and twin.event.visit is not None:
                        self.visits[effect.event.visit] = twin.event.visit
        commands = [effect.command for effect in after if isinstance(effect, Order)]
        for effect in before:
            match effect:
                case Order(Trigger() as wanted):
                    _pair(wanted.device, wanted.number, [
                        one.number for one in commands
                        if isinstance(one, Trigger) and (one.device, one.on) == (wanted.device, wanted.on)
                    ], self._triggers)  # fmt: skip
                case Order(SwitchOn() | SwitchOff() as wanted):
                    _pair(wanted.device, wanted.order, [
                        one.order for one in commands
                        if isinstance(one, SwitchOn | SwitchOff) and _moves_same(one, wanted)
                    ], self._orders)  # fmt: skip
                case _:
                    pass

    def renamed(self, given: Input) -> Iterator[Input]:
        """The input as the new gateway needs it; nothing where it speaks of what the new one does not know."""
        match given:
            case BarcodeRead() | NoRead() if given.trigger is not None:
                trigger = self._triggers.get((given.device, given.trigger))
                if trigger is not None:
                    yield replace(given, trigger=trigger)
            case OrderAnswered():
                order = self._orders.get((given.device, given.order))
                if order is not None:
                    yield replace(given, order=order)
            case DecisionArrived():
                yield from self._decision(given)
            case Committed():
                yield from self._commit(given)
            case _:
                yield given

    def _decision(self, given: DecisionArrived) -> Iterator[Input]:
        decision = given.decision
        if (decision.was or decision.visit) not in self.visits:
            return
        visit, was, wire = decision.visit, decision.was, decision.wire
        for name in (visit, was):
            if name is not None:
                wire = wire.replace(name, self.visits.get(name, name))
        visit = self.visits.get(visit, visit)
        was = None if was is None else self.visits.get(was, was)
        yield replace(given, decision=replace(decision, visit=visit, was=was, wire=wire))

    def _commit(self, given: Committed) -> Iterator[Input]:
        """Everything of the new one up to the last that is on disk."""
        ids = {
            self._records[number]: told
            for number, told in enumerate(given.ids, given.first)
            if number in self._records
        }
        if not ids or max(ids) <= self._on_disk:
            return
        first, self._on_disk = self._on_disk + 1, max(ids)
        yield Committed(given.at, first, tuple(ids.get(n, ZERO_ID) for n in range(first, self._on_disk + 1)))


def _is_same(one: Record, other: Record) -> bool:
    return (one.event.kind, one.event.line, one.event.at) == (
        other.event.kind, other.event.line, other.event.at
    )  # fmt: skip


def _moves_same(one: SwitchOn | SwitchOff, other: SwitchOn | SwitchOff) -> bool:
    return (type(one), one.device, one.channel) == (type(other), other.device, other.channel)


def _pair(device: str, old: int, found: Sequence[int], into: Numbered) -> None:
    """Only where it is sure which one is meant."""
    if len(found) == 1:
        into[device, old] = found[0]
