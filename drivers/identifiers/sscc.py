"""GS1 Serial Shipping Container Code: 18 digits, the last one a mod-10 check digit.

Printed as AI (00) in GS1-128; some labels carry the 18 digits alone. General Specifications §3.3.1.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import mod10_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit

_SHAPE: Final = re.compile(r"[0-9]{18}")


def parse_sscc(text: str) -> Found | Misfit:
    """The 18 digits without an AI."""
    if _SHAPE.fullmatch(text) is None:
        return misfit(text, "18 digits")
    return checked(text, {"check": text[-1]}, text[-1], mod10_check_digit(text[:-1]))
