"""Whether the check at the end of a frame holds, as config declares it (`hub_config/declared_check.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from string import hexdigits
from typing import Final

from hub_config.declared_check import CHECK_BITS, FORMS, SPANS, CheckRule, check_rule

_BYTE: Final = 0xFF
_SEVEN: Final = 0x7F


@dataclass(frozen=True, slots=True)
class _Crc:
    """By the names of the catalogue of parametrised CRCs; none has a final xor."""

    bits: int
    polynomial: int
    """Mirrored where `mirrored`."""
    start: int
    mirrored: bool


_CRCS: Final[Mapping[str, _Crc]] = {
    "crc8": _Crc(8, 0x07, 0x00, False),
    "crc8-maxim": _Crc(8, 0x8C, 0x00, True),
    "crc16-modbus": _Crc(16, 0xA001, 0xFFFF, True),
    "crc16-arc": _Crc(16, 0xA001, 0x0000, True),
    "crc16-ccitt-false": _Crc(16, 0x1021, 0xFFFF, False),
    "crc16-xmodem": _Crc(16, 0x1021, 0x0000, False),
}


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


def held_by(start: bytes, body: bytes, *, raw: bool = False, bits: tuple[int, ...] = (8, 16)) -> list[str]:
    """Every declaration without columns that this frame would keep, for a person who looks for the right one.

    One frame keeps a wrong one of 8 bits once in 256 times: two or three different frames tell.
    """
    texts = [
        f"{kind} {span} {form}"
        for kind, size in CHECK_BITS.items() if size in bits
        for span in SPANS[: 2 if start else 1]
        for form in FORMS if raw or not form.startswith("raw")
    ]  # fmt: skip
    rules = [
        (text, rule) for text in texts if (rule := check_rule(text)) is not None and _may_end(rule, body)
    ]
    return [text for text, rule in rules if part(rule, start, body).holds]


def _may_end(rule: CheckRule, body: bytes) -> bool:
    return len(body) > rule.size and (
        rule.is_raw or all(byte in hexdigits.encode() for byte in body[-rule.size :])
    )


def check_value(kind: str, span: bytes) -> int:
    if kind == "xor":
        return reduce(xor, span, 0)
    if kind in ("sum", "sum-negated"):
        return (sum(span) if kind == "sum" else -sum(span)) & _BYTE
    return _crc(_CRCS[kind], span)


def _crc(crc: _Crc, span: bytes) -> int:
    value, top = crc.start, 1 << (crc.bits - 1)
    for byte in span:
        value ^= byte if crc.mirrored else byte << (crc.bits - 8)
        for _ in range(8):
            if crc.mirrored:
                value = value >> 1 ^ (crc.polynomial if value & 1 else 0)
            else:
                value = (value << 1 ^ (crc.polynomial if value & top else 0)) & ((1 << crc.bits) - 1)
    return value


def _due(rule: CheckRule, value: int, *, seven_bits: bool) -> bytes:
    raw = value.to_bytes(rule.bytes_of_value, "little" if rule.form == "raw-low-first" else "big")
    if not rule.is_raw:
        digits = raw.hex() if rule.form == "hex-lower" else raw.hex().upper()
        return digits.encode()
    return bytes(byte & _SEVEN for byte in raw) if seven_bits else raw
