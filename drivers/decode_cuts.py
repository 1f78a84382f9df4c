"""Which bytes of a frame say what, for `hub decode`: a frame's layout where its manual has fixed places, else where in
it the values are that were understood. What is left is shown as it is, control characters by their names.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from drivers.decode_scale_cuts import SCALE_LAYOUTS
from drivers.meanings import Meaning
from drivers.printers.zpl_status import STRING_FIELDS
from hub_config.plc import USUAL

CONTROLS: Final = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI", "DLE",
    "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
SHOWN_BYTES: Final = 4_096
"""Of a frame; the rest is not cut."""

_DIGITS: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_QUIET: Final = ("kind", "raw", "detail", "cut", "note", "mass_mg")
"""Keys that no bytes of the frame are."""


@dataclass(frozen=True, slots=True)
class Place:
    """`first` and `end` count from 0; `end` is the byte behind it."""

    first: int
    end: int
    name: str
    means: str = ""


def cut(protocol: str, frame: bytes, meaning: Meaning) -> list[Meaning]:
    """The bytes of one frame in order, none left out; in the keys that `hub decode --grammar` has."""
    frame = frame[:SHOWN_BYTES]
    layout = _LAYOUTS.get(protocol)
    places = list(layout(frame)) if layout is not None else []
    if not places or places[-1].end > len(frame):
        places = _found(frame, meaning)
    return [_shown(frame, place) for place in _whole(frame, places)]


def _found(frame: bytes, meaning: Meaning) -> list[Place]:
    """Where the values stand that were understood; each byte is of one at most, the longest first."""
    text = frame.decode("latin-1")
    wanted = sorted(_values(meaning), key=lambda one: -len(one[1]))
    if len(wanted) > 1:  # its parts say more than the whole
        wanted = [one for one in wanted if one[1] != text.strip()] or wanted
    taken: list[Place] = []
    for key, value in wanted:
        for first, end in _finds(key, value, text):
            if all(end <= one.first or first >= one.end for one in taken):
                taken.append(Place(first, end, f"({key})" if key.isdigit() else key, value))
                break
    return sorted(taken, key=lambda place: place.first)


def _values(meaning: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in meaning.items():
        if isinstance(value, Mapping):
            yield from _values(value)
        elif isinstance(value, list):
            yield from ((key, one) for one in value if isinstance(one, str) and one)
        elif isinstance(value, str) and value and key not in _QUIET:
            yield key, value
        elif isinstance(value, int) and not isinstance(value, bool) and key not in _QUIET:
            yield key, str(value)


def _finds(key: str, value: str, text: str) -> Iterator[tuple[int, int]]:
    """A number may have a sign, blanks and zeros before it on the wire; an element of GS1 stands behind its AI."""
    patterns = [f"(?i:{re.escape(value)})"]
    if key.isdigit():
        patterns.insert(0, re.escape(key + value))
    if _DIGITS.fullmatch(value) is not None:
        sign = r"- *" if value.startswith("-") else r"[+]? *"
        patterns.insert(0, rf"(?<![0-9.]){sign}0*{re.escape(value.removeprefix('-'))}(?![0-9])")
    for pattern in patterns:
        yield from (found.span() for found in re.finditer(pattern, text))


def _whole(frame: bytes, places: list[Place]) -> Iterator[Place]:
    """With what lies between: each control character by itself, the rest as runs."""
    marks = [Place(0, 0, ""), *places, Place(len(frame), len(frame), "")]
    for before, place in pairwise(marks):
        yield from _between(frame, before.end, place.first)
        if place.end > place.first:
            yield place


def _between(frame: bytes, first: int, end: int) -> Iterator[Place]:
    start = first
    for at in range(first, end):
        control = _control(frame[at])
        if control is not None:
            if start < at:
                yield Place(start, at, "-")
            yield Place(at, at + 1, control)
            start = at + 1
    if start < end:
        yield Place(start, end, "-")


def _control(byte: int) -> str | None:
    if byte == 0x7F:
        return "DEL"
    return CONTROLS[byte] if byte < 0x20 else None


def _shown(frame: bytes, place: Place) -> Meaning:
    data = frame[place.first : place.end]
    columns = str(place.first + 1) if len(data) == 1 else f"{place.first + 1}-{place.end}"
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
    return {"columns": columns, "field": place.name, "hex": data.hex(" "), "text": text, "means": place.means}


# Layouts with fixed places --------------------------------------------------------------------------


def _in_turn(*parts: tuple[str, int]) -> Iterator[Place]:
    first = 0
    for name, size in parts:
        yield Place(first, first + size, name)
        first += size


def _ssi(frame: bytes) -> Iterator[Place]:
    rest = len(frame) - 6
    if rest >= 0:
        data = [("code type", 1), ("code", rest - 1)] if frame[1] == 0xF3 and rest > 1 else [("data", rest)]
        known = [("length", 1), ("opcode", 1), ("source", 1), ("status", 1), *data, ("checksum", 2)]
        yield from _in_turn(*((name, size) for name, size in known if size))


def _hid(frame: bytes) -> Iterator[Place]:
    if len(frame) == 6:
        yield from _in_turn(("report", 1), ("status", 1), ("unit", 1), ("exponent", 1), ("raw weight", 2))


def _of_scale(parts: Callable[[bytes], Sequence[tuple[str, int, str]]]) -> Callable[[bytes], Iterator[Place]]:
    def layout(frame: bytes) -> Iterator[Place]:
        first = 0
        for name, size, means in parts(frame):
            yield Place(first, first + size, name, means)
            first += size

    return layout


def _modbus_tcp(frame: bytes) -> Iterator[Place]:
    if len(frame) > 8:
        yield from _in_turn(
            ("transaction", 2),
            ("protocol", 2),
            ("length", 2),
            ("unit", 1),
            ("function", 1),
            ("data", len(frame) - 8),
        )


def _modbus_rtu(frame: bytes) -> Iterator[Place]:
    if len(frame) > 4:
        yield from _in_turn(("unit", 1), ("function", 1), ("data", len(frame) - 4), ("CRC", 2))


def _modbus_pdu(frame: bytes) -> Iterator[Place]:
    if len(frame) > 1:
        yield from _in_turn(("function", 1), ("data", len(frame) - 1))


def _plc(frame: bytes) -> Iterator[Place]:
    """In the usual layout of the telegrams; another is where its values are found."""
    for one in USUAL:
        if frame[1 : 1 + len(one.code)] == one.code.encode() and len(frame) == one.chars + 2:
            fields = [(field.name, field.width) for field in one.specs]
            yield from _in_turn(("start", 1), ("code", len(one.code)), *fields, ("end", 1))


def _interroll(frame: bytes) -> Iterator[Place]:
    """Inputs of a MultiControl up to the currents, and what is behind them as it is."""
    if len(frame) >= 16:
        speeds = [(f"speed {motor}", 1) for motor in range(1, 5)]
        currents = [(f"current {motor}", 2) for motor in range(1, 5)]
        more = [("supply, temperature, uptime", len(frame) - 16)] if len(frame) > 16 else []
        parts = [("sensors", 1), ("I/O", 1), ("motor errors", 1), *speeds, ("spare", 1), *currents, *more]
        yield from _in_turn(*parts)


def _wedge(frame: bytes) -> Iterator[Place]:
    if len(frame) % 24 == 0:
        for first in range(0, len(frame), 24):
            for name, at, size in (
                ("seconds", 0, 8),
                ("µs", 8, 8),
                ("type", 16, 2),
                ("key", 18, 2),
                ("value", 20, 4),
            ):
                yield Place(first + at, first + at + size, name)


def _zpl_status(frame: bytes) -> Iterator[Place]:
    """The fields of the string that it is, by their number."""
    fields = frame[1:].split(b"\x03")[0].split(b",")
    names = STRING_FIELDS.get(len(fields))
    if names is not None:
        first = 1
        for name, field in zip(names, fields, strict=True):
            yield Place(first, first + len(field), name, field.decode("latin-1"))
            first += len(field) + 1


_LAYOUTS: Final[Mapping[str, Callable[[bytes], Iterator[Place]]]] = {
    "ssi": _ssi,
    "hid-scale": _hid,
    **{name: _of_scale(layout) for name, layout in SCALE_LAYOUTS.items()},
    "modbus-tcp": _modbus_tcp,
    "conveylinx": _modbus_tcp,
    "modbus-rtu": _modbus_rtu,
    "modbus-pdu": _modbus_pdu,
    "interroll-multicontrol": _interroll,
    "plc-wcs": _plc,
    "evdev-wedge": _wedge,
    "zpl-status": _zpl_status,
}
