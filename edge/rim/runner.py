"""The core's thread: take an input, step, hand out the effects. Nothing here decides anything.

A mistake of ours in the core ends the thread and with it the process: the operator's screen goes to fault, a restart
loses nothing that was committed, and no parcel moves on a guess.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol, assert_never

from drivers.command import Command
from drivers.reading import (
    BarcodeRead,
    BeamChanged,
    BeltMoved,
    BoardChanged,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    EventsLost,
    PrinterChanged,
    WeightRead,
)
from edge.core.effects import Alert, Effect, KeepWords, Order, Record, Show
from edge.core.gateway import Gateway
from edge.core.inputs import (
    Committed,
    DecisionArrived,
    EpochBegun,
    Input,
    JournalTrouble,
    JournalWell,
    MessageRejected,
    Tick,
    WallClock,
)
from edge.core.snapshot import Snapshot
from edge.rim import clock
from edge.rim.inbox import Inbox
from edge.rim.metrics import Metrics
from edge.rim.refused import RefusedLog
from edge.rim.writer import ForDisk, Heard
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant

IDLE_NS: Final = 500 * MILLISECOND
"""The longest wait for an input; also how old a snapshot may be while inputs tell nothing new, and nobody looks."""
GLANCE_EVERY_NS: Final = 200 * MILLISECOND
"""How old it may be while only one of these is so."""
LOOK_EVERY_NS: Final = 50 * MILLISECOND
"""How old it may be otherwise: screens are told no more often. It costs as much as some steps."""
TOGETHER_NS: Final = 2_800 * MICROSECOND
"""Turns with inputs begin so far apart at least: what comes meanwhile is taken together, and then goes to the disk and
to the broker together as well. A thread that wakes up for a single reading finds its caches cold (decision 116). An
input after a pause is taken at once, and so is what a turn has left."""
TURN_MAX: Final = 32
"""Inputs taken between two looks at when a Tick is wanted. One that is due waits for what came before it, so many at
most, and for no other."""
NEVER: Final = Instant(2**63)
WALL_CLOCK_EVERY_NS: Final = 60 * SECOND
FAULTS_SAID: Final = ("silent", "refused", "not_proven", "device_swapped", "flooding")
"""Drivers say these once until they are over. Faults of single frames are counted, not logged."""

log = logging.getLogger("hub.core")
trouble_log = logging.getLogger("hub.trouble")


class EventSink(Protocol):
    def put(self, told: Sequence[ForDisk]) -> None: ...


class AlertSink(Protocol):
    def alert(self, alert: Alert) -> None:
        """Tells whoever is there to hear; never waits."""


class Notified(Protocol):
    @property
    def watched(self) -> bool: ...
    def notify(self) -> None: ...


class Devices(Protocol):
    def command(self, command: Command) -> None:
        """Hands it to its device; never waits."""


class Recorder(Protocol):
    """Keeps every input, for replay."""

    def given(self, given: Input) -> None: ...
    def wanted(self, effects: Sequence[Effect]) -> None: ...


class Runner:
    def __init__(
        self, gateway: Gateway, inbox: Inbox, journal: EventSink, screens: Notified, metrics: Metrics,
        devices: Devices, alerts: AlertSink, recorder: Recorder | None = None,
    ) -> None:  # fmt: skip
        self._gateway = gateway
        self._inbox = inbox
        self._journal = journal
        self._screens = screens
        self._metrics = metrics
        self._devices = devices
        self._alerts = alerts
        self._recorder = recorder
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)
        self._clock_due = Instant(0)
        self._seen_at = Instant(0)
        self._stepped = self._changed = False
        """Something came in since the last picture; something was told."""
        self._refused = RefusedLog()
        self._turned_at = clock.now()
        self._together_until = Instant(0)
        self.snapshot: Snapshot = gateway.snapshot()
        self.failed = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._inbox.nudge()
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():  # else it may be changing what a picture is made of
            self.snapshot = self._gateway.snapshot()

    def turned_within(self, ns: int) -> bool:
        """The core has been alive in the last `ns` nanoseconds. From any thread."""
        return clock.now() - self._turned_at < ns

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._turn()
        except Exception:
            log.critical("the core failed; the gateway stops, nothing committed is lost", exc_info=True)
            self.failed.set()
            raise

    def _turn(self) -> None:
        at = self._turned_at = clock.now()
        if at >= self._clock_due:
            self._clock_due = Instant(at + WALL_CLOCK_EVERY_NS)
            self._step(WallClock(at, clock.wall_time()), at)
        wake_at = self._gateway.wake_at
        until = min(at + IDLE_NS, self._look_due) if self._stepped else at + IDLE_NS
        if wake_at is not None and wake_at < until:
            until = wake_at
        at = self._take_inputs(min(until, self._together_until), until, NEVER if wake_at is None else wake_at)
        if self._stepped and at >= self._look_due:
            self._look(at)

    def _take_inputs(self, together: int, until: int, tick_at: Instant) -> Instant:
        """What is there at `together`, or comes first until `until`, and what came meanwhile; a Tick that is due by
        then goes between what came before and what came after its time. Returns when the last of it was taken."""
        pause_ns = together - clock.now()
        if pause_ns > 0:
            time.sleep(pause_ns / SECOND)
        given = self._inbox.get((until - clock.now()) / SECOND)
        at, taken = clock.now(), 0
        if given is not None:
            self._together_until = Instant(at + TOGETHER_NS)
        while given is not None:
            if tick_at <= min(at, given.at):
                self._step(Tick(at), at)
                tick_at = NEVER
            self._step(given, at)
            at, taken = clock.now(), taken + 1
            if taken == TURN_MAX or until <= at < tick_at:
                if not self._inbox.is_empty:
                    self._together_until = (
                        at  # what is left is taken at once: a flood is as fast as it can be
                    )
                break
            given = self._inbox.get(0)
        if tick_at <= at:
            self._step(Tick(at), at)
        return at

    @property
    def _look_due(self) -> int:
        """A change after a pause is looked at at once; of many, the picture is at the end of the gap."""
        if self._screens.watched:
            return self._seen_at + (LOOK_EVERY_NS if self._changed else GLANCE_EVERY_NS)
        return self._seen_at + (GLANCE_EVERY_NS if self._changed else IDLE_NS)

    def _step(self, given: Input, at: Instant) -> None:
        _log_trouble(given)
        if isinstance(given, MessageRejected):
            self._refused.tell(given)
        if self._recorder is not None:
            self._recorder.given(given)
        effects = self._gateway.step(given)
        if self._recorder is not None:
            self._recorder.wanted(effects)
        self._metrics.stepped(given, effects, at)
        self._stepped = True
        if effects or isinstance(given, DecisionArrived):
            self._hand_out(given, effects)

    def _hand_out(self, given: Input, effects: Sequence[Effect]) -> None:
        for_disk: list[ForDisk] = []
        others: list[Show | Order | Alert] = []
        for effect in effects:
            match effect:
                case Record() | KeepWords():
                    for_disk.append(effect)
                case _:
                    others.append(effect)
        if isinstance(given, DecisionArrived):
            for_disk.append(Heard(given.decision.dec))
        if for_disk:
            self._journal.put(for_disk)
        self._changed = self._changed or bool(effects)
        for other in others:
            match other:
                case Show():
                    log.info("station %s shows %s", other.view.bench, other.view.state)
                case Order():
                    self._devices.command(other.command)
                case Alert():
                    trouble_log.error("%s of visit %s, last seen in %s", other.kind, other.visit, other.bay)
                    self._alerts.alert(other)
                case _ as never:
                    assert_never(never)

    def _look(self, at: Instant) -> None:
        self.snapshot = self._gateway.snapshot()
        self._seen_at, self._stepped, self._changed = at, False, False
        self._screens.notify()


def _log_trouble(given: Input) -> None:
    """What somebody must see to, when it begins."""
    match given:
        case WeightRead() | BarcodeRead() | Committed() | BeltMoved() | BeamChanged():
            pass
        case DeviceDown():
            trouble_log.warning("%s", given.reason)
        case DeviceUp():
            trouble_log.info("%s is up", given.device)
        case DeviceFault() if given.code in FAULTS_SAID:
            trouble_log.warning("%s: %s", given.device, given.detail)
        case BoardChanged() if given.state in ("opening", "incompatible", "safe", "lost"):
            trouble_log.warning("%s is %s: %s", given.device, given.state, given.detail)
        case BoardChanged() if given.state == "ready":
            trouble_log.info("%s is ready: %s", given.device, given.detail)
        case PrinterChanged():
            trouble_log.warning("%s: %s", given.device, (given.trouble or "prints").replace("_", " "))
        case EventsLost():
            trouble_log.warning(
                "%s: %d of its events are lost, edges of beams may be among them; what is on its belt may be held",
                given.device, given.count,
            )  # fmt: skip
        case JournalTrouble():
            trouble_log.error("%s", given.detail)
        case JournalWell():
            trouble_log.info("the journal is well again: parcels move")
        case EpochBegun():
            trouble_log.error(
                "the journal of epoch %d had lost %d events that the coordinator holds; it is put away beside the "
                "new one: keep it as evidence", given.before, given.lost,
            )  # fmt: skip
        case _:
            pass
