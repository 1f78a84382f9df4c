"""Simulated CAS indicators: 22 bytes, 10 bytes, AP-1, and PD-II types 0 and 1.

CI-600D p. 74; CI-400 p. 103; PD-II p. 19, 23; AP-1.doc.

The indicators only send. AP-1 answers an enquiry with ACK, or with NAK as often as it is told to, and then DC1 with the
weight, DC2 with the weight between its two prices (Ohaus Aviator 7000 service manual p. 36). What an indicator of 10
bytes sends over its range was not found: it sends nothing there. Under its range the others have no form of their own:
22 bytes say `OL`, AP-1 the number. Of PD-II types 0 and 1 the manual (p. 19) names the bytes alone: this one is of
grams, its check byte is the exclusive or of ID and digits, and over or under its range it sends nothing.
"""

from collections.abc import Sequence
from functools import reduce
from operator import xor
from typing import Final

from simulators.devices.scale_text import Display, Unit, decimal_text, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Say, Show

ENQ, ACK, NAK, DC1, DC2 = 0x05, b"\x06", b"\x15", 0x11, 0x12
NO_PRICE: Final = b"    0.00"
CHARS: Final = 8
PD2_DIGITS: Final = 5
LAMP_ALWAYS: Final = 0x80


class Cas22Tongue:
    def __init__(self, unit: Unit = "kg", device: int = 1) -> None:
        self._unit: Unit = unit
        self._device = device

    def power_up(self) -> bytes:
        return b""

    def hear(self, _data: bytes) -> Sequence[Act]:
        return []

    def frame(self, _form: str, shown: Display) -> bytes:
        mass_mg = shown.mass_mg
        header = b"OL" if mass_mg is None else b"ST" if shown.stable else b"US"
        stands = shown.stable and mass_mg is not None
        lamp = LAMP_ALWAYS | stands << 6 | (not shown.net) << 2 | shown.net << 1 | shown.at_zero
        what = bytes([0x30 + self._device, lamp])
        text = "" if mass_mg is None else _signed(mass_mg, self._unit, shown)
        number = text.zfill(CHARS) if text else " " * CHARS
        field = f"{number} {self._unit:>2}\r\n".encode()
        return header + (b",NT," if shown.net else b",GS,") + what + b"," + field

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""


class Cas10Tongue:
    def __init__(self, unit: Unit = "kg") -> None:
        self._unit: Unit = unit

    def power_up(self) -> bytes:
        return b""

    def hear(self, _data: bytes) -> Sequence[Act]:
        return []

    def frame(self, _form: str, shown: Display) -> bytes:
        if shown.mass_mg is None:
            return b""
        return f"{_signed(shown.mass_mg, self._unit, shown).zfill(CHARS)}\r\n".encode()

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""


class CasAp1Tongue:
    def __init__(self, unit: Unit = "kg", busy: int = 0) -> None:
        """`busy`: so many enquiries are answered with NAK first."""
        self._unit: Unit = unit
        self._busy = busy

    def power_up(self) -> bytes:
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for byte in data for act in self._byte(byte & 0x7F)]

    def frame(self, form: str, shown: Display) -> bytes:
        if shown.overload:
            sign, number = "F", "F" * 6
        else:
            mass_mg = shown.fine_net_mg if shown.mass_mg is None else shown.mass_mg
            sign = "-" if mass_mg < 0 else " "
            number = decimal_text(abs(mass_mg), self._unit, places_of(shown.e_mg, self._unit)).rjust(6)
        body = f"{'S' if shown.stable else 'U'}{sign}{number}{self._unit}".encode()
        blocks = [NO_PRICE, body, NO_PRICE] if form == "priced" else [body]
        return b"\x01" + b"".join(_block(block) for block in blocks) + b"\x04"

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _byte(self, byte: int) -> Sequence[Act]:
        if byte == ENQ:
            ready, self._busy = self._busy == 0, max(0, self._busy - 1)
            return [Say(ACK if ready else NAK)]
        return [Show()] if byte == DC1 else [Show("priced")] if byte == DC2 else []


class Pd2Tongue:
    """Types 0 and 1: ENQ and DC2 bring `ACK STX ID, five digits, check byte, ETX`."""

    def __init__(self, identifier: bytes = b"0") -> None:
        self._identifier = identifier
        self._enquired = False

    def power_up(self) -> bytes:
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        return [act for byte in data for act in self._byte(byte & 0x7F)]

    def frame(self, _form: str, shown: Display) -> bytes:
        grams = -1 if shown.mass_mg is None else shown.mass_mg // 1_000
        if not 0 <= grams < 10**PD2_DIGITS:
            return b""
        return ACK + _block(self._identifier + str(grams).zfill(PD2_DIGITS).encode())

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _byte(self, byte: int) -> Sequence[Act]:
        asked, self._enquired = self._enquired and byte == DC2, byte == ENQ
        return [Show()] if asked else []


def _block(fields: bytes) -> bytes:
    return b"\x02" + fields + bytes([reduce(xor, fields)]) + b"\x03"


def _signed(mass_mg: int, unit: Unit, shown: Display) -> str:
    return decimal_text(mass_mg, unit, places_of(shown.e_mg, unit))
