"""What the coordinator knows of each visit, and the decisions it has given: the desk's book.

The desk reads and writes through `VisitBook`; in simulated runs that is a dictionary, in the service the tables of
its store, so that book, events and decisions change in one transaction.

A visit is one parcel's stay over every line, bench and pass (contract §1). Where a gateway has minted a new id for a
parcel that the coordinator recognises, the new id is `joined` to the older visit, and whatever is said of it is said of
that one.
"""

from collections.abc import Set
from dataclasses import replace
from typing import Any, Final, Literal, Protocol

from hub_config.value import value
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.sampling import Draw, Raised, consigned_name

Place = Literal["open", "held", "inspecting", "departed", "returned", "custody", "lost_track"]
WAITING: Final = ("held", "inspecting")
"""In a bay, from which a scan takes it up again."""
PLACE_OF_LANE: Final[dict[str, Place]] = {
    "hold": "held", "manual": "inspecting", "xray": "inspecting", "return": "returned", "custody": "custody",
}  # fmt: skip
BEARERS_MAX: Final = 8
"""Visits of one name that are told apart; there should be one."""
DONE_MAX: Final = 4_096
"""Visits kept once they are done with."""


@value
class Visit:
    """One parcel's stay, as far as a decision needs it."""

    id: str
    opened_us: int
    """UTC of its first event: the start of the promise."""
    code: str | None = None
    """Own identifier, once one was chosen."""
    decided: int = 0
    """Decisions given; the last one's `dec_seq`."""
    last_dec: str | None = None
    reweighed: bool = False
    place: Place = "open"
    gw: str = ""
    epoch: int = 0
    """Of the gateway that saw it last, with the epoch of its journal."""
    measured: str | None = None
    """Id of its last measurement."""
    case: tuple[str, ...] = ()
    """Rules under which it is to be looked at, until an inspection has passed or failed it."""
    passed: tuple[str, ...] = ()
    """Rules that an inspection has settled."""
    failed: bool = False
    """An inspection found what may not go on."""
    consignment: str | None = None
    tier: str | None = None
    lane: str | None = None
    """Where it was seen to go last."""

    @property
    def departed(self) -> bool:
        return self.place == "departed"


def taking_along(older: Visit | None, minted: Visit, into: str) -> Visit:
    """The older visit `into` once `minted` is joined to it: what stops the one stops the other, what was settled of the
    one is not settled of the other. None: nothing has been heard of it yet."""
    if older is None:
        return replace(minted, id=into)
    return replace(
        older,
        opened_us=min(older.opened_us, minted.opened_us),
        reweighed=older.reweighed or minted.reweighed,
        case=tuple(dict.fromkeys((*older.case, *minted.case))),
        failed=older.failed or minted.failed,
    )


class VisitBook(Protocol):
    def visit(self, visit: str) -> Visit | None: ...
    def put(self, visit: Visit) -> None: ...
    def departed(self, code: str, consignment: str = "") -> str | None:
        """The visit under which this parcel has left the hub: by its own identifier, or as its consignment."""

    def failed(self, code: str, consignment: str = "") -> bool:
        """An inspection of a parcel of this own identifier, or of this consignment, has found what may not go on."""

    def named(self, code: str, but: str = "") -> Visit | None:
        """The latest visit of this own identifier that has not left the hub; `but`: another than this one."""

    def bearers(self, consignment: str) -> list[Visit]:
        """The last `BEARERS_MAX` visits of this consignment, the latest first, those that have left too."""

    def consigned(self, consignment: str, but: str = "") -> Visit | None:
        """The latest visit of this consignment; one that has left the hub only where none is here. `but`: another than
        this one."""

    def root(self, visit: str) -> str:
        """The older visit that this one is joined to, or itself."""

    def join(self, visit: str, into: str, *, told: bool) -> None:
        """`told`: the gateway says so itself, and goes on under the older id."""

    def is_told(self, visit: str) -> bool:
        """The gateway goes on under the older id."""

    def split(self, visit: str) -> None:
        """Undoes a wrong join."""

    def event(self, event_id: str) -> dict[str, Any] | None:
        """`data` of a measurement."""

    def note(self, event_id: str, data: dict[str, Any]) -> None:
        """A measurement that may be decided on again."""

    def decision(self, event_id: str) -> dict[str, Any] | None:
        """The newest decision that answers this event."""

    def keep(self, event_id: str, decision: dict[str, Any]) -> None: ...
    def answers(self, consignment: str) -> tuple[PartyAnswer, ...]:
        """What each party has said last, sorted by party."""

    def hear(self, answer: PartyAnswer, now_us: int) -> None: ...

    def draw(self, name: str) -> Draw | None:
        """The draw that stands for this code, consignment or visit."""

    def put_draw(self, name: str, draw: Draw) -> None: ...

    def raised(self, subject: str) -> Raised | None:
        """What inspections have found of this merchant or route."""

    def put_raised(self, raised: Raised) -> None: ...

    @property
    def subject_key(self) -> bytes:
        """Makes pseudonyms of merchants and routes."""


class MemoryBook:
    def __init__(self, drawn: "MemoryBook | None" = None) -> None:
        """`drawn`: another book, whose draws stand here too."""
        self._visits: dict[str, Visit] = {}
        self._departed: dict[str, str] = {}
        self._named: dict[str, tuple[str, ...]] = {}
        self._consigned: dict[str, tuple[str, ...]] = {}
        """The last `BEARERS_MAX` visits of each, the latest last."""
        self._failed: dict[str, str] = {}
        self._left: dict[str, str] = {}
        """By consignment."""
        self._joined: dict[str, str] = {}
        self._told: dict[str, bool] = {}
        self._events: dict[str, dict[str, Any]] = {}
        self._decisions: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, dict[str, PartyAnswer]] = {}
        self._draws: dict[str, Draw] = {} if drawn is None else dict(drawn._draws)
        self._raised: dict[str, Raised] = {}
        self._answered: dict[str, list[str]] = {}
        """Events of each visit that were answered."""
        self._done: dict[str, None] = {}
        """Visits that are done with, in order."""

    def forget(self, visits: Set[str]) -> None:
        """They are done with: their decisions at once. By which visit a parcel has left is known for the last
        `DONE_MAX` of them: its number may come back on a box that is used again."""
        for visit in sorted(visits):
            self._done[visit] = None
            for event_id in self._answered.pop(visit, ()):
                self._decisions.pop(event_id, None)
                self._events.pop(event_id, None)
        while len(self._done) > DONE_MAX:
            oldest = next(iter(self._done))
            del self._done[oldest]
            self._joined.pop(oldest, None)
            self._told.pop(oldest, None)
            known = self._visits.pop(oldest, None)
            if known is not None:
                for table, name in (
                    (self._departed, known.code), (self._failed, known.code), (self._failed, known.consignment),
                    (self._left, known.consignment),
                ):  # fmt: skip
                    if name is not None and table.get(name) == oldest:
                        del table[name]
                for bearers, name in ((self._named, known.code), (self._consigned, known.consignment)):
                    left = tuple(one for one in bearers.pop(name or "", ()) if one != oldest)
                    if name is not None and left:
                        bearers[name] = left
                for name in (known.id, known.code, consigned_name(known.consignment or "")):
                    if name is not None:
                        self._draws.pop(name, None)

    def visit(self, visit: str) -> Visit | None:
        return self._visits.get(visit)

    def put(self, visit: Visit) -> None:
        self._visits[visit.id] = visit
        if visit.code is not None:
            if visit.departed:
                self._departed[visit.code] = visit.id
                self._events.pop(visit.measured or "", None)
            self._bear(self._named, visit.code, visit.id)
        if visit.consignment:
            self._bear(self._consigned, visit.consignment, visit.id)
            if visit.departed:
                self._left[visit.consignment] = visit.id
        if visit.failed:
            self._failed |= dict.fromkeys((one for one in (visit.code, visit.consignment) if one), visit.id)

    @staticmethod
    def _bear(bearers: dict[str, tuple[str, ...]], name: str, visit: str) -> None:
        before = bearers.get(name, ())
        if before[-1:] != (visit,):
            bearers[name] = (*(one for one in before if one != visit), visit)[-BEARERS_MAX:]

    def departed(self, code: str, consignment: str = "") -> str | None:
        return self._departed.get(code) or self._left.get(consignment)

    def failed(self, code: str, consignment: str = "") -> bool:
        return code in self._failed or consignment in self._failed

    def named(self, code: str, but: str = "") -> Visit | None:
        return next((one for one in self._bearers(self._named, code, but) if not one.departed), None)

    def consigned(self, consignment: str, but: str = "") -> Visit | None:
        found = self._bearers(self._consigned, consignment, but)
        return next((one for one in found if not one.departed), found[0] if found else None)

    def bearers(self, consignment: str) -> list[Visit]:
        return self._bearers(self._consigned, consignment, "")

    def _bearers(self, bearers: dict[str, tuple[str, ...]], name: str, but: str) -> list[Visit]:
        found = (self._visits.get(self.root(one)) for one in reversed(bearers.get(name, ())))
        return [one for one in found if one is not None and one.id != but]

    def root(self, visit: str) -> str:
        return self._joined.get(visit, visit)

    def join(self, visit: str, into: str, *, told: bool) -> None:
        self._joined = {one: into if older == visit else older for one, older in self._joined.items()}
        self._joined[visit] = into
        self._told[visit] = self._told.get(visit, False) or told
        minted = self._visits.pop(visit, None)
        if minted is not None:
            self.put(taking_along(self._visits.get(into), minted, into))

    def is_told(self, visit: str) -> bool:
        return self._told.get(visit, False)

    def split(self, visit: str) -> None:
        self._joined.pop(visit, None)
        self._told.pop(visit, None)

    def event(self, event_id: str) -> dict[str, Any] | None:
        return self._events.get(event_id)

    def note(self, event_id: str, data: dict[str, Any]) -> None:
        self._events[event_id] = data

    def decision(self, event_id: str) -> dict[str, Any] | None:
        return self._decisions.get(event_id)

    def keep(self, event_id: str, decision: dict[str, Any]) -> None:
        self._decisions[event_id] = decision
        self._answered.setdefault(decision["visit"], []).append(event_id)

    def answers(self, consignment: str) -> tuple[PartyAnswer, ...]:
        said = self._answers.get(consignment, {})
        return tuple(said[party] for party in sorted(said))

    def hear(self, answer: PartyAnswer, now_us: int) -> None:  # noqa: ARG002 - a store keeps when
        self._answers.setdefault(answer.consignment, {})[answer.party] = answer

    def draw(self, name: str) -> Draw | None:
        return self._draws.get(name)

    def put_draw(self, name: str, draw: Draw) -> None:
        self._draws[name] = draw

    def raised(self, subject: str) -> Raised | None:
        return self._raised.get(subject)

    def put_raised(self, raised: Raised) -> None:
        self._raised[raised.of] = raised

    @property
    def subject_key(self) -> bytes:
        """Of simulated runs, which have no secrets."""
        return b""
