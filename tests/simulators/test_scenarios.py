"""Scenario files: every shipped one runs without a fault of the truth; a bad one is told in one clear line."""

import json
from pathlib import Path

import pytest

from edge.cli import main
from hub_config.load import ConfigFaults, check
from simulators.line_faults import LINE_RATES_PPM
from simulators.mistakes import RATES_PPM
from simulators.network import Outage
from simulators.parcels import TROUBLE_PPM, USUAL, stream
from simulators.practice import EXAMPLE, practice_signer
from simulators.scenario import FOLDER, ScenarioError, find, read, shipped
from simulators.simulate import simulate
from simulators.traffic import USUAL as USUAL_TRAFFIC

PARCELS = 30
GOOD = f"""about = "A line."
layout = "{EXAMPLE}"
lines = 1
benches = false
"""


@pytest.mark.parametrize("name", [name for name in shipped() if name != "line-swap"])
def test_a_shipped_scenario_runs_and_its_truth_has_no_fault(name: str) -> None:
    report, details = simulate(7, PARCELS, scenario=name)

    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["events"]["pending"] == report["events"]["duplicates"] == 0
    assert sum(report["parcels"].values()) == 2 * PARCELS  # entered, and where each is


def test_exchanged_parcels_are_counted_and_so_are_those_that_leave_under_a_wrong_name() -> None:
    report, _ = simulate(1, 120, scenario="line-swap")
    swaps, truth = report["swaps"], report["truth"]

    assert 0 < swaps["exchanged"] <= 2 * report["belt"]["faults"]["swapped"]
    assert swaps["left_free"] + swaps["caught"] == swaps["exchanged"]
    assert sum(swaps["held_by"].values()) == swaps["caught"]
    assert truth["wrong_identity"] >= swaps["left_free"] > 0
    assert truth["unaccounted"] == truth["wrong_weight"] == 0


@pytest.mark.parametrize("name", ["line-dense", "line-worst", "line-swap"])
def test_one_seed_gives_one_digest(name: str) -> None:
    one, other, third = (simulate(seed, PARCELS, scenario=name)[0]["digest"] for seed in (3, 3, 4))

    assert one == other != third


@pytest.mark.parametrize("name", ["bench", "demo", "lines"])
def test_scenarios_older_than_their_files_draw_what_they_drew_before(name: str) -> None:
    """The numbers that were constants of the code stand in the files now."""
    scenario = find(name)

    assert scenario.goods == USUAL
    assert scenario.lines.traffic == USUAL_TRAFFIC
    assert {fault: ppm for fault, ppm in scenario.lines.rates_ppm.items() if ppm} == (
        {} if name == "bench" else {fault: ppm for fault, ppm in LINE_RATES_PPM.items() if ppm}
    )
    assert dict(scenario.mistakes_ppm) == ({} if name == "lines" else dict(RATES_PPM))
    assert stream(7, 5, scenario.goods) == stream(7, 5)
    assert scenario.goods.trouble_ppm == TROUBLE_PPM


def test_every_fault_of_a_line_has_a_scenario_of_its_own() -> None:
    alone = {
        fault: find(f"fault-{fault.replace('_', '-')}").lines.rates_ppm
        for fault in LINE_RATES_PPM
        if fault != "swapped"  # line-swap
    }

    for fault, rates in alone.items():
        assert [name for name, ppm in rates.items() if ppm] == [fault]


@pytest.mark.parametrize("layout", sorted((FOLDER / "layouts").glob("*.toml")), ids=lambda path: path.stem)
def test_every_layout_passes_the_check_of_configurations(layout: Path) -> None:
    assert check(layout) == []


def test_the_dense_line_is_offered_8000_parcels_an_hour_and_diverts_with_100_mm_around_them() -> None:
    dense = find("line-dense")
    line = dense.config(practice_signer("coordinator")).lines[0]

    assert dense.offered_per_h(line) >= 8_000
    assert {line.gap_needed_um(one) for one in line.diverters} == {100_000}
    assert line.belt.speed_mm_s == 2_000
    assert dense.lines.traffic.gap.least_um == 50_000


def test_a_hub_has_as_many_lines_as_its_scenario_says_each_with_its_own_devices() -> None:
    config = find("hub-kul").config(practice_signer("coordinator"))

    assert [line.id for line in config.lines] == [f"l{number}" for number in range(1, 17)]
    assert config.benches == ()
    assert len({device.id for device in config.devices}) == len(config.devices) == 48


def test_while_the_coordinator_is_away_parcels_leave_on_vouchers_or_are_held_and_nothing_is_lost() -> None:
    report, _ = simulate(2, PARCELS, scenario="outage-24h")

    alone, parcels = report["offline"], report["parcels"]
    assert parcels["held"] + parcels["departed"] == parcels["entered"] == PARCELS
    assert parcels["departed"] == alone["released"] == alone["reconciled"] > 0
    assert (alone["conflicts"], alone["recalls"]) == (0, 0)
    assert alone["levels"] == {"0": 2, "1": 1, "2": 1}
    assert set(report["truth"].values()) == {0}
    assert report["events"]["acknowledged"] == report["events"]["journalled"]


def test_minutes_give_the_number_of_parcels_and_shorten_outages_in_proportion() -> None:
    outage, quiet = find("outage-24h"), find("line-quiet")
    config = quiet.config(practice_signer("coordinator"))

    assert outage.count(config, None, 60) == 833
    assert outage.network_of(1_000, 60).outages == (Outage(0, 3_600_000_000_000),)
    assert outage.network_of(outage.parcels // 24, 60).outages == (Outage(0, 3_600_000_000_000),)
    assert abs(quiet.count(config, None, 20) - 10 * quiet.count(config, None, 2)) <= 10
    assert quiet.count(config, 5, 60) == 5
    with pytest.raises(ScenarioError, match="has no line"):
        find("bench").count(find("bench").config(practice_signer("coordinator")), None, 1)


@pytest.mark.parametrize(
    ("more", "where", "what"),
    [
        ("parcels_defualt = 3\n", "parcels_defualt", 'did you mean "parcels_default"?'),
        ("[fault_ppm]\nno_raed = 3\n", "fault_ppm.no_raed", 'did you mean "no_read"?'),
        ("[fault_ppm]\nno_read = 0.01\n", "fault_ppm.no_read", "0.01 is no share"),
        ("[fault_ppm]\nno_read = 1_000_001\n", "fault_ppm.no_read", "from 0 to 1000000"),
        ("[mistake_ppm]\nfalls_asleep = 1\n", "mistake_ppm.falls_asleep", "unknown key"),
        ('[feeder]\nleast = "50"\n', "feeder.least", "has no unit"),
        ('[feeder]\nleast = "2 m"\n', "feeder.most", "most is below least"),
        (
            '[[parcels.forms]]\nname = "box"\nshare_ppm = 1_000_000\nleast = "60 mm"\n'
            'marks = [ { share_ppm = 1_000_000, below = "300 mm" } ]\n',
            "parcels", "parcels are 60 mm short",
        ),
        ('[feeder]\nleast = "30 mm"\n', "feeder", "gaps of 30 mm are too small"),
        ('[scale]\nrecord_to = "2 s"\n', "scale", "later than the layout's scale says"),
        ("[parcels]\ntrouble_ppm = { torn = 600_000, heavy = 500_000 }\n", "parcels.trouble_ppm", "1100000 together"),
        ('[[parcels.forms]]\nname = "box"\nshare_ppm = 1_000_000\nleast = "1 m"\n'
         'marks = [ { share_ppm = 1_000_000, below = "2 m" } ]\n', "parcels", "up to 2000 mm long"),
        ('[[parcels.forms]]\nname = "box"\nshare_ppm = 999_999\nleast = "100 mm"\n'
         'marks = [ { share_ppm = 1_000_000, below = "200 mm" } ]\n', "parcels.forms", "exactly 1000000"),
        ('[[parcels.forms]]\nname = "box"\nshare_ppm = 1_000_000\nleast = "100 mm"\n'
         'marks = [ { share_ppm = 900_000, below = "200 mm" } ]\n',
         "parcels.forms[0].marks[0]", "last share is 900000"),
        ('[network]\noutages = [ { lasts = "1 h" } ]\n', "lasts", "the key lasts is missing"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_fault_that_names_file_and_field(
    tmp_path: Path, more: str, where: str, what: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD + more)

    with pytest.raises(ConfigFaults) as refused:
        read(file)

    (fault,) = refused.value.faults
    assert fault.file == str(file)
    assert fault.where.startswith(where)
    assert what in str(fault)


def test_a_layout_that_is_not_there_or_has_no_line_left_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, what in (
        (GOOD.replace(str(EXAMPLE), "nowhere.toml"), "there is no file"),
        (GOOD.replace("lines = 1", "lines = 0"), "no bench and no line is left"),
        (GOOD.replace(str(EXAMPLE), str(EXAMPLE.with_name("bench.toml"))), "has no line"),
    ):
        file.write_text(text)

        with pytest.raises(ConfigFaults, match=what):
            read(file)


def test_the_command_lists_runs_a_file_of_ones_own_and_refuses_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD)

    assert main(["simulate", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name} " in listed for name in shipped())

    assert main(["simulate", str(file), "--seed", "3", "--parcels", "4"]) == 0
    assert json.loads(capsys.readouterr().out)["scenario"] == "mine"

    file.write_text(GOOD + "[belt]\nslippery = 1\n")
    assert main(["simulate", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"hub simulate: {file}:6: belt.slippery: unknown key")
    assert told.count("\n") == 1

    with pytest.raises(SystemExit):
        main(["simulate", "line-dens"])
    assert "did you mean line-dense?" in capsys.readouterr().err
