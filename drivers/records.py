"""Delimited text records as config declares them: bytes in, in any cut; named fields out, or why not.

`[start] field separator field … [check] end`; blanks around a field are nothing. A line that is no such
record, or whose check does not hold, is a fault of the device. What the fields mean is the business of the driver whose
records they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from drivers.buffers import HEAD_BYTES, Line, LineBuffer, Piece, TooLong, Unframed
from drivers.declared_check import part
from drivers.reading import DeviceFault, FaultCode
from hub_config.names import DeviceId, Instant
from hub_config.record_grammar import RecordGrammar

LINE_MAX_BYTES: Final = 512
"""Past any record of 16 fields."""
RECORD_MAX_DIGITS: Final = 18
"""Of a record number; it fits into 64 bits."""
SHOWN_CHARS: Final = 24
"""Of a field, in a message."""

_RECORD: Final = re.compile(rf"[0-9]{{1,{RECORD_MAX_DIGITS}}}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Record:
    """One well-formed record; of fields of the same name (`skip`) the last."""

    named: dict[str, str]
    number: int | None
    """None where the grammar has no field for it."""
    raw: bytes


class Records:
    def __init__(self, device: DeviceId, grammar: RecordGrammar, fields: Sequence[str]) -> None:
        self._device = device
        self._fields = fields
        self._separator = _wire(grammar.separator)
        self._start = _wire(grammar.start)
        self._check = grammar.check_rule
        self._lines = LineBuffer(
            max_bytes=LINE_MAX_BYTES,
            terminators=tuple(_wire(end) for end in grammar.end),
            prefix=self._start,
        )

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def feed(self, data: bytes, at: Instant) -> list[Record | DeviceFault]:
        return [self._piece(piece, at) for piece in self._lines.feed(data)]

    def _piece(self, piece: Piece, at: Instant) -> Record | DeviceFault:
        match piece:
            case Line(data):
                return self._record(data, at)
            case TooLong(head):
                detail = f"more than {LINE_MAX_BYTES} bytes without a record's end dropped; check end"
                return fault(self._device, at, detail, head, "too_long")
            case Unframed(head):
                detail = f"bytes outside a record: {head[:16].hex(' ')}; check start and end"
                return fault(self._device, at, detail, head)
            case _ as never:
                assert_never(never)

    def _record(self, raw: bytes, at: Instant) -> Record | DeviceFault:
        fields = raw
        if self._check is not None:
            parted = part(self._check, self._start, raw)
            if not parted.holds:
                return fault(self._device, at, parted.why, raw)
            fields = parted.data
        texts = [field.decode("latin-1").strip(" ") for field in fields.split(self._separator)]
        bad = next((found[0] for text in texts if (found := _CONTROL.search(text)) is not None), None)
        if bad is not None:
            detail = f"control character 0x{ord(bad):02X} in a record; check start, end and separator"
            return fault(self._device, at, detail, raw, "bad_text")
        if len(texts) != len(self._fields):
            detail = (
                f"a record of {len(texts)} fields, {len(self._fields)} wanted; check fields and separator"
            )
            return fault(self._device, at, detail, raw)
        named = dict(zip(self._fields, texts, strict=True))
        number = named.get("record")
        if number is not None and not _RECORD.fullmatch(number):
            detail = f"record number {shown(number)}, 1 to {RECORD_MAX_DIGITS} digits wanted; check fields"
            return fault(self._device, at, detail, raw)
        return Record(named, None if number is None else int(number), raw)


def fault(
    device: DeviceId, at: Instant, detail: str, raw: bytes, code: FaultCode = "garbled"
) -> DeviceFault:  # fmt: skip
    return DeviceFault(device, at, code, detail, raw[:HEAD_BYTES])


def shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…")


def _wire(text: str) -> bytes:
    """Framing bytes as config writes them: `\\u0002` is byte 02, up to `\\u00ff`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
