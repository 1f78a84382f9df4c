"""A line that reads, weighs and measures: no release rests on another parcel's box, whatever the dimensioner does."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.commands.why import text_of
from edge.rim.replayed import stories
from hub_config.load import ConfigFaults
from simulators.line_plant import LineOptions
from simulators.parcels import stream
from simulators.scenario import FOLDER, find, read
from simulators.simulate import simulate
from simulators.sizing import DIMS_FAULTS, DimsFault

PARCELS = 60
OFTEN_PPM = 150_000


def lines(rates_ppm: Mapping[DimsFault, int]) -> LineOptions:
    usual = find("line-dws").lines
    sizing = replace(usual.traffic.sizing, rates_ppm=rates_ppm)
    return replace(usual, rates_ppm={}, traffic=replace(usual.traffic, sizing=sizing))


def ran(rates_ppm: Mapping[DimsFault, int], seed: int = 3, count: int = PARCELS) -> dict[str, Any]:
    report, details = simulate(seed, count, scenario="line-dws", lines=lines(rates_ppm))
    assert details == ()
    assert set(report["truth"].values()) == {0}
    return report


def test_with_a_good_dimensioner_every_parcel_is_asked_about_with_its_box() -> None:
    report = ran({})

    assert report["dims"]["asked_with"] == report["dims"]["asked"] > PARCELS * 3 // 4
    assert report["release"]["share"] == report["release"]["oracle_share"]


@pytest.mark.parametrize("fault", DIMS_FAULTS)
def test_each_fault_of_a_dimensioner_alone_makes_no_wrong_release(fault: DimsFault) -> None:
    report = ran({fault: OFTEN_PPM})

    assert report["dims"]["faults"][fault] > 0
    assert report["truth"]["wrong_dims"] == 0


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_all_its_faults_together_make_none(seed: int) -> None:
    ran(dict.fromkeys(DIMS_FAULTS, 40_000), seed)


def test_a_record_that_counts_for_nobody_costs_its_parcel_the_free_lane() -> None:
    report = ran({"lost_dims": OFTEN_PPM})
    lost = report["dims"]["faults"]["lost_dims"]

    assert report["dims"]["asked_with"] <= report["dims"]["asked"] - lost + PARCELS - report["dims"]["asked"]
    assert report["release"]["share"] <= report["release"]["oracle_share"]


def test_one_seed_gives_one_digest_and_the_trace_tells_whose_box_a_record_was(tmp_path: Path) -> None:
    trace = tmp_path / "run.trace"
    one, _ = simulate(4, 20, scenario="line-dws", record=trace)
    other, _ = simulate(4, 20, scenario="line-dws")
    code = next(parcel.items[0].data for parcel in stream(4, 20, find("line-dws").goods) if parcel.releasable)
    (story,) = stories(trace, code)
    text = text_of(story)

    assert one["digest"] == other["digest"]
    assert "dimensions" in [entry.what for entry in story.entries]
    assert " mm ± 8 mm (cuboid) by dim-1, record " in text
    assert "by dim-1: its own" in text
    assert " mm, until " in text


def test_parcels_of_a_layout_without_a_dimensioner_have_no_sides() -> None:
    assert find("line-dws").goods.sized
    assert not find("line-quiet").goods.sized
    assert {parcel.sides_um for parcel in stream(1, 20)} == {None}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'rules = "rules/dws.toml"',
            'rules = "rules/nowhere.toml"',
            "a rule pack, named from the folder of this file",
        ),
        (
            'record_to = "260 ms"',
            'record_to = "600 ms"',
            "records may come later than the layout's dimensioner says",
        ),
        ('error = "3 mm"', 'error = "3 kg"', "dimensioner.error"),
        ("late_dims = 2_000", "late_dim = 2_000", 'did you mean "late_dims"?'),
    ],
)
def test_a_scenario_that_does_not_fit_its_layout_is_told_in_words(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (FOLDER / "line-dws.toml").read_text(encoding="utf-8").replace(old, new)
    text = text.replace('"layouts/', f'"{FOLDER}/layouts/').replace('"rules/', f'"{FOLDER}/rules/')
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigFaults) as refused:
        read(file)

    assert any(said in str(fault) for fault in refused.value.faults), refused.value.faults
