"""GS1 trade item numbers (EAN, UPC-A): they name a product, never a parcel. General Specifications §3.3.2, mod 10."""

from collections.abc import Callable

from drivers.identifiers.check_digits import mod10_check_digit
from drivers.identifiers.format import Found, Misfit, checked, misfit


def gtin(length: int) -> Callable[[str], Found | Misfit]:
    def parse(text: str) -> Found | Misfit:
        if len(text) != length or not (text.isascii() and text.isdigit()):
            return misfit(text, f"{length} digits")
        return checked(text, {"check": text[-1]}, text[-1], mod10_check_digit(text[:-1]), weak=True)

    return parse
