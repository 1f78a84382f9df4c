"""A&D balances and scales: one command set, six formats of the answer, RS-485 addresses (scales.md §4; A&D HC-i p. 36,
49, GX-300 p. 46, FX-CT p. 31, 59).

Standard: `header,` sign and 8 characters, unit of 3, right-aligned; with a comparator a second header stands before the
number. CSV: the same with a separator before the unit. MT: `S ` stable, `SD` not. NU: sign and 8 characters alone. DP:
16 characters, padded with blanks, `E` over and `-E` under the range. KF (Karl Fischer): 14 characters without a header,
the sign first and none at zero, the unit where the weight stands and blanks where it does not, `H` over and `L` under
(GX-A/GF-A communication manual p. 17, GX-300 p. 46, FX-i p. 38).

`OL` is over by a plus sign and under by a minus; what follows it is never used.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from drivers.scales.amount import amount, number_in_columns, other_amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.mass import is_number
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_makers import AndScaleConfig

LINE_MAX_BYTES: Final = 64

_COMMANDS: Final = {
    "Q": "weight_immediate", "SI": "weight_immediate", "S": "weight_stable", "\x1bP": "weight_stable",
    "SIR": "weight_continuous", "C": "cancel_S_SIR", "R": "rezero", "Z": "rezero", "\x1bT": "rezero", "T": "tare",
    "?ID": "id_query", "?SN": "serial_query", "?TN": "model_query", "?PT": "tare_query", "?WT": "weight_query",
    "?QT": "count_query", "?UW": "unit_weight_query", "?TR": "tare_query", "?AQ": "total_query",
    "CAL": "calibrate", "ON": "on", "OFF": "off", "P": "on_off", "PRT": "print",
}  # fmt: skip
_ORDERS: Final[Mapping[Order, str]] = {"weight": "Q", "repeat": "SIR", "zero": "Z", "tare": "T"}
_ERRORS: Final = {
    "E0": "communication", "E1": "undefined_command", "E2": "not_ready", "E4": "too_many_characters",
    "E6": "format", "E7": "out_of_range",
}  # fmt: skip
_STABLE: Final = {"ST": True, "WT": True, "QT": True, "US": False}
_COMPARATOR: Final = {"HI": "hi", "OK": "ok", "LO": "lo", "--": "none"}
_TOLD_APART: Final = {"TR": "tare", "PT": "tare", "UW": "info", "AQ": "info"}
"""Numbers that are no weight of what lies on the scale: tare, unit weight, total."""
_TEXTS: Final = {"ID": "id", "SN": "serial", "TN": "model"}

_ADDRESSED: Final = re.compile(r"@([0-9]{2})(.*)", re.DOTALL)
_STANDARD: Final = re.compile(r"([A-Z]{2}),(?:(HI|OK|LO|--),)?([+-][ 0-9.,]{8})([ A-Za-z%]{3})")
_CSV: Final = re.compile(r"([A-Z]{2})([,;])(?:(HI|OK|LO|--)\2)?([+-][0-9.,]{8})\2([ A-Za-z%]{3})")
_OVER: Final = re.compile(r"OL[,;](?:(HI|OK|LO|--)[,;])?(.*)")
_CSV_UNIT: Final = re.compile(r"[,;]([ A-Za-z%]{1,4})")
_MT: Final = re.compile(r"(S |SD) *([+-]?[0-9.]{1,12}) +([A-Za-z%]{1,3})")
_NU_OVER: Final = re.compile(r"([+-])(?:9999999E\+19|9[9.]{7})")
"""Balances say 9999999E+19; scales fill the digits with 9, and with no header nothing else tells."""
_DP: Final = re.compile(r"([A-Z]{2}) +([+-]?[0-9.,]{1,10}) +([A-Za-z%]{1,4})")
_DP_OVER: Final = re.compile(r" *(-?)E *")
_KF: Final = re.compile(r"([+ -])([ 0-9.,]{9})([ A-Za-z%]{4})")
_KF_OVER: Final = re.compile(r" *([HL]) *")
_KF_CHARS: Final = 14
_ACK: Final = b"\x06"
_DP_CHARS: Final = 16
_PRESET: Final = re.compile(r"PT:([+-]?[0-9.,]{1,9}) ?([A-Za-z]{1,3})")


def and_scale(config: AndScaleConfig) -> Wire:
    at = f"@{config.address}" if config.address is not None else ""
    end = "\r\n" if config.line_end == "crlf" else "\r"
    orders: dict[Order, bytes] = {order: f"{at}{sent}{end}".encode() for order, sent in _ORDERS.items()}
    return _AndWire(partial(_addressed, _FORMATS[config.format]), orders, max_bytes=LINE_MAX_BYTES)


class _AndWire(LineWire):
    """An acknowledgement may stand without a line end."""

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        for place, part in enumerate(bytes(byte & 0x7F for byte in data).split(_ACK)):
            if place and self.held_bytes == 0:
                pieces.append(Told("ack", keys={"command": "command"}, raw=_ACK))
            elif place:
                pieces += super().feed(_ACK)
            pieces += super().feed(part)
        return pieces


def _addressed(parse: Callable[[str, bytes], Piece], line: bytes) -> Piece:
    text = line.decode("latin-1")
    found = _ADDRESSED.fullmatch(text)
    piece = _answer(parse, found[2] if found is not None else text, line)
    if found is None or isinstance(piece, Garbled):
        return piece
    return Told(piece.kind, piece.load, {**piece.keys, "address": found[1]}, line)


def _answer(parse: Callable[[str, bytes], Piece], text: str, raw: bytes) -> Piece:
    """What is the same in every format; the rest is that of `parse`."""
    header, _, rest = text.partition(",")
    if text == "\x06":  # after an address
        return Told("ack", keys={"command": "command"}, raw=raw)
    if header == "EC" and re.fullmatch(r"E[0-9]{1,2}", rest):
        return Told("error", keys={"error": _ERRORS.get(rest, "device"), "code": rest}, raw=raw)
    if header in _TEXTS and rest.isprintable() and rest:
        return Told("info", keys={_TEXTS[header]: rest.strip(" ")}, raw=raw)
    return parse(text, raw)


def _standard(text: str, raw: bytes) -> Piece:
    if (over := _OVER.fullmatch(text)) is not None:
        return _out_of_range(over[2][:1], None, over[1], raw)
    found = _STANDARD.fullmatch(text)
    return Garbled(raw) if found is None else _headed(found[1], found[3], found[4], found[2], raw)


def _csv(text: str, raw: bytes) -> Piece:
    if (over := _OVER.fullmatch(text)) is not None:
        unit = _CSV_UNIT.search(over[2])
        return _out_of_range(over[2][:1], None if unit is None else unit_of(unit[1]), over[1], raw)
    found = _CSV.fullmatch(text)
    if found is None or (found[2] in found[4]):
        return Garbled(raw)
    return _headed(found[1], found[4], found[5], found[3], raw)


def _dump_print(text: str, raw: bytes) -> Piece:
    if len(text) <= _DP_CHARS and (over := _DP_OVER.fullmatch(text)) is not None:
        return _out_of_range(over[1] or "+", None, None, raw)
    found = _DP.fullmatch(text) if len(text) == _DP_CHARS else None
    return Garbled(raw) if found is None else _headed(found[1], found[2], found[3], None, raw)


def _karl_fischer(text: str, raw: bytes) -> Piece:
    if len(text) <= _KF_CHARS and (over := _KF_OVER.fullmatch(text)) is not None:
        return _out_of_range("+" if over[1] == "H" else "-", None, None, raw)
    found = _KF.fullmatch(text)
    number = None if found is None else number_in_columns(found[1] + found[2])
    if found is None or number is None or (found[1] == " " and number.strip("0.")):
        return Garbled(raw)  # only zero has no sign
    return amount(number, unit_of(found[3]), bool(found[3].strip(" ")), raw)


def _mt(text: str, raw: bytes) -> Piece:
    if text.rstrip(" ") in ("SI+", "SI-"):
        return _out_of_range(text[2], None, None, raw)
    found = _MT.fullmatch(text.rstrip(" "))
    if found is None or not is_number(found[2]):
        return Garbled(raw)
    return amount(found[2], unit_of(found[3]), found[1] == "S ", raw)


def _number_alone(text: str, raw: bytes) -> Piece:
    if (over := _NU_OVER.fullmatch(text)) is not None:
        return _out_of_range(over[1], None, None, raw)
    number = number_in_columns(text) if len(text) == 9 and text[0] in "+-" else None
    return Garbled(raw) if number is None else amount(number, None, None, raw)


_FORMATS: Final[Mapping[str, Callable[[str, bytes], Piece]]] = {
    "standard": _standard, "csv": _csv, "mt": _mt, "nu": _number_alone, "dp": _dump_print, "kf": _karl_fischer,
}  # fmt: skip


def _headed(header: str, field: str, unit_field: str, comparator: str | None, raw: bytes) -> Piece:
    number, unit = number_in_columns(field), unit_of(unit_field)
    if number is None:
        return Garbled(raw)
    keys = {} if comparator is None else {"comparator": _COMPARATOR[comparator]}
    if header in _STABLE:
        if header == "QT" and unit is None:
            unit = "pcs"
        return amount(number, unit, _STABLE[header], raw, keys=keys)
    if header not in _TOLD_APART:
        return Garbled(raw)
    return other_amount(_TOLD_APART[header], number, unit, raw, header=header)


def _out_of_range(sign: str, unit: str | None, comparator: str | None, raw: bytes) -> Told:
    load = Load(unit=unit, overload=sign == "+", underload=sign == "-", out_of_range=sign not in ("+", "-"))
    keys = {} if comparator is None else {"comparator": _COMPARATOR[comparator]}
    return Told("weight", load, keys, raw)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    text = sent.decode("latin-1").rstrip("\r\n")
    if not sent.endswith((b"\r", b"\n")) and text[:1] != "\x1b":
        return None  # of an answer in two reads the first may look like one
    found = _ADDRESSED.fullmatch(text)
    text, address = (text, {}) if found is None else (found[2], {"address": found[1]})
    if (preset := _PRESET.fullmatch(text)) is not None:
        keys = {"command": "tare_set", "value": preset[1], "unit": unit_of(preset[2]), **address}
        return Told("command", keys=keys, raw=sent)
    command = _COMMANDS.get(text)
    return None if command is None else Told("command", keys={"command": command, **address}, raw=sent)
