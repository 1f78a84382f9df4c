"""Stated probability against truth: how often a claim was wrong, for each decade of the doubt that was stated.

The observed rate is given with its one-sided 95 % upper bound (Poisson), so that zero errors among n is 3/n.
"""

from dataclasses import dataclass, field
from math import exp, sqrt
from typing import Final

from edge.core.association import Assignment, assign_near
from edge.core.evidence import CONFIRMED, PPM, PRIORS, Priors
from simulators.belt_readings import TRAIN, Habits, Train, trains

DECADES_PPM: Final = (10, 100, 1_000, 10_000, 100_000, PPM)
"""A claim counts in the first of these that its stated doubt does not pass."""
MIN_GAP_UM: Final = 100_000
"""Parcels without a fault and with such gaps should not be held."""
JUDGED: Final = range(1, TRAIN - 1)
"""Parcels of a train that have neighbours on both sides."""


@dataclass(slots=True)
class Decade:
    claims: int = 0
    wrong: int = 0
    doubt_ppm: int = 0
    """Stated, summed."""

    @property
    def stated(self) -> float:
        return self.doubt_ppm / max(1, self.claims) / PPM

    @property
    def upper(self) -> float:
        return upper_bound(self.wrong, self.claims)


@dataclass(slots=True)
class Tally:
    """`wrong` among `accepted`, and `held` among parcels without any fault (`clean`)."""

    accepted: int = 0
    wrong: int = 0
    clean: int = 0
    held: int = 0

    def judge(self, train: Train, key: int, codes: list[str]) -> None:
        """`codes`: those that were given to this parcel. With exactly one it would go on."""
        if len(codes) == 1:
            self.accepted += 1
            self.wrong += train.owners[codes[0]] != key
        if key not in train.faulty and train.gap_um(key) >= MIN_GAP_UM:
            self.clean += 1
            self.held += len(codes) != 1


@dataclass(slots=True)
class Calibration:
    decades: dict[int, Decade] = field(default_factory=lambda: {edge: Decade() for edge in DECADES_PPM})
    tally: Tally = field(default_factory=Tally)

    def pool(self, other: "Calibration") -> None:
        """What was found elsewhere as well."""
        for edge, found in other.decades.items():
            decade = self.decades[edge]
            decade.claims += found.claims
            decade.wrong += found.wrong
            decade.doubt_ppm += found.doubt_ppm
        self.tally.accepted += other.tally.accepted
        self.tally.wrong += other.tally.wrong
        self.tally.clean += other.tally.clean
        self.tally.held += other.tally.held

    def add(self, one: Assignment, owner: int) -> None:
        """The first claim of a code."""
        doubt = PPM - one.p_ppm
        decade = self.decades[next(edge for edge in DECADES_PPM if doubt <= edge)]
        decade.claims += 1
        decade.wrong += one.claims[0].key != owner
        decade.doubt_ppm += doubt


def run(habits: Habits, parcels: int, seed: int, into: Calibration, priors: Priors | None = None) -> None:
    """Judges so many parcels of this world."""
    priors = priors or (CONFIRMED if habits.confirmed else PRIORS)
    for train in trains(habits, -(-parcels // len(JUDGED)), seed):
        for key in JUDGED:
            found = assign_near(key, train.candidates, train.evidence, train.looks, priors)
            for one in found:
                if one.claims and one.claims[0].key == key:
                    into.add(one, train.owners[one.code])
            into.tally.judge(train, key, [one.code for one in found if one.key == key])


def upper_bound(wrong: int, among: int) -> float:
    """Of the rate, with 95 % confidence."""
    if among == 0:
        return 1.0
    low, high = float(wrong), wrong + 10 * sqrt(wrong + 1) + 3
    for _ in range(60):
        middle = (low + high) / 2
        term = total = exp(-middle) if middle < 700 else 0.0
        for k in range(1, wrong + 1):
            term *= middle / k
            total += term
        low, high = (middle, high) if total > 0.05 else (low, middle)
    return min(1.0, high / among)
