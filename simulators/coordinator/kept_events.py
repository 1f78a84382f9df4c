"""A coordinator's events as somebody beside it reads them: every gateway's, in the order in which they were stored.

Read-only and without a lock that a writer would feel: each look is one short statement, so a running coordinator's WAL
is never kept from beginning anew. An event whose bytes are not what its id says is damage, and told.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edge.wire.canonical import event_id
from simulators.coordinator.tables import DATABASE, GROWS_FROM, VERSION

PAGE_ROWS: Final = 500
BUSY_S: Final = 5.0
"""How long a look waits for a program that holds the file."""

_COLUMNS: Final = "rowid, id, data, stored_us"


class EventsFault(Exception):  # noqa: N818 - the file's, in one sentence
    """The database can't be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One event as it is kept."""

    row: int
    """Its number in the order of storing: what `--after` counts."""
    id: str
    body: bytes
    """Canonical, as it was signed; the signature is not kept."""
    data: dict[str, Any]
    stored_us: int
    """UTC µs of the coordinator's clock."""

    @property
    def place(self) -> tuple[int, int]:
        """Epoch and seq: its gateway's own order."""
        return self.data["epoch"], self.data["seq"]


class KeptEvents:
    """Of one coordinator's data folder. Every method raises EventsFault."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE
        if not self._path.is_file():
            raise EventsFault(f"no {DATABASE} in {folder}; name the coordinator's --data folder")
        try:
            self._connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None
            )
        except sqlite3.Error as fault:
            raise EventsFault(_in_words(self._path, fault)) from fault
        try:
            self._check_version()
            modes = self._all("SELECT value FROM facts WHERE name = 'mode'")
            if not modes:
                raise EventsFault(f"{self._path} says of no mode that it is of; name a coordinator's folder")
            self.mode = str(modes[0][0])
            (self.last,) = self._all("SELECT coalesce(max(rowid), 0) FROM events")[0]
            """The newest event's number when this was opened."""
        except EventsFault:
            self._connection.close()
            raise
        self.read = 0
        """Events gone through by `visits` and `all`."""

    def close(self) -> None:
        self._connection.close()

    def _check_version(self) -> None:
        ((version,),) = self._all("PRAGMA user_version")
        if version == VERSION:
            return
        told = f"{self._path} has tables of version {version}, wanted is {VERSION}"
        if version == 0 and not self._all("SELECT 1 FROM sqlite_master LIMIT 1"):
            raise EventsFault(f"{self._path} is empty: no coordinator has set it up yet")
        if version in GROWS_FROM:
            raise EventsFault(f"{told}: start the coordinator once, which takes it over")
        raise EventsFault(f"{told}: name a coordinator's folder, or go on with the version that wrote it")

    def visits(self, after: int) -> Iterator[tuple[int, str | None]]:
        """Number and visit of every event behind `after`, up to `last`."""
        wanted = "SELECT rowid, visit FROM events WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?"
        while page := self._all(wanted, after, self.last, PAGE_ROWS):
            self.read += len(page)
            yield from page
            after = page[-1][0]

    def all(self, after: int) -> Iterator[Kept]:
        """Every event behind `after`, up to `last`."""
        wanted = f"SELECT {_COLUMNS} FROM events WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?"  # noqa: S608 - our own columns
        while page := self._all(wanted, after, self.last, PAGE_ROWS):
            self.read += len(page)
            yield from map(self._kept, page)
            after = page[-1][0]

    def of_visit(self, visit: str) -> list[Kept]:
        """Also those that were stored after `last`: what they say may lead to others."""
        found = self._all(f"SELECT {_COLUMNS} FROM events WHERE visit = ? ORDER BY rowid", visit)  # noqa: S608
        return [self._kept(row) for row in found]

    def event(self, identity: str) -> Kept | None:
        found = self._all(f"SELECT {_COLUMNS} FROM events WHERE id = ?", identity)  # noqa: S608 - our own columns
        return self._kept(found[0]) if found else None

    def joined_with(self, visit: str) -> list[str]:
        """The visit that this one is joined to, and those that are joined to it, as the desk has noted it."""
        found = self._all(
            "SELECT older FROM joins WHERE visit = ?1 UNION SELECT visit FROM joins WHERE older = ?1 ORDER BY 1",
            visit,
        )
        return [other for (other,) in found]

    def named(self, code: str, most: int) -> list[str]:
        """Visits under which this identifier was read, the oldest `most` of them."""
        found = self._all("SELECT visit FROM visit_codes WHERE code = ? ORDER BY visit LIMIT ?", code, most)
        return [visit for (visit,) in found]

    def expired(self) -> int:
        """Events that are here no more, because their time is over."""
        found = self._all("SELECT n FROM counts WHERE name = 'expired:events'")
        return int(found[0][0]) if found else 0

    def _kept(self, row: tuple[Any, ...]) -> Kept:
        number, identity, text, stored_us = row
        body = str(text).encode()
        if event_id(body) != identity:
            raise EventsFault(
                f"{self._path} is damaged: event {number} is not what its id says; restore a backup"
            )
        return Kept(number, identity, body, json.loads(body), stored_us)

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read to its end at once: nothing stays open."""
        try:
            return self._connection.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as fault:
            raise EventsFault(_in_words(self._path, fault)) from fault


def _in_words(path: Path, fault: Exception) -> str:
    """What is in the way, and what to do."""
    match getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF:
        case sqlite3.SQLITE_NOTADB:
            return f"{path} is no database ({fault}): name a coordinator's folder, or restore a backup"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another program holds {path} for itself ({fault}): end it, or try again later"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            return f"{path} can't be opened ({fault}): do it as the user that the coordinator runs as"
        case sqlite3.SQLITE_IOERR:
            return f"{path} can't be read ({fault}): look after the disk"
        case sqlite3.SQLITE_ERROR:
            return f"{path} is no database of a coordinator ({fault}): name a coordinator's folder"
        case _:
            return f"{path} is damaged ({fault}): restore a backup"
