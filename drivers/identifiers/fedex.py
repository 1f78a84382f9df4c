"""FedEx: five layouts of one tracking number (scanners.md §6).

Express numbers have 12 digits, alone or at the end of a code of 34; Ground numbers 15, alone or at the end of a code of
22. Of 12 or 15 digits alone one in eleven, or ten, passes the check digit by chance, so these are weak.
"""

import re
from typing import Final

from drivers.identifiers.check_digits import mod10_check_digit, mod11_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit

_TWELVE: Final = re.compile(r"[0-9]{12}")
_FIFTEEN: Final = re.compile(r"[0-9]{15}")
_LONG: Final = re.compile(r"[0-9]{15}([0-9]{5})([0-9]{13})([0-9])")
_GSN: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{5})([0-9]{10})[0-9]([0-9]{13})([0-9])")
_GROUND: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{3})([0-9]{7})([0-9]{7})([0-9])")
_GSN_CONTAINERS: Final = ("22", "32")
_EXPRESS_HEAD: Final = "100"
"""Of all codes of 34 digits seen (jkeen/tracking_number_data); the manual tells no prefix."""


def parse_express(text: str) -> Found | Misfit:
    if _TWELVE.fullmatch(text) is None:
        return misfit(text, "12 digits")
    wanted = mod11_check_digit(text[:-1], (3, 1, 7))
    return checked(text, {"check": text[-1]}, text[-1], wanted, weak=True)


def parse_express_34(text: str) -> Found | Misfit:
    shape = _LONG.fullmatch(text)
    if shape is None:
        return misfit(text, "34 digits")
    zip_code, body, check = shape.groups()
    if text.startswith(("96", "420")):
        return Misfit("prefix", f"begins with {text[:3]}: another carrier's or layout's code of 34 digits")
    parts = {"tracking": text[-12:], "destination_zip": zip_code, "check": check}
    weak = not text.startswith(_EXPRESS_HEAD)
    return checked(text[-12:], parts, check, mod11_check_digit(body, (1, 7, 3)), weak=weak)


def parse_ground_96_34(text: str) -> Found | Misfit:
    shape = _GSN.fullmatch(text)
    if shape is None:
        return misfit(text, "34 digits")
    application, container, _, gsn, body, check = shape.groups()
    if application != "96" or container not in _GSN_CONTAINERS:
        return Misfit("prefix", f"begins with {text[:4]}, not 9622 or 9632")
    parts = {"tracking": text[-12:], "scnc": container, "gsn": gsn, "check": check}
    return checked(text[-12:], parts, check, mod11_check_digit(body, (1, 7, 3)))


def parse_ground_96_22(text: str) -> Found | Misfit:
    shape = _GROUND.fullmatch(text)
    if shape is None:
        return misfit(text, "22 digits")
    application, container, service, shipper, package, check = shape.groups()
    if application != "96":
        return Misfit("prefix", f"begins with {application}, not 96")
    parts = {
        "tracking": text[-15:], "scnc": container, "service": service, "shipper": shipper, "package": package,
        "check": check,
    }  # fmt: skip
    return checked(text[-15:], parts, check, mod10_check_digit(shipper + package))


def parse_ground_15(text: str) -> Found | Misfit:
    if _FIFTEEN.fullmatch(text) is None:
        return misfit(text, "15 digits")
    return checked(text, {"check": text[-1]}, text[-1], mod10_check_digit(text[:-1]), weak=True)
