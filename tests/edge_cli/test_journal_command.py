"""`hub journal`: what a person or a program is told of a journal, beside the gateway that writes it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from edge.commands.journal import main
from edge.core.event import Event, Mass, WallTime
from edge.core.snapshot import Balance
from edge.rim.journal import JOURNAL_FILE, Journal
from edge.wire.envelope import EventContext
from edge.wire.messages import Ack
from edge.wire.signing import Signer
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LineId, VisitId

SIGNER = Signer(SigningKey(bytes(range(32))))


def context(epoch: int) -> EventContext:
    return EventContext(
        HubId("MY-KUL-1"), GatewayId("gw-03"), "practice", epoch, "0.1.0", "ab" * 32, {}, bytes(32)
    )


def arrived(number: int) -> tuple[int, Event]:
    visit, wall = VisitId(f"visit-{number}"), WallTime(1_795_306_502_123_456, 1_500, "ntp")
    return number, Event("parcel.arrived", LineId("b1"), visit, Instant(number), wall)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / JOURNAL_FILE, context, SIGNER)
    rows = made.append([arrived(number) for number in range(1, 6)])
    made.acknowledge(Ack(1, 3, rows[2].id))
    made.keep_cursor()
    return made


def said(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, status: int = 0) -> str:
    assert main([*words, "--data", str(folder)]) == status
    return capsys.readouterr().out


def test_the_balance_is_two_sums_for_a_person_and_numbers_for_a_program(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, tmp_path, "balance").splitlines() == [
        "events    journalled 5 = acknowledged 3 + pending 2", "adds up",
    ]  # fmt: skip
    journal.keep_balance(Balance(12, 9, (("bad_frame", 2), ("not_now", 1))))

    assert "readings  read 12 = journalled 9 + rejected 3, bad_frame 2, not_now 1" in said(
        capsys, tmp_path, "balance"
    )
    assert json.loads(said(capsys, tmp_path, "balance", "--json")) == {
        "events": {"journalled": 5, "acknowledged": 3, "pending": 2},
        "readings": {"read": 12, "journalled": 9, "rejected": {"bad_frame": 2, "not_now": 1}},
        "holds": True,
    }


def test_a_balance_that_does_not_add_up_is_a_fault(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.keep_balance(Balance(12, 9, (("bad_frame", 2),)))
    assert said(capsys, tmp_path, "balance", status=1).endswith("DOES NOT ADD UP: run hub journal verify\n")

    journal.keep_balance(Balance(11, 9, (("bad_frame", 2),)))
    journal._connection.execute("DELETE FROM events WHERE seq = 5")
    assert json.loads(said(capsys, tmp_path, "balance", "--json"))["holds"]
    journal._connection.execute("DELETE FROM events WHERE seq = 1")

    assert not json.loads(said(capsys, tmp_path, "balance", "--json", status=1))["holds"]


@pytest.mark.usefixtures("journal")
def test_the_tail_is_lines_or_the_events_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, tmp_path, "tail", "-n", "2").splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["4", "parcel.arrived", "visit-4"],
        ["5", "parcel.arrived", "visit-5"],
    ]

    events = [json.loads(line) for line in said(capsys, tmp_path, "tail", "--json").splitlines()]

    assert [event["data"]["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert events[0]["specversion"] == "1.0"


def test_the_tail_follows_what_is_written(journal: Journal, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "edge.cli",
        "journal",
        "tail",
        "-n",
        "1",
        "--follow",
        "--data",
        str(tmp_path),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline().startswith("5 ")
        journal.append([arrived(6), arrived(7)])
        assert following.stdout.readline().startswith("6 ")
        assert following.stdout.readline().startswith("7 ")
        following.terminate()


def test_verify_says_how_far_others_vouch_for_it(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.checkpoint(0)

    assert said(capsys, tmp_path, "verify") == (
        "ok: 5 events, chain whole, 5 signatures good, acknowledged to 3; 1 checkpoints good, countersigned to 0; "
        "decisions of 0 visits kept\n"
    )
    told = json.loads(said(capsys, tmp_path, "verify", "--json"))
    assert (told["events"], told["checkpoints"], told["countersigned"], told["pruned"]) == (5, 1, 0, 0)


def test_a_fault_is_told_to_a_program_as_well(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(said(capsys, tmp_path, "verify", "--json"))["holds"]
    journal._connection.execute("UPDATE events SET kind = 'parcel.measured' WHERE seq = 4")

    told = json.loads(said(capsys, tmp_path, "verify", "--json", status=1))
    assert told["holds"] is False
    assert "the event with seq 4 is damaged (CRC)" in told["fault"]


def test_record_numbers_of_scales_and_the_ones_that_no_event_tells(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, tmp_path, "records") == "no scale or dimensioner has told a record number\n"
    weights = [
        Mass(DeviceId("wim-1"), 1_000, 5_000, 5_000, 0, None, "dynamic", "mid-awi", record=number)
        for number in (21, 24)
    ]
    measured = [replace(arrived(6)[1], kind="parcel.measured", mass=weight) for weight in weights]
    journal.append([(6, measured[0]), (7, measured[1])])

    assert said(capsys, tmp_path, "records").splitlines() == [
        "wim-1  records 21 to 24: 2 in events, 2 in none",
        "  22 to 23  between the events 6 and 7",
    ]
    (told,) = json.loads(said(capsys, tmp_path, "records", "--json"))
    assert told["gaps"] == [{"first": 22, "last": 23, "after_seq": 6, "before_seq": 7}]


def test_a_file_damaged_in_its_structure_is_one_sentence(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.close()
    path = tmp_path / JOURNAL_FILE
    raw = bytearray(path.read_bytes())
    raw[4_096:8_192] = bytes(4_096)
    path.write_bytes(raw)

    assert main(["verify", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
