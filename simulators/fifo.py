"""The common rule, to compare with: a code goes to the parcel that by time since its entry should be under the reader.

As fair as its rule allows: the mean delay of the reader is taken out, an answer to a trigger goes to the parcel whose
trigger it was, a code that is told twice stays with the first, and a parcel with two names is held. What it lacks is
any idea of its own error.
"""

from typing import Final

from edge.core.evidence import Candidate
from simulators.belt_readings import Train

REACH_UM: Final = 100_000
"""A code farther than this from every parcel is nobody's."""


def fifo(train: Train) -> dict[str, int]:
    """Whose each code is said to be."""
    given: dict[str, int] = {}
    for one in train.evidence:
        if one.code in given:
            continue
        if one.stamp == "trigger":
            given[one.code] = train.answers[one.code]
            continue
        place = (one.lo_um + one.hi_um) // 2 + train.clock_um
        nearest = min(train.candidates, key=lambda parcel: (_away(parcel, place), parcel.key))
        if _away(nearest, place) <= REACH_UM:
            given[one.code] = nearest.key
    return given


def _away(one: Candidate, place: int) -> int:
    assert one.rear_um is not None, "every parcel of a train has been seen to end"
    return max(0, place - one.front_um, one.rear_um - place)
