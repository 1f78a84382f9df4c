"""Sides of simulated parcels, how a dimensioner sees them, and what goes wrong with its records, as data.

Each is drawn from a generator of its own, so that a belt without a dimensioner stays as it is. Shares are parts per
million of a line's parcels.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from hub_config.names import MILLISECOND
from simulators.devices.dimensioner import Sides

DimsFault = Literal[
    "late_dims",  # the record comes too late
    "lost_dims",  # the record never comes, its number is used up
    "dims_jump",  # the dimensioner leaves out numbers
    "dims_repeat",  # it uses the last number once more
    "no_dims",  # it gives no result
    "off_dims",  # it measures every side much too long
]
MILLION: Final = 1_000_000
RECORD_NS: Final = (80 * MILLISECOND, 260 * MILLISECOND)
LATE_NS: Final = (550 * MILLISECOND, 1_000 * MILLISECOND)
ERROR_UM: Final = 3_000
OFF_UM: Final = (40_000, 150_000)
JUMP: Final = (2, 50)
DECLARED_WITHIN_UM: Final = 5_000
"""An honest declaration of a side is this near to the truth."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """How a line's dimensioner works."""

    error_um: int = ERROR_UM
    """Of each side, at the most, before rounding to its step."""
    record_ns: tuple[int, int] = RECORD_NS
    """From an item's rear at its beam to its record."""
    rates_ppm: Mapping[DimsFault, int] = field(default_factory=dict)


AS_SIZED: Final = Sizing()


@dataclass(frozen=True, slots=True)
class DimsPlan:
    """How one parcel is measured."""

    faults: tuple[DimsFault, ...]
    errors_um: Sides
    delay_ns: int
    jump: int


def dims_plan(seed: int, number: int, sizing: Sizing) -> DimsPlan:
    """The same for one seed and parcel number, whatever came before."""
    rng = random.Random(f"dims/{seed}/{number}")
    drawn = {fault: rng.random() * MILLION for fault in sorted(DIMS_FAULTS)}
    faults = tuple(fault for fault in DIMS_FAULTS if drawn[fault] < sizing.rates_ppm.get(fault, 0))
    error = sizing.error_um
    errors = (rng.randint(-error, error), rng.randint(-error, error), rng.randint(-error, error))
    delay_ns, late_ns, off = rng.randint(*sizing.record_ns), rng.randint(*LATE_NS), rng.randint(*OFF_UM)
    if "off_dims" in faults:
        errors = (errors[0] + off, errors[1] + off, errors[2] + off)
    return DimsPlan(faults, errors, late_ns if "late_dims" in faults else delay_ns, rng.randint(*JUMP))


DIMS_FAULTS: Final[tuple[DimsFault, ...]] = (
    "late_dims", "lost_dims", "dims_jump", "dims_repeat", "no_dims", "off_dims",
)  # fmt: skip


def sides_of(seed: int, number: int, mass_mg: int) -> Sides:
    """Heavier parcels are longer: 120 mm and up, half of them under 300 mm. They lie lengthwise."""
    rng = random.Random(f"sides/{seed}/{number}")
    length = min(480_000, 120_000 + round(rng.random() ** 2 * 250_000) + min(110_000, mass_mg // 100))
    return length, rng.randint(80_000, length * 9 // 10), rng.randint(20_000, 300_000)


def declared_sides(seed: int, number: int, sides: Sides, *, honest: bool) -> Sides:
    """Of one that was not honest, half of each side."""
    rng = random.Random(f"declared-sides/{seed}/{number}")
    near = [side + rng.randint(-DECLARED_WITHIN_UM, DECLARED_WITHIN_UM) for side in sides]
    length, width, height = near if honest else [side // 2 for side in near]
    return length, width, height
