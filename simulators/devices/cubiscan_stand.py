"""A CubiScan as its stand: what lies on it, how heavy it is, and how long it takes to measure it.

Sides are rounded to 1 mm, mass to 10 g. A body that is moved or laid down while it measures is no result, and so is
nothing at all.
"""

from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import MILLISECOND, Instant
from simulators.devices.dimensioner import Sides

MEASURES_NS: Final = 1_500 * MILLISECOND
STEP_UM: Final = 1_000
STEP_MG: Final = 10_000
MOST_UM: Final = 9_999_000
MOST_MG: Final = 999_990_000

State = Literal["good", "under", "unstable", "over"]


@dataclass(frozen=True, slots=True)
class Side:
    um: int
    state: State = "good"


@dataclass(frozen=True, slots=True)
class Shown:
    """What it makes of what lies there."""

    sides: tuple[Side, Side, Side]
    mass_mg: int
    weight: State


class CubiscanStand:
    def __init__(self, *, measures_ns: int = MEASURES_NS) -> None:
        self._sides: Sides = (0, 0, 0)
        self._mass_mg = 0
        self._measures_ns = measures_ns
        self._begun_at: Instant | None = None
        self._moved_at = Instant(0)
        self.sensor_fails = False
        """Its corner sensor is covered or dirty."""

    def put(self, sides: Sides, mass_mg: int, now: Instant) -> None:
        """What lies on it from now on; zeros: nothing."""
        self._sides, self._mass_mg, self._moved_at = sides, mass_mg, now

    def begin(self, now: Instant) -> bool:
        """Starts a measurement, unless one is under way."""
        if self._begun_at is not None:
            return False
        self._begun_at = now
        return True

    @property
    def done_at(self) -> Instant | None:
        return None if self._begun_at is None else Instant(self._begun_at + self._measures_ns)

    def finish(self) -> Shown:
        """What it has measured; to be called when `done_at` has come."""
        assert self._begun_at is not None, "a measurement is under way"
        begun_at, self._begun_at = self._begun_at, None
        if self._moved_at > begun_at:
            unstable = Side(0, "unstable")
            return Shown((unstable, unstable, unstable), 0, "unstable")
        length, width, height = (self._side(um) for um in self._sides)
        mass = (2 * self._mass_mg + STEP_MG) // (2 * STEP_MG) * STEP_MG
        weight: State = "over" if mass > MOST_MG else "good" if mass else "under"
        return Shown((length, width, height), mass, weight)

    @staticmethod
    def _side(um: int) -> Side:
        shown = (2 * um + STEP_UM) // (2 * STEP_UM) * STEP_UM
        if shown > MOST_UM:
            return Side(0, "over")
        return Side(shown) if shown else Side(0, "under")
