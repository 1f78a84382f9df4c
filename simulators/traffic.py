"""How parcels come along a belt, as data: sizes, gaps, labels, and how well devices see and weigh them.

A scenario file gives these values (`scenario.py`); without one they are as usual. Distributions are drawn from a given
generator, so one seed gives one belt.
"""

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, get_args

from hub_config.names import MILLISECOND
from simulators.parcels import MILLION, Marks
from simulators.sizing import AS_SIZED, Sizing

RECORD_NS: Final = (60 * MILLISECOND, 220 * MILLISECOND)
"""From an item's rear at the scale's beam to its record."""
READ_NS: Final = 30 * MILLISECOND
"""From seeing a code to having read it."""
WEIGHT_ERROR_MG: Final = 9_000
"""Of weighing in motion, before rounding to the scale's step."""
SLIP_UM: Final = (5_000, 60_000)
PUSH_MAX_UM: Final = 300_000
ASKEW_MAX_DEG: Final = 90
"""Bars across a scan line; more is less again."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of parcel: box, polybag, tube."""

    name: str
    share_ppm: int
    lengths: Marks
    """Share in ppm and length in µm up to it; linear between. The first is the least one."""
    no_read_ppm: int = 0
    """Its label can't be read, beside what the fault `no_read` does: it is creased, or bent around the tube."""

    @property
    def mean_um(self) -> int:
        return sum((b - a) * (x + y) for (a, x), (b, y) in pairwise(self.lengths)) // (2 * MILLION)


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two parcels as the feeder sets them, in µm."""

    least_um: int
    most_um: int
    mean_um: int | None = None
    """None: every gap from least to most is as likely. Else gaps fall off from the least one as those of parcels that
    come by chance, around this mean; the few beyond `most_um` are cut to it."""

    def draw(self, rng: random.Random) -> int:
        if self.mean_um is None:
            return rng.randint(self.least_um, self.most_um)
        more = rng.expovariate(1.0) * (self.mean_um - self.least_um)
        return min(self.most_um, self.least_um + round(more))


Face = Literal["top", "bottom", "front", "rear", "left", "right"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What one reader over the belt sees."""

    faces: tuple[Face, ...] = get_args(Face)
    """Labels on these faces of a parcel."""
    rates: tuple[tuple[int, int], ...] = ((ASKEW_MAX_DEG, MILLION),)
    """How many of them, in ppm, that lie askew by up to so many degrees; of those more askew none."""


EVERYWHERE: Final = Sight()


@dataclass(frozen=True, slots=True)
class BeltStop:
    """A belt, and with it every one before it, stands for so long, again and again."""

    belt: str
    every_ns: int
    lasts_ns: int


@dataclass(frozen=True, slots=True)
class Traffic:
    forms: tuple[Form, ...] = ()
    """None: boxes, longer ones heavier, 120 to 480 mm."""
    gap: Gap = Gap(500_000, 1_100_000)
    label_ppm: tuple[int, int] = (250_000, 750_000)
    """Where along the parcel its label is, behind the front."""
    wander_um: int = 0
    """A label comes into the reader's view this much sooner or later than its place says, at the most."""
    creep_ppm: int = 0
    """A parcel travels this much less or more than the belt, at the most, all the way."""
    slip_um: tuple[int, int] = SLIP_UM
    """How far a parcel slips back on the belt with the fault `slipped`."""
    push_um: int = PUSH_MAX_UM
    """How far a hand moves a parcel with the fault `pushed`, either way, at the most."""
    sides_ppm: tuple[tuple[str, int], ...] = ()
    """How many parcels come by each side belt of the line; the rest by its first belt."""
    belt_stop: BeltStop | None = None
    """Of a line with belts in series."""
    read_ns: int = READ_NS
    weight_error_mg: int = WEIGHT_ERROR_MG
    record_ns: tuple[int, int] = RECORD_NS
    faces: tuple[tuple[Face, int], ...] = ()
    """On which face labels lie, in ppm; the rest on top."""
    askew_deg: int = 0
    """A label lies askew by so much at the most: every angle from 0 up is as likely."""
    sights: tuple[Sight, ...] = ()
    """One for each reader of the line; without any, every reader sees every label."""
    sizing: Sizing = AS_SIZED
    """Of a line that has a dimensioner."""

    def form(self, rng: random.Random) -> Form | None:
        if not self.forms:
            return None
        drawn = rng.randrange(MILLION)
        for one in self.forms:
            if drawn < one.share_ppm:
                return one
            drawn -= one.share_ppm
        return self.forms[-1]


USUAL: Final = Traffic()


def between(rng: random.Random, marks: Marks) -> int:
    """A value by its quantiles, linear between them."""
    drawn = rng.randrange(MILLION)
    for (low_ppm, low), (high_ppm, high) in pairwise(marks):
        if drawn < high_ppm:
            return low + (high - low) * (drawn - low_ppm) // (high_ppm - low_ppm)
    return marks[-1][1]
