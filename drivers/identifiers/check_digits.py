"""Check digits of the identifiers on parcels. Characters in, character out; nothing is validated here.

S10: UPU standard S10, weights 8 6 4 2 3 5 9 7, mod 11. GS1: General Specifications §7.9.1, mod 10. Carriers and air
waybills: scanners.md §6 and its source, jkeen/tracking_number_data.
"""

from collections.abc import Sequence
from itertools import cycle
from operator import mul
from typing import Final

_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_S10_CHECKS: Final = "50987654321"
"""By the remainder: 11 less it, but that 10 and 11 are written 0 and 5."""
_ISO_7064: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def s10_check_digit(serial: str) -> str:
    """Of the eight digits of an S10 serial."""
    return _S10_CHECKS[sum(map(mul, _S10_WEIGHTS, map(int, serial))) % 11]


def mod10_check_digit(body: str) -> str:
    """Of all digits but the last of an SSCC or GTIN: weights 3, 1, 3, … from the right."""
    digits = [int(digit) for digit in reversed(body)]
    return str(-(3 * sum(digits[::2]) + sum(digits[1::2])) % 10)


def mod10_ok(digits: str) -> bool:
    return mod10_check_digit(digits[:-1]) == digits[-1]


def mod11_check_digit(body: str, weights: Sequence[int]) -> str:
    """FedEx: the weighted sum mod 11, then mod 10, so that 10 is written 0. The weights are repeated."""
    return str(sum(map(mul, map(int, body), cycle(weights))) % 11 % 10)


def mod7_check_digit(number: str) -> str:
    """The number itself mod 7: never 7, 8 or 9."""
    return str(int(number) % 7)


def ups_check_digit(body: str) -> str:
    """Of the 15 characters after `1Z`: a letter counts (ASCII − 63) mod 10; weights 1, 2, 1, …"""
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in body]
    return str(-(sum(values[::2]) + 2 * sum(values[1::2])) % 10)


def mod37_36_check(body: str) -> str:
    """ISO 7064, mod 37,36: a digit or a letter."""
    held = 36
    for sign in body:
        held = (held + _ISO_7064.index(sign)) % 36 or 36
        held = held * 2 % 37
    return _ISO_7064[(37 - held) % 36]
