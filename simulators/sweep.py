"""One scenario over many seeds, summed: what a rate of one in a million needs, and how true stated certainties are.

Each seed is a run of its own, so that memory stays flat over a million parcels and processes share the work.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from edge.rim.trace import TraceFault
from simulators.checkers import RuleBrokenError
from simulators.hub import RunStuckError
from simulators.parcels import stream
from simulators.plots.album import assignments
from simulators.plots.figures import Pair, calibration
from simulators.practice import practice_signer
from simulators.report import whole
from simulators.scenario import find
from simulators.simulate import prepare_plan
from simulators.swarm import Progress, each

FAILURES_MAX: Final = 20
"""Runs told with their faults."""
DETAILS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of one seed."""

    seed: int
    report: dict[str, Any] | None
    broken: str | None
    """Why there is no report."""
    details: tuple[str, ...] = ()
    doubts: tuple[Pair, ...] = ()
    """Of each measured assignment: the stated p_ppm, and whether it was right."""


@dataclass(slots=True)
class Sums:
    runs: int = 0
    parcels: Counter[str] = field(default_factory=Counter)
    truth: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    undisturbed: Counter[str] = field(default_factory=Counter)
    stated: Counter[Pair] = field(default_factory=Counter)
    possible: int = 0
    too_close: int = 0
    clipped: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0

    def add(self, one: Swept) -> None:
        self.runs += 1
        if one.report is None or not whole(one.report):
            self.failed += 1
            if len(self.failures) < FAILURES_MAX:
                self.failures.append(
                    {"seed": one.seed, "broken": one.broken, "details": list(one.details[:DETAILS_MAX])}
                )
        if one.report is None:
            return
        self.parcels.update(one.report["parcels"])
        self.truth.update(one.report["truth"])
        release = one.report["release"]
        self.lost.update(release["lost_by_cause"])
        self.possible += round(release["oracle_share"] * one.report["parcels"]["entered"])
        belt = one.report.get("belt")
        if belt is not None:
            self.faults.update(belt["faults"])
            self.clipped += belt["clipped"]
            self.too_close += belt["too_close"]
            self.undisturbed.update(
                {name: belt["undisturbed"][name] for name in ("parcels", "held_for_association")}
            )
        self.stated.update(one.doubts)

    def told(self) -> dict[str, Any]:
        entered = self.parcels["entered"]
        decades = calibration(pair for pair, count in self.stated.items() for _ in range(count))
        return {
            "runs": self.runs, "failed": self.failed, "parcels": dict(self.parcels), "truth": dict(self.truth),
            "wrong_at_most": None if not entered else round(3 / entered, 9),
            "share": round(self.parcels["departed"] / entered, 6) if entered else None,
            "oracle_share": round(self.possible / entered, 6) if entered else None,
            "lost_by_cause": dict(sorted(self.lost.items())), "too_close": self.too_close,
            "undisturbed": dict(self.undisturbed),
            "faults": dict(sorted(self.faults.items())), "clipped": self.clipped,
            "calibration": [
                {
                    "doubt_from_ppm": one.low_ppm, "assignments": one.count, "wrong": one.wrong,
                    "stated": round(one.stated, 9), "at_most": round(one.upper, 9),
                }
                for one in decades
            ],
            "failures": self.failures,
        }  # fmt: skip


def sweep(scenario: str, seeds: range, *, parcels: int | None, jobs: int, tell: Progress) -> dict[str, Any]:
    """Ctrl-C ends it with what was done. Raises ConfigFaults or ScenarioError for a scenario that can't be run."""
    find(scenario)
    sums, stopped = Sums(), False
    started = time.perf_counter()
    try:
        with each(partial(run_seed, scenario=scenario, parcels=parcels), seeds, jobs) as swept:
            for one in swept:
                sums.add(one)
                tell(f"{sums.failed} failed" if sums.failed else "")
    except KeyboardInterrupt:
        stopped = True
    wall_s = time.perf_counter() - started
    return {
        "campaign": "sweep", "scenario": scenario, "seeds": [seeds[0], seeds[-1]], "stopped": stopped, **sums.told(),
        "speed": {"wall_s": round(wall_s, 1), "parcels_per_s": round(sums.parcels["entered"] / wall_s, 1)},
    }  # fmt: skip


def run_seed(seed: int, *, scenario: str, parcels: int | None) -> Swept:
    plan = find(scenario)
    config = plan.config(practice_signer("coordinator"))
    count = plan.count(config, parcels, None)
    parts = stream(seed, count, plan.goods)
    simulation = prepare_plan(plan, config, parts, seed, network=plan.network_of(count, None))
    try:
        report, details = simulation.run()
    except (RuleBrokenError, RunStuckError, TraceFault) as broken:
        return Swept(seed, None, f"{type(broken).__name__}: {broken}"[:500])
    doubts, _ = assignments(simulation)
    return Swept(seed, report, None, tuple(line[:500] for line in details[:DETAILS_MAX]), tuple(doubts))
