"""Bytes of the devices of a belt explained, for `hub decode`: the reader's answers and the scale's records."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, assert_never

from pydantic import ValidationError

from drivers.buffers import Line, LineBuffer
from drivers.meanings import Meaning, code_meaning, garbled, known
from drivers.reading import BarcodeRead, DeviceFault, WeightRead
from drivers.scales.record_scale import RecordScale
from drivers.scanners.aim import split_aim
from drivers.scanners.keyence_answers import (
    ERROR_NAMES,
    LINE_ENDS,
    SrAck,
    SrBadText,
    SrCodes,
    SrEmpty,
    SrNoRead,
    SrOverflow,
    SrRefusal,
    SrTooMany,
    parse_answer,
    parse_command,
)
from drivers.scanners.keyence_sr import LINE_MAX_BYTES
from hub_config.devices import NO_READ, RecordScaleConfig
from hub_config.names import DeviceId, Instant

_TRIGGER_NAMES: Final = {"LON": "trigger_on", "LOFF": "trigger_off"}
_LISTS: Final = ("fields", "good", "overload", "underload")
GRAMMAR: Final = (*_LISTS, "start", "separator", "unit")
"""Options of `record-scale`, named as in the configuration."""


def keyence_sr(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=LINE_ENDS)
    for frame in frames:
        for piece in lines.feed(frame):
            yield (
                _sr_line(piece.data, options.get("aim") == "yes")
                if isinstance(piece, Line)
                else garbled(piece.head)
            )


def _sr_line(line: bytes, aim: bool) -> Meaning:
    if (command := parse_command(line)) is not None:
        return {"kind": "command", "command": _TRIGGER_NAMES[command]}
    match parse_answer(line, NO_READ, ","):
        case SrAck(command):
            return {"kind": "ack", "command": _TRIGGER_NAMES[command]}
        case SrRefusal(command, code):
            return {
                "kind": "error",
                "error": ERROR_NAMES.get(code, "unknown"),
                "code": code,
                "command": command,
            }
        case SrNoRead(text):
            return {"kind": "no_read", "data": text}
        case SrCodes((code,)):
            aim_id, data = split_aim(code.text) if aim else (None, code.text)
            return code_meaning(BarcodeRead(DeviceId("decode"), Instant(0), data, "", aim_id, code.raw))
        case SrCodes(codes):
            return {"kind": "stream", "scans": [code.text for code in codes]}
        case SrOverflow():
            return {"kind": "error", "error": "reader_overflow", "raw": line.hex(" ")}
        case SrTooMany() | SrBadText() | SrEmpty():
            return garbled(line)
        case _ as never:
            assert_never(never)


def record_scale(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    scale = RecordScale(_grammar(options))
    for frame in frames:
        for reading in scale.receive(frame, Instant(0)):
            match reading:
                case WeightRead():
                    yield weight_meaning(reading)
                case DeviceFault(code=code, detail=detail):
                    yield {"kind": "error", "error": code, "detail": detail}
                case _:
                    raise AssertionError(f"a record scale does not give {reading}")


def weight_meaning(read: WeightRead) -> Meaning:
    flags = {"overload": read.overload or None, "underload": read.underload or None}
    shown = known({"value": read.text or None, "unit": read.unit, **flags})
    return {"kind": "weight", "record": read.record, **shown, "mass_mg": read.mass_mg}


def _grammar(options: Mapping[str, str]) -> RecordScaleConfig:
    """As a config file would declare it; lists are parted by commas. Raises ValueError in one sentence."""
    lists = {key: value.split(",") for key, value in options.items() if key in _LISTS}
    metrology = {"regime": "none", "max_mg": 30_000_000, "min_mg": 0, "e_mg": 1_000, "mpe_mg": 1_000}
    nowhere = {"kind": "serial", "port": "decode"}
    fixed = {"kind": "record-scale", "id": "decode", "attach": nowhere, "metrology": metrology}
    try:
        return RecordScaleConfig.model_validate({**fixed, **options, **lists})
    except ValidationError as refused:
        first = refused.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "options"
        raise ValueError(f"{place}: {first['msg']}") from None
