"""Vouchers on their way from the broker to the core, and what is read of the journal for them.

The uplink's: it hands over what arrives under `pre/` and lets this look after the store now and then.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from edge.core.inputs import Input, ManifestArrived, MessageRejected, ShardArrived, UsesKnown
from edge.core.voucher import Manifest
from edge.rim.journal_rows import JournalFault
from edge.rim.voucher_store import EventRows, VoucherStore
from edge.wire.canonical import WireError
from edge.wire.topics import Topics
from edge.wire.vouchers import SHARDS_MAX
from hub_config.names import MILLISECOND, SECOND, Instant

CATCH_UP_EVERY: Final = 600 * SECOND
"""Long before the journal prunes anything."""
PAGE_EVERY: Final = 100 * MILLISECOND
"""A page of the journal takes 10 ms: ten minutes of 500 events a second at one go would keep a decision waiting for
6 s, longer than its parcel waits."""
TAKEN_AT_ONCE: Final = 4
"""Shards between two looks at all else, for the same reason: each is 12 ms of checking, and a commit where it is new.
A manifest may list 900."""
UNTAKEN_MAX: Final = SHARDS_MAX
"""Messages about vouchers that wait for their turn or for the disk: 58 MiB at most."""
AGAIN_EVERY: Final = 1 * SECOND

log = logging.getLogger("hub.trouble")


class CoreSink(Protocol):
    def put(self, given: Input) -> None: ...


class Preclearing:
    def __init__(self, store: VoucherStore, topics: Topics, core: CoreSink) -> None:
        self._store = store
        self._topics = topics
        self._core = core
        self._due = Instant(0)
        self._untaken: deque[tuple[str, bytes]] = deque(maxlen=UNTAKEN_MAX)
        """In order; of too many that the disk refuses the oldest goes first, and comes with the next connection
        again."""
        self._again_at = Instant(0)
        """When the disk is asked again; 0 while it takes all."""
        self._taken = 0
        """Since the last `tend`."""
        self._untold: deque[str] = deque()
        """Digests of shards in force that are here, and that the core is still to be given."""

    def begin(self, rows: EventRows, epoch: int, now_us: int, at: Instant) -> None:
        """Before anything else enters the core. A journal or a file that can't be read leaves it without vouchers."""
        try:
            self._store.catch_up(rows, epoch, now_us)
        except (JournalFault, sqlite3.Error) as fault:
            log.error("no voucher will be used: %s", fault)
            return
        self._due = Instant(at + CATCH_UP_EVERY)
        self._core.put(UsesKnown(at, self._store.spent(), self._store.days(), self._store.begun_us))
        kept = self._store.kept()
        if kept is not None:
            self._put_in_force(*kept, at)
            while self._untold and not self._again_at:
                self._tell_shards(at)

    def tend(self, rows: EventRows, epoch: int, utc_us: Callable[[], int], at: Instant) -> None:
        """Takes some of what waits, and reads on in the journal every ten minutes; only then it asks for the time. What
        the disk refused is tried again every second."""
        self._taken = 0
        if at >= self._again_at:
            self._take_waiting(TAKEN_AT_ONCE, at)
            self._tell_shards(at)
        if at < self._due:
            return
        self._due = Instant(at + CATCH_UP_EVERY)
        try:
            if self._store.read_on(rows, epoch, utc_us()):
                self._due = Instant(at + PAGE_EVERY)
        except (JournalFault, sqlite3.Error) as fault:
            log.error("spent vouchers are not noted beside the journal: %s", fault)

    def wake_at(self, otherwise: Instant) -> Instant:
        """When `tend` has something to take, or to tell."""
        return min(self._again_at, otherwise) if self._untaken or self._untold else otherwise

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not about vouchers. Raises WireError."""
        if topic != self._topics.manifest and not self._topics.is_shard(topic):
            return False
        if (
            self._untaken or self._taken == TAKEN_AT_ONCE
        ):  # in order: a later manifest may list what waits here
            if len(self._untaken) == UNTAKEN_MAX and at >= self._again_at:
                self._take_waiting(1, at)
            self._untaken.append((topic, payload))
            return True
        self._taken += 1
        try:
            self._take(topic, payload, at)
        except sqlite3.Error as fault:
            self._untaken.append((topic, payload))
            self._refused(fault, at)
        return True

    def _refused(self, fault: sqlite3.Error, at: Instant) -> None:
        """By a full disk: the line stands, and must be told so."""
        if not self._again_at:
            log.error(
                "what has come about vouchers can't be kept (%s); it is tried again every second", fault
            )
        self._again_at = Instant(at + AGAIN_EVERY)

    def _take(self, topic: str, payload: bytes, at: Instant) -> None:
        if topic == self._topics.manifest:
            self._put_in_force(*self._store.take_manifest(payload), at)
        elif (shard := self._store.take_shard(payload)) is not None:
            self._core.put(ShardArrived(at, shard))

    def _take_waiting(self, most: int, at: Instant) -> None:
        for _ in range(min(most, len(self._untaken))):
            topic, payload = self._untaken[0]
            try:
                self._take(topic, payload, at)
            except sqlite3.Error as fault:
                self._refused(fault, at)
                return
            except WireError as fault:
                self._core.put(MessageRejected(at, topic, fault.reason, fault.detail))
            self._untaken.popleft()
            self._again_at = Instant(0)

    def _put_in_force(self, manifest: Manifest, untold: list[str], at: Instant) -> None:
        self._core.put(ManifestArrived(at, manifest))
        self._untold = deque(untold)

    def _tell_shards(self, at: Instant) -> None:
        for _ in range(min(TAKEN_AT_ONCE, len(self._untold))):
            try:
                shard = self._store.shard(self._untold[0])
            except sqlite3.Error as fault:
                self._refused(fault, at)
                return
            self._untold.popleft()
            if shard is not None:
                self._core.put(ShardArrived(at, shard))
