"""A simulated scale that speaks NCI SCP-01, written from its command list (NCI 7800 p. 32, Weigh-Tronix 7821 p. 25).

A command is a letter and CR; an answer ends with ETX. `ecr`: the profile of points of sale, which sends a status alone
while the load moves, is negative or out of range. `status_chars` and the `S` before them differ between scales.
"""

from collections.abc import Sequence
from typing import Final

from simulators.devices.scale_text import CommandLine, Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Show, Tell

NUMBER: Final = 7
_LETTERS: Final[dict[bytes, Act]] = {
    b"W": Show(),
    b"H": Show("high_res"),
    b"S": Tell("status"),
    b"Z": Press("zero"),
    b"T": Press("tare"),
}


class NciTongue:
    def __init__(
        self,
        unit: Unit = "kg",
        *,
        ecr: bool = False,
        status_chars: int = 2,
        prefix: str = "",
        unknown: bytes = b"\n?\r\x03",
    ) -> None:
        """`unknown`: what it says to such a command; Avery Weigh-Tronix ZM `CR ? LF`."""
        self._unit: Unit = unit
        self._ecr = ecr
        self._status_chars = status_chars
        self._prefix = prefix.encode("ascii")
        self._unknown = unknown
        self._commands = CommandLine(ends=b"\r")

    def power_up(self) -> bytes:
        self._commands.clear()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [_LETTERS.get(command, Tell("unknown")) for command in self._commands.feed(data)]

    def frame(self, form: str, shown: Display) -> bytes:
        if form == "unknown":
            return self._unknown
        status = b"\n" + self._prefix + self._status(shown) + b"\r\x03"
        unready = not shown.stable or shown.negative or shown.mass_mg is None
        if form == "status" or (self._ecr and unready):
            return status
        return b"\n" + self._weight(form, shown) + b"\r" + status

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, shown: Display) -> bytes:
        return self.frame("status", shown)

    def _weight(self, form: str, shown: Display) -> bytes:
        places, width = places_of(shown.e_mg, self._unit), NUMBER
        mass_mg = shown.max_mg if shown.mass_mg is None else shown.mass_mg
        if form == "high_res" and shown.mass_mg is not None:
            mass_mg, places, width = shown.fine_net_mg, places + 1, width + 1
        text = decimal_text(abs(mass_mg), self._unit, places)
        sign = "-" if mass_mg < 0 else ""
        return f"{sign}{text.rjust(width - len(sign), '0')}{self._unit}".encode("ascii")

    def _status(self, shown: Display) -> bytes:
        first = 0x30 | (not shown.stable) | shown.at_zero << 1
        second = 0x30 | shown.underload | shown.overload << 1
        characters = [first, second, 0x30 | shown.net << 2, 0x30]
        more = self._status_chars
        return bytes(
            byte | (0x40 if 0 < place < more - 1 else 0) for place, byte in enumerate(characters[:more])
        )
