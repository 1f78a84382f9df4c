"""The journal's tables, their rows, and the checks of a row.

One file of SQLite, WAL, synchronous=FULL. `body` is the canonical JSON of `data`, readable with the `sqlite3` program.
SQLite does not notice a byte changed inside a row (measured), so each row has a CRC-32 over all its columns, checked
whenever it is read; `seq` has no gaps, and each event names the id of the one before. Events that the coordinator
holds may be pruned from the beginning on: the fact `pruned` then says behind which event the journal begins.

An id is a hash, so an index over ids would read and write another page of the file for every event: measured with
100,000 events in the file, half of the processor time of a group. Ids are unique without it, as each is made of a body
that holds `seq`. A journal that an earlier program began with such an index keeps it.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zlib import crc32

from edge.core.event import Event
from edge.wire.canonical import ZERO_ID, event_id
from edge.wire.chain import Link
from edge.wire.envelope import event_payload
from hub_config.value import value

SCHEMA_VERSION: Final = 3
"""1 (until 0.4): without trees, checkpoints and facts; 2: without words. Those are brought up when they are opened."""
BROUGHT_UP: Final = ("1", "2")
SCHEMA_1: Final = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE keys(kid TEXT PRIMARY KEY, public TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE events(
    seq INTEGER PRIMARY KEY,      -- given by us: 1, 2, 3 without gaps, never reused
    id TEXT NOT NULL,             -- without an index: see below
    line TEXT NOT NULL,
    visit TEXT,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,           -- canonical JSON of the contract
    sig TEXT,
    kid TEXT,
    crc INTEGER NOT NULL          -- CRC-32 over all other columns
)""",
    "CREATE INDEX events_visit ON events(visit, seq) WHERE visit IS NOT NULL",
    "CREATE TABLE cursor(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL, id TEXT NOT NULL)",
)
SCHEMA_2: Final = (
    """CREATE TABLE nodes(              -- complete subtrees over the events lo+1 to hi (RFC 6962)
    lo INTEGER NOT NULL, hi INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(lo, hi)
) WITHOUT ROWID""",
    """CREATE TABLE checkpoints(
    size INTEGER PRIMARY KEY,     -- over the events 1 to size
    at_us INTEGER NOT NULL,       -- UTC when it was made
    note TEXT NOT NULL,           -- signed note (C2SP)
    line TEXT,                    -- the coordinator's countersignature, once it has come
    public TEXT,                  -- and the key that made it
    crc INTEGER NOT NULL          -- CRC-32 over all other columns
)""",
    """CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID""",
)
SCHEMA_3: Final = (
    """CREATE TABLE words(              -- what authorities have said last of a visit (kept_words.py)
    number INTEGER PRIMARY KEY,   -- the visit spoken of last has the highest
    visit TEXT NOT NULL UNIQUE,
    stops INTEGER NOT NULL,       -- 1: somebody stops it
    until_us INTEGER NOT NULL,    -- UTC at which the last of them ends to be valid
    body TEXT NOT NULL,           -- identifiers, and the decisions as they were signed
    crc INTEGER NOT NULL          -- CRC-32 over the columns from visit to body
)""",
)
SCHEMA: Final = (*SCHEMA_1, *SCHEMA_2, *SCHEMA_3)
COLUMNS: Final = "seq, id, line, visit, kind, body, sig, kid, crc"
BUSY_TIMEOUT_MS: Final = 5_000
PASSING: Final = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip
"""Primary result codes that say nothing against the file."""
RESTORE: Final = "restore it from a backup"
Fact = Literal["pruned", "balance", "contradicted", "after_loss", "carried", "trust", "configs"]

_encode: Final = json.JSONEncoder(default=repr).encode
_text: Final = json.encoder.encode_basestring_ascii
"""As `_encode` writes a text."""


class JournalFault(Exception):  # noqa: N818  (the fault is the file's, not the program's)
    """The journal can't be trusted or used. The message names file, seq and the next step."""


class JournalUnread(JournalFault):
    """The disk did not give what was asked for, or the file was in use: nothing is known to be wrong with the journal,
    and it may be asked again. `sqlite_errorcode` is SQLite's."""

    def __init__(self, path: Path, error: sqlite3.DatabaseError) -> None:
        super().__init__(
            f"journal {path} can't be read now: {error}; look at the disk, its space, the file's rights"
        )
        self.sqlite_errorcode = error.sqlite_errorcode


class JournalBroken(JournalFault):
    """SQLite says that the file itself is damaged, not one row of it."""


def passes(error: Exception) -> bool:
    """What SQLite met is the disk's, another program's or the memory's affair, and may be over the next time; else
    the file itself is not what it should be."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in PASSING


def is_broken(error: Exception) -> bool:
    """SQLite has found the file itself damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def crc_of(*columns: object) -> int:
    """Of text, integers and None. A damaged column may come back as anything; then the sum is another one."""
    return crc32(_encode(columns).encode())


@value
class Stored:
    """One event on disk."""

    number: int | None
    """The number of its `Record` in this run; None when read back."""
    seq: int
    id: str
    body: bytes
    sig: str | None
    kid: str | None
    line: str
    """`gw` for events without a parcel."""
    visit: str | None
    kind: str

    @property
    def payload(self) -> bytes:
        """The CloudEvent as it is published: the same bytes each time."""
        return event_payload(self.body, self.id, self.sig, self.kid)

    @property
    def crc(self) -> int:
        return crc32(self.body, _crc_beside(self))

    @property
    def columns(self) -> tuple[object, ...]:
        return (
            self.seq, self.id, self.line, self.visit, self.kind, self.body, self.sig, self.kid, self.crc,
        )  # fmt: skip


def stored(number: int, link: Link, event: Event) -> Stored:
    """As the event will lie on the disk."""
    line = "gw" if event.visit is None else event.line
    return Stored(number, link.seq, link.id, link.body, link.sig, link.kid, line, event.visit, event.kind)


def _crc_beside(row: Stored) -> int:
    """`crc_of` all columns but the body. Put together here, as every event pays for it."""
    try:
        texts = [
            "null" if text is None else _text(text)
            for text in (row.id, row.line, row.visit, row.kind, row.sig, row.kid)
        ]
    except TypeError:  # a damaged column
        return crc_of(row.seq, row.id, row.line, row.visit, row.kind, row.sig, row.kid)
    return crc32(f"[{row.seq}, {', '.join(texts)}]".encode())


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose journal it is."""

    hub: str
    gateway: str
    mode: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """An event's place and name, of the last acknowledged or pruned; seq 0 and the hash of nothing before the first."""

    seq: int = 0
    id: str = ZERO_ID


def connect(path: Path, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"file:{path.as_posix().replace('?', '%3f').replace('#', '%23')}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,  # opened by the thread that starts, used by one other thread
    )
    # Damaged text must reach the CRC check, not fail before it.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def read_meta(connection: sqlite3.Connection, path: Path) -> Meta:
    facts = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if facts.get("schema") != str(SCHEMA_VERSION):
        raise JournalFault(
            f"journal {path} has schema {facts.get('schema')!r}; this program reads {SCHEMA_VERSION}"
            + ("; start its gateway once, which brings it up" if facts.get("schema") in BROUGHT_UP else "")
        )
    try:
        return Meta(facts["hub"], facts["gateway"], facts["mode"], int(facts["epoch"]))
    except (KeyError, ValueError) as error:
        raise JournalFault(
            f"journal {path} does not say whose it is ({error}); restore it from a backup"
        ) from error


def read_cursor(connection: sqlite3.Connection) -> Cursor:
    row = connection.execute("SELECT seq, id FROM cursor").fetchone()
    if row is None:
        return Cursor()
    if [type(column) for column in row] != [int, str]:
        raise JournalFault("journal: its cursor is damaged; restore from a backup")
    return Cursor(*row)


def read_nodes(connection: sqlite3.Connection) -> list[tuple[int, int, bytes]]:
    """Complete subtrees of the tree over the events, from the left: the events lo+1 to hi, and their hash."""
    rows = connection.execute("SELECT lo, hi, hash FROM nodes ORDER BY lo").fetchall()
    if any([type(column) for column in row] != [int, int, bytes] for row in rows):
        raise JournalFault("journal: its tree is damaged; restore from a backup")
    return rows


def read_fact(connection: sqlite3.Connection, name: Fact) -> dict[str, Any] | None:
    """Something the journal knows of itself; None if it was never written. Raises JournalFault if it is damaged."""
    row = connection.execute("SELECT value, crc FROM facts WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    if type(row[0]) is not str or crc_of(name, row[0]) != row[1]:
        raise JournalFault(f"journal: its fact {name!r} is damaged (CRC); restore from a backup")
    return dict(json.loads(row[0]))


def write_fact(connection: sqlite3.Connection, name: Fact, value: Mapping[str, object]) -> None:
    text = json.dumps(value, sort_keys=True)
    connection.execute("INSERT OR REPLACE INTO facts VALUES(?, ?, ?)", (name, text, crc_of(name, text)))


def read_pruned(connection: sqlite3.Connection) -> Cursor:
    """The event behind which the journal begins."""
    fact = read_fact(connection, "pruned")
    return Cursor() if fact is None else Cursor(int(fact["seq"]), str(fact["id"]))


def read_rows(connection: sqlite3.Connection, after_seq: int, limit: int) -> list[Stored]:
    """Rows in order of seq, each with its CRC checked and none missing between them."""
    found = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608  (constant columns)
        (after_seq, limit),
    ).fetchall()
    rows = [checked_row(row) for row in found]
    for expected, row in enumerate(rows, start=after_seq + 1):
        if row.seq != expected:
            pruned = read_pruned(connection).seq
            if expected <= pruned:
                raise JournalFault(
                    f"journal: the events to seq {pruned} are pruned; the coordinator has them"
                )
            raise JournalFault(
                f"journal: seq {expected} is missing; the next is {row.seq}; restore from a backup"
            )
    return rows


def checked_row(row: tuple[Any, ...]) -> Stored:
    seq, identity, line, visit, kind, body, sig, kid, crc = row
    damaged = f"journal: the event with seq {seq} is damaged (CRC); restore from a backup or the coordinator"
    if not isinstance(body, bytes):
        raise JournalFault(damaged)
    stored = Stored(None, seq, identity, body, sig, kid, line, visit, kind)
    if stored.crc != crc:
        raise JournalFault(damaged)
    return stored


def check_link(row: Stored, prev: str) -> None:
    """The row is what its id says, stands where its data says, and follows the event `prev`."""
    if event_id(row.body) != row.id:
        raise JournalFault(f"journal: the event with seq {row.seq} is not what its id says")
    data = json.loads(row.body)
    if data["seq"] != row.seq or data["prev"] != prev:
        raise JournalFault(f"journal: the event with seq {row.seq} does not follow the one before it")


def prev_of(row: Stored) -> str:
    """The id of the event before it."""
    data: dict[str, Any] = json.loads(row.body)
    return str(data["prev"])
