"""`hub campaign sweep`: one scenario over many seeds, summed."""

import json
from pathlib import Path

import pytest

from simulators import sweep as module
from simulators.campaign import main
from simulators.hub import RunStuckError
from simulators.sweep import Sums, Swept, run_seed, sweep


def test_a_sweep_sums_its_runs_and_tells_how_true_the_stated_doubts_are() -> None:
    report = sweep("line-dense", range(3, 5), parcels=60, jobs=1, tell=lambda _told: None)

    assert report["runs"] == 2
    assert report["failed"] == 0
    assert report["parcels"]["entered"] == 120
    assert set(report["truth"].values()) == {0}
    assert 0.6 < report["share"] <= report["oracle_share"]
    assert report["wrong_at_most"] == 3 / 120
    stated = report["calibration"]
    assert sum(one["assignments"] for one in stated) > 90
    assert all(one["wrong"] == 0 and one["stated"] <= 10e-6 for one in stated)


def test_a_run_that_breaks_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(*_given: object, **_options: object) -> None:
        raise RunStuckError("planted")

    monkeypatch.setattr("simulators.simulate.Simulation.run", stuck)
    sums = Sums()
    sums.add(run_seed(7, scenario="demo", parcels=5))

    assert sums.told()["failures"] == [{"seed": 7, "broken": "RunStuckError: planted", "details": []}]
    assert sums.told()["share"] is None


def test_no_more_failures_are_told_than_the_bound() -> None:
    sums = Sums()
    for seed in range(module.FAILURES_MAX + 5):
        sums.add(Swept(seed, None, "planted"))

    assert sums.failed == module.FAILURES_MAX + 5
    assert len(sums.failures) == module.FAILURES_MAX


def test_the_command_writes_its_report_and_refuses_what_is_no_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sweep.json"

    assert (
        main(
            ["sweep", "line-quiet", "--seeds", "1..2", "--parcels", "20", "--jobs", "1", "--json", str(file)]
        )
        == 0
    )
    assert json.loads(file.read_text())["scenario"] == "line-quiet"
    assert "2 runs of seeds 1..2" in capsys.readouterr().out
    assert main(["sweep", "nowhere", "--seeds", "1..2"]) == 2
    assert main(["sweep", "demo", "--parcels", "0"]) == 2
