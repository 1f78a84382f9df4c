"""What goes to the journal's disk together: one transaction, and with it how far the coordinator has acknowledged.

The acknowledged cursor has no commit of its own: it goes with what needs a transaction of several statements (at the
latest the next full block of the tree, 256 events), or is written in the next pause. One that a crash sets back costs a
few events sent twice, which the coordinator knows again by their ids.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from edge.rim.disk import room_of
from edge.rim.journal_table import COLUMNS, Cursor, Stored

WAL_KEPT_BYTES: Final = 16_777_216
"""The WAL's file has this size from the start; one that has grown beyond is cut when it begins anew."""
LAID_OUT_FROM_BYTES: Final = 16 * WAL_KEPT_BYTES
"""On a disk with less room than this the WAL's file grows as it is needed."""
ROWS_AT_ONCE: Final = 16
"""Rows that one statement writes; more of them are no quicker that way."""
_ROW: Final = f"({', '.join('?' * len(COLUMNS.split(',')))})"
_INSERT: Final = f"INSERT INTO events({COLUMNS}) VALUES"
_INSERTS: Final = tuple(f"{_INSERT} {', '.join([_ROW] * rows)}" for rows in range(ROWS_AT_ONCE + 1))
"""By the number of rows."""
_BLOCK: Final = bytes(1_048_576)


def lay_out_wal(path: Path) -> None:
    """Makes the WAL's file as long as it will be, with zeros behind what is in it.

    A commit that makes a file longer waits for the file system's own journal as well: measured on ext4, it takes twice
    the processor and four times as long as one that writes over blocks which are there. SQLite reads no further than
    to the first frame that is not of its present round, as after every round. The file must hold its header already.
    """
    wal = path.with_name(path.name + "-wal")
    if room_of(path.parent).free_bytes < LAID_OUT_FROM_BYTES:
        return
    with suppress(OSError):  # the disk has filled meanwhile, or does not write: the next commit says so
        handle = os.open(wal, os.O_WRONLY | os.O_APPEND)
        try:
            while (short := WAL_KEPT_BYTES - os.fstat(handle).st_size) > 0:
                os.write(handle, _BLOCK[:short])
            os.fsync(handle)
        finally:
            os.close(handle)


class Transactions:
    """Of the one writing connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.acknowledged = self._kept = Cursor()

    def begin(self, acknowledged: Cursor) -> None:
        """What the journal says when it is opened."""
        self.acknowledged = self._kept = acknowledged

    @contextmanager
    def one(self) -> Iterator[None]:
        """All that is written in it is on disk when it ends, or nothing is."""
        execute, acknowledged = self._connection.execute, self.acknowledged
        execute("BEGIN IMMEDIATE")
        try:
            yield
            if acknowledged is not self._kept:
                execute("INSERT OR REPLACE INTO cursor VALUES(1, ?, ?)", (acknowledged.seq, acknowledged.id))
            execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a failed COMMIT may have ended the transaction by itself
                execute("ROLLBACK")
            raise
        self._kept = acknowledged

    def insert(self, rows: Sequence[Stored]) -> None:
        """Writes events within a transaction."""
        self._connection.executemany(f"{_INSERT} {_ROW}", [row.columns for row in rows])

    def insert_alone(self, rows: Sequence[Stored]) -> None:
        """Writes up to `ROWS_AT_ONCE` events as a transaction of their own, which is one statement: each further one
        gives up the interpreter, and waits for it, twice. The cursor waits for another."""
        columns: list[object] = []
        for row in rows:
            columns += row.columns
        self._connection.execute(_INSERTS[len(rows)], columns)

    def keep(self) -> None:
        """Writes the cursor down, if no transaction has done so since it moved."""
        if self.acknowledged is not self._kept:
            with self.one():
                pass
