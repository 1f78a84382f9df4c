"""The pass beside the commits; that the journal's housekeeping takes it is tested there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_samples import numbered, open_journal, parcels

from edge.rim.journal import Journal
from edge.rim.wal import Wal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path)) as opened:
        yield opened


def test_while_a_pass_works_none_begins_and_its_end_leaves_the_rest_to_the_writer(journal: Journal) -> None:
    journal.append(parcels(300))
    journal.wal.write_back_beside()
    journal.wal.close()
    moved = journal.path.stat().st_size
    journal.append(numbered((event for _, event in parcels(20)), 301))
    assert journal.wal.events == 320, "what is moved is known when all of it is"

    journal.wal.write_back_beside()

    assert journal.wal.events == 0
    assert journal.path.stat().st_size >= moved
    assert journal.last_seq == 320


def test_what_the_disk_refuses_to_a_pass_is_the_writers_to_meet(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        wal = Wal(tmp_path / "gone" / "journal.db", connection)
        wal.events = 5
        wal.write_back_beside()
        wal.close()
        wal.write_back_beside()

    assert wal.events == 0


def test_a_journal_that_closes_waits_for_its_pass(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(300))
    journal.wal.write_back_beside()
    journal.close()

    with closing(open_journal(tmp_path)) as again:
        assert again.last_seq == 300
