"""Vouchers on their way to the core: in order, and again where the disk did not take or give them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_samples import T_US, event, numbered
from voucher_files import DAY, ON_VOUCHER, Core, decided, journal_of, open_store, torn
from voucher_samples import GATEWAY, HUB, published

from edge.core.inputs import ManifestArrived, MessageRejected, ShardArrived, UsesKnown
from edge.core.offline_budget import DayCount
from edge.rim.journal import JournalReader
from edge.rim.preclearing import Preclearing
from edge.rim.voucher_store import VoucherFault, VoucherStore
from edge.wire.topics import Topics
from hub_config.names import SECOND, GatewayId, HubId, Instant


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VoucherStore]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_the_core_is_told_uses_first_then_manifest_then_shards(tmp_path: Path, store: VoucherStore) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER))
    core, topics = Core(), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing = Preclearing(lambda: store, topics, core)
    told = published(3)
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    assert preclearing.arrived(topics.manifest, told.manifest, Instant(1))
    assert preclearing.arrived(f"{topics.root}/pre/shard/1", told.shards[0], Instant(2))
    assert not preclearing.arrived(topics.ack, b"", Instant(3))
    journal.append(numbered([decided("A2", 2, ON_VOUCHER)], 3))
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(3))
    assert store.spent() == ("A1",)
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(601 * 10**9))
    reader.close()
    journal.close()

    uses, manifest, shard = core.given
    assert isinstance(uses, UsesKnown)
    assert (uses.spent, uses.begun_us) == (("A1",), T_US)
    assert isinstance(manifest, ManifestArrived)
    assert isinstance(shard, ShardArrived)
    assert sorted(store.spent()) == ["A1", "A2"]


def test_what_a_full_disk_does_not_take_waits_in_order_and_ends_nothing(
    tmp_path: Path, store: VoucherStore, caplog: pytest.LogCaptureFixture
) -> None:
    journal, core, topics = journal_of(tmp_path), Core(), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing, told = Preclearing(lambda: store, topics, core), published(3)
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    store._connection.execute("PRAGMA query_only = ON")
    for payload in (told.manifest, b"{}"):
        assert preclearing.arrived(topics.manifest, payload, Instant(1))
    assert preclearing.arrived(f"{topics.root}/pre/shard/1", told.shards[0], Instant(2))
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(1 + SECOND))
    assert [type(given) for given in core.given] == [UsesKnown]
    assert len(caplog.records) == 1

    store._connection.execute("PRAGMA query_only = OFF")
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2 * SECOND))  # not yet
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(1 + 2 * SECOND))
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(1 + 3 * SECOND))
    reader.close()
    journal.close()
    assert [type(given) for given in core.given[1:]] == [ManifestArrived, MessageRejected, ShardArrived]


TOPICS = Topics("practice", HubId(HUB), GatewayId(GATEWAY))


def test_a_store_that_cant_be_opened_at_the_start_is_tried_again_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hub.trouble")
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER))
    core, told, full = Core(), published(3), [True]

    def opened() -> VoucherStore:
        if full[0]:
            raise VoucherFault("vouchers.sqlite can't be opened: database or disk is full")
        return open_store(tmp_path)

    preclearing, reader = Preclearing(opened, TOPICS, core), JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    assert preclearing.arrived(TOPICS.manifest, told.manifest, Instant(1))
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(SECOND))
    assert preclearing.arrived(f"{TOPICS.root}/pre/shard/1", told.shards[0], Instant(SECOND))
    assert core.given == []
    assert preclearing.trouble is not None
    assert "no voucher is used: vouchers.sqlite can't be opened" in preclearing.trouble
    journal.append(
        numbered([event(number=2), decided("A2", 2, ON_VOUCHER)], 3)
    )  # of this run: the core knows
    full[0] = False

    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2 * SECOND - 1))  # not yet
    assert core.given == []
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2 * SECOND))

    uses, manifest, shard = core.given
    assert isinstance(uses, UsesKnown)
    assert (uses.spent, uses.days) == (("A1",), (DayCount(DAY, 1, 1),))
    assert isinstance(manifest, ManifestArrived)
    assert isinstance(shard, ShardArrived)
    assert preclearing.trouble is None
    assert len(caplog.records) == 2
    assert "may be used" in caplog.records[1].message
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(602 * SECOND))
    preclearing.close()
    reader.close()
    journal.close()
    after = open_store(tmp_path)
    assert sorted(after.spent()) == ["A1", "A2"]
    after.close()


def test_a_journal_that_cant_be_read_at_the_start_is_tried_again(tmp_path: Path, store: VoucherStore) -> None:
    journal, core = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER)), Core()
    reader = JournalReader(journal.path)
    answers = reader._connection
    preclearing = Preclearing(lambda: store, TOPICS, core)

    class Failing:
        """SQLite's word where a sector can't be read, behind the first question."""

        asked = 0

        def execute(self, *words: object) -> object:
            self.asked += 1
            if self.asked > 2:
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
                raise error
            return answers.execute(*words)  # type: ignore[arg-type]  # as they were given

    reader._connection = Failing()  # type: ignore[assignment]
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    assert core.given == []
    reader._connection = answers
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(SECOND))

    assert [type(given) for given in core.given] == [UsesKnown]
    assert not (tmp_path / "vouchers-damaged.sqlite").exists()
    reader.close()
    journal.close()


def test_a_file_that_is_damaged_while_it_is_used_is_made_anew_and_the_core_hears_of_no_use_twice(
    tmp_path: Path,
) -> None:
    journal, core, told = journal_of(tmp_path, decided("A1", 1, ON_VOUCHER)), Core(), published(3)
    preclearing, reader = Preclearing(lambda: open_store(tmp_path), TOPICS, core), JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    assert preclearing._store is not None
    for pragma in ("wal_checkpoint(TRUNCATE)", "shrink_memory"):
        preclearing._store._connection.execute(f"PRAGMA {pragma}").fetchall()
    torn(tmp_path / "vouchers.sqlite")
    assert preclearing.arrived(TOPICS.manifest, told.manifest, Instant(1))
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2 * SECOND))

    assert [type(given) for given in core.given] == [UsesKnown, ManifestArrived]
    assert (tmp_path / "vouchers-damaged.sqlite").exists()
    preclearing.close()
    reader.close()
    journal.close()
