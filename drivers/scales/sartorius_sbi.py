"""Sartorius and Minebea Intec SBI, 16 and 22 characters (scales.md §6; Quintix p. 87, GC p. 57, LE p. 51).

`sign, 9 of value, blank, unit of 3`, with an identification of 6 before it in the long form. The unit is blank exactly
while the scale is not stable. Words stand where the value would; older models put them at other columns, so the trimmed
text is looked at. Digits in brackets are not verified: they are part of the number.
"""

import re
from collections.abc import Mapping
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, number_in_columns, other_amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_makers import SartoriusSbiConfig

LINE_MAX_BYTES: Final = 64

_VALUE: Final = re.compile(r"([ +-])([ 0-9.,]{9}) ([ A-Za-z%/*:]{3})")
_BRACKETS: Final = re.compile(r"\[([0-9.,]{1,3})\]")
_BRACKETED: Final = re.compile(r"([ +-])([ 0-9.,]{7,9}) ([ A-Za-z%/*:]{3})")
_ID_CHARS: Final = 6
_SHORT: Final = 14
"""Without CR LF; the long form has the identification besides."""
_MODES: Final[Mapping[str, Weighing]] = {"N": "net", "G": "gross"}
_COUNT: Final = "Qnt"
_ERROR: Final = re.compile(r"(?:Err|ERR)\.? *([0-9]{2,3})")
_NO_WEIGHT: Final[Mapping[str, tuple[Load, Mapping[str, object]]]] = {
    "High": (Load(overload=True), {}),
    "H": (Load(overload=True), {}),
    "HH": (Load(overload=True), {"comparator": "hi"}),
    "Low": (Load(underload=True), {}),
    "L": (Load(underload=True), {}),
    "LL": (Load(underload=True), {"comparator": "lo"}),
}
_STATES: Final[Mapping[str, Mapping[str, object]]] = {
    "C": {"adjustment": True}, "Cal.Ext.": {"adjustment": True}, "--": {"final_readout": True}, "OFF": {"on": False},
    "ON": {"on": True},
}  # fmt: skip
_ESC: Final = "\x1b"
_COMMANDS: Final = {
    "P": "print", "T": "tare_zero", "U": "tare", "V": "zero", "S": "restart", "Z": "adjust",
    "x1_": "model", "x2_": "serial", "x3_": "software",
}  # fmt: skip
_ORDERS: Final[dict[Order, bytes]] = {"weight": b"\x1bP\r\n", "zero": b"\x1bV\r\n", "tare": b"\x1bU\r\n"}


def sartorius_sbi(_config: SartoriusSbiConfig) -> Wire:
    return LineWire(_line, _ORDERS, max_bytes=LINE_MAX_BYTES)


def _line(line: bytes) -> Piece:
    text = line.decode("latin-1")
    bare = _BRACKETS.sub(r"\1", text, count=1)
    brackets = bare != text
    for identified in (False, True):
        start = _ID_CHARS if identified else 0
        found = _bracketed(text, bare, start) if brackets else _VALUE.fullmatch(text, start)
        if found is not None and (number := number_in_columns(found[1] + found[2])) is not None:
            return _number(text[:start].strip(" "), number, found[3], line)
    return _words(text, line)


def _bracketed(text: str, bare: str, start: int) -> re.Match[str] | None:
    """Brackets take columns of the value, or make the line longer by them."""
    whole = _SHORT + start
    return _BRACKETED.fullmatch(bare, start) if len(text) in (whole, whole + 2) else None


def _number(identification: str, number: str, unit_field: str, raw: bytes) -> Piece:
    unit = unit_of(unit_field)
    stable = unit is not None
    if identification == _COUNT:
        return amount(number, "pcs", stable, raw)
    if identification in _MODES or not identification:
        return amount(number, unit, stable, raw, mode=_MODES.get(identification))
    kind = "tare" if identification in ("T", "T1", "T2", "PT2") else "info"
    return other_amount(kind, number, unit, raw, id=identification)


def _words(text: str, raw: bytes) -> Piece:
    said = (text[_ID_CHARS:] if len(text) == _SHORT + _ID_CHARS else text).strip(" ")
    if said in _NO_WEIGHT:
        load, keys = _NO_WEIGHT[said]
        return Told("weight", load, keys, raw)
    if said in _STATES:
        return Told("status", keys=_STATES[said], raw=raw)
    if (error := _ERROR.fullmatch(said)) is not None:
        return Told("error", keys={"error": "device", "code": error[1]}, raw=raw)
    return Garbled(raw)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    text = sent.decode("latin-1").rstrip("\r\n")
    command = _COMMANDS.get(text[1:]) if text[:1] == _ESC else None
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
