"""What a bench scale's stream of weights says about the pan: zero, loaded, captured, removed, overloaded.

A weight is captured once per load: after the scale has shown a stable zero, and after stable readings that stay
within one verification interval for the configured time. Nothing is captured again before the next zero, so a
parcel's weight can't be taken from the one before it.
"""

from dataclasses import dataclass
from typing import Literal

from drivers.reading import WeightRead
from hub_config.layout import Bench
from hub_config.names import MILLISECOND, Instant


@dataclass(frozen=True, slots=True)
class Sighting:
    """`captured` carries the mass; `dropped` says that a captured or loading parcel left the pan; `changed` that
    the load is another than the one captured, though no zero was seen between."""

    kind: Literal["zero", "captured", "changed", "dropped", "overloaded"]
    mass_mg: int = 0
    had_capture: bool = False


class ScaleWatch:
    """Follows one scale. `zero_seen` and `loaded` are what a screen may tell the operator."""

    def __init__(self, bench: Bench, e_mg: int) -> None:
        self._min_load_mg = bench.min_load_mg
        self._zero_band_mg = bench.zero_band_mg
        self._stable_for_ns = bench.stable_for_ms * MILLISECOND
        self._e_mg = e_mg
        self.zero_seen = False
        self.loaded = False
        self.clear = False
        """The last reading was within the zero band."""
        self._captured = False
        self._captured_mg = 0
        self._steady: tuple[int, Instant] | None = None
        self._overload_since: Instant | None = None

    def forget(self) -> None:
        """The scale went away: nothing it said before counts; it must show zero again."""
        self.zero_seen = self.loaded = self.clear = self._captured = False
        self._steady = None
        self._overload_since = None

    def see(self, read: WeightRead) -> Sighting | None:
        if read.overload:
            return self._see_overload(read.at)
        self._overload_since = None
        if _says_empty(read):
            self.clear = True
            return self._see_empty(stable=True)
        if read.mass_mg is None or not read.counts:
            self._steady = None
            self.clear = False
            return None
        self.clear = abs(read.mass_mg) <= self._zero_band_mg
        if self.clear:
            return self._see_empty(stable=bool(read.stable))
        if read.mass_mg >= self._min_load_mg:
            return self._see_load(read.mass_mg, bool(read.stable), read.at)
        self._steady = None
        if self.loaded and read.stable:
            # Less than a parcel and not zero: it was taken off and left something. It must show zero again.
            self.zero_seen = False
            return Sighting("dropped", had_capture=self._captured)
        return None

    def _see_empty(self, *, stable: bool) -> Sighting | None:
        self._steady = None
        if self.loaded:
            had_capture = self._captured
            self.loaded = self._captured = False
            self.zero_seen = stable
            return Sighting("dropped", had_capture=had_capture)
        if stable and not self.zero_seen:
            self.zero_seen = True
            return Sighting("zero")
        return None

    def _see_load(self, mass_mg: int, stable: bool, at: Instant) -> Sighting | None:
        self.loaded = True
        if not self._captured and not self.zero_seen:
            return None
        if not stable:
            self._steady = None
            return None
        if self._steady is None or abs(mass_mg - self._steady[0]) > self._e_mg:
            self._steady = (mass_mg, at)
            return None
        if at - self._steady[1] < self._stable_for_ns:
            return None
        if not self._captured:
            return self._capture("captured", mass_mg)
        return Sighting("changed") if abs(mass_mg - self._captured_mg) > self._e_mg else None

    def _see_overload(self, at: Instant) -> Sighting | None:
        self.loaded = True
        self.clear = False
        self._steady = None
        if self._captured or not self.zero_seen:
            return None
        if self._overload_since is None:
            self._overload_since = at
        if at - self._overload_since < self._stable_for_ns:
            return None
        return self._capture("overloaded", 0)

    def _capture(self, kind: Literal["captured", "overloaded"], mass_mg: int) -> Sighting:
        self._captured = True
        self._captured_mg = mass_mg
        self.zero_seen = False
        return Sighting(kind, mass_mg)


def _says_empty(read: WeightRead) -> bool:
    """It stands at the centre of zero and says so instead of a number, as a Toledo or an ECR scale may."""
    out = read.overload or read.underload or read.out_of_range
    return (
        read.mass_mg is None and read.zero is True and read.stable is True and read.mode != "net" and not out
    )
