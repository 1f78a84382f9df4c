"""The journey of one parcel over all gateways of a hub, put together from the coordinator's events.

**Which events.** Visits that a gateway has joined (`visit.joined`) are one parcel, for postal codes also visits under
which the same S10 number was read. What the desk has noted in its tables only helps to find them: the journey follows
from the signed events up to a number in the order of storing, so that the same question has the same answer later.

**In which order.** Events of one gateway in that gateway's own order, whenever they came: a backlog comes behind what
is live, and one event may come before the one in front of it. Across gateways by their time, as far as the clock is
sure to `CARRIED_US` (no parcel is carried from one gateway to another in less); else by when they were stored.

**Under which visit.** Under the oldest, from the first event on. A join that was undone (`visit.split`) never was: what
that gateway told between the two under the other's visit belongs to the parcel that was split off.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.coordinator.accounts import NAMING
from simulators.coordinator.kept_events import Kept, KeptEvents
from simulators.coordinator.stamps import parse_utc

CARRIED_US: Final = 60_000_000
BEARERS_MAX: Final = 256
"""Visits with one number. One that is on more of them names no parcel: a sample label, one number for a whole lot."""
HANDLED_KEPT: Final = 65_536
"""Visits whose journey has just been told; of others it is looked up whether it has been."""
JOINS: Final = ("visit.joined", "visit.split")


@dataclass(frozen=True, slots=True)
class _Undone:
    """A join that a split has undone: from one event to the other, in the order of the journey."""

    gateway: str
    line: str
    own: str
    other: str
    begins: int
    ends: int


@dataclass(slots=True)
class Journey:
    """Events in order, and under which visit each belongs."""

    events: list[Kept]
    _strangers: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Visits that were split off, each with the visit that it was taken for, and where the split stands."""
    _older: dict[str, str] = field(default_factory=dict)
    _undone: list[_Undone] = field(default_factory=list)
    _visits: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Kept]) -> "Journey":
        journey = cls(_in_order(events))
        joins: dict[str, tuple[int, Kept]] = {}
        for place, event in enumerate(journey.events):
            if event.data["kind"] in JOINS:
                journey._rename(place, event, joins)
        for place, event in enumerate(journey.events):
            journey._visits[event.row] = journey.root(journey._own(place, event))
        return journey

    def visit(self, event: Kept) -> str:
        """Under which this event belongs; one of another parcel under its own."""
        return self._visits.get(event.row, str(event.data["visit"]))

    def doubtful(self, visit: str) -> set[str]:
        """Numbers that don't name the parcel of this visit: it was split off, and another one bears them."""
        if visit not in self._strangers:
            return set()
        other, place = self._strangers[visit]
        both = (visit, self.root(other))
        before = numbers_of(event for event in self.events[:place] if self.visit(event) in both)
        return before | numbers_of(event for event in self.events[place:] if self.visit(event) == both[1])

    def root(self, visit: str) -> str:
        while visit in self._older:
            visit = self._older[visit]
        return visit

    def _rename(self, place: int, event: Kept, joins: dict[str, tuple[int, Kept]]) -> None:
        ends = ends_of(event.data)
        if ends is None:
            return
        before, after = ends
        if event.data["kind"] == "visit.joined":
            if self.root(before) != self.root(after):
                self._older[self.root(before)] = self.root(after)
                self._strangers.pop(before, None)
                joins[before] = (place, event)
            return
        self._strangers[after] = before, place
        begun = joins.pop(after, None)
        if begun is not None and begun[1].data["gw"] == event.data["gw"]:
            self._older.pop(after, None)
            self._undone.append(_Undone(event.data["gw"], event.data["line"], after, before, begun[0], place))

    def _own(self, place: int, event: Kept) -> str:
        data = event.data
        for one in self._undone:
            if (
                one.begins < place <= one.ends
                and (data["gw"], data["line"], data["visit"]) == (one.gateway, one.line, one.other)
            ):  # fmt: skip
                return one.own
        return str(data["visit"])


class Journeys:
    """Of all parcels of which something was stored behind `after`, each once."""

    def __init__(self, kept: KeptEvents, after: int, *, by_number: bool) -> None:
        self._kept = kept
        self._after = after
        self._by_number = by_number
        self._handled: dict[str, None] = {}

    def __iter__(self) -> Iterator[list[Kept]]:
        """All events of one parcel after the other."""
        for row, visit in self._kept.visits(self._after):
            if visit is None or visit in self._handled:
                continue
            events = self._together(visit)
            first = min((event.row for event in events if event.row > self._after), default=row + 1)
            if row < first:
                continue  # its time was over in this moment
            visits = {event.data["visit"] for event in events}
            if len(self._handled) + len(visits) > HANDLED_KEPT:
                self._handled.clear()
            self._handled |= dict.fromkeys(visits)
            if row == first:
                yield events

    def _together(self, visit: str) -> list[Kept]:
        """Every event up to `last` of what surely is the parcel of this visit."""
        found: dict[str, list[Kept]] = {}
        bearers: dict[str, list[str]] = {}
        todo = [visit]
        while todo:
            at = todo.pop()
            if at in found:
                continue
            # Newer ones as well: where a join is noted no more, its split says so.
            events = self._kept.of_visit(at)
            found[at] = [event for event in events if event.row <= self._kept.last]
            todo += self._kept.joined_with(at)
            todo += [end for event in events for end in ends_of(event.data) or ()]
            for number in numbers_of(events) - bearers.keys() if self._by_number else ():
                named = self._kept.named(number, BEARERS_MAX + 1)
                bearers[number] = named if len(named) <= BEARERS_MAX else []
                todo += bearers[number]
        return [event for one in _reached(visit, _links(found, bearers)) for event in found[one]]


def ends_of(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """From which visit into which, where this event says so."""
    note = data.get("note")
    if data["kind"] not in JOINS or not isinstance(note, dict):
        return None
    before, after = note.get("from"), note.get("into")
    return (before, after) if isinstance(before, str) and isinstance(after, str) else None


def numbers_of(events: Iterable[Kept]) -> set[str]:
    """S10 numbers that were read as the parcel's."""
    return {
        str(code["data"])
        for event in events
        if event.data["kind"] in NAMING
        for code in event.data.get("codes", ())
        if code.get("type") == "s10" and code.get("chk") is True
    }


def _links(found: Mapping[str, list[Kept]], bearers: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """Which visits are of one parcel, or seem to be, by what had been stored up to `last` alone. Whatever links two is
    found from either of them: else a journey would depend on where one begins to look."""
    links: dict[str, set[str]] = {visit: set() for visit in found}
    first: dict[str, str] = {}
    for visit, events in found.items():
        joined = [event for event in events if event.data["kind"] == "visit.joined"]
        others = {end for event in joined for end in ends_of(event.data) or ()}
        # All who bear a number are linked to the first of them.
        others |= {first.setdefault(number, visit) for number in numbers_of(events) if bearers.get(number)}
        for other in others & links.keys():
            links[visit].add(other)
            links[other].add(visit)
    return links


def _reached(visit: str, links: Mapping[str, set[str]]) -> list[str]:
    seen: dict[str, None] = {}
    todo = [visit]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen[at] = None
            todo += sorted(links[at])
    return list(seen)


def _in_order(events: Iterable[Kept]) -> list[Kept]:
    chains: dict[str, list[Kept]] = {}
    for event in events:
        chains.setdefault(event.data["gw"], []).append(event)
    placed: list[tuple[int, str, tuple[int, int], Kept]] = []
    for gateway, chain in chains.items():
        chain.sort(key=lambda event: event.place)
        latest = 0
        for event, at in zip(chain, _times(chain), strict=True):
            latest = max(latest, at)
            placed.append((latest, gateway, event.place, event))
    placed.sort(key=lambda one: one[:3])
    return [event for *_, event in placed]


def _times(chain: list[Kept]) -> list[int]:
    """UTC µs by which events of one gateway, in its order, stand among those of others."""
    times: list[int] = []
    following: int | None = None
    for event in reversed(chain):
        t_us = parse_utc(event.data["t"])
        if max(event.data["t_unc_us"], t_us - event.stored_us) <= CARRIED_US:
            following = t_us
        else:  # not sure: no later than it was stored, nor than what came after it
            following = event.stored_us if following is None else min(following, event.stored_us)
        times.append(following)
    return times[::-1]
