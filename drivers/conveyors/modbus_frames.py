"""How a Modbus PDU goes over the wire (conveyor-io §3): with the MBAP header over TCP, with a CRC over a serial line.

TCP: transaction, protocol 0, length of what follows, unit. A stream with another protocol or an impossible length can't
be read on: only a new connection begins at a frame. RTU: unit, PDU, CRC with its low byte first; silence parts frames.
"""

from dataclasses import dataclass
from typing import Final

from drivers.conveyors.modbus_pdu import (
    BIT_READS,
    PDU_MAX_BYTES,
    REFUSED,
    WORD_READS,
    WRITE_COIL,
    WRITE_REGISTER,
    WRITES,
)

HEADER_BYTES: Final = 6
"""Up to and with the length."""
FRAME_MAX_BYTES: Final = HEADER_BYTES + 1 + PDU_MAX_BYTES
RTU_MAX_BYTES: Final = 1 + PDU_MAX_BYTES + 2
RTU_MIN_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class TcpFrame:
    transaction: int
    unit: int
    pdu: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No frame can begin here."""

    why: str
    head: bytes


class TcpFrames:
    """Bytes in, in any cut; whole frames out. After an unreadable header everything is dropped."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._lost = False

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def feed(self, data: bytes) -> list[TcpFrame | Unreadable]:
        found: list[TcpFrame | Unreadable] = []
        if self._lost:
            return found
        self._held += data
        while len(self._held) >= HEADER_BYTES:
            protocol, length = (int.from_bytes(self._held[at : at + 2], "big") for at in (2, 4))
            if protocol or not 2 <= length <= 1 + PDU_MAX_BYTES:
                why = f"protocol {protocol}" if protocol else f"length {length}"
                found.append(Unreadable(why, bytes(self._held[:64])))
                self._held.clear()
                self._lost = True
                break
            end = HEADER_BYTES + length
            if len(self._held) < end:
                break
            transaction = int.from_bytes(self._held[:2], "big")
            found.append(TcpFrame(transaction, self._held[6], bytes(self._held[7:end])))
            del self._held[:end]
        return found


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    header = transaction.to_bytes(2, "big") + b"\x00\x00" + (len(pdu) + 1).to_bytes(2, "big")
    return header + bytes((unit,)) + pdu


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC: Final = tuple(_crc_of_byte(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """Polynomial A001h reflected, from FFFFh on."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    body = bytes((unit,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


def is_whole(frame: bytes) -> bool:
    """Its CRC fits."""
    return len(frame) >= RTU_MIN_BYTES and crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


def rtu_lengths(data: bytes) -> tuple[int, ...]:
    """How long a frame may be that begins so, as a request or as an answer; the shorter first. Empty: it is none, or
    too little is there to say."""
    if len(data) < 3:
        return ()
    fc = data[1]
    if fc & REFUSED:
        return (5,)
    if fc in BIT_READS or fc in WORD_READS:
        return tuple(sorted({8, 5 + data[2]}))
    if fc in (WRITE_COIL, WRITE_REGISTER):
        return (8,)
    if fc in WRITES:
        return (8, 9 + data[6]) if len(data) > 6 else (8,)
    return ()
