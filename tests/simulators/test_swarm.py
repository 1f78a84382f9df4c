"""`hub campaign swarm`: a short one finds nothing; what one finds it makes small, keeps, and can repeat."""

import json
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest

from edge.rim.trace import replay
from simulators import mixes, swarm
from simulators.campaign import main
from simulators.checkers import RuleBrokenError
from simulators.devices.plc import PlcFault
from simulators.hub import RunStuckError
from simulators.line_faults import LINE_RATES_PPM
from simulators.mixes import (
    RATE_MAX_PPM,
    SCENARIOS,
    USUAL_LEAST_PPM,
    Mix,
    MixFault,
    MixScenario,
    Outcome,
    able,
    draw,
    failure_of,
    read_mix,
    run_mix,
)

SHORT = (30, 30)
SEEDS = range(5, 9)
"""Among them are four scenarios."""


def run_swarm(
    keep: Path, seeds: range = SEEDS, jobs: int = 1, scenarios: tuple[MixScenario, ...] = SCENARIOS
) -> dict[str, Any]:
    return swarm.swarm(
        seeds, jobs=jobs, keep=keep, tell=lambda _told: None, parcels=SHORT, scenarios=scenarios
    )


def test_a_short_swarm_finds_nothing(tmp_path: Path) -> None:
    report = run_swarm(tmp_path / "kept")

    assert report["failures"] == []
    assert (report["campaign"], report["seeds"], report["runs"]) == ("swarm", [5, 8], 4)
    assert set(report["truth"].values()) == {0}
    assert report["parcels"]["entered"] == 4 * 30
    assert 0.5 < report["share"] <= report["oracle_share"]
    assert not (tmp_path / "kept").exists()


@pytest.mark.system
def test_processes_give_the_same_report(tmp_path: Path) -> None:
    one, two = run_swarm(tmp_path, range(5, 7)), run_swarm(tmp_path, range(5, 7), jobs=2)

    assert one | {"speed": None} == two | {"speed": None}


def test_a_mix_depends_on_its_seed_alone_and_half_of_the_faults_are_off() -> None:
    drawn = [draw(seed) for seed in range(1, 201)]
    on = [fault for mix in drawn for fault in mix.rates_ppm]

    assert drawn[6] == draw(7)
    assert {mix.scenario for mix in drawn} == set(SCENARIOS)
    assert {mix.lines for mix in drawn} == {1, 2, 3, 4}
    assert abs(len(on) / sum(len(able(mix.scenario)) for mix in drawn) - 0.5) < 0.05
    assert {fault for mix in drawn for fault in mix.plc_ppm} == set(get_args(PlcFault))
    for mix in drawn:
        assert set(mix.rates_ppm) <= set(able(mix.scenario))
        assert not (mix.plc_ppm and mix.scenario != "line-plc")
        assert 30 <= len(mix.parcels) <= 150
        assert all(
            max(LINE_RATES_PPM[fault], USUAL_LEAST_PPM) <= ppm <= RATE_MAX_PPM
            for fault, ppm in mix.rates_ppm.items()
        )


# --- a failure ------------------------------------------------------------------------------------


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that shows whenever one parcel touches another."""
    monkeypatch.setattr(mixes, "whole", lambda report: "touching" not in report["belt"]["faults"])


def touching(seed: int) -> Mix:
    return Mix(
        seed=seed, scenario="lines", lines=1, over_bytes=False, parcels=tuple(range(1, 6)),
        rates_ppm={"touching": 1_000_000},
    )  # fmt: skip


def test_a_failure_is_made_small_and_one_command_repeats_it(
    tmp_path: Path, planted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    del planted
    drawn = (draw(seed, SHORT, ("demo",)) for seed in range(1, 100))
    often = (mix for mix in drawn if mix.rates_ppm.get("touching", 0) > 20_000)
    seed = next(mix.seed for mix in often if run_mix(mix).failure is not None)
    keep = tmp_path / "a folder"
    (failure,) = run_swarm(keep, range(seed, seed + 1), scenarios=("demo",))["failures"]
    small = read_mix(Path(failure["mix"]))

    assert (len(small.parcels), list(small.rates_ppm)) == (1, ["touching"])
    assert failure["shrunk"] == "1 parcels, 1 kinds of fault"
    assert replay(Path(failure["trace"])).recorded == replay(Path(failure["trace"])).digest
    words = shlex.split(failure["command"])
    assert words[:2] == ["./hub", "campaign"]
    assert main(words[2:]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["kind"] for one in told["failures"]] == [failure["kind"]]


def test_of_each_kind_one_run_is_made_small(tmp_path: Path, planted: None) -> None:
    del planted
    kept = swarm._keep_all([run_mix(touching(seed)) for seed in (1, 2)], tmp_path, shrinks=True)

    assert [one.shrunk is not None for one in kept] == [True, False]


def test_a_run_that_breaks_off_leaves_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuleBrokenError("visit 01a2008d-7aa4-7210-bf55-57c33e45f9b7 departed twice at 12")

    mix = Mix(seed=1, scenario="demo", lines=1, over_bytes=False, parcels=(1, 2), rates_ppm={})
    monkeypatch.setattr("simulators.account.Account.close", breaks)
    outcome = run_mix(mix, tmp_path / "trace")

    assert outcome.report is None
    assert outcome.failure is not None
    assert outcome.failure.kind == "rule: visit # departed twice at #"
    assert replay(tmp_path / "trace").recorded is None


def test_failures_are_named_by_what_broke_not_by_whose_parcel_it_was() -> None:
    def crash() -> None:
        raise KeyError(17)

    with pytest.raises(KeyError) as caught:
        crash()

    assert failure_of(caught.value).kind == "crash: KeyError in test_swarm.py, crash"
    assert failure_of(RunStuckError("stuck at 3.0 s")).kind == "stuck"


def test_ctrl_c_tells_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(mix: Mix) -> Outcome:
        if mix.seed == 7:
            raise KeyboardInterrupt
        return run_mix(mix)

    monkeypatch.setattr(swarm, "run_mix", run)
    report = run_swarm(tmp_path, range(5, 20))

    assert (report["stopped"], report["runs"], report["parcels"]["entered"]) == (True, 2, 60)


# --- wrong use ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "NAME"),
        (["swarn"], "invalid choice"),
        (["swarm", "--seeds", "9..1"], "1 to"),
        (["swarm", "--seeds", "ten"], "write 1..100"),
        (["swarm", "--jobs", "0"], "1 to 64"),
        (["swarm", "--json", "/nowhere/at/all.json"], "there is no folder"),
    ],
)
def test_wrong_words_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_scenario_may_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep = ["--keep", str(tmp_path), "--json", str(tmp_path / "report.json")]
    words = ["swarm", "--seeds", "1..2", "--jobs", "1", *keep, "--scenario", "line-plc"]

    assert main(words) == 0
    assert "2 runs of seeds 1..2: 0 failed" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["scenarios"] == {"line-plc": 2}


def test_what_is_no_mix_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mix.json"
    good = draw(1).model_dump()
    for change, said in (
        ({"lines": 9}, "lines"), ({"more": 1}, "more"), ({"parcels": [3, 1]}, "ascending"),
        ({"rates_ppm": {"no_read": -1}}, "rates_ppm"), ({"rates_ppm": {"rain": 1}}, "rain"),
        ({"plc_ppm": {"missed": 2_000_000}}, "plc_ppm"),
        ({"scenario": "line-merge", "rates_ppm": {"jammed": 1}}, "jammed does not happen on line-merge"),
    ):  # fmt: skip
        file.write_text(json.dumps(good | change))
        with pytest.raises(MixFault, match=said):
            read_mix(file)

    assert main(["swarm", "--mix", str(tmp_path / "none.json")]) == 2
    assert main(["swarm", "--record", str(tmp_path / "trace")]) == 2
    assert "--record goes with --mix" in capsys.readouterr().err
