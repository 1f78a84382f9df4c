"""What is handed in to a running coordinator: declarations, answers of other parties, alerts of its own watch.

Each waits in the coordinator's queue for its turn between two batches of events, so one thread alone writes the store.
"""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.coordinator.declared import Declared
from simulators.coordinator.parties import PartyAnswer

REQUESTS_MAX: Final = 16
"""Waiting at one time; one more is told to come again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request that was taken."""

    taken: int
    """Declarations that were new or changed; answers noted."""
    decided: int
    """Decisions that followed from it at once."""


@dataclass(frozen=True, slots=True)
class Filing:
    declarations: tuple[Declared, ...]
    reply: "Future[Outcome]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Answering:
    answer: PartyAnswer
    reply: "Future[Outcome]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Alerting:
    """A hint for people, to be published in the coordinator's name."""

    kind: str
    about: dict[str, Any]
    reply: "Future[Outcome]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Seeding:
    """Commitments or seeds of another party of the random checks: party, day, commitment or None, seed or None."""

    given: tuple[tuple[str, str, str | None, str | None], ...]
    reply: "Future[Outcome]" = field(default_factory=Future)


Request = Filing | Answering | Alerting | Seeding
