"""What authorities have said of parcels that are not in work, bounded in bytes as well as in pieces.

A decision is kept as it was signed, because events copy it and a restart looks at its signature again. It is some 1,300
bytes; the contract allows far longer ones (§2), and thousands of parcels lie in bays. Past the bound the longest words
are forgotten first, so that who writes long ones can't drive out what others have said in short. A parcel stays in its
bay whatever is forgotten, and its next pass asks the coordinator.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from edge.core.decision import Decision
from edge.core.standing import LONG_BYTES, VisitWords, size_of
from hub_config.names import VisitId

WORDS_BYTES_MAX: Final = 48 * 1024 * 1024
"""In memory, of all parcels in bays and of those that may come back."""
LOOKED_AFTER: Final = 128
"""Long words between two looks: so many, 16 MiB at most, may be here past the bound."""


class LongWords:
    def __init__(self) -> None:
        self._heard = 0

    def is_due(self, decision: Decision) -> bool:
        """Whether it is time to add up, after this decision."""
        if size_of(decision) < LONG_BYTES:
            return False
        self._heard += 1
        if self._heard < LOOKED_AFTER:
            return False
        self._heard = 0
        return True

    def too_long(self, kept: Iterable[VisitWords]) -> list[VisitWords]:
        """Of all that is kept, the visits that have to give up words, each with what stays."""
        words = {one.visit: one for one in kept}
        sizes = sorted(
            (size_of(word.decision), visit, word.authority)
            for visit, one in words.items()
            for word in one.standing.words
        )
        total = sum(size for size, _, _ in sizes)
        changed: dict[VisitId, VisitWords] = {}
        while total > WORDS_BYTES_MAX:
            size, visit, authority = sizes.pop()
            total -= size
            one = changed.get(visit, words[visit])
            changed[visit] = replace(one, standing=one.standing.without(authority))
        return list(changed.values())
