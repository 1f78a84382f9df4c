"""Drives one bench of the pure core by hand: readings in, events and views out, time as it is told."""

from dataclasses import dataclass, field

from drivers.reading import BarcodeRead, DeviceDown, DeviceUp, WeightRead
from edge.core.decision import Action, Conditions, Decision, Owner, Reason
from edge.core.effects import Alert, KeepWords, Record, Show
from edge.core.event import Event, WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input, LinkChanged, Tick, WallClock
from edge.core.snapshot import BenchView
from edge.core.standing import VisitWords
from edge.core.visits import NOTHING_REMEMBERED, Recovered, Remembered
from hub_config.attach import SerialAttach
from hub_config.hub import Broker, CoordinatorEntry, GatewayEntry, Hub, HubConfig, Web
from hub_config.layout import Bay, Bench
from hub_config.metrology import Metrology
from hub_config.names import SECOND, DeviceId, GatewayId, HubId, Instant, LaneId, LineId, VisitId
from hub_config.scales import SicsScaleConfig
from hub_config.scanners import LineScannerConfig

SCANNER, SCALE = DeviceId("scan-1"), DeviceId("scale-1")
GREEN, HOLD, XRAY, MANUAL = "HUBXGREEN", "HUBXHOLD", "HUBXXRRE", "HUBXPLPL"
S10, S10_B, SSCC, EAN = "RB123456785GB", "RA473124829GB", "006141411234567890", "4006381333931"
BASE_US = 1_795_000_000_000_000


def config(**bench: object) -> HubConfig:
    bays = tuple(
        Bay(lane=LaneId(lane), bay=bay, barcode=barcode)
        for lane, bay, barcode in (
            ("green", "G1", GREEN),
            ("hold", "H1", HOLD),
            ("xray", "X1", XRAY),
            ("manual", "M1", MANUAL),
        )
    )
    metrology = Metrology.model_validate(
        {"regime": "nawi", "class": "III", "max": "30 kg", "min": "100 g", "e": "5 g", "mpe": "5 g"}
    )
    return HubConfig.model_construct(
        hub=Hub(id=HubId("MY-KUL-1"), mode="practice", utc_offset="+08:00"),
        gateway=GatewayEntry(id=GatewayId("gw-01")),
        coordinator=CoordinatorEntry(id="co-1"),
        broker=Broker(host="127.0.0.1", port=1883),
        web=Web(),
        trust=(),
        devices=(
            LineScannerConfig(
                kind="line-scanner", id=SCANNER, attach=SerialAttach(kind="serial", port="/dev/a")
            ),
            SicsScaleConfig(
                kind="mt-sics",
                id=SCALE,
                attach=SerialAttach(kind="serial", port="/dev/b"),
                metrology=metrology,
            ),
        ),
        benches=(
            Bench.model_validate(
                {"id": "b1", "name": "Bench 1", "scanners": [SCANNER], "scale": SCALE, "bays": bays, **bench}
            ),
        ),
    )


@dataclass
class BenchDriver:
    gateway: Gateway = field(default_factory=lambda: Gateway(config(), b"0123456789abcdef"))
    now: int = SECOND
    events: list[Event] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    words: dict[str, VisitWords] = field(default_factory=dict)
    """What the journal keeps of decisions."""
    view: BenchView | None = None
    hold_commits: bool = False
    seq: int = 0

    def start(self, *, online: bool = True, zero: bool = True) -> "BenchDriver":
        self.give(WallClock(self.at, WallTime(BASE_US, 1_500, "ntp")))
        self.give(LinkChanged(self.at, broker=online, coordinator=online))
        if zero:
            self.weigh(0)
        return self

    @property
    def at(self) -> Instant:
        return Instant(self.now)

    def later(self, seconds: float) -> "BenchDriver":
        """Time passes; ticks come when the gateway asked for them."""
        until = self.now + int(seconds * SECOND)
        for _ in range(1_000):
            wake = self.gateway.wake_at
            if wake is None or wake > until:
                break
            self.now = max(self.now, wake)
            self.give(Tick(self.at))
        self.now = until
        return self

    def give(self, given: Input) -> None:
        for effect in self.gateway.step(given):
            match effect:
                case Record(number, event):
                    assert number == len(self.events) + 1
                    self.events.append(event)
                case Show(view):
                    self.view = view
                case Alert():
                    self.alerts.append(effect)
                case KeepWords(words):
                    self.words.pop(words.visit, None)
                    if words.standing.words:
                        self.words[words.visit] = words
        if not self.hold_commits:
            self.commit()

    def commit(self) -> None:
        fresh = tuple(
            f"ni:///sha-256;{number:043d}" for number in range(len(self.ids) + 1, len(self.events) + 1)
        )
        if fresh:
            first = len(self.ids) + 1
            self.ids.extend(fresh)
            self.give(Committed(self.at, first, fresh))

    def scan(self, data: str, aim: str | None = None) -> "BenchDriver":
        self.give(BarcodeRead(SCANNER, self.at, data, "code128", aim, data.encode()))
        return self

    def weigh(
        self, mg: int, *, stable: bool = True, overload: bool = False, for_ms: int = 400
    ) -> "BenchDriver":
        """The scale shows this for `for_ms`, polled every 100 ms."""
        for _ in range(for_ms // 100 + 1):
            mass = None if overload else mg
            self.give(WeightRead(SCALE, self.at, mass, str(mg), "g", stable, overload=overload))
            self.later(0.1)
        return self

    def device(self, device: DeviceId, *, up: bool) -> "BenchDriver":
        self.give(DeviceUp(device, self.at, "1") if up else DeviceDown(device, self.at, "unplugged"))
        return self

    def decide(
        self, action: Action = "release", route: str = "green", reasons: tuple[Reason, ...] = (), *,
        for_s: float = 60, dec_seq: int = 1, conditions: Conditions | None = None, needs: tuple[str, ...] = (),
        visit: str | None = None, answers: str | None = None, from_s: float = 0, authority: str = "customs",
        was: str | None = None, clock: Owner = "hub",
    ) -> "BenchDriver":  # fmt: skip
        asked = max(i for i, event in enumerate(self.events) if event.kind == "parcel.measured")
        now_us = BASE_US + (self.now - SECOND) // 1_000
        decision = Decision(
            dec=f"dec-{dec_seq}", dec_seq=dec_seq, visit=VisitId(visit or self.events[asked].visit or ""),
            was=None if was is None else VisitId(was),
            answers=answers or self.ids[asked], action=action, reasons=reasons, route=LaneId(route),
            authority=authority, conditions=conditions or Conditions(), needs=needs,
            valid_from_us=now_us + int(from_s * 1e6), valid_until_us=now_us + int(for_s * 1e6), clock=clock,
            wire="{}", kid="k", sig="s",
        )  # fmt: skip
        self.give(DecisionArrived(self.at, decision))
        return self

    def measured(self, code: str = S10, mg: int = 500_000) -> "BenchDriver":
        """A good parcel up to the question to customs."""
        return self.scan(code).later(0.2).weigh(mg)

    @property
    def kinds(self) -> list[str]:
        return [event.kind.removeprefix("parcel.") for event in self.events if event.visit is not None]

    @property
    def flags(self) -> list[tuple[Reason, ...]]:
        return [event.flags for event in self.events if event.flags]

    def rejected(self) -> dict[str, int]:
        balance = self.gateway.snapshot().balance
        assert balance.read == balance.journalled + sum(count for _, count in balance.rejected)
        return dict(balance.rejected)


def shown(bench: BenchDriver) -> tuple[str, str, str | None, tuple[str, ...]]:
    """State, instruction, bay and reasons on the station's screen."""
    assert bench.view is not None
    return bench.view.state, bench.view.instruction, bench.view.bay, bench.view.reasons


def restarted(left_open: tuple[Recovered, ...], remembered: Remembered = NOTHING_REMEMBERED) -> BenchDriver:
    return BenchDriver(Gateway(config(), b"fedcba9876543210", left_open, remembered=remembered))


LINE = LineId("b1")
