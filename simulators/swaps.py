"""Parcels that hands exchanged between two beams, and what became of them: an exchange of like parcels leaves no trace.

No sensor can tell two like parcels apart until a code is read again, so what counts is how many leave by the free lane
under each other's name, and what holds the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hub_config.lines import Line
from simulators.bench import Happened
from simulators.bodies import Body
from simulators.report import VisitFacts


class Swaps:
    """Of one line."""

    def __init__(self) -> None:
        self.exchanged = 0
        """Parcels, two an exchange."""
        self.left_free = 0
        """By the free lane, under the other's name; the rest is caught, or held for something else."""
        self.held_by: Counter[str] = Counter()

    def add(
        self,
        line: Line,
        bodies: Sequence[Body],
        happened: Sequence[Happened],
        visits: Mapping[str, VisitFacts],
    ) -> None:
        for body, one in zip(bodies, happened, strict=True):
            if not body.swapped:
                continue
            self.exchanged += 1
            visit = visits.get(one.placed.visit) if one.placed is not None else None
            if one.placed is not None and one.placed.lane == line.free_lane:
                self.left_free += 1
            else:
                self.held_by[visit.reasons[0] if visit is not None and visit.reasons else "lost_track"] += 1


def swaps_told(lines: Sequence[Swaps]) -> dict[str, Any]:
    """Of all lines; nothing if no parcel was exchanged."""
    exchanged = sum(one.exchanged for one in lines)
    if not exchanged:
        return {}
    free = sum(one.left_free for one in lines)
    held = sum((one.held_by for one in lines), Counter[str]())
    return {
        "swaps": {
            "exchanged": exchanged,
            "left_free": free,
            "caught": exchanged - free,
            "held_by": dict(sorted(held.items())),
        }
    }
