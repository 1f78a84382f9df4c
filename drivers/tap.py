"""What passed between a port and its session, kept for looking and for replay: a ring of calls, bounded by bytes.

Each record is one call of the session: its instant, the bytes that came, the bytes that went, and a digest of the
readings it returned. So a replay makes the same calls at the same instants and can say whether the driver still tells
the same. The device loop writes; any thread may read, and never holds up the writer: appending is one operation on a
bytearray, and whoever reads too late finds a gap.
"""

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal

from drivers.reading import DeviceUp, Reading
from hub_config.names import Instant

TAP_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of one device: 10 minutes of up to 7 kB/s, records' own 33 bytes included. A scale that is asked ten times a second
fills 0.9 kB/s."""
SEGMENT_BYTES: Final = 64 * 1024
"""The ring forgets so much at once."""
HEAD_BYTES_MAX: Final = 16 * 1024
"""The beginning of an opening, up to the device's proof of what it is, is kept for as long as anything of it is."""
RECENT_MAX: Final = 256
"""Calls whose readings are kept as they are, for somebody who looks on."""

Call = Literal["open", "in", "wake", "order", "close"]

_CALLS: Final[tuple[Call, ...]] = ("open", "in", "wake", "order", "close")
_HEADER: Final = struct.Struct("<qBII16s")
_NOTHING: Final = bytes(16)


@dataclass(frozen=True, slots=True)
class Record:
    position: int
    """Bytes of the ring before it, since the pump started."""
    at: Instant
    call: Call
    data: bytes
    """What came in; of an order, its JSON."""
    out: bytes
    """What the session wanted written."""
    told: bytes
    """Digest of the readings it returned; zeros where there were none."""


@dataclass(frozen=True, slots=True)
class Segment:
    start: int
    head: bytes
    """Of the opening that was under way when it began."""
    data: bytearray


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a ring holds."""

    head: bytes
    """Records of the beginning of the opening in which it begins; empty where `data` begins with an opening."""
    data: bytes
    cut: bool
    """Older records are forgotten."""


@dataclass(frozen=True, slots=True)
class Since:
    position: int
    """To ask from the next time."""
    records: tuple[Record, ...]
    readings: dict[int, tuple[Reading, ...]]
    """By the position of their record; of the newest RECENT_MAX."""
    missed: bool
    """Records between the asked position and the first one are forgotten."""


def digest(readings: Sequence[Reading]) -> bytes:
    return blake2b(repr(list(readings)).encode(), digest_size=16).digest() if readings else _NOTHING


class Tap:
    def __init__(self, bytes_max: int = TAP_BYTES_MAX, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._bytes_max = bytes_max
        self._segment_bytes = segment_bytes
        self._segments: tuple[Segment, ...] = (Segment(0, b"", bytearray()),)
        self._head: bytearray | None = None
        """Of the opening under way; None: there is none, or its beginning was longer than HEAD_BYTES_MAX."""
        self._head_open = False
        self._recent: deque[tuple[int, tuple[Reading, ...]]] = deque(maxlen=RECENT_MAX)

    @property
    def position(self) -> int:
        last = self._segments[-1]
        return last.start + len(last.data)

    def record(self, call: Call, at: Instant, data: bytes, out: bytes, readings: Sequence[Reading]) -> None:
        """By the loop's thread only."""
        packed = _HEADER.pack(at, _CALLS.index(call), len(data), len(out), digest(readings)) + data + out
        if call == "open":
            self._head, self._head_open = None, False
        last = self._segments[-1]
        if len(last.data) >= self._segment_bytes:
            last = self._begin_segment()
        if readings:
            self._recent.append((last.start + len(last.data), tuple(readings)))
        last.data.extend(packed)
        self._keep_head(call, packed, readings)

    def since(self, position: int) -> Since:
        """What came after `position`, at most SEGMENT_BYTES at once: ask again until there is nothing more."""
        segments = self._segments
        ends = (*(one.start for one in segments[1:]), None)
        wanted = next(one for one, end in zip(segments, ends, strict=True) if end is None or end > position)
        data = bytes(wanted.data)
        skip = max(0, position - wanted.start)
        return Since(
            max(position, wanted.start + len(data)),
            tuple(records(data[skip:], wanted.start + skip)),
            {place: told for place, told in list(self._recent) if place >= position},
            missed=position < segments[0].start,
        )

    def kept(self) -> Kept:
        segments = self._segments
        return Kept(
            segments[0].head, b"".join(bytes(one.data) for one in segments), cut=segments[0].start > 0
        )

    def _begin_segment(self) -> Segment:
        head = b"" if self._head is None else bytes(self._head)
        segment = Segment(self.position, head, bytearray())
        kept = self._segments
        while sum(len(one.data) for one in kept) + self._segment_bytes > self._bytes_max and len(kept) > 1:
            kept = kept[1:]
        self._segments = (*kept, segment)
        return segment

    def _keep_head(self, call: Call, packed: bytes, readings: Sequence[Reading]) -> None:
        if call == "open":
            self._head, self._head_open = bytearray(), True
        elif call == "close":
            self._head, self._head_open = None, False
        if self._head is None or not self._head_open:
            return
        if len(self._head) + len(packed) > HEAD_BYTES_MAX:
            self._head, self._head_open = None, False
            return
        self._head.extend(packed)
        self._head_open = not any(isinstance(reading, DeviceUp) for reading in readings)


def records(data: bytes, position: int = 0) -> Iterator[Record]:
    """Of whole records in a row, the first at `position`."""
    place = 0
    while place < len(data):
        at, call, came, went, told = _HEADER.unpack_from(data, place)
        body = place + _HEADER.size
        end = body + came + went
        yield Record(
            position + place,
            Instant(at),
            _CALLS[call],
            data[body : body + came],
            data[body + came : end],
            told,
        )
        place = end
