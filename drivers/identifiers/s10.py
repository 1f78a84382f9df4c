"""UPU S10 item numbers, the main identifier of cross-border mail: `RA 4731 2482 9 GB`.

Thirteen characters: service (2 letters), serial (8 digits), check digit, ISO 3166 country (2 letters).
The service letters are not judged: bilateral and reserved services are met on real parcels.
A number may be used again after 12 months, so it is never the key of a visit.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from drivers.identifiers.check_digits import s10_check_digit
from drivers.identifiers.countries import ISO_3166

S10Fault = Literal["check_digit", "country"]

_SHAPE: Final = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")


@dataclass(frozen=True, slots=True)
class S10:
    service: str
    serial: str
    check: str
    country: str
    fault: S10Fault | None
    """Why it must not be used. The check digit is told before the country."""


def parse_s10(text: str) -> S10 | None:
    """`text` is normalised: upper case, no blanks. None where it does not have the shape of an S10 number."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    service, serial, check, country = shape.groups()
    fault: S10Fault | None = None
    if check != s10_check_digit(serial):
        fault = "check_digit"
    elif country not in ISO_3166:
        fault = "country"
    return S10(service, serial, check, country, fault)
