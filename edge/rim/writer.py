"""The journal's writer thread: groups events, commits them, then tells first the core and then the uplink.

In that order, so that the core knows an event's id before a decision on it can come back. Nothing is told before it
is on disk. If the disk fails, events are kept and tried again every second, and the core is told once: no evidence, no
movement. The core's `put` waits only when WAITING_MAX events are kept; nothing is ever dropped.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from threading import Event as Event_
from typing import Final, Protocol, assert_never

from edge.core.event import Event
from edge.core.inputs import Committed, JournalTrouble
from edge.rim.journal import AckOutcome, Journal, JournalFault, Stored
from edge.wire.canonical import WireError
from edge.wire.messages import Ack
from hub_config.names import Instant

WAITING_MAX: Final = 10_000
"""Events not yet on disk; more than an hour of a full bench. At the bound the core waits."""
ACKS_MAX: Final = 16
"""Acks not yet looked at; the oldest goes first, as a later ack covers it."""
RETRY_MS: Final = 1_000
STOP_TIMEOUT_S: Final = 10.0


class CommitSink(Protocol):
    """The inbox."""

    def put(self, given: Committed | JournalTrouble, /) -> None: ...


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
    ) -> None:
        self._journal = journal
        self._on_commit = on_commit
        self._uplink = uplink
        self._clock = clock
        self._group_events = group_events
        self._group_wait_s = group_wait_ms / 1000
        self._retry_s = retry_ms / 1000
        self._waiting: deque[tuple[int, Event]] = deque()
        self._acks: deque[Ack] = deque(maxlen=ACKS_MAX)
        self._changed = Condition()
        self._stopping = False
        self._reported: str | None = None
        self._contradicted: str | None = None
        """What the coordinator holds and this journal does not: no commit makes that good."""
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
            while self._wait_for_work():
                if self._step():
                    continue
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopping, self._retry_s):
                        self._step()  # the last try
                        return
        except BaseException as error:
            self.failed.set()
            self._on_commit.put(JournalTrouble(self._clock(), f"the journal's thread ended: {error!r}"))
            raise

    def _step(self) -> bool:
        """One round of writing and acknowledging; False if the disk would not."""
        try:
            self._write_group()
            self._take_acks()
        except (sqlite3.Error, OSError, JournalFault, WireError) as error:
            self._failing = True
            self._report(f"events can't be written to {self._journal.path}: {error}; check the disk")
            return False
        if self._failing:
            # What failed may have been an ack: no event waits whose commit would say that the disk is back.
            self._failing, self._reported = False, None
            self._on_commit.put(Committed(self._clock(), (self._last_number or 0) + 1, ()))
            self._repeat_contradiction()
        return True

    def _repeat_contradiction(self) -> None:
        if self._contradicted is not None:
            self._on_commit.put(JournalTrouble(self._clock(), self._contradicted))

    def _wait_for_work(self) -> bool:
        """Blocks until a group is complete, its wait is over, or acks have come; False when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._acks or self._stopping)
            if self._waiting and not self._stopping:
                self._changed.wait_for(self._group_complete, self._group_wait_s)
            return bool(self._waiting or self._acks)

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
        self._repeat_contradiction()
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
                case "beyond_end" | "wrong_id":
                    self._contradicted = _contradiction(outcome, ack, self._journal)
                    self._report(self._contradicted)
                case never:
                    assert_never(never)

    def _report(self, detail: str) -> None:
        """Once for each trouble, until an event is committed again."""
        if detail != self._reported:
            self._reported = detail
            self._on_commit.put(JournalTrouble(self._clock(), detail))


def _contradiction(outcome: AckOutcome, ack: Ack, journal: Journal) -> str:
    holds = f"the coordinator has acknowledged seq {ack.through_seq} of epoch {ack.epoch}"
    if outcome == "beyond_end":
        return f"{holds}, but {journal.path} ends with seq {journal.last_seq}: events are lost; begin a new journal"
    return f"{holds} under another id than {journal.path} holds: two journals of one gateway; begin a new journal"
