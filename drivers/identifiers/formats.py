"""All formats that are told apart by their text alone, the surest first: that is the order in which one is believed.

Surest: many letters in fixed places and a check digit. Then long numbers with a prefix and a check digit. Then those
that any number of their length may be. `docs/identifiers.md` has how often each takes a random text for its own.
"""

from collections.abc import Mapping
from typing import Final

from drivers.identifiers import air_waybill, dhl, dpd, fedex, receptacle, ups, usps
from drivers.identifiers.format import Format
from drivers.identifiers.gtin import gtin
from drivers.identifiers.s10 import parse_s10
from drivers.identifiers.sscc import parse_sscc
from drivers.identifiers.unchecked import prefixed

RANKED: Final = (
    Format("upu-s10", "s10", parse_s10, (13,)),
    Format("upu-s9", "receptacle", receptacle.parse_s9, (29,)),
    Format("ups-1z", "carrier", ups.parse_1z, (18,)),
    Format("fedex-96-34", "carrier", fedex.parse_ground_96_34, (34,)),
    Format("fedex-34", "carrier", fedex.parse_express_34, (34,)),
    Format("fedex-96-22", "carrier", fedex.parse_ground_96_22, (22,)),
    Format("usps-impb", "carrier", usps.parse_impb, usps.CHARS),
    Format("yunexpress", "carrier", prefixed(("YT",), 16), (18,)),
    Format("gofo", "carrier", prefixed(("GFUS",), 14), (18,)),
    Format("amazon", "carrier", prefixed(("TBA", "TBC", "TBM"), 12), (15,)),
    Format("dpd-28", "carrier", dpd.parse_28, (28, 29)),
    Format("sscc", "sscc", parse_sscc, (18,)),
    Format("dhl-piece", "carrier", dhl.parse_piece, range(12, 15)),
    Format("dhl-ecommerce", "carrier", dhl.parse_ecommerce, range(12, 42)),
    Format("iata-label", "mawb", air_waybill.cargo_label(air_waybill.PIECE_DIGITS), (16, 17)),
    Format("fedex-12", "carrier", fedex.parse_express, (12,)),
    Format("fedex-ground-15", "carrier", fedex.parse_ground_15, (15,)),
    Format("dhl-express", "carrier", dhl.parse_express, (10, 11)),
    Format("iata-awb", "mawb", air_waybill.parse_awb, (11, 12)),
    Format("upu-s8", "unknown", receptacle.parse_s8, (20,)),
    Format("gtin-14", "unknown", gtin(14), (14,)),
    Format("gtin-13", "unknown", gtin(13), (13,)),
    Format("gtin-12", "unknown", gtin(12), (12,)),
    Format("gtin-8", "unknown", gtin(8), (8,)),
)
BY_NAME: Final[Mapping[str, Format]] = {one.name: one for one in RANKED}
