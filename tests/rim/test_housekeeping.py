"""What the journal's thread does between groups: watch the disk, sign checkpoints, read back, prune."""

import sqlite3
from io import BytesIO
from pathlib import Path

import pytest
from journal_samples import acked, countersigned, event, numbered, open_journal, parcels

from edge.core.snapshot import Balance
from edge.rim import journal as journal_module
from edge.rim.disk import MIB, Disk, Room
from edge.rim.housekeeping import CHECKPOINT_EVERY, SLOW_EVERY, WRITE_BACK_MAX, Housekeeping, Retention
from edge.rim.journal import JournalFault, JournalReader
from edge.rim.journal_commit import WAL_KEPT_BYTES
from edge.wire import verifier
from edge.wire.messages import Ack
from hub_config.names import SECOND, Instant

DAY_US = 86_400_000_000
WEEK_S = 604_800


class House:
    """A journal with its housekeeping, a clock and a disk that the test moves."""

    def __init__(self, folder: Path, keep_events: int = 0, ballast_mib: int = 0) -> None:
        self.journal = open_journal(folder)
        self.at, self.utc_us = Instant(1_000 * SECOND), 1_795_306_502_123_456
        self.room = Room(50 * MIB, 100 * MIB)
        self.sent: list[bytes] = []
        self.balance = Balance()
        self.keeper = Housekeeping(
            self.journal,
            Disk(folder, ballast_mib, enough_mib=10_240, room=lambda _: self.room),
            Retention(WEEK_S, keep_events),
            lambda: self.at,
            lambda: self.utc_us,
            self,
            lambda: self.balance,
        )

    def checkpoint(self, message: bytes) -> None:
        self.sent.append(message)

    def after(self, ns: int, *, idle: bool = True) -> None:
        self.at = Instant(self.at + ns)
        self.utc_us += ns // 1_000
        self.keeper.tend(idle)

    def settle(self) -> None:
        """The coordinator acknowledges all and countersigns the newest checkpoint."""
        assert self.journal.acknowledge(acked(self.journal)) == "advanced"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# -- checkpoints --------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_signed_after_a_minute_or_a_thousand_events(house: House) -> None:
    house.after(CHECKPOINT_EVERY)
    assert house.sent == []  # nothing to vouch for
    house.after(CHECKPOINT_EVERY)
    house.journal.append(parcels(3))
    house.after(1)
    house.after(CHECKPOINT_EVERY // 2)
    assert len(house.sent) == 1

    house.journal.append(parcels(999))
    house.after(1)
    assert len(house.sent) == 1
    house.journal.append(parcels(1))
    house.after(1, idle=False)

    assert len(house.sent) == 2
    assert house.journal.keeping().checkpoint == 1_003
    assert house.journal.newest_checkpoint() == house.sent[-1]
    assert house.journal.verify().checkpoints == 2


def test_the_first_checkpoint_of_a_run_vouches_soon_for_what_the_last_one_left(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(3))
    journal.close()
    house = House(tmp_path)
    house.after(4 * SECOND)
    assert house.sent == []
    house.after(SECOND)

    assert house.journal.keeping().checkpoint == 3


def test_a_countersigned_checkpoint_takes_the_place_of_older_ones(house: House) -> None:
    for _ in range(3):
        house.journal.append(parcels(5))
        house.after(CHECKPOINT_EVERY)
    house.settle()

    verified = house.journal.verify()
    assert (verified.checkpoints, verified.countersigned) == (1, 15)
    assert house.journal.keeping().countersigned == 15


def test_a_countersignature_under_other_events_is_a_contradiction(house: House) -> None:
    rows = house.journal.append(parcels(5))
    house.after(CHECKPOINT_EVERY)
    told = countersigned(house.journal, 5, root=bytes(32))

    assert house.journal.acknowledge(Ack(1, 5, rows[4].id, told)) == "wrong_root"


def test_checkpoints_that_nobody_countersigns_are_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.rim.journal_tree.UNCONFIRMED_MAX", 3)
    for _ in range(6):
        house.journal.append(parcels(1))
        house.after(CHECKPOINT_EVERY)

    verified = house.journal.verify()
    assert (verified.checkpoints, len(house.sent)) == (3, 6)


def test_the_tree_goes_on_after_a_start(tmp_path: Path) -> None:
    whole, cut = open_journal(tmp_path / "whole"), open_journal(tmp_path / "cut")
    for count in (200, 56, 1, 300):
        whole.append(parcels(count))
        cut.append(parcels(count))
        cut.close()
        cut = open_journal(tmp_path / "cut")

    assert whole.checkpoint(0) == cut.checkpoint(0)
    assert cut.verify().checkpoints == 1


def test_a_group_that_fails_leaves_the_tree_as_it_was(house: House) -> None:
    house.journal.append(parcels(250))
    limit = sqlite3.connect(house.journal.path).execute("PRAGMA page_count").fetchone()[0] + 2
    house.journal._connection.execute(f"PRAGMA max_page_count={limit}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        house.journal.append(parcels(500))
    house.journal._connection.execute("PRAGMA max_page_count=100000")
    house.journal.append(parcels(20))
    house.journal.checkpoint(0)

    assert house.journal.verify().checkpoints == 1


def test_a_journal_of_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(600))
    journal.close()
    connection = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    for table in ("nodes", "checkpoints", "facts", "words"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    connection.close()
    with pytest.raises(JournalFault, match="has schema '1'; this program reads 3; start its gateway once"):
        JournalReader(tmp_path / "journal.db")

    journal = open_journal(tmp_path)
    journal.append(parcels(1))
    journal.checkpoint(0)

    assert (journal.verify().events, journal.verify().checkpoints) == (601, 1)


def test_a_journal_of_the_second_schema_is_brought_up(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(3))
    journal.close()
    connection = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    connection.execute("DROP TABLE words")
    connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    connection.close()

    assert open_journal(tmp_path).verify().events == 3


# -- pruning ------------------------------------------------------------------------------------------------------


def old_and_settled(house: House, count: int = 1_000) -> None:
    house.journal.append(parcels(count))
    house.after(CHECKPOINT_EVERY)
    house.settle()


def test_events_go_only_when_they_are_old_acknowledged_and_countersigned(house: House) -> None:
    house.journal.append(parcels(1_000))
    house.after(CHECKPOINT_EVERY)
    checkpoint = house.journal.keeping().checkpoint
    house.after(8 * DAY_US * 1_000)
    assert house.journal.keeping().pruned == 0  # neither acknowledged nor countersigned

    row = house.journal.pending(599, 1)[0]
    house.journal.acknowledge(Ack(1, 600, row.id))
    house.after(SLOW_EVERY)
    assert (checkpoint, house.journal.keeping().pruned) == (1_000, 0)  # not countersigned

    house.journal.acknowledge(Ack(1, 600, row.id, countersigned(house.journal, 1_000)))
    house.after(SLOW_EVERY)

    assert house.journal.keeping().pruned == 512  # a whole number of blocks below 600
    assert house.journal.figures().pending == 400


def test_young_events_stay_and_so_do_the_newest_whatever_the_clock_says(tmp_path: Path) -> None:
    house = House(tmp_path, keep_events=700)
    old_and_settled(house)
    house.after(6 * DAY_US * 1_000)
    assert house.journal.keeping().pruned == 0
    house.after(400 * DAY_US * 1_000)  # a clock that has jumped forward

    assert house.journal.keeping().pruned == 256


def test_a_pruned_journal_is_whole_from_its_first_kept_event(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "PRUNED_AT_ONCE", 256)
    old_and_settled(house, 1_100)
    for _ in range(9):
        house.after(8 * DAY_US * 1_000)
    journal = house.journal
    assert journal.keeping().pruned == 1_024

    verified, out = journal.verify(), BytesIO()
    assert (verified.events, verified.pruned, verified.checkpoints) == (76, 1_024, 1)
    assert journal.export(out) == 76
    out.seek(0)
    assert verifier.check_file(out, None, allow_unsigned=False) == (
        "76 events after 1024 pruned, chain whole, 76 signatures good"
    )
    assert [row.seq for row in journal.tail(2_000)] == list(range(1_025, 1_101))
    assert journal.acknowledge(Ack(1, 500, "ni:///sha-256;x")) == "stale"
    with pytest.raises(JournalFault, match="the events to seq 1024 are pruned; the coordinator has them"):
        journal.pending(500, 10)


def test_a_pruned_journal_goes_on_after_a_start(house: House, tmp_path: Path) -> None:
    old_and_settled(house, 1_100)
    house.after(8 * DAY_US * 1_000)
    pruned = house.journal.keeping().pruned
    house.journal.close()

    journal = open_journal(tmp_path)
    journal.append(parcels(300))
    journal.checkpoint(0)

    assert (journal.keeping().pruned, journal.last_seq) == (pruned, 1_400)
    assert journal.verify().checkpoints == 2


def test_a_journal_pruned_to_its_very_end_goes_on(house: House, tmp_path: Path) -> None:
    old_and_settled(house, 1_024)
    house.after(8 * DAY_US * 1_000)
    assert house.journal.keeping().pruned == 1_024
    house.journal.close()

    journal = open_journal(tmp_path)

    assert (journal.last_seq, journal.figures().pending) == (1_024, 0)
    assert journal.append(parcels(1))[0].seq == 1_025
    assert journal.verify().events == 1


def test_a_short_disk_is_pruned_before_its_time_but_never_past_what_must_stay(tmp_path: Path) -> None:
    house = House(tmp_path, keep_events=400)
    old_and_settled(house)
    house.room = Room(5 * MIB, 100 * MIB)
    house.after(SLOW_EVERY)

    assert house.journal.keeping().pruned == 512


def test_what_is_pruned_gives_its_space_back(house: House) -> None:
    old_and_settled(house, 3_000)
    house.journal.wal.write_back()
    before = house.journal.path.stat().st_size
    for _ in range(5):
        house.after(8 * DAY_US * 1_000)
    house.journal.wal.write_back()

    assert house.journal.path.stat().st_size < before // 2


def test_a_clock_that_falls_back_prunes_nothing_and_signs_on(house: House) -> None:
    old_and_settled(house)
    house.utc_us -= 3_600_000_000
    house.journal.append(parcels(1))
    house.after(CHECKPOINT_EVERY)
    house.settle()
    house.after(SLOW_EVERY)

    assert (house.journal.keeping().pruned, house.journal.keeping().countersigned) == (0, 1_001)


# -- the disk -----------------------------------------------------------------------------------------------------


def test_below_a_tenth_free_the_line_stops_until_there_is_room_again(house: House) -> None:
    house.after(SECOND)
    assert house.keeper.standing is None
    house.room = Room(9 * MIB, 100 * MIB)
    house.after(SECOND)
    assert house.keeper.standing is not None
    assert "has 9 MiB free of 100 MiB, under 10 %" in house.keeper.standing
    house.room = Room(11 * MIB, 100 * MIB)  # not yet: it would flutter
    house.after(SECOND)
    assert house.keeper.standing is not None

    house.room = Room(13 * MIB, 100 * MIB)
    house.after(SECOND)

    assert house.keeper.standing is None


def test_a_large_disk_is_not_short_while_it_has_room_for_days(house: House) -> None:
    house.room = Room(20_000 * MIB, 1_000_000 * MIB)
    house.after(SECOND)

    assert house.keeper.standing is None


def test_the_ballast_is_real_room_given_up_once_and_made_again(tmp_path: Path) -> None:
    house = House(tmp_path, ballast_mib=2)
    house.after(SECOND)
    ballast = tmp_path / "ballast"
    assert ballast.stat().st_blocks * 512 >= 2 * MIB

    assert house.keeper.disk_full()
    assert not ballast.exists()
    assert not house.keeper.disk_full()
    house.room = Room(13 * MIB, 100 * MIB)  # with the ballast it would be short
    house.after(SECOND)
    assert not house.keeper.has_ballast
    house.room = Room(20 * MIB, 100 * MIB)
    house.after(SECOND)

    assert ballast.exists()


# -- reading back, writing back, the balance ----------------------------------------------------------------------


def test_a_row_that_can_not_be_read_back_stops_the_line(house: House) -> None:
    house.journal.append(parcels(5))
    house.journal._connection.execute("UPDATE events SET line = 'l9' WHERE seq = 4")
    house.after(SLOW_EVERY)

    assert house.keeper.standing is not None
    assert "seq 4 is damaged (CRC)" in house.keeper.standing


def test_the_wal_is_written_back_beside_the_commits_when_idle(house: House) -> None:
    size = house.journal.path.stat().st_size
    house.journal.append(parcels(WRITE_BACK_MAX - 1))
    assert house.journal.path.stat().st_size == size
    house.after(SLOW_EVERY, idle=False)
    assert house.journal.path.stat().st_size == size
    house.after(SLOW_EVERY)
    house.journal.wal.close()
    assert house.journal.path.stat().st_size > size, "moved by a pass beside the writer"
    house.journal.append(numbered([event(number=WRITE_BACK_MAX)], WRITE_BACK_MAX))
    assert house.journal.wal.events == WRITE_BACK_MAX, "the rest is the writer's"
    house.after(SLOW_EVERY)

    assert house.journal.wal.events == 0


def test_a_line_that_is_never_idle_writes_the_wal_back_before_its_file_grows(house: House) -> None:
    wal = house.journal.path.with_name("journal.db-wal")
    for number in range(8):
        house.journal.append(
            numbered((event(number=n) for n in range(WRITE_BACK_MAX)), number * WRITE_BACK_MAX + 1)
        )
        house.after(1, idle=False)
        house.journal.wal.close()
        house.after(1, idle=False)

    assert house.journal.wal.events == 0
    assert wal.stat().st_size == WAL_KEPT_BYTES


@pytest.mark.parametrize("idle", [True, False])
def test_the_balance_of_the_run_can_be_read_from_the_file(house: House, idle: bool) -> None:
    house.journal.append(numbered([event()]))
    house.balance = Balance(7, 5, (("bad_frame", 2),))
    house.after(20 * SECOND, idle=idle)

    assert JournalReader(house.journal.path).balance() == (house.balance, 1, 0, 1)
