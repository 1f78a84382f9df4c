"""The journal's WAL, and how it is moved into the file beside the commits.

SQLite writes back inside a commit, and everything behind that one waits for the disk: measured, 7 to 50 ms for 1,000
events. Here a pass of its own thread and connection moves the great part while the writer goes on (PASSIVE neither
stops nor waits for it); what has come meanwhile is little, and the writer moves it between two commits. Then the WAL
begins anew.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

from edge.rim.journal_table import connect
from edge.rim.processor import use_any_processor


class Wal:
    """Of the one writing connection; used by its thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._pass: Thread | None = None
        self.events = 0
        """Written since all of the WAL was last moved into the file."""

    def write_back(self) -> None:
        """Moves what no reader needs any more; waits for the pass beside, where there is one."""
        self.close()
        self._pass = None
        if write_back(self._connection):
            self.events = 0

    def write_back_beside(self) -> None:
        """The same in several calls, none of which waits: the first begins a pass, the first after its end does the
        rest."""
        if self._pass is None:
            self._pass = Thread(target=self._run, name="write-back", daemon=True)
            self._pass.start()
        elif not self._pass.is_alive():
            self.write_back()

    def close(self) -> None:
        """Waits for the pass beside, where there is one."""
        if self._pass is not None:
            self._pass.join()

    def _run(self) -> None:
        use_any_processor()
        # What the disk refuses here is left to the writer, which meets the same disk and says so.
        with suppress(sqlite3.Error), closing(connect(self._path, read_only=False)) as connection:
            for pragma in ("synchronous=FULL", "wal_autocheckpoint=0"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            write_back(connection)


def write_back(connection: sqlite3.Connection) -> bool:
    """False where something of the WAL is left: a reader needs it, another writes back, or a writer was faster.
    Raises sqlite3.Error."""
    busy, in_wal, written = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and in_wal == written
