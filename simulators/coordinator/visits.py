"""What the coordinator knows of each visit, and the decisions it has given: the desk's book.

The desk reads and writes through `VisitBook`; in simulated runs that is a dictionary, in the service the tables of
its store, so that book, events and decisions change in one transaction.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Final, Protocol

DONE_MAX: Final = 4_096
"""Visits kept once they are done with."""


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


class MemoryBook:
    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._departed: dict[str, str] = {}
        self._decisions: dict[str, dict[str, Any]] = {}
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
                del self._decisions[event_id]
        while len(self._done) > DONE_MAX:
            oldest = next(iter(self._done))
            del self._done[oldest]
            known = self._visits.pop(oldest, None)
            if known is not None and known.code is not None and self._departed.get(known.code) == oldest:
                del self._departed[known.code]

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
        self._answered.setdefault(decision["visit"], []).append(event_id)
