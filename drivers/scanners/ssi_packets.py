"""Packets of SSI, the Simple Serial Interface of Symbol and Zebra: cut from the stream, made, and named.

Follows the SE-923 integration guide p. 160–171, the GM67 manual V1.1 appendix 6 and the DS9208 guide p. 72 (scanner
protocols §4). A packet is `LEN OPC SRC STAT data… CKH CKL`; LEN counts all but the two bytes of the checksum, which is
the two's complement of the sum of those before it. A scanner may send raw text besides, ended by CR or LF: text is what
is no packet. No text holds the 00 or 04 of SRC, so three bytes tell them apart: the `8` of a code is no LEN for long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TEXT_MAX_BYTES: Final = 4_096
"""Raw text without an end is dropped past this."""
PACKET_MAX_BYTES: Final = 257
DECODER: Final = 0x00
HOST: Final = 0x04
RETRANSMITTED: Final = 0x01
CONTINUED: Final = 0x02
PERMANENT: Final = 0x08
"""Bits of STAT (the last of a host's parameters); others are used differently by different makers."""
CMD_ACK: Final = 0xD0
CMD_NAK: Final = 0xD1
DECODE_DATA: Final = 0xF3
REVISION_REPLY: Final = 0xA4
PARAM_SEND: Final = 0xC6
START_SESSION: Final = 0xE4
STOP_SESSION: Final = 0xE5
BEEP: Final = 0xE6
LED_ON: Final = 0xE7
LED_OFF: Final = 0xE8
SCAN_ENABLE: Final = 0xE9
NAK_RESEND: Final = 0x01
PARAM_TRIGGER_MODE: Final = 0x8A
TRIGGER_HOST: Final = 0x08
PARAM_DATA_FORMAT: Final = 0xEE
FORMAT_PACKETS: Final = 0x01

NAMES: Final = {
    0x12: "custom_defaults", 0x80: "management", 0xA3: "revision_request", REVISION_REPLY: "revision_reply",
    PARAM_SEND: "param_send", 0xC7: "param_request", 0xC8: "param_defaults", CMD_ACK: "ack", CMD_NAK: "nak",
    0xD2: "flush_queue",
    START_SESSION: "start_session", STOP_SESSION: "stop_session", BEEP: "beep", LED_ON: "led_on", LED_OFF: "led_off",
    SCAN_ENABLE: "scan_enable", 0xEA: "scan_disable", 0xEB: "sleep", DECODE_DATA: "decode_data", 0xFA: "reset",
}  # fmt: skip
"""Of opcodes."""
NAK_NAMES: Final = {
    NAK_RESEND: "nak_resend", 0x02: "nak_bad_context", 0x06: "nak_denied", 0x0A: "nak_cancel",
}  # fmt: skip
PARAM_NAMES: Final = {
    (PARAM_TRIGGER_MODE, TRIGGER_HOST): "trigger_mode_host",
    (PARAM_DATA_FORMAT, FORMAT_PACKETS): "decode_data_packeted",
    (PARAM_DATA_FORMAT, 0x00): "decode_data_raw",
}
ACK: Final = bytes.fromhex("04 D0 04 00 FF 28")
NAK: Final = bytes.fromhex("05 D1 04 00 01 FF 25")
"""Send it again."""

_LINE_ENDS: Final = b"\r\n"
_SOURCES: Final = (DECODER, HOST)
_HEADER_BYTES: Final = 3
"""LEN, OPC and SRC."""


@dataclass(frozen=True, slots=True)
class Packet:
    opcode: int
    source: int
    status: int
    data: bytes
    raw: bytes

    @property
    def retransmitted(self) -> bool:
        return bool(self.status & RETRANSMITTED)

    @property
    def continued(self) -> bool:
        """Another packet of the same code follows."""
        return bool(self.status & CONTINUED)


@dataclass(frozen=True, slots=True)
class BadPacket:
    """Its checksum is wrong."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class TextLine:
    """Raw text up to CR or LF; never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Neither."""

    raw: bytes


Piece = Packet | BadPacket | TextLine | Noise


def packet(opcode: int, data: bytes = b"", *, status: int = 0) -> bytes:
    """As the host sends it."""
    body = bytes([4 + len(data), opcode, HOST, status]) + data
    return body + (-sum(body) & 0xFFFF).to_bytes(2, "big")


def fits(raw: Sequence[int]) -> bool:
    """Whether the checksum behind a packet is its own."""
    return (sum(raw[:-2]) + (raw[-2] << 8) + raw[-1]) & 0xFFFF == 0


class PacketBuffer:
    """Every byte is looked at once. Of packets that could overlap the first that ends with a right checksum counts, so
    that damage to a LEN costs no packet behind it."""

    def __init__(self) -> None:
        self.reset()

    @property
    def held_bytes(self) -> int:
        """Waiting for an end; a line end that was told and may open a packet besides does not count."""
        return len(self._held.lstrip(_LINE_ENDS))

    @property
    def untold_bytes(self) -> int:
        """Of those that are held, the ones that were not told as the rest of something damaged."""
        return max(0, self.held_bytes - self._stale)

    def reset(self) -> None:
        self._held = bytearray()
        self._starts: list[int] = []
        """Where in `_held` a packet may have begun."""
        self._due = 0
        """How many bytes are held when the first of them would end."""
        self._clean = True
        """What is held begins where a text may begin."""
        self._stale = 0
        """Bytes at the start of what is held that were told before; they may open a packet still."""

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        for byte in data:
            self._held.append(byte)
            if byte in _SOURCES:
                self._begin()
            if self._starts:
                if len(self._held) == self._due:
                    self._end(pieces)
            elif byte in _LINE_ENDS:
                self._end_text(byte, pieces)
            elif len(self._held) > TEXT_MAX_BYTES:
                self._drop(len(self._held), pieces)
        return pieces

    def _begin(self) -> None:
        if len(self._held) >= _HEADER_BYTES:
            length, opcode, _ = self._held[-_HEADER_BYTES:]
            if length >= 4 and opcode in NAMES:
                self._starts.append(len(self._held) - _HEADER_BYTES)
                self._due = self._first_end()

    def _first_end(self) -> int:
        return min((start + self._held[start] + 2 for start in self._starts), default=0)

    def _end(self, pieces: list[Piece]) -> None:
        size = len(self._held)
        ended = [start for start in self._starts if size - start == self._held[start] + 2]
        for start in ended:
            raw = bytes(self._held[start:])
            if fits(raw):
                if noise := bytes(self._held[self._stale : start]).strip(_LINE_ENDS):
                    pieces.append(Noise(noise))
                pieces.append(Packet(raw[1], raw[2], raw[3], raw[4:-2], raw))
                self.reset()
                return
        # Several may end with the same byte: they are looked at together, since dropping bytes moves all starts.
        first = self._starts[0]
        self._starts = [start for start in self._starts if start not in ended]
        if first in ended:
            pieces.append(BadPacket(bytes(self._held[first:])))
            self._drop(self._starts[0] if self._starts else size, [])
        self._due = self._first_end()

    def _end_text(self, end: int, pieces: list[Piece]) -> None:
        line = bytes(self._held[self._stale :]).strip(_LINE_ENDS)
        if line:
            pieces.append(TextLine(line) if self._clean else Noise(line))
        self._held = bytearray([end])  # it may be the LEN of a packet
        self._clean, self._stale = True, 1

    def _drop(self, size: int, pieces: list[Piece]) -> None:
        """The rest of a text that is too long or of a bad packet is no text; its last two bytes may open a packet."""
        pieces.append(Noise(bytes(self._held[self._stale : size])))
        cut = size if self._starts else max(0, size - (_HEADER_BYTES - 1))
        del self._held[:cut]
        self._starts = [start - cut for start in self._starts]
        self._clean, self._stale = False, size - cut
