"""A scale that weighs in motion and sends one delimited text record per item, in a grammar that config declares.

`[start] field separator field … end`, with the fields of `RecordScaleConfig.fields` in their order; blanks around a
field are nothing. A record says which item it is of only by its number. One that is well formed but not good (another
status, overload) is told without a mass, because the item was on the scale and has none. Any other line is a fault.

The scale can't be asked who it is, and is silent while no parcel comes, so it counts as up when its port opens.
"""

import re
from typing import Final, assert_never

from drivers.buffers import HEAD_BYTES, Line, LineBuffer, Piece, TooLong, Unframed
from drivers.reading import DeviceFault, DeviceUp, FaultCode, Reading, WeightRead
from drivers.scales.mass import MG_PER_UNIT, is_number, mass_mg
from hub_config.devices import RecordScaleConfig
from hub_config.names import Instant

LINE_MAX_BYTES: Final = 512
"""Past any record of 16 fields."""
RECORD_MAX_DIGITS: Final = 18
"""Of a record number; it fits into 64 bits."""
SHOWN_CHARS: Final = 24
"""Of a field, in a message."""

_RECORD: Final = re.compile(rf"[0-9]{{1,{RECORD_MAX_DIGITS}}}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class RecordScale:
    def __init__(self, config: RecordScaleConfig) -> None:
        self._config = config
        self._separator = _wire(config.separator)
        self._lines = LineBuffer(
            max_bytes=LINE_MAX_BYTES,
            terminators=tuple(_wire(end) for end in config.end),
            prefix=_wire(config.start),
        )
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return None if self._up else Instant(0)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [self._piece(piece, at) for piece in self._lines.feed(data)]

    def wake(self, at: Instant) -> list[Reading]:
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, identity=None)]

    def take_output(self) -> bytes:
        return b""

    def _piece(self, piece: Piece, at: Instant) -> Reading:
        match piece:
            case Line(data):
                return self._record(data, at)
            case TooLong(head):
                detail = f"more than {LINE_MAX_BYTES} bytes without a record's end dropped; check end"
                return self._fault("too_long", detail, at, head)
            case Unframed(head):
                detail = f"bytes outside a record: {head[:16].hex(' ')}; check start and end"
                return self._fault("garbled", detail, at, head)
            case _ as never:
                assert_never(never)

    def _record(self, raw: bytes, at: Instant) -> Reading:
        texts = [field.decode("latin-1").strip(" ") for field in raw.split(self._separator)]
        bad = next((found[0] for text in texts if (found := _CONTROL.search(text)) is not None), None)
        if bad is not None:
            detail = f"control character 0x{ord(bad):02X} in a record; check start, end and separator"
            return self._fault("bad_text", detail, at, raw)
        if len(texts) != len(self._config.fields):
            detail = f"a record of {len(texts)} fields, {len(self._config.fields)} wanted; check fields and separator"
            return self._fault("garbled", detail, at, raw)
        named: dict[str, str] = dict(zip(self._config.fields, texts, strict=True))
        number = named["record"]
        if not _RECORD.fullmatch(number):
            detail = f"record number {_shown(number)}, 1 to {RECORD_MAX_DIGITS} digits wanted; check fields"
            return self._fault("garbled", detail, at, raw)
        return self._weight(named, int(number), raw, at)

    def _weight(self, named: dict[str, str], record: int, raw: bytes, at: Instant) -> Reading:
        text, unit, status = named["mass"], named.get("unit", self._config.unit), named.get("status")
        if status is not None and status not in self._config.good:
            return self._no_weight(text, unit, status, record, at)
        if not is_number(text):
            detail = f"mass {_shown(text)} in record {record} is no number; check fields"
            return self._fault("garbled", detail, at, raw)
        mass = mass_mg(text, unit)
        if mass is None:
            known = ", ".join(MG_PER_UNIT)
            detail = f"unit {_shown(unit or '')} in record {record} is unknown; known: {known}"
            return self._fault("garbled", detail, at, raw)
        return WeightRead(self._config.id, at, mass, text, unit, stable=None, record=record)

    def _no_weight(self, text: str, unit: str | None, status: str, record: int, at: Instant) -> WeightRead:
        return WeightRead(
            self._config.id,
            at,
            None,
            text if is_number(text) else "",
            unit if unit in MG_PER_UNIT else None,
            stable=None,
            overload=status in self._config.overload,
            underload=status in self._config.underload,
            record=record,
        )

    def _fault(self, code: FaultCode, detail: str, at: Instant, raw: bytes) -> DeviceFault:
        return DeviceFault(self._config.id, at, code, detail, raw[:HEAD_BYTES])


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…")


def _wire(text: str) -> bytes:
    """Framing bytes as config writes them: `\\u0002` is byte 02, up to `\\u00ff`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
