"""A journal that has lost its end: what the file can't tell, the coordinator's ack does (event-path facts §6)."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from hub_rig import CoordinatorProcess, Gateway, letters, wait_for
from journal_samples import acked, event, numbered, open_journal, parcels

from edge.rim.journal import Journal, JournalReader
from edge.wire.messages import Ack
from simulators.broker import Broker

GROUPS = 40


def crashed(folder: Path, to: Path) -> tuple[Path, Ack]:
    """The files as a crash leaves them, with everything in the WAL, and the ack of all of it."""
    journal = open_journal(folder)
    journal.wal.write_back()
    for _ in range(GROUPS):
        journal.append(parcels(10))
    ack = acked(journal)
    to.mkdir(mode=0o700)
    for file in folder.iterdir():
        shutil.copy(file, to)
    journal.close()
    return to / "journal.db-wal", Ack(ack.epoch, ack.through_seq, ack.through_id)


def quick_check(folder: Path) -> str:
    connection = sqlite3.connect(folder / "journal.db")
    (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
    connection.close()
    return str(verdict)


def begun_anew(journal: Journal, folder: Path, ack: Ack) -> Journal:
    """After the coordinator has said what it holds, the next start."""
    outcome = journal.acknowledge(ack)
    assert outcome == "beyond_end"
    journal.contradicted(ack, outcome)
    journal.close()
    return open_journal(folder)


def test_bytes_flipped_in_the_middle_of_the_wal_are_told_by_the_coordinator_alone(tmp_path: Path) -> None:
    wal, ack = crashed(tmp_path / "gateway", tmp_path / "copy")
    raw = bytearray(wal.read_bytes())
    middle = len(raw.rstrip(b"\0")) // 2
    for place in range(middle, middle + 64):
        raw[place] ^= 0xFF
    wal.write_bytes(raw)

    journal = open_journal(tmp_path / "copy")
    held = journal.last_seq
    assert 0 < held < ack.through_seq
    assert journal.verify().events == held
    assert quick_check(tmp_path / "copy") == "ok"
    anew = begun_anew(journal, tmp_path / "copy", ack)

    assert (anew.epoch, anew.last_seq, anew.keeping().lost) == (2, 0, ack.through_seq - held)
    assert anew.after_loss is not None
    assert anew.after_loss.last_seq == held
    anew.append(numbered([event()]))
    assert anew.verify().events == 1


@pytest.mark.parametrize("tail", ["cut", "rubbish"])
def test_a_torn_tail_of_the_wal_loses_nothing_that_was_confirmed_before_it(tmp_path: Path, tail: str) -> None:
    wal, ack = crashed(tmp_path / "gateway", tmp_path / "copy")
    raw = wal.read_bytes().rstrip(b"\0")
    wal.write_bytes(raw[:-1_000] if tail == "cut" else raw + b"\xa5" * 9_000)

    journal = open_journal(tmp_path / "copy")

    assert journal.last_seq == (ack.through_seq - 10 if tail == "cut" else ack.through_seq)
    assert journal.verify().events == journal.last_seq
    assert journal.acknowledge(ack) == ("beyond_end" if tail == "cut" else "advanced")


def test_an_older_disk_put_back_with_its_counter_is_told_by_the_coordinator(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "gateway")
    journal.append(parcels(10))
    journal.close()
    shutil.copytree(tmp_path / "gateway", tmp_path / "old")
    journal = open_journal(tmp_path / "gateway")
    journal.append(parcels(30))
    ack = acked(journal)
    journal.close()

    old = open_journal(tmp_path / "old")
    anew = begun_anew(old, tmp_path / "old", ack)

    assert (anew.epoch, anew.keeping().lost) == (2, 30)
    assert anew.after_loss is not None
    assert anew.after_loss.untold == 10, "its cursor had not moved"


def test_another_history_under_the_same_numbers_is_a_loss_too(tmp_path: Path) -> None:
    journal, other = open_journal(tmp_path / "a"), open_journal(tmp_path / "b")
    journal.append(parcels(5))
    other.append(numbered(event(number=9 - number) for number in range(5)))
    ack = acked(other)
    assert journal.acknowledge(ack) == "wrong_id"
    journal.contradicted(ack, "wrong_id")
    journal.close()

    anew = open_journal(tmp_path / "a")

    assert anew.after_loss is not None
    assert (anew.after_loss.by, anew.keeping().lost) == ("wrong_id", 5)


def test_a_sealed_journal_is_still_whole_and_readable(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(5))
    anew = begun_anew(journal, tmp_path, Ack(1, 9, "ni:///sha-256;x"))
    assert anew.after_loss is not None
    sealed = tmp_path / "kept"
    sealed.mkdir(mode=0o700)
    shutil.move(tmp_path / anew.after_loss.file, sealed / "journal.db")

    reader = JournalReader(sealed / "journal.db")
    assert (reader.verify().events, reader.fact("contradicted")) == (
        5,
        {"by": "beyond_end", "acknowledged": 9, "lost": 9},
    )
    reader.close()


@pytest.mark.system
def test_a_gateway_with_a_lost_end_reports_it_and_goes_on_in_its_next_epoch(tmp_path: Path) -> None:
    """Nobody is accused of tampering: nothing goes out under numbers that are taken."""
    broker = Broker.start(tmp_path / "broker", prefer="mosquitto")
    coordinator = CoordinatorProcess(tmp_path / "coordinator", broker.port)
    folder = tmp_path / "gateway"
    folder.mkdir()
    first = Gateway(folder, broker.port, letters())
    coordinator.start()
    first.start()
    first.tell(10)
    wait_for(lambda: first.settled(10), "ten acknowledged")
    first.stop()
    old = (folder / "journal.sqlite").read_bytes()
    second = Gateway(folder, broker.port, letters(), session="run-2")
    second.start()
    second.tell(20)
    wait_for(lambda: second.settled(30), "thirty acknowledged")
    second.stop()
    (folder / "journal.sqlite").write_bytes(old)
    third = Gateway(folder, broker.port, letters(), session="run-3")
    third.tell(3)  # before it can know
    third.start()
    wait_for(lambda: third.journal.keeping().lost == 20, "the loss is known")
    third.tell(3)
    wait_for(lambda: third.writer.waiting == 0, "still written, as evidence")
    third.stop()
    fourth = Gateway(folder, broker.port, letters(), session="run-4")
    try:
        fourth.start()
        fourth.tell(5)
        wait_for(lambda: fourth.settled(5), "the next epoch acknowledged")

        assert fourth.journal.epoch == 2
        found = coordinator.counts()
        assert (found["stored"], found["distinct"], found["quarantined"]) == (35, 35, [])
    finally:
        fourth.stop()
        coordinator.stop()
        broker.stop()
