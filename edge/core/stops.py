"""Stops of parcels whose visit is over without their having been let go: lost track of, returned, or of an older run.

Such a parcel comes back under a new visit. What an authority has said against it stands until that authority lifts it
(contract §5), so it is remembered by the parcel's identifiers and goes over to the visit under which it comes back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from edge.core.decision import Decision
from edge.core.standing import NOTHING_SAID, VisitWords
from hub_config.names import VisitId

STOPS_MAX: Final = 10_000
"""Visits remembered here; past it the oldest is forgotten, and the coordinator alone knows of its stop."""
QUIET_MAX: Final = 1_000
"""Visits against which nobody has said anything yet; past it the oldest is forgotten, and a stop of it not taken."""


class Stops:
    def __init__(self) -> None:
        self._left: dict[VisitId, VisitWords] = {}
        self._by_code: dict[str, tuple[VisitId, ...]] = {}
        self._quiet: dict[VisitId, VisitWords] = {}

    def __len__(self) -> int:
        return len(self._left)

    def leave(self, words: VisitWords) -> VisitId | None:
        """A parcel that may come back; returns the stopped visit that is forgotten for it at the bound."""
        self._remove(words.visit)
        if not words.standing.stops:
            if len(self._quiet) >= QUIET_MAX:
                del self._quiet[next(iter(self._quiet))]
            self._quiet[words.visit] = words
            return None
        forgotten = next(iter(self._left)) if len(self._left) >= STOPS_MAX else None
        if forgotten is not None:
            self._remove(forgotten)
        self._left[words.visit] = words
        for code in words.codes:
            self._by_code[code] = (*self._by_code.get(code, ()), words.visit)
        return forgotten

    def hear(self, decision: Decision) -> VisitWords | None:
        """What is known of its visit with this decision; None if the visit is not here or has nothing new."""
        named = (decision.was, decision.visit)
        words = next(
            (known[one] for one in named if one for known in (self._left, self._quiet) if one in known), None
        )
        if words is None:
            return None
        standing = words.standing.heard(decision)
        if standing is words.standing:
            return None
        heard = replace(words, standing=standing)
        if words.visit in self._left:
            self._left[words.visit] = heard
        else:
            self.leave(heard)
        return heard

    def all(self) -> Iterator[VisitWords]:
        return chain(self._left.values(), self._quiet.values())

    def shorten(self, words: VisitWords) -> bool:
        """Less is remembered of this visit from now on; False if it is not here."""
        here = words.visit in self._left or words.visit in self._quiet
        if here:
            self.leave(words)
        return here

    def take(self, codes: Iterable[str]) -> list[VisitWords]:
        """The visits under which a parcel with these identifiers was stopped: from now on they are the taker's."""
        visits = dict.fromkeys(visit for code in codes for visit in self._by_code.get(code, ()))
        return [self._remove(visit) for visit in visits]

    def taken(self, visit: VisitId) -> VisitWords:
        """What is known of this visit: from now on it is the taker's."""
        quiet = self._quiet.get(visit)
        words = self._remove(visit)
        return words if quiet is None else quiet

    def _remove(self, visit: VisitId) -> VisitWords:
        self._quiet.pop(visit, None)
        words = self._left.pop(visit, None)
        if words is None:
            return VisitWords(visit, (), NOTHING_SAID)
        for code in words.codes:
            others = tuple(one for one in self._by_code[code] if one != visit)
            if others:
                self._by_code[code] = others
            else:
                del self._by_code[code]
        return words
