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
from edge.rim.journal_rows import JournalFault
from edge.rim.voucher_store import EventRows, VoucherStore
from edge.wire.canonical import WireError
from edge.wire.topics import Topics
from edge.wire.vouchers import SHARDS_MAX
from hub_config.names import SECOND, Instant

CATCH_UP_EVERY: Final = 600 * SECOND
"""Long before the journal prunes anything."""

UNTAKEN_MAX: Final = SHARDS_MAX
"""Messages about vouchers that wait for the disk: 58 MiB at most."""
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
        """What the disk did not take yet, in order; of too many the oldest goes first, and comes with the next
        connection again."""
        self._again_at = Instant(0)

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
            self._hand_over(*kept, at)

    def tend(self, rows: EventRows, epoch: int, utc_us: Callable[[], int], at: Instant) -> None:
        """Reads on in the journal, every ten minutes; only then it asks for the time. What the disk refused is tried
        again every second."""
        if self._untaken and at >= self._again_at:
            self._try_again(at)
        if at < self._due:
            return
        self._due = Instant(at + CATCH_UP_EVERY)
        try:
            self._store.catch_up(rows, epoch, utc_us())
        except (JournalFault, sqlite3.Error) as fault:
            log.error("spent vouchers are not noted beside the journal: %s", fault)

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not about vouchers. Raises WireError."""
        if topic != self._topics.manifest and not self._topics.is_shard(topic):
            return False
        if self._untaken:  # in order: a later manifest may list what waits here
            self._untaken.append((topic, payload))
            return True
        try:
            self._take(topic, payload, at)
        except sqlite3.Error as fault:  # a full disk: the line stands, and must be told so
            log.error(
                "what has come about vouchers can't be kept (%s); it is tried again every second", fault
            )
            self._untaken.append((topic, payload))
            self._again_at = Instant(at + AGAIN_EVERY)
        return True

    def _take(self, topic: str, payload: bytes, at: Instant) -> None:
        if topic == self._topics.manifest:
            self._hand_over(*self._store.take_manifest(payload), at)
            return
        shard = self._store.take_shard(payload)
        for given in () if shard is None else _of((shard,), at):
            self._core.put(given)

    def _try_again(self, at: Instant) -> None:
        while self._untaken:
            topic, payload = self._untaken[0]
            try:
                self._take(topic, payload, at)
            except sqlite3.Error:
                self._again_at = Instant(at + AGAIN_EVERY)
                return
            except WireError as fault:
                self._core.put(MessageRejected(at, topic, fault.reason, fault.detail))
            self._untaken.popleft()

    def _hand_over(self, manifest: Manifest, shards: list[Shard], at: Instant) -> None:
        self._core.put(ManifestArrived(at, manifest))
        for given in _of(shards, at):
            self._core.put(given)


def _of(shards: "list[Shard] | tuple[Shard, ...]", at: Instant) -> Iterator[ShardArrived]:
    return (ShardArrived(at, shard) for shard in shards)
