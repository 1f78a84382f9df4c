"""The journal's writer thread: groups events, commits them, then tells first the core and then the uplink.

In that order, so that the core knows an event's id before a decision on it can come back. Nothing is told before it
is on disk. If the disk fails, events are kept and tried again every second, and the core is told once: no evidence, no
movement. The core's `put` waits only when WAITING_MAX events are kept; nothing is ever dropped.

Groups begin `group_wait_ms` apart at least. So an event that comes alone goes to the disk at once; only where events
follow one another closely they wait for company, never longer than that.
"""

import errno
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread
from typing import Final, Literal, Protocol, assert_never

from edge.core.effects import KeepWords, Record
from edge.core.inputs import Committed, JournalTrouble, JournalWell
from edge.rim.housekeeping import Housekeeping
from edge.rim.journal import AckOutcome, Journal, JournalFault, Stored
from edge.rim.journal_table import RESTORE, is_broken
from edge.wire.canonical import WireError
from edge.wire.messages import Ack
from hub_config.names import MILLISECOND, SECOND, Instant

WAITING_MAX: Final = 10_000
"""Events not yet on disk; more than an hour of a full bench. At the bound the core waits, before its next step's."""
LONG_WAITING_MAX: Final = 500
"""So many wait at most where a visit's words are long (`edge/core/standing.py`): 500 of 64 KiB are 32 MiB."""
ACKS_MAX: Final = 16
"""Acks not yet looked at; the oldest goes first, as a later ack covers it."""
RETRY_MS: Final = 1_000
QUIET_S: Final = 0.02
"""Nothing to write for so long is a pause in which to take acks and keep house; in a lasting one every `HOUSE_S`."""
HOUSE_S: Final = 1.0
STUCK: Final = 5 * SECOND
"""A disk that has not answered for so long gives no evidence any more; a parcel waits as long for its answer."""
STOP_TIMEOUT_S: Final = 10.0
NEVER: Final = WAITING_MAX * 2
"""More events than ever wait."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The core has taken this decision; what it wants kept of it has been put before."""

    dec: str


ForDisk = Record | KeepWords | Heard


class CommitSink(Protocol):
    """The inbox."""

    def put(self, given: Committed | JournalTrouble | JournalWell, /) -> None: ...


class StoredSink(Protocol):
    """The uplink."""

    def committed(self, rows: Sequence[Stored], /) -> None: ...
    def heard(self, decisions: Sequence[str], /) -> None:
        """What came of these is on disk."""


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
        self._group_wait = group_wait_ms * MILLISECOND
        self._retry_s = retry_ms / 1000
        self._keeper = keeper
        self._quiet_s = QUIET_S
        self._told_standing: str | None = None
        self._waiting: deque[ForDisk] = deque()
        """The core appends, the thread takes from the left."""
        self._acks: deque[Ack] = deque(maxlen=ACKS_MAX)
        self._room = Condition()
        self._core_waits = False
        """For room: as many events are kept as may be."""
        self._bell: SimpleQueue[None] = SimpleQueue()
        """Wakes the thread. One ring too many does no harm: it looks, and sleeps again."""
        self._rings_at = NEVER
        """Events waiting at which the thread wants to be woken; it sleeps while this is not NEVER."""
        self._acks_ring = False
        self._group_due = Instant(0)
        self._close_together = False
        """The last group had waited: the next is waited for without being woken by its first event."""
        self._stopping = False
        self._reported: str | None = None
        self._contradicted: str | None = None
        """What the coordinator holds and this journal does not; it lasts as long as this run."""
        self._failing = False
        """The disk has refused, or does not answer, and nothing has succeeded since."""
        self._at_work_since: Instant | None = None
        self.failed = Event()
        """A mistake of ours ended the thread."""
        self._last_number: int | None = None
        self._thread = Thread(target=self._run, name="journal", daemon=True)

    @property
    def waiting(self) -> int:
        """Events, and what comes with them, that are not on disk yet."""
        return len(self._waiting)

    @property
    def core_waits(self) -> bool:
        """For room, as a disk takes nothing. From any thread."""
        return self._core_waits

    def start(self) -> None:
        self._thread.start()

    def put(self, told: Sequence[ForDisk]) -> None:
        """What one step has told. Called by the core's thread, with events numbered 1, 2, 3, …"""
        most = WAITING_MAX
        for one in told:
            if not isinstance(one, Record):
                if isinstance(one, KeepWords) and one.words.standing.is_long:
                    most = LONG_WAITING_MAX
                continue
            if self._last_number not in (None, one.number - 1):
                raise ValueError(
                    f"event number {one.number} follows {self._last_number}; numbers have no gaps"
                )
            self._last_number = one.number
        if len(self._waiting) >= most:
            self._wait_for_room(most)
        self._waiting.extend(told)
        if len(self._waiting) >= self._rings_at:
            self._ring()

    @property
    def contradicted(self) -> str | None:
        """Why this epoch is over, in a sentence: the coordinator holds what this journal does not."""
        return self._contradicted

    def acknowledge(self, ack: Ack) -> None:
        """Called by the uplink's thread; never waits. Looked at with the next group, or in the pause after it."""
        self._acks.append(ack)
        if self._acks_ring:
            self._ring()

    def stop(self) -> int:
        """Writes what waits and ends the thread; returns how many events could not be written (disk trouble)."""
        self._stopping = True
        with self._room:
            self._room.notify_all()
        self._ring()
        self._thread.join(STOP_TIMEOUT_S)
        return sum(isinstance(one, Record) for one in self._waiting)

    def look(self) -> None:
        """Called now and then by a thread that no disk keeps waiting: a write that does not return raises nothing."""
        since = self._at_work_since
        if since is not None and self._clock() - since >= STUCK:
            self._report(
                f"the disk of {self._journal.path} has not answered for {STUCK // SECOND} s; check it"
            )
            self._failing = True  # last: the end of this round tells that it is over, or the next

    def _wait_for_room(self, most: int) -> None:
        """It says that it waits before it looks, so that room can't be made unseen."""
        with self._room:
            self._core_waits = True
            self._room.wait_for(lambda: len(self._waiting) < most or self._stopping)
            self._core_waits = False

    def _ring(self) -> None:
        self._rings_at, self._acks_ring = NEVER, False
        self._bell.put(None)

    # The thread

    def _run(self) -> None:
        try:
            while (turn := self._wait_for_work()) != "end":
                if self._step(idle=turn == "idle"):
                    continue
                self._sleep(NEVER, self._retry_s)
                if self._stopping:
                    while self._step(idle=False) and self._waiting:  # the last try
                        pass
                    return
            if self._keeper is not None:
                self._keeper.close()
        except BaseException as error:
            self.failed.set()
            self._on_commit.put(JournalTrouble(self._clock(), f"the journal's thread ended: {error!r}"))
            raise

    def _step(self, idle: bool) -> bool:
        """One round of writing, acknowledging and keeping house; False if the disk would not."""
        self._at_work_since = self._clock()
        try:
            return self._round(idle)
        finally:
            self._at_work_since = None

    def _round(self, idle: bool) -> bool:
        try:
            self._write_group()
            self._take_acks()
            if idle:
                self._journal.keep_cursor()
            if self._keeper is not None:
                self._keeper.tend(idle)
        except (sqlite3.Error, OSError, JournalFault, WireError) as error:
            if _is_full(error) and self._keeper is not None and self._keeper.disk_full():
                return True  # there is room again for what waits
            if (
                is_broken(error) and self._keeper is not None
            ):  # what fails may be no write, and a commit go well
                self._keeper.found(
                    f"journal {self._journal.path}: the file itself is damaged: {error}; {RESTORE}"
                )
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
        """Blocks until a group is complete or its time has come, or there is a pause to take acks and keep house in."""
        if self._close_together:
            self._wait_for_company()  # the next are here by then, and need not ring
            self._close_together = bool(self._waiting)
        lasting = self._quiet_s == HOUSE_S
        if not self._waiting and not self._stopping and not self._sleep(1, self._quiet_s, acks=lasting):
            self._quiet_s = HOUSE_S
            return "idle"
        if self._stopping:
            return "work" if self._waiting or self._acks else "end"
        if not self._waiting:
            return "idle"
        self._quiet_s = QUIET_S
        if self._wait_for_company():
            self._close_together = True
        self._group_due = Instant(self._clock() + self._group_wait)
        return "work"

    def _wait_for_company(self) -> bool:
        """Until the next group is complete or may begin; False if it may already."""
        wait_s = (self._group_due - self._clock()) / SECOND
        if wait_s <= 0:
            return False
        self._sleep(self._group_events, wait_s)
        return True

    def _sleep(self, events: int, timeout_s: float, *, acks: bool = False) -> bool:
        """Until so many events wait, an ack where that is asked for, or it is to stop. False if none of it came."""
        self._rings_at, self._acks_ring = events, acks  # before the look: what comes behind it rings
        try:
            if len(self._waiting) < events and not self._stopping and not (acks and self._acks):
                self._bell.get(timeout=timeout_s)
            return True
        except Empty:
            return False
        finally:
            self._rings_at, self._acks_ring = NEVER, False

    def _write_group(self) -> None:
        group = [self._waiting[place] for place in range(min(len(self._waiting), self._group_events))]
        if not group:
            return
        events = [(one.number, one.event) for one in group if isinstance(one, Record)]
        words = [one.words for one in group if isinstance(one, KeepWords)]
        rows = self._journal.append(events, words) if events or words else []
        for _ in group:
            self._waiting.popleft()
        if self._core_waits:
            with self._room:
                self._room.notify_all()
        if rows:
            self._failing, self._reported = False, None
            self._on_commit.put(Committed(self._clock(), events[0][0], tuple(row.id for row in rows)))
            self._uplink.committed(rows)
        heard = [one.dec for one in group if isinstance(one, Heard)]
        if heard:
            self._uplink.heard(heard)

    def _take_acks(self) -> None:
        """The furthest good ack settles all before it, so a burst of acks costs one commit."""
        acks = [self._acks.popleft() for _ in range(len(self._acks))]
        for ack in sorted(acks, key=lambda ack: (ack.epoch, ack.through_seq), reverse=True):
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
    return f"{what}; the gateway keeps the file as evidence and begins its next epoch"
