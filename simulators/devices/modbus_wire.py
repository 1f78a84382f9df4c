"""The wire of a simulated Modbus server, made from the tables of conveyor-io §3: MBAP for TCP, CRC for serial lines."""

import struct
from typing import Final

HELD_MAX: Final = 1_024


def crc(data: bytes) -> bytes:
    """Bit by bit, as the manual writes it: polynomial A001, start FFFF, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value, out = value >> 1, value & 1
            if out:
                value ^= 0xA001
    return struct.pack("<H", value)


class MbapWire:
    def __init__(self) -> None:
        self._held = b""

    def hear(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Transaction, unit and PDU of each request."""
        self._held = (self._held + data)[-HELD_MAX:]
        found = []
        while len(self._held) >= 7:
            transaction, _, length, unit = struct.unpack(">HHHB", self._held[:7])
            if len(self._held) < 6 + length:
                break
            found.append((transaction, unit, self._held[7 : 6 + length]))
            self._held = self._held[6 + length :]
        return found

    def say(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


class RtuWire:
    """A master's requests are told apart by their length: eight bytes, or those of a write of several."""

    def __init__(self) -> None:
        self._held = b""

    def hear(self, data: bytes) -> list[tuple[int, int, bytes]]:
        self._held = (self._held + data)[-HELD_MAX:]
        found = []
        while len(self._held) >= 8:
            several = self._held[1] in (0x0F, 0x10)
            length = 9 + self._held[6] if several else 8
            if len(self._held) < length:
                break
            frame, self._held = self._held[:length], self._held[length:]
            if crc(frame[:-2]) == frame[-2:]:
                found.append((0, frame[0], frame[1:-2]))
        return found

    def say(self, _transaction: int, unit: int, pdu: bytes) -> bytes:
        body = bytes((unit,)) + pdu
        return body + crc(body)
