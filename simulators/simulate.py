"""One seeded run under simulated time, and its report."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from edge.core.snapshot import Snapshot
from edge.rim.metrics import quantiles_ms, spread_ms
from edge.rim.trace import Start, TraceWriter
from hub_config.devices import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant
from hub_config.rules import RulePack, load_rules
from simulators.bodies import Body
from simulators.coordinator.declared import Declared
from simulators.hub import EDGE_VERSION, UTC_AT_START_US, SimulatedHub, entropy_of
from simulators.line_plant import AS_USUAL, LineOptions, LinePlant
from simulators.line_truth import hidden, line_happened
from simulators.mistakes import RATES_PPM, Mistake
from simulators.network import USUAL, Network
from simulators.oracle import oracle_releases
from simulators.parcels import Parcel, stream
from simulators.plots.album import Album
from simulators.practice import RULES, declarations, practice_signer, shared_out
from simulators.preclearance import NO_VOUCHERS, OfflinePlan
from simulators.progress import shown
from simulators.report import Judged, judge, release_shares, together
from simulators.scenario import find
from simulators.swaps import swaps

SIGN_ONE_IN: Final = 1_000
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
        report["offline"] = alone(run)
        if run.lines:
            margins = [ns for line in run.lines for ns in line.board.margins_ns]
            bodies = [body for line in run.lines for body in line.conveyor.bodies]
            report["belt"] = belt(bodies, spread_ms(margins)) | {
                "offered_per_h": sum(offered(line.conveyor.bodies) for line in run.lines),
                "undisturbed": undisturbed(run.lines, judged.causes),
                "over_bytes": self.over_bytes,
                "unwatched": sum(len(line.unwatched) for line in run.lines),
            }
            if any(body.swapped for body in bodies):
                report["swaps"] = swaps(run, self.stamps_within_us)
        return report, judged.details

    @property
    def stamps_within_us(self) -> int:
        """How far its stamps may be off the truth. A board's real clock is known to its driver within a bound; above it
        the driver takes no beam at all."""
        bounds = [one.clock_bound_us for one in self.hub.config.devices if isinstance(one, IoBoardConfig)]
        return max(bounds, default=STAMPS_WITHIN_US) if self.over_bytes else STAMPS_WITHIN_US


def simulate(
    seed: int, count: int | None = None, *, scenario: str | Path = "bench", minutes: float | None = None,
    sign_all: bool = False, record: Path | None = None, lines: LineOptions | None = None,
    album: Album | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:  # fmt: skip
    """Runs a scenario; returns the report and one line for each fault of its truth. `record`: a trace of the inputs.
    `lines`: instead of the scenario's own. `album`: watches for its pictures. Raises ConfigFaults or ScenarioError for
    a scenario that can't be run."""
    plan = find(scenario)
    config = plan.config(practice_signer("coordinator"))
    count = plan.count(config, count, minutes)
    parcels = stream(seed, count, plan.goods)
    trace = None
    if record is not None:
        trace = TraceWriter(record, Start(config, entropy_of(seed), (), {}, EDGE_VERSION))
    simulation = prepare(
        config, parcels, seed, plan.name, sign_all=sign_all, trace=trace,
        lines=plan.lines if lines is None else lines, network=plan.network_of(count, minutes),
        mistakes_ppm=plan.mistakes_ppm, offline=plan.offline,
    )  # fmt: skip
    if album is not None:
        album.attend(simulation)
    with shown(simulation.hub):
        told = simulation.run()
    if trace is not None:
        trace.close(simulation.hub.digest)
    return told


def prepare(
    config: HubConfig, parcels: Sequence[Parcel], seed: int, scenario: str, *, sign_all: bool = False,
    trace: TraceWriter | None = None, lines: LineOptions = AS_USUAL, network: Network = USUAL,
    mistakes_ppm: Mapping[Mistake, int] = RATES_PPM, offline: OfflinePlan = NO_VOUCHERS,
) -> Simulation:  # fmt: skip
    """Nothing has happened yet, so more can be asked of its world."""
    rules, manifest = offline.rules(load_rules(RULES)), declarations(parcels)
    hub = SimulatedHub(
        config, shared_out(config, parcels), seed, rules, manifest,
        sign_one_in=1 if sign_all else SIGN_ONE_IN, trace=trace, lines=lines, network=network,
        mistakes_ppm=mistakes_ppm, offline=offline,
    )  # fmt: skip
    return Simulation(hub, rules, manifest, scenario, seed, lines.over_bytes)


def judge_hub(
    run: SimulatedHub, rules: RulePack, manifest: dict[str, Declared], within_us: int
) -> tuple[Judged, set[int]]:
    """Every bench and line against the truth; and which parcels a gateway that mixes nothing up would release."""
    config, now_us = run.config, UTC_AT_START_US + run.world.now // MICROSECOND
    parts: list[Judged] = []
    released: set[int] = set()
    for bench in run.benches:
        happened = bench.bench.happened()
        u_mg = config.device(bench.config.scale).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        oracle = oracle_releases(
            happened, bench.config, u_mg, rules, manifest, config.hub.id, now_us, run.book
        )
        parts.append(judge(bench.bench.parcels, happened, run.events, bench.config, oracle))
        released |= oracle
    for line in run.lines:
        bodies = line.conveyor.bodies
        happened = line_happened(bodies, run.events, line.line, within_us)
        u_mg = config.device(line.line.scale.device).metrology.mpe_mg  # type: ignore[union-attr]  # a scale
        oracle = oracle_releases(happened, line.line, u_mg, rules, manifest, config.hub.id, now_us, run.book)
        passed = [body.parcel for body in bodies]
        parts.append(
            judge(passed, happened, run.events, line.line, oracle, unwatched=line.unwatched | hidden(bodies))
        )
        released |= oracle
    return together(parts), released


def alone(run: SimulatedHub) -> dict[str, Any]:
    """What was released without the coordinator, and what it says of that afterwards."""
    view, levels = run.gateway.snapshot().offline, dict[str, int]()
    for data in run.events:
        if data["kind"] == "gateway.mode":
            level = str(data["note"]["level"])
            levels[level] = levels.get(level, 0) + 1
    return {
        "vouchers": view.vouchers,
        "released": view.released_year,
        "share_of_run_ppm": _ppm(view.released_today, view.parcels_today),
        "share_of_year_ppm": _ppm(view.released_year, view.parcels_year),
        "cap_year_ppm": view.cap_year_ppm,
        "levels": dict(sorted(levels.items())),
        "reconciled": run.preclearance.reconciler.checked,
        "conflicts": len(run.preclearance.reconciler.conflicts),
        "recalls": len(run.alerts),
    }


def _ppm(part: int, whole: int) -> int:
    return part * 1_000_000 // whole if whole else 0


def belt(bodies: Sequence[Body], margin_ms: object) -> dict[str, Any]:
    """What only belts have: how early diverters were ordered, and what the faults of the run were."""
    faults: dict[str, int] = {}
    for body in bodies:
        for fault in body.happened:
            faults[fault] = faults.get(fault, 0) + 1
    return {
        "order_margin_ms": margin_ms,
        "clipped": sum(body.clipped for body in bodies),
        "faults": dict(sorted(faults.items())),
    }


OF_THE_LINE: Final = ("lost_counts", "board_reset", "link_cut")
"""Faults that strike all that is on the belt."""
ASSOCIATION: Final = (
    "assoc_low",
    "not_isolated",
    "swap_suspected",
    "unknown_item",
    "lost_track",
    "two_labels",
)
"""Reasons that say: whose a reading is, or which parcel this is, is not sure enough."""


def undisturbed(lines: Sequence[LinePlant], causes: Mapping[int, str]) -> dict[str, int]:
    """Parcels to which nothing happened, nor to their neighbours' gaps, nor to the counts and board of their belt while
    they were on it: how many there were, and how many were held because an association was not sure."""
    parcels = held = 0
    for line in lines:
        bodies = line.conveyor.bodies
        needed_um = min(line.line.gap_needed_um(one) for one in line.line.diverters)
        gaps = [_least_gap_um(line, *pair) for pair in pairwise(bodies)]
        shaken = [
            _stay(line, body) for body in bodies if any(fault in body.happened for fault in OF_THE_LINE)
        ]
        for body, ahead, behind in zip(bodies, [needed_um, *gaps], [*gaps, needed_um], strict=True):
            if body.happened or not body.parcel.releasable or min(ahead, behind) < needed_um:
                continue
            came, left = _stay(line, body)
            if any(came <= until and since <= left for since, until in shaken):
                continue
            parcels += 1
            held += causes.get(body.parcel.number) in ASSOCIATION
    return {"parcels": parcels, "held_for_association": held, "least_gap_um": needed_um if lines else 0}


def _stay(line: LinePlant, body: Body) -> tuple[Instant, Instant]:
    """When it was on the belt."""
    beams = line.line.belt_beams
    return body.front_at(beams[0].position_um), body.rear_at(beams[-1].position_um)


def _least_gap_um(line: LinePlant, ahead: Body, behind: Body) -> int:
    """As the beams of the belt saw it, had nobody taken either off."""
    least_ns = min(
        behind.front_at(beam.position_um) - ahead.rear_at(beam.position_um) for beam in line.line.belt_beams
    )
    return least_ns * line.line.belt.speed_mm_s // MILLISECOND


def offered(bodies: Sequence[Body]) -> int:
    """Parcels an hour that the feeder set down on one line."""
    if len(bodies) < 2:
        return 0
    return (len(bodies) - 1) * 3_600 * SECOND // (bodies[-1].starts - bodies[0].starts)


def dwell(snapshot: Snapshot) -> dict[str, Any]:
    """Of departed visits, in seconds."""
    quantiles = snapshot.dwell_us
    return {
        "p50": quantiles[0] / 1e6 if quantiles else None,
        "p99": quantiles[2] / 1e6 if quantiles else None,
        "by_owner": {owner: us / 1e6 for owner, us in snapshot.dwell_by_owner_us},
    }
