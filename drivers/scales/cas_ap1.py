"""CAS AP-1, PD-II type 6 and Samsung ECR: enquiry, acknowledgement, request, weight (scales.md §7; PD-II p. 19).

The host sends ENQ and, once the scale says ACK, DC1; then comes `SOH STX` state, sign, 6 of weight, unit of 2, check
byte, `ETX EOT`: 15 bytes. The check byte is the exclusive or of the ten before it and may be any control character, so
the frame is cut by position. A sign `F` is an overflow, whatever the digits. NAK means not ready: it is asked again.

DC2 asks for price, weight and unit price (`SOH`, then each as `STX … check byte ETX`, then `EOT`: 37 bytes; Ohaus
Aviator 7000 service manual p. 36, "Format 2"; PD-II does not answer it, p. 23). It is never sent here, but an answer
to another master on the line is a weight too. PD-II types 0 and 1 are declared: docs/unknown-scale.md.
"""

import re
from collections.abc import Mapping
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
PRICED_BYTES: Final = 37


def _begun(*parts: tuple[str, int]) -> "re.Pattern[bytes]":
    """What a frame of these bytes, so many of each, may be so far."""
    pattern = ""
    for part, count in reversed(parts):
        for _ in range(count):
            pattern = f"(?:{part}{pattern})?"
    return re.compile(pattern.encode())


def _block(chars: int) -> tuple[tuple[str, int], ...]:
    """No control character but the check byte stands in it."""
    return (r"\x02", 1), (r"[ -\x7f]", chars), (r"[\x00-\x7f]", 1), (r"\x03", 1)


_WEIGHT: Final = _begun((r"\x01", 1), *_block(10), (r"\x04", 1))
_PRICED: Final = _begun((r"\x01", 1), *_block(8), *_block(10), *_block(8), (r"\x04", 1))
_BLOCKS: Final = (slice(2, 10), slice(13, 23), slice(26, 34))
"""Price, weight, unit price; each is followed by its check byte."""
_PRICE: Final = re.compile(r" *([0-9]+(?:[.,][0-9]+)?)")
_BEGINS: Final = re.compile(rb"[\x01\x06\x15]")
_CHECKED: Final = slice(2, 12)
_FIELDS: Final = re.compile(r"([SU])([ F-])(.{6})(?i:(kg|lb))")
_OVER: Final = "FFFFFF"
_COMMANDS: Final = {ENQ: "enquiry", DC1: "weight", DC2: "price"}


class _Ap1Wire(FrameWire):
    def __init__(self) -> None:
        super().__init__(_cut, {}, max_bytes=PRICED_BYTES)
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
    if _WEIGHT.fullmatch(held[:FRAME_BYTES]) is not None:
        return Cut(FRAME_BYTES, _weight(held[:FRAME_BYTES])) if len(held) >= FRAME_BYTES else None
    if _PRICED.fullmatch(held) is not None:
        return Cut(PRICED_BYTES, _priced(held)) if len(held) == PRICED_BYTES else None
    begin = _BEGINS.search(held, 1)
    return Cut(len(held) if begin is None else begin.start(), None)


def _weight(frame: bytes) -> Piece:
    return _load(frame[_CHECKED], frame, {}) if _holds(frame, _CHECKED) else Garbled(frame, "checksum")


def _priced(frame: bytes) -> Piece:
    if not all(_holds(frame, block) for block in _BLOCKS):
        return Garbled(frame, "checksum")
    price, load, unit_price = (frame[block] for block in _BLOCKS)
    return _load(load, frame, {"price": _money(price), "unit_price": _money(unit_price)})


def _holds(frame: bytes, block: slice) -> bool:
    check: int = frame[block.stop]
    return reduce(xor, frame[block]) == check


def _money(field: bytes) -> str | None:
    """As sent, without blanks; None: no number stands there."""
    found = _PRICE.fullmatch(field.decode("latin-1"))
    return None if found is None else found[1]


def _load(fields: bytes, frame: bytes, keys: Mapping[str, object]) -> Piece:
    found = _FIELDS.fullmatch(fields.decode("latin-1"))
    if found is None:
        return Garbled(frame)
    unit = found[4].lower()  # the PD-II manual writes Kg and Lb, others kg
    if found[2] == "F" or found[3] == _OVER:
        return Told("weight", Load(unit=unit, overload=True), keys, frame)
    number = number_in_columns(found[2] + found[3])
    if number is None:
        return Garbled(frame)
    return amount(number, unit, found[1] == "S", frame, keys=keys)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    command = _COMMANDS.get(sent)
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
