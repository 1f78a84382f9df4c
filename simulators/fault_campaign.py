"""`hub campaign faults`: gateway, broker and coordinator killed at random moments under load, and what came of it.

A hub of processes is scanned at without pause while the seed says what happens next: SIGKILL of one of the three,
a broker that lost its store, a broker that hangs (SIGSTOP), a scanner unplugged, a hundred lines in one write. In the
end everything runs, the backlog drains, and journal and coordinator are compared event by event.
"""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

from simulators.broker import Broker
from simulators.hub_under_load import HubUnderLoad, Outcome
from simulators.scan_hub import ScanHub

BENCHES: Final = 12
RATE: Final = 60
"""Readings a second."""
BETWEEN_S: Final = (0.1, 1.2)
"""Between two faults: a gateway is at work again within this time, or is hit while it starts."""
DOWN_S: Final = (0.0, 0.6)
HANG_S: Final = (0.5, 3.0)
OTHERS_ONE_IN: Final = 6
"""One fault in so many is none of the three kills."""

Fault = Literal[
    "gateway", "broker", "coordinator", "store wiped", "broker hangs", "scanner unplugged", "burst"
]
KILLS: Final[tuple[Fault, ...]] = ("gateway", "broker", "coordinator")
OTHERS: Final[tuple[Fault, ...]] = ("store wiped", "broker hangs", "scanner unplugged", "burst")
BURST: Final = (20, 5)
"""Parcels' worth of lines per write, and writes."""


def run(kills: int, seed: int, tell: Callable[[str], None] = lambda _told: None) -> Outcome:
    """`kills` SIGKILLs, shared out evenly over the three, other faults between them."""
    with tempfile.TemporaryDirectory(prefix="ehub-faults-") as made:
        campaign = _Campaign(Path(made), kills, seed)
        campaign.run(tell)
        return campaign.outcome


def as_json(outcome: Outcome) -> dict[str, Any]:
    kills = sum(outcome.kills[name] for name in KILLS)
    return {**outcome.as_json(), "again": f"hub campaign faults --kills {kills} --seed {outcome.seed}"}


class _Campaign:
    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self.outcome = Outcome(seed)
        self._rng = random.Random(seed)
        self._hub = ScanHub(folder, BENCHES)
        self._load = HubUnderLoad(self._hub, RATE, self.outcome)
        order = [KILLS[number % len(KILLS)] for number in range(kills)]
        self._rng.shuffle(order)
        self._order: list[Fault] = []
        for fault in order:
            self._order.append(fault)
            if self._rng.randrange(OTHERS_ONE_IN) == 0:
                self._order.append(self._rng.choice(OTHERS))

    def run(self, tell: Callable[[str], None]) -> None:
        try:
            self._load.start()
            for fault in self._order:
                time.sleep(self._rng.uniform(*BETWEEN_S))
                self._happen(fault)
                self.outcome.kills[fault] += 1
                self._load.check_alive()
                if fault in KILLS:
                    tell(fault)
            self._load.drain()
        finally:
            self._load.stop()
        self._load.judge()

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
