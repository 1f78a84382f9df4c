"""Events of a gateway as postal tracking codes (EMSEVT v3), by the table of the clearance contract §9.

**The clock rule** (standards.md §2): customs' time is deducted from the post's only between an EME or EDB and the EDC
that follows. So EME never goes out without a retention reason, one that is open is closed before the item leaves (by
EDC, or by the code that ends its flow), and what is still open at the end of a log is told by name. A hold by the hub
itself is EDA or EXD: it is not customs'.

Codes are of items, so only a visit with an S10 number has any; what happened before the number was read is told with
its own time once it is. An item that was lost track of and is fed again, under whatever visit, has arrived before:
its stay goes on. Practice and drills are never sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from edge.wire.epcis import HELD_ACTIONS, OPERATOR, decision_of, outcome_of

Direction = Literal["import", "export", "transit"]
Code = str

ARRIVED: Final[Mapping[Direction, Code]] = {"import": "EMD", "export": "EMB", "transit": "EMJ"}
PRESENTED: Final[Mapping[Direction, Code]] = {"import": "EDB", "export": "EXA"}
HELD_BY_CUSTOMS: Final[Mapping[Direction, Code]] = {"import": "EME", "export": "EXB"}
HELD_BY_HUB: Final[Mapping[Direction, Code]] = {"import": "EDA", "export": "EXD"}
RELEASED: Final[Mapping[Direction, Code]] = {"import": "EDC", "export": "EXC"}
ENDED: Final[Mapping[Direction, Code]] = {"import": "EDX", "export": "EXX"}
DEPARTED: Final[Mapping[Direction, Code]] = {"import": "EMF", "export": "EMC", "transit": "EMK"}
WAITING_MAX: Final = 64
"""Codes of one visit that wait for its number; a stay has a handful. Past it the newest are left out and counted."""


@dataclass(frozen=True, slots=True)
class Emsevt:
    """One tracking event of one item."""

    item: str
    code: Code
    t: str
    """As `data.t`."""
    hub: str
    """The office."""
    source: str
    """Id of the event it comes from."""
    retention: str | None = None
    """Why customs holds it: always there with EME and EXB."""


@dataclass(slots=True)
class _Stay:
    item: str | None = None
    with_customs: bool = False
    presented: bool = False
    """Since it was last given back, however often it has been to its bay between: customs' clock stands."""
    told: tuple[Code, str | None] | None = None
    """The latest code and its reason: the same again is not news."""
    arrived: bool = False
    over: bool = False
    """It has left; other visits may still name this stay."""
    waiting: list[Emsevt] = field(default_factory=list)


@dataclass(slots=True)
class EmsevtLog:
    """Folds events in their order into codes. `retention` maps our reason codes to those of the post's own list."""

    direction: Direction = "import"
    retention: Mapping[str, str] = field(default_factory=dict)
    without_number: int = 0
    """Visits that ended without an S10 number: they have no codes."""
    left_out: int = 0
    """Codes that did not fit `WAITING_MAX`."""
    _stays: dict[str, _Stay] = field(default_factory=dict)
    """By visit."""
    _items: dict[str, _Stay] = field(default_factory=dict)
    """By number: of all that have not left. An item has one, however many visits."""

    def take(self, identity: str, data: Mapping[str, Any]) -> list[Emsevt]:
        """The codes that this event (id and `data`) gives."""
        visit = data.get("visit")
        if data.get("mode") != "live" or visit is None:
            return []
        kind = data["kind"]
        if kind == "visit.joined":
            self._join(data["note"]["from"], data["note"]["into"])
            return []
        stay = self._stay(visit, _number(data))
        for code, reason in self._codes(kind, data, stay):
            made = Emsevt(stay.item or "", code, data["t"], data["hub"], identity, reason)
            if len(stay.waiting) < WAITING_MAX:
                stay.waiting.append(made)
            else:
                self.left_out += 1
        ready = self._ready(stay)
        if kind in ("parcel.departed", "parcel.lost_track"):
            self.without_number += stay.item is None
            del self._stays[visit]
            stay.over = kind == "parcel.departed"
            if stay.over and stay.item is not None:
                self._items.pop(stay.item, None)
        return ready

    def open_items(self) -> list[str]:
        """Items that customs still has, as far as this log goes: their clock has stopped and was not started again."""
        return sorted(item for item, stay in self._items.items() if stay.with_customs)

    def _stay(self, visit: str, number: str | None) -> _Stay:
        stay = self._open(visit)
        if stay is None:
            stay = self._stays[visit] = _Stay()
        if stay.item is not None or number is None:
            return stay
        known = self._items.get(number)
        if known is None:
            stay.item, self._items[number] = number, stay
            return stay
        self._stays[visit] = known
        return self._together(known, stay)

    def _open(self, visit: str) -> _Stay | None:
        stay = self._stays.get(visit)
        return None if stay is None or stay.over else stay

    def _together(self, known: _Stay, begun: _Stay) -> _Stay:
        """`begun` turns out to be of what `known` is of; what has arrived once does not arrive again."""
        again = {ARRIVED[self.direction]} if known.arrived else set[Code]()
        if known.presented:
            again.add(PRESENTED[self.direction])
        news = [one for one in begun.waiting if one.code not in again]
        room = WAITING_MAX - len(known.waiting)
        known.waiting += news[:room]
        self.left_out += len(news[room:])
        if news:
            known.told = (news[-1].code, news[-1].retention)
        known.arrived = known.arrived or begun.arrived
        known.with_customs = known.with_customs or begun.with_customs
        known.presented = known.presented or begun.presented
        return known

    def _ready(self, stay: _Stay) -> list[Emsevt]:
        if stay.item is None:
            return []
        ready = [
            Emsevt(stay.item, one.code, one.t, one.hub, one.source, one.retention) for one in stay.waiting
        ]
        stay.waiting.clear()
        return ready

    def _codes(self, kind: str, data: Mapping[str, Any], stay: _Stay) -> Iterator[tuple[Code, str | None]]:
        match kind:
            case "parcel.arrived" if not stay.arrived:
                stay.arrived = True
                yield from self._tell(stay, ARRIVED)
            case "parcel.presented" if not stay.presented:
                stay.presented = stay.with_customs = self.direction in PRESENTED
                yield from self._tell(stay, PRESENTED)
            case "parcel.inspected" if outcome_of(data) != "passed":
                yield from self._held_by_customs(stay, list(data["flags"]))
            case "parcel.decided":
                yield from self._decided(data, stay)
            case "parcel.departed":
                yield from self._closed(stay)
                yield from self._tell(stay, DEPARTED)

    def _decided(self, data: Mapping[str, Any], stay: _Stay) -> Iterator[tuple[Code, str | None]]:
        decision = decision_of(data)
        action = "hold" if decision is None else decision["action"]
        if action in HELD_ACTIONS:
            if decision is None or decision["basis"].get("authority") == OPERATOR:
                yield from self._tell(stay, HELD_BY_HUB)
            else:
                yield from self._held_by_customs(stay, decision["reasons"])
        elif action == "release":
            yield from self._closed(stay, always=True)
        elif action in ("return", "refuse"):
            stay.with_customs = stay.presented = False
            yield from self._tell(stay, ENDED)

    def _held_by_customs(self, stay: _Stay, reasons: list[str]) -> Iterator[tuple[Code, str | None]]:
        """Without a reason it would stop no clock: then it is a hold of the hub."""
        if not reasons:
            yield from self._tell(stay, HELD_BY_HUB)
            return
        stay.with_customs = self.direction in HELD_BY_CUSTOMS
        yield from self._tell(stay, HELD_BY_CUSTOMS, self.retention.get(reasons[0], reasons[0]))

    def _closed(self, stay: _Stay, always: bool = False) -> Iterator[tuple[Code, str | None]]:
        if stay.with_customs or always:
            stay.with_customs = stay.presented = False
            yield from self._tell(stay, RELEASED)

    def _tell(
        self, stay: _Stay, codes: Mapping[Direction, Code], reason: str | None = None
    ) -> Iterator[tuple[Code, str | None]]:
        code = codes.get(self.direction)
        if code is not None and stay.told != (code, reason):
            stay.told = (code, reason)
            yield code, reason

    def _join(self, minted: str, older: str) -> None:
        """A visit that turned out to be an older one: the older one has arrived before."""
        begun, known = self._open(minted), self._open(older)
        self._stays.pop(minted, None)
        if begun is None or begun is known:
            return
        if known is None:
            self._stays[older] = begun
        elif begun.item is None:
            self._together(known, begun)
        elif known.item is None:
            self._stays[older] = self._together(begun, known)


def _number(data: Mapping[str, Any]) -> str | None:
    return next(
        (
            str(code["data"])
            for code in data.get("codes", ())
            if code.get("type") == "s10" and code.get("chk") is True
        ),
        None,
    )
