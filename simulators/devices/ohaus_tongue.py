"""A simulated Ohaus scale (Courier 5000 p. 38; T71P p. 58; Ranger 7000 p. 66).

The number is right-aligned, 9 columns on the 7000 series and more on others, then unit, `?` while it moves, `NET`. What
it says over and under its range was not found: it says nothing there.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Repeat, Say, Show, Stop

UNKNOWN: Final = b"ES\r\n"
COMMANDS: Final[Mapping[bytes, Act]] = {
    b"IP": Show(),
    b"P": Show(),
    b"SP": Show(when_stable=True),
    b"CP": Repeat(),
    b"0P": Stop(),
    b"Z": Press("zero", when_stable=False),
    b"T": Press("tare"),
    b"0T": Press("tare_clear"),
    b"PV": Say(b"Sr 1.00\r\n"),
}


class OhausTongue:
    def __init__(self, unit: Unit = "kg", columns: int = 9, unit_columns: int = 5) -> None:
        self._unit: Unit = unit
        self._columns = columns
        self._unit_columns = unit_columns
        self._heard = CommandLine()

    def power_up(self) -> bytes:
        self._heard = CommandLine()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [self._command(line) for line in self._heard.feed(data)]

    def frame(self, _form: str, shown: Display) -> bytes:
        if shown.mass_mg is None:
            return b""
        number = decimal_text(shown.mass_mg, self._unit, places_of(shown.e_mg, self._unit))
        unit, mark = self._unit.ljust(self._unit_columns), " " if shown.stable else "?"
        return f"{number:>{self._columns}} {unit} {mark}{' NET' if shown.net else ''}\r\n".encode()

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _command(self, line: bytes) -> Act:
        number, letter = line[:-1], line[-1:]
        if line in COMMANDS:
            return COMMANDS[line]
        if number.replace(b".", b"").isdigit() and letter == b"T":
            return Preset(number.decode(), self._unit)
        return Repeat() if number.isdigit() and letter == b"P" else Say(UNKNOWN)
