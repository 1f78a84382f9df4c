"""One label and one parcel: how likely a parcel is to have its label where a code was seen.

The label lies anywhere along its parcel, but for a margin at its ends. The parcel's place is off by a Gaussian core, by
a wider one for what a Gaussian forgets, and now and then by something gross (a hand, counts left out). The likelihood
is the chance that a label of it is between the offsets of the reading, under that mixture. Floats, from `math` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt
from typing import Final

from edge.core.evidence import CLUTTER_SPAN_UM, PPM, Candidate, Evidence, Look, Priors

GROSS_SIGMA_UM: Final = 200_000
"""Of a gross error: a hand pushes by 300 mm at most, and counts are left out by as much; the tail goes on beyond."""
WIDE_TIMES: Final = 3
"""The wide part of the core is so many times the core."""
GATE_SIGMAS: Final = 3
"""A parcel farther from a reading than so many of its widest error is out of reach."""
SHARP_SIGMAS: Final = 4
"""A reading is taken to be at least so many sigmas wide, so that two sharp ones of one label meet."""
SATURATED: Final = 8.5
"""So many sigmas from an edge a Gaussian is 0 or 1 to the last bit that matters: no exponential is taken."""
_ROOT_HALF: Final = sqrt(0.5)
_PER_ROOT_TWO_PI: Final = 1 / sqrt(2 * pi)


def _ramp(z: float) -> float:
    """Integral of the normal distribution up to z."""
    if z > SATURATED:
        return z
    if z < -SATURATED:
        return 0.0
    return 0.5 * z * erfc(-z * _ROOT_HALF) + exp(-0.5 * z * z) * _PER_ROOT_TWO_PI


def inside(lo: float, hi: float, rear: float, front: float, sigma: float) -> float:
    """Chance that a label anywhere in [rear, front] is in [lo, hi], when their distance is off by sigma."""
    far = SATURATED * sigma
    if lo - front > far or rear - hi > far:
        return 0.0
    if rear - lo > far and hi - front > far:
        return 1.0
    whole = _ramp((hi - rear) / sigma) - _ramp((hi - front) / sigma)
    whole -= _ramp((lo - rear) / sigma) - _ramp((lo - front) / sigma)
    return max(0.0, whole * sigma / (front - rear))


def _grossly_inside(lo: int, hi: int, rear: int, front: int) -> float:
    """The same when nobody knows what happened: no more exact than what is known of it."""
    away = (lo + hi - rear - front) / (2 * GROSS_SIGMA_UM)
    return min(1.0, (hi - lo) * _PER_ROOT_TWO_PI / GROSS_SIGMA_UM) * exp(-0.5 * away * away)


@dataclass(slots=True)
class Zone:
    """Where on the belt a parcel's labels may be."""

    rear: int
    front: int
    variance: int
    """Of its place, µm²."""
    gross: float
    wide: float

    def likelihood(self, lo: int, hi: int, variance: int) -> float:
        """That one of its labels is in [lo, hi], the ends of which have this variance."""
        rear, front = self.rear, self.front
        gross = self.gross * _grossly_inside(lo, hi, rear, front)
        wide = sqrt(WIDE_TIMES * WIDE_TIMES * self.variance + variance) or 1.0
        far = SATURATED * wide
        if lo - front > far or rear - hi > far:
            return gross
        chance = inside(lo, hi, rear, front, sqrt(self.variance + variance) or 1.0)
        chance += self.wide * (inside(lo, hi, rear, front, wide) - chance)
        return (1.0 - self.gross) * chance + gross

    def core(self, lo: int, hi: int, variance: int) -> float:
        """The same without a gross error, and without the wide part."""
        return inside(lo, hi, self.rear, self.front, sqrt(self.variance + variance) or 1.0)


def zone(one: Candidate, priors: Priors, common_ppm: int) -> Zone:
    """`common_ppm`: the belt's gross error, where it is weighed as one more of each parcel."""
    front = one.front_um
    rear = front - priors.longest_um if one.rear_um is None else one.rear_um
    margin = min(priors.margin_um, (front - rear) // 4)
    first, last = rear + margin, front - margin
    gross = min(PPM, one.gross_ppm + common_ppm) / PPM
    return Zone(first, max(last, first + 1), one.sigma_um * one.sigma_um, gross, priors.wide_ppm / PPM)


def in_reach(one: Candidate, evidence: Sequence[Evidence], priors: Priors) -> bool:
    """Of any of them."""
    gate = GATE_SIGMAS * max(GROSS_SIGMA_UM, WIDE_TIMES * one.sigma_um)
    high = one.front_um + gate
    low = (one.front_um - priors.longest_um if one.rear_um is None else one.rear_um) - gate
    return any(low <= seen.hi_um and seen.lo_um <= high for seen in evidence)


@dataclass(slots=True)
class Box:
    """Where a code's label was: all that was seen of it, and what should have been seen and was not."""

    code: str
    identifier: bool
    lo: int
    hi: int
    variance: int
    parts: tuple[tuple[int, int, int], ...]
    """Each reading's own bounds and variance, where there are several."""
    silent: tuple[tuple[int, int], ...]
    """Disjoint stretches inside [lo, hi] that were looked at without telling it."""

    def likelihood(self, where: Zone, priors: Priors, shift_um: int = 0) -> float:
        """`shift_um`: the error of the belt; it leaves no other gross one."""
        chance = where.core if shift_um else where.likelihood
        if not (self.parts or self.silent):
            return chance(self.lo - shift_um, self.hi - shift_um, self.variance)
        seen = 0.0
        if self.lo < self.hi:
            seen = chance(self.lo - shift_um, self.hi - shift_um, self.variance)
            for lo, hi in self.silent:
                told = 1 - priors.look_miss_ppm / PPM
                seen -= told * chance(lo - shift_um, hi - shift_um, self.variance)
            seen = max(0.0, seen)
        if not self.parts:
            return seen
        apart = 1.0  # the same code on two labels of one parcel, each somewhere else
        for lo, hi, variance in self.parts:
            apart *= chance(lo - shift_um, hi - shift_um, variance)
        return seen + priors.second_ppm / PPM * (apart - seen)

    def most(self, zones: Sequence[Zone]) -> float:
        """No parcel's likelihood is more without a gross error."""
        shortest = min((one.front - one.rear for one in zones), default=1)
        return min(1.0, self._width() / shortest)

    def _width(self) -> int:
        return self.hi - self.lo if not self.parts else max(hi - lo for lo, hi, _ in self.parts)

    def clutter(self, priors: Priors) -> float:
        """The further codes of something that nobody follows come with its identifier, unless that was missed."""
        chance = priors.clutter_ppm / PPM * min(1.0, self._width() / CLUTTER_SPAN_UM)
        return chance if self.identifier else chance * priors.miss_ppm / PPM


def box(code: str, parts: Sequence[Evidence], looks: Sequence[Look]) -> Box:
    """All readings of one code; one label of it must lie where they overlap."""
    several = tuple(_bounds(one) for one in parts)
    lo, hi, variance = several[0]
    for low, high, more in several[1:]:
        lo, hi, variance = max(lo, low), min(hi, high), max(variance, more)
    told_by = [one.device for one in parts]
    # Another reader may look at another face: only one that has told a code can be silent about it.
    mine = [one for one in looks if one.device in told_by]
    silent = _silent(code, lo, hi, mine) if mine else ()
    return Box(code, parts[0].identifier, lo, hi, variance, several if len(several) > 1 else (), silent)


def _bounds(one: Evidence) -> tuple[int, int, int]:
    """Ends and variance."""
    lo, hi, sigma = one.lo_um, one.hi_um, one.sigma_um
    spare = max(0, SHARP_SIGMAS * sigma - (hi - lo) + 1) // 2
    return lo - spare, max(hi + spare, lo - spare + 1), sigma * sigma


def _silent(code: str, lo: int, hi: int, looks: Sequence[Look]) -> tuple[tuple[int, int], ...]:
    cut = sorted((max(lo, one.lo_um), min(hi, one.hi_um)) for one in looks if code not in one.codes)
    silent: list[tuple[int, int]] = []
    for low, high in cut:
        if low >= high:
            continue
        if silent and low <= silent[-1][1]:
            silent[-1] = (silent[-1][0], max(silent[-1][1], high))
        else:
            silent.append((low, high))
    return tuple(silent)
