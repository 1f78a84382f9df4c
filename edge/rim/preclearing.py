"""Vouchers on their way from the broker to the core, and what is read of the journal for them.

The uplink's: it hands over what arrives under `pre/` and lets this look after the store now and then.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from edge.core.inputs import Input, ManifestArrived, ShardArrived, UsesKnown
from edge.core.voucher import Manifest, Shard
from edge.rim.journal_rows import JournalFault
from edge.rim.voucher_store import EventRows, VoucherStore
from edge.wire.topics import Topics
from hub_config.names import SECOND, Instant

CATCH_UP_EVERY: Final = 600 * SECOND
"""Long before the journal prunes anything."""

log = logging.getLogger("hub.trouble")


class CoreSink(Protocol):
    def put(self, given: Input) -> None: ...


class Preclearing:
    def __init__(self, store: VoucherStore, topics: Topics, core: CoreSink) -> None:
        self._store = store
        self._topics = topics
        self._core = core
        self._due = Instant(0)

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
        """Reads on in the journal, every ten minutes; only then it asks for the time."""
        if at < self._due:
            return
        self._due = Instant(at + CATCH_UP_EVERY)
        try:
            self._store.catch_up(rows, epoch, utc_us())
        except (JournalFault, sqlite3.Error) as fault:
            log.error("spent vouchers are not noted beside the journal: %s", fault)

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not about vouchers. Raises WireError."""
        if topic == self._topics.manifest:
            self._hand_over(*self._store.take_manifest(payload), at)
        elif self._topics.is_shard(topic):
            shard = self._store.take_shard(payload)
            for given in () if shard is None else _of((shard,), at):
                self._core.put(given)
        else:
            return False
        return True

    def _hand_over(self, manifest: Manifest, shards: list[Shard], at: Instant) -> None:
        self._core.put(ManifestArrived(at, manifest))
        for given in _of(shards, at):
            self._core.put(given)


def _of(shards: "list[Shard] | tuple[Shard, ...]", at: Instant) -> Iterator[ShardArrived]:
    return (ShardArrived(at, shard) for shard in shards)
