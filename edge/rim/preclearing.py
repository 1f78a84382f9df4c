"""Vouchers on their way from the broker to the core, and what is read of the journal for them.

The uplink's: it hands over what arrives under `pre/` and lets this look after the store now and then.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from edge.core.inputs import Input, ManifestArrived, MessageRejected, ShardArrived, UsesKnown
from edge.core.voucher import Manifest, Shard
from edge.rim.journal_table import JournalFault, passes
from edge.rim.voucher_store import EventRows, VoucherFault, VoucherStore
from edge.wire.canonical import WireError
from edge.wire.topics import Topics
from edge.wire.vouchers import SHARDS_MAX
from hub_config.names import SECOND, Instant

CATCH_UP_EVERY: Final = 600 * SECOND
"""Long before the journal prunes anything."""

UNTAKEN_MAX: Final = SHARDS_MAX
"""Messages about vouchers that wait for the disk: 58 MiB at most."""
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
        """What the disk did not take yet, in order; of too many the oldest goes first, and comes with the next
        connection again."""
        self._again_at = Instant(0)
        self.trouble: str | None = None
        """What is in the way, in a sentence; any thread may ask."""

    def begin(self, rows: EventRows, epoch: int, now_us: int, at: Instant) -> None:
        """Before anything else enters the core. What can't be read leaves it without vouchers until it can. Raises
        JournalFault if the journal does not even tell its end."""
        self._before = rows.last_seq()
        while not self._begun and self.trouble is None:
            self._look_after(rows, epoch, now_us, at)

    def tend(self, rows: EventRows, epoch: int, utc_us: Callable[[], int], at: Instant) -> None:
        """Reads on in the journal, every ten minutes; only then it asks for the time. What the disk refused is tried
        again every second."""
        if at >= (self._due if self.trouble is None else self._again_at):
            self._look_after(rows, epoch, utc_us(), at)

    def close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def _look_after(self, rows: EventRows, epoch: int, now_us: int, at: Instant) -> None:
        try:
            if self._store is None:
                self._store = self._open_store()
            if not self._store.catch_up(rows, epoch, now_us, None if self._begun else self._before):
                self._due = self._again_at = at
                return
            if not self._begun:
                self._tell_core(self._store, at)
            self._take_waiting(at)
        except Unkept as fault:
            self._fail(fault, at)
            return
        self._due = Instant(at + CATCH_UP_EVERY)
        if self.trouble is not None:
            self.trouble = None
            log.info("what is known of vouchers is kept again, and may be used")

    def _tell_core(self, store: VoucherStore, at: Instant) -> None:
        """All of it or nothing."""
        uses, kept = UsesKnown(at, store.spent(), store.days(), store.begun_us), store.kept()
        self._begun = True
        self._core.put(uses)
        if kept is not None:
            self._hand_over(*kept, at)

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

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not about vouchers. Raises WireError."""
        if topic != self._topics.manifest and not self._topics.is_shard(topic):
            return False
        if self.trouble is not None:  # in order: a later manifest may list what waits here
            self._untaken.append((topic, payload))
            return True
        try:
            self._take(topic, payload, at)
        except sqlite3.Error as fault:  # a full disk: the line stands, and must be told so
            self._untaken.append((topic, payload))
            self._fail(fault, at)
        return True

    def _take(self, topic: str, payload: bytes, at: Instant) -> None:
        assert self._store is not None, "without a store there is trouble, and what comes waits"
        if topic == self._topics.manifest:
            self._hand_over(*self._store.take_manifest(payload), at)
            return
        shard = self._store.take_shard(payload)
        for given in () if shard is None else _of((shard,), at):
            self._core.put(given)

    def _take_waiting(self, at: Instant) -> None:
        while self._untaken:
            topic, payload = self._untaken[0]
            try:
                self._take(topic, payload, at)
            except WireError as fault:
                self._core.put(MessageRejected(at, topic, fault.reason, fault.detail))
            self._untaken.popleft()

    def _hand_over(self, manifest: Manifest, shards: list[Shard], at: Instant) -> None:
        self._core.put(ManifestArrived(at, manifest))
        for given in _of(shards, at):
            self._core.put(given)


def _of(shards: "list[Shard] | tuple[Shard, ...]", at: Instant) -> Iterator[ShardArrived]:
    return (ShardArrived(at, shard) for shard in shards)
