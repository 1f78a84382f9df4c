"""Check digits of the identifiers on parcels. Digits in, digit out; nothing is validated here.

S10: UPU standard S10, weights 8 6 4 2 3 5 9 7, mod 11. GS1: General Specifications §7.9.1, mod 10.
"""

from operator import mul
from typing import Final

_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)


def s10_check_digit(serial: str) -> str:
    """Of the eight digits of an S10 serial. The results 10 and 11 are written 0 and 5."""
    total = sum(map(mul, _S10_WEIGHTS, map(int, serial)))
    check = 11 - total % 11
    return str({10: 0, 11: 5}.get(check, check))


def mod10_check_digit(body: str) -> str:
    """Of all digits but the last of an SSCC or GTIN: weights 3, 1, 3, … from the right."""
    digits = [int(digit) for digit in reversed(body)]
    return str(-(3 * sum(digits[::2]) + sum(digits[1::2])) % 10)


def mod10_ok(digits: str) -> bool:
    return mod10_check_digit(digits[:-1]) == digits[-1]
