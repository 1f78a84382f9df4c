"""The operator against a tiny gateway: every mistake ends, nothing is put where the screen did not say."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_gateway
from tiny_gateway import BAYS, BenchRun

from hub_config.names import SECOND
from simulators.mistakes import RATES_PPM, Mistake
from simulators.parcels import Parcel, Trouble, stream

NONE: Mapping[Mistake, int] = {}
GOOD = [parcel for parcel in stream(11, 60) if parcel.trouble == "ok"]


def renumbered(parcels: list[Parcel]) -> list[Parcel]:
    return [replace(parcel, number=number) for number, parcel in enumerate(parcels, start=1)]


def good(n: int) -> list[Parcel]:
    return renumbered(GOOD[:n])


def test_a_practised_operator_needs_little_more_than_a_second_for_a_good_parcel() -> None:
    run = BenchRun(1, good(20), NONE).until_done(100)

    assert run.bench.done
    assert set(run.lanes.values()) == {"green"}
    assert run.world.now < 20 * 1.5 * SECOND


def test_pace_shortens_what_the_operator_does() -> None:
    slow, fast = (BenchRun(1, good(10), NONE, pace=pace).until_done(200) for pace in (2.0, 0.5))

    assert fast.world.now < 0.7 * slow.world.now


@pytest.mark.parametrize("mistake", RATES_PPM)
def test_every_mistake_ends_and_the_parcel_gets_where_it_belongs(mistake: Mistake) -> None:
    run = BenchRun(2, good(8), {mistake: 1_000_000}).until_done(400)

    assert run.bench.done
    if not mistake.startswith("next_label"):  # a foreign label makes a release doubtful: that parcel is held
        assert set(run.lanes.values()) == {"green"}


@pytest.mark.parametrize("trouble", ["two_labels", "torn", "bad_check", "undeclared", "over_limit"])
def test_a_parcel_in_trouble_ends_in_the_bay_the_screen_says(trouble: Trouble) -> None:
    odd = [parcel for parcel in stream(3, 4_000) if parcel.trouble == trouble][:4]
    run = BenchRun(3, renumbered(odd), NONE).until_done(400)

    assert run.bench.done
    assert set(run.lanes.values()) == {"hold"}


@pytest.mark.parametrize("seed", range(4))
def test_all_mistakes_at_once_still_end(seed: int) -> None:
    many = {mistake: min(400_000, 20 * rate) for mistake, rate in RATES_PPM.items()}
    parcels = stream(seed, 60)
    run = BenchRun(seed, parcels, many).until_done(1_200)

    assert run.bench.done
    assert not any(
        lane == "green" and not parcels[number - 1].releasable for number, lane in run.lanes.items()
    )


def test_every_parcel_lies_in_the_bay_whose_barcode_the_gateway_took() -> None:
    run = BenchRun(4, stream(4, 60)).until_done(600)
    said = [line.split()[2:] for line in run.gateway.log if " placed " in line]

    assert said == [[placed.visit, placed.bay] for placed in run.bench.placed.values()]


def test_a_lost_screen_stops_all_hands_until_it_is_back() -> None:
    run = BenchRun(5, good(6), NONE)
    run.until(100, lambda: run_has_placed(run, 2))
    run.gateway.dark = True
    run.bench.look(None)
    before = [line for line in run.gateway.log if " scanner " in line]
    placed = dict(run.bench.placed)

    run.until(60, lambda: False)
    assert run.bench.placed == placed
    assert len([line for line in run.gateway.log if " scanner " in line]) <= len(before) + 1  # one on its way

    run.gateway.dark = False
    assert run.until_done(200).bench.done


def run_has_placed(run: BenchRun, n: int) -> bool:
    return len(run.bench.placed) >= n


@pytest.mark.parametrize("phase", ["measuring", "asking", "placing"])
def test_after_a_restart_of_the_gateway_the_parcel_in_hand_is_started_again(phase: str) -> None:
    run = BenchRun(6, good(5), NONE)
    run.until(100, lambda: run_has_placed(run, 2) and run.gateway.phase == phase)
    run.bench.look(None)
    run.gateway.restart()

    assert run.until_done(200).bench.done
    assert set(run.lanes.values()) == {"green"}
    assert run.gateway.visits == 6


def test_a_wrong_bay_is_followed_by_the_right_one() -> None:
    run = BenchRun(7, good(3), {"wrong_bay": 1_000_000}).until_done(100)
    bays = [line for line in run.gateway.log if any(code in line for code in BAYS.values())]

    assert len(bays) == 6
    assert set(run.lanes.values()) == {"green"}


def test_the_operator_gives_up_a_screen_that_never_answers_by_starting_again() -> None:
    run = BenchRun(8, good(1), NONE)
    run.gateway.answer = lambda: None  # type: ignore[method-assign]
    run.until(100, lambda: run.gateway.phase == "asking")
    run.until(200, lambda: False)

    assert not run.bench.done
    assert run.bench.operator.in_hand == (1,)


def test_what_happened_keeps_each_reading_with_its_true_parcel() -> None:
    run = BenchRun(9, good(12), {"next_label_bay": 400_000, "leaves_residue": 400_000}).until_done(400)
    assert run.bench.done
    early = 0
    for happened, parcel in zip(run.bench.happened(), run.parcels, strict=True):
        assert {sent.data for sent in happened.scans} <= {code.data for code in parcel.labels}
        assert happened.weights
        assert all(abs((told.mass_mg or 0) - parcel.mass_mg) <= 5_000 for told in happened.weights)
        early += sum(sent.during != parcel.number for sent in happened.scans)
    assert early > 0


def test_the_transcript_is_the_same_in_two_processes_with_different_hash_seeds() -> None:
    def transcript(seed: int, hash_seed: str) -> str:
        script = str(Path(tiny_gateway.__file__))
        command = [sys.executable, script, str(seed), "40"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    first = transcript(1, "0")
    assert len(first) > 10_000
    assert first == transcript(1, "4242")
    assert first != transcript(2, "0")
