"""Modbus PDUs by function code, both ways (conveyor-io §3): requests and answers as values, and as bytes.

Addresses are those of the wire: the reference of a maker's list less one, where that list begins at 1. Bits go with
the least significant first, words with the high byte first. A PDU that does not have the shape of its function code
is None: nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

READ_COILS: Final = 0x01
READ_INPUTS: Final = 0x02
READ_HOLDING: Final = 0x03
READ_REGISTERS: Final = 0x04
WRITE_COIL: Final = 0x05
WRITE_REGISTER: Final = 0x06
WRITE_COILS: Final = 0x0F
WRITE_REGISTERS: Final = 0x10

BIT_READS: Final = (READ_COILS, READ_INPUTS)
WORD_READS: Final = (READ_HOLDING, READ_REGISTERS)
WRITES: Final = (WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS)

BITS_MAX: Final = 2_000
"""Of one read."""
WORDS_MAX: Final = 125
BITS_WRITTEN_MAX: Final = 1_968
"""Of one write (7B0h in the public specification)."""
WORDS_WRITTEN_MAX: Final = 123
PDU_MAX_BYTES: Final = 253

REFUSED: Final = 0x80
"""Added to the function code of an exception."""
EXCEPTIONS: Final[Mapping[int, str]] = {
    0x01: "illegal_function",
    0x02: "illegal_data_address",
    0x03: "illegal_data_value",
    0x04: "server_device_failure",
    0x05: "acknowledge",
    0x06: "server_device_busy",
    0x08: "memory_parity_error",
    0x0A: "gateway_path_unavailable",
    0x0B: "gateway_target_failed",
}

_ON: Final = b"\xff\x00"
_OFF: Final = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Read:
    """Bits or words from an address on."""

    fc: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    """Coils (0 or 1) or words to an address and those behind it."""

    fc: int
    address: int
    values: tuple[int, ...]


Request = Read | Write


@dataclass(frozen=True, slots=True)
class Bits:
    """The answer does not say how many of the bits in its last byte were asked for; those that were not are 0."""

    fc: int
    data: bytes

    @property
    def sure(self) -> int:
        """How many there are at the least."""
        return max(8 * (len(self.data) - 1) + 1, int.from_bytes(self.data, "little").bit_length())

    def first(self, count: int) -> tuple[bool, ...]:
        """As many as that; of more than there are, all."""
        told = int.from_bytes(self.data, "little")
        return tuple(bool(told >> place & 1) for place in range(min(count, 8 * len(self.data))))


@dataclass(frozen=True, slots=True)
class Words:
    fc: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """`value`: of a single coil or register, which is echoed; of several only the count is."""

    fc: int
    address: int
    count: int
    value: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    fc: int
    """Of the request."""
    code: int

    @property
    def why(self) -> str:
        return EXCEPTIONS.get(self.code, "unknown_exception")


Answer = Bits | Words | Written | Refused


def request_bytes(request: Request) -> bytes:
    """The PDU. Raises ValueError for more than one PDU may hold."""
    match request:
        case Read(fc, address, count):
            limit = BITS_MAX if fc in BIT_READS else WORDS_MAX
            if not 0 < count <= limit:
                raise ValueError(f"{count} values in one read; 1 to {limit} are possible")
            return bytes((fc,)) + _word(address) + _word(count)
        case Write(fc, address, values):
            return bytes((fc,)) + _word(address) + _written(fc, values)


def _written(fc: int, values: tuple[int, ...]) -> bytes:
    if fc == WRITE_COIL:
        return _ON if values[0] else _OFF
    if fc == WRITE_REGISTER:
        return _word(values[0])
    limit = BITS_WRITTEN_MAX if fc == WRITE_COILS else WORDS_WRITTEN_MAX
    if not 0 < len(values) <= limit:
        raise ValueError(f"{len(values)} values in one write; 1 to {limit} are possible")
    if fc == WRITE_COILS:
        packed = sum(bool(value) << place for place, value in enumerate(values))
        data = packed.to_bytes((len(values) + 7) // 8, "little")
    else:
        data = b"".join(_word(value) for value in values)
    return _word(len(values)) + bytes((len(data),)) + data


def parse_request(pdu: bytes) -> Request | None:
    if len(pdu) < 5:
        return None
    fc, address, rest = pdu[0], int.from_bytes(pdu[1:3], "big"), pdu[3:]
    value = int.from_bytes(rest[:2], "big")
    if fc in BIT_READS or fc in WORD_READS:
        limit = BITS_MAX if fc in BIT_READS else WORDS_MAX
        return Read(fc, address, value) if len(rest) == 2 and 0 < value <= limit else None
    if fc == WRITE_COIL:
        return Write(fc, address, (int(rest == _ON),)) if rest in (_ON, _OFF) else None
    if fc == WRITE_REGISTER:
        return Write(fc, address, (value,)) if len(rest) == 2 else None
    if fc not in WRITES or len(rest) < 3:
        return None
    size = value * 2 if fc == WRITE_REGISTERS else (value + 7) // 8
    limit = WORDS_WRITTEN_MAX if fc == WRITE_REGISTERS else BITS_WRITTEN_MAX
    if not 0 < value <= limit or rest[2] != size or len(rest) != 3 + size:
        return None
    data = rest[3:]
    if fc == WRITE_REGISTERS:
        return Write(fc, address, _words(data))
    return Write(fc, address, tuple(int(bit) for bit in Bits(fc, data).first(value)))


def parse_answer(pdu: bytes) -> Answer | None:
    if len(pdu) < 2:
        return None
    fc = pdu[0]
    if fc & REFUSED:
        return Refused(fc - REFUSED, pdu[1]) if len(pdu) == 2 else None
    if fc in BIT_READS or fc in WORD_READS:
        data = pdu[2:]
        if not data or pdu[1] != len(data):
            return None
        if fc in BIT_READS:
            return Bits(fc, data)
        return Words(fc, _words(data)) if len(data) % 2 == 0 else None
    if fc not in WRITES or len(pdu) != 5:
        return None
    address, value = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:], "big")
    if fc == WRITE_COIL:
        return Written(fc, address, 1, int(value > 0)) if pdu[3:] in (_ON, _OFF) else None
    if fc == WRITE_REGISTER:
        return Written(fc, address, 1, value)
    limit = WORDS_WRITTEN_MAX if fc == WRITE_REGISTERS else BITS_WRITTEN_MAX
    return Written(fc, address, value, None) if 0 < value <= limit else None


def is_answer_to(answer: Answer, request: Request) -> bool:
    """It is of the same function code, and of the size, place and value that were asked for."""
    if answer.fc != request.fc:
        return False
    match answer, request:
        case Refused(), _:
            return True
        case Bits(_, data), Read(_, _, count):
            return len(data) == (count + 7) // 8
        case Words(_, values), Read(_, _, count):
            return len(values) == count
        case Written(_, address, count, value), Write(_, place, values):
            return address == place and count == len(values) and value in (None, values[0])
        case _:
            return False


def _word(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _words(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))
