"""What a simulated scale's display shows, and its numbers as text: what the tongues of all scales write with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import Instant
from simulators.devices.scale import Scale

Unit = Literal["g", "kg", "lb", "oz"]

MAX_COMMAND: Final = 64
"""Characters in one command; a longer one is nothing that the scale knows."""
NG_PER_UNIT: Final[dict[Unit, int]] = {"g": 10**9, "kg": 10**12, "lb": 453_592_370_000, "oz": 28_349_523_125}
"""Nanograms, exact."""
NUMBER_MAX_CHARS: Final = 12
NG_PER_MG: Final = 10**6
FINER: Final = 10
"""How much finer than its step a scale shows what is asked for in high resolution."""


@dataclass(frozen=True, slots=True)
class Display:
    """What stands there at one instant."""

    gross_mg: int | None
    """To the step of the scale; None over and under its range."""
    fine_mg: int
    """Gross, `FINER` times finer; over and under the range as well."""
    tare_mg: int
    stable: bool
    overload: bool
    underload: bool
    e_mg: int
    max_mg: int

    @staticmethod
    def of(scale: Scale, now: Instant) -> "Display":
        shown, e_mg, tare_mg = scale.shown(now), scale.traits.e_mg, scale.tare_mg
        gross_mg = None if shown.mass_mg is None else shown.mass_mg + tare_mg
        step = max(1, e_mg // FINER)
        fine_mg = (2 * scale.mass_at(now) + step) // (2 * step) * step
        return Display(
            gross_mg,
            fine_mg,
            tare_mg,
            shown.stable,
            shown.overload,
            shown.underload,
            e_mg,
            scale.traits.max_mg,
        )

    @property
    def mass_mg(self) -> int | None:
        """Net while a tare is on."""
        return None if self.gross_mg is None else self.gross_mg - self.tare_mg

    @property
    def fine_net_mg(self) -> int:
        return self.fine_mg - self.tare_mg

    @property
    def net(self) -> bool:
        return self.tare_mg != 0

    @property
    def negative(self) -> bool:
        return self.underload or (self.mass_mg is not None and self.mass_mg < 0)

    @property
    def at_zero(self) -> bool:
        """Centre of zero: of gross, stable."""
        return self.stable and self.gross_mg == 0


class CommandLine:
    """Commands that end with one of `ends`: what was heard so far. A command past `MAX_COMMAND` becomes `too_long`."""

    def __init__(self, ends: bytes = b"\r\n", too_long: bytes = b"\xff") -> None:
        self._ends = ends
        self._too_long = too_long
        self._held = bytearray()

    def clear(self) -> None:
        self._held.clear()

    def feed(self, data: bytes) -> Sequence[bytes]:
        """Whole commands without their ends; empty ones vanish, so CR LF is one end."""
        whole = []
        for byte in data:
            if byte not in self._ends:
                if len(self._held) <= MAX_COMMAND:
                    self._held.append(byte)
            elif self._held:
                whole.append(bytes(self._held) if len(self._held) <= MAX_COMMAND else self._too_long)
                self._held.clear()
        return whole


def places_of(e_mg: int, unit: Unit) -> int:
    """Decimals that the step needs: 5 g in kg → 3. In pounds and ounces, where no step fits, as many as tell it."""
    places, step_ng, exact = 0, e_mg * NG_PER_MG, unit in ("g", "kg")
    while step_ng * 10**places % NG_PER_UNIT[unit] if exact else step_ng * 10**places < NG_PER_UNIT[unit]:
        places += 1
    return places


def decimal_text(mass_mg: int, unit: Unit, places: int) -> str:
    """Signed only if negative: `1.250`, `-0.680`."""
    digits = digits_of(mass_mg, unit, places)
    whole, rest = divmod(abs(digits), 10**places)
    sign = "-" if digits < 0 else ""
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def digits_of(mass_mg: int, unit: Unit, places: int) -> int:
    """In steps of the last decimal, halves away from zero: 1.250 kg with three places → 1250."""
    per_unit = NG_PER_UNIT[unit]
    steps: int = (2 * abs(mass_mg) * NG_PER_MG * 10**places + per_unit) // (2 * per_unit)
    return -steps if mass_mg < 0 else steps


def mass_from(text: str, unit: Unit, places: int | None = None) -> int | None:
    """`2.486` → mg, of a preset tare; None where it is no number. Less than a milligram is dropped.
    `places`: of a number that is sent without its point."""
    whole, point, rest = text.strip().partition(".")
    if not (whole.isdecimal() and (rest.isdecimal() or not rest)) or len(whole + rest) > NUMBER_MAX_CHARS:
        return None
    decimals = len(rest) if point or places is None else places
    mass_mg: int = int(whole + rest) * NG_PER_UNIT[unit] // (10**decimals * NG_PER_MG)
    return mass_mg
