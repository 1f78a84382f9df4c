"""A run is judged a batch at a time as parcels are settled: nothing of the report depends on where a batch ends."""

from typing import Any

import pytest

from simulators import account as accounts
from simulators import simulate as runs
from simulators.account import BATCH_MIN, BEHIND_MIN, Account
from simulators.parcels import Flow
from simulators.practice import practice_signer, with_lines
from simulators.scenario import find
from simulators.simulate import STAMPS_WITHIN_US, Simulation, prepare

PARCELS = 160


def prepared(scenario: str, *, keeps_all: bool) -> Simulation:
    plan = find(scenario)
    config, parcels = plan.config(practice_signer("coordinator")), Flow(3, PARCELS, plan.goods)
    return prepare(config, parcels, 3, scenario, lines=plan.lines, keeps_all=keeps_all)


def told(simulation: Simulation) -> tuple[dict[str, Any], tuple[str, ...]]:
    report, details = simulation.run()
    del report["speed"]
    return report, details


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "EVENTS_MAX", 61)
    monkeypatch.setattr(accounts, "BATCH_MIN", 5)


@pytest.mark.parametrize("scenario", ["line-worst", "line-swap", "demo"])
def test_batches_give_the_report_of_the_whole(scenario: str, small_batches: None) -> None:
    del small_batches
    in_batches = prepared(scenario, keeps_all=False)

    assert told(in_batches) == told(prepared(scenario, keeps_all=True))
    assert (
        all(len(line.conveyor.bodies) < PARCELS * 3 // 4 for line in in_batches.hub.lines)
        or scenario == "demo"
    )


def test_what_is_settled_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "BATCH_MIN", 5)
    run = prepared("line-quiet", keeps_all=False)
    (line,) = run.hub.lines
    account = Account(run.hub, run.rules, run.manifest, STAMPS_WITHIN_US)
    run.hub.start()
    visits: set[str] = set()
    most = 0
    while not run.hub.go_on(events_max=61):
        visits |= account.settle().visits
        most = max(most, len(line.conveyor.bodies))
    judged, _ = account.close()

    assert (judged.parcels["entered"], run.hub.events[0]["seq"] > 61) == (PARCELS, True)
    assert BEHIND_MIN <= most < PARCELS - 5
    assert 0 < len(visits) <= PARCELS - BEHIND_MIN


def test_a_short_run_is_judged_at_its_end() -> None:
    run = prepared("line-quiet", keeps_all=False)
    run.run()

    assert PARCELS < BATCH_MIN
    assert [len(line.conveyor.bodies) for line in run.hub.lines] == [PARCELS]


def test_a_line_that_no_parcel_comes_to_is_no_fault() -> None:
    config = with_lines(find("lines").config(practice_signer("coordinator")), 3, benches=False)
    report, details = prepare(config, Flow(3, 1), 3, "three lines").run()

    assert (report["parcels"]["entered"], details) == (1, ())
    assert (report["belt"]["offered_per_h"], report["belt"]["undisturbed"]["held_for_association"]) == (0, 0)
