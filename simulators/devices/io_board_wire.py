"""The wire of a simulated I/O board, byte by byte as a microcontroller does it (`firmware-bridge.md` §2, §3).

Written from the document alone: the checksum bit by bit, COBS in one pass in each direction, one buffer of fixed size.
Nothing here knows what a message means.
"""

import zlib
from typing import Final

BUFFER_BYTES: Final = 258
"""Body and checksum of the longest frame. A longer one is dropped up to the next zero byte and counted."""

CATALOGUE: Final = """\
80 HELLO <BHHI
C0 HELLO <BBHHIIIBBHB
81 SYNC <B
C1 SYNC <BBII
82 OUT_AT <BBBII
C2 OUT_AT <BB
83 CONFIG_IN <BBBHB
C3 CONFIG_IN <BB
84 WATCHDOG <BH
C4 WATCHDOG <BB
85 GET_EVENTS <BHB
C5 GET_EVENTS <BBB
86 CONFIG_CRC <BI
C6 CONFIG_CRC <BBI
E0 BOOT <HIIBHI
E1 EDGE <HIBB
E2 ENC <HIBi
E3 HEALTH <HIHHHHB
E4 SAFE <HIBB
"""
"""The table of §3, in its order; its CRC-32 is the dictionary hash."""
DICT_HASH: Final = zlib.crc32(CATALOGUE.encode("ascii"))


def checksum(data: bytes) -> int:
    """CRC-16 with polynomial 0x1021, from 0, nothing reflected."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def framed(body: bytes) -> bytes:
    """One pass with one patched code byte. A run of 254 that ends the message is followed by `01`, as MCUboot does."""
    out = bytearray([0])
    code_at = 0
    for byte in body + checksum(body).to_bytes(2, "big"):
        if byte:
            out.append(byte)
        if not byte or len(out) - code_at == 0xFF:
            out[code_at] = len(out) - code_at
            code_at = len(out)
            out.append(0)
    out[code_at] = len(out) - code_at
    return bytes(out) + b"\x00"


class ByteReceiver:
    """Takes one byte at a time, as the receive interrupt does."""

    def __init__(self) -> None:
        self._bad = 0
        self._clear()

    def _clear(self) -> None:
        self._buffer = bytearray()
        self._begun = False
        self._left = 0
        """Bytes until the next code byte."""
        self._zero_due = False
        """The code before stood for fewer than 254 bytes: a zero follows if the frame goes on."""
        self._overflown = False

    def put(self, byte: int) -> bytes | None:
        """The body, when this byte completes a frame that is whole."""
        if byte == 0:
            return self._end()
        self._begun = True
        if self._left:
            self._left -= 1
            self._store(byte)
            return None
        if self._zero_due:
            self._store(0)
        self._left = byte - 1
        self._zero_due = byte != 0xFF
        return None

    def _store(self, byte: int) -> None:
        if len(self._buffer) < BUFFER_BYTES:
            self._buffer.append(byte)
        else:
            self._overflown = True

    def _end(self) -> bytes | None:
        whole = not self._left and not self._overflown and len(self._buffer) > 2
        body, received = bytes(self._buffer[:-2]), int.from_bytes(self._buffer[-2:], "big")
        begun = self._begun
        self._clear()
        if whole and checksum(body) == received:
            return body
        self._bad += begun
        return None

    def take_bad(self) -> int:
        """Frames since the last call that were no frame."""
        bad, self._bad = self._bad, 0
        return bad
