"""A line buffer: bytes in, in any cut; whole lines out.

Any of the given terminators ends a line; empty lines vanish, so that CR, LF and CR LF all end a line even where a
read falls between CR and LF. A prefix, where one is configured, must open every line. The buffer is bounded: a line
past `max_bytes` is told once as `TooLong` and dropped up to the next terminator. No byte is searched twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub_config.value import value

ANY_LINE_END: Final = (b"\r", b"\n")
"""CR, LF and CR LF: the empty line inside CR LF vanishes."""
HEAD_BYTES: Final = 64
"""How much of a dropped line is kept to show."""
CHUNK_BYTES: Final = 4_096
"""Longer input is taken in pieces of this size, so that the buffer never exceeds `max_bytes` by more than that."""
SEVEN_BITS: Final = bytes(byte & 0x7F for byte in range(256))
"""For `bytes.translate`: bit 7 is no data but the parity of a line that was opened with 8 data bits."""

_FIRST_PRINTABLE: Final = 0x20


@value
class Line:
    """What stood between prefix and terminator; never empty."""

    data: bytes
    end: bytes = field(default=b"", compare=False)
    """The terminator that ended it."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """Said when the bound is passed, before the end of the line is seen."""

    head: bytes


@dataclass(frozen=True, slots=True)
class Unframed:
    """Bytes of a line that stood outside its prefix: noise, or the rest of a line whose start was lost."""

    head: bytes


Piece = Line | TooLong | Unframed


class LineBuffer:
    def __init__(
        self, *, max_bytes: int, terminators: Sequence[bytes] = ANY_LINE_END, prefix: bytes = b""
    ) -> None:
        """`max_bytes` counts the line with its prefix, without its terminator."""
        if max_bytes < 1 or not terminators or not all(terminators):
            raise ValueError(
                "a line buffer needs a bound of at least 1 byte and terminators that are not empty"
            )
        # One that begins with another never gets its turn; left in, it would match in one cut and not in another.
        ends = [end for end in terminators if not any(end != o and end.startswith(o) for o in terminators)]
        self._end = re.compile(b"|".join(re.escape(end) for end in ends))
        self._overlap = max(map(len, ends)) - 1
        self._prefix = prefix
        self._max_bytes = max_bytes
        # No more than is there in every cut when the bound is passed.
        self._head_bytes = min(HEAD_BYTES, max_bytes)
        self._held = bytearray()
        self._searched = 0
        self._dropping = False

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        if not self._held and len(data) <= CHUNK_BYTES:
            end = self._end.search(data)
            if end is not None and end.end() == len(data):  # one whole line, as nearly always
                self._close(data[: end.start()], end.group(), pieces)
                return pieces
        for start in range(0, len(data), CHUNK_BYTES):
            self._take(data[start : start + CHUNK_BYTES], pieces)
        return pieces

    def _take(self, chunk: bytes, pieces: list[Piece]) -> None:
        self._held += chunk
        line_start = 0
        search_from = self._searched
        while (end := self._end.search(self._held, search_from)) is not None:
            self._close(bytes(self._held[line_start : end.start()]), end.group(), pieces)
            line_start = search_from = end.end()
        del self._held[:line_start]
        # A terminator of several bytes may have arrived in part: look at its length again, no further back.
        self._searched = max(0, len(self._held) - self._overlap)
        self._bound(pieces)

    def _close(self, line: bytes, end: bytes, pieces: list[Piece]) -> None:
        if self._dropping:
            self._dropping = False
        elif len(line) > self._max_bytes:
            pieces.append(TooLong(line[: self._head_bytes]))
        elif line:
            self._unwrap(line, end, pieces)

    def _bound(self, pieces: list[Piece]) -> None:
        if not self._dropping and len(self._held) - self._overlap > self._max_bytes:
            self._dropping = True
            pieces.append(TooLong(bytes(self._held[: self._head_bytes])))
        if self._dropping:
            del self._held[: self._searched]
            self._searched = 0

    def _unwrap(self, line: bytes, end: bytes, pieces: list[Piece]) -> None:
        if not self._prefix:
            pieces.append(Line(line, end))
            return
        # A control character can't be data, so the last one opens the line; a printable prefix may be data too.
        sure = self._prefix[0] < _FIRST_PRINTABLE
        start = line.rfind(self._prefix) if sure else line.find(self._prefix, 0, len(self._prefix))
        if start != 0:
            pieces.append(Unframed(line[: start if start > 0 else HEAD_BYTES][:HEAD_BYTES]))
        if start >= 0 and len(line) > start + len(self._prefix):
            pieces.append(Line(line[start + len(self._prefix) :], end))
