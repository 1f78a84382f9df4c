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
from edge.rim.journal_table import JournalFault, passes
from edge.rim.voucher_store import EventRows, VoucherFault, VoucherStore
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
Unkept = (VoucherFault, JournalFault, sqlite3.Error)
"""Why something about vouchers does not get to the disk, or not from it."""

log = logging.getLogger("hub.trouble")


class CoreSink(Protocol):
    def put(self, given: Input) -> None: ...


class Preclearing:
    """One thread at a time: the start's, then the uplink's."""

    def __init__(self, open_store: Callable[[], VoucherStore], topics: Topics, core: CoreSink) -> None:
        """`open_store` raises VoucherFault."""
        self._open_store = open_store
        self._store: VoucherStore | None = None
        self._topics = topics
        self._core = core
        self._before = 0
        """Last event of the runs before this one, whose uses the core does not know."""
        self._begun = False
        """The core has been told of them: from now on it may have vouchers."""
        self._due = Instant(0)
        self._untaken: deque[tuple[str, bytes]] = deque(maxlen=UNTAKEN_MAX)
        """In order; of too many that the disk refuses the oldest goes first, and comes with the next connection
        again."""
        self._again_at = Instant(0)
        """When it is tried again, while there is trouble."""
        self._taken = 0
        """Since the last `tend`."""
        self._untold: deque[str] = deque()
        """Digests of shards in force that are here, and that the core is still to be given."""
        self.trouble: str | None = None
        """What is in the way, in a sentence; any thread may ask."""

    def begin(self, rows: EventRows, epoch: int, now_us: int, at: Instant) -> None:
        """Before anything else enters the core. What can't be read leaves it without vouchers until it can. Raises
        JournalFault if the journal does not even tell its end."""
        self._before = rows.last_seq()
        try:
            store = self._opened()
            store.catch_up(rows, epoch, now_us, self._before)
            self._tell_core(store, at)
            while self._untold:
                self._tell_shards(store, at)
        except Unkept as fault:
            self._fail(fault, at)
        self._due = Instant(at + CATCH_UP_EVERY)

    def tend(self, rows: EventRows, epoch: int, utc_us: Callable[[], int], at: Instant) -> None:
        """Takes some of what waits, and reads on in the journal every ten minutes; only then it asks for the time. What
        the disk refused is tried again every second."""
        self._taken = 0
        if self.trouble is not None and at < self._again_at:
            return
        try:
            store = self._opened()
            if self.trouble is not None or at >= self._due:
                more = store.read_on(rows, epoch, utc_us(), None if self._begun else self._before)
                self._due = Instant(at + (PAGE_EVERY if more else CATCH_UP_EVERY))
                if more and self.trouble is not None:
                    self._again_at = self._due
                    return
            if not self._begun:
                self._tell_core(store, at)
            self._take_waiting(store, TAKEN_AT_ONCE, at)
            self._tell_shards(store, at)
        except Unkept as fault:
            self._fail(fault, at)
            return
        if self.trouble is not None:
            self.trouble = None
            log.info("what is known of vouchers is kept again, and may be used")

    def close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def wake_at(self, otherwise: Instant) -> Instant:
        """When `tend` has something to take, or to tell."""
        if self.trouble is not None:
            return min(self._again_at, otherwise)
        return Instant(0) if self._untaken or self._untold else otherwise

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not about vouchers. Raises WireError."""
        if topic != self._topics.manifest and not self._topics.is_shard(topic):
            return False
        waits = self._untaken or self._taken == TAKEN_AT_ONCE
        try:
            if self.trouble is not None or waits:  # in order: a later manifest may list what waits here
                if len(self._untaken) == UNTAKEN_MAX and self.trouble is None:
                    self._take_waiting(self._opened(), 1, at)
                self._untaken.append((topic, payload))
                return True
            self._taken += 1
            self._take(self._opened(), topic, payload, at)
        except (VoucherFault, sqlite3.Error) as fault:  # a full disk: the line stands, and must be told so
            self._untaken.append((topic, payload))
            self._fail(fault, at)
        return True

    def _opened(self) -> VoucherStore:
        """Raises VoucherFault."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def _tell_core(self, store: VoucherStore, at: Instant) -> None:
        """All of it or nothing."""
        uses, kept = UsesKnown(at, store.spent(), store.days(), store.begun_us), store.kept()
        self._begun = True
        self._core.put(uses)
        if kept is not None:
            self._put_in_force(*kept, at)

    def _fail(self, fault: Exception, at: Instant) -> None:
        """Said once, and tried again every second. A store that SQLite calls damaged is opened anew, and is looked at
        then."""
        self._again_at = Instant(at + AGAIN_EVERY)
        if isinstance(fault, sqlite3.Error) and not passes(fault):
            self.close()
        if self.trouble is None:
            what = "what comes about vouchers is not kept" if self._begun else "no voucher is used"
            self.trouble = f"{what}: {fault}"
            log.error("%s; it is tried again every second", self.trouble)

    def _take(self, store: VoucherStore, topic: str, payload: bytes, at: Instant) -> None:
        if topic == self._topics.manifest:
            self._put_in_force(*store.take_manifest(payload), at)
        elif (shard := store.take_shard(payload)) is not None:
            self._core.put(ShardArrived(at, shard))

    def _take_waiting(self, store: VoucherStore, most: int, at: Instant) -> None:
        """Raises sqlite3.Error; what is left then still waits."""
        for _ in range(min(most, len(self._untaken))):
            topic, payload = self._untaken[0]
            try:
                self._take(store, topic, payload, at)
            except WireError as fault:
                self._core.put(MessageRejected(at, topic, fault.reason, fault.detail))
            self._untaken.popleft()

    def _put_in_force(self, manifest: Manifest, untold: list[str], at: Instant) -> None:
        self._core.put(ManifestArrived(at, manifest))
        self._untold = deque(untold)

    def _tell_shards(self, store: VoucherStore, at: Instant) -> None:
        """Raises sqlite3.Error; what is left then is still to be told."""
        for _ in range(min(TAKEN_AT_ONCE, len(self._untold))):
            shard = store.shard(self._untold[0])
            self._untold.popleft()
            if shard is not None:
                self._core.put(ShardArrived(at, shard))
