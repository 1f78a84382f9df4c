"""What travels on a simulated belt: each parcel's body with its truth, and where hands can reach between the beams."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from hub_config.lines import Diverter
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.bench import Sent
from simulators.devices.sics_wire import Told
from simulators.line_faults import LinePlan
from simulators.parcels import MILLION, Parcel

FREE_UM: Final = 60_000
"""Hands keep this far from beams and readers."""


@dataclass(slots=True)
class Body:
    """One parcel as it really travels."""

    parcel: Parcel
    plan: LinePlan
    starts: Instant
    """When its front is, or would have been, at the belt's begin."""
    touches: bool = False
    """The one before it."""
    appears_um: int = 0
    """Where it was put down; 0: it was fed as it should be."""
    crossed: dict[int, Instant] = field(default_factory=dict)
    """Position of each belt beam that its front has passed, and when."""
    path: Diverter | None = None
    """The diverter that took it."""
    lane: str | None = None
    bay: str | None = None
    left_at: Instant | None = None
    """Its front at the beam of its lane."""
    taken: bool = False
    """Somebody took it off."""
    clipped: bool = False
    """A diverter moved while it was passing."""
    scans: list[Sent] = field(default_factory=list)
    weights: list[Told] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        return self.taken or self.left_at is not None


@dataclass(frozen=True, slots=True)
class BoardTrouble:
    """What happens to the I/O board now: a restart, or its cable off for so long."""

    at: Instant
    cut_ns: int | None


def last_look_um(line: LineConfig) -> int:
    """The last belt beam before the first diverter: behind it the belt is fenced."""
    first = min(one.position_um for one in line.diverters)
    return max(beam.position_um for beam in line.belt_beams if beam.position_um < first)


def free_place_um(line: LineConfig, plan: LinePlan) -> int:
    """A place of the front between the first beam and the last look at which it covers no beam and no reader's view."""
    low, high = line.belt_beams[0].position_um, last_look_um(line)
    marks = [(beam.position_um, 0) for beam in line.belt_beams]
    marks += [(one.position_um, one.window_um) for one in line.readers]
    marks.sort()
    spans = []
    for (before, reach), (after, ahead) in pairwise(marks):
        first, last = before + reach + FREE_UM + plan.length_um, after - ahead - FREE_UM
        if low <= before and after <= high and first < last:
            spans.append((first, last))
    room = sum(last - first for first, last in spans)
    offset = plan.at_ppm * room // MILLION
    for first, last in spans:
        if offset < last - first:
            return first + offset
        offset -= last - first
    raise ValueError(f"line {line.id}: nowhere between beams is room for {plan.length_um} µm")
