"""Vouchers between broker and core take their turns: no decision waits behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_samples import T_US, numbered
from voucher_files import RELEASE, Core, decided, journal_of, open_store, read
from voucher_samples import GATEWAY, HUB, published

from edge.core.inputs import ShardArrived
from edge.rim import voucher_store
from edge.rim.journal import JournalReader
from edge.rim.preclearing import CATCH_UP_EVERY, PAGE_EVERY, TAKEN_AT_ONCE, Preclearing
from edge.rim.voucher_store import VoucherStore
from edge.wire.topics import Topics
from hub_config.names import SECOND, GatewayId, HubId, Instant


def test_what_was_kept_is_in_force_at_the_start(tmp_path: Path) -> None:
    told, topics = published(600), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    before, journal = open_store(tmp_path, keep_manifest=True), journal_of(tmp_path)
    read(before, journal)
    before.take_manifest(told.manifest)
    for shard in told.shards:
        before.take_shard(shard)
    before.close()

    core, store = Core(), open_store(tmp_path, keep_manifest=True)
    reader = JournalReader(journal.path)
    Preclearing(lambda: store, topics, core).begin(reader, 1, T_US + 1, Instant(0))
    reader.close()
    journal.close()
    store.close()

    assert sum(isinstance(given, ShardArrived) for given in core.given) == len(told.shards)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VoucherStore]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_hundreds_of_shards_keep_a_decision_waiting_for_a_few_of_them(
    tmp_path: Path, store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, topics = journal_of(tmp_path), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing, taken, later = Preclearing(lambda: store, topics, Core()), [], Instant(SECOND)
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    monkeypatch.setattr(store, "take_shard", lambda payload: taken.append(payload[0]))
    for number in range(25):
        assert preclearing.arrived(f"{topics.root}/pre/shard/1", bytes([number]), Instant(1))
    assert (len(taken), preclearing.wake_at(later)) == (TAKEN_AT_ONCE, 0)
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2))
    assert len(taken) == 2 * TAKEN_AT_ONCE
    while preclearing.wake_at(later) < later:
        preclearing.tend(reader, 1, lambda: T_US + 1, Instant(3))
    reader.close()
    journal.close()

    assert taken == list(range(25))


def test_a_manifest_gives_the_core_its_shards_a_few_at_a_time_and_each_once(
    tmp_path: Path, store: VoucherStore
) -> None:
    """The broker retains it, so it comes with every connection: 900 shards were read again then, for 11 s."""
    journal, topics = journal_of(tmp_path), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    core, told, later = Core(), published(600), Instant(SECOND)
    preclearing = Preclearing(lambda: store, topics, core)
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))

    def tend() -> list[str]:
        before = len(core.given)
        preclearing.tend(reader, 1, lambda: T_US + 1, Instant(1))
        return [given.shard.digest for given in core.given[before:] if isinstance(given, ShardArrived)]

    for shard in told.shards:
        preclearing.arrived(f"{topics.root}/pre/shard/1", shard, Instant(1))
    while preclearing.wake_at(later) < later:
        assert tend() == []  # no manifest lists them
    told_of: list[list[str]] = []
    preclearing.arrived(topics.manifest, told.manifest, Instant(1))
    while preclearing.wake_at(later) < later:
        told_of.append(tend())
        preclearing.arrived(topics.manifest, told.manifest, Instant(1))  # another connection
    reader.close()
    journal.close()

    assert len(told_of[0]) == TAKEN_AT_ONCE < len(told.shards)
    assert [digest for some in told_of for digest in some] == list(told.issued.manifest["shards"])


def test_ten_minutes_of_the_journal_are_read_page_by_page(
    tmp_path: Path, store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voucher_store, "PAGE_ROWS", 2)
    journal, topics = journal_of(tmp_path), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing, read_so_far = Preclearing(lambda: store, topics, Core()), []
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    journal.append(numbered([decided(f"A{n}", n, RELEASE) for n in range(1, 6)]))
    for at in (CATCH_UP_EVERY, CATCH_UP_EVERY + 1, *(CATCH_UP_EVERY + n * PAGE_EVERY for n in (1, 2, 3))):
        preclearing.tend(reader, 1, lambda: T_US + 1, Instant(at))
        read_so_far.append(len(store.spent()))
    reader.close()
    journal.close()

    assert read_so_far == [2, 2, 4, 5, 5]
