"""USPS Intelligent Mail package barcodes: routing (`420` and a ZIP of 5 or 9), then the number (scanners.md §6).

The number begins with 91 to 95 and has 22 or 26 digits; mod 10 with weights 3, 1 from the right, without the routing.
The older one of 20 digits has no prefix (Publication 91); its check digit is that of the 20 digits, or of the 22 with
the `91` that was left out. On labels it is GS1-128, so a separator may stand after the ZIP.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import mod10_check_digit, mod10_ok
from drivers.identifiers.format import Found, Misfit, checked, misfit
from drivers.identifiers.gs1 import GS

CHARS: Final = (20, 22, 26, 30, 31, 34, 35, 38, 39)
"""Without and with routing, its ZIP of 5 or 9 and the separator or none."""
_NUMBER: Final = r"(9[1-5](?:[0-9]{20}|[0-9]{24}))"
_ROUTED: Final = tuple(re.compile(f"420([0-9]{{{size}}}){GS}?{_NUMBER}") for size in (9, 5))
"""A code of 34 digits may be both: the longer ZIP is tried first."""
_BARE: Final = re.compile(_NUMBER)
_TWENTY: Final = re.compile(r"[0-9]{20}")
_LEFT_OUT: Final = "91"


def parse_impb(text: str) -> Found | Misfit:
    routed = [shape for pattern in _ROUTED if (shape := pattern.fullmatch(text)) is not None]
    if routed:
        zip_code, number = next((one for one in routed if mod10_ok(one[2])), routed[0]).groups()
        return _checked(number, {"zip": zip_code[:5]} | ({"plus4": zip_code[5:]} if zip_code[5:] else {}))
    if _BARE.fullmatch(text) is not None:
        return _checked(text, {})
    if _TWENTY.fullmatch(text) is not None:
        if mod10_ok(_LEFT_OUT + text):
            return Found(_LEFT_OUT + text, {"tracking": _LEFT_OUT + text, "check": text[-1]}, weak=True)
        wanted = mod10_check_digit(text[:-1])
        return checked(text, {"tracking": text, "check": text[-1]}, text[-1], wanted, weak=True)
    if text.isascii() and text.isdigit() and len(text) in (22, 26):
        return Misfit("prefix", f"begins with {text[:2]}, not 91 to 95")
    return misfit(
        text, "420 and a ZIP of 5 or 9 where there is one, then 91 to 95 and 20 or 24 digits; or 20 digits"
    )


def _checked(number: str, routing: dict[str, str]) -> Found:
    parts = {**routing, "tracking": number, "check": number[-1]}
    return checked(number, parts, number[-1], mod10_check_digit(number[:-1]))
