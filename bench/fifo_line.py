"""A whole line at 2 m/s, gaps from 50 mm, with its faults: who is taken for somebody else, who is held for nothing.

Column `ours` is the gateway, `baseline` the rule by time (`simulators/by_time.py`) on the very same beams and answers,
its two times tuned on seeds of their own: for the fewest wrong identities, and of those the fewest held.

`wrong identity`: parcels that went on under a name that is not on them. `wrong release`: parcels in the free lane that
nobody released by their own name: by time the diverter moves for a parcel that was removed, or has slipped, and takes
its neighbour. `not released`: of the parcels that by their readings, and by the room a diverter needs, could have been.
`held in doubt`: undisturbed parcels with gaps of at least the layout's that were held because it was not sure whose a
reading is.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub_config.names import MILLISECOND
from hub_config.rules import load_rules
from simulators.account import Yardstick
from simulators.belt_sums import BeltSums
from simulators.bench import Happened, Sent
from simulators.by_time import Listener, Outcome, Passed, Times, assign, in_free_lane, outcomes, passed_by
from simulators.line_plant import LinePlant
from simulators.parcels import Flow
from simulators.practice import practice_signer
from simulators.scenario import find
from simulators.simulate import Simulation, prepare

Figures = dict[str, dict[str, float | str | int]]

SCENARIO: Final = "line-dense"
TUNED_ON: Final = (901, 902)
SEEDS: Final = tuple(range(1, 9))
PARCELS: Final = 2_000
AFTER_MS: Final = range(-20, 62, 2)
REACH_MS: Final = (5, 10, 15, 20, 30, 50, 80, 120)


Part = tuple[int, int]
"""So many, of how many."""


@dataclass(frozen=True, slots=True)
class Run:
    """One seed: what happened, and what both made of it."""

    simulation: Simulation
    heard: Listener
    report: dict[str, Any]

    @property
    def plant(self) -> LinePlant:
        return self.simulation.hub.lines[0]

    def by_time(self, times: Times) -> tuple[list[Passed], list[Outcome], int]:
        """And how far the answers were from where they should have been, summed."""
        passed = passed_by(self.heard.edges, self.plant.line)
        off_ns = assign(passed, self.heard.reads, self.plant.line, times)
        return passed, outcomes(passed, self.plant.conveyor.bodies, self.plant.line), off_ns


def measure(short: bool) -> Figures:
    seeds, parcels = (SEEDS[:2], 400) if short else (SEEDS, PARCELS)
    times = _tuned([_run(seed, parcels) for seed in TUNED_ON])
    figures: Figures = {}
    total: dict[str, tuple[Part, Part]] = {}
    for seed in seeds:
        run = _run(seed, parcels)
        ours, theirs = _ours(run), _theirs(run, times)
        for row in ours:
            both = ours[row], theirs[row]
            figures[f"seed {seed}, {row}"] = _figure(*both)
            before = total.get(row, ((0, 0), (0, 0)))
            total[row] = _sum(before[0], both[0]), _sum(before[1], both[1])
    figures |= {f"all, {row}": _figure(*both, runs=len(seeds)) for row, both in total.items()}
    after, reach = times.after_ns // MILLISECOND, times.reach_ns // MILLISECOND
    figures["tuned to, after and reach"] = {
        "ours": "-", "baseline": f"{after} and {reach}", "ratio": "-", "unit": "ms", "runs": len(TUNED_ON),
    }  # fmt: skip
    return figures


def _sum(one: Part, other: Part) -> Part:
    return one[0] + other[0], one[1] + other[1]


def _run(seed: int, parcels: int) -> Run:
    plan = find(SCENARIO)
    config = plan.config(practice_signer("coordinator"))
    simulation = prepare(
        config, Flow(seed, parcels, plan.goods), seed, plan.name, lines=plan.lines, mistakes_ppm=plan.mistakes_ppm,
        network=plan.network_of(parcels, None), rules=load_rules(plan.rules), offline=plan.offline,
    )  # fmt: skip
    heard = Listener(simulation.hub)
    report, _ = simulation.run()
    return Run(simulation, heard, report)


def _tuned(runs: list[Run]) -> Times:
    def badness(times: Times) -> tuple[int, int, int]:
        runs_told = [run.by_time(times) for run in runs]
        told = [one for _, outcome, _ in runs_told for one in outcome]
        wrong, held = sum(one.wrong for one in told), sum(not one.goes_on for one in told)
        return wrong, held, sum(off_ns for _, _, off_ns in runs_told)

    grid = [Times(after * MILLISECOND, reach * MILLISECOND) for after in AFTER_MS for reach in REACH_MS]
    found = {times: badness(times) for times in grid}
    # A rule that gives nothing to anybody is never wrong: it may hold a tenth more than the one that holds the fewest.
    fewest = min(held for _, held, _ in found.values())
    return min(
        (times for times in grid if found[times][1] * 10 <= fewest * 11), key=lambda times: found[times]
    )


def _ours(run: Run) -> dict[str, Part]:
    report = run.report
    undisturbed, parcels, truth = report["belt"]["undisturbed"], report["parcels"], report["truth"]
    possible = round(report["release"]["oracle_share"] * parcels["entered"])
    measured = {data["visit"] for data in run.simulation.hub.events if data["kind"] == "parcel.measured"}
    return {
        "wrong identity": (truth["wrong_identity"], len(measured)),
        "wrong release": (truth["wrong_release"], parcels["departed"]),
        "not released": (possible - parcels["departed"], possible),
        "held in doubt": (undisturbed["held_for_association"], undisturbed["parcels"]),
    }


def _theirs(run: Run, times: Times) -> dict[str, Part]:
    passed, told, _ = run.by_time(times)
    line, bodies = run.plant.line, run.plant.conveyor.bodies
    undisturbed = {body.parcel.number for body in BeltSums(line).undisturbed_of(bodies, len(bodies))}
    clean = [one for one in told if one.body.parcel.number in undisturbed]
    released = _released(run, [one for one in told if one.goes_on])
    rightly = {one.body.parcel.number for one in released if not one.wrong}
    free = in_free_lane(passed, {one.passed.at for one in released}, bodies, line)
    possible = round(run.report["release"]["oracle_share"] * len(bodies))
    return {
        "wrong identity": (sum(one.wrong for one in told), sum(one.goes_on for one in told)),
        "wrong release": (sum(body.parcel.number not in rightly for body in free), len(free)),
        "not released": (possible - sum(body.parcel.number in rightly for body in free), possible),
        "held in doubt": (sum(not one.goes_on for one in clean), len(clean)),
    }


def _released(run: Run, told: list[Outcome]) -> list[Outcome]:
    """Those that the coordinator's rules let go: under the name they were given, with their own weight."""
    hub, line = run.simulation.hub, run.plant.line
    happened = [
        Happened(
            one.body.parcel.number,
            tuple(
                Sent(read.at, read.data, read.aim or "", None)
                for answer in one.passed.answers
                for read in answer
            ),
            tuple(one.body.weights),
            None,
        )
        for one in told
    ]
    yardstick = Yardstick(hub.config, run.simulation.rules, run.simulation.manifest, hub.book)
    released = yardstick.released(happened, line, line.scale.device, hub.world.now)
    return [one for one in told if one.body.parcel.number in released]


def _figure(ours: Part, theirs: Part, runs: int = 1) -> dict[str, float | str | int]:
    return {
        "ours": f"{ours[0]}/{ours[1]}", "baseline": f"{theirs[0]}/{theirs[1]}",
        "ratio": f"{ours[0] / max(1, ours[1]):.1e} to {theirs[0] / max(1, theirs[1]):.1e}", "unit": "parcels",
        "runs": runs,
    }  # fmt: skip
