"""Many seeded runs, each with another mix of faults; a run that fails is made small and kept with its command.

Runs go to processes of their own and are taken in the order of their seeds, so the report is the same however many
processes there are. What a failed run needs to be repeated is one file, and one command that names it.
"""

import multiprocessing
import os
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from simulators.mixes import PARCELS, SCENARIOS, Mix, MixScenario, Outcome, draw, run_mix
from simulators.shrink import smallest

T = TypeVar("T")

WORST_MAX: Final = 5
"""Runs named in the report for what they released less than was possible."""
FAILURES_KEPT_MAX: Final = 100
"""Failed runs told one by one; more are counted."""
SHRUNK_MAX: Final = 10
"""Kinds of failure made small, one run of each: the others are kept as they were drawn."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A failed run with what repeats it."""

    seed: int
    kind: str
    text: str
    drawn: str
    shrunk: str | None
    """What is left of it; None: it is as it was drawn."""
    tries: int
    mix: str
    trace: str
    command: str

    @property
    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Kept.__slots__}


@dataclass(slots=True)
class Tally:
    """What the runs so far add up to."""

    runs: int = 0
    over_bytes: int = 0
    scenarios: Counter[str] = field(default_factory=Counter)
    """Runs of each."""
    parcels: Counter[str] = field(default_factory=Counter)
    truth: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    possible: int = 0
    """Parcels that a gateway which mixes nothing up would have released."""
    failed: int = 0
    """Runs."""
    failures: list[Outcome] = field(default_factory=list)
    worst: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.runs += 1
        self.over_bytes += outcome.mix.over_bytes
        self.scenarios[outcome.mix.scenario] += 1
        if outcome.failure is not None:
            self.failed += 1
            if len(self.failures) < FAILURES_KEPT_MAX:
                self.failures.append(outcome)
        if outcome.report is not None:
            self._add_report(outcome.mix.seed, outcome.report)

    def _add_report(self, seed: int, report: dict[str, Any]) -> None:
        self.parcels.update(report["parcels"])
        self.truth.update(report["truth"])
        if "belt" in report:
            self.faults.update(report["belt"]["faults"])
        for line in report.get("plc", {}).values():
            self.faults.update(line["faults"])
        release = report["release"]
        self.lost.update(release["lost_by_cause"])
        self.possible += round(release["oracle_share"] * report["parcels"]["entered"])
        gap = round(release["oracle_share"] - release["share"], 6)
        self.worst.append({"seed": seed, "gap": gap, "lost_by_cause": release["lost_by_cause"]})
        self.worst.sort(key=lambda one: (-one["gap"], one["seed"]))
        del self.worst[WORST_MAX:]

    def report(self, seeds: range, *, stopped: bool, wall_s: float) -> dict[str, Any]:
        """Without the failures."""
        entered = self.parcels["entered"]
        return {
            "campaign": "swarm",
            "seeds": [seeds[0], seeds[-1]],
            "runs": self.runs,
            "stopped": stopped,
            "over_bytes": self.over_bytes,
            "scenarios": dict(sorted(self.scenarios.items())),
            "parcels": dict(self.parcels),
            "truth": dict(self.truth),
            "failed": self.failed,
            "share": round(self.parcels["departed"] / entered, 6) if entered else None,
            "oracle_share": round(self.possible / entered, 6) if entered else None,
            "lost_by_cause": dict(sorted(self.lost.items())),
            "worst": self.worst,
            "faults": dict(sorted(self.faults.items())),
            "speed": {
                "wall_s": round(wall_s, 3),
                "parcels_per_s": round(entered / wall_s, 1) if wall_s else None,
            },
        }


def swarm(
    seeds: range, *, jobs: int, keep: Path, tell: Progress, parcels: tuple[int, int] = PARCELS,
    scenarios: tuple[MixScenario, ...] = SCENARIOS,
) -> dict[str, Any]:  # fmt: skip
    """Runs a mix for each seed; Ctrl-C ends it with what was done. `tell` is called after each run and each failure."""
    tally, stopped = Tally(), False
    started = time.perf_counter()
    try:
        with each(partial(_run_seed, parcels=parcels, scenarios=scenarios), seeds, jobs) as outcomes:
            for outcome in outcomes:
                tally.add(outcome)
                tell(f"{tally.failed} failed" if tally.failed else "")
    except KeyboardInterrupt:
        stopped = True
    report = tally.report(seeds, stopped=stopped, wall_s=time.perf_counter() - started)
    return report | {"failures": [one.told for one in _keep_all(tally.failures, keep, shrinks=not stopped)]}


def again(mix: Mix, record: Path | None) -> dict[str, Any]:
    """One mix once more; `record`: a trace of its inputs."""
    tally = Tally()
    started = time.perf_counter()
    outcome = run_mix(mix, record)
    tally.add(outcome)
    seeds = range(mix.seed, mix.seed + 1)
    report = tally.report(seeds, stopped=False, wall_s=time.perf_counter() - started)
    failures = [{"seed": mix.seed, **one.failure.model_dump()} for one in tally.failures if one.failure]
    return report | {"failures": failures}


def _run_seed(seed: int, parcels: tuple[int, int], scenarios: tuple[MixScenario, ...]) -> Outcome:
    return run_mix(draw(seed, parcels, scenarios))


@contextmanager
def each(run: Callable[[int], T], seeds: range, jobs: int) -> Iterator[Iterator[T]]:
    """What `run` makes of each seed, in their order, by so many processes."""
    if jobs == 1:
        yield map(run, seeds)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=context, initializer=_leave_ctrl_c)
    try:
        yield pool.map(run, seeds)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_ctrl_c() -> None:
    """The terminal sends Ctrl-C to all of its processes: the first one tells the others to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def default_jobs() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


# Failures -----------------------------------------------------------------------------------------


def _keep_all(failures: Sequence[Outcome], folder: Path, *, shrinks: bool) -> list[Kept]:
    """Each with a file of its mix and a trace; Ctrl-C leaves the rest as they were drawn."""
    kept: list[Kept] = []
    kinds: set[str] = set()
    for outcome in failures:
        assert outcome.failure is not None, "only failed runs are kept"
        fresh = shrinks and len(kinds) < SHRUNK_MAX and outcome.failure.kind not in kinds
        kinds.add(outcome.failure.kind)
        try:
            kept.append(keep_failure(outcome, folder, shrinks=fresh))
        except KeyboardInterrupt:
            shrinks = False
            kept.append(keep_failure(outcome, folder, shrinks=False))
    return kept


def keep_failure(outcome: Outcome, folder: Path, *, shrinks: bool) -> Kept:
    """Writes mix and trace of a failed run, made small if asked."""
    mix, failure = outcome.mix, outcome.failure
    assert failure is not None, "only failed runs are kept"
    tries = 0
    if shrinks:
        shrunk = smallest(mix, lambda one: _kind(run_mix(one)) == failure.kind)
        mix, tries = shrunk.mix, shrunk.tries
    folder.mkdir(parents=True, exist_ok=True)
    name = folder / f"seed-{mix.seed}"
    file, trace = name.with_suffix(".json"), name.with_suffix(".trace")
    file.write_text(mix.model_dump_json(indent=1) + "\n")
    last = run_mix(mix, trace).failure or failure
    return Kept(
        seed=mix.seed, kind=failure.kind, text=last.text, drawn=outcome.mix.size,
        shrunk=mix.size if shrinks else None, tries=tries, mix=str(file), trace=str(trace),
        command=f"./hub campaign swarm --mix {shlex.quote(str(file))}",
    )  # fmt: skip


def _kind(outcome: Outcome) -> str | None:
    return outcome.failure.kind if outcome.failure is not None else None
