"""The journal: what happened at this gateway, on disk before anyone is told (event-path facts §6, contract §7).

It gives each event its seq, its place in the chain, id and signature, in one transaction per group; keeps the cursor
of what the coordinator has acknowledged (what comes after it is the outbox); and refuses to open on a file that is
another gateway's, in use, or damaged at its end. Nothing is deleted here.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from drivers.identifiers.choice import CodeType
from edge.core.event import Event, Kind
from edge.core.snapshot import LastPlaced
from edge.rim.journal_rows import (
    COLUMNS,
    SCHEMA,
    SCHEMA_VERSION,
    ByteSink,
    Cursor,
    JournalFault,
    JournalReader,
    Meta,
    Stored,
    Verified,
    check_link,
    checked_row,
    connect,
    read_cursor,
    read_meta,
    read_rows,
    verify_all,
)
from edge.rim.keys import EPOCH_FILE, next_epoch, open_folder, read_epoch, write_epoch
from edge.wire.canonical import ZERO_ID
from edge.wire.chain import Chain, Link
from edge.wire.envelope import EventContext
from edge.wire.messages import Ack
from edge.wire.signing import Signer
from edge.wire.utc import parse_rfc3339
from hub_config.names import LineId, VisitId

__all__ = ["Journal", "JournalFault", "JournalReader", "Stored"]

JOURNAL_FILE: Final = "journal.db"
"""In the data folder of its gateway."""
TAIL_CHECKED: Final = 1_000
"""Events at the journal's end that are checked at every start; `verify` checks all."""
OPEN_VISITS_MAX: Final = 10_000
"""Visits recovered after a crash, the newest; the coordinator knows older ones."""
TERMINAL_LANES: Final = frozenset({"return", "custody"})
HELD_LANES: Final = frozenset({"hold", "xray", "manual", "recirculate"})

_BEGIN_ANEW: Final = "keep the file as evidence, move it away, and the gateway begins its next epoch"

AckOutcome = Literal["advanced", "stale", "other_epoch", "beyond_end", "wrong_id"]
"""beyond_end and wrong_id: the coordinator holds events of this epoch that this journal does not: it has lost some."""


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """journalled = acknowledged + pending, always."""

    journalled: int
    acknowledged: int
    pending: int


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit that has not ended, as the journal knows it."""

    visit: VisitId
    line: LineId
    last_kind: Kind
    held: bool
    """It lies in a bay, confirmed; else nobody knows where it is."""
    codes: tuple[tuple[str, CodeType], ...]
    """Recognised identifiers whose check is right, in order of appearance."""
    arrived_utc_us: int


class Journal:
    """The one writing connection. Made in the thread that starts, then used by one thread (the writer's)."""

    def __init__(
        self,
        path: Path,
        context_for: Callable[[int], EventContext],
        signer: Signer,
        sign_one_in: int = 1,
    ) -> None:
        """Opens or begins the journal at `path`; `context_for` is called with its epoch.

        Raises JournalFault, or DataFolderFault for the folder and its epoch counter.
        """
        self.path = path
        open_folder(path.parent)
        self._lock = _lock(path)
        try:
            self._connection = connect(path, read_only=False)
            self._open(context_for, signer, sign_one_in)
        except sqlite3.Error as error:
            self._abandon()
            raise JournalFault(
                f"journal {path} can't be opened: {error}; restore it from a backup"
            ) from error
        except BaseException:
            self._abandon()
            raise

    def _open(self, context_for: Callable[[int], EventContext], signer: Signer, sign_one_in: int) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=1000"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        new = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        if new:
            self.context = context_for(next_epoch(self.path.parent))
            with self._transaction():
                self._begin()
        else:
            meta = read_meta(self._connection, self.path)
            self.context = context_for(meta.epoch)
            _check_owner(self.path, meta, self.context)
        self.epoch = self.context.epoch
        with self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO keys VALUES(?, ?)", (signer.kid, signer.public_b64)
            )
        self._last, self._acknowledged = self._checked_tail(), read_cursor(self._connection)
        self._check_cursor()
        self._chain = Chain(self.context, signer, self._last.seq + 1, self._last.id, sign_one_in)

    @property
    def last_seq(self) -> int:
        return self._last.seq

    def append(self, events: Sequence[tuple[int, Event]]) -> list[Stored]:
        """Stores numbered events in one transaction: all of them are on disk when this returns, or none is."""
        head = self._chain.head
        try:
            with self._transaction():
                rows = [_stored(number, self._chain.append(event), event) for number, event in events]
                self._connection.executemany(
                    f"INSERT INTO events({COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?)",
                    [row.columns for row in rows],
                )
        except BaseException:
            self._chain.rewind(head)
            raise
        if rows:
            self._last = Cursor(rows[-1].seq, rows[-1].id)
        return rows

    def acknowledge(self, ack: Ack) -> AckOutcome:
        """Moves the cursor forward, if the ack speaks of this epoch and names the very event it covers last."""
        if ack.epoch != self.epoch:
            return "other_epoch"
        if ack.through_seq > self.last_seq:
            return "beyond_end"
        if ack.through_id != self._id_of(ack.through_seq):
            return "wrong_id"
        if ack.through_seq <= self._acknowledged.seq:
            return "stale"
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO cursor VALUES(1, ?, ?)", (ack.through_seq, ack.through_id)
            )
        self._acknowledged = Cursor(ack.through_seq, ack.through_id)
        return "advanced"

    def pending(self, after_seq: int, limit: int) -> list[Stored]:
        return read_rows(self._connection, after_seq, limit)

    def figures(self) -> JournalFigures:
        """From memory; any thread may ask."""
        acknowledged, journalled = self._acknowledged.seq, self.last_seq
        return JournalFigures(journalled, acknowledged, journalled - acknowledged)

    def open_visits(self) -> tuple[OpenVisit, ...]:
        """Visits that have not ended, oldest first, at most the newest OPEN_VISITS_MAX."""
        latest = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE seq IN"  # noqa: S608  (constant columns)
            " (SELECT max(seq) FROM events WHERE visit IS NOT NULL GROUP BY visit)"
            " AND kind NOT IN ('parcel.departed', 'parcel.lost_track', 'visit.joined') ORDER BY seq DESC"
        )
        found: list[OpenVisit] = []
        for row in map(checked_row, latest):
            last = json.loads(row.body)
            if _resting_lane(last) not in TERMINAL_LANES:
                found.append(self._open_visit(last))
            if len(found) == OPEN_VISITS_MAX:
                break
        return tuple(reversed(found))

    def last_placed(self, free_lanes: Mapping[str, str]) -> dict[LineId, LastPlaced]:
        """The parcel that last left each bench, if the journal has all of its move. `free_lanes`: by line."""
        found: dict[LineId, LastPlaced] = {}
        for line, free_lane in free_lanes.items():
            row = self._connection.execute(
                f"SELECT {COLUMNS} FROM events WHERE line = ? AND kind IN"  # noqa: S608  (constant columns)
                " ('parcel.diverted', 'parcel.departed') ORDER BY seq DESC LIMIT 1",
                (line,),
            ).fetchone()
            data = None if row is None else json.loads(checked_row(row).body)
            if data is None or (data["kind"] == "parcel.diverted" and data["act"]["lane"] == free_lane):
                continue  # without its `departed` the move into a free lane is not whole
            codes = [code["data"] for code in data.get("codes", ()) if code.get("chk")]
            visit = VisitId(data["visit"])
            found[LineId(line)] = LastPlaced(visit, codes[0] if codes else None, data["act"]["bay"])
        return found

    def tail(self, count: int) -> list[Stored]:
        return read_rows(self._connection, max(0, self.last_seq - count), count)

    def verify(self) -> Verified:
        """Every CRC, link and signature from the first event on; raises JournalFault naming the first bad seq."""
        return verify_all(self._connection, read_meta(self._connection, self.path))

    def export(self, out: ByteSink) -> int:
        reader = JournalReader(self.path)
        try:
            return reader.export(out)
        finally:
            reader.close()

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # a failed COMMIT may have ended the transaction by itself
                self._connection.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        for statement in SCHEMA:
            self._connection.execute(statement)
        context = self.context
        facts = {
            "schema": str(SCHEMA_VERSION),
            "hub": context.hub,
            "gateway": context.gateway,
            "mode": context.mode,
            "epoch": str(context.epoch),
        }
        self._connection.executemany("INSERT INTO meta VALUES(?, ?)", facts.items())

    def _checked_tail(self) -> Cursor:
        first, last = self._connection.execute(
            "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM events"
        ).fetchone()
        if first != 1:
            raise JournalFault(
                f"journal {self.path} begins with seq {first}; events are missing; {_BEGIN_ANEW}"
            )
        rows = read_rows(self._connection, max(0, last - TAIL_CHECKED), TAIL_CHECKED)
        end = (
            Cursor()
            if not rows or rows[0].seq == 1
            else Cursor(rows[0].seq - 1, json.loads(rows[0].body)["prev"])
        )
        for row in rows:
            check_link(row, end.id)
            end = Cursor(row.seq, row.id)
        return end

    def _check_cursor(self) -> None:
        cursor = self._acknowledged
        if cursor.seq > self._last.seq or cursor.id != self._id_of(cursor.seq):
            raise JournalFault(
                f"journal {self.path} ends with seq {self._last.seq}, but the coordinator has acknowledged "
                f"seq {cursor.seq}: events are lost; {_BEGIN_ANEW}"
            )

    def _id_of(self, seq: int) -> str | None:
        if seq == 0:
            return ZERO_ID
        row = self._connection.execute("SELECT id FROM events WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else str(row[0])

    def _open_visit(self, last: dict[str, Any]) -> OpenVisit:
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE visit = ? ORDER BY seq",  # noqa: S608  (constant columns)
            (last["visit"],),
        )
        history = [json.loads(checked_row(row).body) for row in rows]
        codes = {
            (code["data"], code["type"]): None
            for data in history
            for code in data.get("codes", ())
            if code.get("chk")
        }
        return OpenVisit(
            visit=VisitId(last["visit"]),
            line=LineId(last["line"]),
            last_kind=last["kind"],
            held=_resting_lane(last) in HELD_LANES,
            codes=tuple(codes),
            arrived_utc_us=parse_rfc3339(history[0]["t"]),
        )

    def _abandon(self) -> None:
        with suppress(AttributeError):  # it failed before there was a connection
            self._connection.close()
        os.close(self._lock)


def _stored(number: int, link: Link, event: Event) -> Stored:
    line = "gw" if event.visit is None else event.line
    return Stored(number, link.seq, link.id, link.body, link.sig, link.kid, line, event.visit, event.kind)


def _resting_lane(data: dict[str, Any]) -> str | None:
    """The lane in whose bay the parcel was confirmed by its latest event; None for every other event."""
    if data["kind"] != "parcel.diverted" or not data["act"]["confirmed"]:
        return None
    return str(data["act"]["lane"])


def _lock(path: Path) -> int:
    """Held as long as the process lives, however it ends."""
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalFault(
            f"journal {path}: {lock} can't be opened: {error.strerror}; give --data"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        os.close(handle)
        raise JournalFault(
            f"journal {path} is in use by process {owner or 'unknown'}; stop that gateway, or give another "
            "folder with --data"
        ) from error
    os.truncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    # With the file made here, SQLite gives its WAL the same access rights.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return handle


def _check_owner(path: Path, meta: Meta, context: EventContext) -> None:
    ours = Meta(context.hub, context.gateway, context.mode, meta.epoch)
    if meta != ours:
        raise JournalFault(
            f"journal {path} is of gateway {meta.gateway}, hub {meta.hub}, mode {meta.mode}; this is gateway "
            f"{ours.gateway}, hub {ours.hub}, mode {ours.mode}; give another folder with --data"
        )
    counted = read_epoch(path.parent)
    if counted is None:
        write_epoch(path.parent, meta.epoch)
    elif counted != meta.epoch:
        raise JournalFault(
            f"journal {path} is of epoch {meta.epoch}, but {path.parent / EPOCH_FILE} says {counted}: an older "
            f"journal or counter was put back; {_BEGIN_ANEW}"
        )
