"""What travels on a simulated belt: each parcel's body with its truth, and where hands can reach between the beams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from hub_config.lines import Beam, Diverter
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.bench import Sent
from simulators.devices.dimensioner import Sides
from simulators.devices.scale_wire import Told
from simulators.line_faults import LineFault, LinePlan
from simulators.motion import CLOSE_UM, FREE_UM, MOVE_NS, Motion, unmoved
from simulators.parcels import MILLION, LabelCode, Parcel
from simulators.sizing import DimsFault

TOUCH_UM: Final = 1_000
"""Touching parcels overlap by this, so that no beam sees between them."""
ALIKE_UM: Final = 3_000
"""Parcels whose lengths differ by no more are alike to every beam."""
MOVING: Final[tuple[LineFault, ...]] = ("slipped", "turned", "pushed", "jammed", "transfer_slip", "overtaken")
"""Faults of its motion, which may find no room."""
_NOWHERE: Final = unmoved(1, 0)


@dataclass(frozen=True, slots=True)
class Stand:
    """In a jam."""

    um: int
    """Of its front."""
    until: Instant
    """In belt time."""


@dataclass(slots=True, eq=False)
class Body:
    """One parcel as it really travels."""

    parcel: Parcel
    plan: LinePlan
    starts: Instant
    """When its front is, or would have been, at the belt's begin. In belt time, as all its motion is."""
    touches: bool = False
    """The one before it."""
    motion: Motion = _NOWHERE
    stand: Stand | None = None
    appears_um: int = 0
    """Where it was put down; 0: it was fed as it should be."""
    crossed: dict[int, Instant] = field(default_factory=dict)
    """Position of each belt beam that its front has passed, and when."""
    fed: int = 0
    """Place of the belt on which it was set down, among all of the line."""
    enters_um: int = 0
    """Place of the first beam that it passes; 0: the line's first."""
    merges_um: int = 0
    """From there on it is with all others; 0: from the begin."""
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
    swapped: bool = False
    """It lies where another was read and weighed: hands have exchanged the two."""
    scans: list[Sent] = field(default_factory=list)
    weights: list[Told] = field(default_factory=list)
    sizes: list[Sides] = field(default_factory=list)
    """What the dimensioner told of it."""
    dims_faults: tuple[DimsFault, ...] = ()

    @property
    def finished(self) -> bool:
        return self.taken or self.left_at is not None

    def front_at(self, um: int) -> Instant:
        return Instant(self.starts + self.motion.front_ns(um))

    def rear_at(self, um: int) -> Instant:
        return Instant(self.starts + self.motion.rear_ns(um))

    @property
    def happened(self) -> tuple[LineFault, ...]:
        """Its faults, but for those that had no room, or no twin, to happen."""
        hands = self.plan.hands
        return tuple(
            fault
            for fault in self.plan.faults
            if (fault in MOVING and fault in self.motion.done)
            or (fault == "swapped" and self.swapped)
            or (fault in ("removed", "added") and fault == hands)
            or fault not in (*MOVING, "swapped", "removed", "added")
        )

    @property
    def legible(self) -> tuple[LabelCode, ...]:
        """What a reader sees of its label. Of two item numbers it sees both, or nobody could know of the second."""
        labels = self.parcel.labels
        if "no_read" in self.plan.faults:
            return ()
        if "half_read" in self.plan.faults and len(self.parcel.items) == 1 and len(labels) > 1:
            return (labels[self.plan.code_ppm * len(labels) // MILLION],)
        return labels

    def exchange(self, other: "Body") -> None:
        """Hands put each where the other lay: what was read and weighed of a parcel stays that parcel's."""
        self.parcel, other.parcel = other.parcel, self.parcel
        self.scans, other.scans = other.scans, self.scans
        self.weights, other.weights = other.weights, self.weights
        self.sizes, other.sizes = other.sizes, self.sizes
        self.swapped = other.swapped = True


@dataclass(frozen=True, slots=True)
class BoardTrouble:
    """What happens to the I/O board now: a restart, or its cable off for so long."""

    at: Instant
    cut_ns: int | None


def chatter(
    line: LineConfig, body: Body, behind: Body | None, channel: int, now: Instant, *, covered: bool
) -> Iterator[tuple[Instant, bool]]:  # fmt: skip
    """What a bouncing beam says after an edge of this body. It is over before the one behind it comes so near that the
    beam could not tell the two apart: that they are one is the fault `touching`."""
    channels = [beam.channel for beam in line.beams]
    place = body.plan.bounce_beam_ppm % len(channels)
    leading = body.plan.bounce_beam_ppm // len(channels) % 2 == 0
    if channels[place] != channel or leading != covered:
        return
    quiet_by = None
    if behind is not None and not behind.touches and not behind.appears_um:
        near_ns = (line.min_gap_um + CLOSE_UM) * 1_000_000 // min(belt.speed_mm_s for belt in line.belts)
        quiet_by = behind.front_at(line.beams[place].position_um) - near_ns
    at = now
    for there_ns, back_ns in zip(body.plan.bounce_ns[::2], body.plan.bounce_ns[1::2], strict=True):
        there, at = Instant(at + there_ns), Instant(at + there_ns + back_ns)
        if quiet_by is not None and at > quiet_by:
            return
        yield there, not covered
        yield at, covered


def strike(bodies: Sequence[Body], diverter: Diverter, at: Instant, longest_ns: int) -> None:
    """A diverter moves while some of them may be passing it: it strikes those. `at`: in belt time."""
    passed = False
    for body in reversed(bodies):
        front = body.front_at(diverter.position_um)
        if at - front > longest_ns:
            if passed:
                break  # of two that follow each other the one behind may have overtaken
            passed = True
            continue
        elsewhere = body.taken or (body.path is not None and body.path is not diverter)
        if not elsewhere and front < at < body.rear_at(diverter.position_um):
            body.clipped = True


def last_look_um(line: LineConfig) -> int:
    """The last belt beam before the first diverter: behind it the belt is fenced."""
    first = min(one.position_um for one in line.diverters)
    return max(beam.position_um for beam in line.belt_beams if beam.position_um < first)


def free_spans(line: LineConfig, beams: Sequence[Beam]) -> Iterator[tuple[int, int]]:
    """Between the first beam and the last look, where hands come near no beam, no reader's view and no transfer.
    `beams`: those that the parcel passes."""
    low, high = beams[0].position_um, last_look_um(line)
    marks = [(beam.position_um, 0) for beam in beams]
    marks += [(one.position_um, one.window_um) for one in line.readers]
    marks += [(belt.start_um, line.max_length_um) for belt in line.belts[1:]]
    marks.sort()
    for (before, reach), (after, ahead) in pairwise(marks):
        if low <= before and after <= high:
            yield before + reach + FREE_UM, after - ahead - FREE_UM


def free_place_um(line: LineConfig, plan: LinePlan, beams: Sequence[Beam]) -> int:
    """A place of the front between the first beam and the last look at which it covers no beam and no reader's view."""
    spans = [
        (low + plan.length_um, high) for low, high in free_spans(line, beams) if low + plan.length_um < high
    ]
    place = place_in(spans, plan.at_ppm)
    if place is None:
        raise ValueError(f"line {line.id}: nowhere between beams is room for {plan.length_um} µm")
    return place


def hands_place_um(line: LineConfig, plan: LinePlan, beams: Sequence[Beam]) -> int | None:
    """The same for hands that turn or push it: a push has ended before the last look. None: there is no room."""
    length_um = max(plan.length_um, plan.turned_um) if plan.hands == "turned" else plan.length_um
    way_um = 0
    if plan.hands == "pushed":
        # At the most: MOVE_NS of the belt's travel, or 5/4 of the push where the belt is slow.
        fastest = max(line.all_belts, key=lambda belt: belt.speed_mm_s)
        way_um = max(line.travel_um(MOVE_NS, fastest), 5 * abs(plan.push_um) // 4) + max(0, plan.push_um)
    ends_um = last_look_um(line) - way_um
    spans = [(low + length_um, min(high, ends_um)) for low, high in free_spans(line, beams)]
    return place_in([(low, high) for low, high in spans if low < high], plan.at_ppm)


def exchange_place_um(line: LineConfig, body: Body, other: Body) -> int | None:
    """A place of the front at which it and the one behind it lie between two beams, both read and weighed. None: there
    is no room, or they are not alike."""
    alike = abs(body.plan.length_um - other.plan.length_um) <= ALIKE_UM
    apart = not (body.touches or other.touches or body.appears_um or other.appears_um)
    if not alike or not apart or len(body.motion.legs) > 1 or len(other.motion.legs) > 1:
        return None
    behind_ns = other.starts - body.starts
    pitch_um = behind_ns * line.belt.speed_mm_s // 1_000_000
    done_um = max(
        line.beam(line.scale.beam).position_um, *(one.position_um + one.window_um for one in line.readers)
    )
    spans = [
        (low + pitch_um + other.plan.length_um, high)
        for low, high in free_spans(line, line.belt_beams)
        if low >= done_um and low + pitch_um + other.plan.length_um < high
    ]
    return place_in(spans, body.plan.at_ppm)


def place_in(spans: Sequence[tuple[int, int]], at_ppm: int) -> int | None:
    """So far into all of these stretches together."""
    offset = at_ppm * sum(last - first for first, last in spans) // MILLION
    for first, last in spans:
        if offset < last - first:
            return first + offset
        offset -= last - first
    return None
