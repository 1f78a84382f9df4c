"""What goes wrong at a bench, as data: each mistake with its share of parcels, and the plan of one parcel.

A mistake belongs to one parcel's first try; after it the operator does as the screen says, so each one ends.
Shares are parts per million. Two mistakes on one parcel are possible, and are drawn independently.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import MILLISECOND, SECOND
from simulators.devices.scale_wire import Spoil
from simulators.parcels import MILLION, Parcel

Mistake = Literal[
    "forgets_scan",  # puts it on the scale and waits until the screen asks for the label
    "double_trigger",  # the scanner sends the same code twice within 300 ms
    "extra_code_first",  # scans another code of the label (SSCC, EAN, QR) before the item number
    "lifts_early",  # takes the parcel off before the scale is stable
    "leaves_residue",  # something stays on the pan, and the next parcel is put beside it
    "next_before_zero",  # puts this parcel on as the one before is lifted: the scale never shows zero
    "wrong_bay",  # scans another bay's barcode first
    "slow_bay",  # is called away between the screen's word and the bay
    "next_label_measuring",  # scans the next parcel's label while this one, already scanned, is on the scale
    "next_label_bay",  # scans the next parcel's label before this one is in its bay
    "scanner_garble",  # a control character in the scanner's line
    "scanner_no_read",  # the trigger fails, the scanner says so
    "scale_garble",  # one weight reply with a bad byte
    "scale_cut",  # one weight reply without its end
    "scale_lost_reply",  # one weight reply that never comes
    "scale_silent",  # the scale neither hears nor speaks for a while
]

RATES_PPM: Final[Mapping[Mistake, int]] = {
    "forgets_scan": 20_000,
    "double_trigger": 50_000,
    "extra_code_first": 60_000,
    "lifts_early": 12_000,
    "leaves_residue": 8_000,
    "next_before_zero": 10_000,
    "wrong_bay": 15_000,
    "slow_bay": 5_000,
    "next_label_measuring": 700,
    "next_label_bay": 1_000,
    "scanner_garble": 8_000,
    "scanner_no_read": 12_000,
    "scale_garble": 10_000,
    "scale_cut": 5_000,
    "scale_lost_reply": 10_000,
    "scale_silent": 2_000,
}
SPOILS: Final[tuple[tuple[Mistake, Spoil], ...]] = (
    ("scale_garble", "garble"),
    ("scale_cut", "cut"),
    ("scale_lost_reply", "lose"),
)
"""What the line does to one weight reply."""

WEIGH_FIRST_PPM: Final = 300_000
"""No mistake: three in ten parcels are put on the scale before their label is scanned."""

DOUBLE_TRIGGER_NS: Final = (60 * MILLISECOND, 300 * MILLISECOND)
SLOW_BAY_NS: Final = (2 * SECOND, 4 * SECOND)
SCALE_SILENT_NS: Final = 2 * SECOND
RESIDUE_MG: Final = (12_000, 60_000)
"""Above a zero band of 5 g: what lies within the band can't be told from zero by anyone."""
LIFTS_AFTER_NS: Final = 120 * MILLISECOND

HARMLESS_FOR_TWO_LABELS: Final = ("wrong_bay", "slow_bay", "scale_garble", "scale_lost_reply")
"""A parcel with two labels has both scanned first, cleanly: or no device could know of the second."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the operator goes about one parcel."""

    weigh_first: bool
    mistakes: tuple[Mistake, ...]
    double_trigger_ns: int
    slow_bay_ns: int
    residue_mg: int


def plan(seed: int, parcel: Parcel, rates_ppm: Mapping[Mistake, int] = RATES_PPM) -> Plan:
    """The same for one seed and parcel number, whatever came before."""
    rng = random.Random(f"plan/{seed}/{parcel.number}")
    weigh_first = rng.randrange(MILLION) < WEIGH_FIRST_PPM
    drawn = {mistake: rng.randrange(MILLION) for mistake in RATES_PPM}
    mistakes = tuple(mistake for mistake in RATES_PPM if drawn[mistake] < rates_ppm.get(mistake, 0))
    if len(parcel.items) == 2:
        weigh_first, mistakes = False, tuple(one for one in mistakes if one in HARMLESS_FOR_TWO_LABELS)
    return Plan(
        weigh_first=weigh_first,
        mistakes=mistakes,
        double_trigger_ns=rng.randint(*DOUBLE_TRIGGER_NS),
        slow_bay_ns=rng.randint(*SLOW_BAY_NS),
        residue_mg=rng.randint(*RESIDUE_MG),
    )
