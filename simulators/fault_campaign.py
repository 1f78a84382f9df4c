"""`hub campaign faults`: gateway, broker and coordinator killed at random moments under load, and what came of it.

A hub of processes is scanned at without pause while the seed says what happens next: SIGKILL of one of the three,
a broker that lost its store, a broker that hangs (SIGSTOP), a scanner unplugged, a hundred lines in one write. In the
end everything runs, the backlog drains, and journal and coordinator are compared event by event.
"""

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader
from simulators.broker import Broker
from simulators.coordinator import report
from simulators.scan_hub import ScanHub

BENCHES: Final = 12
RATE: Final = 60
"""Readings a second."""
BETWEEN_S: Final = (0.1, 1.2)
"""Between two faults: a gateway is at work again within this time, or is hit while it starts."""
DOWN_S: Final = (0.0, 0.6)
HANG_S: Final = (0.5, 3.0)
START_S: Final = 20.0
DRAIN_S: Final = 120.0
LOOK_S: Final = 0.2
OTHERS_ONE_IN: Final = 6
"""One fault in so many is none of the three kills."""

Fault = Literal[
    "gateway", "broker", "coordinator", "store wiped", "broker hangs", "scanner unplugged", "burst"
]
KILLS: Final[tuple[Fault, ...]] = ("gateway", "broker", "coordinator")
OTHERS: Final[tuple[Fault, ...]] = ("store wiped", "broker hangs", "scanner unplugged", "burst")
BURST: Final = (20, 5)
"""Parcels' worth of lines per write, and writes."""


@dataclass(slots=True)
class Outcome:
    """What was tried, and what came of it. All of `lost`, `doubled`, `wrong_release` are 0, or the campaign fails."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: int = 0
    """Journalled and not at the coordinator, or there with another id."""
    doubled: int = 0
    wrong_release: int = 0
    redelivered: int = 0
    drain_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong_release or self.faults)

    def as_json(self) -> dict[str, Any]:
        return {
            "kills": dict(sorted(self.kills.items())), "events": self.events, "lost": self.lost,
            "doubled": self.doubled, "wrong_release": self.wrong_release, "seed": self.seed,
            "redelivered": self.redelivered, "drain_s": round(self.drain_s, 1), "faults": self.faults,
            "again": f"hub campaign faults --kills {sum(self.kills[name] for name in KILLS)} --seed {self.seed}",
        }  # fmt: skip


def run(kills: int, seed: int, tell: Callable[[str], None] = lambda _told: None) -> Outcome:
    """`kills` SIGKILLs, shared out evenly over the three, other faults between them."""
    with tempfile.TemporaryDirectory(prefix="ehub-faults-") as made:
        campaign = _Campaign(Path(made), kills, seed)
        try:
            campaign.run(tell)
            campaign.drain()
        finally:
            campaign.stop()
        campaign.judge()
        return campaign.outcome


class _Campaign:
    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self.outcome = Outcome(seed)
        self._rng = random.Random(seed)
        self._hub = ScanHub(folder, BENCHES)
        self._stopping = threading.Event()
        self._scans = threading.Thread(target=self._scan, name="scans", daemon=True)
        order = [KILLS[number % len(KILLS)] for number in range(kills)]
        self._rng.shuffle(order)
        self._order: list[Fault] = []
        for fault in order:
            self._order.append(fault)
            if self._rng.randrange(OTHERS_ONE_IN) == 0:
                self._order.append(self._rng.choice(OTHERS))

    def run(self, tell: Callable[[str], None]) -> None:
        self._hub.start_coordinator()
        self._hub.start_gateway()
        self._scans.start()
        began = time.monotonic()
        while not self._arrived() and time.monotonic() - began < START_S:
            time.sleep(LOOK_S)
        for fault in self._order:
            time.sleep(self._rng.uniform(*BETWEEN_S))
            self._happen(fault)
            self.outcome.kills[fault] += 1
            self._check_alive()
            if fault in KILLS:
                tell(fault)

    def _happen(self, fault: Fault) -> None:
        hub, broker = self._hub, self._hub.broker
        match fault:
            case "gateway" if hub.gateway is not None:
                hub.kill(hub.gateway)
                self._pause(DOWN_S)
                hub.start_gateway()
            case "coordinator" if hub.coordinator is not None:
                hub.kill(hub.coordinator)
                self._pause(DOWN_S)
                hub.start_coordinator()
            case "broker" | "store wiped":
                broker.kill()
                self._pause(DOWN_S)
                broker.restart(wipe=fault == "store wiped")
            case "broker hangs":
                self._hang(broker)
            case "scanner unplugged":
                hub.load.replug(self._rng.randrange(BENCHES))
            case "burst":
                bench = self._rng.randrange(BENCHES)
                for _ in range(BURST[1]):
                    hub.load.burst(bench, BURST[0])

    def _hang(self, broker: Broker) -> None:
        pid = broker.pid
        assert pid is not None, "the broker is started in the constructor and after every kill"
        os.kill(pid, signal.SIGSTOP)
        self._pause(HANG_S)
        os.kill(pid, signal.SIGCONT)

    def _pause(self, between: tuple[float, float]) -> None:
        time.sleep(self._rng.uniform(*between))

    def _scan(self) -> None:
        while not self._stopping.is_set():
            self._hub.load.run(RATE, 0.5)

    def _check_alive(self) -> None:
        """None of them may end by itself."""
        for name, process in (("gateway", self._hub.gateway), ("coordinator", self._hub.coordinator)):
            if process is not None and process.poll() not in (None, -signal.SIGKILL):
                self.outcome.faults.append(
                    f"the {name} ended by itself with {process.returncode}: {self._hub.log(name)}"
                )
                (self._hub.start_gateway if name == "gateway" else self._hub.start_coordinator)()

    def drain(self) -> None:
        """The load ends; everything that is journalled has to arrive."""
        self._stopping.set()
        self._scans.join()
        began = time.monotonic()
        while time.monotonic() - began < DRAIN_S:
            self._check_alive()
            if self._arrived():
                break
            time.sleep(LOOK_S)
        else:
            self.outcome.faults.append(f"not drained within {DRAIN_S:.0f} s")
        self.outcome.drain_s = time.monotonic() - began

    def _arrived(self) -> bool:
        try:
            journal = JournalReader(self._hub.gateway_data / JOURNAL_FILE)
        except JournalFault:  # it has not begun one yet
            return False
        try:
            newest = journal.tail(1)
            return bool(newest) and newest[0].seq == journal.acknowledged().seq
        finally:
            journal.close()

    def stop(self) -> None:
        self._stopping.set()
        self._hub.stop()

    def judge(self) -> None:
        """Event by event: what the gateway wrote down, and what the coordinator holds."""
        outcome = self.outcome
        journal = JournalReader(self._hub.gateway_data / JOURNAL_FILE)
        held = report.event_ids(self._hub.database)
        try:
            journal.verify()
            after = 0
            while page := journal.pending(after, 500):
                for row in page:
                    outcome.events += 1
                    outcome.lost += held.pop((journal.meta.epoch, row.seq), None) != row.id
                    outcome.wrong_release += row.kind == "parcel.departed"
                after = page[-1].seq
        finally:
            journal.close()
        counted = report.counts(self._hub.database)
        outcome.doubled = counted["stored"] - counted["distinct"] + len(held)
        outcome.redelivered = counted["redelivered"]
        outcome.faults += [f"quarantined: {gateway}" for gateway in counted["quarantined"]]
        outcome.faults += [f"{n} messages refused: {why}" for why, n in counted["rejected"].items()]
