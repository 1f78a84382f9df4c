"""What goes wrong on a belt line, as data: each fault with its share of parcels, and the plan of one parcel.

Shares are parts per million of the line's parcels. Faults are drawn independently, so two on one parcel are possible.
Positions are those of the parcel's front when it happens, in µm along the line.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import MILLISECOND, SECOND
from simulators.parcels import MILLION, Parcel

LineFault = Literal[
    "no_read",  # the reader does not see the label, though it is good
    "late_answer",  # the reader answers when the next parcel is already under it
    "mute_reader",  # the reader gives no answer at all
    "bouncing_beam",  # a beam chatters at an edge of this parcel
    "lost_counts",  # the encoder leaves out counts while this parcel is on the belt
    "late_record",  # the scale's record comes too late
    "lost_record",  # the scale's record never comes, its number is used up
    "record_jump",  # the scale leaves out numbers
    "record_repeat",  # the scale uses the last number once more
    "touching",  # this parcel touches the one before it
    "removed",  # somebody takes it off the belt
    "added",  # somebody puts it on the belt behind the first beam
    "board_reset",  # the I/O board restarts while this parcel is on the belt
    "link_cut",  # the I/O board's cable is off for a while
]

LINE_RATES_PPM: Final[Mapping[LineFault, int]] = {
    "no_read": 12_000,
    "late_answer": 500,
    "mute_reader": 500,
    "bouncing_beam": 30_000,
    "lost_counts": 1_500,
    "late_record": 800,
    "lost_record": 500,
    "record_jump": 300,
    "record_repeat": 300,
    "touching": 3_000,
    "removed": 1_500,
    "added": 1_500,
    "board_reset": 120,
    "link_cut": 250,
}

GAP_UM: Final = (500_000, 1_100_000)
"""Between two parcels as the feeder sets them."""
LOST_COUNTS: Final = (8, 240)
"""4 to 120 mm: half of them within a line's tolerance, half beyond."""
LATE_ANSWER_NS: Final = (500 * MILLISECOND, 900 * MILLISECOND)
LATE_RECORD_NS: Final = (450 * MILLISECOND, 900 * MILLISECOND)
JUMP: Final = (2, 50)
CUT_NS: Final = (300 * MILLISECOND, 3 * SECOND)
BOUNCE_NS: Final = (1 * MILLISECOND, 6 * MILLISECOND)
BOUNCES_MAX: Final = 3
WEIGHT_ERROR_MG: Final = 9_000
"""Of weighing in motion, before rounding to the scale's step."""


@dataclass(frozen=True, slots=True)
class LinePlan:
    """How one parcel travels."""

    length_um: int
    label_um: int
    """Of its label, behind the front."""
    gap_um: int
    """To the parcel before it."""
    faults: tuple[LineFault, ...]
    at_ppm: int
    """Where on its stretch of belt a fault with a place happens."""
    lost_counts: int
    late_answer_ns: int
    late_record_ns: int
    jump: int
    cut_ns: int
    bounce_ns: tuple[int, ...]
    bounce_beam_ppm: int
    weight_error_mg: int


def line_plan(seed: int, parcel: Parcel, rates_ppm: Mapping[LineFault, int] = LINE_RATES_PPM) -> LinePlan:
    """The same for one seed and parcel number, whatever came before."""
    rng = random.Random(f"line/{seed}/{parcel.number}")
    drawn = {fault: rng.random() * MILLION for fault in LINE_RATES_PPM}
    faults = tuple(fault for fault in LINE_RATES_PPM if drawn[fault] < rates_ppm.get(fault, 0))
    # Heavier parcels are longer: 120 mm and up, half of them under 300 mm.
    length_um = min(
        480_000, 120_000 + round(rng.random() ** 2 * 250_000) + min(110_000, parcel.mass_mg // 100)
    )
    return LinePlan(
        length_um=length_um,
        label_um=rng.randint(length_um // 4, 3 * length_um // 4),
        gap_um=rng.randint(*GAP_UM),
        faults=faults,
        at_ppm=rng.randrange(MILLION),
        lost_counts=rng.randint(*LOST_COUNTS),
        late_answer_ns=rng.randint(*LATE_ANSWER_NS),
        late_record_ns=rng.randint(*LATE_RECORD_NS),
        jump=rng.randint(*JUMP),
        cut_ns=rng.randint(*CUT_NS),
        bounce_ns=tuple(rng.randint(*BOUNCE_NS) for _ in range(2 * rng.randint(1, BOUNCES_MAX))),
        bounce_beam_ppm=rng.randrange(MILLION),
        weight_error_mg=rng.randint(-WEIGHT_ERROR_MG, WEIGHT_ERROR_MG),
    )
