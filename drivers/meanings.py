"""What bytes say, in the keys of `meaning` in `tests/vectors/vectors.jsonl`: the parts that several protocols share."""

from collections.abc import Mapping
from typing import Final

from drivers.identifiers.check_digits import mod10_ok
from drivers.identifiers.gs1 import (
    GS,
    Elements,
    Gs1Fault,
    failed_check,
    is_link,
    parse_elements,
    parse_link,
)
from drivers.reading import BarcodeRead
from drivers.scanners.aim import check_of, is_full_ascii, is_gs1, symbology_of

Meaning = dict[str, object]

_EAN_DIGITS: Final = {"]E0": (12, 13), "]E4": (8,)}
"""How many digits their symbols have; UPC-A is sent without its leading zero by some."""


def code_meaning(read: BarcodeRead) -> Meaning:
    meaning: Meaning = {"kind": "scan", "data": read.data, "symbology": None, "aim": read.aim}
    if read.aim is None:
        return meaning
    if read.aim in _EAN_DIGITS:
        digits = read.data.isascii() and read.data.isdigit() and len(read.data) in _EAN_DIGITS[read.aim]
        if not digits or not mod10_ok(read.data):
            error = "check_digit" if digits else "format"
            return {"kind": "error", "error": error, "aim": read.aim, "data": read.data}
        meaning["check_digit"] = "ok"
    elements = _elements_of(read)
    if (wrong := failed_check(elements)) is not None:
        detail = f"check digit of ({wrong}) {elements[wrong]}"
        return {"kind": "error", "error": "check_digit", "detail": detail, "aim": read.aim, "data": read.data}
    meaning["symbology"] = symbology_of(read.aim).name
    meaning["full_ascii"] = is_full_ascii(read.aim) or None
    meaning["check"] = check_of(read.aim)
    if elements and is_gs1(read.aim):
        meaning |= {"elements": elements, "trailing_fnc1": read.data.endswith(GS) or None}
    elif elements:
        meaning |= {"elements": elements, "digital_link": True}
    return known(meaning)


def _elements_of(read: BarcodeRead) -> Elements:
    """Empty where the symbol is not of GS1, or its data are no element strings."""
    gs1 = read.aim is not None and is_gs1(read.aim)
    if not gs1 and not is_link(read.data):
        return {}
    elements = parse_elements(read.data) if gs1 else parse_link(read.data)
    return {} if isinstance(elements, Gs1Fault) else elements


def garbled(line: bytes) -> Meaning:
    return {"kind": "error", "error": "garbled", "raw": line.hex(" ")}


def known(meaning: Mapping[str, object]) -> Meaning:
    return {key: value for key, value in meaning.items() if value is not None}


def without_leading_zeros(number: str) -> str:
    sign = "-" if number.startswith("-") else ""
    whole, point, decimals = number.lstrip("+-").partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point}{decimals}"
