"""Datalogic DM3610 / DC3000, a two-head dimensioner for moving items (dimensioners §3; DM3610 manual p. 89–96).

`header [sequence] side delimiter side delimiter side [delimiter unit] [delimiter READY | NOTREADY] [delimiter NODIM_…]
[delimiter volume] [delimiter alibi record] trailer`, what follows the sides in any order. The sides have one width,
zero padded, so what stands before the first side beyond that width is the sequence number (1 to 3 digits); each may
carry its unit. The optional BCC or CRC are two hexadecimal digits right before the trailer (p. 89); how they are made
the manual does not say, so config declares it (`check`), and then each message must hold. Undeclared, such a message is
a fault. So is a heart-beat that config does not name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
from drivers.declared_check import part
from drivers.dimensioners.length import UM_PER_UNIT, Texts, sized
from drivers.listening import Listening
from drivers.reading import Reading
from drivers.records import fault
from hub_config.dimensioners import Dm3610Config
from hub_config.names import Instant

LINE_MAX_BYTES: Final = 256
READY: Final = "READY"
NOT_READY: Final = "NOTREADY"
"""Not legal for trade: what it measured counts for no parcel."""

_SIDE: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
_WIDTH: Final = (2, 7)
"""Of a side; the point counts."""
_REASON: Final = re.compile(r"NODIM_[A-Z0-9_]{1,40}")
_VOLUME: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,3})?")
_ALIBI: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]?){6}([0-9]{10})-([0-9]{14})")
"""MAC address, number, date and time."""
_PARTS_MAX: Final = 8
_DIGITS: Final = 2
"""Of a BCC or CRC."""


@dataclass(frozen=True, slots=True)
class Dm3610Message:
    sequence: str | None
    sides: Texts
    """In the order of the message, as sent."""
    unit: str | None
    ready: bool | None
    """Legal for trade; None where the message does not say."""
    reason: str | None
    """Why there are no dimensions."""
    volume: str | None = None
    """As sent; in which unit is a setting of the device."""
    alibi: str | None = None
    """The number under which its own memory keeps it."""


def parse_message(text: str, delimiter: str) -> Dm3610Message | None:
    """Of what stands between header and trailer; None: no such message."""
    parts = text.split(delimiter)
    if not 3 <= len(parts) <= _PARTS_MAX:
        return None
    first, second, third, *rest = parts
    suffix = next((unit for unit in UM_PER_UNIT if all(one.endswith(unit) for one in parts[:3])), "")
    first, second, third = (one.removesuffix(suffix) for one in (first, second, third))
    width = len(second)
    if len(third) != width or not _WIDTH[0] <= width <= _WIDTH[1] or not 0 <= len(first) - width <= 3:
        return None
    sequence, side = first[: len(first) - width], first[len(first) - width :]
    sides = (side, second, third)
    if not all(_SIDE.fullmatch(one) for one in sides) or not (sequence == "" or sequence.isdecimal()):
        return None
    if len({one.find(".") for one in sides}) != 1:
        return None  # all have one precision
    more = _more(rest)
    if more is None or (suffix and "unit" in more):
        return None
    ready = more.get("ready")
    return Dm3610Message(
        sequence or None, sides, suffix or more.get("unit"), None if ready is None else ready == READY,
        more.get("reason"), more.get("volume"), more.get("alibi"),
    )  # fmt: skip


def _more(fields: Sequence[str]) -> dict[str, str] | None:
    """What follows the sides, by its form; None: something else, or one of them twice."""
    told: dict[str, str] = {}
    for field in fields:
        if field in UM_PER_UNIT:
            name, value = "unit", field
        elif field in (READY, NOT_READY):
            name, value = "ready", field
        elif _REASON.fullmatch(field):
            name, value = "reason", field
        elif (alibi := _ALIBI.fullmatch(field)) is not None:
            name, value = "alibi", alibi[1]
        elif _VOLUME.fullmatch(field):
            name, value = "volume", field
        else:
            return None
        if name in told:
            return None
        told[name] = value
    return told


def without_check(data: bytes, config: Dm3610Config) -> tuple[bytes, str]:
    """What stood between header and trailer, without its check; and why it does not hold, if it does not."""
    if config.check_rule is None:
        return data, ""
    parted = part(config.check_rule, config.header.encode("latin-1", "replace"), data)
    return (parted.data, "") if parted.holds else (data, parted.why)


def why_no_message(data: bytes, config: Dm3610Config) -> str:
    """What to do about one that `parse_message` does not know."""
    bare, digits = data[:-_DIGITS].decode("latin-1"), data[-_DIGITS:]
    hexadecimal = len(digits) == _DIGITS and all(chr(byte) in "0123456789ABCDEFabcdef" for byte in digits)
    if config.check is None and hexadecimal and parse_message(bare, config.delimiter) is not None:
        return "two hexadecimal digits before the trailer; declare how they are made (check), or switch them off there"
    return "no message of three sides; check delimiter and order"


def is_heartbeat(piece: Piece, config: Dm3610Config) -> bool:
    """What it says where nothing has passed for a while."""
    said = config.heartbeat.encode("latin-1", "replace")
    return isinstance(piece, Line) and said in (piece.data, without_check(piece.data, config)[0])


class Dm3610(Listening):
    def __init__(self, config: Dm3610Config) -> None:
        super().__init__(config.id)
        self._config = config
        self._lines = LineBuffer(
            max_bytes=LINE_MAX_BYTES,
            terminators=(config.trailer.encode("latin-1", "replace"),),
            prefix=config.header.encode("latin-1", "replace"),
        )

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        pieces = self._lines.feed(data)
        return [self._piece(piece, at) for piece in pieces if not is_heartbeat(piece, self._config)]

    def _piece(self, piece: Piece, at: Instant) -> Reading:
        config = self._config
        if not isinstance(piece, Line):
            return fault(config.id, at, "bytes that are no message; check header and trailer", piece.head)
        data, wrong = without_check(piece.data, config)
        told = None if wrong else parse_message(data.decode("latin-1"), config.delimiter)
        if told is None:
            return fault(config.id, at, wrong or why_no_message(piece.data, config), piece.data)
        named = dict(zip(config.order, told.sides, strict=True))
        texts = (named["length"], named["width"], named["height"])
        record = None if told.sequence is None else int(told.sequence)
        good = told.ready is not False and told.reason is None
        status = told.reason or (None if told.ready is None else READY if told.ready else NOT_READY)
        return sized(config, at, texts, told.unit or config.unit, record, status=status, good=good)
