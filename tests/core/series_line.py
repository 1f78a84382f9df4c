"""Three belts in series, or with a side belt that merges, moved by hand, two milliseconds at a time: boards, beams,
reader, scale, diverters of a line.

A world of its own, which shares nothing with the simulators: each thing goes with a belt until its middle has passed
the transfer (`skids` says how much sooner or later), and covers what it covers. The coordinator releases everything
whose code it is told. The checkers of the simulations look at every step.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from line_driver import LineDriver

from drivers.reading import BarcodeRead, BeamChanged, BeltMoved, BoardChanged, WeightRead
from edge.core.gateway import Gateway
from edge.core.inputs import Tick
from hub_config.hub import HubConfig
from hub_config.lines import Beam
from hub_config.load import load
from hub_config.names import MILLISECOND, SECOND, Instant, VisitId

LAYOUTS = Path(__file__).parents[2] / "simulators/scenarios/layouts"
STEP_NS = 2 * MILLISECOND
REPORT_NS = 100 * MILLISECOND
RECORD_NS = 100 * MILLISECOND


def s10(number: int) -> str:
    """A good number of its own for each."""
    digits = f"{number:08}"
    rest = (
        11
        - sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
        % 11
    )
    return f"RB{digits}{ {10: 0, 11: 5}.get(rest, rest) }GB"


@lru_cache(maxsize=2)
def layout(name: str = "series") -> HubConfig:
    return load(LAYOUTS / f"{name}.toml")


@dataclass(eq=False)
class Thing:
    code: str
    length_um: int = 300_000
    front_um: int = 0
    skids: tuple[int, int] = (0, 0)
    """How much later than when its middle passes each belt takes it over; below 0: sooner."""
    belt: int = 0
    """Among all of the line; on a side belt its place is beside the line."""
    lane: str | None = None
    slides_um: int | None = None
    """Place in a lane, from the line's begin."""

    @property
    def rear_um(self) -> int:
        return self.front_um - self.length_um


@dataclass
class SeriesLine:
    of: str = "series"
    driver: LineDriver = field(init=False)
    things: list[Thing] = field(default_factory=list)
    left: list[Thing] = field(default_factory=list)
    standing: set[str] = field(default_factory=set)
    backwards: set[str] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    """Places of belts whose encoder counts nothing, and stays at what it counted last."""
    counts: dict[int, int] = field(default_factory=dict)
    mute: set[int] = field(default_factory=set)
    """Places of belts whose board reports nothing but edges."""
    records: int = 0
    decided: int = 0
    codes: dict[VisitId, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.driver = LineDriver(Gateway(layout(self.of), b"0123456789abcdef"))
        self.line = layout(self.of).lines[0]
        self.belts = self.line.all_belts
        self.travel = [0 for _ in self.belts]
        self.beams = {beam: len(self.line.belts) - 1 for beam in self.line.beams}
        """With the belt whose board stamps it."""
        for place in range(len(self.belts)):
            self.beams |= dict.fromkeys(self.line.beams_on(place), place)
        self.covered: dict[str, bool] = {beam.id: False for beam in self.beams}
        self.under: dict[str, list[Thing]] = {beam.id: [] for beam in self.beams}
        self.seen: list[Thing] = []
        self.driver.start()
        for board in self.line.boards:
            if board == self.line.board:
                continue
            self.driver.give(BoardChanged(board, self.driver.at, "ready", "told by the test", False))

    # What moves -------------------------------------------------------------------------------------

    def put(self, *things: Thing) -> None:
        self.things += things

    def take_off(self, thing: Thing) -> None:
        self.things.remove(thing)

    def run(self, seconds: float) -> "SeriesLine":
        for _ in range(int(seconds * SECOND) // STEP_NS):
            self.driver.now += STEP_NS
            moved = [self._way_um(place) for place in range(len(self.travel))]
            self.travel = [um + way for um, way in zip(self.travel, moved, strict=True)]
            for thing in self.things:
                self._move(thing, moved)
            self._look()
            if self.driver.now % REPORT_NS == 0:
                self._report()
            wake = self.driver.gateway.wake_at
            while self.driver.pending and self.driver.pending[0][0] <= self.driver.now:
                self.driver.give(self.driver.pending.pop(0)[2])
            if wake is not None and wake <= self.driver.now:
                self.driver.give(Tick(self.driver.at))
            self._decide()
        return self

    def _way_um(self, place: int) -> int:
        belt = self.belts[place]
        if belt.id in self.standing:
            return 0
        way_um = belt.speed_mm_s * STEP_NS // MILLISECOND
        return way_um if belt.id not in self.backwards else -way_um

    def _move(self, thing: Thing, moved: list[int]) -> None:
        if thing.slides_um is not None:
            thing.slides_um += self.line.belt.speed_mm_s * STEP_NS // MILLISECOND
            return
        before_um = thing.front_um
        thing.front_um += moved[thing.belt]
        following = thing.belt + 1
        if following > len(self.line.belts):
            following = self.line.joined_place(self.line.sides[thing.belt - len(self.line.belts)])
        if following < len(self.line.belts):
            over_um = self.line.belts[following].start_um + thing.skids[following - 1]
            if thing.front_um - thing.length_um // 2 >= over_um:
                thing.belt = following
        for diverter in self.line.diverters:
            if before_um < diverter.position_um <= thing.front_um and self._is_out(diverter.channel):
                thing.lane, thing.slides_um = diverter.lane, diverter.position_um

    def _is_out(self, channel: int) -> bool:
        taken_back = {(off.channel, off.at) for off in self.driver.offs}
        return any(
            on.channel == channel and on.at <= self.driver.now < on.at + on.for_ns
            for on in self.driver.ons
            if (channel, on.at) not in taken_back
        )

    # What sees it -----------------------------------------------------------------------------------

    def _look(self) -> None:
        lanes = {one.beam: one.lane for one in self.line.diverters}
        for beam, place in self.beams.items():
            lane = lanes.get(beam.id)
            under = [
                one for one in self.things
                if one.lane == lane and self._covers(one, beam.position_um) and self._is_along(one, place)
            ]  # fmt: skip
            if bool(under) != self.covered[beam.id]:
                self.covered[beam.id] = bool(under)
                self._edge(beam, place, blocked=bool(under))
            if beam.id == self.line.scale.beam and self.under[beam.id] and not under:
                self._record()
            self.under[beam.id] = under
        self._read()
        gone = [one for one in self.things if self._is_gone(one)]
        for thing in gone:
            self.things.remove(thing)
            self.left.append(thing)

    def _is_along(self, thing: Thing, place: int) -> bool:
        """Beams over a side belt see what lies on that, the others what does not."""
        series = len(self.line.belts)
        return thing.belt == place if thing.belt >= series or place >= series else True

    @staticmethod
    def _covers(thing: Thing, um: int) -> bool:
        front_um = thing.front_um if thing.slides_um is None else thing.slides_um
        return front_um - thing.length_um < um <= front_um

    def _is_gone(self, thing: Thing) -> bool:
        if thing.slides_um is not None:
            return thing.slides_um - thing.length_um > self.line.diverters[-1].position_um + 2_000_000
        return thing.rear_um > self.line.length_um

    def _edge(self, beam: Beam, place: int, *, blocked: bool) -> None:
        count, board = self._count(place), self.line.boards[place]
        self.driver.give(BeamChanged(board, self.driver.at, beam.channel, blocked, count, 1_000))

    def _count(self, place: int) -> int:
        if place not in self.dead:
            self.counts[place] = self.travel[place] // self.belts[place].count_um
        return self.counts.get(place, 0)

    def _report(self) -> None:
        for place, (board, belt) in enumerate(zip(self.line.boards, self.belts, strict=True)):
            if place in self.mute:
                continue
            moving = belt.id not in self.standing and place not in self.dead
            self.driver.give(BeltMoved(board, self.driver.at, self._count(place), moving))

    def _read(self) -> None:
        reader = self.line.readers[0]
        for thing in self.things:
            if thing not in self.seen and thing.front_um - thing.length_um // 2 >= reader.position_um:
                self.seen.append(thing)
                code = thing.code
                trigger = self.driver.triggers[-1].number if self.driver.triggers else None
                read = BarcodeRead(
                    reader.device, self.driver.at, code, "code128", "]C0", code.encode(), trigger
                )
                self.driver.give(read)

    def _record(self) -> None:
        self.records += 1
        at = Instant(self.driver.now + RECORD_NS)
        scale = self.line.scale.device
        weight = WeightRead(scale, at, 500_000, "", "g", None, overload=False, record=self.records)
        self.driver.when(at, weight)

    # What is decided --------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Everything that is asked about is let go, under the name that was told."""
        for event in self.driver.events[self.decided :]:
            if event.kind == "parcel.measured" and event.visit is not None:
                code = event.codes[0].data
                self.codes[event.visit] = code
                self.driver.decide("release", visit=event.visit, code=code)
        self.decided = len(self.driver.events)

    # What came out ----------------------------------------------------------------------------------

    @property
    def green(self) -> list[str]:
        """Codes of what really lies in the free lane."""
        return [thing.code for thing in (*self.left, *self.things) if thing.lane == "green"]

    @property
    def told_green(self) -> list[str]:
        """Codes of the visits that are told to have departed."""
        events = [one for one in self.driver.events if one.kind == "parcel.departed"]
        return [self.codes[one.visit] for one in events if one.visit is not None]

    def count(self, kind: str) -> int:
        return sum(one.kind == kind for one in self.driver.events)

    def reasons(self) -> list[str]:
        """Of everything that was held or lost, in order; other flags as well."""
        return [flag for event in self.driver.events for flag in event.flags]
