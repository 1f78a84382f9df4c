"""What the journal notices: changed bytes, missing rows, a lost end, a killed process."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_samples import event, open_journal, parcels

from edge.rim import journal as journal_module
from edge.rim.journal import JournalFault, JournalReader
from edge.wire.messages import Ack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with ten events, seven of them acknowledged, closed."""
    journal = open_journal(tmp_path)
    rows = journal.append(parcels(10))
    journal.acknowledge(Ack(1, 7, rows[6].id))
    journal.close()
    return tmp_path


def change(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "journal.db", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "column",
    ["id = id || 'x'", "line = 'l9'", "visit = NULL", "kind = 'parcel.departed'", "sig = NULL", "kid = 'other'",
     "body = CAST(replace(CAST(body AS TEXT), '01a2', '01a3') AS BLOB)", "body = CAST(body AS TEXT)",
     "crc = crc + 1", "line = CAST(x'ff' AS TEXT)"],
)  # fmt: skip
def test_a_change_in_any_column_is_found_when_the_row_is_read(folder: Path, column: str) -> None:
    change(folder, f"UPDATE events SET {column} WHERE seq = 5")  # noqa: S608
    reader = JournalReader(folder / "journal.db")

    assert len(reader.pending(0, 4)) == 4
    with pytest.raises(JournalFault, match="seq 5 is damaged"):
        reader.pending(0, 10)
    with pytest.raises(JournalFault, match="seq 5 is damaged"):
        reader.verify()
    with pytest.raises(JournalFault, match="seq 5 is damaged"):
        open_journal(folder)


def test_a_byte_flipped_in_the_file_inside_a_row_is_found(folder: Path) -> None:
    path = folder / "journal.db"
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b'"kind":"parcel.arrived"', 0, raw.rindex(b'"seq":5'))
    raw[place + 10] ^= 1
    path.write_bytes(raw)

    with pytest.raises(JournalFault, match="is damaged"):
        open_journal(folder)


def test_a_missing_row_is_named(folder: Path) -> None:
    change(folder, "DELETE FROM events WHERE seq = 5")

    with pytest.raises(JournalFault, match="seq 5 is missing; the next is 6"):
        open_journal(folder)


def test_a_missing_beginning_is_named(folder: Path) -> None:
    change(folder, "DELETE FROM events WHERE seq = 1")

    with pytest.raises(JournalFault, match="begins with seq 2"):
        open_journal(folder)


def test_a_lost_end_that_the_coordinator_has_acknowledged_is_named(folder: Path) -> None:
    change(folder, "DELETE FROM events WHERE seq > 6")

    with pytest.raises(JournalFault, match="ends with seq 6, but the coordinator has acknowledged seq 7"):
        open_journal(folder)


def test_a_row_replaced_with_all_its_sums_breaks_the_chain(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = open_journal(tmp_path_factory.mktemp("elsewhere"))
    elsewhere.append([(number, event(number=number, t_us=1)) for number in range(1, 6)])
    forged = elsewhere.tail(1)[0]
    elsewhere.close()
    connection = sqlite3.connect(folder / "journal.db", isolation_level=None)
    connection.execute("DELETE FROM events WHERE seq = 5")
    connection.execute("INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?)", forged.columns)
    connection.close()

    with pytest.raises(JournalFault, match="seq 5 does not follow"):
        JournalReader(folder / "journal.db").verify()
    with pytest.raises(JournalFault, match="seq 5 does not follow"):
        open_journal(folder)


def test_only_the_tail_is_checked_at_start_and_all_by_verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tail, and the block of the tree that is not full yet."""
    monkeypatch.setattr(journal_module, "TAIL_CHECKED", 4)
    whole = open_journal(folder)
    whole.append(parcels(300))
    whole.close()
    change(folder, "UPDATE events SET line = 'l9' WHERE seq = 2")
    journal = open_journal(folder)

    with pytest.raises(JournalFault, match="seq 2 is damaged"):
        journal.verify()


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_file_that_is_no_journal_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(content)

    with pytest.raises(JournalFault, match=r"journal\.db can't be opened: .*; restore it from a backup"):
        open_journal(tmp_path)
    (tmp_path / "journal.db").unlink()
    open_journal(tmp_path).close()  # and the lock is free again


def test_a_journal_of_another_schema_is_refused(folder: Path) -> None:
    change(folder, "UPDATE meta SET value = '4' WHERE key = 'schema'")

    with pytest.raises(JournalFault, match="has schema '4'; this program reads 3"):
        open_journal(folder)


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()

    assert open_journal(tmp_path).epoch == 1


APPENDING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from journal_samples import event, open_journal
journal = open_journal(Path(sys.argv[2]))
number = 0
while True:
    group = [(number + place, event(number=number + place)) for place in range(1, 8)]
    rows = journal.append(group)
    number += 7
    print(rows[-1].seq, rows[-1].id, flush=True)
"""


def committed_until_killed(folder: Path, lines: int) -> Iterator[str]:
    command = [sys.executable, "-c", APPENDING, str(Path(__file__).parent), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(lines):
            yield child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        yield from child.stdout.readlines()


@pytest.mark.parametrize("lines", [1, 9, 40])
def test_what_was_committed_survives_sigkill(tmp_path: Path, lines: int) -> None:
    told = [line.split() for line in committed_until_killed(tmp_path, lines) if line.endswith("\n")]
    seq, identity = int(told[-1][0]), told[-1][1]

    journal = open_journal(tmp_path)

    assert journal.last_seq >= seq
    assert journal.last_seq % 7 == 0  # a group is there whole or not at all
    assert journal.pending(seq - 1, 1)[0].id == identity
    assert journal.verify().events == journal.last_seq
    assert journal.append([(1, event())])[0].seq == journal.last_seq
