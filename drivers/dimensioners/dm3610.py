"""Datalogic DM3610 / DC3000, a two-head dimensioner for moving items (dimensioners §3; DM3610 manual p. 89–96).

`header [sequence] side delimiter side delimiter side [delimiter unit] [delimiter READY | NOTREADY] [delimiter NODIM_…]
trailer`. The sides have one width, zero padded, so what stands before the first side beyond that width is the sequence
number (1 to 3 digits). A message with the optional BCC or CRC is not understood: no frame of one was seen.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.buffers import Line, LineBuffer, Piece
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


def parse_message(text: str, delimiter: str) -> Dm3610Message | None:
    """Of what stands between header and trailer; None: no such message."""
    parts = text.split(delimiter)
    if len(parts) < 3 or len(parts) > 6:
        return None
    first, second, third, *rest = parts
    width = len(second)
    if len(third) != width or not _WIDTH[0] <= width <= _WIDTH[1] or not 0 <= len(first) - width <= 3:
        return None
    sequence, side = first[: len(first) - width], first[len(first) - width :]
    sides = (side, second, third)
    if not all(_SIDE.fullmatch(one) for one in sides) or not (sequence == "" or sequence.isdecimal()):
        return None
    if len({one.find(".") for one in sides}) != 1:
        return None  # all have one precision
    unit = rest.pop(0) if rest and rest[0] in UM_PER_UNIT else None
    ready = {READY: True, NOT_READY: False}.get(rest[0]) if rest else None
    rest = rest if ready is None else rest[1:]
    reason = rest.pop(0) if rest and _REASON.fullmatch(rest[0]) else None
    return None if rest else Dm3610Message(sequence or None, sides, unit, ready, reason)


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
        return [self._piece(piece, at) for piece in self._lines.feed(data)]

    def _piece(self, piece: Piece, at: Instant) -> Reading:
        config = self._config
        if not isinstance(piece, Line):
            return fault(config.id, at, "bytes that are no message; check header and trailer", piece.head)
        told = parse_message(piece.data.decode("latin-1"), config.delimiter)
        if told is None:
            return fault(config.id, at, "no message of three sides; check delimiter and order", piece.data)
        named = dict(zip(config.order, told.sides, strict=True))
        texts = (named["length"], named["width"], named["height"])
        record = None if told.sequence is None else int(told.sequence)
        good = told.ready is not False and told.reason is None
        status = told.reason or (None if told.ready is None else READY if told.ready else NOT_READY)
        return sized(config, at, texts, told.unit or config.unit, record, status=status, good=good)
