"""What goes wrong on a belt line, as data: each fault with its share of parcels, and the plan of one parcel.

Shares are parts per million of the line's parcels. Faults are drawn independently, so two on one parcel are possible.
Positions are those of the parcel's front when it happens, in µm along the line.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from hub_config.names import MILLISECOND, SECOND
from hub_config.value import value
from simulators.drawing import randint
from simulators.parcels import MILLION, Parcel
from simulators.traffic import USUAL, Form, Traffic, between

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
    "half_read",  # of several codes on its label the reader sees one
    "slipped",  # it slips back on the belt, at one place
    "turned",  # somebody turns it: its length along the belt and the place of its label are others from then on
    "pushed",  # somebody pushes it forwards or holds it back
    "swapped",  # somebody exchanges it with the one behind it, if the two are alike
    "jammed",  # it stands under a beam while the belt runs on, and those behind run up against it
    "belt_stop",  # the belt stops while this parcel is on it, coasts, stands and starts again
    "transfer_slip",  # a belt that takes it over runs on under it by more than the layout reckons with
    "dead_encoder",  # the encoder counts nothing for a while, as with its cable off, and then counts on
    "overtaken",  # somebody lifts it over the one before it and puts it down ahead of that one
    "belt_back",  # the belt stops while this parcel is on it, runs back a little, and starts again
]
HANDS: Final[tuple[LineFault, ...]] = ("added", "removed", "turned", "pushed")
"""Of a parcel with several of these the first one happens."""

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
    "half_read": 0,
    "slipped": 0,
    "turned": 0,
    "pushed": 0,
    "swapped": 0,
    "jammed": 0,
    "belt_stop": 0,
    "transfer_slip": 0,
    "dead_encoder": 0,
    "overtaken": 0,
    "belt_back": 0,
}
_LATER: Final[tuple[LineFault, ...]] = ("half_read", "slipped", "turned", "pushed", "swapped")
"""Drawn behind everything else, so that a seed goes on giving the belt that it gave before there were these."""
_LAST: Final[tuple[LineFault, ...]] = ("jammed", "belt_stop")
"""The same again, behind those."""
_APART: Final[tuple[LineFault, ...]] = ("dead_encoder", "overtaken", "belt_back")
"""Drawn by themselves, so that no other draw changes where there are these."""
_FIRST: Final = tuple(
    fault for fault in LINE_RATES_PPM if fault not in (*_LATER, *_LAST, *_APART, "transfer_slip")
)

LOST_COUNTS: Final = (8, 240)
"""4 to 120 mm: half of them within a line's tolerance, half beyond."""
LATE_ANSWER_NS: Final = (500 * MILLISECOND, 900 * MILLISECOND)
LATE_RECORD_NS: Final = (450 * MILLISECOND, 900 * MILLISECOND)
JUMP: Final = (2, 50)
CUT_NS: Final = (300 * MILLISECOND, 3 * SECOND)
BOUNCE_NS: Final = (1 * MILLISECOND, 6 * MILLISECOND)
BOUNCES_MAX: Final = 3
JAM_NS: Final = (300 * MILLISECOND, 4 * SECOND)
"""The shorter ones end before a gateway can know that it is one."""
DEAD_NS: Final = (500 * MILLISECOND, 20 * SECOND)
COAST_UM: Final = (20_000, 400_000)
BACK_UM: Final = (2_000, 150_000)
STOP_NS: Final = (200 * MILLISECOND, 5 * SECOND)
TURN_MAX_UM: Final = 100_000
"""So much longer or shorter a turned parcel is at the most: no end of it comes under a beam by that."""


@value
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
    form: str = "box"
    wander_um: int = 0
    creep_ppm: int = 0
    slip_um: int = 0
    push_um: int = 0
    """Forwards; negative: held back."""
    turned_um: int = 0
    """Its length once it is turned."""
    turned_label_um: int = 0
    jam_ns: int = 0
    """How long it stands."""
    coast_um: int = 0
    """How far the belt runs on until it stands, and again until it is back at its speed."""
    stop_ns: int = 0
    """How long the belt stands."""
    back_um: int = 0
    """How far it runs back then."""
    dead_ns: int = 0
    """How long the encoder counts nothing while the belt runs."""
    code_ppm: int = 0
    """Which of its codes a reader sees that sees one."""

    @property
    def hands(self) -> LineFault | None:
        """What hands do to it."""
        return next((fault for fault in HANDS if fault in self.faults), None)


def line_plan(
    seed: int, parcel: Parcel, rates_ppm: Mapping[LineFault, int] = LINE_RATES_PPM, traffic: Traffic = USUAL
) -> LinePlan:
    """The same for one seed and parcel number, whatever came before."""
    rng = random.Random(f"line/{seed}/{parcel.number}")
    drawn = {fault: rng.random() * MILLION for fault in _FIRST}
    form = traffic.form(rng)
    length_um = _length_by_mass(rng, parcel) if form is None else between(rng, form.lengths)
    if parcel.sides_um is not None:
        length_um = parcel.sides_um[0]
    turns_um = min(TURN_MAX_UM, length_um // 2)
    plan = LinePlan(  # the order of these lines is the order of the draws
        length_um=length_um,
        label_um=label_place_um(rng, length_um, traffic),
        gap_um=traffic.gap.draw(rng),
        at_ppm=randint(rng, 0, MILLION - 1),
        lost_counts=randint(rng, *LOST_COUNTS),
        late_answer_ns=randint(rng, *LATE_ANSWER_NS),
        late_record_ns=randint(rng, *LATE_RECORD_NS),
        jump=randint(rng, *JUMP),
        cut_ns=randint(rng, *CUT_NS),
        bounce_ns=tuple(randint(rng, *BOUNCE_NS) for _ in range(2 * randint(rng, 1, BOUNCES_MAX))),
        bounce_beam_ppm=randint(rng, 0, MILLION - 1),
        weight_error_mg=randint(rng, -traffic.weight_error_mg, traffic.weight_error_mg),
        form="box" if form is None else form.name,
        faults=_faults(rng, drawn, rates_ppm, form),
        turned_um=(turned_um := length_um + randint(rng, -turns_um, TURN_MAX_UM)),
        wander_um=randint(rng, -traffic.wander_um, traffic.wander_um),
        creep_ppm=randint(rng, -traffic.creep_ppm, traffic.creep_ppm),
        slip_um=randint(rng, *traffic.slip_um),
        push_um=randint(rng, -traffic.push_um, traffic.push_um),
        turned_label_um=label_place_um(rng, turned_um, traffic),
        code_ppm=randint(rng, 0, MILLION - 1),
    )
    if any(rates_ppm.get(fault) for fault in _LAST):
        plan = _stopped(rng, plan, rates_ppm)
    slips_ppm = rates_ppm.get("transfer_slip", 0)
    if slips_ppm and random.Random(f"slips/{seed}/{parcel.number}").random() * MILLION < slips_ppm:
        plan = replace(plan, faults=(*plan.faults, "transfer_slip"))
    if any(rates_ppm.get(fault) for fault in _APART):
        apart = random.Random(f"apart/{seed}/{parcel.number}")
        more = tuple(fault for fault in _APART if apart.random() * MILLION < rates_ppm.get(fault, 0))
        plan = replace(
            plan,
            faults=(*plan.faults, *more),
            dead_ns=randint(apart, *DEAD_NS),
            coast_um=plan.coast_um or randint(apart, *COAST_UM),
            stop_ns=plan.stop_ns or randint(apart, *STOP_NS),
            back_um=randint(apart, *BACK_UM),
        )
    return plan


def _stopped(rng: random.Random, plan: LinePlan, rates_ppm: Mapping[LineFault, int]) -> LinePlan:
    """What makes it, or the belt, stand: drawn last."""
    more = tuple(fault for fault in _LAST if rng.random() * MILLION < rates_ppm.get(fault, 0))
    return replace(
        plan,
        faults=(*plan.faults, *more),
        jam_ns=randint(rng, *JAM_NS),
        coast_um=randint(rng, *COAST_UM),
        stop_ns=randint(rng, *STOP_NS),
    )


def _faults(
    rng: random.Random, drawn: dict[LineFault, float], rates_ppm: Mapping[LineFault, int], form: Form | None
) -> tuple[LineFault, ...]:
    """`drawn`: of the first ones; the later ones are drawn here."""
    for fault in _LATER:
        drawn[fault] = rng.random() * MILLION
    rates = dict(rates_ppm)
    if form is not None and form.no_read_ppm:
        rates["no_read"] = rates.get("no_read", 0) + form.no_read_ppm
    return tuple(fault for fault in LINE_RATES_PPM if fault in drawn and drawn[fault] < rates.get(fault, 0))


def _length_by_mass(rng: random.Random, parcel: Parcel) -> int:
    """Heavier parcels are longer: 120 mm and up, half of them under 300 mm."""
    return min(480_000, 120_000 + round(rng.random() ** 2 * 250_000) + min(110_000, parcel.mass_mg // 100))


def label_place_um(rng: random.Random, length_um: int, traffic: Traffic) -> int:
    low, high = traffic.label_ppm
    return randint(rng, length_um * low // MILLION, length_um * high // MILLION)
