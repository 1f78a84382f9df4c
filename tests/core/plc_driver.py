"""Drives a line of a controller in the pure core by hand: its telegrams as readings in, events and destinations out."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from drivers.command import Destination
from drivers.reading import BarcodeRead, DeviceUp, Discharged, Inducted, Reading, WeightRead
from edge.core.decision import Action, Band, Conditions, Decision
from edge.core.effects import Alert, KeepWords, Order, Record
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, Tick, WallClock
from edge.core.snapshot import PlcLineView
from edge.wire.chain import Link
from hub_config.hub import HubConfig
from hub_config.load import load
from hub_config.names import SECOND, DeviceId, Instant, LaneId, VisitId
from simulators.checkers import Checkers

EXAMPLE = Path(__file__).parents[2] / "examples" / "plc.toml"
S10, S10_B = "RB123456785GB", "RA473124829GB"
BASE_US = 1_795_000_000_000_000
PLC, SCANNER = DeviceId("plc-1"), DeviceId("scan-2")


@lru_cache(maxsize=1)
def example() -> HubConfig:
    return load(EXAMPLE)


def config(*, drives: bool = True, **line: object) -> HubConfig:
    """The example; `line` changes fields of its line."""
    whole = example()
    changed = whole.plc_lines[0].model_copy(update=line)
    devices = tuple(
        one.model_copy(update={"drives": drives}) if one.id == PLC else one for one in whole.devices
    )
    return whole.model_copy(update={"plc_lines": (changed,), "devices": devices})


@dataclass
class PlcDriver:
    hub: HubConfig = field(default_factory=config)
    gateway: Gateway = field(init=False)
    now: int = SECOND
    events: list[Event] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    sent: list[Destination] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    hold_commits: bool = False
    told: int = 0
    seq: int = 0
    checkers: Checkers = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = Gateway(self.hub, b"0123456789abcdef")
        line = self.hub.plc_lines[0]
        drives = self.hub.device(PLC).drives  # type: ignore[union-attr]  # a controller
        self.checkers = Checkers((line,), () if drives else (line.id,))

    @property
    def at(self) -> Instant:
        return Instant(self.now)

    @property
    def view(self) -> PlcLineView:
        return self.gateway.snapshot().plc_lines[0]

    def start(self) -> "PlcDriver":
        self.give(WallClock(self.at, WallTime(BASE_US, 1_500, "ntp")))
        self.give(LinkChanged(self.at, broker=True, coordinator=True))
        self.give(DeviceUp(PLC, self.at, None))
        return self

    def later(self, seconds: float) -> "PlcDriver":
        until = self.now + int(seconds * SECOND)
        while (wake := self.gateway.wake_at) is not None and wake <= until:
            self.now = max(self.now, wake)
            self.give(Tick(self.at))
        self.now = until
        return self

    def give(self, given: Input | Reading) -> None:
        effects = self.gateway.step(given)
        self.checkers.after_step(effects, self.gateway)
        for effect in effects:
            match effect:
                case Record(_, event):
                    self.events.append(event)
                    self.ids.append(f"ni:///sha-256;{len(self.ids) + 1:043}")
                case Order(Destination() as command):
                    self.sent.append(command)
                case Alert():
                    self.alerts.append(effect)
                case KeepWords():
                    pass
                case _:
                    raise AssertionError(f"a line of a controller does not want {effect}")
        assert self.gateway.books_fault is None
        if not self.hold_commits:
            self.commit()

    def commit(self) -> None:
        while self.told < len(self.ids):
            first, ids = self.told + 1, tuple(self.ids[self.told :])
            self.told = len(self.ids)
            self.checkers.committed(Link(first + n, name, "", b"", None, "") for n, name in enumerate(ids))
            self.give(Committed(self.at, first, ids))

    # What the controller tells ------------------------------------------------------------------------

    def induct(self, track: int) -> "PlcDriver":
        self.give(Inducted(PLC, self.at, track))
        return self

    def code(self, track: int, data: str = S10) -> None:
        self.give(BarcodeRead(PLC, self.at, data, "unknown", None, data.encode(), track))

    def scan(self, data: str = S10) -> None:
        """By the gateway's own scanner."""
        self.give(BarcodeRead(SCANNER, self.at, data, "code128", "]C0", data.encode()))

    def weigh(self, track: int, mg: int | None = 500_000) -> None:
        text = "" if mg is None else str(mg // 1_000)
        self.give(WeightRead(PLC, self.at, mg, text, "g", stable=None, record=track, invalid=mg is None))

    def discharge(self, track: int, lane: str, result: str = "OK") -> None:
        self.give(Discharged(PLC, self.at, track, lane, result))

    def measured(self, track: int = 17, data: str = S10) -> "PlcDriver":
        """Inducted, read by both, weighed, and asked about: a second has passed."""
        self.induct(track).later(0.3)
        self.scan(data)
        self.code(track, data)
        self.weigh(track)
        return self.later(0.7)

    def decision(
        self, action: Action = "release", route: str = "green", *, seconds: float = 20, code: str = S10,
        mass_mg: Band = (400_000, 600_000), visit: VisitId | None = None,
    ) -> Decision:  # fmt: skip
        """About the visit that was measured last."""
        place, asked = next(
            (place, one)
            for place, one in reversed(list(enumerate(self.events)))
            if one.kind == "parcel.measured" and visit in (None, one.visit)
        )
        assert asked.visit is not None
        self.seq += 1
        now_us = BASE_US + (self.now - SECOND) // 1_000
        return Decision(
            dec=f"d{self.seq}", dec_seq=self.seq, visit=asked.visit, was=None, answers=self.ids[place],
            action=action, reasons=() if action == "release" else ("sampled",), route=LaneId(route),
            authority="customs", conditions=Conditions(code=code, mass_mg=mass_mg), needs=(),
            valid_from_us=now_us - 10_000, valid_until_us=now_us + int(seconds * 1e6), clock="hub", wire="{}",
            kid="k", sig="s",
        )  # fmt: skip

    def decide(self, decision: Decision | None = None) -> "PlcDriver":
        self.give(DecisionArrived(self.at, self.decision() if decision is None else decision))
        return self

    def released(self, track: int = 17, data: str = S10) -> "PlcDriver":
        return self.measured(track, data).decide(self.decision(code=data))

    # What came of it ----------------------------------------------------------------------------------

    def kinds(self) -> list[str]:
        return [one.kind.removeprefix("parcel.") for one in self.events if one.visit is not None]

    def of(self, kind: str) -> list[Event]:
        return [one for one in self.events if one.kind == f"parcel.{kind}"]

    def lanes(self) -> list[tuple[int, str]]:
        """Destinations, as they were sent."""
        return [(one.track, one.lane) for one in self.sent]

    def reasons(self) -> list[str]:
        return [flag for one in self.events for flag in one.flags]
