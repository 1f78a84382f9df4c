"""`hub coordinator export` of a database that can't be read: one sentence, and no half of a file."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from coordinator_hall import Hall, code, visit

from edge.wire.verifier import Checked
from simulators.coordinator import kept_events
from simulators.coordinator.export import main
from simulators.coordinator.tables import DATABASE

EPCIS = ("epcis", "--offset", "+08:00")


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / DATABASE, mode="live")


def some(hall: Hall) -> list[Checked]:
    codes = [code("RR473124829MY")]
    arrived = hall.event("parcel.arrived", visit(1), codes=codes)
    mass = {"mg": 1_234_500, "u_mg": 5_000, "e_mg": 5_000, "tare_mg": 0, "rec": 7, "dev": "scale-1"}
    measured = hall.event("parcel.measured", visit(1), codes=codes, mass=mass)
    return [arrived, measured, *(hall.event("parcel.identified", visit(1), codes=codes) for _ in range(2))]


def fault(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    code = main(["export", *(words or ("cloudevents",)), "--data", str(folder)])
    said = capsys.readouterr().err.rstrip("\n")
    assert code == 1
    assert said.startswith("hub coordinator export: ")
    assert "\n" not in said
    return said


def test_a_folder_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"no {DATABASE} in {tmp_path}; name the coordinator's --data folder" in fault(capsys, tmp_path)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA user_version = 9", "tables of version 9, wanted is 4: name a coordinator's folder, or go on"),
        ("PRAGMA user_version = 3", "tables of version 3, wanted is 4: start the coordinator once"),
        ("DROP TABLE facts", "is no database of a coordinator (no such table: facts)"),
        ("UPDATE events SET data = replace(data, '1234500', '1234501')", "is damaged: event 2 is not what its id says"),
    ],
)  # fmt: skip
def test_another_version_and_what_was_changed_by_hand(
    hall: Hall, capsys: pytest.CaptureFixture[str], statement: str, said: str
) -> None:
    hall.take(*some(hall))
    hall.store.close()
    with closing(sqlite3.connect(hall.path, isolation_level=None)) as connection:
        connection.execute(statement)

    assert said in fault(capsys, hall.path.parent)
    assert said in fault(capsys, hall.path.parent, *EPCIS)


def test_a_damaged_store_leaves_no_half_of_a_file_and_the_last_one_as_it_was(
    hall: Hall, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fault comes after some events have been written."""
    hall.take(*some(hall))
    folder, out = hall.path.parent, hall.path.parent / "out.jsonl"
    assert main(["export", "cloudevents", "--data", str(folder), "--out", str(out)]) == 0
    whole = out.read_text()
    capsys.readouterr()
    with hall.store.transaction():
        hall.store.connection.execute("UPDATE events SET data = replace(data, 'b1', 'b2') WHERE seq = 4")

    said = fault(capsys, folder, "cloudevents", "--out", str(out))
    assert said.endswith("is damaged: event 4 is not what its id says; restore a backup")
    assert out.read_text() == whole
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_pages_that_are_damaged(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    hall.take(*some(hall))
    hall.store.close()
    raw = bytearray(hall.path.read_bytes())
    for page in range(4_096, len(raw), 4_096):  # all but the first, with its table of tables
        raw[page : page + 64] = b"\xff" * 64
    hall.path.write_bytes(raw)

    assert "is damaged (database disk image is malformed): restore a backup" in fault(
        capsys, hall.path.parent
    )


def test_a_file_that_is_no_database_or_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / DATABASE
    path.write_bytes(b"no database" * 1_000)
    assert "is no database (file is not a database): name a coordinator's folder" in fault(capsys, tmp_path)
    path.write_bytes(b"")
    assert "is empty: no coordinator has set it up yet" in fault(capsys, tmp_path)


def test_a_database_that_another_program_holds_for_itself(
    hall: Hall, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_events, "BUSY_S", 0)
    hall.store.close()
    with closing(sqlite3.connect(hall.path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")

        assert "another program holds" in fault(capsys, hall.path.parent)


def test_a_number_that_the_database_does_not_reach(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    hall.take(*some(hall))

    assert "--after 5: wanted is 0 to 4, its newest event" in fault(
        capsys, hall.path.parent, "cloudevents", "--after", "5"
    )


def test_a_pipe_is_written_as_it_is(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    hall.take(*some(hall))
    read, write = os.pipe()
    code = main(["export", "cloudevents", "--data", str(hall.path.parent), "--out", f"/dev/fd/{write}"])
    os.close(write)
    with os.fdopen(read) as lines:
        assert (code, len(lines.readlines())) == (0, 4)
    assert "4 CloudEvents of 4 events" in capsys.readouterr().err
