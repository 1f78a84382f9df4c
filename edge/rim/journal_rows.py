"""The journal's table, its rows and their checks, and the read-only connection to it.

One file of SQLite, WAL, synchronous=FULL. `body` is the canonical JSON of `data`, readable with the `sqlite3` program.
SQLite does not notice a byte changed inside a row (measured), so each row has a CRC-32 over all its columns, checked
whenever it is read; `seq` has no gaps, and each event names the id of the one before.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.wire.canonical import ZERO_ID, b64u_bytes, event_id
from edge.wire.envelope import event_payload
from edge.wire.signing import KEY_BYTES, signature_holds

SCHEMA_VERSION: Final = 1
SCHEMA: Final = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE keys(kid TEXT PRIMARY KEY, public TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE events(
    seq INTEGER PRIMARY KEY,      -- given by us: 1, 2, 3 without gaps, never reused
    id TEXT NOT NULL UNIQUE,
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
COLUMNS: Final = "seq, id, line, visit, kind, body, sig, kid, crc"
BUSY_TIMEOUT_MS: Final = 5_000
MENTIONED_MAX: Final = 10_000
"""Events told of one text; a parcel has a dozen."""
PAGE_ROWS: Final = 500
"""Rows fetched at a time where the whole journal is walked."""


class JournalFault(Exception):  # noqa: N818  (the fault is the file's, not the program's)
    """The journal can't be trusted or used. The message names file, seq and the next step."""


@dataclass(frozen=True, slots=True)
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
        others = [self.seq, self.id, self.line, self.visit, self.kind, self.sig, self.kid]
        return crc32(self.body, crc32(json.dumps(others).encode()))

    @property
    def columns(self) -> tuple[object, ...]:
        return (
            self.seq, self.id, self.line, self.visit, self.kind, self.body, self.sig, self.kid, self.crc,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose journal it is."""

    hub: str
    gateway: str
    mode: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event the coordinator has acknowledged; seq 0 and the hash of nothing before the first."""

    seq: int = 0
    id: str = ZERO_ID


@dataclass(frozen=True, slots=True)
class Verified:
    events: int
    signed: int
    unsigned: int


class ByteSink(Protocol):
    def write(self, data: bytes, /) -> object: ...


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
        )
    try:
        return Meta(facts["hub"], facts["gateway"], facts["mode"], int(facts["epoch"]))
    except (KeyError, ValueError) as error:
        raise JournalFault(
            f"journal {path} does not say whose it is ({error}); restore it from a backup"
        ) from error


def read_cursor(connection: sqlite3.Connection) -> Cursor:
    row = connection.execute("SELECT seq, id FROM cursor").fetchone()
    return Cursor() if row is None else Cursor(*row)


def read_rows(connection: sqlite3.Connection, after_seq: int, limit: int) -> list[Stored]:
    """Rows in order of seq, each with its CRC checked and none missing between them."""
    found = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608  (constant columns)
        (after_seq, limit),
    ).fetchall()
    rows = [checked_row(row) for row in found]
    for expected, row in enumerate(rows, start=after_seq + 1):
        if row.seq != expected:
            raise JournalFault(
                f"journal: seq {expected} is missing; the next is {row.seq}; restore from a backup"
            )
    return rows


def read_all(connection: sqlite3.Connection) -> Iterator[Stored]:
    """Every row, a page at a time, with the chain checked from the first."""
    last = Cursor()
    while page := read_rows(connection, last.seq, PAGE_ROWS):
        for row in page:
            check_link(row, last.id)
            yield row
            last = Cursor(row.seq, row.id)


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


def verify_all(connection: sqlite3.Connection, meta: Meta) -> Verified:
    """Every CRC, link and signature from the first event on; raises JournalFault naming the first bad seq."""
    keys = {kid: _public_key(public) for kid, public in connection.execute("SELECT kid, public FROM keys")}
    events = signed = 0
    for row in read_all(connection):
        events += 1
        if row.sig is None or row.kid is None:
            if meta.mode == "live":
                raise JournalFault(f"journal: the event with seq {row.seq} is not signed; live events are")
            continue
        public = keys.get(row.kid)
        if public is None or not signature_holds(public, row.body, row.sig):
            raise JournalFault(f"journal: the signature of the event with seq {row.seq} is not good")
        signed += 1
    return Verified(events, signed, events - signed)


def _public_key(text: str) -> Ed25519PublicKey:
    raw = b64u_bytes(text, KEY_BYTES)
    if raw is None:
        raise JournalFault(f"journal: {text:.50} in its table of keys is no public key")
    return Ed25519PublicKey.from_public_bytes(raw)


class JournalReader:
    """A second, read-only connection, for one thread at a time: resending, exporting, looking."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = connect(path, read_only=True)
            self.meta = read_meta(self._connection, path)
        except sqlite3.Error as error:
            raise JournalFault(f"journal {path} can't be read: {error}") from error

    def pending(self, after_seq: int, limit: int) -> list[Stored]:
        """Up to `limit` events after `after_seq`, oldest first."""
        return read_rows(self._connection, after_seq, limit)

    def acknowledged(self) -> Cursor:
        return read_cursor(self._connection)

    def last_seq(self) -> int:
        (last,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        return int(last)

    def tail(self, count: int) -> list[Stored]:
        """The last `count` events, oldest first."""
        return read_rows(self._connection, max(0, self.last_seq() - count), count)

    def event(self, identity: str) -> Stored | None:
        """The event with this id."""
        row = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE id = ?",  # noqa: S608  (constant columns)
            (identity,),
        ).fetchone()
        return None if row is None else checked_row(row)

    def mentioning(self, text: str) -> list[Stored]:
        """Events whose body holds this text, oldest first; the newest MENTIONED_MAX of them."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE instr(body, ?) > 0 ORDER BY seq DESC LIMIT ?",  # noqa: S608  (constant columns)
            (json.dumps(text, ensure_ascii=False)[1:-1].encode(), MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in reversed(rows)]

    def of_gateway(self, first_seq: int, last_seq: int) -> list[Stored]:
        """Events without a parcel between these two."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE visit IS NULL AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",  # noqa: S608  (constant columns)
            (first_seq, last_seq, MENTIONED_MAX),
        ).fetchall()
        return [checked_row(row) for row in rows]

    def verify(self) -> Verified:
        return verify_all(self._connection, self.meta)

    def export(self, out: ByteSink) -> int:
        """Writes the file that `edge.wire.verifier` reads; returns how many events it holds."""
        keys = dict(self._connection.execute("SELECT kid, public FROM keys ORDER BY kid").fetchall())
        meta = self.meta
        header = {"journal": 1, "hub": meta.hub, "gw": meta.gateway, "epoch": meta.epoch, "keys": keys}
        out.write(json.dumps(header, separators=(",", ":")).encode() + b"\n")
        count = 0
        for row in read_all(self._connection):
            out.write(row.payload + b"\n")
            count += 1
        return count

    def close(self) -> None:
        self._connection.close()
