"""One seeded run under simulated time, and its report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from edge.core.snapshot import Snapshot
from edge.rim.metrics import quantiles_ms, spread_ms
from edge.rim.trace import Start, TraceWriter
from hub_config.devices import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.names import SECOND
from hub_config.rules import RulePack, load_rules
from simulators.bodies import Body
from simulators.coordinator.desk import Declared
from simulators.hub import EDGE_VERSION, UTC_AT_START_US, SimulatedHub, entropy_of
from simulators.line_plant import AS_USUAL, LineOptions
from simulators.line_truth import line_happened
from simulators.oracle import oracle_releases
from simulators.parcels import Parcel, stream
from simulators.plots.album import Album
from simulators.practice import (
    HUB,
    RULES,
    Ports,
    Scenario,
    declarations,
    practice_signer,
    shared_out,
    write_hub,
)
from simulators.report import Judged, judge, release_shares, together

SIGN_ONE_IN: Final = 1_000
NO_PORTS: Final = Ports(Path("/nowhere"))
"""Nothing opens a port under simulated time; the config, and so the digest, is the same on every machine."""
STAMPS_WITHIN_US: Final = 1
"""Under simulated time the gateway's stamps are exact."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A hub that is ready to run, and what its run is judged by."""

    hub: SimulatedHub
    rules: RulePack
    manifest: dict[str, Declared]
    scenario: str
    seed: int
    over_bytes: bool

    def run(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Runs it; returns the report and one line for each fault of its truth."""
        run = self.hub
        started = time.perf_counter()
        run.run()
        wall_s = time.perf_counter() - started
        judged, oracle = judge_hub(run, self.rules, self.manifest, self.stamps_within_us)
        arrived = len(run.events)
        report = {
            "scenario": self.scenario,
            "seed": self.seed,
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
            "speed": {
                "simulated_s": round(run.world.now / SECOND, 3), "wall_s": round(wall_s, 3),
                "parcels_per_s": round(judged.parcels["entered"] / wall_s, 1),
            },
        }  # fmt: skip
        if run.lines:
            margins = [ns for line in run.lines for ns in line.board.margins_ns]
            bodies = [body for line in run.lines for body in line.conveyor.bodies]
            report["belt"] = belt(bodies, spread_ms(margins)) | {
                "over_bytes": self.over_bytes,
                "unwatched": sum(len(line.unwatched) for line in run.lines),
            }
        return report, judged.details

    @property
    def stamps_within_us(self) -> int:
        """How far its stamps may be off the truth. A board's real clock is known to its driver within a bound; above it
        the driver takes no beam at all."""
        bounds = [one.clock_bound_us for one in self.hub.config.devices if isinstance(one, IoBoardConfig)]
        return max(bounds, default=STAMPS_WITHIN_US) if self.over_bytes else STAMPS_WITHIN_US


def simulate(
    seed: int, count: int, *, scenario: Scenario = "bench", sign_all: bool = False, record: Path | None = None,
    lines: LineOptions = AS_USUAL, album: Album | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:  # fmt: skip
    """Runs a scenario; returns the report and one line for each fault of its truth. `record`: a trace of the inputs.
    `album`: watches for its pictures."""
    parcels = stream(seed, count)
    with TemporaryDirectory(prefix="hub-simulate-") as folder:
        signer = practice_signer("coordinator")
        config = write_hub(Path(folder), parcels, signer, ports=NO_PORTS, scenario=scenario).config
    trace = None
    if record is not None:
        trace = TraceWriter(record, Start(config, entropy_of(seed), (), {}, EDGE_VERSION))
    simulation = prepare(config, parcels, seed, scenario, sign_all=sign_all, trace=trace, lines=lines)
    if album is not None:
        album.attend(simulation)
    told = simulation.run()
    if trace is not None:
        trace.close(simulation.hub.digest)
    return told


def prepare(
    config: HubConfig, parcels: Sequence[Parcel], seed: int, scenario: str, *, sign_all: bool = False,
    trace: TraceWriter | None = None, lines: LineOptions = AS_USUAL,
) -> Simulation:  # fmt: skip
    """Nothing has happened yet, so more can be asked of its world."""
    rules, manifest = load_rules(RULES), declarations(parcels)
    hub = SimulatedHub(
        config, shared_out(config, parcels), seed, rules, manifest,
        sign_one_in=1 if sign_all else SIGN_ONE_IN, trace=trace, lines=lines,
    )  # fmt: skip
    return Simulation(hub, rules, manifest, scenario, seed, lines.over_bytes)


def judge_hub(
    run: SimulatedHub, rules: RulePack, manifest: dict[str, Declared], within_us: int
) -> tuple[Judged, set[int]]:
    """Every bench and line against the truth; and which parcels a gateway that mixes nothing up would release."""
    config = run.config
    parts: list[Judged] = []
    released: set[int] = set()
    for bench in run.benches:
        happened = bench.bench.happened()
        u_mg = config.device(bench.config.scale).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        oracle = oracle_releases(happened, bench.config, u_mg, rules, manifest, HUB, UTC_AT_START_US)
        parts.append(judge(bench.bench.parcels, happened, run.events, bench.config, oracle))
        released |= oracle
    for line in run.lines:
        bodies = line.conveyor.bodies
        happened = line_happened(bodies, run.events, line.line, within_us)
        u_mg = config.device(line.line.scale.device).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        oracle = oracle_releases(happened, line.line, u_mg, rules, manifest, HUB, UTC_AT_START_US)
        passed = [body.parcel for body in bodies]
        parts.append(judge(passed, happened, run.events, line.line, oracle, unwatched=line.unwatched))
        released |= oracle
    return together(parts), released


def belt(bodies: Sequence[Body], margin_ms: object) -> dict[str, Any]:
    """What only belts have: how early diverters were ordered, and what the faults of the run were."""
    faults: dict[str, int] = {}
    for body in bodies:
        for fault in body.plan.faults:
            faults[fault] = faults.get(fault, 0) + 1
    return {
        "order_margin_ms": margin_ms,
        "clipped": sum(body.clipped for body in bodies),
        "faults": dict(sorted(faults.items())),
    }


def dwell(snapshot: Snapshot) -> dict[str, Any]:
    """Of departed visits, in seconds."""
    quantiles = snapshot.dwell_us
    return {
        "p50": quantiles[0] / 1e6 if quantiles else None,
        "p99": quantiles[2] / 1e6 if quantiles else None,
        "by_owner": {owner: us / 1e6 for owner, us in snapshot.dwell_by_owner_us},
    }
