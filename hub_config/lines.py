"""Belt lines: the belt, beams, reading devices, diverters and lanes, with their places along the belt.

Positions are measured along the way of a parcel, from where the belt begins; those of a beam inside a lane go on from
the diverter into the lane. With every output at its safe level a parcel runs to the belt's end, so the end is the
fail-safe lane (architecture §6.3). What must fit between the parts is checked in `linecheck`.
"""

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from hub_config.codes import NamingType, WeakFormat
from hub_config.layout import BayName, Exit, LineName
from hub_config.names import MILLISECOND, DeviceId, LaneId
from hub_config.units import quantity
from hub_config.values import (
    Entry,
    Lane,
    LineLane,
    device_name,
    entries,
    is_absent,
    is_empty,
    is_nothing,
    name,
    text,
    whole,
)

BEAMS_MAX: Final = 31
READERS_MAX: Final = 8
DIVERTERS_MAX: Final = 8
BELTS_MAX: Final = 8
SIDES_MAX: Final = 8
SIDE_BEAMS_MAX: Final = 8
SLIP_UM: Final = 30_000
"""At a transfer, where nothing else is said."""


def _position(example: str) -> BeforeValidator:
    return quantity("um", example=example, low="0 mm", high="500 m")


class Belt(Entry):
    id: Annotated[str, name("main")]
    length_um: Annotated[int, quantity("um", example="10 m", low="500 mm", high="500 m")] = Field(
        alias="length"
    )
    speed_mm_s: Annotated[int, quantity("mm/s", example="1.5 m/s", low="50 mm/s", high="3.5 m/s")] = Field(
        alias="speed"
    )
    """As set up. Where a parcel is comes from the encoder; this is for time limits."""
    count_um: Annotated[int, quantity("um", example="500 um", low="1 um", high="20 mm")] = Field(
        alias="count"
    )
    """Travel of the belt per count of the encoder."""
    start_um: Annotated[int, _position("8 m")] = Field(default=0, alias="start", exclude_if=is_nothing)
    """Where it takes over from the belt before it, along the line; the first belt begins at 0."""
    board: Annotated[DeviceId, device_name("io-2")] | None = Field(default=None, exclude_if=is_absent)
    """Which stamps its encoder and its beams; None: the line's, which is that of the last belt."""
    slip_um: Annotated[int, quantity("um", example="30 mm", low="0 mm", high="300 mm")] | None = Field(
        default=None, alias="slip", exclude_if=is_absent
    )
    """A parcel is taken over so much sooner or later than when its middle passes `start`, or slips by so much then, at
    the most; None: `SLIP_UM`. Of the first belt it says nothing."""

    @property
    def end_um(self) -> int:
        return self.start_um + self.length_um

    @property
    def takes_over_um(self) -> int:
        """The slip that is reckoned with."""
        return SLIP_UM if self.slip_um is None else self.slip_um


class Beam(Entry):
    """A light beam across the belt, or in a lane behind a diverter."""

    id: Annotated[str, name("in")]
    channel: Annotated[int, whole(0, 31)]
    position_um: Annotated[int, _position("500 mm")] = Field(alias="position")


class SideBelt(Entry):
    """A belt that brings further parcels to where one of the line's belts begins: a merge. Its end is there."""

    id: Annotated[str, name("side")]
    joins: Annotated[str, name("tunnel")]
    """The belt that takes over from it, as from the belt before that one."""
    length_um: Annotated[int, quantity("um", example="3 m", low="500 mm", high="500 m")] = Field(
        alias="length"
    )
    speed_mm_s: Annotated[int, quantity("mm/s", example="800 mm/s", low="50 mm/s", high="3.5 m/s")] = Field(
        alias="speed"
    )
    count_um: Annotated[int, quantity("um", example="500 um", low="1 um", high="20 mm")] = Field(
        alias="count"
    )
    board: Annotated[DeviceId, device_name("io-side")]
    """Stamps its encoder and its beams."""
    beams: Annotated[tuple[Beam, ...], Field(strict=False), entries(1, SIDE_BEAMS_MAX)]
    """In their order; their positions count from the begin of this belt. A parcel enters at the first."""
    slip_um: Annotated[int, quantity("um", example="30 mm", low="0 mm", high="300 mm")] = Field(
        default=SLIP_UM, alias="slip"
    )
    """As of a belt in series, where it hands over."""


class BeltReader(Entry):
    """A scanner or camera over the belt."""

    device: Annotated[DeviceId, device_name("tunnel-1")]
    position_um: Annotated[int, _position("2 m")] = Field(alias="position")
    window_um: Annotated[int, quantity("um", example="150 mm", low="0 mm", high="3 m")] = Field(
        alias="window"
    )
    """It sees this far before and behind its position."""
    delay_ms: Annotated[int, quantity("ms", example="80 ms", low="0 ms", high="5 s")] = Field(
        default=80, alias="delay"
    )
    """From seeing a code to its last byte, at the most."""
    stops_ms: Annotated[int, quantity("ms", example="60 ms", low="0 ms", high="5 s")] | None = Field(
        default=None, alias="stops", exclude_if=is_absent
    )
    """Of one that is triggered: it looks no longer than this after it was told to stop, on its wire and in its
    electronics together, however late it answers. None: until its answer has come. Less than is true means wrong
    names."""
    pixel_um: Annotated[int, quantity("um", example="250 um", low="10 um", high="10 mm")] | None = Field(
        default=None, alias="pixel"
    )
    """Of a camera: how much of the belt one pixel shows. With it a code is where its picture has it, else anywhere in
    view."""
    along: Literal["x", "-x", "y", "-y"] = "x"
    """Which way parcels go in the picture."""
    origin_px: Annotated[int, whole(0, 100_000)] | None = None
    """The pixel that is at `position`, along that axis; none: the middle of the picture."""
    place_error_um: Annotated[int, quantity("um", example="20 mm", low="1 mm", high="500 mm")] = Field(
        default=20_000, alias="place_error"
    )
    """How far off a code's place may be, k=2: the lens, the belt's shake, and that what is higher looks farther out."""


class BeltScale(Entry):
    """A scale that weighs in motion and is triggered by a beam: a record for each item that has left that beam."""

    device: Annotated[DeviceId, device_name("wim-1")]
    beam: Annotated[str, name("scale")]
    earliest_ms: Annotated[int, quantity("ms", example="20 ms", low="0 ms", high="5 s")] = Field(
        default=20, alias="earliest"
    )
    latest_ms: Annotated[int, quantity("ms", example="400 ms", low="10 ms", high="10 s")] = Field(
        default=400, alias="latest"
    )
    """Between the item's rear at the beam and the record's last byte."""


class BeltDimensioner(BeltScale):
    """A dimensioner that is triggered by a beam: a record for each item that has left that beam, as of the scale. The
    beam may be the scale's, and the device too, where one record carries dimensions and weight."""

    device: Annotated[DeviceId, device_name("dim-1")]
    beam: Annotated[str, name("dims")]
    along_belt: bool = False
    """Its length is that along the belt; else the longest side, however the parcel lies."""


class Diverter(Exit):
    """Pushes a parcel into its lane."""

    id: Annotated[str, name("d1")]
    channel: Annotated[int, whole(0, 31)]
    """Output of the board; its safe level lets parcels pass."""
    position_um: Annotated[int, _position("8 m")] = Field(alias="position")
    actuation_ms: Annotated[int, quantity("ms", example="100 ms", low="1 ms", high="5 s")] = Field(
        alias="actuation"
    )
    """From the output to the diverter being in place."""
    return_ms: Annotated[int, quantity("ms", example="100 ms", low="1 ms", high="5 s")] = Field(
        alias="return"
    )
    beam: Annotated[str, name("green")]
    """The beam in its lane that sees the parcel arrive."""


class End(Entry):
    """The belt's end: where everything goes that no diverter takes."""

    lane: Lane = LaneId("hold")
    bay: BayName
    beam: Annotated[str, name("end")]


class Line(Entry):
    """One belt line with its devices."""

    id: LineName
    name: Annotated[str, text(1, 40)]
    board: Annotated[DeviceId, device_name("io-1")]
    belts: Annotated[tuple[Belt, ...], Field(strict=False), entries(1, BELTS_MAX)]
    """In series: each takes over from the one before it. What reads and weighs stands on one of them, the diverters on
    the last."""
    sides: Annotated[tuple[SideBelt, ...], Field(strict=False), entries(0, SIDES_MAX)] = Field(
        default=(), exclude_if=is_empty
    )
    """Belts that bring further parcels: each joins where one of `belts` begins."""
    beams: Annotated[tuple[Beam, ...], Field(strict=False), entries(3, BEAMS_MAX)]
    """Those of the belt in their order; a parcel enters at the first."""
    readers: Annotated[tuple[BeltReader, ...], Field(strict=False), entries(1, READERS_MAX)]
    scale: BeltScale
    dimensioner: BeltDimensioner | None = Field(default=None, exclude_if=is_absent)
    """Left out of what is written, so that a line without one keeps its digest."""
    diverters: Annotated[tuple[Diverter, ...], Field(strict=False), entries(1, DIVERTERS_MAX)]
    end: End
    identifiers: Annotated[tuple[NamingType, ...], Field(strict=False), entries(1, 3)] = ("s10", "sscc")
    weak_formats: Annotated[tuple[WeakFormat, ...], Field(strict=False), entries(0, 10)] = Field(
        default=(), exclude_if=is_empty
    )
    """Formats that other numbers fit as well, and that are those of carriers here (docs/identifiers.md)."""
    free_lane: Lane = LaneId("green")
    late_lane: LineLane | None = None
    """Where a parcel goes whose decision comes too late, for example "recirculate"; none: the fail-safe lane."""
    min_length_um: Annotated[int, quantity("um", example="60 mm", low="5 mm", high="1 m")] = Field(
        default=60_000, alias="min_length"
    )
    """A beam covered for less than this saw no parcel (a hand, a strap)."""
    max_length_um: Annotated[int, quantity("um", example="700 mm", low="50 mm", high="5 m")] = Field(
        default=700_000, alias="max_length"
    )
    """Longer than this is not one parcel."""
    min_gap_um: Annotated[int, quantity("um", example="25 mm", low="1 mm", high="1 m")] = Field(
        default=25_000, alias="min_gap"
    )
    """A beam free for less than this has not seen a parcel's end (a hole, a bouncing sensor)."""
    tolerance_um: Annotated[int, quantity("um", example="50 mm", low="5 mm", high="500 mm")] = Field(
        default=50_000, alias="tolerance"
    )
    """How far from where it should be a parcel may be at a beam and still be the same."""
    label_margin_um: Annotated[int, quantity("um", example="20 mm", low="0 mm", high="200 mm")] = Field(
        default=5_000, alias="label_margin"
    )
    """The middle of a code is at least this far from either end of its parcel. More than is true means wrong names."""
    order_lead_ms: Annotated[int, quantity("ms", example="450 ms", low="20 ms", high="5 s")] = Field(
        default=450, alias="order_lead"
    )
    """Before the diverter must begin to move, the divert is written down and ordered: the point of no return.
    Time for the journal (its disk may stall for 400 ms), the board and their jitter."""
    clearance_um: Annotated[int, quantity("um", example="50 mm", low="0 mm", high="1 m")] = Field(
        default=50_000, alias="clearance"
    )
    """A diverter stays out until the parcel's rear is this far behind it."""

    @property
    def fail_safe(self) -> LaneId:
        return self.end.lane

    @cached_property
    def bays(self) -> tuple[Exit, ...]:
        """Every lane of the line with its chute."""
        diverted = tuple(Exit(lane=one.lane, bay=one.bay) for one in self.diverters)
        return (*diverted, Exit(lane=self.end.lane, bay=self.end.bay))

    @property
    def belt(self) -> Belt:
        """The last one, with the diverters and the end."""
        return self.belts[-1]

    @property
    def length_um(self) -> int:
        """Of all its belts."""
        return self.belt.end_um

    @property
    def reading_place(self) -> int:
        """Which belt readers and scale stand on."""
        return self.belt_place(self.beam(self.scale.beam).position_um)

    def belt_place(self, um: int) -> int:
        """Which belt is there."""
        return max((place for place, belt in enumerate(self.belts) if belt.start_um <= um), default=0)

    def board_of(self, belt: Belt) -> DeviceId:
        return self.board if belt.board is None else belt.board

    @property
    def boards(self) -> tuple[DeviceId, ...]:
        """Of its belts, in the order of `all_belts`."""
        return tuple(self.board_of(belt) for belt in self.all_belts)

    @cached_property
    def all_belts(self) -> tuple[Belt, ...]:
        """Those in series, then those at the side, the places of which lie beside the belts that they join behind: they
        may begin before the line does."""
        return (*self.belts, *(self._beside(one) for one in self.sides))

    def _beside(self, side: SideBelt) -> Belt:
        return Belt.model_construct(
            id=side.id, length_um=side.length_um, speed_mm_s=side.speed_mm_s, count_um=side.count_um,
            start_um=self.belts[self.joined_place(side)].start_um - side.length_um, board=side.board,
            slip_um=side.slip_um,
        )  # fmt: skip

    def joined_place(self, side: SideBelt) -> int:
        """Which of its belts takes over from this one; 0, which none joins, for a name that `hub check` refuses."""
        return next((place for place, belt in enumerate(self.belts) if belt.id == side.joins), 0)

    def beams_on(self, place: int) -> tuple[Beam, ...]:
        """Those over one of `all_belts`, in their order, with their places along the line."""
        if place < len(self.belts):
            return tuple(beam for beam in self.belt_beams if self.belt_place(beam.position_um) == place)
        begins_um, side = self.all_belts[place].start_um, self.sides[place - len(self.belts)]
        return tuple(
            one.model_copy(update={"position_um": begins_um + one.position_um}) for one in side.beams
        )

    @property
    def recorders(self) -> tuple[BeltScale, ...]:
        """What makes a record for each item that leaves its beam: the scale, then the dimensioner, if there is one."""
        return (self.scale,) if self.dimensioner is None else (self.scale, self.dimensioner)

    def beam(self, beam_id: str) -> Beam:
        """Raises KeyError for an id that `load` would have refused."""
        for beam in self.beams:
            if beam.id == beam_id:
                return beam
        raise KeyError(f"no beam {beam_id} on line {self.id}")

    @cached_property
    def belt_beams(self) -> tuple[Beam, ...]:
        """In the order in which a parcel passes them that no diverter takes; without those inside lanes."""
        inside = {one.beam for one in self.diverters}
        return tuple(sorted((b for b in self.beams if b.id not in inside), key=lambda b: b.position_um))

    def travel_um(self, ns: int, belt: Belt | None = None) -> int:
        """How far a belt moves in this time at its set speed; None: the last."""
        return ns * (self.belt if belt is None else belt).speed_mm_s // MILLISECOND

    @property
    def measured_by_um(self) -> int:
        """Where the front of the longest parcel is when its measurement is complete at the latest."""
        belt = self.belts[self.reading_place]
        read = max(
            one.position_um + one.window_um + self.travel_um(one.delay_ms * MILLISECOND, belt)
            for one in self.readers
        )
        recorded = max(
            self.beam(one.beam).position_um + self.travel_um(one.latest_ms * MILLISECOND, belt)
            for one in self.recorders
        )
        return max(read, recorded) + self.max_length_um

    def no_return_um(self, diverter: Diverter) -> int:
        """Where a parcel's front is when its divert is written down and ordered (contract §5, point of no return)."""
        lead_ns = (diverter.actuation_ms + self.order_lead_ms) * MILLISECOND
        return diverter.position_um - self.travel_um(lead_ns)

    def answer_time_ns(self, diverter: Diverter) -> int:
        """How long the coordinator has for its decision (contract §5, deadline); negative: a faulty layout."""
        from_um, to_um = self.measured_by_um, self.no_return_um(diverter)
        time_ns = 0
        for before, behind in pairwise(self.belts):
            # Its middle passes the transfer. Of a short and a long parcel the one with less time counts.
            faster = behind.speed_mm_s >= before.speed_mm_s
            passes_um = behind.start_um + (0 if faster else self.max_length_um // 2)
            if from_um < passes_um <= to_um:
                time_ns += (passes_um - from_um) * MILLISECOND // before.speed_mm_s
                from_um = passes_um
        return time_ns + (to_um - from_um) * MILLISECOND // self.belt.speed_mm_s

    def gap_needed_um(self, diverter: Diverter) -> int:
        """Free belt before and behind a parcel that is diverted (conveyor-io §4)."""
        swing = self.travel_um((diverter.actuation_ms + diverter.return_ms) * MILLISECOND)
        return swing + self.clearance_um + 2 * self.tolerance_um
