"""Numbers on labels: valid ones of every format, drawn at random, and whether a check digit is right.

Check digits are computed here from the manual (scanners.md §6), apart from the code that they try.
"""

import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Draw = Callable[[random.Random], str]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.ascii_uppercase, k=count))


def weighted(body: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weights[place % len(weights)] for place, digit in enumerate(body))


def mod10(body: str) -> str:
    return str((10 - weighted(body[::-1], (3, 1)) % 10) % 10)


def mod11(body: str, weights: Sequence[int]) -> str:
    return str(weighted(body, weights) % 11 % 10)


def s10_check(serial: str) -> str:
    rest = 11 - weighted(serial, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: "0", 11: "5"}.get(rest, str(rest))


def ups_check(body: str) -> str:
    values = [int(sign) if sign in string.digits else (ord(sign) - 63) % 10 for sign in body]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return str((10 - total % 10) % 10)


def dpd_check(body: str) -> str:
    """ISO 7064: the check character is the one with which the whole comes to 1."""
    signs = string.digits + string.ascii_uppercase
    held = 36
    for sign in body:
        held = ((held + signs.index(sign)) % 36 or 36) * 2 % 37
    return next(check for check in signs if (held + signs.index(check)) % 36 == 1)


def s10(rng: random.Random) -> str:
    serial = digits(rng, 8)
    head, country = f"{rng.choice('CEHLRUV')}{letters(rng, 1)}", rng.choice(("GB", "CN", "MY", "DE"))
    return f"{head}{serial}{s10_check(serial)}{country}"


def ups(rng: random.Random) -> str:
    body = "".join(rng.choices(string.ascii_uppercase + string.digits, k=15))
    return f"1Z{body}{ups_check(body)}"


def dpd(rng: random.Random) -> str:
    body = digits(rng, 27)
    return body + dpd_check(body)


def usps(rng: random.Random, routing: str) -> str:
    body = f"9{rng.choice('12345')}{digits(rng, rng.choice((19, 23)) if len(routing) < 12 else 19)}"
    return routing + body + mod10(body)


def express_34(rng: random.Random) -> str:
    number = digits(rng, 13)
    return f"100{digits(rng, 17)}{number}{mod11(number, (1, 7, 3))}"


def ground_34(rng: random.Random) -> str:
    number = digits(rng, 13)
    return f"96{rng.choice(('22', '32'))}{digits(rng, 16)}{number}{mod11(number, (1, 7, 3))}"


def ground_22(rng: random.Random) -> str:
    number = digits(rng, 14)
    return f"96{digits(rng, 5)}{number}{mod10(number)}"


def with_check(length: int, check: Callable[[str], str]) -> Draw:
    def draw(rng: random.Random) -> str:
        body = digits(rng, length - 1)
        return body + check(body)

    return draw


def prefixed(prefixes: Sequence[str], count: int) -> Draw:
    return lambda rng: rng.choice(prefixes) + digits(rng, count)


def waybill(rng: random.Random) -> str:
    serial = digits(rng, 7)
    return f"{digits(rng, 3)}{serial}{int(serial) % 7}"


VALID: Final[Mapping[str, Draw]] = {
    "upu-s10": s10,
    "upu-s9": lambda rng: letters(rng, 15) + digits(rng, 14),
    "upu-s8": lambda rng: letters(rng, 15) + digits(rng, 5),
    "ups-1z": ups,
    "fedex-96-34": ground_34,
    "fedex-34": express_34,
    "fedex-96-22": ground_22,
    "usps-impb": lambda rng: usps(
        rng, rng.choice(("", f"420{digits(rng, 5)}", f"420{digits(rng, 5)}\x1d", f"420{digits(rng, 9)}"))
    ),
    "yunexpress": prefixed(("YT",), 16),
    "gofo": prefixed(("GFUS",), 14),
    "amazon": prefixed(("TBA", "TBC", "TBM"), 12),
    "dpd-28": dpd,
    "sscc": with_check(18, mod10),
    "dhl-piece": prefixed(("JJD", "JVGL"), 9),
    "dhl-ecommerce": prefixed(("GM", "LX", "RX", "UV", "CN", "SG", "TH", "IN", "HK", "MY"), 16),
    "iata-label": lambda rng: waybill(rng) + digits(rng, 5),
    "fedex-12": with_check(12, lambda body: mod11(body, (3, 1, 7))),
    "fedex-ground-15": with_check(15, mod10),
    "dhl-express": with_check(10, lambda body: str(int(body) % 7)),
    "iata-awb": waybill,
    "gtin-14": with_check(14, mod10),
    "gtin-13": with_check(13, mod10),
    "gtin-12": with_check(12, mod10),
    "gtin-8": with_check(8, mod10),
}


RIGHT: Final[Mapping[str, tuple[re.Pattern[str], Callable[[str], str]]]] = {
    "upu-s10": (re.compile(r"[A-Z]{2}([0-9]{8})([0-9])[A-Z]{2}"), s10_check),
    "ups-1z": (re.compile(r"1Z([0-9A-Z]{15})([0-9])"), ups_check),
    "dpd-28": (re.compile(r"%?([0-9]{27})([0-9A-Z])"), dpd_check),
    "fedex-12": (re.compile(r"([0-9]{11})([0-9])"), lambda body: mod11(body, (3, 1, 7))),
    "fedex-34": (re.compile(r"[0-9]{20}([0-9]{13})([0-9])"), lambda body: mod11(body, (1, 7, 3))),
    "fedex-96-34": (re.compile(r"96[23]2[0-9]{16}([0-9]{13})([0-9])"), lambda body: mod11(body, (1, 7, 3))),
    "fedex-96-22": (re.compile(r"96[0-9]{5}([0-9]{14})([0-9])"), mod10),
    "dhl-express": (re.compile(r"([0-9]{9,10})([0-9])"), lambda body: str(int(body) % 7)),
    "iata-awb": (re.compile(r"[0-9]{3}-?([0-9]{7})([0-9])"), lambda body: str(int(body) % 7)),
    **{
        name: (re.compile(rf"([0-9]{{{length - 1}}})([0-9])"), mod10)
        for name, length in {
            "sscc": 18, "fedex-ground-15": 15, "gtin-14": 14, "gtin-13": 13, "gtin-12": 12, "gtin-8": 8,
        }.items()
    },
}  # fmt: skip
"""Of each format: what is checked, its check digit, and how that is computed."""


def is_right(name: str, text: str) -> bool:
    """Whether `text`, normalised, has the shape and the check digit of a format of `RIGHT`."""
    pattern, check = RIGHT[name]
    shape = pattern.fullmatch(text)
    return shape is not None and check(shape[1]) == shape[2]
