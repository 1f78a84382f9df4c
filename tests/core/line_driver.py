"""Drives one belt line of the pure core by hand: beams, belt, codes and records in, events and orders out.

The belt runs at the example's 1.5 m/s. A parcel is told by where and when its edges are; `carry` tells the beams it
passes, in order of time, with the belt's reports between. The checkers of the simulations look at every step.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path

from drivers.command import Command, SwitchOff, SwitchOn, Trigger
from drivers.reading import BarcodeRead, BeamChanged, BeltMoved, BoardChanged, BoardState, Reading, WeightRead
from edge.core.decision import Action, Band, Conditions, Decision, Reason
from edge.core.effects import Alert, KeepWords, Order, Record
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, Tick, WallClock
from edge.wire.chain import Link
from hub_config.hub import HubConfig
from hub_config.lines import Line
from hub_config.load import load
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant, LaneId, VisitId
from simulators.checkers import Checkers

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo.toml"
S10, S10_B = "RB123456785GB", "RA473124829GB"
BASE_US = 1_795_000_000_000_000
STEP_NS = 10 * MILLISECOND
BOARD, READER, SCALE = DeviceId("io-1"), DeviceId("tunnel-1"), DeviceId("wim-1")
COUNT_UM, UM_PER_S = 500, 1_500_000


@lru_cache(maxsize=1)
def example() -> HubConfig:
    return load(EXAMPLE)


def config(**line: object) -> HubConfig:
    """The example without its bench; `line` changes fields of its line."""
    whole = example()
    changed = whole.lines[0].model_copy(update=line)
    return whole.model_copy(update={"benches": (), "lines": (changed,)})


@dataclass
class Object:
    """Something on the belt: its front was at the belt's begin at `starts`."""

    starts: int
    length_um: int = 300_000
    vanishes_um: int | None = None
    appears_um: int = 0

    def front_at(self, um: int) -> int:
        return self.starts + um * SECOND // UM_PER_S

    def rear_at(self, um: int) -> int:
        return self.front_at(um + self.length_um)


@dataclass
class LineDriver:
    gateway: Gateway = field(default_factory=lambda: Gateway(config(), b"0123456789abcdef"))
    now: int = SECOND
    events: list[Event] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    hold_commits: bool = False
    lost_counts: int = 0
    told: int = 0
    """Events whose commit was told."""
    seq: int = 0
    record: int = 100
    pending: list[tuple[int, int, Input]] = field(default_factory=list)
    order: "count[int]" = field(default_factory=count)
    checkers: Checkers = field(init=False)

    def __post_init__(self) -> None:
        self.checkers = Checkers((self.line,))

    @property
    def at(self) -> Instant:
        return Instant(self.now)

    @property
    def line(self) -> Line:
        return self.gateway._lines[0].config

    def start(self, *, online: bool = True) -> "LineDriver":
        self.give(WallClock(self.at, WallTime(BASE_US, 1_500, "ntp")))
        self.give(LinkChanged(self.at, broker=online, coordinator=online))
        self.board("ready", continued=False)
        return self

    def count_at(self, at: int) -> int:
        return at * UM_PER_S // SECOND // COUNT_UM - self.lost_counts

    # Time -------------------------------------------------------------------------------------------

    def later(self, seconds: float, *, silent: bool = False) -> "LineDriver":
        """Time passes: what is pending comes, the belt reports (`silent`: it does not), and ticks come as asked."""
        until = self.now + int(seconds * SECOND)
        while self.now < until:
            self.now = min(until, self.now + STEP_NS)
            while self.pending and self.pending[0][0] <= self.now:
                self.give(self.pending.pop(0)[2])
            if not silent:
                self.give(BeltMoved(BOARD, self.at, self.count_at(self.now), moving=True))
            wake = self.gateway.wake_at
            if wake is not None and wake <= self.now:
                self.give(Tick(self.at))
        return self

    def when(self, at: int, given: Input) -> None:
        self.pending.append((at, next(self.order), given))
        self.pending.sort(key=lambda one: one[:2])

    # What comes in ----------------------------------------------------------------------------------

    def give(self, given: Input) -> None:
        effects = self.gateway.step(given)
        self.checkers.after_step(effects, self.gateway)
        for effect in effects:
            match effect:
                case Record(_, event):
                    self.events.append(event)
                    self.ids.append(f"ni:///sha-256;{len(self.ids) + 1:043}")
                case Order(command):
                    self.commands.append(command)
                case Alert():
                    self.alerts.append(effect)
                case KeepWords():
                    pass
                case _:
                    raise AssertionError(f"a line shows nothing: {effect}")
        assert self.gateway.books_fault is None
        if not self.hold_commits:
            self.commit()

    def commit(self) -> None:
        """Everything recorded is on disk."""
        while self.told < len(self.ids):
            first, ids = self.told + 1, tuple(self.ids[self.told :])
            self.told = len(self.ids)
            self.checkers.committed(Link(first + n, name, "", b"", None, "") for n, name in enumerate(ids))
            self.give(Committed(self.at, first, ids))

    def board(self, state: BoardState, *, continued: bool = True) -> None:
        self.give(BoardChanged(BOARD, self.at, state, "told by the test", continued))

    def edge(self, beam: str, at: int, *, blocked: bool) -> None:
        channel = self.line.beam(beam).channel
        self.when(at, BeamChanged(BOARD, Instant(at), channel, blocked, self.count_at(at), 1_000))

    def carry(self, thing: Object, *beams: str) -> Object:
        """Its edges at these beams (all of the belt if none is named)."""
        for beam in beams or tuple(one.id for one in self.line.belt_beams):
            position = self.line.beam(beam).position_um
            if position > thing.appears_um and (thing.vanishes_um is None or position < thing.vanishes_um):
                self.edge(beam, thing.front_at(position), blocked=True)
                self.edge(beam, thing.rear_at(position), blocked=False)
        return thing

    def read(self, thing: Object, code: str = S10, *, trigger: int | None = None, late_ns: int = 0) -> None:
        """The reader's answer, when the middle of the label is under it."""
        at = thing.front_at(self.line.readers[0].position_um + thing.length_um // 2) + late_ns
        self.when(at, self.code(at, code, trigger))

    @staticmethod
    def code(at: int, code: str, trigger: int | None) -> Reading:
        return BarcodeRead(READER, Instant(at), code, "code128", "]C0", code.encode(), trigger)

    def weigh(
        self, thing: Object, mg: int | None = 500_000, *, record: int | None = None, after_ms: int = 150
    ) -> None:
        """The scale's record of it."""
        self.record = self.record + 1 if record is None else record
        at = thing.rear_at(self.line.beam("scale").position_um) + after_ms * MILLISECOND
        self.when(
            at, WeightRead(SCALE, Instant(at), mg, "", "g", None, overload=mg is None, record=self.record)
        )

    def measure(self, thing: Object, code: str = S10, *, trigger: int | None = None) -> Object:
        """Everything up to its measurement, and all the belt's beams."""
        self.carry(thing)
        self.read(thing, code, trigger=trigger)
        self.weigh(thing)
        return thing

    def decide(
        self, action: Action = "release", *, visit: VisitId | None = None, lane: str | None = None,
        reasons: tuple[Reason, ...] = (), valid_s: float = 60.0, code: str | None = S10, into: str | None = None,
        dims: tuple[Band, Band, Band] | None = None,
    ) -> None:  # fmt: skip
        """On the last measurement, or on that of `visit`; `into`: the older visit that it is joined to."""
        place = max(
            n for n, e in enumerate(self.events)
            if e.kind == "parcel.measured" and visit in (None, e.visit)
        )  # fmt: skip
        asked = self.events[place]
        assert asked.visit is not None
        self.seq += 1
        now_us = BASE_US + (self.now - SECOND) // 1_000
        lanes = {"release": "green", "inspect": "manual"}
        decision = Decision(
            dec=f"dec-{self.seq}", dec_seq=self.seq, visit=VisitId(into or asked.visit), answers=self.ids[place],
            was=None if into is None else asked.visit,
            action=action, reasons=reasons or (() if action == "release" else ("sampled",)),
            route=LaneId(lane or lanes.get(action, "hold")), authority="customs",
            conditions=Conditions(code=code if action == "release" else None, dims_um=dims), needs=(),
            valid_from_us=now_us - 1_000_000, valid_until_us=now_us + int(valid_s * 1e6), clock="hub",
            wire="{}", kid="k", sig="s",
        )  # fmt: skip
        self.give(DecisionArrived(self.at, decision))

    # What came out ----------------------------------------------------------------------------------

    def kinds(self, visit: VisitId | None = None) -> list[str]:
        return [
            event.kind for event in self.events if event.visit is not None and visit in (None, event.visit)
        ]

    def last(self, kind: str) -> Event:
        return next(event for event in reversed(self.events) if event.kind == kind)

    @property
    def visits(self) -> list[VisitId]:
        """In the order in which they arrived."""
        arrived = (event.visit for event in self.events if event.kind == "parcel.arrived")
        return [visit for visit in arrived if visit is not None]

    @property
    def ons(self) -> list[SwitchOn]:
        return [command for command in self.commands if isinstance(command, SwitchOn)]

    @property
    def offs(self) -> list[SwitchOff]:
        return [command for command in self.commands if isinstance(command, SwitchOff)]

    @property
    def triggers(self) -> list[Trigger]:
        return [command for command in self.commands if isinstance(command, Trigger)]

    def diverted(self, thing: Object) -> None:
        """It is pushed into the lane of the last order; the lane's beam sees it."""
        diverter = next(one for one in self.line.diverters if one.channel == self.ons[-1].channel)
        self.pending = [one for one in self.pending if not self._is_behind(one[2], diverter.position_um)]
        self.carry(thing, diverter.beam)

    def _is_behind(self, given: Input, position_um: int) -> bool:
        """Edges at belt beams behind a diverter, which the parcel will not pass."""
        if not isinstance(given, BeamChanged):
            return False
        beam = next(beam for beam in self.line.beams if beam.channel == given.channel)
        return beam.position_um > position_um


ENTROPY = b"0123456789abcdef"
TO_MEASURED_S = 3.0
TO_ORDER_S = 5.5
"""From the belt's begin: behind the point of no return (7,375 mm), before the diverter (8,200 mm)."""
TO_LANE_S = 6.6
TO_END_S = 8.0


def entered(driver: LineDriver, **shape: int) -> Object:
    return Object(driver.now + SECOND // 2, **shape)


def at_order(driver: LineDriver) -> Object:
    """A measured and released parcel whose divert has been ordered."""
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    return thing
