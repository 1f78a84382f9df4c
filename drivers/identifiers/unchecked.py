"""Carriers whose numbers are a fixed prefix and digits, without a check digit (scanners.md §6)."""

import re
from collections.abc import Callable

from drivers.identifiers.format import Found, Misfit, misfit


def prefixed(prefixes: tuple[str, ...], digits: int) -> Callable[[str], Found | Misfit]:
    shape = re.compile(f"([A-Z]+)([0-9]{{{digits}}})")

    def parse(text: str) -> Found | Misfit:
        found = shape.fullmatch(text)
        if found is None:
            return misfit(text, f"{' or '.join(prefixes)} and {digits} digits")
        if found[1] not in prefixes:
            return Misfit("prefix", f"begins with {found[1]}, not {' or '.join(prefixes)}")
        return Found(text, {"prefix": found[1], "serial": found[2]})

    return parse
