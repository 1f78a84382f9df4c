"""DPD parcel labels: postcode (7), parcel number (14), service (3), country (3), check character (scanners.md §6).

ISO 7064 mod 37,36; countries are numeric ISO 3166. Some symbols have a `%` in front, which is no part of the number.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import mod37_36_check
from drivers.identifiers.format import Found, Misfit, misfit

_SHAPE: Final = re.compile(r"%?(([0-9]{7})([0-9]{14})([0-9]{3})([0-9]{3}))([0-9A-Z])")


def parse_28(text: str) -> Found | Misfit:
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return misfit(text, "27 digits and a check character")
    body, postcode, parcel, service, country, check = shape.groups()
    parts = {"postcode": postcode, "parcel": parcel, "service": service, "country": country, "check": check}
    wanted = mod37_36_check(body)
    if check == wanted:
        return Found(body + check, parts)
    # Without its check character nothing tells it from any other number of 28 digits.
    return Found(body + check, parts, "check_digit", f"check character {check}, computed {wanted}", weak=True)
