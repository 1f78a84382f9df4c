"""What a scan at a bench is: a code of the parcel, its identifier or not, and of the label read just now or not."""

from typing import Final

from drivers.identifiers.choice import identify
from drivers.reading import BarcodeRead
from edge.core.event import Code
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from hub_config.layout import Bench
from hub_config.names import MILLISECOND, Instant

LABEL_BURST_NS: Final = 500 * MILLISECOND
"""Codes that follow one another sooner than this come from one label."""


def code_of(read: BarcodeRead, bench: Bench) -> Code:
    known = identify(read.data, read.aim, bench.weak_formats)
    data = read.data if known.type == "unknown" else known.value
    return Code(data, read.raw, read.symbology, known.type, known.check_ok, read.device, 1, known.weak)


def is_identifier(code: Code, bench: Bench) -> bool:
    return code.check_ok and code.type in bench.identifiers


def of_the_same_label(parcel: Parcel, code: Code, bench: Bench, at: Instant) -> bool:
    """One pull of the trigger reads several codes of a label; nobody takes up another parcel that fast."""
    if at - parcel.label_at >= LABEL_BURST_NS or len(parcel.codes) >= CODES_PER_PARCEL_MAX:
        return False
    further = Parcel(parcel.visit, parcel.clock, codes=[*parcel.codes, code], known=parcel.known)
    return further.own_code(bench.identifiers) == parcel.own_code(bench.identifiers)
