"""What bytes say, in the keys of `meaning` in `tests/vectors/vectors.jsonl`: the parts that several protocols share."""

from collections.abc import Mapping
from typing import Final

from drivers.identifiers.check_digits import mod10_ok
from drivers.identifiers.gs1 import GS, Gs1Fault, is_link, parse_elements, parse_link
from drivers.reading import BarcodeRead
from drivers.scanners.aim import check_of, is_full_ascii, is_gs1, symbology_of

Meaning = dict[str, object]

_EAN_AIMS: Final = ("]E0", "]E4")


def code_meaning(read: BarcodeRead) -> Meaning:
    meaning: Meaning = {"kind": "scan", "data": read.data, "symbology": None, "aim": read.aim}
    if read.aim is None:
        return meaning
    if read.aim in _EAN_AIMS and read.data.isascii() and read.data.isdigit():
        if not mod10_ok(read.data):
            return {"kind": "error", "error": "check_digit", "aim": read.aim, "data": read.data}
        meaning["check_digit"] = "ok"
    meaning["symbology"] = symbology_of(read.aim).name
    meaning["full_ascii"] = is_full_ascii(read.aim) or None
    meaning["check"] = check_of(read.aim)
    return known(meaning | _gs1_meaning(read))


def _gs1_meaning(read: BarcodeRead) -> Meaning:
    gs1 = read.aim is not None and is_gs1(read.aim)
    if not gs1 and not is_link(read.data):
        return {}
    elements = parse_elements(read.data) if gs1 else parse_link(read.data)
    if isinstance(elements, Gs1Fault):
        return {}
    if gs1:
        return {"elements": elements, "trailing_fnc1": read.data.endswith(GS) or None}
    return {"elements": elements, "digital_link": True}


def garbled(line: bytes) -> Meaning:
    return {"kind": "error", "error": "garbled", "raw": line.hex(" ")}


def known(meaning: Mapping[str, object]) -> Meaning:
    return {key: value for key, value in meaning.items() if value is not None}


def without_leading_zeros(number: str) -> str:
    sign = "-" if number.startswith("-") else ""
    whole, point, decimals = number.lstrip("+-").partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point}{decimals}"
