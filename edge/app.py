"""The gateway process: builds its parts, starts them so that nothing is lost, and stops them in reverse.

The web port and the journal come first, because both can refuse; the devices come last, when everything that could
happen to a reading is running. The order of stopping is the order in which an event travels.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from drivers.identifiers.choice import Identified
from drivers.pump import PortStats, Pump
from edge import __version__
from edge.core.inputs import EpochBegun
from edge.core.snapshot import EventFigures, Snapshot
from edge.core.visits import Recovered
from edge.rim import clock
from edge.rim.balance import balance_told
from edge.rim.device_desk import Devices
from edge.rim.disk import Disk
from edge.rim.housekeeping import Housekeeping, Retention
from edge.rim.inbox import Inbox
from edge.rim.it_desk import ItDesk
from edge.rim.journal import JOURNAL_FILE, Journal, JournalReader, OpenVisit
from edge.rim.keys import Identity, load_identity
from edge.rim.metrics import Metrics
from edge.rim.offered_config import OfferedConfig
from edge.rim.preclearing import Preclearing
from edge.rim.processor import processor_us, share_one_processor
from edge.rim.provenance import config_changed, provenances
from edge.rim.runner import Runner
from edge.rim.tls import BrokerIdentity
from edge.rim.trace import Start, TraceRecorder
from edge.rim.uplink import Uplink
from edge.rim.vitals import vitals
from edge.rim.voucher_store import VOUCHER_FILE, VoucherStore
from edge.rim.writer import JournalWriter
from edge.web.control import ControlServer
from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.wire.envelope import EventContext
from edge.wire.messages import Ack
from edge.wire.signing import TrustStore
from edge.wire.topics import Topics
from hub_config.hub import HubConfig, canonical
from hub_config.names import MICROSECOND, SECOND, Instant

TRUTH_FILE: Final = "truth.json"
"""Practice only: what a simulator at the other end of the wires knows better; shown on the truth strip."""
TRUTH_EVERY_NS: Final = SECOND // 2
CORE_SILENT_NS: Final = 2 * SECOND
"""A core that has not turned for this long no longer speaks on any screen."""
CORE_HUNG_NS: Final = 30 * SECOND
"""And after this long the process ends, to be started again. Not while it waits for a disk that takes nothing: what
waits for that disk would be lost, and a new start would find the same one."""
NEVER: Final = Instant(2**63)
LOOK_EVERY_S: Final = 0.5
"""How often it is looked whether every thread lives, and the disk answers."""
TRUTH_BYTES_MAX: Final = 4_096
TOGETHER: Final = ("pump", "core", "journal", "uplink")
"""Threads through which every event goes."""
SESSION_CHARS: Final = 16
LOOK_TIMEOUT_S: Final = 10.0
"""For the look for another gateway of our name; a broker that does not answer by then is looked at again later."""

log = logging.getLogger("hub.app")


class IdentityTaken(Exception):  # noqa: N818  (a verdict on the hub, not a mistake)
    """Another gateway runs under our name; the message says what to do."""


class App:
    """Raises from `__init__` or `start`, with one sentence: DataFolderFault, IdentityTaken, JournalFault,
    TlsFault, WebPortTaken."""

    def __init__(
        self, config: HubConfig, data: Path, record: Path | None = None, written: HubConfig | None = None
    ) -> None:
        """`record`: a trace of every input, for `hub replay`. `written`: what the gateway's own file says, where it
        runs by a configuration that IT has sent."""
        self._config = config
        _check_tls(config)
        identity = load_identity(data, config.hub.mode)
        self.public_key, self.kid = identity.signer.public_b64, identity.signer.kid
        journal_file = data / JOURNAL_FILE
        self._journal = Journal(
            journal_file, lambda epoch: event_context(config, identity, epoch), identity.signer
        )
        reader = JournalReader(journal_file)
        text, digest = canonical(config).decode(), config.digest()
        self._changed = config_changed(reader.fact("configs"), text, digest, clock.now())
        self._journal.remember(text, digest, config.trust)
        left_open = tuple(_recovered(visit) for visit in self._journal.open_visits())
        last = self._journal.last_placed({bench.id: bench.free_lane for bench in config.benches})
        topics, trust = Topics(config.hub.mode, config.hub.id, config.gateway.id), TrustStore(config.trust)
        remembered = self._journal.remembered(trust, topics)
        self._inbox = Inbox()
        loss = self._journal.after_loss
        if loss is not None and self._journal.last_seq == 0:  # told once, at this epoch's begin
            self._inbox.put(EpochBegun(clock.now(), loss.epoch, loss.lost, loss.untold))
        self._metrics = Metrics()
        self._metrics.start(self._journal.last_seq + 1)
        self._preclearing = Preclearing(
            lambda: VoucherStore(data / VOUCHER_FILE, trust, config.hub.id, config.gateway.id, config.hub.mode,
                                 keep_manifest=config.offline.keep_manifest), topics, self._inbox,
        )  # fmt: skip
        self._preclearing.begin(reader, reader.meta.epoch, clock.wall_time().utc_us, clock.now())
        reader.close()
        it_desk = ItDesk(
            OfferedConfig(data, config if written is None else written, trust, topics), lambda: self._devices, trust,
            topics, identity.signer, self._inbox, clock.wall_time,
        )  # fmt: skip
        self._uplink = Uplink(
            config, lambda: JournalReader(journal_file), trust, topics, self._preclearing,
            core=self._inbox, acks=self, session=identity.entropy.hex()[:SESSION_CHARS], metrics=self._metrics,
            health=vitals(data, self._journal, lambda: self._writer, lambda: self._pump, self._metrics,
                          down=lambda: self._runner.snapshot.devices_down, troubles=self._troubles),
            it_desk=it_desk,
        )  # fmt: skip
        settings = config.journal
        self._keeper = Housekeeping(
            self._journal, Disk(data, settings.ballast_mib, settings.enough_mib),
            Retention(settings.keep_s, settings.keep_events), clock.now, lambda: clock.wall_time().utc_us,
            self._uplink, lambda: self._runner.snapshot.balance,
        )  # fmt: skip
        self._writer = JournalWriter(
            self._journal, self._inbox, self._uplink, clock.now, settings.group_events, settings.group_wait_ms,
            keeper=self._keeper,
        )  # fmt: skip
        feed = Feed()
        start = Start(config, identity.entropy, left_open, last, __version__, remembered)
        self._recorder = None if record is None else TraceRecorder(record, start)
        self._pump = Pump(config.devices, self._inbox)
        self._runner = Runner(
            start.gateway(), self._inbox, self._writer, feed, self._metrics,
            self._pump, self._uplink, self._recorder,
        )  # fmt: skip
        self._pages = Pages(
            self._runner, self._journal, self._keeper, self._uplink, self._metrics, self._inbox, self._pump,
            self._truth_file(data), self._troubles,
        )  # fmt: skip
        self._web = WebServer(config, self._pages, feed)
        self._devices = Devices(config, self._pump)
        self._control = ControlServer(self._devices, data)

    def acknowledge(self, ack: Ack) -> None:
        """From the uplink to the journal; writer and uplink know each other only through here."""
        self._writer.acknowledge(ack)

    def damaged(self, detail: str) -> None:
        """From the uplink, which reads what the writer may never look at again."""
        self._keeper.found(detail)

    def _truth_file(self, data: Path) -> Path | None:
        return data / TRUTH_FILE if self._config.hub.mode == "practice" else None

    def _troubles(self) -> tuple[str, ...]:
        """What is in the way of a part of the gateway that goes on without it, a sentence each."""
        troubles = (self._uplink.trouble, self._preclearing.trouble)
        return tuple(each for each in troubles if each is not None)

    def start(self) -> str:
        """Returns the address of the pages once everything runs."""
        try:
            address = self._web.start()
        except BaseException:
            self._journal.close()
            raise
        self._uplink.start()
        self._uplink.looked(LOOK_TIMEOUT_S)
        if (taken := self.identity_taken) is not None:
            self._web.stop()
            self._journal.close()
            raise IdentityTaken(taken)
        if self._changed is not None:
            self._inbox.put(self._changed)
        checkpoint = self._journal.newest_checkpoint()
        if checkpoint is not None:
            self._uplink.checkpoint(checkpoint)
        self._runner.start()
        self._writer.start()
        self._pump.start()
        self._control.start()
        share_one_processor(self._config.gateway.id, TOGETHER)
        return address

    @property
    def identity_taken(self) -> str | None:
        """Why this gateway must not run; it may show only when a broker that was away is back."""
        session = self._uplink.taken_by
        if session is None:
            return None
        own = self._config.gateway.id
        return f"another gateway {own} is online (session {session}); stop it, or give this one another id"

    @property
    def epoch_over(self) -> str | None:
        """Why this journal can't go on, in a sentence; the next App on this folder begins its next epoch."""
        return self._writer.contradicted

    def wait(self, stopping: threading.Event, anew_from: Instant = NEVER) -> bool:
        """Until `stopping` is set (True), or a thread has failed by a mistake of ours, `identity_taken` or, from
        `anew_from` on, `epoch_over` (False)."""
        while not stopping.wait(LOOK_EVERY_S):
            self._writer.look()
            if self._uplink.taken_by is not None:
                return False
            if self.epoch_over is not None and clock.now() >= anew_from:
                return False
            if self._writer.failed.is_set() or self._uplink.failed.is_set() or not self._pump.alive:
                return False
            turns = self._runner.turned_within(CORE_HUNG_NS) or self._writer.core_waits
            if self._runner.failed.is_set() or not turns:
                return False
        return True

    def snapshot(self) -> Snapshot:
        """As the core left it last."""
        return self._runner.snapshot

    def stop(self) -> int:
        """Stops the devices first; returns how many events could not be written (disk trouble)."""
        self._control.stop()
        silent = not self._runner.turned_within(CORE_SILENT_NS) or self._writer.core_waits
        if silent or self._runner.failed.is_set():
            self._inbox.close()  # the core makes no room in it any more, and the pump may be waiting for some
        self._pump.stop()
        self._runner.stop()
        if self._recorder is not None:
            self._recorder.close()
        unwritten = self._writer.stop()
        self._uplink.stop()
        self._preclearing.close()
        self._web.stop()
        self._journal.close()
        return unwritten


class Pages:
    """What the web pages may read (`edge.web.app.Source`): immutable values, from any thread."""

    def __init__(
        self, runner: Runner, journal: Journal, keeper: Housekeeping, uplink: Uplink, metrics: Metrics,
        inbox: Inbox, pump: Pump, truth_file: Path | None, troubles: Callable[[], Sequence[str]],
    ) -> None:  # fmt: skip
        self._runner = runner
        self._journal = journal
        self._keeper = keeper
        self._uplink = uplink
        self._metrics = metrics
        self._inbox = inbox
        self._pump = pump
        self._truth_file = truth_file
        self._troubles = troubles
        self._truth: Mapping[str, int | None] | None = None
        self._truth_due = Instant(0)

    def snapshot(self) -> Snapshot:
        snapshot = self._runner.snapshot
        return snapshot if self._runner.turned_within(CORE_SILENT_NS) else snapshot.out_of_touch()

    def events(self) -> EventFigures:
        stored, link = self._journal.figures(), self._uplink.figures()
        return EventFigures(
            journalled=stored.journalled,
            acknowledged=stored.acknowledged,
            pending=stored.pending,
            redelivered=link.redelivered,
            broker=link.broker,
            coordinator=link.coordinator,
        )

    def truth(self) -> Mapping[str, int | None] | None:
        now = clock.now()
        if self._truth_file is not None and now >= self._truth_due:
            self._truth_due = Instant(now + TRUTH_EVERY_NS)
            self._truth = _read_truth(self._truth_file)
        return self._truth

    def figures(self) -> Mapping[str, object]:
        snapshot, link = self._runner.snapshot, self._uplink.figures()
        events = self.events()
        return {
            "latency_ms": self._metrics.latency_ms(),
            "order_margin_ms": self._metrics.order_margin_ms(),
            "events": {
                "journalled": events.journalled,
                "acknowledged": events.acknowledged,
                "pending": events.pending,
                "redelivered": events.redelivered,
                "refusals": link.refusals,
            },
            "mqtt": link.version,
            "rejected": dict(snapshot.balance.rejected),
            "rejected_messages": dict((*snapshot.rejected_messages, *link.rejected)),
            "held_by_reason": dict(snapshot.held_by_reason),
            "corrected": dict(snapshot.corrected),
            "dwell_us": snapshot.dwell_us,
            "dwell_by_owner_us": dict(snapshot.dwell_by_owner_us),
            "journal_trouble": snapshot.journal_trouble,
            "troubles": list(self._troubles()),
            "journal": {**asdict(self._journal.keeping()), "ballast": self._keeper.has_ballast},
            "balance": balance_told(snapshot.balance, events.journalled, events.acknowledged, events.pending),
            "alibi": [asdict(view) for view in snapshot.alibi],
            "plc_lines": [asdict(view) for view in snapshot.plc_lines],
            "printers": [asdict(view) for view in snapshot.printers],
            "weights_dropped": self._inbox.weights_dropped,
            "processor_us": processor_us(),
            "ports": [_port_figures(port) for port in self._pump.stats()],
        }


def _port_figures(port: PortStats) -> dict[str, object]:
    return {
        "device": port.device,
        "port": port.port,
        "open": port.open,
        "openings": port.openings,
        "bytes_in": port.bytes_in,
        "bytes_out": port.bytes_out,
        "frames": port.frames,
        "faults": port.faults,
        "bytes_dropped": port.bytes_dropped,
        "disbelieved": port.disbelieved,
    }


def _read_truth(path: Path) -> Mapping[str, int | None] | None:
    """Numbers by name, or None where there is no such file or it holds something else."""
    try:
        told = json.loads(path.read_bytes()[:TRUTH_BYTES_MAX])
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict):
        return None
    return {str(key): value for key, value in told.items() if value is None or isinstance(value, int)}


def event_context(config: HubConfig, identity: Identity, epoch: int) -> EventContext:
    """What every event of this run says besides itself."""
    devices = provenances(canonical(config).decode())
    return EventContext(
        hub=config.hub.id, gateway=config.gateway.id, mode=config.hub.mode, epoch=epoch, edge_version=__version__,
        config_digest=config.digest(), devices=devices, evidence_key=identity.evidence_key,
    )  # fmt: skip


def _check_tls(config: HubConfig) -> None:
    """Raises TlsFault; says if a certificate ends soon."""
    if config.broker.tls is not None:
        notice = BrokerIdentity(config.broker.tls, config.gateway.id).check(datetime.now(UTC))
        if notice is not None:
            log.warning("%s", notice)


def _recovered(visit: OpenVisit) -> Recovered:
    """The wall clock says how long ago it arrived; it may be before this host was started."""
    ago_us = max(0, clock.wall_time().utc_us - visit.arrived_utc_us)
    codes = tuple(Identified(kind, data, check_ok=True) for data, kind in visit.codes)
    return Recovered(visit.visit, visit.line, visit.held, codes, Instant(clock.now() - ago_us * MICROSECOND))
