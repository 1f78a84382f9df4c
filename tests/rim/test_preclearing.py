"""Vouchers between broker and core take their turns: no decision waits behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_samples import T_US, numbered
from test_voucher_store import RELEASE, Core, decided, journal_of, open_store
from voucher_samples import GATEWAY, HUB

from edge.rim import voucher_store
from edge.rim.journal import JournalReader
from edge.rim.preclearing import CATCH_UP_EVERY, PAGE_EVERY, Preclearing
from edge.rim.voucher_store import VoucherStore
from edge.wire.topics import Topics
from hub_config.names import SECOND, GatewayId, HubId, Instant


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VoucherStore]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_hundreds_of_shards_keep_a_decision_waiting_for_a_few_of_them(
    tmp_path: Path, store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, topics = journal_of(tmp_path), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing, taken, later = Preclearing(store, topics, Core()), [], Instant(SECOND)
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    monkeypatch.setattr(store, "take_shard", lambda payload: taken.append(payload[0]))
    for number in range(25):
        assert preclearing.arrived(f"{topics.root}/pre/shard/1", bytes([number]), Instant(1))
    assert (len(taken), preclearing.wake_at(later)) == (10, 0)
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(2))
    assert len(taken) == 20
    preclearing.tend(reader, 1, lambda: T_US + 1, Instant(3))
    reader.close()
    journal.close()

    assert (taken, preclearing.wake_at(later)) == (list(range(25)), later)


def test_ten_minutes_of_the_journal_are_read_page_by_page(
    tmp_path: Path, store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voucher_store, "PAGE_ROWS", 2)
    journal, topics = journal_of(tmp_path), Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    preclearing, read_so_far = Preclearing(store, topics, Core()), []
    reader = JournalReader(journal.path)
    preclearing.begin(reader, 1, T_US + 1, Instant(0))
    journal.append(numbered([decided(f"A{n}", n, RELEASE) for n in range(1, 6)]))
    for at in (CATCH_UP_EVERY, CATCH_UP_EVERY + 1, *(CATCH_UP_EVERY + n * PAGE_EVERY for n in (1, 2, 3))):
        preclearing.tend(reader, 1, lambda: T_US + 1, Instant(at))
        read_so_far.append(len(store.spent()))
    reader.close()
    journal.close()

    assert read_so_far == [2, 2, 4, 5, 5]
