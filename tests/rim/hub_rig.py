"""A gateway's event path and a coordinator around a real broker, for the system tests of the uplink."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from brokers import need
from nacl.signing import SigningKey
from rarely_drawn import rules_in

from drivers.tap import Tap
from edge.core.effects import Record
from edge.core.event import Code, Event, Mass
from edge.core.inputs import (
    DecisionArrived,
    LinkChanged,
    ManifestArrived,
    MessageRejected,
    ShardArrived,
    UsesKnown,
)
from edge.rim import clock
from edge.rim.disk import Disk
from edge.rim.housekeeping import Housekeeping, Retention
from edge.rim.it_desk import ItDesk
from edge.rim.journal import Journal, JournalReader
from edge.rim.offered_config import OfferedConfig
from edge.rim.preclearing import Preclearing
from edge.rim.uplink import Uplink
from edge.rim.voucher_store import VOUCHER_FILE, VoucherStore
from edge.rim.writer import JournalWriter
from edge.wire.envelope import EventContext
from edge.wire.it_orders import ScaleWord
from edge.wire.signing import Signer, TrustStore
from edge.wire.topics import Topics
from hub_config.broker import Broker as BrokerEntry
from hub_config.load import load
from hub_config.names import DeviceId, Instant, LineId, VisitId
from hub_config.trust import Trust
from simulators.broker import Broker, Kind
from simulators.coordinator import report
from simulators.coordinator.declared import Declared
from simulators.coordinator.letters import Letters

ROOT = Path(__file__).parents[2]
CODE = "RR473124829MY"
GOODS = Declared(mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt")
GATEWAY_KEY = SigningKey(bytes(range(1, 33)))
COORDINATOR_KEY = SigningKey(bytes(range(2, 34)))
DEADLINE_S = 15.0


def wait_for(true: Callable[[], bool], what: str, seconds: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)


def measured(number: int) -> Event:
    return Event(
        kind="parcel.measured",
        line=LineId("b1"),
        visit=VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}"),
        at=clock.now(),
        wall=clock.wall_time(),
        codes=(Code(CODE, CODE.encode(), "code128", "s10", True, DeviceId("scan-1"), 1),),
        mass=Mass(DeviceId("scale-1"), 1_000_000, 5_000, 5_000, 0, True, "static", "nawi", None),
    )


HOUSE_SPEED = 100
"""A checkpoint is due every 0.6 s."""


class Core:
    """Stands for the inbox: keeps what comes in, by kind."""

    def __init__(self) -> None:
        self.decisions: list[DecisionArrived] = []
        self.rejected: list[MessageRejected] = []
        self.links: list[LinkChanged] = []
        self.uses: list[UsesKnown] = []
        self.manifests: list[ManifestArrived] = []
        self.shards: list[ShardArrived] = []
        self.heard: Callable[[Sequence[str]], None] = lambda _: None
        """Who is told that a decision is on disk; here none needs to be."""

    def put(self, given: object) -> None:
        match given:
            case DecisionArrived():
                self.decisions.append(given)
                self.heard((given.decision.dec,))
            case MessageRejected():
                self.rejected.append(given)
            case LinkChanged():
                self.links.append(given)
            case UsesKnown():
                self.uses.append(given)
            case ManifestArrived():
                self.manifests.append(given)
            case ShardArrived():
                self.shards.append(given)
            case _:
                pass

    def answered(self) -> set[str]:
        return {given.decision.answers for given in self.decisions}


class Pubacks:
    def __init__(self) -> None:
        self.seen: list[tuple[int, Instant]] = []

    def puback(self, seq: int, at: Instant) -> None:
        self.seen.append((seq, at))


class NoScales:
    """A gateway without devices."""

    def tap(self, device: DeviceId) -> Tap | None:
        return {}.get(device)

    def order(self, device: DeviceId, order: ScaleWord) -> int | None:
        raise AssertionError(f"{order} of {device}, which is not there")


class Gateway:
    """Journal, writer and uplink of one gateway, as the application joins them."""

    def __init__(
        self,
        folder: Path,
        port: int,
        coordinator: Letters,
        session: str = "run-1",
        broker: BrokerEntry | None = None,
    ) -> None:
        """`broker` for what a port alone can't say."""
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        config = load(ROOT / "examples" / "bench.toml")
        entry = broker or BrokerEntry(host="127.0.0.1", port=port)
        self.config = config.model_copy(update={"broker": entry})
        trust = Trust(
            kid=coordinator.kid,
            public_key=coordinator.public,
            holder="coordinator",
            roles=("release", "hold", "ack"),
            modes=("practice",),
        )
        self.path = folder / "journal.sqlite"
        self.journal = Journal(self.path, self._context, Signer(GATEWAY_KEY))
        self.core, self.pubacks = Core(), Pubacks()
        hub, gateway, store = self.config.hub, self.config.gateway, TrustStore([trust])
        topics = Topics(hub.mode, hub.id, gateway.id)
        preclearing = self.preclearing = Preclearing(
            lambda: VoucherStore(
                folder / VOUCHER_FILE, store, hub.id, gateway.id, hub.mode, keep_manifest=False
            ),
            topics,
            self.core,
        )
        reader = JournalReader(self.path)
        preclearing.begin(reader, reader.meta.epoch, clock.wall_time().utc_us, clock.now())
        reader.close()
        self.offered = OfferedConfig(folder, self.config, store, topics)
        self.scales = NoScales()
        self.it_desk = ItDesk(
            self.offered, lambda: self.scales, store, topics, Signer(GATEWAY_KEY), self.core, clock.wall_time
        )
        self.uplink = Uplink(
            self.config,
            lambda: JournalReader(self.path),
            store,
            topics,
            preclearing,
            self.core,
            self,
            session,
            self.pubacks,
            it_desk=self.it_desk,
        )
        self.core.heard = self.uplink.heard
        self.keeper = Housekeeping(
            self.journal, Disk(folder, ballast_mib=0, enough_mib=0), Retention(604_800, 576_000),
            lambda: Instant(clock.now() * HOUSE_SPEED), lambda: clock.wall_time().utc_us, self.uplink,
        )  # fmt: skip
        self.writer = JournalWriter(self.journal, self.core, self.uplink, clock.now, keeper=self.keeper)
        self._number = 0

    def acknowledge(self, ack: object) -> None:
        self.writer.acknowledge(ack)  # type: ignore[arg-type]  # the writer exists once the uplink does

    def damaged(self, detail: str) -> None:
        self.keeper.found(detail)

    def _context(self, epoch: int) -> EventContext:
        hub, gateway = self.config.hub, self.config.gateway
        return EventContext(hub.id, gateway.id, hub.mode, epoch, "0.1.0", "0" * 64, {}, b"e" * 32)

    def start(self) -> None:
        self.writer.start()
        self.uplink.start()

    def tell(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            self.writer.put([Record(self._number, measured(self._number))])

    def settled(self, total: int) -> bool:
        """Every event told is journalled and acknowledged."""
        figures = self.journal.figures()
        return figures.journalled == total and figures.pending == 0

    def stop(self) -> None:
        self.uplink.stop()
        self.preclearing.close()
        self.writer.stop()
        self.journal.close()


class CoordinatorProcess:
    """`python -m simulators.coordinator` over a data folder that outlives it."""

    def __init__(self, folder: Path, port: int, more: Sequence[str] = ()) -> None:
        """`more`: further arguments of its command."""
        self.folder = folder
        self.database = folder / "coordinator.sqlite"
        folder.mkdir()
        (folder / "coordinator-practice.key").write_text(bytes(COORDINATOR_KEY).hex())
        declared = {"mass_mg": 1_000_000, "value_minor": 4_000, "currency": "MYR", "description": "T-shirt"}
        (folder / "manifest.json").write_text(json.dumps({CODE: declared}))
        (folder / "gateways.json").write_text(json.dumps({"gw-01": Signer(GATEWAY_KEY).public_b64}))
        self._command = [
            sys.executable, "-m", "simulators.coordinator", "--broker", f"127.0.0.1:{port}", "--hub", "MY-KUL-1",
            "--id", "co-1", "--mode", "practice", "--data", str(folder), "--rules", str(rules_in(folder)),
            "--manifest", str(folder / "manifest.json"), "--gateways", str(folder / "gateways.json"),
            "--nak-after-ms", "500", *more,
        ]  # fmt: skip
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Its ready line."""
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        with self._process.stdout as out:
            return out.readline()

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(5)

    def wipe(self) -> None:
        for path in self.folder.glob("coordinator.sqlite*"):
            path.unlink()

    def counts(self) -> report.Counts:
        return report.counts(self.database)


def letters() -> Letters:
    return Letters("MY-KUL-1", "co-1", COORDINATOR_KEY)


@contextmanager
def hub(kind: Kind, folder: Path) -> Iterator[tuple[Broker, CoordinatorProcess, Gateway]]:
    """Broker, coordinator and gateway, started and connected; all ended afterwards."""
    need(kind)
    broker = Broker.start(folder / "broker", prefer=kind)
    coordinator = CoordinatorProcess(folder / "coordinator", broker.port)
    gateway = Gateway(folder, broker.port, letters())
    try:
        coordinator.start()
        gateway.start()
        yield broker, coordinator, gateway
    finally:
        gateway.stop()
        coordinator.stop()
        broker.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("paho")]
