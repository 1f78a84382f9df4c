"""DHL: express waybills, piece identifiers and e-commerce parcels (scanners.md §6).

One in seven numbers of 10 or 11 digits passes the waybill's check digit; the other two have none. All three are weak.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import mod7_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit

_EXPRESS: Final = re.compile(r"[0-9]{10,11}")
_PIECE: Final = re.compile(r"(J[A-Z]{2,3})([0-9]{9,10})")
_ECOMMERCE: Final = re.compile(r"([A-Z]{2})([0-9]{10,39})")
_ECOMMERCE_HEADS: Final = ("GM", "LX", "RX", "UV", "CN", "SG", "TH", "IN", "HK", "MY")


def parse_express(text: str) -> Found | Misfit:
    if _EXPRESS.fullmatch(text) is None:
        return misfit(text, "10 or 11 digits")
    return checked(text, {"check": text[-1]}, text[-1], mod7_check_digit(text[:-1]), weak=True)


def parse_piece(text: str) -> Found | Misfit:
    shape = _PIECE.fullmatch(text)
    if shape is None:
        return misfit(text, "J, 2 or 3 letters, 9 or 10 digits")
    return Found(text, {"prefix": shape[1], "serial": shape[2]}, weak=True)


def parse_ecommerce(text: str) -> Found | Misfit:
    shape = _ECOMMERCE.fullmatch(text)
    if shape is None:
        return misfit(text, "2 letters, 10 to 39 digits")
    if shape[1] not in _ECOMMERCE_HEADS:
        return Misfit("prefix", f"begins with {shape[1]}, not {', '.join(_ECOMMERCE_HEADS)}")
    return Found(text, {"prefix": shape[1], "serial": shape[2]}, weak=True)
