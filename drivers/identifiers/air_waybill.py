"""Air waybills: airline prefix (3), serial (7), serial mod 7; and cargo labels, which add the number of the piece.

One in ten numbers of 11 digits passes, so both are weak. IATA Resolution 606; how many digits the piece has is not in
the documents we have (5 as a rule), so it is a setting.
"""

import re
from collections.abc import Callable
from typing import Final

from drivers.identifiers.check_digits import mod7_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit

PIECE_DIGITS: Final = 5
PIECE_DIGITS_MAX: Final = 9

_WAYBILL: Final = re.compile(r"([0-9]{3})-?([0-9]{7})([0-9])")
"""Printed with a dash after the airline."""


def parse_awb(text: str) -> Found | Misfit:
    shape = _WAYBILL.fullmatch(text)
    if shape is None:
        return misfit(text, "11 digits")
    airline, serial, check = shape.groups()
    parts = {"airline_prefix": airline, "serial": serial, "check": check}
    return checked(airline + serial + check, parts, check, mod7_check_digit(serial), weak=True)


def cargo_label(piece_digits: int) -> Callable[[str], Found | Misfit]:
    def parse(text: str) -> Found | Misfit:
        waybill, piece = text[:-piece_digits], text[-piece_digits:]
        found = parse_awb(waybill)
        if isinstance(found, Misfit) or not (piece.isascii() and piece.isdigit()):
            return misfit(text, f"11 digits and {piece_digits} of the piece")
        return Found(found.value, {**found.parts, "piece": piece}, found.fault, found.detail, weak=True)

    return parse
