"""Dini Argeo indicators and their clones: standard and AF string (scales.md §12; DGT p. 52, 3590 E-Box p. 65, 81).

Standard: `[CC]HH,KK,PPPPPPPP,UM`: `ST` stable, `US` not, `OL` over, `UL` under; `GS` gross, `NT` net, `GX` gross in ten
times the resolution; `VL`, `VT` and `RZ` are of the converter and no weight. AF: `[CC]SS,B,gross UM,YY tare UM`, B the
number of the scale, `PT` a preset tare. In both the answer to `PID` has the number under which the alibi memory keeps
it, or `NO`. The gross weight of an AF string fills ten columns, so that a digit that got lost is seen. Those of the
string that `REXT` asks for differ between models: it is taken apart by its commas alone.

A command sent as `ESC … STX` is answered as `ESC … STX`; both ends are understood always.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, is_unit, number_in_columns, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_makers import DiniConfig

LINE_MAX_BYTES: Final = 96

_ESC: Final = b"\x1b"
_ENDS: Final = (b"\r", b"\n", b"\x02")
_ADDRESSED: Final = re.compile(r"([0-9]{2})?((?:ST|US|OL|UL),.*|OK|ERR.*)", re.DOTALL)
_STANDARD: Final = re.compile(r"(ST|US|OL|UL),(GS|NT|VL|VT|RZ|GX),(.{8}),([ A-Za-z]{2})(?:,([^,]*))?")
_MODES: Final[Mapping[str, Weighing]] = {"GS": "gross", "NT": "net", "GX": "gross"}
_RAW: Final = {"VL": "microvolt", "VT": "microvolt", "RZ": "converter_points"}
_GROSS: Final = re.compile(r" *([+-]? *[0-9]+(?:\.[0-9]+)?) *([A-Za-z]{1,2}) *")
_GROSS_CHARS: Final = 12
"""Ten and the unit, of an AF string."""
_TARE: Final = re.compile(r"(PT|  )? *([+-]? *[0-9]+(?:\.[0-9]+)?) *([A-Za-z]{1,2}) *")
_SCALE: Final = re.compile(r" ?([1-9]) ?")
_ALIBI: Final = re.compile(r" *([0-9]{1,6})-([0-9]{1,9}) *")
_ERROR: Final = re.compile(r"ERR *([0-9]{1,3})")
_COMMANDS: Final = {
    "READ": "weight", "REXT": "weight_extended", "REXD": "weight_dated", "GR10": "weight_high_res", "MVOL": "microvolt",
    "RAZF": "converter_points", "TARE": "tare", "T": "tare", "ZERO": "zero", "Z": "zero", "CLEAR": "tare_clear",
    "C": "tare_clear", "VER": "version", "STAT": "status", "PID": "alibi_store",
}  # fmt: skip
_COMMAND: Final = re.compile(r"([0-9]{2})?(TMAN[ 0-9.,]{0,12}|[A-Z0-9]{1,5})")
_ORDERS: Final[Mapping[Order, str]] = {"zero": "ZERO", "tare": "TARE", "tare_clear": "CLEAR"}


def dini(config: DiniConfig) -> Wire:
    before, after = ("\x1b", "\x02") if config.escape else ("", "\r\n")
    sent = {"weight": config.request, **_ORDERS}
    orders: dict[Order, bytes] = {
        order: f"{before}{config.address or ''}{command}{after}".encode() for order, command in sent.items()
    }
    line = partial(_line, columns=config.request != "REXT")
    return LineWire(line, orders, max_bytes=LINE_MAX_BYTES, terminators=_ENDS)


def _line(line: bytes, *, columns: bool) -> Piece:
    text = line[line.rfind(_ESC) + 1 :].decode("latin-1")
    found = _ADDRESSED.fullmatch(text)
    if found is None:
        return Garbled(line)
    piece = _answer(found[2], line, columns=columns)
    if isinstance(piece, Garbled) or found[1] is None:
        return piece
    return Told(piece.kind, piece.load, {**piece.keys, "address": found[1]}, line)


def _answer(text: str, raw: bytes, *, columns: bool) -> Piece:
    if text == "OK":
        return Told("ack", keys={"command": "command"}, raw=raw)
    if (error := _ERROR.fullmatch(text)) is not None:
        return Told("error", keys={"error": "device", "code": error[1]}, raw=raw)
    found = _STANDARD.fullmatch(text)
    if found is None:
        return _extended(text.split(","), raw, columns=columns)
    status, what, field, unit_field, kept = found.groups()
    stored = {} if kept is None else _stored(kept)
    if stored is None:
        return Garbled(raw)
    if what in _RAW:
        number = number_in_columns(field)
        keys = {"what": _RAW[what], "value": number, "unit": unit_field.strip(" ") or None}
        return Garbled(raw) if number is None else Told("raw", keys=keys, raw=raw)
    keys = {"high_res": True, **stored} if what == "GX" else stored
    return _weight(status, field, unit_field, _MODES[what], keys, raw)


def _extended(fields: list[str], raw: bytes, *, columns: bool) -> Piece:
    """`ST,1,      12.5kg,PT       2.0kg` and, of `PID`, one field more."""
    scale = _SCALE.fullmatch(fields[1]) if len(fields) in (4, 5) else None
    fits = scale is not None and (len(fields[2]) == _GROSS_CHARS or not columns)
    gross = _GROSS.fullmatch(fields[2]) if fits else None
    tare = _TARE.fullmatch(fields[3]) if scale is not None else None
    stored = _stored(fields[4]) if len(fields) == 5 else {}
    if scale is None or gross is None or tare is None or stored is None:
        return _extended_out_of_range(fields, scale, raw)
    if unit_of(tare[3]) != unit_of(gross[2]):
        return Garbled(raw)
    keys = {"scale": int(scale[1]), "tare_preset": tare[1] == "PT", **stored}
    told_tare = number_in_columns(tare[2])
    return _weight(fields[0], gross[1], gross[2], "gross", keys, raw, told_tare)


def _extended_out_of_range(fields: list[str], scale: re.Match[str] | None, raw: bytes) -> Piece:
    """Over and under need no digits; any of the fields may be blank or hold bars."""
    if scale is None or fields[0] not in ("OL", "UL"):
        return Garbled(raw)
    load = Load(mode="gross", overload=fields[0] == "OL", underload=fields[0] == "UL")
    return Told("weight", load, {"scale": int(scale[1])}, raw)


def _stored(field: str) -> dict[str, object] | None:
    if field.strip(" ") == "NO":
        return {"alibi_stored": False}
    found = _ALIBI.fullmatch(field)
    if found is None:
        return None
    return {"alibi_stored": True, "rewrite": int(found[1]), "alibi_id": int(found[2])}


def _weight(
    status: str, field: str, unit_field: str, mode: Weighing, keys: Mapping[str, object], raw: bytes,
    tare: str | None = None,
) -> Piece:  # fmt: skip
    unit = unit_of(unit_field)
    if status in ("OL", "UL"):
        load = Load(unit=unit, mode=mode, overload=status == "OL", underload=status == "UL")
        return Told("weight", load, keys, raw)
    number = number_in_columns(field)
    if number is None or not is_unit(unit_field):
        return Garbled(raw)
    kept = keys.get("alibi_id")
    record = kept if isinstance(kept, int) else None
    return amount(number, unit, status == "ST", raw, mode=mode, keys=keys, tare=tare, record=record)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    if not sent.endswith(_ENDS):
        return None
    text = sent.removeprefix(_ESC).decode("latin-1").rstrip("\r\n\x02")
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    command = "tare_manual" if found[2].startswith("TMAN") else _COMMANDS.get(found[2])
    if command is None:
        return None
    address = {} if found[1] is None else {"address": found[1]}
    return Told("command", keys={"command": command, **address}, raw=sent)
