"""UPU S10 item numbers, the main identifier of cross-border mail: `RA 4731 2482 9 GB`.

Thirteen characters: service (2 letters), serial (8 digits), check digit, ISO 3166 country (2 letters).
The service letters are named but not judged: bilateral and reserved services are met on real parcels.
A number may be used again after 12 months, so it is never the key of a visit.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import s10_check_digit
from drivers.identifiers.countries import ISO_3166
from drivers.identifiers.format import Found, Misfit, checked, misfit

_SHAPE: Final = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_DOMESTIC: Final = "domestic_or_bilateral"
_SERVICES: Final = {
    "E": "ems", "C": "parcel_post", "H": "ecommerce_parcel", "L": "tracked_letter", "R": "registered", "V": "insured",
    "U": "other_letter", "M": "m_bag", "B": _DOMESTIC, "D": _DOMESTIC, "N": _DOMESTIC, "P": _DOMESTIC, "Z": _DOMESTIC,
    "GA": _DOMESTIC, "GD": _DOMESTIC, "J": "reserved", "K": "reserved", "S": "reserved", "T": "reserved",
    "W": "reserved",
    **{f"A{letter}": _DOMESTIC for letter in "VWXYZ"},
    **{f"Q{letter}": "business_reply" for letter in "ABCDEFGHIJKLM"},
}  # fmt: skip
"""By both letters, else by the first one (scanners.md §6)."""


def service_name(letters: str) -> str:
    """`unlisted` where the standard's table has none."""
    return _SERVICES.get(letters) or _SERVICES.get(letters[0], "unlisted")


def parse_s10(text: str) -> Found | Misfit:
    """The check digit is told before the country."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return misfit(text, "2 letters, 9 digits, 2 letters")
    service, serial, check, country = shape.groups()
    parts = {
        "service": service, "service_name": service_name(service), "serial": serial, "check": check, "country": country,
    }  # fmt: skip
    found = checked(text, parts, check, s10_check_digit(serial))
    if found.fault is None and country not in ISO_3166:
        return Found(text, found.parts, "country", f"{country} is no country of ISO 3166-1")
    return found
