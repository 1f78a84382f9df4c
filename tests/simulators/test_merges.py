"""Simulated merges: parcels of a side belt come when their turn is, and what the gateway makes of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from hub_config.load import ConfigFaults, load
from hub_config.names import SECOND, Instant
from simulators.feeding import Feeding
from simulators.line_faults import LINE_RATES_PPM, line_plan
from simulators.parcels import stream
from simulators.scenario import find
from simulators.series import Series
from simulators.simulate import simulate
from simulators.traffic import USUAL, BeltStop

FOLDER = Path(__file__).parents[2] / "simulators" / "scenarios"
LINE = load(FOLDER / "layouts" / "merge.toml").lines[0]
SIDE = 3
BEGAN, TURN = Instant(0), Instant(5 * SECOND)
NO_FAULTS = dict.fromkeys(LINE_RATES_PPM, 0)
MERGE_UM = LINE.belts[1].start_um


@pytest.mark.parametrize("stop", [None, BeltStop("tunnel", 6 * SECOND, SECOND)])
@pytest.mark.parametrize("slow", [False, True])
def test_a_parcel_comes_to_the_merge_when_it_would_have_come_by_the_first_belt(
    stop: BeltStop | None, slow: bool
) -> None:
    side = LINE.sides[0].model_copy(update={"speed_mm_s": 400}) if slow else LINE.sides[0]
    series = Series(
        LINE.model_copy(update={"sides": (side.model_copy(update={"slip_um": 0}),)}), BEGAN, 7, stop
    )
    for parcel in stream(7, 20):
        plan = replace(line_plan(7, parcel, NO_FAULTS, USUAL), creep_ppm=0)
        there = []
        for fed in (0, SIDE):
            starts = series.sets_down_at(TURN, fed, plan.length_um)
            assert starts >= TURN
            way = series.motion(starts, plan, parcel.number, fed)
            there.append(
                starts + way.front_ns(MERGE_UM + plan.length_um // 2 - LINE.belts[1].takes_over_um - 1)
            )
        first, aside = there

        assert (
            abs(first - aside) < 60_000 * SECOND // 400_000 + 1
        )  # the first belt's parcel slips within its slip


def test_about_as_many_parcels_come_by_the_side_belt_as_the_feeder_says() -> None:
    feeding = Feeding(LINE, 3, {"side": 400_000})
    parcels = list(stream(3, 1_000))

    aside = sum(feeding.belt_for(parcel) == SIDE for parcel in parcels)

    assert 350 < aside < 450
    assert {Feeding(LINE, 3, {}).belt_for(parcel) for parcel in parcels} == {0}


def test_a_parcel_passes_the_beams_of_its_own_belt_and_those_behind_the_merge() -> None:
    feeding = Feeding(LINE, 3, {"side": 400_000})

    assert [beam.id for beam in feeding.beams(SIDE)] == ["side-in", "over", "scale", "out", "gate", "end"]
    assert [beam.id for beam in feeding.beams(0)] == ["in", "over", "scale", "out", "gate", "end"]
    assert (feeding.carries(SIDE, MERGE_UM - 1), feeding.carries(SIDE, MERGE_UM)) == (SIDE, 1)


def test_the_scenario_has_nothing_wrong_and_nearly_all_that_can_leave_does() -> None:
    report, details = simulate(2, 300, scenario="line-merge")

    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["release"]["oracle_share"] - report["release"]["share"] <= 0.03
    assert report["release"]["oracle_share"] > 0.7


def test_over_bytes_it_is_the_same_merge() -> None:
    lines = replace(find("line-merge").lines, over_bytes=True)

    report, details = simulate(1, 12, scenario="line-merge", lines=lines)

    assert details == ()
    assert report["release"]["share"] > 0.5


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ('[feeder]\nsides = [ { belt = "sied", share_ppm = 100 } ]', "has no side belt"),
        ('[feeder]\nsides = [ { belt = "side", share_ppm = 9 }, { belt = "side", share_ppm = 9 } ]', "twice"),
        ('[belt]\nstop = { belt = "induct", every = "60 s", lasts = "5 s" }', "while a side belt runs on"),
    ],
)
def test_what_is_not_simulated_of_a_merge_is_refused(tmp_path: Path, what: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'about = "Mine."\nlayout = "{FOLDER}/layouts/merge.toml"\n\n{what}\n')

    with pytest.raises(ConfigFaults) as refused:
        find(file)

    assert said in str(refused.value)
