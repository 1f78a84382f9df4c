"""Simulated belts in series: exact ways over the transfers, stops of a belt, and what the gateway makes of it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_config.load import ConfigFaults, load
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.belt_run import BeltRun
from simulators.line_faults import line_plan
from simulators.parcels import stream
from simulators.scenario import FOLDER, find, read
from simulators.series import ABLE, MovedBelt, Series
from simulators.simulate import simulate
from simulators.traffic import BeltStop

LINE = load(FOLDER / "layouts" / "series.toml").lines[0]
BEGAN = Instant(5 * SECOND)
STOP = BeltStop("tunnel", 10 * SECOND, 3 * SECOND)
PARCELS = 60


@given(st.integers(0, 100_000), st.sampled_from([None, STOP, BeltStop("tunnel", 2 * SECOND, SECOND)]))
def test_what_a_belt_has_run_is_run_at_that_moment(ms: int, stop: BeltStop | None) -> None:
    run = BeltRun(BEGAN, stop)
    at = Instant(BEGAN + ms * MILLISECOND)

    assert run.ran_ns(run.when(run.ran_ns(at))) == run.ran_ns(at)
    assert run.moves_at(at) == (run.when(run.ran_ns(at)) == at)
    on_ns = run.runs_on_ns(run.ran_ns(at))
    assert (on_ns is None) == (stop is None)
    if on_ns is not None:
        assert not run.moves_at(Instant(run.when(run.ran_ns(at)) + on_ns + 1))


def test_an_encoder_stands_while_its_belt_does_and_says_when_it_counted_last() -> None:
    belt = MovedBelt(BEGAN, LINE.belts[1], STOP)
    stops = Instant(BEGAN + 10 * SECOND)

    assert belt.count_at(stops) == belt.count_at(Instant(stops + 3 * SECOND)) == 30_000
    assert belt.count_at(Instant(stops + 4 * SECOND)) == 33_000
    assert belt.last_pulse_at(Instant(stops + SECOND)) <= Instant(stops + 3 * SECOND)


def test_each_belt_carries_a_parcel_at_its_own_speed_and_slips_stay_within_what_is_reckoned_with() -> None:
    series = Series(LINE, BEGAN, 7, None)
    for parcel in stream(7, 50):
        plan = line_plan(7, parcel, {})
        way = series.motion(BEGAN, plan, parcel.number)
        middle_um = plan.length_um // 2

        on_ns = [
            way.front_ns(um) for um in (1_000_000, 2_000_000, 4_000_000, 5_000_000, 9_000_000, 11_000_000)
        ]
        assert [b - a for a, b in zip(on_ns[::2], on_ns[1::2], strict=True)] == [
            pytest.approx(ns, abs=5_000) for ns in (1_250_000_000, 666_666_667, 1_000_000_000)
        ]  # fmt: skip
        over_ns = way.front_ns(3_000_000 + middle_um + 400_000) - way.front_ns(
            3_000_000 + middle_um - 400_000
        )
        least_ns, most_ns = (
            370 * SECOND // 800 + 400 * SECOND // 1_500,
            430 * SECOND // 800 + 400 * SECOND // 1_500,
        )
        assert least_ns <= over_ns <= most_ns


def test_a_belt_that_stands_stops_those_before_it_and_none_behind() -> None:
    series = Series(LINE, BEGAN, 7, STOP)
    during = Instant(BEGAN + 11 * SECOND)

    assert [belt.moving_at(during) for belt in series.belts] == [False, False, True]
    (parcel,) = stream(7, 1)
    plan = line_plan(7, parcel, {})
    there = series.motion(Instant(BEGAN + 9 * SECOND), plan, parcel.number)
    free = Series(LINE, BEGAN, 7, None).motion(Instant(BEGAN + 9 * SECOND), plan, parcel.number)
    assert there.front_ns(700_000) == free.front_ns(700_000)
    assert there.front_ns(2_000_000) == pytest.approx(free.front_ns(2_000_000) + 3 * SECOND, abs=2_000)


@pytest.mark.parametrize("name", ["line-transfer", "fault-transfer-slip"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_transfers_nothing_is_mixed_up_or_lost(name: str, seed: int) -> None:
    report, details = simulate(seed, PARCELS, scenario=name)

    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["parcels"]["lost_track"] <= report["belt"]["faults"].get("removed", 0)
    if name == "line-transfer":
        assert report["release"]["share"] >= report["release"]["oracle_share"] - 0.03


def test_every_parcel_that_slips_by_too_much_is_followed_and_held() -> None:
    scenario = find("fault-transfer-slip")
    far = replace(scenario.lines, traffic=replace(scenario.lines.traffic, slip_um=(150_000, 150_000)))

    report, _ = simulate(1, PARCELS, scenario="fault-transfer-slip", lines=far)

    slipped = report["belt"]["faults"]["transfer_slip"]
    assert slipped > 0
    assert sum(report["release"]["lost_by_cause"].values()) >= slipped
    assert set(report["truth"].values()) == {0}


def test_the_boards_of_three_belts_speak_their_bytes() -> None:
    lines = replace(find("line-transfer").lines, over_bytes=True)

    report, details = simulate(1, 12, scenario="line-transfer", lines=lines)

    assert details == ()
    assert report["parcels"]["departed"] > 6


def test_another_process_with_another_hash_seed_gives_the_same_digest() -> None:
    program = "from simulators.simulate import simulate; print(simulate(3, 40, scenario='line-transfer')[0]['digest'])"

    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
            capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(digests) == 1


@pytest.mark.parametrize(
    ("layout", "more", "said"),
    [
        ("series", "[fault_ppm]\njammed = 10", "jammed does not happen on line l1"),
        ("quiet", "[fault_ppm]\ntransfer_slip = 10", "transfer_slip does not happen on line l1"),
        ("quiet", '[belt]\nstop = { belt = "main", every = "60 s", lasts = "5 s" }', "no belt"),
        ("series", '[belt]\nstop = { belt = "tunel", every = "60 s", lasts = "5 s" }', "no belt"),
    ],
)
def test_what_is_not_simulated_on_a_layout_is_refused(
    tmp_path: Path, layout: str, more: str, said: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'about = "Mine."\nlayout = "{FOLDER}/layouts/{layout}.toml"\n\n{more}\n')

    with pytest.raises(ConfigFaults, match=said):
        read(file)


def test_a_stop_leaves_the_belt_time_to_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    stop = 'stop = { belt = "tunnel", every = "5 s", lasts = "5 s" }'
    file.write_text(f'about = "Mine."\nlayout = "{FOLDER}/layouts/series.toml"\n\n[belt]\n{stop}\n')

    with pytest.raises(ConfigFaults, match="every"):
        read(file)


def test_what_happens_on_belts_in_series_is_among_the_faults_of_a_line() -> None:
    assert set(ABLE) <= set(find("line-transfer").lines.rates_ppm)
