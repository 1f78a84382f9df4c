"""The tree over the events of a journal, kept in it, and the checkpoints made of it (clearance contract §3).

Every full block of NODE_LEAVES events leaves its hash in the journal, in the transaction that completes it. So the
tree is whole again after a start without reading all events, a proof reads a few blocks, and what is pruned leaves the
hashes that proofs still need. In memory: the right edge, some dozen hashes.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge.rim.journal_table import (
    BROUGHT_UP,
    SCHEMA_2,
    SCHEMA_3,
    SCHEMA_VERSION,
    Cursor,
    JournalFault,
    crc_of,
    read_nodes,
    read_pruned,
    read_rows,
)
from edge.wire.checkpoint import Countersigned, Log, checkpoint_body, sign_note
from edge.wire.merkle import RightEdge, complete_subtrees, leaf_hash, node_hash
from edge.wire.signing import Signer

NODE_LEAVES: Final = 256
"""A power of two. Pruning ends at a multiple of it."""
UNCONFIRMED_MAX: Final = 100
"""Checkpoints kept that nobody has countersigned, the newest; the coordinator gets only the newest anyway."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    size: int
    at_us: int
    note: str
    line: str | None = None
    """The coordinator's countersignature."""
    public: str | None = None

    @property
    def columns(self) -> tuple[int | str | None, ...]:
        fields = (self.size, self.at_us, self.note, self.line, self.public)
        return (*fields, crc_of(*fields))


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much of the epoch is still here, and how far others vouch for it."""

    pruned: int = 0
    checkpoint: int = 0
    countersigned: int = 0
    lost: int = 0
    """Events of this epoch or the one before that only the coordinator holds."""


class Subtrees:
    """Hashes of complete subtrees, from what the journal keeps of them or from its events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, lo: int, hi: int) -> bytes:
        """Raises JournalFault where neither is there any more."""
        found = self._connection.execute(
            "SELECT hash FROM nodes WHERE lo = ? AND hi = ?", (lo, hi)
        ).fetchone()
        if found is not None:
            return bytes(found[0])
        if hi - lo > NODE_LEAVES:
            middle = (lo + hi) // 2
            return node_hash(self(lo, middle), self(middle, hi))
        edge = RightEdge()
        for row in read_rows(self._connection, lo, hi - lo):
            edge.add(leaf_hash(row.body))
        if edge.size != hi - lo:
            raise JournalFault(f"journal: the events {lo + 1} to {hi} of its tree are missing")
        return edge.root


class EventTree:
    """Of the writing connection. Where there is no `room`, `add` belongs into the transaction of the events."""

    def __init__(self, connection: sqlite3.Connection, last_seq: int) -> None:
        self._connection = connection
        self._blocks, self._open = RightEdge(), RightEdge()
        for lo, hi, node in read_nodes(connection):
            if lo != self._blocks.size or hi > last_seq:
                raise JournalFault(
                    f"journal: its tree has no subtree from {self._blocks.size}; run hub journal verify"
                )
            self._blocks.add_subtree(node, hi - lo)
        for row in read_rows(connection, self._blocks.size, NODE_LEAVES):
            self._open.add(leaf_hash(row.body))
        if self.size != last_seq:
            raise JournalFault(f"journal: its tree ends with {self.size}, its events with {last_seq}")

    @property
    def size(self) -> int:
        return self._blocks.size + self._open.size

    @property
    def root(self) -> bytes:
        return RightEdge(self.size, (*self._blocks.nodes, *self._open.nodes)).root

    @property
    def room(self) -> int:
        """Events that can be added with nothing to be written."""
        return NODE_LEAVES - 1 - self._open.size

    @property
    def mark(self) -> tuple[RightEdge, RightEdge]:
        """For `rewind`, if the transaction fails."""
        return self._blocks.copy(), self._open.copy()

    def rewind(self, mark: tuple[RightEdge, RightEdge]) -> None:
        self._blocks, self._open = mark

    def add(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            self._open.add(leaf_hash(body))
            if self._open.size == NODE_LEAVES:
                self._close_block()

    def _close_block(self) -> None:
        node, lo = self._open.root, self._blocks.size
        self._connection.execute("INSERT INTO nodes VALUES(?, ?, ?)", (lo, lo + NODE_LEAVES, node))
        self._blocks.add_subtree(node, NODE_LEAVES)
        self._open = RightEdge()


def bring_up(connection: sqlite3.Connection) -> None:
    """An older journal gets the tables that came later, and the tree over its events. Inside a transaction."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if found is None or found[0] not in BROUGHT_UP:
        return
    for statement in (*(SCHEMA_2 if found == ("1",) else ()), *SCHEMA_3):
        connection.execute(statement)
    if found == ("1",):
        _grow_tree(connection)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA_VERSION),))


def _grow_tree(connection: sqlite3.Connection) -> None:
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    subtrees = Subtrees(connection)
    for lo in range(0, last - last % NODE_LEAVES, NODE_LEAVES):
        node = subtrees(lo, lo + NODE_LEAVES)
        connection.execute("INSERT INTO nodes VALUES(?, ?, ?)", (lo, lo + NODE_LEAVES, node))


def make_checkpoint(
    connection: sqlite3.Connection, log: Log, size: int, root: bytes, signer: Signer, at_us: int
) -> Checkpoint:
    """Signs the tree and keeps it. Inside a transaction."""
    made = Checkpoint(size, at_us, sign_note(checkpoint_body(log, size, root), log.origin, signer))
    connection.execute("INSERT OR IGNORE INTO checkpoints VALUES(?, ?, ?, ?, ?, ?)", made.columns)
    connection.execute(
        "DELETE FROM checkpoints WHERE line IS NULL AND size NOT IN"
        " (SELECT size FROM checkpoints WHERE line IS NULL ORDER BY size DESC LIMIT ?)",
        (UNCONFIRMED_MAX,),
    )
    return made


def countersign_checkpoint(connection: sqlite3.Connection, log: Log, told: Countersigned) -> bool:
    """Keeps the coordinator's line; older ones without one are not needed any more. False if ours says otherwise."""
    ours = find_checkpoint(connection, told.size)
    if ours is None:
        return True  # no longer kept: a newer one will be countersigned
    if not ours.note.startswith(checkpoint_body(log, told.size, told.root) + "\n"):
        return False
    signed = Checkpoint(ours.size, ours.at_us, ours.note, told.line, told.public)
    connection.execute("INSERT OR REPLACE INTO checkpoints VALUES(?, ?, ?, ?, ?, ?)", signed.columns)
    connection.execute("DELETE FROM checkpoints WHERE line IS NULL AND size < ?", (told.size,))
    return True


def find_checkpoint(connection: sqlite3.Connection, size: int) -> Checkpoint | None:
    return _one(connection, "WHERE size = ?", size)


def newest_checkpoint(connection: sqlite3.Connection, countersigned: bool = False) -> Checkpoint | None:
    return _one(
        connection, f"WHERE {'line IS NOT NULL' if countersigned else '1'} ORDER BY size DESC LIMIT 1"
    )


def countersigned_by(connection: sqlite3.Connection, at_us: int) -> Checkpoint | None:
    """The newest countersigned one that was made at `at_us` or before."""
    return _one(connection, "WHERE line IS NOT NULL AND at_us <= ? ORDER BY size DESC LIMIT 1", at_us)


def countersigned_over(connection: sqlite3.Connection, seq: int) -> Checkpoint | None:
    """The oldest countersigned one that covers this event."""
    return _one(connection, "WHERE line IS NOT NULL AND size >= ? ORDER BY size LIMIT 1", seq)


def look_at_keeping(connection: sqlite3.Connection, pruned: int, lost: int) -> Keeping:
    made, signed = newest_checkpoint(connection), newest_checkpoint(connection, countersigned=True)
    return Keeping(pruned, 0 if made is None else made.size, 0 if signed is None else signed.size, lost)


def all_checkpoints(connection: sqlite3.Connection) -> list[Checkpoint]:
    return [_checked(row) for row in connection.execute("SELECT * FROM checkpoints ORDER BY size")]


def _one(connection: sqlite3.Connection, condition: str, *values: int) -> Checkpoint | None:
    row = connection.execute(f"SELECT * FROM checkpoints {condition}", values).fetchone()  # noqa: S608  (constant)
    return None if row is None else _checked(row)


def _checked(row: tuple[int, int, str, str | None, str | None, int]) -> Checkpoint:
    found = Checkpoint(*row[:5])
    if found.columns[-1] != row[5]:
        raise JournalFault(f"journal: its checkpoint over {row[0]} events is damaged (CRC)")
    return found


def prune_slice(connection: sqlite3.Connection, through: int) -> Cursor:
    """Deletes events up to `through`, a multiple of NODE_LEAVES, and keeps what proofs and the chain need of them.

    Inside a transaction. Returns the event behind which the journal begins now.
    """
    pruned = read_pruned(connection)
    if through % NODE_LEAVES or through <= pruned.seq:
        raise ValueError(
            f"pruning through {through} after {pruned.seq}: it ends at a multiple of {NODE_LEAVES}"
        )
    (last,) = read_rows(connection, through - 1, 1)
    subtrees = Subtrees(connection)
    kept = [(lo, hi, subtrees(lo, hi)) for lo, hi in complete_subtrees(0, through)]
    connection.execute("DELETE FROM nodes WHERE hi <= ?", (through,))
    connection.executemany("INSERT INTO nodes VALUES(?, ?, ?)", kept)
    connection.execute("DELETE FROM checkpoints WHERE size <= ?", (through,))
    connection.execute("DELETE FROM events WHERE seq <= ?", (through,))
    return Cursor(last.seq, last.id)
