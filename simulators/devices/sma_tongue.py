"""A simulated scale that speaks SMA SCP-0499, written from the standard's layout (PR 5220 p. 130, PR 5410 p. 120).

Commands and answers stand between LF and CR; ESC aborts. Zero and tare are answered by the weight they lead to, or by
bars with `E` or `T` if they could not be done.
"""

from collections.abc import Sequence
from typing import Final

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Repeat, Say, Show, Stop, Tell

VALUE: Final = 10
ABOUT: Final = ("SMA:2/1.0", "MFG:A maker", "MOD:Simulated bench scale", "REV:1.00")
INFO: Final = ("SMA:2/1.0", "TYP:S", "CMD:HPQRSTMCDABIN", "END:")
UNKNOWN: Final = b"\n?\r"
ABORT: Final = b"\x1b"
_LETTERS: Final[dict[bytes, Sequence[Act]]] = {
    b"W": [Show()],
    b"H": [Show("high_res")],
    b"P": [Show(when_stable=True)],
    b"Q": [Show("high_res", when_stable=True)],
    b"R": [Repeat()],
    b"S": [Repeat("high_res")],
    b"Z": [Press("zero")],
    b"T": [Press("tare")],
    b"C": [Press("tare_clear")],
    b"M": [Tell("tare")],
    b"D": [Say(b"\n    \r")],
}


class SmaTongue:
    def __init__(self, unit: Unit = "kg") -> None:
        self._unit: Unit = unit
        self._commands = CommandLine(ends=b"\r")
        self._lines: Sequence[str] = ()
        """That the next `B` or `N` asks for."""

    def power_up(self) -> bytes:
        self._commands.clear()
        self._lines = ()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for command in self._commands.feed(data) for act in self._obey(command)]

    def frame(self, form: str, shown: Display) -> bytes:
        places = places_of(shown.e_mg, self._unit)
        motion = " " if shown.stable else "M"
        if form == "tare":
            return self._answer(" ", "T", motion, decimal_text(shown.tare_mg, self._unit, places))
        mode = "N" if shown.net else "G"
        if shown.mass_mg is None:
            return self._answer("O" if shown.overload else "U", mode, motion, "-" * VALUE)
        zero = "Z" if shown.at_zero else " "
        if form == "high_res":
            fine = decimal_text(shown.fine_net_mg, self._unit, places + 1)
            return self._answer(zero, mode.lower(), motion, fine)
        return self._answer(zero, mode, motion, decimal_text(shown.mass_mg, self._unit, places))

    def answer(self, act: Show | Press | Preset, outcome: Outcome, shown: Display) -> bytes:
        mode = "N" if shown.net else "G"
        match act:
            case Show():
                return b"\n 1" + mode.encode("ascii") + b"  " + b"-" * VALUE + b"   \r"
            case Press(key) if outcome != "done":
                return self._answer("E" if key == "zero" else "T", mode, " ", "-" * VALUE)
            case _:
                return self.frame("weight", shown)

    def _obey(self, command: bytes) -> Sequence[Act]:
        """Every command ends what repeats; ESC has no end of its own."""
        text = command.rpartition(ABORT)[2]
        stop = [Stop()]
        if not text:
            return stop
        if text[:1] != b"\n" or len(text) != 2:
            return [*stop, Say(UNKNOWN)]
        letter = text[1:]
        if letter in b"ABIN":
            return [*stop, Say(self._line(letter))]
        return [*stop, *_LETTERS.get(letter, [Say(UNKNOWN)])]

    def _line(self, letter: bytes) -> bytes:
        if letter in b"AI":
            self._lines = ABOUT if letter == b"A" else INFO
        if not self._lines:
            return UNKNOWN
        line, self._lines = self._lines[0], self._lines[1:]
        return f"\n{line}\r".encode("ascii")

    def _answer(self, status: str, mode: str, motion: str, value: str) -> bytes:
        return f"\n{status}1{mode}{motion} {value:>{VALUE}}{self._unit:<3}\r".encode("ascii")
