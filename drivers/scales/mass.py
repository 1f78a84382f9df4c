"""From a number as a scale sends it, with its unit, to whole milligrams: exact decimal, halves to even."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

MG_PER_UNIT: Final[dict[str, Decimal]] = {
    "mg": Decimal("1"),
    "g": Decimal("1000"),
    "kg": Decimal("1000000"),
    "t": Decimal("1000000000"),
    "ct": Decimal("200"),
    "lb": Decimal("453592.37"),
    "oz": Decimal("28349.523125"),
    "ozt": Decimal("31103.4768"),
    "dwt": Decimal("1555.17384"),
    "grain": Decimal("64.79891"),
}
"""Pound, ounce, troy ounce, pennyweight and grain by the agreement of 1959, metric carat: all exact. A tael or a ton
that may be long or short is not here: it has no mass."""

NUMBER_MAX_CHARS: Final = 16
"""With sign and point. A longer number is no weight; within it the products stay exact in 28 digits."""

_NUMBER: Final = re.compile(rf"(?=.{{1,{NUMBER_MAX_CHARS}}}\Z)[+-]?[0-9]+(?:\.[0-9]+)?")


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def mass_mg(number: str, unit: str | None) -> int | None:
    """None where the unit is missing or no unit of mass. `number` has passed `is_number`."""
    factor = None if unit is None else MG_PER_UNIT.get(unit)
    if factor is None:
        return None
    return int((Decimal(number) * factor).to_integral_value(ROUND_HALF_EVEN))
