"""Parcels that hands exchanged between two beams, and what became of them: an exchange of like parcels leaves no trace.

No sensor can tell two like parcels apart until a code is read again, so what counts is how many leave by the free lane
under each other's name, and what holds the others.
"""

from collections import Counter
from typing import Any

from simulators.hub import SimulatedHub
from simulators.line_truth import line_happened
from simulators.report import facts_of


def swaps(run: SimulatedHub, within_us: int) -> dict[str, Any]:
    """`exchanged`: parcels, two an exchange. `left_free`: by the free lane, under the other's name; the rest is caught,
    or held for something else: `held_by` counts the reasons."""
    held: Counter[str] = Counter()
    exchanged = free = 0
    for line in run.lines:
        bodies = line.conveyor.bodies
        facts = facts_of(data for data in run.events if data["line"] == line.line.id)
        for body, one in zip(bodies, line_happened(bodies, run.events, line.line, within_us), strict=True):
            if not body.swapped:
                continue
            exchanged += 1
            visit = facts.get(one.placed.visit) if one.placed is not None else None
            if one.placed is not None and one.placed.lane == line.line.free_lane:
                free += 1
            else:
                held[visit.reasons[0] if visit is not None and visit.reasons else "lost_track"] += 1
    return {
        "exchanged": exchanged,
        "left_free": free,
        "caught": exchanged - free,
        "held_by": dict(sorted(held.items())),
    }
