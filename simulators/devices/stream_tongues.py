"""Simulated indicators that stream and take no commands: Rice Lake, Cardinal SB-200, Weightronix WI-120.

Written from the layouts of their manuals: Rice Lake 482 p. 37 and 120 Plus p. 48, Cardinal and Weightronix as in
scales.md §10. Out of range a Rice Lake and a Cardinal say so and show a number; a WI-120 shows blanks.
"""

from collections.abc import Sequence
from typing import Final

from simulators.devices.scale_text import Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Show

_RICE_LAKE_UNITS: Final[dict[Unit, str]] = {"lb": "L", "kg": "K", "g": "G", "oz": "O"}


class _Mute:
    """It hears nothing and answers nothing."""

    def __init__(self, unit: Unit = "kg") -> None:
        self._unit: Unit = unit

    def power_up(self) -> bytes:
        return b""

    def hear(self, _data: bytes) -> Sequence[Act]:
        return []

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _number(self, shown: Display) -> str:
        """Without its sign; the capacity where there is none."""
        mass_mg = shown.max_mg if shown.mass_mg is None else shown.mass_mg
        return decimal_text(abs(mass_mg), self._unit, places_of(shown.e_mg, self._unit))


class RiceLakeTongue(_Mute):
    def __init__(self, unit: Unit = "kg", *, bars: bool = False) -> None:
        """`bars`: of the 120 Plus, instead of a number that is out of range."""
        super().__init__(unit)
        self._bars = bars

    def frame(self, _form: str, shown: Display) -> bytes:
        status = "O" if shown.mass_mg is None else "M" if not shown.stable else "Z" if shown.at_zero else " "
        number = "------" if self._bars and shown.mass_mg is None else self._number(shown)
        sign, unit = "-" if shown.negative else " ", _RICE_LAKE_UNITS[self._unit]
        return f"\x02{sign}{number:>7}{unit}{'N' if shown.net else 'G'}{status}\r\n".encode("ascii")


class CardinalTongue(_Mute):
    def frame(self, _form: str, shown: Display) -> bytes:
        status = "o" if shown.mass_mg is None else " " if shown.stable else "m"
        sign, mode = "-" if shown.negative else "+", "n" if shown.net else "g"
        number = self._number(shown).rjust(6, "0")
        return f"\r{sign}{number}{status} {self._unit:<2} {mode}  \x03".encode("ascii")


class WeightronixTongue(_Mute):
    def frame(self, _form: str, shown: Display) -> bytes:
        sign, mode = "-" if shown.negative else "+", "N" if shown.net else "G"
        number = " " * 6 if shown.mass_mg is None else self._number(shown).rjust(6, "0")
        return f" {mode}{sign}{number} {self._unit:<2}\r\n".encode("ascii")
