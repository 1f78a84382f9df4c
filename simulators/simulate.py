"""One seeded run under simulated time, and its report."""

import gc
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.core.snapshot import Snapshot
from edge.rim.trace import Start, TraceWriter
from hub_config.boards import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.modbus import ModbusIoConfig
from hub_config.names import SECOND
from hub_config.rules import RulePack, load_rules
from simulators.account import Account
from simulators.belt_sums import belts_told
from simulators.coordinator.declared import Declared
from simulators.deal import Deal
from simulators.devices.plc import PlcFault
from simulators.dims_sums import dims_told
from simulators.hub import EDGE_VERSION, SimulatedHub, entropy_of
from simulators.inspections import LookFault
from simulators.line_plant import AS_USUAL, LineOptions
from simulators.look_sums import looks_told
from simulators.mistakes import RATES_PPM, Mistake
from simulators.network import USUAL, Network
from simulators.parcels import Flow, Parcel
from simulators.plc_plant import NO_FAULTS
from simulators.plots.album import Album
from simulators.practice import RULES, practice_signer
from simulators.preclearance import NO_VOUCHERS, OfflinePlan, Preclearance
from simulators.progress import shown
from simulators.report import release_shares
from simulators.scenario import Scenario, find
from simulators.swaps import swaps_told

SIGN_ONE_IN: Final = 1_000
EVENTS_MAX: Final = 4_096
"""Events after which a long run looks what can be judged and forgotten."""
COLLECTED_AFTER: Final = 20_000
"""New objects after which the garbage collector looks at them."""
POLLS_WITHIN: Final = 2
"""An edge at a board that is polled lies within so many polls of its stamp."""
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
    deal: Deal | None = None
    """Of parcels that are forgotten with their events as they are settled. None: all of them can still be looked at
    when the run is over."""

    def run(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Runs it; returns the report and one line for each fault of its truth."""
        run = self.hub
        account = Account(run, self.rules, self.manifest, self.stamps_within_us)
        started = time.perf_counter()
        run.start()
        with seldom_collected():
            while not run.go_on(sys.maxsize if self.deal is None else EVENTS_MAX):
                assert self.deal is not None, "it goes on to its end"
                self.deal.forget(account.settle().parcels)
        wall_s = time.perf_counter() - started
        judged, oracle = account.close()
        report = {
            "scenario": self.scenario,
            "seed": self.seed,
            "digest": run.digest,
            "parcels": judged.parcels,
            "truth": judged.truth,
            "release": release_shares(judged, oracle),
            "events": {
                "journalled": run.journalled, "acknowledged": account.arrived,
                "pending": run.journalled - account.arrived, "duplicates": account.duplicates,
                "redelivered": 0, "chain": "ok", "signatures_checked": run.tallies.signed,
            },
            "latency_ms": {"reading_to_step": {"p50": 0.0, "p99": 0.0}}  # a step takes no simulated time
            | {name: samples.quantiles_ms() for name, samples in account.latencies.items()},
            "dwell_s": dwell(run.gateway.snapshot()),
            "speed": {
                "simulated_s": round(run.world.now / SECOND, 3), "wall_s": round(wall_s, 3),
                "parcels_per_s": round(judged.parcels["entered"] / wall_s, 1),
            },
        }  # fmt: skip
        report["offline"] = alone(run)
        if run.lines:
            belts = belts_told([line.sums for line in account.lines.values()])
            report["belt"] = belts | {"over_bytes": self.over_bytes}
            if any(line.line.dimensioner is not None for line in run.lines):
                report["dims"] = dims_told([line.dims for line in account.lines.values()])
            report |= swaps_told([line.swaps for line in account.lines.values()])
        if account.looks is not None:
            report["looks"] = looks_told(account.looks)
        if run.plcs:
            report["plc"] = {name: one.told() for name, one in account.plcs.items()}
        return report, judged.details

    @property
    def stamps_within_us(self) -> int:
        """How far its stamps may be off the truth. A board's real clock is known to its driver within a bound; above it
        the driver takes no beam at all."""
        devices = self.hub.config.devices
        polls = [POLLS_WITHIN * one.poll_ms * 1_000 for one in devices if isinstance(one, ModbusIoConfig)]
        bounds = (
            [one.clock_bound_us for one in devices if isinstance(one, IoBoardConfig)]
            if self.over_bytes
            else []
        )
        return max([*polls, *bounds], default=STAMPS_WITHIN_US)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """A run makes next to no cycles of objects, so the collector walks through all that lives for nothing."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


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
    parcels = Flow(seed, count, plan.goods)
    trace = None
    if record is not None:
        trace = TraceWriter(record, Start(config, entropy_of(seed), (), {}, EDGE_VERSION))
    simulation = prepare_plan(
        plan, config, parcels, seed, sign_all=sign_all, trace=trace, lines=lines,
        network=plan.network_of(count, minutes), keeps_all=album is not None,
    )  # fmt: skip
    if album is not None:
        album.attend(simulation)
    with shown(simulation.hub):
        told = simulation.run()
    if trace is not None:
        trace.close(simulation.hub.digest)
    return told


def prepare_plan(
    plan: Scenario, config: HubConfig, parcels: Flow | Sequence[Parcel], seed: int, *, network: Network,
    sign_all: bool = False, trace: TraceWriter | None = None, lines: LineOptions | None = None,
    plc_ppm: Mapping[PlcFault, int] | None = None, keeps_all: bool = True,
    mistakes_ppm: Mapping[Mistake, int] | None = None, looks_ppm: Mapping[LookFault, int] | None = None,
) -> Simulation:  # fmt: skip
    """A scenario with all that it says, but for what is given here."""
    return prepare(
        config, parcels, seed, plan.name, sign_all=sign_all, trace=trace,
        lines=plan.lines if lines is None else lines, network=network,
        mistakes_ppm=plan.mistakes_ppm if mistakes_ppm is None else mistakes_ppm,
        looks_ppm=plan.looks_ppm if looks_ppm is None else looks_ppm,
        keeps_all=keeps_all, rules=load_rules(plan.rules), offline=plan.offline,
        plc_ppm=plan.plc_ppm if plc_ppm is None else plc_ppm,
    )  # fmt: skip


def prepare(
    config: HubConfig, parcels: Flow | Sequence[Parcel], seed: int, scenario: str, *, sign_all: bool = False,
    trace: TraceWriter | None = None, lines: LineOptions = AS_USUAL, network: Network = USUAL,
    mistakes_ppm: Mapping[Mistake, int] = RATES_PPM, keeps_all: bool = True, rules: RulePack | None = None,
    offline: OfflinePlan = NO_VOUCHERS, plc_ppm: Mapping[PlcFault, int] = NO_FAULTS,
    looks_ppm: Mapping[LookFault, int] = {},
) -> Simulation:  # fmt: skip
    """Nothing has happened yet, so more can be asked of its world. `keeps_all`: else it forgets what is settled, and
    can't be looked at when it is over but by its report. `rules`: other than those of the practice hub."""
    rules, deal = offline.rules(rules or load_rules(RULES)), Deal(config, parcels)
    coming = parcels if offline.vouchers else ()
    preclearance = Preclearance(
        config, rules, seed, offline, [(deal.place_of(one.number), one) for one in coming]
    )
    hub = SimulatedHub(
        config, deal.shares, seed, rules, deal.declared,
        sign_one_in=1 if sign_all else SIGN_ONE_IN, trace=trace, lines=lines, network=network,
        mistakes_ppm=mistakes_ppm, preclearance=preclearance, plc_ppm=plc_ppm, looks_ppm=looks_ppm,
    )  # fmt: skip
    return Simulation(
        hub, rules, deal.declared, scenario, seed, lines.over_bytes, None if keeps_all else deal
    )


def alone(run: SimulatedHub) -> dict[str, Any]:
    """What was released without the coordinator, and what it says of that afterwards."""
    view = run.gateway.snapshot().offline
    return {
        "vouchers": view.vouchers,
        "released": view.released_year,
        "share_of_run_ppm": _ppm(view.released_today, view.parcels_today),
        "share_of_year_ppm": _ppm(view.released_year, view.parcels_year),
        "cap_year_ppm": view.cap_year_ppm,
        "levels": dict(sorted(run.preclearance.levels.items())),
        "reconciled": run.preclearance.reconciler.checked,
        "conflicts": len(run.preclearance.reconciler.conflicts),
        "recalls": len(run.alerts),
    }


def _ppm(part: int, whole: int) -> int:
    return part * 1_000_000 // whole if whole else 0


def dwell(snapshot: Snapshot) -> dict[str, Any]:
    """Of departed visits, in seconds."""
    quantiles = snapshot.dwell_us
    return {
        "p50": quantiles[0] / 1e6 if quantiles else None,
        "p99": quantiles[2] / 1e6 if quantiles else None,
        "by_owner": {owner: us / 1e6 for owner, us in snapshot.dwell_by_owner_us},
    }
