"""One seeded run under simulated time, and its report."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from edge.core.snapshot import Snapshot
from edge.rim.metrics import quantiles_ms
from hub_config.names import SECOND
from hub_config.rules import load_rules
from simulators.hub import UTC_AT_START_US, SimulatedBench
from simulators.oracle import oracle_releases
from simulators.parcels import stream
from simulators.practice import HUB, RULES, declarations, practice_signer, write_hub
from simulators.report import judge, release_shares

SCENARIOS: Final = ("bench",)
SIGN_ONE_IN: Final = 1_000
NO_PORTS: Final = Path("/nowhere")
"""Nothing opens a port under simulated time; the config, and so the digest, is the same on every machine."""


def simulate(seed: int, count: int, *, sign_all: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Runs scenario `bench`; returns the report and one line for each fault of its truth."""
    parcels = stream(seed, count)
    rules = load_rules(RULES)
    manifest = declarations(parcels)
    with TemporaryDirectory(prefix="hub-simulate-") as folder:
        hub = write_hub(
            Path(folder),
            parcels,
            practice_signer("coordinator"),
            ports=NO_PORTS,
            broker_port=1883,
            web_port=8040,
        )
        config = hub.config
        run = SimulatedBench(hub, parcels, seed, rules, manifest, sign_one_in=1 if sign_all else SIGN_ONE_IN)
        started = time.perf_counter()
        run.run()
        wall_s = time.perf_counter() - started
    bench, happened = config.benches[0], run.bench.happened()
    u_mg = config.device(bench.scale).metrology.mpe_mg  # type: ignore[union-attr]
    oracle = oracle_releases(happened, bench, u_mg, rules, manifest, HUB, UTC_AT_START_US)
    judged = judge(parcels, happened, run.events, bench, oracle)
    arrived = len(run.events)
    report = {
        "seed": seed,
        "digest": run.digest,
        "parcels": judged.parcels,
        "truth": judged.truth,
        "release": release_shares(judged, oracle),
        "events": {
            "journalled": run.journalled, "acknowledged": arrived, "pending": run.journalled - arrived,
            "duplicates": arrived - len({data["seq"] for data in run.events}),
            "redelivered": 0, "chain": "ok", "signatures_checked": run.tallies.signed,
        },
        "latency_ms": {"reading_to_step": {"p50": 0.0, "p99": 0.0}}  # a step takes no simulated time
        | {name: quantiles_ms(samples) for name, samples in run.tallies.latencies.items()},
        "dwell_s": dwell(run.gateway.snapshot()),
        "speed": {"simulated_s": round(run.world.now / SECOND, 3), "wall_s": round(wall_s, 3)},
    }  # fmt: skip
    return report, judged.details


def dwell(snapshot: Snapshot) -> dict[str, Any]:
    """Of departed visits, in seconds."""
    quantiles = snapshot.dwell_us
    return {
        "p50": quantiles[0] / 1e6 if quantiles else None,
        "p99": quantiles[2] / 1e6 if quantiles else None,
        "by_owner": {owner: us / 1e6 for owner, us in snapshot.dwell_by_owner_us},
    }
