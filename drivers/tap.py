"""What passed between a port and its session, kept for looking and for replay: a ring of calls, bounded by bytes.

Each record is one call of the session: its instant, the bytes that came, the bytes that went, the readings it returned.
So a replay makes the same calls at the same instants and can say, by a digest, whether the driver still tells the same.
The device loop writes; any thread may read, and never holds up the writer: what is appended is whole at once, and
whoever reads too late finds a gap.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from drivers.reading import DeviceUp, Reading
from hub_config.names import SECOND, Instant

TAP_BYTES_MAX: Final = 24 * 1024 * 1024
"""Of one device: 10 minutes of up to 40 kB/s, records and readings included. A scale that is asked ten times a second
fills 3.7 kB/s, an I/O board at its fastest 37 kB/s."""
TAP_KEEP_NS: Final = 15 * 60 * SECOND
"""Older calls are forgotten even where there is room."""
READING_BYTES: Final = 320
"""What one reading counts for."""
SEGMENT_BYTES: Final = 64 * 1024
"""The ring forgets so much at once."""
HEAD_BYTES_MAX: Final = 16 * 1024
"""The beginning of an opening, up to the device's proof of what it is, is kept for as long as anything of it is."""
Call = Literal["open", "in", "wake", "order", "close"]

_CALLS: Final[tuple[Call, ...]] = ("open", "in", "wake", "order", "close")
_NUMBERS: Final = {call: number for number, call in enumerate(_CALLS)}
_HEADER: Final = struct.Struct("<qBII")
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


Told = Mapping[int, tuple[Reading, ...]]
"""Readings by the position of their record."""


@dataclass(slots=True)
class Segment:
    start: int
    began_at: Instant
    head: tuple[tuple[bytes, tuple[Reading, ...]], ...]
    """The beginning of the opening that was under way when it began."""
    data: bytearray = field(default_factory=bytearray)
    readings: dict[int, tuple[Reading, ...]] = field(default_factory=dict)
    weight: int = 0
    """In bytes, its readings included."""


@dataclass(frozen=True, slots=True)
class Kept:
    """All that a ring holds."""

    head: tuple[Record, ...]
    """The beginning of the opening in which it begins; empty where `calls` begins with an opening."""
    calls: tuple[Record, ...]
    cut: bool
    """Older calls are forgotten."""
    position: int
    """To ask from for what comes after it."""


@dataclass(frozen=True, slots=True)
class Since:
    position: int
    """To ask from the next time."""
    records: tuple[Record, ...]
    readings: Told
    missed: bool
    """Records between the asked position and the first one are forgotten."""


def digest(readings: Sequence[Reading]) -> bytes:
    return blake2b(repr(list(readings)).encode(), digest_size=16).digest() if readings else _NOTHING


class Tap:
    def __init__(self, bytes_max: int = TAP_BYTES_MAX, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._bytes_max = bytes_max
        self._segment_bytes = segment_bytes
        self._segments: tuple[Segment, ...] = (Segment(0, Instant(0), ()),)
        self._head: list[tuple[bytes, tuple[Reading, ...]]] = []
        """Of the opening under way; empty if there is none, or its beginning was longer than HEAD_BYTES_MAX."""
        self._head_room = 0
        """Bytes that it may still take."""

    @property
    def position(self) -> int:
        last = self._segments[-1]
        return last.start + len(last.data)

    def record(self, call: Call, at: Instant, data: bytes, out: bytes, readings: Sequence[Reading]) -> None:
        """By the loop's thread only."""
        packed = _HEADER.pack(at, _NUMBERS[call], len(data), len(out)) + data + out
        last = self._segments[-1]
        if last.weight >= self._segment_bytes:
            last = self._begin_segment(at)
        if readings:  # before the record itself: whoever sees that finds these
            last.readings[last.start + len(last.data)] = tuple(readings)
        last.data.extend(packed)
        last.weight += len(packed) + READING_BYTES * len(readings)
        if self._head_room or call in ("open", "close"):
            self._keep_head(call, packed, readings)

    def since(self, position: int) -> Since:
        """What came after `position`, at most SEGMENT_BYTES at once: ask again until there is nothing more."""
        segments = self._segments
        ends = (*(one.start for one in segments[1:]), None)
        wanted = next(one for one, end in zip(segments, ends, strict=True) if end is None or end > position)
        data, readings = bytes(wanted.data), dict(wanted.readings)
        skip = max(0, position - wanted.start)
        return Since(
            max(position, wanted.start + len(data)),
            tuple(_records(data[skip:], wanted.start + skip, readings)),
            readings,
            missed=position < segments[0].start,
        )

    def kept(self) -> Kept:
        segments = self._segments
        head = [
            record for packed, readings in segments[0].head for record in _records(packed, 0, {0: readings})
        ]
        calls: list[Record] = []
        position = segments[0].start
        for one in segments:
            data = bytes(one.data)
            calls += _records(data, one.start, dict(one.readings))
            position = one.start + len(data)
        return Kept(tuple(head), tuple(calls), segments[0].start > 0, position)

    def _begin_segment(self, at: Instant) -> Segment:
        segment = Segment(self.position, at, tuple(self._head))
        kept = self._segments
        while len(kept) > 1 and (
            sum(one.weight for one in kept) + self._segment_bytes > self._bytes_max
            or kept[1].began_at < at - TAP_KEEP_NS
        ):
            kept = kept[1:]
        self._segments = (*kept, segment)
        return segment

    def _keep_head(self, call: Call, packed: bytes, readings: Sequence[Reading]) -> None:
        if call in ("open", "close"):
            self._head.clear()
            self._head_room = HEAD_BYTES_MAX if call == "open" else 0
        if call == "close":
            return
        if len(packed) > self._head_room:
            self._head.clear()
            self._head_room = 0
            return
        self._head.append((packed, tuple(readings)))
        self._head_room -= len(packed)
        if any(isinstance(reading, DeviceUp) for reading in readings):
            self._head_room = 0  # the device has proven what it is


def _records(data: bytes, position: int, readings: Told) -> Iterator[Record]:
    """Of whole records in a row, the first at `position`."""
    place = 0
    while place < len(data):
        at, call, came, went = _HEADER.unpack_from(data, place)
        body = place + _HEADER.size
        end = body + came + went
        told = digest(readings.get(position + place, ()))
        yield Record(
            position + place,
            Instant(at),
            _CALLS[call],
            data[body : body + came],
            data[body + came : end],
            told,
        )
        place = end
