"""A number and its unit as scales print them, made one: what a fixed field holds, and whether it is a mass at all.

A decimal comma is taken for a point in fields of fixed columns only; elsewhere a comma may part two fields.
"""

import re
from collections.abc import Mapping
from typing import Final

from drivers.meanings import without_leading_zeros
from drivers.reading import Weighing
from drivers.scales.mass import is_number, mass_mg
from drivers.scales.told import Load, Told

PIECES: Final = "pcs"
PERCENT: Final = "%"

_IN_COLUMNS: Final = re.compile(r" *([+-]?) *([0-9]*)(?:[.,]([0-9]*))? *")
_UNITS: Final[Mapping[str, str]] = {
    "mg": "mg", "g": "g", "kg": "kg", "t": "t", "lb": "lb", "lbs": "lb", "oz": "oz", "ct": "ct", "ozt": "ozt",
    "dwt": "dwt", "gn": "grain", "grn": "grain", "grain": "grain", "pc": PIECES, "pcs": PIECES, "%": PERCENT,
}  # fmt: skip


def number_in_columns(field: str) -> str | None:
    """The number that alone fills a field of fixed width, with a point; None: something else is there."""
    found = _IN_COLUMNS.fullmatch(field)
    if found is None or not (found[2] or found[3]):
        return None
    text = f"{found[1]}{found[2] or '0'}{'.' + found[3] if found[3] else ''}"
    return text if is_number(text) else None


def unit_of(field: str) -> str | None:
    """As `drivers/scales/mass.py` names it; as sent where that does not know it; None where the field is blank."""
    sent = field.strip(" ")
    return _UNITS.get(sent.lower(), sent) or None


def is_unit(field: str) -> bool:
    """One that is known, of a mass or of a count."""
    return field.strip(" ").lower() in _UNITS


def amount(
    text: str,
    unit: str | None,
    stable: bool | None,
    raw: bytes,
    *,
    mode: Weighing | None = None,
    keys: Mapping[str, object] | None = None,
    zero: bool | None = None,
    tare: str | None = None,
    record: int | None = None,
) -> Told:
    """A weight; or what the unit says that it is instead: pieces, a share."""
    more = {} if keys is None else keys
    if unit not in (PIECES, PERCENT):
        weight = Load(text=text, unit=unit, stable=stable, mode=mode, zero=zero, tare=tare, record=record)
        return Told("weight", weight, more, raw)
    kind = "count" if unit == PIECES else "info"
    shown = {"value": without_leading_zeros(text), "unit": unit, "stable": stable}
    return Told(kind, keys={**shown, **more}, raw=raw)


def other_amount(kind: str, text: str, unit: str | None, raw: bytes, **keys: object) -> Told:
    """A number that is no weight of what lies on the scale: a tare, a total, the weight of one piece."""
    shown = {"value": without_leading_zeros(text), "unit": unit, "mass_mg": mass_mg(text, unit)}
    return Told(kind, keys={**shown, **keys}, raw=raw)
