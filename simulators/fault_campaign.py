"""`hub campaign faults`: gateway, broker and coordinator killed at random moments under load, and what came of it; and
the other parts of the campaign, one after the other.

A hub of processes is scanned at without pause while the seed says what happens next: SIGKILL of one of the three,
a broker that lost its store, a broker that hangs (SIGSTOP), a scanner unplugged, a hundred lines in one write. In the
end everything runs, the backlog drains, and journal and coordinator are compared event by event.
"""

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from simulators.broker import Broker
from simulators.fault_parts import run_part
from simulators.fault_trial import SHORT, Sizes
from simulators.hub_under_load import LOOK_S, HubUnderLoad, Outcome
from simulators.scan_hub import ScanHub

KILLS_PART: Final = "kills"
BENCHES: Final = 12
RATE: Final = 60
"""Readings a second."""
BETWEEN_S: Final = (0.1, 1.2)
"""Between two faults: less than a start takes, so that most of them hit what has not recovered from the last."""
AT_WORK_ONE_IN: Final = 3
"""One fault in so many waits until the hub is at work again, end to end."""
AT_WORK_S: Final = 30.0
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


@dataclass(slots=True)
class KillsOutcome(Outcome):
    at_work: Counter[str] = field(default_factory=Counter)
    """Of the kills: those that surely hit a hub at work, events under way from end to end."""
    stopped: bool = False
    """By Ctrl-C; what had happened until then is judged all the same."""

    def as_json(self) -> dict[str, Any]:
        return {
            "at_work": dict(sorted(self.at_work.items())),
            "stopped": self.stopped,
            **Outcome.as_json(self),
        }


def run(kills: int, seed: int, tell: Callable[[str], None] = lambda _told: None) -> KillsOutcome:
    """`kills` SIGKILLs, shared out evenly over the three, other faults between them."""
    with tempfile.TemporaryDirectory(prefix="ehub-faults-") as made:
        campaign = _Campaign(Path(made), kills, seed)
        campaign.run(tell)
        return campaign.outcome


def campaign(
    parts: Sequence[str],
    kills: int,
    seed: int,
    sizes: Sizes,
    tell: Callable[[str], None] = lambda _told: None,
) -> dict[str, Any]:
    """The report: what was lost, doubled and wrong over all parts, and the account of each."""
    told: dict[str, dict[str, Any]] = {}
    outcomes: list[Outcome] = []
    stopped = False
    for part in parts:
        outcome = run(kills, seed, tell) if part == KILLS_PART else run_part(part, seed, sizes)
        outcomes.append(outcome)
        told[part] = outcome.as_json()
        if isinstance(outcome, KillsOutcome) and outcome.stopped:
            stopped = True
            break
    sums = {
        "events": sum(outcome.events for outcome in outcomes),
        "lost": sum(outcome.lost for outcome in outcomes),
        "doubled": sum(outcome.doubled for outcome in outcomes),
        "wrong_release": sum(outcome.wrong_release for outcome in outcomes),
        "faults": [fault for outcome in outcomes for fault in outcome.faults],
    }
    killed = {"kills": told[KILLS_PART]["kills"]} if KILLS_PART in told else {}
    return {
        **killed, **sums, "good": all(outcome.good for outcome in outcomes), "stopped": stopped, "seed": seed,
        "parts": told, "again": _again(parts, kills, seed, sizes),
    }  # fmt: skip


def _again(parts: Sequence[str], kills: int, seed: int, sizes: Sizes) -> str:
    words = ["hub campaign faults", *(f"--part {part}" for part in parts)]
    if KILLS_PART in parts:
        words.append(f"--kills {kills}")
    if "broker-gone" in parts:
        words.append(f"--broker-gone {sizes.gone_s:g}")
    if sizes.wipes == SHORT.wipes:
        words.append("--short")
    return " ".join([*words, f"--seed {seed}"])


class _Campaign:
    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self.outcome = KillsOutcome(seed)
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
            try:
                self._faults(tell)
            except KeyboardInterrupt:
                self.outcome.stopped = True
                self._revive()
            self._load.drain()
        finally:
            self._load.stop()
        self._load.judge()

    def _faults(self, tell: Callable[[str], None]) -> None:
        for fault in self._order:
            if self._rng.randrange(AT_WORK_ONE_IN) == 0 and self._is_at_work():
                self.outcome.at_work[fault] += 1
            time.sleep(self._rng.uniform(*BETWEEN_S))
            self._happen(fault)
            self.outcome.kills[fault] += 1
            self._load.check_alive()
            if fault in KILLS:
                tell(fault)

    def _revive(self) -> None:
        """Ctrl-C may have come while one of them was away."""
        hub = self._hub
        if hub.broker.pid is not None:
            os.kill(hub.broker.pid, signal.SIGCONT)
        if not hub.broker.running:
            hub.broker.restart()
        if hub.gateway is None or hub.gateway.poll() is not None:
            hub.start_gateway()
        if hub.coordinator is None or hub.coordinator.poll() is not None:
            hub.start_coordinator()

    def _is_at_work(self) -> bool:
        """Waits until the coordinator has acknowledged something that was not yet journalled when the wait began."""
        began, until = self._load.progress().journalled, time.monotonic() + AT_WORK_S
        while self._load.progress().acknowledged <= began:
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
        return True

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
