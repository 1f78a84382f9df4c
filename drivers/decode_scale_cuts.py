"""Frames of scales with fixed places, cut for `hub decode`: each byte's name, and what the bits of a status byte say.

A layout gives the parts of one frame in order, or none if the frame has another shape.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Part = tuple[str, int, str]
"""Name, length in bytes, what it means."""
Layout = Callable[[bytes], Sequence[Part]]

_TOLEDO_BITS: Final = (
    "in motion", "over capacity", "under zero", "outside zero range", "centre of zero", "net",
)  # fmt: skip
_SWB_BITS: Final = ("net", "negative", "out of range", "in motion", "kg", "", "zero not captured")
_SWC_UNITS: Final = ("kg or lb by SWB", "g", "t", "oz", "", "", "short ton", "no unit")
_SWC_BITS: Final = ("", "", "", "print request", "expanded")
_NCI_BITS: Final = (
    ("in motion", "at zero", "RAM error", "EEPROM error"),
    ("under capacity", "over capacity", "ROM error", "calibration error"),
    ("", "", "net", "initial zero error"),
    ("weight change", "zero detected", "metric"),
)  # fmt: skip
_NCI: Final = re.compile(rb"(?:(\n)([ +\-0-9.^_]+)([A-Za-z ]*)(\r))?(\n)(S?)([ -\x7f]{1,4})(\r)(\x03)")
_TOLEDO: Final = re.compile(rb"(\x02)([ 0-9.]+)(N?)(\r)")


def _bits(byte: int, names: Sequence[str]) -> str:
    return ", ".join(name for place, name in enumerate(names) if name and byte >> place & 1)


def _toledo(frame: bytes) -> Sequence[Part]:
    if len(frame) == 4 and frame[:2] == b"\x02?":
        return [
            ("STX", 1, ""),
            ("no weight", 1, ""),
            ("status", 1, _bits(frame[2], _TOLEDO_BITS)),
            ("CR", 1, ""),
        ]
    found = _TOLEDO.fullmatch(frame)
    return [] if found is None else _spans(found, ("STX", "value", "net", "CR"))


def _continuous(tare: int) -> Layout:
    def layout(frame: bytes) -> Sequence[Part]:
        size = 11 + tare
        if len(frame) not in (size, size + 1) or frame[:1] != b"\x02":
            return []
        swa, swb, swc = frame[1:4]
        factor = ("× 100", "× 10", "× 1", "× 0.1", "× 0.01", "× 0.001", "× 0.0001", "× 0.00001")[swa & 7]
        step = ("", ", increment 1", ", increment 2", ", increment 5")[swa >> 3 & 3]
        unit = ", ".join(part for part in (_SWC_UNITS[swc & 7], _bits(swc, _SWC_BITS)) if part)
        parts = [
            ("STX", 1, ""), ("SWA", 1, factor + step), ("SWB", 1, _bits(swb, _SWB_BITS)), ("SWC", 1, unit),
            ("weight", 6, ""), ("tare", tare, ""), ("CR", 1, ""), ("checksum", len(frame) - size, ""),
        ]  # fmt: skip
        return [part for part in parts if part[1]]

    return layout


def _sma(frame: bytes) -> Sequence[Part]:
    if len(frame) != 20 or frame[:1] != b"\n":
        return []
    names = ("LF", "status", "range", "mode", "motion", "reserved", "value", "unit", "CR")
    return list(zip(names, (1, 1, 1, 1, 1, 1, 10, 3, 1), ("",) * len(names), strict=True))


def _nci(frame: bytes) -> Sequence[Part]:
    found = _NCI.fullmatch(frame)
    if found is None:
        return []
    names = ("LF", "value", "unit", "CR", "LF", "S", "status", "CR", "ETX")
    whole = _spans(found, names)
    place = next(number for number, part in enumerate(whole) if part[0] == "status")
    single = [
        (f"status {number}", 1, _bits(byte, bits))
        for number, (byte, bits) in enumerate(zip(found[7], _NCI_BITS, strict=False), start=1)
    ]
    return [*whole[:place], *single, *whole[place + 1 :]]


def _ricelake(frame: bytes) -> Sequence[Part]:
    if len(frame) not in (13, 14) or frame[:1] != b"\x02" or frame[12:] not in (b"\r", b"\r\n"):
        return []
    end = [("CR", 1, ""), ("LF", 1, "")][: len(frame) - 12]
    known = [
        ("STX", 1, ""),
        ("sign", 1, ""),
        ("value", 7, ""),
        ("unit", 1, ""),
        ("mode", 1, ""),
        ("status", 1, ""),
    ]
    return [*known, *end]


def _cardinal(frame: bytes) -> Sequence[Part]:
    if len(frame) != 17 or frame[:1] != b"\r" or frame[-1:] != b"\x03":
        return []
    return [
        ("CR", 1, ""), ("sign", 1, ""), ("value", 6, ""), ("status", 1, ""), ("-", 1, ""), ("unit", 2, ""),
        ("-", 1, ""), ("mode", 1, ""), ("-", 2, ""), ("ETX", 1, ""),
    ]  # fmt: skip


def _wi(frame: bytes) -> Sequence[Part]:
    if len(frame) != 14 or frame[:1] != b" " or frame[-2:] != b"\r\n":
        return []
    return [
        ("-", 1, ""), ("mode", 1, ""), ("sign", 1, ""), ("value", 6, ""), ("-", 1, ""), ("unit", 2, ""),
        ("CR", 1, ""), ("LF", 1, ""),
    ]  # fmt: skip


def _cas_ap1(frame: bytes) -> Sequence[Part]:
    """A weight, or one between its prices."""
    if frame[:2] != b"\x01\x02" or len(frame) not in (15, 37):
        return []
    priced = len(frame) == 37
    means = {b"S": "stable", b"U": "in motion"}.get(frame[13:14] if priced else frame[2:3], "")
    check, price, unit_price = [("check", 1, ""), ("ETX", 1, "")], ("price", 8, ""), ("unit price", 8, "")
    fields = [("status", 1, means), ("sign", 1, ""), ("value", 6, ""), ("unit", 2, "")]
    blocks = [[price], fields, [unit_price]] if priced else [fields]
    inner = [part for block in blocks for part in (("STX", 1, ""), *block, *check)]
    return [("SOH", 1, ""), *inner, ("EOT", 1, "")]


def _spans(found: "re.Match[bytes]", names: Sequence[str]) -> list[Part]:
    """Of the groups that are there."""
    groups = ((name, len(group or b"")) for name, group in zip(names, found.groups(), strict=True))
    return [(name, size, "") for name, size in groups if size]


SCALE_LAYOUTS: Final[Mapping[str, Layout]] = {
    "toledo-8217": _toledo,
    "toledo-8217-benchpro": _toledo,
    "mt-continuous": _continuous(6),
    "mt-continuous-short": _continuous(0),
    "sma": _sma,
    "nci": _nci,
    "ricelake-stream": _ricelake,
    "cardinal-stream": _cardinal,
    "wi-stream": _wi,
    "cas-ap1": _cas_ap1,
}
"""By the names of `hub decode`."""
