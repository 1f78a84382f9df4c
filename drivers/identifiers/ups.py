"""UPS tracking numbers: `1Z`, shipper (6), service (2), package (7), check digit (scanners.md §6)."""

import re
from typing import Final

from drivers.identifiers.check_digits import ups_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit

_SHAPE: Final = re.compile(r"([0-9A-Z]{2})([0-9A-Z]{6})([0-9A-Z]{2})([0-9A-Z]{7})([0-9A-Z])")
_PREFIX: Final = "1Z"


def parse_1z(text: str) -> Found | Misfit:
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return misfit(text, "1Z and 16 digits or capital letters")
    prefix, shipper, service, package, check = shape.groups()
    if prefix != _PREFIX:
        return Misfit("prefix", f"begins with {prefix}, not {_PREFIX}")
    parts = {"shipper": shipper, "service": service, "package": package, "check": check}
    return checked(text, parts, check, ups_check_digit(shipper + service + package))
