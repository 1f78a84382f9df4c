"""From lengths as a dimensioner sends them, with their unit, to whole micrometres: exact decimal, halves to even."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from drivers.reading import DimensionsRead, Shape
from drivers.scales.mass import is_number
from hub_config.dimensioners import Dimensioner
from hub_config.names import Instant

UM_PER_UNIT: Final[dict[str, int]] = {"mm": 1_000, "cm": 10_000, "m": 1_000_000, "in": 25_400}
SIDE_MAX_UM: Final = 100_000_000
"""100 m: a side that is longer is no length of a parcel, whatever its digits say."""

Texts = tuple[str, str, str]


def side_um(number: str, unit: str | None) -> int | None:
    """None where the number is none, not above zero or past any parcel, or the unit is missing or unknown."""
    factor = UM_PER_UNIT.get(unit or "")
    if factor is None or not is_number(number):
        return None
    um = int((Decimal(number) * factor).to_integral_value(ROUND_HALF_EVEN))
    return um if 0 < um <= SIDE_MAX_UM else None


def sized(
    config: Dimensioner, at: Instant, texts: Texts, unit: str | None, record: int | None, *,
    status: str | None = None, good: bool = True, irregular: bool = False,
) -> DimensionsRead:  # fmt: skip
    """All three sides, or none of them: a box of which one side is unknown is no box."""
    sides = [side_um(text, unit) for text in texts] if good else [None]
    l_um, w_um, h_um = sides if None not in sides else (None, None, None)
    shape: Shape = "irregular" if irregular else "cuboid"
    return DimensionsRead(
        config.id, at, l_um, w_um, h_um, config.u_um, shape, record, texts,
        unit if unit in UM_PER_UNIT else None, status,
    )  # fmt: skip
