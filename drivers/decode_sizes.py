"""Bytes of dimensioners explained, for `hub decode`: what was measured, as sent, and in whole micrometres."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, assert_never

from drivers.buffers import Line, LineBuffer
from drivers.declared_check import held_by
from drivers.decode_config import METROLOGY, all_unescaped, config_of
from drivers.decode_missing import incomplete, tail
from drivers.decode_records import weight_meaning
from drivers.dimensioners.cubiscan import (
    END,
    START,
    CubiCommand,
    CubiDone,
    CubiMeasured,
    CubiRefused,
    CubiUnits,
    CubiValues,
    parse_frame,
)
from drivers.dimensioners.cubiscan import LINE_MAX_BYTES as CUBISCAN_MAX_BYTES
from drivers.dimensioners.dm3610 import LINE_MAX_BYTES as DM3610_MAX_BYTES
from drivers.dimensioners.dm3610 import (
    Dm3610Message,
    is_heartbeat,
    parse_message,
    why_no_message,
    without_check,
)
from drivers.dimensioners.length import side_um
from drivers.dimensioners.record_dimensioner import RecordDimensioner
from drivers.dimensioners.sick_mda import LINE_MAX_BYTES as MDA_MAX_BYTES
from drivers.dimensioners.sick_mda import MdaTelegram, parse_telegram
from drivers.meanings import Meaning, garbled, known, without_leading_zeros
from drivers.reading import DeviceFault, DimensionsRead, WeightRead
from drivers.scales.mass import mass_mg
from hub_config.dimensioners import Dm3610Config, RecordDimensionerConfig
from hub_config.names import Instant

_RECORD_LISTS: Final = ("fields", "good", "none", "irregular", "end")
_ORDER: Final = ("order",)
SIZE_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "record-dimensioner": (*_RECORD_LISTS, "start", "separator", "unit", "mass_unit", "decimal", "check"),
    "datalogic-dm3610": (*_ORDER, "header", "trailer", "delimiter", "unit", "heartbeat", "check"),
    "sick-mda": (),
    "cubiscan": (),
}
"""Of each protocol, named as in the configuration."""
_SIDES: Final = ("length", "width", "height")


def record_dimensioner(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    weighs = "mass" in options.get("fields", "").split(",")
    more = {"u_um": 0, **({"metrology": METROLOGY} if weighs else {})}
    session = RecordDimensioner(
        config_of(RecordDimensionerConfig, "record-dimensioner", all_unescaped(options), _RECORD_LISTS, more)
    )
    for frame in frames:
        for reading in session.receive(frame, Instant(0)):
            match reading:
                case DimensionsRead():
                    yield _sizes_meaning(reading)
                case WeightRead():
                    yield weight_meaning(reading)
                case DeviceFault(code=code, detail=detail):
                    yield {"kind": "error", "error": code, "detail": detail}
                case _:
                    raise AssertionError(f"a dimensioner does not give {reading}")


def _sizes_meaning(read: DimensionsRead) -> Meaning:
    sides = {
        side: without_leading_zeros(text) if side_um(text, read.unit) is not None else None
        for side, text in zip(_SIDES, read.text, strict=True)
    }
    irregular = True if read.shape == "irregular" else None
    told = {"record": read.record, "unit": read.unit, "status": read.status, "irregular": irregular}
    return {"kind": "dimensions", **sides, **known(told), **_um(read.l_um, read.w_um, read.h_um)}


def dm3610(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    config = config_of(Dm3610Config, "datalogic-dm3610", all_unescaped(options), _ORDER, {"u_um": 0})
    prefix, end = config.header.encode("latin-1", "replace"), config.trailer.encode("latin-1", "replace")

    def explain(line: bytes) -> Meaning:
        if is_heartbeat(Line(line), config):
            return {"kind": "heartbeat", "data": config.heartbeat}
        data, wrong = without_check(line, config)
        told = None if wrong else parse_message(data.decode("latin-1"), config.delimiter)
        if told is None:
            error, detail = "checksum" if wrong else "garbled", wrong or why_no_message(line, config)
            held = ", ".join(held_by(prefix, line, bits=(8,)))
            detail += f"; as it is, it keeps: {held}" if held else ""
            return {**garbled(line), "error": error, "detail": detail}
        return _dm3610_meaning(told, config)

    return _lines("datalogic-dm3610", frames, (DM3610_MAX_BYTES, prefix, end), explain)


def _dm3610_meaning(told: Dm3610Message, config: Dm3610Config) -> Meaning:
    unit = told.unit or config.unit
    named = dict(zip(config.order, told.sides, strict=True))
    measured = {side for side in _SIDES if named[side].strip("0.") and told.reason is None}
    sides = {side: without_leading_zeros(named[side]) if side in measured else None for side in _SIDES}
    um = [side_um(named[side], unit) if side in measured else None for side in _SIDES]
    told_more = {
        "sequence": told.sequence, "legal_for_trade": told.ready, "error": told.reason,
        "volume": None if told.volume is None else without_leading_zeros(told.volume), "alibi": told.alibi,
    }  # fmt: skip
    return {"kind": "dimensions", **sides, "unit": unit, **known(told_more), **_um(*um)}


def sick_mda(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    def explain(line: bytes) -> Meaning:
        told = parse_telegram(line.decode("latin-1"))
        return garbled(line) if told is None else _mda_meaning(told)

    return _lines("sick-mda", frames, (MDA_MAX_BYTES, b"\x02", b"\x03"), explain)


def _mda_meaning(told: MdaTelegram) -> Meaning:
    grams = None if told.grams is None else int(told.grams)
    mm = [int(side) or None for side in told.sides]
    sides = {f"{name}_mm": side for name, side in zip(_SIDES, mm, strict=True)}
    um = [side_um(side, "mm") if told.measured else None for side in told.sides]
    return {
        "kind": "parcel_record", "object": told.number, "barcode": told.code, "weight_g": grams,
        "mass_mg": None if grams is None else grams * 1_000, "scale_error": told.scale_error,
        **sides, "status": told.status, "volume_mm3": told.volume_mm3 if None not in mm else None, **_um(*um),
        **known({
            "no_read": True if told.code is None else None,
            "dimension_error": None if told.measured else True,
        }),
    }  # fmt: skip


def cubiscan(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    return _lines("cubiscan", frames, (CUBISCAN_MAX_BYTES, START, END), _cubiscan_meaning)


def _cubiscan_meaning(line: bytes) -> Meaning:
    match parse_frame(line.decode("latin-1")):
        case CubiCommand(command, value):
            return known({"kind": "command", "command": command, "value": value})
        case CubiDone(command, code):
            return known({"kind": "ack", "command": command, "code": code})
        case CubiRefused(error, command, origin):
            return known({"kind": "error", "error": error, "command": command, "origin": origin})
        case CubiUnits(dim_unit, weight_unit, factor_type, factor, site):
            return {
                "kind": "info", "dim_unit": dim_unit, "weight_unit": weight_unit, "factor_type": factor_type,
                "factor": factor, "site": site,
            }  # fmt: skip
        case CubiValues(text):
            return {"kind": "info", "command": "values", "text": text}
        case CubiMeasured() as told:
            return _cubi_measured(told)
        case None:
            return garbled(line)
        case _ as never:
            assert_never(never)


def _cubi_measured(told: CubiMeasured) -> Meaning:
    sides = {name: _value(text) for name, text in zip(_SIDES, told.sides, strict=True)}
    um = [side_um(text, told.unit) for text in told.sides]
    weight = _value(told.weight)
    return {
        "kind": "dimensions", "origin": told.origin, "site": told.site, **sides, "unit": told.unit,
        "weight": weight, "weight_unit": told.weight_unit, "dim_weight": _value(told.dim_weight),
        "mass_mg": None if weight is None else mass_mg(weight, told.weight_unit),
        "factor": told.factor, "factor_type": told.factor_type,
        **known({"error": told.faults[0] if told.faults else None}), **_um(*um),
    }  # fmt: skip


def _value(text: str) -> str | None:
    return without_leading_zeros(text) if text[0].isdigit() else None


def _um(l_um: int | None, w_um: int | None, h_um: int | None) -> Meaning:
    return {"l_um": l_um, "w_um": w_um, "h_um": h_um}


def _lines(
    protocol: str,
    frames: Sequence[bytes],
    framing: tuple[int, bytes, bytes],
    explain: Callable[[bytes], Meaning],
) -> Iterator[Meaning]:  # fmt: skip
    """Each line explained. `framing`: how long one may be, what opens it, what ends it."""
    max_bytes, prefix, end = framing
    lines = LineBuffer(max_bytes=max_bytes, terminators=(end,), prefix=prefix)
    for frame in frames:
        for piece in lines.feed(frame):
            if isinstance(piece, Line):
                yield explain(piece.data)
            elif piece.head.strip(b"\x00\r\n"):  # padding and line ends between frames say nothing
                yield garbled(piece.head)
    if (missing := incomplete(protocol, tail(frames, lines.held_bytes))) is not None:
        yield missing


SIZES: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "record-dimensioner": record_dimensioner,
    "datalogic-dm3610": dm3610,
    "sick-mda": sick_mda,
    "cubiscan": cubiscan,
}
