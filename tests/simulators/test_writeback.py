"""The WAL of the coordinator's store is written back beside the work, and begins anew."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from edge.rim.journal_commit import WAL_KEPT_BYTES
from edge.rim.wal import write_back
from simulators.coordinator import writeback
from simulators.coordinator.store import Store
from simulators.coordinator.writeback import (
    PAGE_BYTES,
    WAL_PAGES_MAX,
    WRITE_BACK_ROWS,
    written_back,
)


def fill(connection: sqlite3.Connection, rows: int) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t(x)")
    for _ in range(rows):
        connection.execute("INSERT INTO t VALUES(zeroblob(4000))")


def test_all_of_it_is_written_back_and_the_next_writer_begins_at_its_start(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    store = Store(path)
    fill(store.connection, 50)
    wal = path.with_name("c.sqlite-wal")
    size = wal.stat().st_size
    with closing(sqlite3.connect(path)) as other:
        assert write_back(other)

    fill(store.connection, 10)

    assert wal.stat().st_size == size, "what was written back is written over"
    store.close()


def test_a_reader_that_needs_it_or_a_disk_that_refuses_leaves_the_rest_for_later(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    store = Store(path)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
        closing(sqlite3.connect(path)) as other,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        fill(store.connection, 5)
        assert not write_back(other)
        reader.execute("COMMIT")
        assert write_back(other)
    store.close()
    gone = sqlite3.connect(path)
    gone.close()
    with pytest.raises(sqlite3.Error):
        write_back(gone)


def test_the_thread_does_it_from_so_many_rows_on_and_ends_with_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    monkeypatch.setattr(writeback, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(writeback, "write_back", lambda _: done.set())
    path = tmp_path / "c.sqlite"
    store = Store(path)
    too_soon: list[bool] = []

    def rows_written() -> int:
        too_soon.append(done.is_set())
        return WRITE_BACK_ROWS - (len(too_soon) < 4)

    with written_back(path, rows_written):
        assert done.wait(10)
    assert too_soon[:4] == [False] * 4
    assert "writeback" not in [thread.name for thread in threading.enumerate()]
    with store.written_back():
        pass
    store.close()


def test_the_wal_is_bounded_where_the_thread_falls_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "c.sqlite")

    assert store.connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (WAL_PAGES_MAX,)
    assert store.connection.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
    assert WAL_KEPT_BYTES < WAL_PAGES_MAX * PAGE_BYTES
    store.close()


def test_its_file_has_its_length_from_the_start_and_what_was_in_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    store = Store(path)
    fill(store.connection, 3)
    wal = path.with_name("c.sqlite-wal")
    with store.written_back():
        assert wal.stat().st_size == WAL_KEPT_BYTES
        fill(store.connection, 2)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM t").fetchone() == (5,)

    assert wal.stat().st_size == WAL_KEPT_BYTES
    store.close()
