"""What is kept for the time without the coordinator, over restarts, losses and kills."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journal_samples import T_US, event, numbered, open_journal
from voucher_files import (
    DAY,
    ON_VOUCHER,
    RELEASE,
    damaged_row,
    decided,
    journal_of,
    no_database,
    open_store,
    read,
    torn,
)
from voucher_samples import INDEX_KEY, code_of, office, published, signed

from edge.core.offline_budget import DAY_US, DayCount
from edge.core.voucher_stock import SPENT_KEPT_NS
from edge.rim import voucher_store
from edge.rim.journal import JournalReader
from edge.rim.journal_table import Cursor
from edge.rim.voucher_store import VoucherFault, VoucherStore
from edge.wire.canonical import WireError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VoucherStore]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


# From the journal ---------------------------------------------------------------------------------------


def test_what_the_journal_tells_of_uses_and_days(tmp_path: Path, store: VoucherStore) -> None:
    journal = journal_of(
        tmp_path, *(event(number=n) for n in range(1, 6)), decided("A1", 1, RELEASE), decided("A2", 2, ON_VOUCHER),
        decided("A3", 3, None, "offline_default"), decided("A4", 4, None, "two_labels"),
        decided("A5", 5, None, "decision_late"),
    )  # fmt: skip
    read(store, journal)
    journal.close()

    assert sorted(store.spent()) == ["A1", "A2", "A4"]
    assert store.days() == (DayCount(DAY, 5, 1),)
    assert store.begun_us == T_US


def test_it_reads_on_where_it_was_and_counts_nothing_twice(tmp_path: Path, store: VoucherStore) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, RELEASE))
    read(store, journal)
    read(store, journal)
    journal.append(numbered([event(number=2), decided("A2", 2, ON_VOUCHER)], 3))
    read(store, journal)
    journal.close()

    assert sorted(store.spent()) == ["A1", "A2"]
    assert store.days() == (DayCount(DAY, 2, 1),)


def test_what_is_spent_and_the_days_are_kept_over_a_restart(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER))
    first = open_store(tmp_path)
    read(first, journal)
    first.close()

    again = open_store(tmp_path)
    read(again, journal)

    assert (again.spent(), again.days()) == (("A1",), (DayCount(DAY, 1, 1),))
    again.close()
    journal.close()


def test_a_lost_file_is_made_anew_from_the_journal(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER))
    anew = open_store(tmp_path)
    read(anew, journal)

    assert (anew.spent(), anew.begun_us) == (("A1",), T_US)
    anew.close()
    journal.close()


def test_after_a_lost_journal_only_what_is_issued_from_then_on_counts(
    tmp_path: Path, store: VoucherStore
) -> None:
    journal = journal_of(tmp_path, event(number=1))
    read(store, journal)
    store.take_manifest(published(3).manifest)
    for payload in published(3).shards:
        store.take_shard(payload)
    reader = JournalReader(journal.path)
    store.catch_up(reader, 2, T_US + 50)
    reader.close()
    journal.close()

    assert store.begun_us == T_US + 50
    assert store.take_manifest(published(3).manifest)[1] == []


def test_old_uses_and_days_are_forgotten(tmp_path: Path, store: VoucherStore) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, RELEASE))
    read(store, journal)
    read(store, journal, T_US + SPENT_KEPT_NS // 1_000 + 2)
    assert store.spent() == ()

    read(store, journal, T_US + 366 * DAY_US)

    assert store.days() == ()
    journal.close()


# From the coordinator -----------------------------------------------------------------------------------


def test_shards_wait_for_their_manifest_and_are_there_with_the_next(store: VoucherStore) -> None:
    told = published(200)
    early = store.take_shard(told.shards[0])
    _, there = store.take_manifest(told.manifest)
    late = store.take_shard(told.shards[1])

    assert early is None
    assert there == [told.issued.manifest["shards"][0]]
    assert store.take_manifest(told.manifest)[1] == there, "the core has not been given it"
    assert (found := store.shard(there[0])) is not None
    assert found.digest == there[0]
    assert store.take_manifest(told.manifest)[1] == []
    assert late is not None
    assert store.take_shard(told.shards[1]) is None


def test_shards_are_kept_over_a_restart_and_the_key_is_not(tmp_path: Path) -> None:
    told = published(3)
    first = open_store(tmp_path)
    first.take_manifest(told.manifest)
    first.take_shard(told.shards[0])
    first.close()

    again = open_store(tmp_path)

    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("vouchers.sqlite*"))
    assert told.issued.manifest["index_key"].encode() not in on_disk
    assert INDEX_KEY not in on_disk
    assert not any(code_of(n).encode() in on_disk for n in range(3))
    assert again.kept() is None
    assert len(again.take_manifest(told.manifest)[1]) == 1
    again.close()
    assert (tmp_path / "vouchers.sqlite").stat().st_mode & 0o077 == 0


def test_a_hub_may_keep_the_manifest_for_a_restart_without_its_broker(tmp_path: Path) -> None:
    told = published(3)
    first = open_store(tmp_path, keep_manifest=True)
    first.take_manifest(told.manifest)
    first.take_shard(told.shards[0])
    first.close()

    again = open_store(tmp_path, keep_manifest=True)
    kept = again.kept()

    assert kept is not None
    assert (shard := again.shard(kept[1][0])) is not None
    assert len(shard.vouchers) == 3
    again.close()
    mistrusted = open_store(tmp_path, keep_manifest=True, roles="hold")
    assert mistrusted.kept() is None
    mistrusted.close()


def test_after_a_restart_an_older_manifest_puts_nothing_in_force_again(tmp_path: Path) -> None:
    by = office()
    older, newer = published(2, by=by), published(3, T_US + 10_000_000, by=by)
    store = open_store(tmp_path)
    for one in (older, newer):
        store.take_manifest(one.manifest)
    store.close()

    store = open_store(tmp_path)
    with pytest.raises(WireError, match="old_version"):
        store.take_manifest(older.manifest)
    assert store.take_manifest(newer.manifest)[0].number == newer.issued.manifest["number"]
    store.close()


def test_a_coordinator_that_counts_anew_is_believed(tmp_path: Path) -> None:
    later = published(2, T_US + 10_000_000).issued.manifest
    store = open_store(tmp_path)
    store.take_manifest(published(2).manifest)
    store.close()

    store = open_store(tmp_path)
    assert store.take_manifest(signed(later | {"number": 1}))[0].number == 1
    store.close()


def test_a_later_manifest_ends_what_it_does_not_list_and_an_older_one_nothing(store: VoucherStore) -> None:
    by = office()
    first = published(3, by=by)
    second = published(4, by=by)
    store.take_manifest(first.manifest)
    store.take_shard(first.shards[0])
    store.take_manifest(second.manifest)
    store.take_shard(second.shards[0])

    back = store.take_manifest(first.manifest)

    assert (back[0].number, back[1]) == (second.issued.manifest["number"], [])
    assert store.take_shard(first.shards[0]) is None  # it waits, and counts for nothing
    assert store.take_manifest(second.manifest)[1] == []
    assert (shard := store.shard(second.issued.manifest["shards"][0])) is not None
    assert len(shard.vouchers) == 4


def test_what_is_wrong_is_refused_and_changes_nothing(store: VoucherStore) -> None:
    told = published(3)
    store.take_manifest(told.manifest)
    with pytest.raises(WireError):
        store.take_manifest(signed(told.issued.manifest | {"number": -1}))
    with pytest.raises(WireError):
        store.take_shard(told.shards[0].replace(b'"v":1', b'"v":2'))

    shard = store.take_shard(told.shards[0])

    assert shard is not None
    assert len(shard.vouchers) == 3


def test_shards_that_no_manifest_lists_are_bounded(
    store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voucher_store, "SHARDS_MAX", 2)
    shards = [published(n).shards[0] for n in (1, 2, 3)]
    store.take_shard(shards[0])
    store.take_shard(shards[1])

    with pytest.raises(WireError) as refused:
        store.take_shard(shards[2])
    assert refused.value.reason == "too_large"


@pytest.mark.parametrize("damage", [damaged_row, no_database, torn])
def test_a_damaged_file_is_not_believed_but_put_away_and_made_anew_from_the_journal(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, ON_VOUCHER))
    first = open_store(tmp_path)
    read(first, journal)
    first.close()
    damage(tmp_path / "vouchers.sqlite")
    found = (tmp_path / "vouchers.sqlite").read_bytes()

    anew = open_store(tmp_path)
    assert anew.spent() == ()
    read(anew, journal)

    assert (anew.spent(), anew.days(), anew.begun_us) == (("A1",), (DayCount(DAY, 1, 1),), T_US)
    assert (tmp_path / "vouchers-damaged.sqlite").read_bytes() == found
    assert [record.message for record in caplog.records if "is not believed" in record.message]
    anew.close()
    journal.close()


def test_a_file_that_the_disk_does_not_give_is_not_taken_for_damaged(tmp_path: Path) -> None:
    (tmp_path / "vouchers.sqlite").mkdir()

    with pytest.raises(VoucherFault, match="can't be opened"):
        open_store(tmp_path)
    assert not (tmp_path / "vouchers-damaged.sqlite").exists()


def test_where_events_were_pruned_unread_only_what_is_issued_from_then_on_counts(
    tmp_path: Path, store: VoucherStore
) -> None:
    journal = journal_of(tmp_path, event(number=1), decided("A1", 1, RELEASE))
    read(store, journal)
    reader = JournalReader(journal.path)
    reader.pruned = lambda: Cursor(9, "ni:///x")  # type: ignore[method-assign]  # a journal that is short of space
    store.catch_up(reader, 1, T_US + 50)
    reader.close()
    journal.close()

    assert store.begun_us == T_US + 50


def test_a_long_journal_is_read_in_pieces(
    tmp_path: Path, store: VoucherStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voucher_store, "PAGE_ROWS", 5)
    journal = journal_of(tmp_path, *(decided(f"A{n}", n, RELEASE) for n in range(1, 13)))
    reader = JournalReader(journal.path)
    assert [store.read_on(reader, 1, T_US + 1) for _ in range(3)] == [True, True, False]
    reader.close()
    journal.close()

    assert len(store.spent()) == 12


# Killed -------------------------------------------------------------------------------------------------

KILLED = """
    import os, signal, sys
    sys.path[:0] = {paths!r}
    from pathlib import Path
    from voucher_files import open_store, read
    from journal_samples import open_journal
    folder, cut = Path({folder!r}), {cut}
    store, journal = open_store(folder), open_journal(folder)
    steps = 0
    def count(_):
        global steps
        steps += 1
        if steps == cut:
            os.kill(os.getpid(), signal.SIGKILL)
    store._connection.set_trace_callback(count)
    read(store, journal)
    os._exit(0)
"""


@pytest.mark.system
@pytest.mark.parametrize("cut", range(1, 40, 4))
def test_killed_at_any_statement_nothing_is_lost_or_counted_twice(cut: int, tmp_path: Path) -> None:
    journal = journal_of(
        tmp_path, *(event(number=n) for n in range(1, 9)), *(decided(f"A{n}", n, ON_VOUCHER) for n in range(1, 9))
    )  # fmt: skip
    journal.close()
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    program = textwrap.dedent(KILLED.format(paths=paths, folder=str(tmp_path), cut=cut))
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode in (-signal.SIGKILL, 0)

    store, journal = open_store(tmp_path), open_journal(tmp_path)
    read(store, journal)

    assert len(store.spent()) == 8
    assert store.days() == (DayCount(DAY, 8, 8),)
    store.close()
    journal.close()
