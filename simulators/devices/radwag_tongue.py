"""A simulated Radwag balance (WTC p. 48; PS p. 82): 21 characters, and for most commands two answers."""

from collections.abc import Sequence
from typing import Final

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Say, Show

ENDS: Final[dict[Outcome, str]] = {"done": "D", "unstable": "E", "above": "^", "below": "v", "refused": "I"}


class RadwagTongue:
    def __init__(self, unit: Unit = "kg") -> None:
        self._unit: Unit = unit
        self._heard = CommandLine()

    def power_up(self) -> bytes:
        self._heard = CommandLine()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for line in self._heard.feed(data) for act in self._command(line)]

    def frame(self, form: str, shown: Display) -> bytes:
        command = "S" if form == "stable" else "SI"
        mass_mg = shown.mass_mg or 0
        mark = "^" if shown.overload else "v" if shown.underload else " " if shown.stable else "?"
        number = decimal_text(abs(mass_mg), self._unit, places_of(shown.e_mg, self._unit))
        sign = "-" if shown.negative else " "
        return f"{command:<3} {mark}{sign}{number:>9} {self._unit:<3}\r\n".encode()

    def answer(self, act: Show | Press | Preset, outcome: Outcome, _shown: Display) -> bytes:
        command = (
            "S" if isinstance(act, Show) else "Z" if isinstance(act, Press) and act.key == "zero" else "T"
        )
        return f"{command} {ENDS[outcome]}\r\n".encode()

    def _command(self, line: bytes) -> Sequence[Act]:
        match line:
            case b"SI":
                return [Show()]
            case b"S":
                return [Say(b"S A\r\n"), Show("stable", when_stable=True)]
            case b"Z":
                return [Say(b"Z A\r\n"), Press("zero")]
            case b"T":
                return [Say(b"T A\r\n"), Press("tare")]
        return [Say(b"ES\r\n")]
