"""The whole of a journal checked, and written out for others to check: every row, link, signature, tree, checkpoint."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from nacl.signing import VerifyKey

from edge.rim.disk import room_of
from edge.rim.journal_table import (
    Cursor,
    JournalFault,
    Meta,
    Stored,
    check_link,
    read_cursor,
    read_fact,
    read_nodes,
    read_pruned,
    read_rows,
)
from edge.rim.journal_tree import NODE_LEAVES, Checkpoint, all_checkpoints
from edge.rim.kept_words import check_words
from edge.wire.canonical import b64u_bytes
from edge.wire.checkpoint import Log, checkpoint_body, note_holds
from edge.wire.merkle import RightEdge, leaf_hash
from edge.wire.signing import KEY_BYTES, kid_of, signature_holds
from edge.wire.topics import Mode

DAMAGED: Final = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises for a file that is damaged; the second where its own message quotes damaged text."""
PAGE_ROWS: Final = 500
"""Rows fetched at a time where the whole journal is walked."""


def cant_open(path: Path, error: Exception) -> str:
    """What is in the way of the journal, and what to do: a disk that is full or does not write has not damaged it."""
    code = getattr(error, "sqlite_errorcode", None)
    full = code is not None and code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    if isinstance(error, OSError) or full:
        left = room_of(path.parent).free_bytes
        return (
            f"journal {path} can't be written: {error}; {left // 1024} KiB are free there: free some, or look after "
            "the disk, and start again"
        )
    return f"journal {path} can't be opened: {error}; restore it from a backup"


class ByteSink(Protocol):
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Verified:
    events: int
    signed: int
    unsigned: int
    pruned: int = 0
    """Events before the first kept one; the coordinator holds them."""
    checkpoints: int = 0
    countersigned: int = 0
    """The last event under a checkpoint that the coordinator has countersigned."""
    words: int = 0
    """Visits of which decisions are kept."""


def log_of(meta: Meta) -> Log:
    modes: dict[str, Mode] = {"live": "live", "practice": "practice", "replay": "replay"}
    return Log(modes[meta.mode], meta.hub, meta.gateway, meta.epoch)


def read_all(connection: sqlite3.Connection) -> Iterator[Stored]:
    """Every row kept, a page at a time, with the chain checked from the first."""
    last = read_pruned(connection)
    while page := read_rows(connection, last.seq, PAGE_ROWS):
        for row in page:
            check_link(row, last.id)
            yield row
            last = Cursor(row.seq, row.id)


def read_keys(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT kid, public FROM keys ORDER BY kid").fetchall())


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything read inside is of the same commit, whatever the gateway writes and prunes meanwhile."""
    if connection.in_transaction:
        yield
        return
    try:
        connection.execute("BEGIN")
        yield
    except DAMAGED as error:
        raise JournalFault(
            f"journal: the file itself is damaged: {error}; restore it from a backup"
        ) from error
    finally:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def verify_all(connection: sqlite3.Connection, meta: Meta) -> Verified:
    """Raises JournalFault naming the first event, node or checkpoint that is not as it must be."""
    with one_moment(connection):
        (sound,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if sound != "ok":
            raise JournalFault(
                f"journal: the file itself is damaged: {' '.join(sound.split())}; restore it from a backup"
            )
        return _verify(connection, meta)


def _verify(connection: sqlite3.Connection, meta: Meta) -> Verified:
    keys = {kid: _public_key(kid, public) for kid, public in read_keys(connection).items()}
    pruned = read_pruned(connection)
    tree = _TreeCheck(connection, log_of(meta), pruned.seq)
    events = signed = 0
    for row in read_all(connection):
        if events == 0:
            _check_owner(row, meta)
        events += 1
        tree.add(row.body)
        if row.sig is None or row.kid is None:
            if meta.mode == "live":
                raise JournalFault(f"journal: the event with seq {row.seq} is not signed; live events are")
            continue
        public = keys.get(row.kid)
        if public is None or not signature_holds(public, row.body, row.sig):
            raise JournalFault(f"journal: the signature of the event with seq {row.seq} is not good")
        signed += 1
    tree.end()
    _check_facts(connection, pruned, pruned.seq + events)
    words = check_words(connection)
    return Verified(events, signed, events - signed, pruned.seq, tree.checked, tree.countersigned, words)


def _check_owner(row: Stored, meta: Meta) -> None:
    data = json.loads(row.body)
    if (data["hub"], data["gw"], data["mode"], data["epoch"]) != (
        meta.hub,
        meta.gateway,
        meta.mode,
        meta.epoch,
    ):
        raise JournalFault(
            f"journal: the event with seq {row.seq} is not of the gateway or epoch it says it is of"
        )


def _check_facts(connection: sqlite3.Connection, pruned: Cursor, last: int) -> None:
    for (name,) in connection.execute("SELECT name FROM facts").fetchall():
        read_fact(connection, name)
    cursor = read_cursor(connection)
    if not pruned.seq <= cursor.seq <= last:
        raise JournalFault(
            f"journal: it ends with seq {last}, its cursor says {cursor.seq}; restore from a backup"
        )
    held = pruned.id if cursor.seq == pruned.seq else read_rows(connection, cursor.seq - 1, 1)[0].id
    if cursor.id != held:
        raise JournalFault(
            f"journal: its cursor names another event than seq {cursor.seq}; restore from a backup"
        )


class _TreeCheck:
    """Grows the tree once more, event by event, and holds the kept nodes and checkpoints against it."""

    def __init__(self, connection: sqlite3.Connection, log: Log, pruned: int) -> None:
        self._log = log
        self._keys = read_keys(connection)
        self._checkpoints = all_checkpoints(connection)
        self._nodes = {(lo, hi): node for lo, hi, node in read_nodes(connection)}
        self._edge, self._block = RightEdge(), RightEdge()
        for lo, hi in [place for place in self._nodes if place[1] <= pruned]:
            if lo != self._edge.size:
                raise JournalFault(
                    f"journal: its tree has no subtree from {self._edge.size}; restore from a backup"
                )
            self._edge.add_subtree(self._nodes.pop((lo, hi)), hi - lo)
        if self._edge.size != pruned:
            raise JournalFault(f"journal: its tree lacks the events pruned before seq {pruned + 1}")
        self.checked = self.countersigned = 0

    def add(self, body: bytes) -> None:
        leaf = leaf_hash(body)
        self._edge.add(leaf)
        self._block.add(leaf)
        size = self._edge.size
        if self._block.size == NODE_LEAVES:
            if self._nodes.pop((size - NODE_LEAVES, size), None) != self._block.root:
                raise JournalFault(
                    f"journal: its tree is wrong over the events {size - NODE_LEAVES + 1} to {size}"
                )
            self._block = RightEdge()
        while self.checked < len(self._checkpoints) and self._checkpoints[self.checked].size == size:
            self._check(self._checkpoints[self.checked])
            self.checked += 1

    def end(self) -> None:
        if self._nodes or self.checked < len(self._checkpoints):
            raise JournalFault(
                f"journal: it ends with seq {self._edge.size}, but it has a checkpoint or subtree over more: "
                "events are lost; restore from a backup"
            )

    def _check(self, checkpoint: Checkpoint) -> None:
        body = checkpoint_body(self._log, checkpoint.size, self._edge.root)
        if not any(
            note_holds(checkpoint.note, body, self._log.origin, public) for public in self._keys.values()
        ):
            raise JournalFault(
                f"journal: its checkpoint over {checkpoint.size} events is not of these events"
            )
        if checkpoint.line is None:
            return
        if checkpoint.public is None or not note_holds(
            body + "\n" + checkpoint.line, body, None, checkpoint.public
        ):
            raise JournalFault(f"journal: the countersignature over {checkpoint.size} events is not good")
        self.countersigned = checkpoint.size


def _public_key(kid: str, text: str) -> VerifyKey:
    raw = b64u_bytes(text, KEY_BYTES)
    if raw is None or kid_of(raw) != kid:
        raise JournalFault(f"journal: {text:.50} in its table of keys is not the public key {kid:.20}")
    return VerifyKey(raw)


def export_all(connection: sqlite3.Connection, meta: Meta, out: ByteSink) -> int:
    """Writes the file that `edge.wire.verifier` reads; returns how many events it holds."""
    with one_moment(connection):
        pruned = read_pruned(connection)
        header: dict[str, object] = {
            "journal": 1, "hub": meta.hub, "gw": meta.gateway, "epoch": meta.epoch, "keys": read_keys(connection),
        }  # fmt: skip
        if pruned.seq:
            header["begins"] = [pruned.seq + 1, pruned.id]
        out.write(json.dumps(header, separators=(",", ":")).encode() + b"\n")
        count = 0
        for row in read_all(connection):
            out.write(row.payload + b"\n")
            count += 1
    return count
