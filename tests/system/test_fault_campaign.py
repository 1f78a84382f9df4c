"""The short form of `hub campaign faults`: each fault under load, and nothing lost, doubled or wrong."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from brokers import need

from simulators import silent_link, small_disk
from simulators.board_resets import WORKS_WITHIN_S
from simulators.campaign import main
from simulators.fault_campaign import KILLS, campaign
from simulators.fault_trial import SHORT

pytestmark = pytest.mark.system


def run(tmp_path: Path, *words: str) -> dict[str, Any]:
    """The report of a campaign that found nothing."""
    need("mosquitto")
    told = tmp_path / "faults.json"
    code = main(["faults", *words, "--seed", "3", "--json", str(told)])
    report: dict[str, Any] = json.loads(told.read_text())
    assert code == 0, report
    assert (report["lost"], report["doubled"], report["wrong_release"], report["faults"]) == (0, 0, 0, [])
    return report


def test_after_six_kills_nothing_is_lost_doubled_or_wrong(tmp_path: Path) -> None:
    report = run(tmp_path, "--kills", "6")

    assert report["kills"]["gateway"] == report["kills"]["broker"] == report["kills"]["coordinator"] == 2
    assert report["events"] > 50
    assert report["again"] == "hub campaign faults --part kills --kills 6 --seed 3"


def test_a_campaign_that_is_stopped_judges_what_it_has_done() -> None:
    need("mosquitto")

    def ctrl_c(_killed: str) -> None:
        raise KeyboardInterrupt

    report = campaign(("kills", "twin"), 6, 3, SHORT, ctrl_c)

    assert (report["good"], report["stopped"]) == (True, True)
    assert list(report["parts"]) == ["kills"]  # the next part is not begun
    assert sum(report["kills"][name] for name in KILLS if name in report["kills"]) == 1
    assert report["events"] > 0


def test_a_link_cut_silently_for_two_seconds_costs_nothing_but_time(tmp_path: Path) -> None:
    (part,) = run(tmp_path, "--short", "--part", "link-cut")["parts"].values()

    if "skipped" in part:
        pytest.skip(part["skipped"])
    assert (part["times"], part["seconds"]) == (1, 2.0)
    assert part["events_meanwhile"] > 50


def test_a_broker_gone_for_three_seconds_leaves_what_was_journalled_meanwhile_to_come_later(
    tmp_path: Path,
) -> None:
    (part,) = run(tmp_path, "--short", "--broker-gone", "3")["parts"].values()

    assert part["seconds"] == 3.0
    assert part["events_meanwhile"] > 50


def test_a_disk_filled_to_its_last_block_stops_the_line_and_loses_nothing(tmp_path: Path) -> None:
    (part,) = run(tmp_path, "--short", "--part", "disk-full")["parts"].values()

    if "skipped" in part:
        pytest.skip(part["skipped"])
    assert (part["times"], part["killed_on_the_full_disk"]) == (2, 1)


def test_every_line_of_a_burst_and_every_scanner_put_back_is_read(tmp_path: Path) -> None:
    parts = run(tmp_path, "--short", "--part", "bursts", "--part", "replug")["parts"]

    assert parts["bursts"]["lines_read"] == parts["bursts"]["lines_written"] == 400
    assert parts["bursts"]["of_them_rejected"] > 0  # a bench takes two labels at a time
    assert parts["replug"]["scanners_read_in_the_end"] == parts["replug"]["scanners"] == 12


def test_a_copy_of_the_gateway_refuses_to_start_and_the_first_notices_nothing(tmp_path: Path) -> None:
    (part,) = run(tmp_path, "--short", "--part", "twin")["parts"].values()

    assert (part["refused"], part["connections_lost_by_the_first"]) == (part["times"], 0)


def test_a_board_that_restarts_under_parcels_costs_no_event_and_no_wrong_release_and_the_line_goes_on(
    tmp_path: Path,
) -> None:
    (part,) = run(tmp_path, "--short", "--part", "board-reset")["parts"].values()

    assert part["times"] == 1
    assert part["longest_until_one_of_them_has_departed_s"] <= WORKS_WITHIN_S
    assert part["departed"] > 0


def test_without_the_right_to_make_a_network_or_mount_a_disk_these_parts_are_skipped_in_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(words: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(words, 1, "", "Operation not permitted")

    monkeypatch.setattr(silent_link.subprocess, "run", refused)
    monkeypatch.setattr(small_disk.subprocess, "run", refused)

    assert main(["faults", "--short", "--part", "link-cut", "--part", "disk-full"]) == 0
    told = capsys.readouterr()
    assert [line.split(": ")[1] for line in told.err.splitlines()] == [
        "link-cut skipped",
        "disk-full skipped",
    ]
    assert told.err.count("Operation not permitted; run it as root") == 2
    assert json.loads(told.out)["events"] == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [("--kills", "0"), ("--kills", "many"), ("--kills", "10001"), ("--broker-gone", "0"), ("--broker-gone", "x"),
     ("--part", "hubs")],
)  # fmt: skip
def test_a_number_or_a_part_that_makes_no_sense_is_wrong_use(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faults", option, value])

    assert ended.value.code == 2
