"""Which codes of a label may name a parcel at a place, as a config file says it. `docs/identifiers.md` has the rule."""

from typing import Final, Literal, get_args

NamingType = Literal["s10", "sscc", "carrier"]
"""The contract's types that are one parcel's. A trade item, a bag or a waybill is many parcels'."""

WeakFormat = Literal[
    "fedex-12",
    "fedex-ground-15",
    "fedex-34",
    "dhl-express",
    "dhl-piece",
    "dhl-ecommerce",
    "usps-impb",
    "dpd-28",
    "iata-awb",
    "iata-label",
]
"""Formats that other numbers fit as well: a code is taken for one only where they are named."""
WEAK_FORMATS: Final[tuple[WeakFormat, ...]] = get_args(WeakFormat)
