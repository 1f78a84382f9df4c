"""The figures behind the two charts of a run: how sure assignments were said to be against how often they were wrong,
and why parcels were held.

Calibration takes pairs (stated `p_ppm`, was it right?), wherever they come from. Zero wrong of N is told as at most
3/N: the rule of three, the 95 % upper bound.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from drivers.identifiers.choice import identify
from simulators.bench import Happened
from simulators.parcels import Parcel
from simulators.plots.scene import IN_WORK, LOST, Fate

Data = Mapping[str, Any]
Pair = tuple[int, bool]

PPM: Final = 1_000_000
DECADES: Final = (1, 10, 100, 1_000, 10_000, 100_000)
"""Lower ends of the decades of 1-p, in ppm: 1e-6 to 1e-1. A stated certainty counts as 1 ppm."""
DOUBT: Final = 0.05
"""One-sided: bounds are of 95 %."""
BISECTIONS: Final = 60


@dataclass(frozen=True, slots=True)
class Decade:
    """Assignments whose stated 1-p lies in one decade."""

    low_ppm: int
    count: int
    wrong: int
    stated: float
    """Mean of the stated 1-p."""
    upper: float
    """95 % upper bound of the share that is wrong."""

    @property
    def observed(self) -> float:
        return self.wrong / self.count

    @property
    def told(self) -> str:
        return f"0 of {self.count}" if self.wrong == 0 else f"{self.wrong} of {self.count}"


def calibration(pairs: Iterable[Pair]) -> list[Decade]:
    """The decades that have any assignment, the surest first."""
    doubts: dict[int, list[tuple[int, bool]]] = {}
    for p_ppm, right in pairs:
        doubt = max(1, PPM - p_ppm)
        low = max(one for one in DECADES if one <= doubt)
        doubts.setdefault(low, []).append((doubt, right))
    found = []
    for low in sorted(doubts):
        told = doubts[low]
        wrong = sum(not right for _, right in told)
        stated = sum(doubt for doubt, _ in told) / len(told) / PPM
        found.append(Decade(low, len(told), wrong, stated, upper_bound(wrong, len(told))))
    return found


def upper_bound(wrong: int, count: int) -> float:
    """Of the true share, with 95 %: Clopper and Pearson; the rule of three where none was wrong."""
    if wrong >= count:
        return 1.0
    if wrong == 0:
        return min(1.0, 3 / count)
    low, high = wrong / count, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _at_most(wrong, count, middle) > DOUBT:
            low = middle
        else:
            high = middle
    return high


def _at_most(wrong: int, count: int, share: float) -> float:
    """The chance of so few or fewer."""
    if share >= 1:
        return 0.0
    sum_ = 0.0
    for k in range(wrong + 1):
        ways = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
        sum_ += math.exp(ways + k * math.log(share) + (count - k) * math.log1p(-share))
    return sum_


def pairs_of(
    events: Iterable[Data], happened: Sequence[Happened], parcels: Mapping[int, Parcel], place: str
) -> tuple[list[Pair], int]:
    """Of the measured events of one bench or line; and how many of them are of no known parcel. An assignment is right
    if every identifier that it tells is on that parcel, or on one that lay against it."""
    names: dict[str, set[str]] = {}
    for one in happened:
        own = {
            identify(code.data, code.aim).value
            for parcel in (parcels[one.number], *one.beside)
            for code in parcel.labels
        }
        for visit in (one.taken, None if one.placed is None else one.placed.visit):
            if visit:
                names.setdefault(visit, set()).update(own)
    pairs: list[Pair] = []
    unknown = 0
    for data in events:
        if data["line"] != place or data["kind"] != "parcel.measured" or data.get("assoc") is None:
            continue
        if data["visit"] not in names:
            unknown += 1
            continue
        told = {code["data"] for code in data.get("codes", ()) if "data" in code and code.get("chk")}
        pairs.append((data["assoc"]["p_ppm"], told <= names[data["visit"]]))
    return pairs, unknown


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why parcels did not go to the free lane."""

    reason: str
    own: int
    """Held by the gateway itself, or lost track of."""
    decided: int
    """By a decision of the coordinator."""

    @property
    def count(self) -> int:
        return self.own + self.decided


def causes(fates: Iterable[Fate], free_lanes: frozenset[str]) -> list[Cause]:
    """The most frequent first; each parcel counts once, under the first reason of its last decision."""
    own: Counter[str] = Counter()
    decided: Counter[str] = Counter()
    for fate in fates:
        if fate.lane in free_lanes or (fate.lane == IN_WORK and fate.reason is None):
            continue
        reason = fate.reason or (LOST + " track" if fate.lane == LOST else fate.lane)
        (own if fate.own_hold or fate.lane == LOST else decided)[reason] += 1
    reasons = sorted({*own, *decided}, key=lambda one: (-own[one] - decided[one], one))
    return [Cause(reason, own[reason], decided[reason]) for reason in reasons]
