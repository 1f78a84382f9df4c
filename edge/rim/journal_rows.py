"""The read-only connection to a journal, beside the gateway that writes it; and its rows, for those who read them."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from edge.core.snapshot import Balance
from edge.rim.journal_check import DAMAGED, ByteSink, Verified, export_all, one_moment, verify_all
from edge.rim.journal_table import (
    COLUMNS,
    RESTORE,
    Cursor,
    Fact,
    JournalBroken,
    JournalFault,
    JournalUnread,
    Meta,
    Stored,
    checked_row,
    connect,
    passes,
    read_cursor,
    read_fact,
    read_meta,
    read_pruned,
    read_rows,
)

__all__ = ["JournalBroken", "JournalFault", "JournalReader", "JournalUnread", "Stored"]

MENTIONED_MAX: Final = 10_000
"""Events told of one text; a parcel has a dozen."""


class JournalReader:
    """A second, read-only connection, for one thread at a time: resending, exporting, looking.

    What a running gateway asks raises JournalUnread where the disk does not answer now, JournalBroken where the file
    is damaged, another JournalFault where something in it is, and no error of SQLite's."""

    def __init__(self, path: Path) -> None:
        if not os.path.lexists(path):
            raise JournalFault(
                f"journal {path} can't be read: there is no such file; name the data folder of a gateway (--data)"
            )
        self._path = path
        with self._asked():
            connection = connect(path, read_only=True)
            try:
                self.meta: Meta = read_meta(connection, path)
            except BaseException:
                connection.close()
                raise
            self._connection = connection

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except DAMAGED as error:
            if isinstance(error, sqlite3.DatabaseError) and passes(error):
                raise JournalUnread(self._path, error) from error
            raise JournalBroken(
                f"journal {self._path}: the file itself is damaged: {error}; {RESTORE}"
            ) from error

    def pending(self, after_seq: int, limit: int) -> list[Stored]:
        """Up to `limit` events after `after_seq`, oldest first."""
        with self._asked():
            return read_rows(self._connection, after_seq, limit)

    def acknowledged(self) -> Cursor:
        with self._asked():
            return read_cursor(self._connection)

    def pruned(self) -> Cursor:
        """The event behind which the journal begins."""
        with self._asked():
            return read_pruned(self._connection)

    def last_seq(self) -> int:
        with self._asked():
            (last,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
            return max(int(last), read_pruned(self._connection).seq)

    def fact(self, name: Fact) -> dict[str, Any] | None:
        return read_fact(self._connection, name)

    def balance(self) -> tuple[Balance | None, int, int, int]:
        """What the newest run read, if it has told; and of the epoch, counted: journalled, acknowledged, pending."""
        with self.one_moment() as connection:
            cursor, fact = self.acknowledged().seq, self.fact("balance")
            (kept,) = connection.execute("SELECT count(*) FROM events").fetchone()
            (pending,) = connection.execute("SELECT count(*) FROM events WHERE seq > ?", (cursor,)).fetchone()
            journalled = self.pruned().seq + kept
        if fact is None:
            return None, journalled, cursor, pending
        readings = Balance(fact["read"], fact["journalled"], tuple(sorted(fact["rejected"].items())))
        return readings, journalled, cursor, pending

    def tail(self, count: int) -> list[Stored]:
        """The last `count` events, oldest first."""
        return read_rows(self._connection, max(self.pruned().seq, self.last_seq() - count), count)

    def event(self, identity: str, before_seq: int) -> Stored | None:
        """The event with this id, looked for from the one before `before_seq` back: ids have no index, and what is
        told of an event follows it closely."""
        row = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE id = ? AND seq < ? ORDER BY seq DESC LIMIT 1",  # noqa: S608  (constant columns)
            (identity, before_seq),
        ).fetchone()
        return None if row is None else checked_row(row)

    def mentioning(self, text: str) -> list[Stored]:
        """Events whose body holds this text, oldest first; the newest MENTIONED_MAX of them."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE instr(body, ?) > 0 ORDER BY seq DESC LIMIT ?",  # noqa: S608  (constant columns)
            (json.dumps(text, ensure_ascii=False)[1:-1].encode(), MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in reversed(rows)]

    def of_visit(self, visit: str) -> list[Stored]:
        """Events of one visit, oldest first; the newest MENTIONED_MAX of them."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE visit = ? ORDER BY seq DESC LIMIT ?",  # noqa: S608  (constant columns)
            (visit, MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in reversed(rows)]

    def joins(self, visit: str) -> list[Stored]:
        """Events that join or split this visit, oldest first; the newest MENTIONED_MAX of them."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE kind IN ('visit.joined', 'visit.split') AND instr(body, ?) > 0"  # noqa: S608  (constant columns)
            " ORDER BY seq DESC LIMIT ?",
            (visit.encode(), MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in reversed(rows)]

    def of_gateway(self, first_seq: int, last_seq: int) -> list[Stored]:
        """Events without a parcel between these two."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE visit IS NULL AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",  # noqa: S608  (constant columns)
            (first_seq, last_seq, MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in rows]

    @contextmanager
    def one_moment(self) -> Iterator[sqlite3.Connection]:
        """For several reads that must fit together."""
        with one_moment(self._connection):
            yield self._connection

    def verify(self) -> Verified:
        return verify_all(self._connection, self.meta)

    def export(self, out: ByteSink) -> int:
        return export_all(self._connection, self.meta, out)

    def close(self) -> None:
        self._connection.close()
