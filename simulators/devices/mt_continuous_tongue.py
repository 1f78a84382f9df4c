"""A simulated terminal with Mettler-Toledo standard continuous output (Wildcat Technical Manual 12/00 p. 6-4, 6-5).

`STX SWA SWB SWC`, six digits of weight, six of tare (short form: none), CR, and a checksum if it is set to send one:
the two's complement of the low seven bits of the sum of all bytes before. It takes `P`, `T`, `Z`, `C` while it streams.
"""

from collections.abc import Sequence
from typing import Final, Literal

from simulators.devices.scale_text import CommandLine, Display, Unit, digits_of, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Show

Dialect = Literal["mettler", "liden"]

DIGITS: Final = 6
_DECIMALS: Final = 2
"""Code of no decimals; one more for each."""
_INCREMENTS: Final = {1: 0b01, 2: 0b10, 5: 0b11}
_UNITS: Final[dict[Unit, int]] = {"kg": 0b000, "lb": 0b000, "g": 0b001, "oz": 0b011}
_KEYS: Final[dict[bytes, Act]] = {
    b"P": Show(when_stable=True),
    b"T": Press("tare"),
    b"Z": Press("zero"),
    b"C": Press("tare_clear"),
}


class MtContinuousTongue:
    def __init__(
        self,
        unit: Unit = "kg",
        *,
        checksum: bool = True,
        short: bool = False,
        dialect: Dialect = "mettler",
        command_lines: bool = False,
    ) -> None:
        """`command_lines`: a command ends with CR LF, as on a KERN FTC; only then it takes preset tares."""
        self._unit: Unit = unit
        self._checksum = checksum
        self._short = short
        self._dialect: Dialect = dialect
        self._lines = CommandLine() if command_lines else None

    def power_up(self) -> bytes:
        if self._lines is not None:
            self._lines.clear()
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        letters = [bytes([byte]) for byte in data] if self._lines is None else self._lines.feed(data)
        return [act for command in letters for act in self._obey(command)]

    def frame(self, _form: str, shown: Display) -> bytes:
        places = places_of(shown.e_mg, self._unit)
        status = bytes([self._swa(shown, places), self._swb(shown), self._swc()])
        digits = (
            f"{abs(digits_of(shown.mass_mg, self._unit, places)):0{DIGITS}d}"
            if shown.mass_mg is not None
            else ""
        )
        tare = "" if self._short else f"{digits_of(shown.tare_mg, self._unit, places):0{DIGITS}d}"
        frame = b"\x02" + status + f"{digits:>{DIGITS}}{tare}\r".encode("ascii")
        return frame + bytes([-sum(frame) & 0x7F]) if self._checksum else frame

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""  # the next frame shows it

    def _obey(self, command: bytes) -> Sequence[Act]:
        if command in _KEYS:
            return [_KEYS[command]]
        return [Preset(command[1:].decode("latin-1"), self._unit)] if command[:1] == b"T" else []

    def _swa(self, shown: Display, places: int) -> int:
        if self._dialect == "liden":
            return 0x50 | (_DECIMALS + places)
        step = digits_of(shown.e_mg, self._unit, places)
        return 0x20 | _INCREMENTS.get(step, 0b01) << 3 | (_DECIMALS + places)

    def _swb(self, shown: Display) -> int:
        metric = self._unit in ("kg", "g") and self._dialect == "mettler"
        bits = (shown.net, shown.negative, shown.mass_mg is None, not shown.stable, metric)
        return 0x20 | sum(bit << place for place, bit in enumerate(bits))

    def _swc(self) -> int:
        if self._dialect == "liden":
            return 0x20 | (self._unit == "lb")
        return 0x20 | _UNITS[self._unit]
