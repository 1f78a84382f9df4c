"""What the coordinator knows of each visit, and the decisions it has given: the desk's book.

The desk reads and writes through `VisitBook`; in simulated runs that is a dictionary, in the service the tables of
its store, so that book, events and decisions change in one transaction.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from simulators.coordinator.sampling import Draw


@dataclass(frozen=True, slots=True)
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
    departed: bool = False


class VisitBook(Protocol):
    def visit(self, visit: str) -> Visit | None: ...
    def put(self, visit: Visit) -> None: ...
    def departed(self, code: str) -> str | None:
        """The visit under which this parcel has left the hub."""

    def decision(self, event_id: str) -> dict[str, Any] | None:
        """The decision that answered this event."""

    def keep(self, event_id: str, decision: dict[str, Any]) -> None: ...

    def draw(self, name: str) -> Draw | None:
        """The draw that stands for this code or visit."""

    def put_draw(self, name: str, draw: Draw) -> None: ...


class MemoryBook:
    def __init__(self, drawn: "MemoryBook | None" = None) -> None:
        """`drawn`: another book, whose draws stand here too."""
        self._visits: dict[str, Visit] = {}
        self._departed: dict[str, str] = {}
        self._decisions: dict[str, dict[str, Any]] = {}
        self._draws: dict[str, Draw] = {} if drawn is None else dict(drawn._draws)

    def visit(self, visit: str) -> Visit | None:
        return self._visits.get(visit)

    def put(self, visit: Visit) -> None:
        self._visits[visit.id] = visit
        if visit.departed and visit.code is not None:
            self._departed[visit.code] = visit.id

    def departed(self, code: str) -> str | None:
        return self._departed.get(code)

    def decision(self, event_id: str) -> dict[str, Any] | None:
        return self._decisions.get(event_id)

    def keep(self, event_id: str, decision: dict[str, Any]) -> None:
        self._decisions[event_id] = decision

    def draw(self, name: str) -> Draw | None:
        return self._draws.get(name)

    def put_draw(self, name: str, draw: Draw) -> None:
        self._draws[name] = draw
