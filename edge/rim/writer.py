"""The journal's writer thread: groups events, commits them, then tells first the core and then the uplink.

In that order, so that the core knows an event's id before a decision on it can come back. Nothing is told before it
is on disk. If the disk fails, events are kept and tried again every second, and the core is told once: no evidence, no
movement. The core's `put` waits only when WAITING_MAX events are kept; nothing is ever dropped.
"""

import errno
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from threading import Event as Event_
from typing import Final, Literal, Protocol, assert_never

from edge.core.event import Event
from edge.core.inputs import Committed, JournalTrouble, JournalWell
from edge.rim.housekeeping import Housekeeping
from edge.rim.journal import AckOutcome, Journal, JournalFault, Stored
from edge.wire.canonical import WireError
from edge.wire.messages import Ack
from hub_config.names import Instant

WAITING_MAX: Final = 10_000
"""Events not yet on disk; more than an hour of a full bench. At the bound the core waits."""
ACKS_MAX: Final = 16
"""Acks not yet looked at; the oldest goes first, as a later ack covers it."""
RETRY_MS: Final = 1_000
QUIET_S: Final = 0.02
"""Nothing to write for so long is a pause in which to keep house; in a lasting one every `HOUSE_S`."""
HOUSE_S: Final = 1.0
STOP_TIMEOUT_S: Final = 10.0


class CommitSink(Protocol):
    """The inbox."""

    def put(self, given: Committed | JournalTrouble | JournalWell, /) -> None: ...


class StoredSink(Protocol):
    """The uplink."""

    def committed(self, rows: Sequence[Stored], /) -> None: ...


class JournalWriter:
    """Owns the journal from `start` to `stop`."""

    def __init__(
        self,
        journal: Journal,
        on_commit: CommitSink,
        uplink: StoredSink,
        clock: Callable[[], Instant],
        group_events: int = 100,
        group_wait_ms: int = 2,
        retry_ms: int = RETRY_MS,
        keeper: Housekeeping | None = None,
    ) -> None:
        """`keeper`: what is done between groups; None where nothing is (tests of the groups alone)."""
        self._journal = journal
        self._on_commit = on_commit
        self._uplink = uplink
        self._clock = clock
        self._group_events = group_events
        self._group_wait_s = group_wait_ms / 1000
        self._retry_s = retry_ms / 1000
        self._keeper = keeper
        self._quiet_s = QUIET_S
        self._told_standing: str | None = None
        self._waiting: deque[tuple[int, Event]] = deque()
        self._acks: deque[Ack] = deque(maxlen=ACKS_MAX)
        self._changed = Condition()
        self._stopping = False
        self._reported: str | None = None
        self._contradicted: str | None = None
        """What the coordinator holds and this journal does not; it lasts as long as this run."""
        self._failing = False
        """The disk has refused, and nothing has succeeded since."""
        self.failed = Event_()
        """A mistake of ours ended the thread."""
        self._last_number: int | None = None
        self._thread = Thread(target=self._run, name="journal", daemon=True)

    @property
    def waiting(self) -> int:
        """Events that are not on disk yet."""
        return len(self._waiting)

    def start(self) -> None:
        self._thread.start()

    def put(self, number: int, event: Event) -> None:
        """Called by the core's thread, with numbers 1, 2, 3, …"""
        with self._changed:
            if self._last_number not in (None, number - 1):
                raise ValueError(f"event number {number} follows {self._last_number}; numbers have no gaps")
            self._last_number = number
            self._changed.wait_for(lambda: len(self._waiting) < WAITING_MAX or self._stopping)
            self._waiting.append((number, event))
            self._changed.notify_all()

    def acknowledge(self, ack: Ack) -> None:
        """Called by the uplink's thread; never waits."""
        with self._changed:
            self._acks.append(ack)
            self._changed.notify_all()

    def stop(self) -> int:
        """Writes what waits and ends the thread; returns how many events could not be written (disk trouble)."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(STOP_TIMEOUT_S)
        return self.waiting

    def _run(self) -> None:
        try:
            while (turn := self._wait_for_work()) != "end":
                if self._step(idle=turn == "idle"):
                    continue
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopping, self._retry_s):
                        self._step(idle=False)  # the last try
                        return
            if self._keeper is not None:
                self._keeper.close()
        except BaseException as error:
            self.failed.set()
            self._on_commit.put(JournalTrouble(self._clock(), f"the journal's thread ended: {error!r}"))
            raise

    def _step(self, idle: bool) -> bool:
        """One round of writing, acknowledging and keeping house; False if the disk would not."""
        try:
            if not idle:
                self._write_group()
                self._take_acks()
            if self._keeper is not None:
                self._keeper.tend(idle)
        except (sqlite3.Error, OSError, JournalFault, WireError) as error:
            if _is_full(error) and self._keeper is not None and self._keeper.disk_full():
                return True  # there is room again for what waits
            self._failing = True
            self._report(f"events can't be written to {self._journal.path}: {error}; check the disk")
            return False
        if self._failing:
            # What failed may have been an ack: no event waits whose commit would say that the disk is back.
            self._failing, self._reported = False, None
            self._on_commit.put(Committed(self._clock(), (self._last_number or 0) + 1, ()))
        self._tell_standing()
        return True

    def _tell_standing(self) -> None:
        """What no commit makes good, when it begins and when it is over."""
        standing = self._contradicted or (None if self._keeper is None else self._keeper.standing)
        if standing is not None and self._told_standing is None:
            self._on_commit.put(JournalTrouble(self._clock(), standing, lasting=True))
        elif standing is None and self._told_standing is not None:
            self._on_commit.put(JournalWell(self._clock()))
        self._told_standing = standing

    def _wait_for_work(self) -> Literal["work", "idle", "end"]:
        """Blocks until a group is complete, its wait is over, acks have come, or there is time to keep house."""
        with self._changed:
            quiet_s = None if self._keeper is None else self._quiet_s
            came = self._changed.wait_for(lambda: self._waiting or self._acks or self._stopping, quiet_s)
            if not came:
                self._quiet_s = HOUSE_S
                return "idle"
            self._quiet_s = QUIET_S
            if self._waiting and not self._stopping:
                self._changed.wait_for(self._group_complete, self._group_wait_s)
            return "work" if self._waiting or self._acks else "end"

    def _group_complete(self) -> bool:
        return len(self._waiting) >= self._group_events or self._stopping

    def _write_group(self) -> None:
        with self._changed:
            group = [self._waiting[place] for place in range(min(len(self._waiting), self._group_events))]
        if not group:
            return
        rows = self._journal.append(group)
        with self._changed:
            for _ in group:
                self._waiting.popleft()
            self._changed.notify_all()
        self._failing, self._reported = False, None
        self._on_commit.put(Committed(self._clock(), group[0][0], tuple(row.id for row in rows)))
        self._uplink.committed(rows)

    def _take_acks(self) -> None:
        """The furthest good ack settles all before it, so a burst of acks costs one commit."""
        with self._changed:
            acks = sorted(self._acks, key=lambda ack: (ack.epoch, ack.through_seq), reverse=True)
            self._acks.clear()
        for ack in acks:
            try:
                outcome = self._journal.acknowledge(ack)
            except sqlite3.Error:
                self.acknowledge(ack)  # tried again with the next round
                raise
            match outcome:
                case "advanced" | "stale":
                    return
                case "other_epoch":  # the retained ack of an epoch that is over
                    continue
                case "beyond_end" | "wrong_id" | "wrong_root":
                    if self._contradicted is None:
                        self._journal.contradicted(ack, outcome)
                        self._contradicted = _contradiction(outcome, ack, self._journal)
                case never:
                    assert_never(never)

    def _report(self, detail: str) -> None:
        """Once for each trouble, until an event is committed again."""
        if detail != self._reported:
            self._reported = detail
            self._on_commit.put(JournalTrouble(self._clock(), detail))


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _contradiction(outcome: AckOutcome, ack: Ack, journal: Journal) -> str:
    holds = f"the coordinator has acknowledged seq {ack.through_seq} of epoch {ack.epoch}"
    what = {
        "beyond_end": f"{holds}, but {journal.path} ends with seq {journal.last_seq}: events are lost",
        "wrong_id": f"{holds} under another id than {journal.path} holds: two journals of one gateway",
        "wrong_root": f"the coordinator has countersigned other events than {journal.path} holds",
    }[outcome]
    return f"{what}; restart the gateway: it keeps the file as evidence and begins its next epoch"
