"""Frames of the I/O board: COBS between zero bytes, CRC-16/XMODEM inside, and the length rule (`PROTOCOL.md`, Frame).

Bytes in, in any cut; whole bodies out. The CRC starts from 0, so it cannot see a zero byte added before or after a
body: therefore a body must also have exactly the length that its first byte asks for. Whatever breaks a frame, the
next zero byte begins anew.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from firmware_bridge.messages import REFUSAL_BYTES, SIZES, is_refusal

SMP_HEADER_BYTES: Final = 8
BODY_MAX_BYTES: Final = 256
"""The board's buffer for management messages (SMP); line messages are at most 64."""
CRC_BYTES: Final = 2
WIRE_MAX_BYTES: Final = BODY_MAX_BYTES + CRC_BYTES + 2
"""Of a frame without its delimiter: one code byte more for each 254 bytes begun, and the `01` that some encoders add
after a full run. A longer run without a delimiter is told once and dropped up to the next one."""
HEAD_BYTES: Final = 64
"""How much of a dropped frame is kept to show."""
RUN_BYTES: Final = 254
"""Most bytes that one COBS code covers."""


@dataclass(frozen=True, slots=True)
class Body:
    """A frame that arrived whole: SMP if its first byte is below 0x20, a line message from 0x80 on."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What stood between two delimiters was no frame of this protocol."""

    code: Literal["garbled", "too_long"]
    why: str
    head: bytes


Piece = Body | Spoilt


@dataclass(slots=True)
class FrameCounts:
    """Since the session began."""

    good: int = 0
    garbled: int = 0
    too_long: int = 0


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM; 0x31c3 for `123456789`."""
    return crc_hqx(data, 0)


def frame(body: bytes) -> bytes:
    """A body as it goes over the wire, with its delimiter."""
    return cobs_encode(body + crc16(body).to_bytes(CRC_BYTES, "big")) + b"\x00"


def cobs_encode(data: bytes) -> bytes:
    """No zero byte is left. A message that ends with a full run gets no `01` behind it."""
    out = bytearray()
    runs = data.split(b"\x00")
    for place, run in enumerate(runs):
        last = place == len(runs) - 1
        start = 0
        while len(run) - start >= RUN_BYTES:
            out.append(0xFF)
            out += run[start : start + RUN_BYTES]
            start += RUN_BYTES
        if not (last and start == len(run) and start):
            out.append(len(run) - start + 1)
            out += run[start:]
    return bytes(out)


def cobs_decode(data: bytes) -> bytes | None:
    """Takes both forms of a full run at the end; None if a code points past the end. `data` has no zero byte."""
    out = bytearray()
    place = 0
    size = len(data)
    while place < size:
        code = data[place]
        end = place + code
        if end > size:
            return None
        out += data[place + 1 : end]
        place = end
        if code <= RUN_BYTES and place < size:
            out.append(0)
    return bytes(out)


def has_right_length(body: bytes) -> bool:
    kind = body[0]
    if kind < 0x20:
        return len(body) >= SMP_HEADER_BYTES and len(body) == SMP_HEADER_BYTES + int.from_bytes(body[2:4])
    size = SIZES.get(kind)
    return size == len(body) or (len(body) == REFUSAL_BYTES and is_refusal(body))


class FrameBuffer:
    def __init__(self) -> None:
        self._held = bytearray()
        self._dropping = False
        self.counts = FrameCounts()

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """The port was opened anew: half a frame of before is void."""
        self._held.clear()
        self._dropping = False

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        start = 0
        while (end := data.find(0, start)) >= 0:
            pieces += self._hold(data[start:end])
            pieces += self._close()
            start = end + 1
        pieces += self._hold(data[start:])
        return pieces

    def _hold(self, data: bytes) -> Iterator[Piece]:
        if self._dropping:
            return
        room = WIRE_MAX_BYTES - len(self._held)
        self._held += data[:room]
        if len(data) > room:
            self._dropping = True
            self.counts.too_long += 1
            why = f"more than {WIRE_MAX_BYTES} bytes without a delimiter dropped; check the baud rate"
            yield Spoilt("too_long", why, bytes(self._held[:HEAD_BYTES]))
            self._held.clear()

    def _close(self) -> Iterator[Piece]:
        if self._dropping:
            self._dropping = False
        elif self._held:
            held = bytes(self._held)
            self._held.clear()
            piece = _opened(held)
            if isinstance(piece, Body):
                self.counts.good += 1
            else:
                self.counts.garbled += 1
            yield piece


def _opened(held: bytes) -> Piece:
    data = cobs_decode(held)
    if data is None or len(data) <= CRC_BYTES:
        return Spoilt("garbled", "no COBS frame", held[:HEAD_BYTES])
    if crc_hqx(data, 0):  # the CRC over a body and its own CRC is 0
        return Spoilt("garbled", "wrong checksum", held[:HEAD_BYTES])
    body = data[:-CRC_BYTES]
    if not has_right_length(body):
        why = f"message {body[0]:02X} of {len(body)} bytes, not known in this length"
        return Spoilt("garbled", why, held[:HEAD_BYTES])
    return Body(body)
