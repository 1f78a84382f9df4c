"""CAS AP-1, PD-II type 6 and Samsung ECR: enquiry, acknowledgement, request, weight (scales.md §7; PD-II p. 19).

The host sends ENQ and, once the scale says ACK, DC1; then comes `SOH STX` state, sign, 6 of weight, unit of 2, check
byte, `ETX EOT`: 15 bytes. The check byte is the exclusive or of the ten before it and may be any control character, so
the frame is cut by position. A sign `F` is an overflow, whatever the digits. NAK means not ready: it is asked again.

The answer to DC2 (price, weight, unit price) is not built in; nor are PD-II types 0 and 1, whose bytes the manual names
without their values (drivers/SCALE.md).
"""

import re
from functools import reduce
from operator import xor
from typing import Final

from drivers.scales.amount import amount, number_in_columns
from drivers.scales.frame_wire import Cut, FrameWire
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_makers import CasAp1Config

ENQ: Final = b"\x05"
ACK: Final = b"\x06"
NAK: Final = b"\x15"
DC1: Final = b"\x11"
DC2: Final = b"\x12"
FRAME_BYTES: Final = 15

_SO_FAR: Final = re.compile(rb"\x01(\x02([ -\x7f]{0,10}|[ -\x7f]{10}[\x00-\x7f](\x03\x04?)?)?)?")
"""What a frame may be so far: no control character but the check byte stands among its ten."""
_BEGINS: Final = re.compile(rb"[\x01\x06\x15]")
_CHECKED: Final = slice(2, 12)
_CHECK: Final = 12
_FIELDS: Final = re.compile(r"([SU])([ F-])(.{6})(kg|lb)")
_OVER: Final = "FFFFFF"
_COMMANDS: Final = {ENQ: "enquiry", DC1: "weight", DC2: "price"}


class _Ap1Wire(FrameWire):
    def __init__(self) -> None:
        super().__init__(_cut, {}, max_bytes=FRAME_BYTES)
        self._enquired = False
        """ENQ went out, and no answer to it was seen yet."""
        self._reply = b""

    def feed(self, data: bytes) -> list[Piece]:
        pieces = super().feed(data)
        for piece in pieces:
            if self._enquired and isinstance(piece, Told) and piece.kind == "ack":
                self._enquired, self._reply = False, DC1
        return pieces

    def order(self, order: Order) -> bytes | None:
        if order != "weight":
            return None
        self._enquired = True
        return ENQ

    def take_reply(self) -> bytes:
        reply, self._reply = self._reply, b""
        return reply


def cas_ap1(_config: CasAp1Config) -> Wire:
    return _Ap1Wire()


def _cut(held: bytes) -> Cut | None:
    if held[:1] == ACK:
        return Cut(1, Told("ack", keys={"command": "enquiry"}, raw=ACK))
    if held[:1] == NAK:
        return Cut(1, Told("error", keys={"error": "not_ready"}, raw=NAK))
    if _SO_FAR.fullmatch(held) is None:
        begin = _BEGINS.search(held, 1)
        return Cut(len(held) if begin is None else begin.start(), None)
    return Cut(FRAME_BYTES, _weight(held)) if len(held) == FRAME_BYTES else None


def _weight(frame: bytes) -> Piece:
    if reduce(xor, frame[_CHECKED]) != frame[_CHECK]:
        return Garbled(frame, "checksum")
    found = _FIELDS.fullmatch(frame[_CHECKED].decode("latin-1"))
    if found is None:
        return Garbled(frame)
    unit = found[4]
    if found[2] == "F" or found[3] == _OVER:
        return Told("weight", Load(unit=unit, overload=True), raw=frame)
    number = number_in_columns(found[2] + found[3])
    if number is None:
        return Garbled(frame)
    return amount(number, unit, found[1] == "S", frame)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    command = _COMMANDS.get(sent)
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
