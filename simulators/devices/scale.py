"""A bench scale as a physical thing: load cell, display, zero key. Everything it shows is a function of time.

A load step dies away as an exponential with a damped wobble on it. Noise, drift of zero and span error are
bounded so that a stable reading is never further from the truth than `mpe_mg`; `ScaleTraits` refuses others.
Floats stay inside the cell: what leaves is whole milligrams, rounded to the scale's step `e`.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import MILLISECOND, SECOND, Instant

ADC_STEP_NS: Final = 20 * MILLISECOND
"""The display's own sampling; stability is judged over these samples."""
NOISE_STEP_NS: Final = 40 * MILLISECOND
DRIFT_PERIOD_NS: Final = 900 * SECOND
OVERLOAD_STEPS: Final = 9
"""A scale shows up to max + 9 e, then bars (OIML R 76, 4.2.3)."""
UNDERLOAD_STEPS: Final = 20
ZERO_RANGE_PPM: Final = 20_000
"""The zero key works within ±2 % of max."""
SETTLED_AFTER: Final = 30
"""Time constants after which nothing of a load step is left (e⁻³⁰ of it)."""
SETTLE_RESIDUE_PPM: Final = 30_000
"""Of one step `e`: what may be left of a load change when the scale first says stable."""

ZeroOutcome = Literal["done", "unstable", "above", "below"]


@dataclass(frozen=True, slots=True)
class ScaleTraits:
    """The type plate and the temper of one scale."""

    max_mg: int = 30_000_000
    e_mg: int = 5_000
    mpe_mg: int = 5_000
    settle_ns: int = 20 * MILLISECOND
    """Time constant of the exponential."""
    wobble_ns: int = 30 * MILLISECOND
    """Time constant of the wobble's decay."""
    wobble_hz: int = 12
    wobble_ppm: int = 150_000
    """Share of a load step that swings."""
    stable_ns: int = 200 * MILLISECOND
    """The reading must stay within 1 e this long to be called stable."""
    noise_mg: int = 300
    drift_mg: int = 300
    span_ppm: int = 20

    def __post_init__(self) -> None:
        worst = self.worst_error_mg
        if worst > self.mpe_mg:
            raise ValueError(
                f"scale: a stable reading could be wrong by {worst} mg, limit mpe_mg {self.mpe_mg};"
                " lower e_mg, noise_mg, drift_mg or span_ppm"
            )

    @property
    def worst_error_mg(self) -> int:
        """Of a stable reading: noise, drift since zero was set, span, the rest of settling, rounding."""
        span = self.max_mg * self.span_ppm // 1_000_000
        settling = self.e_mg * SETTLE_RESIDUE_PPM // 1_000_000
        return self.noise_mg + 2 * self.drift_mg + span + settling + (self.e_mg + 1) // 2


@dataclass(frozen=True, slots=True)
class Shown:
    """What the display says. No value in overload and underload."""

    mass_mg: int | None
    stable: bool
    overload: bool = False
    underload: bool = False

    @property
    def at_zero(self) -> bool:
        return self.stable and self.mass_mg == 0


class Scale:
    def __init__(self, traits: ScaleTraits | None = None, seed: int = 0) -> None:
        self.traits = traits if traits is not None else ScaleTraits()
        self._seed = seed
        self._from_mg = 0.0
        self._to_mg = 0
        self._since = Instant(-SETTLED_AFTER * SECOND)
        self._zero_mg = 0.0
        self._tare_mg = 0
        self.on_pan: int | None = None
        """What lies there, if it is one thing alone: the caller's number for it."""

    @property
    def tare_mg(self) -> int:
        return self._tare_mg

    def load(self, mass_mg: int, now: Instant, on_pan: int | None = None) -> None:
        """From now on this much lies on the pan in all."""
        self._from_mg = self._response_mg(now)
        self._to_mg = mass_mg + mass_mg * self.traits.span_ppm // 1_000_000
        self._since = now
        self.on_pan = on_pan

    def mass_at(self, now: Instant) -> int:
        """The cell's value: unrounded, since its zero was last set."""
        noise = _noise(self._seed, now // NOISE_STEP_NS) * self.traits.noise_mg
        return round(self._response_mg(now) + self._drift_mg(now) - self._zero_mg + noise)

    def stable_at(self, now: Instant) -> bool:
        window = self.traits.stable_ns
        if now - self._since < window:
            return False
        if now - self._since > window + SETTLED_AFTER * max(self.traits.settle_ns, self.traits.wobble_ns):
            return True
        least = most = self.mass_at(now)
        for back in range(ADC_STEP_NS, window + 1, ADC_STEP_NS):
            sample = self.mass_at(Instant(now - back))
            least, most = min(least, sample), max(most, sample)
            if most - least > self.traits.e_mg:
                return False
        return True

    def shown(self, now: Instant) -> Shown:
        e_mg = self.traits.e_mg
        gross = self.mass_at(now)
        stable = self.stable_at(now)
        if gross > self.traits.max_mg + OVERLOAD_STEPS * e_mg:
            return Shown(None, stable, overload=True)
        if gross < -UNDERLOAD_STEPS * e_mg:
            return Shown(None, stable, underload=True)
        return Shown((2 * gross + e_mg) // (2 * e_mg) * e_mg - self._tare_mg, stable)

    def zero(self, now: Instant, *, wait_for_stable: bool = True) -> ZeroOutcome:
        """The zero key (`wait_for_stable` false: at once, moving or not). A tare is dropped with it."""
        if wait_for_stable and not self.stable_at(now):
            return "unstable"
        level = self._response_mg(now) + self._drift_mg(now)
        reach = self.traits.max_mg * ZERO_RANGE_PPM // 1_000_000
        if abs(level) > reach:
            return "above" if level > 0 else "below"
        self._zero_mg = level
        self._tare_mg = 0
        return "done"

    def tare(self, mass_mg: int) -> None:
        """Shows net of this from now on; 0 clears."""
        self._tare_mg = mass_mg

    def _response_mg(self, now: Instant) -> float:
        elapsed = now - self._since
        step = self._from_mg - self._to_mg
        traits = self.traits
        if step == 0 or elapsed > SETTLED_AFTER * max(traits.settle_ns, traits.wobble_ns):
            return float(self._to_mg)
        swing = traits.wobble_ppm / 1_000_000
        turn = math.cos(2 * math.pi * traits.wobble_hz * elapsed / SECOND)
        decay = (1 - swing) * math.exp(-elapsed / traits.settle_ns)
        return self._to_mg + step * (decay + swing * turn * math.exp(-elapsed / traits.wobble_ns))

    def _drift_mg(self, now: Instant) -> float:
        return self.traits.drift_mg * math.sin(2 * math.pi * (now % DRIFT_PERIOD_NS) / DRIFT_PERIOD_NS)


def _noise(seed: int, tick: int) -> float:
    """−1 … 1, a fixed function of seed and tick (splitmix64), so that time can be asked in any order."""
    mask = (1 << 64) - 1
    x = (seed * 0x9E3779B97F4A7C15 + tick * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return ((x ^ (x >> 31)) >> 11) / (1 << 52) - 1.0
