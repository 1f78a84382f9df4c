"""`hub campaign cluster`: a node of the broker's cluster killed every twenty seconds under load, and what came of it.

Gateway and coordinator run through it all and move from node to node. At any moment at most one node is away, as the
cluster promises nothing with two gone. In the end the backlog drains, and journal and coordinator are compared event
by event.
"""

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulators.cluster import NatsCluster
from simulators.coordinator import report
from simulators.hub_under_load import HubUnderLoad, Outcome
from simulators.practice import HUB
from simulators.scan_hub import ScanHub

BENCHES: Final = 12
RATE: Final = 60
"""Readings a second."""
EVERY_S: Final = 20.0
DOWN_S: Final = (0.5, 5.0)
"""Long enough to be missed by the others, short enough to be back in step before the next kill."""


@dataclass(slots=True)
class ClusterOutcome(Outcome):
    longest_silence_s: float = 0.0
    """Between two events at the coordinator, while the load ran."""
    minutes: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            **Outcome.as_json(self),
            "longest_silence_s": round(self.longest_silence_s, 2),
            "again": f"hub campaign cluster --minutes {self.minutes:g} --seed {self.seed}",
        }


def kills_in(minutes: float) -> int:
    return max(1, int(minutes * 60 / EVERY_S))


def run(minutes: float, seed: int, tell: Callable[[str], None] = lambda _told: None) -> ClusterOutcome:
    """One SIGKILL every `EVERY_S`, of a node drawn by the seed. Raises BrokerError where no cluster starts."""
    outcome = ClusterOutcome(seed, minutes=minutes)
    with tempfile.TemporaryDirectory(prefix="ehub-cluster-") as made:
        cluster = NatsCluster.on_loopback(Path(made) / "cluster", HUB)
        cluster.start()
        hub = ScanHub(Path(made), BENCHES, cluster=cluster)
        load = HubUnderLoad(hub, RATE, outcome)
        try:
            load.start()
            began_us = time.time_ns() // 1_000
            _kill_nodes(cluster, load, outcome, tell)
            load.end_load()
            ended_us = time.time_ns() // 1_000
            load.drain()
        finally:
            load.stop()
        load.judge()
        outcome.longest_silence_s = report.longest_silence_us(hub.database, began_us, ended_us) / 1e6
    return outcome


def _kill_nodes(
    cluster: NatsCluster, load: HubUnderLoad, outcome: ClusterOutcome, tell: Callable[[str], None]
) -> None:
    rng = random.Random(outcome.seed)
    began = time.monotonic()
    for number in range(kills_in(outcome.minutes)):
        node = rng.choice(cluster.nodes)
        cluster.kill(node)
        outcome.kills[node.name] += 1
        time.sleep(rng.uniform(*DOWN_S))
        cluster.launch(node)
        load.check_alive()
        tell(node.name)
        until = began + min((number + 1) * EVERY_S, outcome.minutes * 60)
        time.sleep(max(0.0, until - time.monotonic()))
        if cluster.ended(node) is not None:
            outcome.faults.append(f"{node.name} did not come back: {cluster.log(node).read_text()[-500:]}")
            cluster.launch(node)
