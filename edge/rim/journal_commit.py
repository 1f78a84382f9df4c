"""What goes to the journal's disk together: one transaction, and with it how far the coordinator has acknowledged.

The acknowledged cursor has no commit of its own: it goes with whatever is written next, or in the next pause. One that
a crash sets back costs a few events sent twice, which the coordinator knows again by their ids.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from edge.rim.journal_table import Cursor


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

    def keep(self) -> None:
        """Writes the cursor down, if no transaction has done so since it moved."""
        if self.acknowledged is not self._kept:
            with self.one():
                pass
