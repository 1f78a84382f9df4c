"""Quantities as people write them ("30 kg", "1.5 m/s") and as the gateway keeps them (whole mg, µm, ms, mm/s).

Conversion is exact, in decimal: what is no whole number of the canonical unit is refused, never rounded.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pydantic import BeforeValidator, ValidationInfo

from hub_config.finding import Finding, refusal, show

Dimension = Literal["mass", "length", "time", "speed", "size"]
Canonical = Literal["mg", "um", "us", "ms", "s", "mm/s", "MiB"]

FROM_FILE: Final = {"source": "file"}
"""Validation context of values that people wrote: there a quantity must say its unit."""

MAX_AMOUNT: Final = 2**53 - 1
"""Largest amount in the canonical unit: what the clearance contract §2 can carry."""


@dataclass(frozen=True, slots=True)
class _Unit:
    dimension: Dimension
    size: int
    """In mg, µm, µs, mm/s or MiB."""


_UNITS: Final[dict[str, _Unit]] = {
    "mg": _Unit("mass", 1),
    "g": _Unit("mass", 1_000),
    "kg": _Unit("mass", 1_000_000),
    "um": _Unit("length", 1),
    "mm": _Unit("length", 1_000),
    "cm": _Unit("length", 10_000),
    "m": _Unit("length", 1_000_000),
    "us": _Unit("time", 1),
    "ms": _Unit("time", 1_000),
    "s": _Unit("time", 1_000_000),
    "min": _Unit("time", 60_000_000),
    "h": _Unit("time", 3_600_000_000),
    "mm/s": _Unit("speed", 1),
    "m/s": _Unit("speed", 1_000),
    "MiB": _Unit("size", 1),
    "GiB": _Unit("size", 1_024),
}
_QUANTITY: Final = re.compile(r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?) ?([A-Za-zµμ]{1,12}(?:/s)?)")
_BARE_NUMBER: Final = re.compile(r"[+-]?[0-9.]+")


class UnitError(Exception):
    """A text that is no quantity of the wanted kind."""

    def __init__(self, what: str, limit: str, todo: str) -> None:
        super().__init__(f"{what}; {limit}; {todo}")
        self.what = what
        self.limit = limit
        self.todo = todo


def amount(text: str, unit: Canonical, example: str) -> int:
    """The quantity in whole canonical units; `example` is what the message shows to copy. Raises UnitError."""
    dimension, size = _UNITS[unit].dimension, _UNITS[unit].size
    wanted = f"a {dimension} is wanted ({', '.join(_units_of(dimension))})"
    todo = f"write for example {show(example)}"
    found = _QUANTITY.fullmatch(text.strip())
    if not found:
        hint = " (decimals follow a point)" if "," in text else ""
        lack = "has no unit" if _BARE_NUMBER.fullmatch(text.strip()) else "is no number with a unit"
        raise UnitError(f"{show(text)} {lack}", wanted, todo + hint)
    number, name = found[1], found[2].replace("µ", "u").replace("μ", "u")
    known = _UNITS.get(name)
    if known is None:
        raise UnitError(f"{show(text)} has an unknown unit", wanted, todo)
    if known.dimension != dimension:
        raise UnitError(f"{show(text)} is a {known.dimension}", wanted, todo)
    exact = Decimal(number) * known.size / size
    if exact != exact.to_integral_value():
        raise UnitError(
            f"{show(text)} is too fine", f"whole {unit} are kept", f"write it in steps of 1 {unit}"
        )
    if abs(exact) > MAX_AMOUNT:
        raise UnitError(f"{show(text)} is too large", f"at most {MAX_AMOUNT} {unit}", todo)
    return int(exact)


def as_text(value: int, unit: Canonical) -> str:
    """The same quantity in the largest unit that needs no decimals: 30000000 mg is "30 kg"."""
    dimension, total = _UNITS[unit].dimension, value * _UNITS[unit].size
    fitting = [name for name in _units_of(dimension) if total % _UNITS[name].size == 0]
    name = fitting[-1] if total else unit
    return f"{total // _UNITS[name].size} {name}"


def quantity(unit: Canonical, *, example: str, low: str, high: str) -> BeforeValidator:
    """A field that is `"30 kg"` in a file and whole canonical units in the model, from `low` to `high`."""
    least, most = amount(low, unit, low), amount(high, unit, high)

    def read(value: object, info: ValidationInfo) -> int:
        number = _number(value, unit, example, from_file=info.context == FROM_FILE)
        if not least <= number <= most:
            what = f"{show(value)} is too {'low' if number < least else 'high'}"
            raise refusal(Finding((), what, f"{low} to {high}", f'write for example "{example}"'))
        return number

    return BeforeValidator(read)


def _number(value: object, unit: Canonical, example: str, *, from_file: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and not from_file:
        return value
    dimension = _UNITS[unit].dimension
    wanted = f"a {dimension} is wanted ({', '.join(_units_of(dimension))})"
    if not isinstance(value, str):
        lack = "has no unit" if type(value) in (int, float) else "is no quantity"
        raise refusal(Finding((), f"{show(value)} {lack}", wanted, f'write for example "{example}"'))
    try:
        return amount(value, unit, example)
    except UnitError as fault:
        raise refusal(Finding((), fault.what, fault.limit, fault.todo)) from None


def _units_of(dimension: Dimension) -> list[str]:
    return [name for name, unit in _UNITS.items() if unit.dimension == dimension]
