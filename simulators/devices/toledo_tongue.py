"""A simulated scale that answers the Toledo 8217 request of points of sale (PSC Magellan 8500 service manual p. 39–45).

A command is one letter, `T` may carry five digits and ends with CR. It has no unit on the wire and no weight to tell
while the load moves, is negative or out of range: then it answers `?` and its status. After `E` it echoes until `F`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulators.devices.scale_text import Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Say, Show, Tell

TARE_DIGITS: Final = 5
NUMBER_CHARS: Final = 6
LETTERS: Final[Mapping[bytes, Act]] = {
    b"W": Show(),
    b"H": Show("high_res"),
    b"Z": Press("zero", when_stable=False),
    b"C": Press("tare_clear"),
    b"A": Say(b"\x02\r"),
    b"B": Say(b"\x02?@\r"),  # all tests passed
    b"E": Say(b"\x02E\r"),
}


class ToledoTongue:
    def __init__(
        self, unit: Unit = "kg", *, benchpro: bool = False, tare: bool = True, zero_by_status: bool = False
    ) -> None:
        """`tare`: whether it is enabled; if not, tare commands get no answer. `zero_by_status`: at zero it answers with
        its status as well, and with no number."""
        self._unit: Unit = unit
        self._benchpro = benchpro
        self._tare_enabled = tare
        self._zero_by_status = zero_by_status
        self._echoing = False
        self._tare: bytearray | None = None
        """Of `T…` so far."""

    def power_up(self) -> bytes:
        self._echoing, self._tare = False, None
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for byte in data for act in self._byte(bytes([byte & 0x7F]))]

    def frame(self, form: str, shown: Display) -> bytes:
        mass_mg = shown.mass_mg
        unready = mass_mg is None or mass_mg < 0 or not shown.stable
        if form == "status" or mass_mg is None or unready or (self._zero_by_status and shown.at_zero):
            return self._status(shown)
        places = places_of(shown.e_mg, self._unit)
        text = decimal_text(mass_mg, self._unit, places).rjust(NUMBER_CHARS, "0")
        if form == "high_res":
            text = decimal_text(shown.fine_net_mg, self._unit, places + 1).rjust(NUMBER_CHARS + 1, "0")
        return b"\x02" + text.encode() + (b"N\r" if shown.net else b"\r")

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, shown: Display) -> bytes:
        return self._status(shown)

    def _byte(self, byte: bytes) -> Sequence[Act]:
        if self._echoing:
            self._echoing = byte != b"F"
            return [Say(byte if self._echoing else b"\x02F\r")]
        if self._tare is not None:
            return self._tare_byte(self._tare, byte)
        if byte == b"T":
            self._tare = bytearray()
        if byte in b"T\r" or (byte == b"C" and not self._tare_enabled):
            return []
        self._echoing = byte == b"E"
        return [LETTERS.get(byte, Tell("status"))]

    def _tare_byte(self, digits: bytearray, byte: bytes) -> Sequence[Act]:
        if byte != b"\r" and len(digits) < TARE_DIGITS:
            digits += byte
            return []
        self._tare = None
        if not self._tare_enabled:
            return []
        if byte != b"\r":
            return [Tell("status")]
        tare = Preset(digits.decode("latin-1"), self._unit, in_steps=True)
        return [tare if digits else Press("tare", when_stable=False)]

    def _status(self, shown: Display) -> bytes:
        bits = 0x40 | (0x20 if shown.net or self._benchpro else 0)
        bits |= (not shown.stable) | shown.overload << 1 | shown.negative << 2 | shown.at_zero << 4
        return b"\x02?" + bytes([bits]) + b"\r"
