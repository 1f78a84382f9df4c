"""Whether the check at the end of a frame holds, as config declares it (`hub_config/declared_check.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from hub_config.declared_check import CHECK_BITS, FORMS, SPANS, CheckRule, check_rule

_BYTE: Final = 0xFF
_SEVEN: Final = 0x7F
_HEX_DIGITS: Final = b"0123456789ABCDEFabcdef"


@dataclass(frozen=True, slots=True)
class _Crc:
    bits: int
    start: int
    mirrored: bool
    table: tuple[int, ...]
    """What each byte makes of nothing."""


def _crc_of(bits: int, polynomial: int, start: int, *, mirrored: bool) -> _Crc:
    """`polynomial`: mirrored where `mirrored`. None has a final xor."""
    table, top, mask = [0], 1 if mirrored else 1 << (bits - 1), (1 << bits) - 1
    for bit in range(8):
        value = 1 << bit if mirrored else 1 << (bit + bits - 8)
        for _ in range(8):
            turned = polynomial if value & top else 0
            value = value >> 1 ^ turned if mirrored else (value << 1 ^ turned) & mask
        table += [value ^ below for below in table]  # what two bytes make together is what each makes
    return _Crc(bits, start, mirrored, tuple(table))


_CRCS: Final[Mapping[str, _Crc]] = {
    "crc8": _crc_of(8, 0x07, 0x00, mirrored=False),
    "crc8-maxim": _crc_of(8, 0x8C, 0x00, mirrored=True),
    "crc16-modbus": _crc_of(16, 0xA001, 0xFFFF, mirrored=True),
    "crc16-arc": _crc_of(16, 0xA001, 0x0000, mirrored=True),
    "crc16-ccitt-false": _crc_of(16, 0x1021, 0xFFFF, mirrored=False),
    "crc16-xmodem": _crc_of(16, 0x1021, 0x0000, mirrored=False),
}
"""By the names of the catalogue of parametrised CRCs."""


@dataclass(frozen=True, slots=True)
class Parted:
    """What stood between start and end."""

    data: bytes
    check: bytes
    due: bytes
    """As it would have to stand there."""
    holds: bool
    is_raw: bool

    @property
    def wanted(self) -> str:
        return self._shown(self.due)

    @property
    def why(self) -> str:
        """That it does not hold, and what to do."""
        return f"the check is {self._shown(self.check)}, {self.wanted} is due; damaged, or correct check"

    def _shown(self, data: bytes) -> str:
        text = data.decode("latin-1")
        return text if not self.is_raw and text.isprintable() and text else data.hex(" ") or "missing"


def part(rule: CheckRule, start: bytes, body: bytes, *, seven_bits: bool = False) -> Parted:
    """`body`: between start and end, with its check. `seven_bits`: bit 7 of what came is 0, whatever was sent."""
    data, check = body[: max(len(body) - rule.size, 0)], body[max(len(body) - rule.size, 0) :]
    frame = start + data
    whole = rule.last is None or len(frame) >= rule.last
    span = frame[rule.first - 1 : rule.last] if rule.first is not None else frame if rule.from_start else data
    due = _due(rule, check_value(rule.kind, span), seven_bits=seven_bits)
    return Parted(data, check, due, whole and check == due, rule.is_raw)


_TRIED: Final = tuple(
    (text, rule, CHECK_BITS[kind], rule.size, rule.is_raw)
    for kind in CHECK_BITS
    for span in SPANS
    for form in FORMS
    if (rule := check_rule(text := f"{kind} {span} {form}")) is not None
)


def held_by(start: bytes, body: bytes, *, raw: bool = False, bits: tuple[int, ...] = (8, 16)) -> list[str]:
    """Every declaration without columns that this frame would keep, for a person who looks for the right one.

    One frame keeps a wrong one of 8 bits once in 256 times: two or three different frames tell.
    """
    held: list[str] = []
    values: dict[tuple[str, bool, int], int] = {}
    room, digits = len(body) - 1, len(body) - len(body.rstrip(_HEX_DIGITS))
    for text, rule, width, size, is_raw in _TRIED:
        if width not in bits or size > (room if is_raw else min(room, digits)):
            continue
        if (is_raw and not raw) or (rule.from_start and not start):
            continue
        data, key = body[:-size], (rule.kind, rule.from_start, size)
        if key not in values:
            values[key] = check_value(rule.kind, start + data if rule.from_start else data)
        if _due(rule, values[key], seven_bits=False) == body[-size:]:
            held.append(text)
    return held


def check_value(kind: str, span: bytes) -> int:
    if kind == "xor":
        return reduce(xor, span, 0)
    if kind in ("sum", "sum-negated"):
        return (sum(span) if kind == "sum" else -sum(span)) & _BYTE
    return _crc(_CRCS[kind], span)


def _crc(crc: _Crc, span: bytes) -> int:
    value, table = crc.start, crc.table
    if crc.mirrored:
        for byte in span:
            value = value >> 8 ^ table[(value ^ byte) & _BYTE]
        return value
    mask, shift = (1 << crc.bits) - 1, crc.bits - 8
    for byte in span:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value


def _due(rule: CheckRule, value: int, *, seven_bits: bool) -> bytes:
    raw = value.to_bytes(rule.bytes_of_value, "little" if rule.form == "raw-low-first" else "big")
    if not rule.is_raw:
        digits = raw.hex() if rule.form == "hex-lower" else raw.hex().upper()
        return digits.encode()
    return bytes(byte & _SEVEN for byte in raw) if seven_bits else raw
