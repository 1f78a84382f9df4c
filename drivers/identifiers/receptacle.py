"""UPU S9 receptacle identifiers (29 characters) and the S8 dispatch identifiers that begin them (20).

Offices of exchange of origin and destination (6 letters each), mail category, subclass, year, dispatch, receptacle,
whether it is the dispatch's last, whether registered or insured items are in it, weight in 0.1 kg. No check digit.
"""

import re
from typing import Final

from drivers.identifiers.format import Found, Misfit, misfit

_DISPATCH: Final = r"([A-Z]{6})([A-Z]{6})([A-Z])([A-Z]{2})([0-9])([0-9]{4})"
_S8: Final = re.compile(_DISPATCH)
_S9: Final = re.compile(_DISPATCH + r"([0-9]{3})([0-9])([0-9])([0-9]{4})")
_DISPATCH_PARTS: Final = ("origin", "destination", "category", "subclass", "year_digit", "dispatch")
_S9_PARTS: Final = (*_DISPATCH_PARTS, "receptacle", "highest", "registered")


def parse_s9(text: str) -> Found | Misfit:
    shape = _S9.fullmatch(text)
    if shape is None:
        return misfit(text, "15 letters, 14 digits")
    *fields, tenths = shape.groups()
    parts = dict(zip(_S9_PARTS, fields, strict=True))
    return Found(text, parts | {"weight": f"{int(tenths) // 10}.{tenths[-1]}", "unit": "kg"})


def parse_s8(text: str) -> Found | Misfit:
    shape = _S8.fullmatch(text)
    if shape is None:
        return misfit(text, "15 letters, 5 digits")
    return Found(text, dict(zip(_DISPATCH_PARTS, shape.groups(), strict=True)))
