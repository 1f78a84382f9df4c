"""The journal: what happened at this gateway, on disk before anyone is told (event-path facts §6, contract §7).

It gives each event its seq, its place in the chain, id and signature, in one transaction per group; keeps the cursor
of what the coordinator has acknowledged (what comes after it is the outbox); signs checkpoints over all of it; and
refuses to open on a file that is another gateway's, in use, or damaged at its end. What is deleted, from the beginning
on, is acknowledged and lies under a checkpoint that the coordinator has countersigned.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from edge.core.event import Event
from edge.core.snapshot import Balance, LastPlaced
from edge.core.standing import VisitWords
from edge.core.visits import Remembered
from edge.rim.capsule import remember
from edge.rim.carried_over import all_departed, all_open, carry_over
from edge.rim.journal_check import DAMAGED, ByteSink, Verified, cant_open, log_of
from edge.rim.journal_commit import ROWS_AT_ONCE, WAL_KEPT_BYTES, Transactions, lay_out_wal
from edge.rim.journal_history import OpenVisit, last_placed
from edge.rim.journal_owner import BEGIN_ANEW, check_owner, lock_journal, read_after_loss, seal_contradicted
from edge.rim.journal_rows import JournalReader
from edge.rim.journal_table import (
    SCHEMA,
    SCHEMA_VERSION,
    Cursor,
    JournalFault,
    Stored,
    check_link,
    connect,
    prev_of,
    read_cursor,
    read_meta,
    read_pruned,
    read_rows,
    stored,
    write_fact,
)  # fmt: skip
from edge.rim.journal_tree import (
    NODE_LEAVES,
    Checkpoint,
    EventTree,
    Keeping,
    bring_up,
    countersign_checkpoint,
    countersigned_by,
    look_at_keeping,
    make_checkpoint,
    newest_checkpoint,
    prune_slice,
)  # fmt: skip
from edge.rim.kept_words import bound_words, prune_words, read_words, words_to_prune, write_words
from edge.rim.keys import next_epoch, open_folder
from edge.rim.recent_ids import RecentIds
from edge.rim.wal import Wal
from edge.wire.chain import Chain
from edge.wire.checkpoint import build_checkpoint
from edge.wire.envelope import EventContext
from edge.wire.messages import Ack
from edge.wire.signing import Signer, TrustedKey, TrustStore
from edge.wire.topics import Topics
from hub_config.names import LineId

__all__ = ["Journal", "JournalFault", "JournalReader", "OpenVisit", "Stored"]

JOURNAL_FILE: Final = "journal.db"
"""In the data folder of its gateway."""
TAIL_CHECKED: Final = 1_000
"""Events at the journal's end that are checked at every start; `verify` checks all."""
PRUNED_AT_ONCE: Final = 8 * NODE_LEAVES
"""Events deleted in one transaction: about as long as the commit of ten groups."""
VACUUMED_AT_ONCE: Final = 1_024
"""Pages given back to the file system at a time, 4 MiB."""

AckOutcome = Literal["advanced", "stale", "other_epoch", "beyond_end", "wrong_id", "wrong_root"]
"""beyond_end, wrong_id, wrong_root: the coordinator holds events of this epoch that this journal does not."""
CONTRADICTIONS: Final = ("beyond_end", "wrong_id", "wrong_root")


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """journalled = acknowledged + pending, always."""

    journalled: int
    acknowledged: int
    pending: int


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
        self._checker: JournalReader | None = None
        open_folder(path.parent)
        self._lock = lock_journal(path)
        try:
            self.after_loss = seal_contradicted(path)
            """What the journal of the epoch before had lost, if this one was begun for that."""
            self._connection = connect(path, read_only=False)
            self._transactions = Transactions(self._connection)
            self.wal = Wal(path, self._connection)
            self._open(context_for, signer, sign_one_in)
        except DAMAGED as error:
            self._abandon()
            raise JournalFault(cant_open(path, error)) from error
        except BaseException:
            self._abandon()
            raise

    def _open(self, context_for: Callable[[int], EventContext], signer: Signer, sign_one_in: int) -> None:
        new = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
        # No commit writes the WAL back: that is where SQLite stalls longest (`Wal`).
        pragmas = ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0")
        for pragma in (*pragmas, f"journal_size_limit={WAL_KEPT_BYTES}"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        if new:
            self.context = context_for(next_epoch(self.path.parent))
            with self._transactions.one():
                self._begin()
        else:
            with self._transactions.one():
                bring_up(self._connection)
            meta = read_meta(self._connection, self.path)
            self.context = context_for(meta.epoch)
            check_owner(self.path, meta, self.context)
            with self._transactions.one():
                bound_words(self._connection)
            self.after_loss = read_after_loss(self._connection)
        self.epoch, self._signer = self.context.epoch, signer
        with self._transactions.one():
            self._connection.execute(
                "INSERT OR IGNORE INTO keys VALUES(?, ?)", (signer.kid, signer.public_b64)
            )
        lay_out_wal(self.path)
        self._pruned = read_pruned(self._connection)
        self._last = self._checked_tail()
        self._transactions.begin(read_cursor(self._connection))
        self._ids = RecentIds()
        self._check_cursor()
        self._began_at = self._last.seq
        self._tree = EventTree(self._connection, self._last.seq)
        self._log = log_of(read_meta(self._connection, self.path))
        self._chain = Chain(self.context, signer, self._last.seq + 1, self._last.id, sign_one_in)
        self._lost = 0 if self.after_loss is None else self.after_loss.lost
        self._keeping = look_at_keeping(self._connection, self._pruned.seq, self._lost)

    @property
    def last_seq(self) -> int:
        return self._last.seq

    def append(self, events: Sequence[tuple[int, Event]], words: Sequence[VisitWords] = ()) -> list[Stored]:
        """Stores numbered events, and what was said of visits, in one transaction: all of it is on disk when this
        returns, or nothing is."""
        head = self._chain.head
        try:
            rows = [stored(number, self._chain.append(event), event) for number, event in events]
            if rows and not words and len(rows) <= min(ROWS_AT_ONCE, self._tree.room):
                self._transactions.insert_alone(rows)
                self._tree.add(row.body for row in rows)
            else:
                self._append_more(rows, words)
        except BaseException:
            self._chain.rewind(head)
            raise
        if rows:
            self._last = Cursor(rows[-1].seq, rows[-1].id)
            self.wal.events += len(rows)
            self._ids.add(rows)
        return rows

    def _append_more(self, rows: Sequence[Stored], words: Sequence[VisitWords]) -> None:
        mark = self._tree.mark
        try:
            with self._transactions.one():
                self._transactions.insert(rows)
                self._tree.add(row.body for row in rows)
                write_words(self._connection, words)
        except BaseException:
            self._tree.rewind(mark)
            raise

    def acknowledge(self, ack: Ack) -> AckOutcome:
        """Moves the cursor forward, if the ack speaks of this epoch and names the very event it covers last. It is
        on disk with a later transaction (`journal_commit.py`), that of a pruning at the latest, or after
        `keep_cursor`."""
        if ack.epoch != self.epoch:
            return "other_epoch"
        if ack.through_seq > self.last_seq:
            return "beyond_end"
        if ack.through_seq < self._pruned.seq:
            return "stale"
        if ack.through_id != self._id_of(ack.through_seq):
            return "wrong_id"
        if ack.ckpt is not None and ack.ckpt.size > self._keeping.countersigned:
            with self._transactions.one():
                if not countersign_checkpoint(self._connection, self._log, ack.ckpt):
                    return "wrong_root"
            self._keeping = look_at_keeping(self._connection, self._pruned.seq, self._lost)
        if ack.through_seq <= self._transactions.acknowledged.seq:
            return "stale"
        self._transactions.acknowledged = Cursor(ack.through_seq, ack.through_id)
        self._ids.forget_before(ack.through_seq)
        return "advanced"

    def keep_cursor(self) -> None:
        """Writes down what is acknowledged, if nothing else was written since."""
        self._transactions.keep()

    def contradicted(self, ack: Ack, outcome: AckOutcome) -> None:
        """Writes down that this epoch is over: at the next start this file is put away and the next one begins."""
        lost = max(1, ack.through_seq - self._began_at)  # what came since has taken numbers of lost ones
        told = {"by": outcome, "acknowledged": ack.through_seq, "lost": lost}
        with self._transactions.one():
            write_fact(self._connection, "contradicted", told)
        self._lost = lost
        self._keeping = look_at_keeping(self._connection, self._pruned.seq, self._lost)

    def pending(self, after_seq: int, limit: int) -> list[Stored]:
        return read_rows(self._connection, after_seq, limit)

    def figures(self) -> JournalFigures:
        """From memory; any thread may ask."""
        acknowledged, journalled = self._transactions.acknowledged.seq, self.last_seq
        return JournalFigures(journalled, acknowledged, journalled - acknowledged)

    def keeping(self) -> Keeping:
        """From memory; any thread may ask."""
        return self._keeping

    # Checkpoints, and what may be deleted under them

    def checkpoint(self, at_us: int) -> bytes | None:
        """Signs all events so far; returns the message for `ckpt/{gw}`. None if there is nothing new."""
        if self.last_seq == self._keeping.checkpoint:
            return None
        with self._transactions.one():
            made = make_checkpoint(
                self._connection, self._log, self._tree.size, self._tree.root, self._signer, at_us
            )
        self._keeping = look_at_keeping(self._connection, self._pruned.seq, self._lost)
        return self._message(made)

    def newest_checkpoint(self) -> bytes | None:
        """The last one again, for a broker that may have lost it."""
        found = newest_checkpoint(self._connection)
        return None if found is None else self._message(found)

    def _message(self, made: Checkpoint) -> bytes:
        return build_checkpoint(self._log, made.size, made.note, self._signer)

    def prunable(self, made_by_us: int | None, keep_events: int) -> int:
        """Through which seq events may go: acknowledged, under a countersigned checkpoint that was made at
        `made_by_us` or before (None: whenever), and not among the newest `keep_events`."""
        if made_by_us is None:
            under = self._keeping.countersigned
        else:
            found = countersigned_by(self._connection, made_by_us)
            under = 0 if found is None else found.size
        through = min(self._transactions.acknowledged.seq, under, self.last_seq - keep_events)
        return max(self._pruned.seq, through - through % NODE_LEAVES)

    def prune(self, through: int) -> bool:
        """Deletes a slice of what `prunable` allows, and gives the space back; False if there is nothing to do."""
        through = min(through, self._pruned.seq + PRUNED_AT_ONCE)
        if through <= self._pruned.seq:
            return False
        with self._transactions.one():
            pruned = prune_slice(self._connection, through)
            write_fact(self._connection, "pruned", asdict(pruned))
        self._pruned = pruned
        self._keeping = look_at_keeping(self._connection, self._pruned.seq, self._lost)
        self._connection.executescript(f"PRAGMA incremental_vacuum({VACUUMED_AT_ONCE})")  # one page a step
        return True

    # Upkeep

    def keep_balance(self, balance: Balance) -> None:
        """What this run has read, for `hub journal balance`."""
        told = {"read": balance.read, "journalled": balance.journalled, "rejected": dict(balance.rejected)}
        with self._transactions.one():
            write_fact(self._connection, "balance", told)

    def remember(self, config: str, digest: str, trust: Iterable[TrustedKey]) -> None:
        """What events only name by a digest or a kid: the configuration, and whose signatures were believed."""
        with self._transactions.one():
            remember(self._connection, config, digest, trust)

    def read_back(self, after_seq: int) -> None:
        """Reads the events after this one from the file, not from what SQLite remembers of writing them."""
        if self._checker is None:
            self._checker = JournalReader(self.path)
        self._checker.pending(after_seq, self.last_seq - after_seq)

    def open_visits(self) -> tuple[OpenVisit, ...]:
        return all_open(self._connection)

    def remembered(self, trust: TrustStore, topics: Topics) -> Remembered:
        """What was said of parcels, verified again, and which have left."""
        return Remembered(read_words(self._connection, trust, topics), all_departed(self._connection))

    def prune_words(self, now_us: int) -> None:
        if words_to_prune(self._connection, now_us):
            with self._transactions.one():
                prune_words(self._connection, now_us)

    def last_placed(self, free_lanes: Mapping[str, str]) -> dict[LineId, LastPlaced]:
        return last_placed(self._connection, free_lanes)

    def tail(self, count: int) -> list[Stored]:
        return read_rows(self._connection, max(self._pruned.seq, self.last_seq - count), count)

    def verify(self) -> Verified:
        """All of it, checked on a connection of its own; raises JournalFault naming the first bad seq."""
        with closing(JournalReader(self.path)) as reader:
            return reader.verify()

    def export(self, out: ByteSink) -> int:
        with closing(JournalReader(self.path)) as reader:
            return reader.export(out)

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._transactions.keep()
        if self._checker is not None:
            self._checker.close()
        self.wal.close()
        self._connection.close()
        os.close(self._lock)

    def _begin(self) -> None:
        for statement in SCHEMA:
            self._connection.execute(statement)
        context = self.context
        facts = {"schema": str(SCHEMA_VERSION), "hub": context.hub, "gateway": context.gateway}
        facts |= {"mode": context.mode, "epoch": str(context.epoch)}
        self._connection.executemany("INSERT INTO meta VALUES(?, ?)", facts.items())
        if self.after_loss is not None:
            write_fact(self._connection, "after_loss", asdict(self.after_loss))
            carry_over(self._connection, self.path.with_name(self.after_loss.file))

    def _checked_tail(self) -> Cursor:
        begins = self._pruned.seq + 1
        first, last = self._connection.execute(
            "SELECT coalesce(min(seq), ?), coalesce(max(seq), ?) FROM events", (begins, begins - 1)
        ).fetchone()
        if first != begins:
            raise JournalFault(
                f"journal {self.path} begins with seq {first}, not {begins}; events are missing; {BEGIN_ANEW}"
            )
        after = max(self._pruned.seq, last - TAIL_CHECKED)
        rows = read_rows(self._connection, after, TAIL_CHECKED)
        end = self._pruned if after == self._pruned.seq else Cursor(after, prev_of(rows[0]))
        for row in rows:
            check_link(row, end.id)
            end = Cursor(row.seq, row.id)
        return end

    def _check_cursor(self) -> None:
        cursor = self._transactions.acknowledged
        if cursor.seq > self._last.seq or cursor.id != self._id_of(cursor.seq):
            raise JournalFault(
                f"journal {self.path} ends with seq {self._last.seq}, but the coordinator has acknowledged "
                f"seq {cursor.seq}: events are lost; {BEGIN_ANEW}"
            )

    def _id_of(self, seq: int) -> str | None:
        if seq == self._pruned.seq:
            return self._pruned.id
        if (recent := self._ids.get(seq)) is not None:
            return recent
        row = self._connection.execute("SELECT id FROM events WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else str(row[0])

    def _abandon(self) -> None:
        with suppress(AttributeError):  # it failed before there was a connection
            self._connection.close()
        os.close(self._lock)
