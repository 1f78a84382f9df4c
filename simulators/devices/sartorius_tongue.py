"""A simulated Sartorius scale, SBI with 16 or 22 characters (Quintix p. 87; GC p. 57; LE p. 51).

Its unit is blank exactly while it moves. A negative load under its range is `Low`, one over it `High`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulators.devices.scale_text import Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Say, Show

ESC: Final = 0x1B
LONG_COMMAND: Final = 3
"""Characters after ESC of `x1_`."""
COMMANDS: Final[Mapping[bytes, Act]] = {
    b"P": Show(),
    b"T": Press("tare"),
    b"U": Press("tare"),
    b"V": Press("zero"),
    b"x1_": Say(b"SIMULATED 30K \r\n"),
    b"x2_": Say(b"      12345678\r\n"),
}


class SartoriusTongue:
    def __init__(self, unit: Unit = "kg", *, identified: bool = True, brackets: bool = False) -> None:
        """`identified`: the long form. `brackets`: the last digit is not verified."""
        self._unit: Unit = unit
        self._identified = identified
        self._brackets = brackets
        self._command: bytearray | None = None

    def power_up(self) -> bytes:
        self._command = None
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for byte in data for act in self._byte(byte & 0x7F)]

    def frame(self, _form: str, shown: Display) -> bytes:
        if shown.mass_mg is None:
            return self._line("Stat  ", f"      {'High' if shown.overload else 'Low':<8}")
        number = decimal_text(abs(shown.mass_mg), self._unit, places_of(shown.e_mg, self._unit))
        if self._brackets:
            number = f"{number[:-1]}[{number[-1]}]"
        sign = "-" if shown.mass_mg < 0 else "+"
        unit = self._unit if shown.stable else ""
        return self._line("N     " if shown.net else "G     ", f"{sign}{number:>9} {unit:<3}")

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _line(self, identification: str, text: str) -> bytes:
        return f"{identification if self._identified else ''}{text}\r\n".encode()

    def _byte(self, byte: int) -> Sequence[Act]:
        if byte == ESC:
            self._command = bytearray()
        elif self._command is not None:
            self._command.append(byte)
            if self._command[:1] == b"x" and len(self._command) < LONG_COMMAND:
                return []
            act = COMMANDS.get(bytes(self._command))
            self._command = None
            return [] if act is None else [act]
        return []
