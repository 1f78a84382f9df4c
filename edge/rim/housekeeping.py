"""What the journal's thread does between groups: look at the disk, sign checkpoints, read back, write back, prune.

Never more than one small step at a time, as events may be waiting; the slow ones only when nothing waits. What stops
the line as long as it lasts is `standing`, in words (contract §11, level 4).
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from edge.core.snapshot import Balance
from edge.rim.disk import Disk
from edge.rim.journal import Journal, JournalFault
from edge.rim.journal_table import JournalUnread
from hub_config.names import SECOND, Instant

LOOK_EVERY: Final = 1 * SECOND
CHECKPOINT_EVERY: Final = 60 * SECOND
FIRST_CHECKPOINT: Final = 5 * SECOND
"""The first of a run comes sooner: what the last run left is then vouched for at once."""
CHECKPOINT_EVENTS: Final = 1_000
"""Contract §3: whichever comes first."""
BALANCE_EVERY: Final = 60 * SECOND
READ_BACK_MAX: Final = 200
"""Events read back in one idle step, the newest of what has been written since the last."""
SLOW_EVERY: Final = 1 * SECOND
OVERDUE: Final = 10 * SECOND
"""A line that is never idle: then the slow steps are taken between two groups."""
WRITE_BACK_EVENTS: Final = 200
"""Events in the WAL that are worth writing back when nothing waits."""
WRITE_BACK_MAX: Final = 1_000
"""And from here on (some 10 MiB) also between two groups: while the WAL begins anew within the room that it has, a
commit takes half the processor, and sooner ends, than where the file grows (`lay_out_wal`)."""
US_PER_S: Final = 1_000_000
NEVER: Final = Instant(2**63)

_log = logging.getLogger("hub.trouble")


class CheckpointSink(Protocol):
    """The uplink: publishes it, retained."""

    def checkpoint(self, message: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Retention:
    keep_s: int
    keep_events: int


class Housekeeping:
    """One thread's. `tend` raises what the journal raises: sqlite3.Error, JournalFault, OSError."""

    def __init__(
        self,
        journal: Journal,
        disk: Disk,
        retention: Retention,
        clock: Callable[[], Instant],
        utc_us: Callable[[], int],
        sink: CheckpointSink,
        balance: Callable[[], Balance] | None = None,
    ) -> None:
        self._journal = journal
        self._disk = disk
        self._retention = retention
        self._clock = clock
        self._utc_us = utc_us
        self._sink = sink
        self._balance = balance
        self._told_balance: Balance | None = None
        self._look_due = self._balance_due = Instant(0)
        self._slow_due = clock()
        self._signed_at = Instant(clock() - CHECKPOINT_EVERY + FIRST_CHECKPOINT)
        self._read_back = journal.last_seq
        self._prune_due = NEVER
        """When the next slice goes though the line is never idle: one has left more that may go."""
        self._short: str | None = None
        self._damaged: str | None = None

    @property
    def standing(self) -> str | None:
        return self._damaged or self._short

    @property
    def has_ballast(self) -> bool:
        return self._disk.has_ballast

    def disk_full(self) -> bool:
        """Gives up the ballast; True if that made room."""
        made = self._disk.give_ballast()
        self._look_due = Instant(0)
        if made:
            _log.error("the disk is full: the ballast is given up for what still has to be written")
        return made

    def tend(self, idle: bool) -> None:
        """`idle`: nothing waits to be written."""
        at = self._clock()
        if at >= self._look_due:
            self._look_due = Instant(at + LOOK_EVERY)
            self._short = self._disk.short()
            self._disk.keep_ballast()
        self._sign(at)
        if at >= self._slow_due + (0 if idle else OVERDUE):
            self._slow_due = Instant(at + SLOW_EVERY)
            self._slowly(at)
        elif at >= self._prune_due:
            self._prune(at)
        elif self._journal.wal.events >= WRITE_BACK_MAX:
            self._journal.wal.write_back_beside()

    def _slowly(self, at: Instant) -> None:
        self._check_written()
        if at >= self._balance_due:
            self._balance_due = Instant(at + BALANCE_EVERY)
            self._keep_balance()
            self._journal.prune_words(self._utc_us())
        self._prune(at)
        if self._journal.wal.events >= WRITE_BACK_EVENTS:
            self._journal.wal.write_back_beside()

    def close(self) -> None:
        """At the end of the thread: what this run has read, if the disk still takes it."""
        with suppress(sqlite3.Error):
            self._keep_balance()

    def _sign(self, at: Instant) -> None:
        new = self._journal.last_seq - self._journal.keeping().checkpoint
        if new >= CHECKPOINT_EVENTS or (new and at >= self._signed_at + CHECKPOINT_EVERY):
            self._signed_at = at
            message = self._journal.checkpoint(self._utc_us())
            if message is not None:
                self._sink.checkpoint(message)

    def _check_written(self) -> None:
        """Reads the last events back on another connection: from the file, not from what SQLite still remembers."""
        if self._read_back == self._journal.last_seq:
            return
        try:
            self._journal.read_back(max(self._read_back, self._journal.last_seq - READ_BACK_MAX))
        except JournalUnread:
            raise  # the writer says so, and all of this is tried again
        except JournalFault as fault:
            self._damaged = f"{fault}: what has just been written can't be read; change the disk"
        self._read_back = self._journal.last_seq

    def found(self, damage: str) -> None:
        """Another thread has found the file damaged: the line stops. Any thread may say so."""
        self._damaged = self._damaged or damage

    def _keep_balance(self) -> None:
        balance = None if self._balance is None else self._balance()
        if balance is not None and balance != self._told_balance:
            self._journal.keep_balance(balance)
            self._told_balance = balance

    def _prune(self, at: Instant) -> None:
        """A slice; the next after `SLOW_EVERY`: 2,000 events a second, which no line tells for long. With one in
        `OVERDUE` a line of 200 a second that is never idle would fill the disk with what may go."""
        self._prune_due = NEVER
        if self._damaged is not None:
            return
        made_by_us = None if self._short else self._utc_us() - self._retention.keep_s * US_PER_S
        try:
            through = self._journal.prunable(made_by_us, self._retention.keep_events)
            if self._journal.prune(through) and self._journal.keeping().pruned < through:
                self._prune_due = Instant(at + SLOW_EVERY)
        except JournalFault as fault:
            self._damaged = f"{fault}: the journal can't be pruned; run hub journal verify"
