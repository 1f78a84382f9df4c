"""What the values of GS1 element strings say: measures with their decimals, dates, countries, destinations.

General Specifications §3 and the GS1 Syntax Dictionary (linters yymmdd, yymmd0, hhmm, iso3166alpha2). A year has two
digits on a label; parcels of today are of this century. Nothing here knows the date of today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from drivers.identifiers.countries import ISO_3166
from drivers.identifiers.gs1 import Elements, decimal_of

_MEASURES: Final = {
    "310": "net_weight_kg", "320": "net_weight_lb", "330": "gross_weight_kg", "340": "gross_weight_lb",
    "331": "length_m", "332": "width_m", "333": "height_m",
}  # fmt: skip
"""By the first three digits; lengths are logistic, those of the parcel."""
_DATES: Final = {
    "11": "production_date", "12": "due_date", "13": "packaging_date", "15": "best_before_date",
    "16": "sell_by_date", "17": "expiry_date", "4324": "not_before", "4325": "not_after", "4326": "release_date",
    "7003": "expiry_time", "7006": "first_freeze_date", "7007": "harvest_date", "7011": "test_by_date",
    "8008": "production_time",
}  # fmt: skip
_MONTH_ONLY: Final = ("11", "12", "13", "15", "16", "17", "4324", "4325")
"""Their day may be 00: the month alone is known."""
_SPANS: Final = ("7007",)
"""A second date may follow: the last of the span."""
_COUNTRIES: Final = ("4307", "4317")
_YES_NO: Final = {"4321": "dangerous_goods", "4322": "leave_without_signature", "4323": "signature_wanted"}
_TEMPERATURES: Final = {
    "4330": "max_temperature_f", "4331": "max_temperature_c", "4332": "min_temperature_f", "4333": "min_temperature_c",
}  # fmt: skip
"""In hundredths of a degree; a hyphen behind them is the minus."""
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ANY_TIME: Final = "9999"
"""Of a delivery window: no time of day is given."""

WrongValue = Literal["date", "country", "flag", "temperature"]


@dataclass(frozen=True, slots=True)
class WrongElement:
    ai: str
    error: WrongValue


def measures_of(elements: Elements) -> Elements:
    """Name → decimal number."""
    return {
        _MEASURES[ai[:3]]: decimal_of(ai, value)
        for ai, value in elements.items()
        if len(ai) == 4 and ai[:3] in _MEASURES
    }


def named_values(elements: Elements) -> dict[str, str]:
    """Dates as ISO 8601, where a parcel goes, what must be minded on the way. `elements` has no wrong value."""
    return dict(_named(elements))


def wrong_value(elements: Elements) -> WrongElement | None:
    """The first that is no date, no country, no temperature, or neither yes nor no."""
    for ai, value in elements.items():
        if ai in _DATES and _iso(ai, value) is None:
            return WrongElement(ai, "date")
        if ai in _COUNTRIES and value not in ISO_3166:
            return WrongElement(ai, "country")
        if ai in _YES_NO and value not in ("0", "1"):
            return WrongElement(ai, "flag")
        if ai in _TEMPERATURES and value[6:] not in ("", "-"):
            return WrongElement(ai, "temperature")
    return None


def _named(elements: Elements) -> Iterator[tuple[str, str]]:
    for ai, value in elements.items():
        if ai in _DATES and (iso := _iso(ai, value)) is not None:
            yield _DATES[ai], iso
        elif ai == "420":
            yield "ship_to_postcode", value
        elif ai == "421":
            yield "ship_to_country", value[:3]
            yield "ship_to_postcode", value[3:]
        elif ai == "422":
            yield "origin_country", value
        elif ai == "4307":
            yield "ship_to_country", value
        elif ai in _TEMPERATURES:
            yield _TEMPERATURES[ai], f"{value[6:]}{int(value[:4])}.{value[4:6]}"
        elif ai in _YES_NO:
            yield _YES_NO[ai], "yes" if value == "1" else "no"


def _iso(ai: str, value: str) -> str | None:
    date = _date(value[:6], month_only=ai in _MONTH_ONLY)
    rest = value[6:]
    if date is None or not rest:
        return date
    if ai in _SPANS:
        last = _date(rest, month_only=False)
        return None if last is None or last < date else f"{date}/{last}"
    if rest == _ANY_TIME and ai in ("4324", "4325"):
        return date
    pairs = [rest[place : place + 2] for place in range(0, len(rest), 2)]
    # Hour, minute, second; an odd digit is no part of a time.
    if len(rest) % 2 or not all(int(pair) < most for pair, most in zip(pairs, (24, 60, 60), strict=False)):
        return None
    return f"{date}T{':'.join([*pairs, '00'][: max(2, len(pairs))])}"


def _date(digits: str, *, month_only: bool) -> str | None:
    year, month, day = digits[:2], digits[2:4], digits[4:]
    if not 1 <= int(month) <= len(_DAYS):
        return None
    if day == "00":
        return f"20{year}-{month}" if month_only else None
    days = 28 if month == "02" and int(year) % 4 else _DAYS[int(month) - 1]
    return f"20{year}-{month}-{day}" if int(day) <= days else None
