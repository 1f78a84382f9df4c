"""The journal as the uplink reads it, on a disk that refuses: nothing lost, nothing doubled, said once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub_rig import hub, wait_for
from journal_samples import open_journal, parcels
from refusing import Refusing, full, io_error, locked

from edge.rim.journal import Journal
from edge.rim.journal_rows import JournalReader
from edge.rim.journal_table import connect
from edge.rim.mqtt_client import Arrived
from edge.rim.outbox import AGAIN_EVERY, Outbox
from edge.wire.messages import Ack, Nak
from hub_config.names import Instant

EVENTS = 95
"""No backlog: they fit the window at once."""
PASSING = pytest.mark.parametrize("error", [io_error, locked, full])


class Told:
    """Where acks go on to, and word of a damaged journal."""

    def __init__(self) -> None:
        self.acks: list[Ack] = []
        self.damage: list[str] = []

    def acknowledge(self, ack: Ack) -> None:
        self.acks.append(ack)

    def damaged(self, detail: str) -> None:
        self.damage.append(detail)


@dataclass
class Bench:
    journal: Journal
    outbox: Outbox
    told: Told
    disk: Refusing

    def sent(self, at: int) -> list[int]:
        """What goes out, each with its PUBACK at once."""
        seqs = []
        while (row := self.outbox.next(Instant(at))) is not None:
            self.outbox.window.sent(row.seq, Instant(at))
            self.outbox.window.delivered(row.seq, Instant(at))
            seqs.append(row.seq)
        return seqs

    def ack(self, through: int) -> Ack:
        (row,) = self.journal.pending(through - 1, 1)
        return Ack(1, through, row.id)


def arrived(at: int) -> Arrived:
    return Arrived("ack/gw-03", b"", 1, Instant(at))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    journal, told = open_journal(tmp_path), Told()
    journal.append(parcels(EVENTS))
    reader = JournalReader(journal.path)
    disk = Refusing(reader._connection)
    reader._connection = disk  # type: ignore[assignment]  # it answers as a connection does
    outbox = Outbox(lambda: reader, told)
    assert outbox.open(Instant(0))
    outbox.window.opened()
    yield Bench(journal, outbox, told, disk)
    outbox.close()
    journal.close()


@PASSING
def test_rows_that_the_disk_does_not_give_go_out_later_once_and_in_order(
    bench: Bench, error: Callable[[], sqlite3.DatabaseError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hub.uplink")
    first = bench.sent(at=1)[:50]
    bench.disk.error = error()
    bench.outbox.connection_ended()
    bench.outbox.window.opened()
    for second in range(1, 5):
        assert bench.sent(at=second * AGAIN_EVERY) == []
        assert bench.sent(at=second * AGAIN_EVERY + 1) == []
    assert bench.disk.refused == 4, "once a second"
    assert bench.outbox.trouble is not None
    bench.disk.error = None

    assert first == list(range(1, 51))
    assert bench.sent(at=5 * AGAIN_EVERY)[:EVENTS] == list(range(1, EVENTS + 1))
    assert bench.outbox.trouble is None
    assert bench.told.damage == []
    said = [record.message for record in caplog.records]
    assert len(said) == 2
    assert "it is read again every second" in said[0]
    assert said[1] == "the journal is read again"


@PASSING
def test_an_ack_that_cant_be_compared_now_is_neither_a_contradiction_nor_lost_and_nothing_goes_out_before(
    bench: Bench, error: Callable[[], sqlite3.DatabaseError]
) -> None:
    bench.disk.error = error()
    ack = bench.ack(50)
    assert bench.outbox.hear(ack, arrived(1)) == []
    assert not bench.outbox.halted
    assert bench.told.acks == []
    assert bench.sent(at=2) == []
    bench.disk.error = None
    assert bench.outbox.compare(Instant(2)) == [], "not yet"
    assert bench.sent(at=3) == []

    assert bench.outbox.compare(Instant(1 + AGAIN_EVERY)) == []

    assert bench.told.acks == [ack]
    assert bench.outbox.window.acknowledged == 50
    assert bench.sent(at=2 + AGAIN_EVERY)[0] == 51


def test_an_ack_of_events_that_the_journal_does_not_hold_is_found_once_the_disk_answers(bench: Bench) -> None:
    bench.disk.error = io_error()
    bench.outbox.hear(Ack(1, EVENTS + 7, "ni:///sha-256;x"), arrived(1))
    bench.disk.error = None

    (refused,) = bench.outbox.compare(Instant(1 + AGAIN_EVERY))

    assert refused.reason == "ack_ahead"
    assert bench.outbox.halted
    assert bench.sent(at=2 + AGAIN_EVERY) == []


def test_a_nak_waits_for_the_disk(bench: Bench) -> None:
    bench.outbox.hear(bench.ack(60), arrived(1))
    bench.disk.error = locked()
    bench.outbox.hear(Nak(1, 30), arrived(2))
    bench.disk.error = None
    bench.outbox.compare(Instant(2 + AGAIN_EVERY))

    assert bench.sent(at=3 + AGAIN_EVERY)[0] == 30


def test_acks_that_wait_go_with_their_connection(bench: Bench) -> None:
    bench.disk.error = io_error()
    bench.outbox.hear(bench.ack(50), arrived(1))
    bench.outbox.connection_ended()
    bench.disk.error = None
    bench.outbox.window.opened()

    assert bench.outbox.compare(Instant(1 + AGAIN_EVERY)) == []
    assert bench.outbox.window.acknowledged == 0


def test_a_journal_that_another_program_keeps_locked_is_opened_later(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(3))
    journal.close()
    told = Told()

    def opened() -> JournalReader:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("edge.rim.journal_table.BUSY_TIMEOUT_MS", 0)
            return JournalReader(journal.path)

    outbox = Outbox(opened, told)
    with closing(connect(journal.path, read_only=False)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        other.execute("BEGIN EXCLUSIVE")
        assert not outbox.open(Instant(0))
        assert outbox.trouble is not None
        assert "database is locked" in outbox.trouble
        other.execute("ROLLBACK")

    assert outbox.open(Instant(AGAIN_EVERY))
    assert (outbox.trouble, outbox.window.end, told.damage) == (None, 3, [])
    outbox.close()


def test_a_journal_whose_end_is_damaged_stops_the_line_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, told = open_journal(tmp_path), Told()
    journal.append(parcels(EVENTS))
    journal.close()
    raw = bytearray(journal.path.read_bytes())
    page = raw.rindex(b"parcel.arrived") // 4_096 * 4_096  # the leaf with the last rows
    raw[page : page + 4_096] = b"\xff" * 4_096
    journal.path.write_bytes(raw)
    reader = JournalReader(journal.path)
    outbox = Outbox(lambda: reader, told)
    outbox.window.extended(EVENTS)
    opened = outbox.open(Instant(0))
    assert not opened, "its end can't be read"

    assert "the file itself is damaged" in told.damage[0]
    assert outbox.trouble is not None
    assert len(caplog.records) == 1


def test_a_row_on_a_damaged_page_stops_the_line_and_the_others_go_out(bench: Bench) -> None:
    bench.disk.page = 3

    assert bench.sent(at=1) == [seq for seq in range(1, EVENTS + 1) if seq != 3]
    assert "database disk image is malformed" in bench.told.damage[0]
    assert bench.outbox.trouble is None, "it is the journal's, and the line says so"


@pytest.mark.system
def test_a_disk_that_refuses_reads_for_a_while_ends_no_uplink_and_each_event_arrives_once(
    tmp_path: Path,
) -> None:
    with hub("mosquitto", tmp_path) as (broker, coordinator, gateway):
        wait_for(lambda: gateway.uplink.figures().coordinator, "connected")
        gateway.tell(20)
        wait_for(lambda: gateway.settled(20), "at work")
        reader = gateway.uplink._outbox.reader
        disk = Refusing(reader._connection, io_error())
        reader._connection = disk  # type: ignore[assignment]  # it answers as a connection does
        broker.kill()
        gateway.tell(600)
        broker.restart()
        wait_for(lambda: disk.refused >= 2, "it was asked twice")
        assert gateway.uplink.trouble is not None
        assert not gateway.uplink.failed.is_set()
        disk.error = None
        wait_for(lambda: gateway.settled(620), "all acknowledged")

        found = coordinator.counts()
        assert found["stored"] == found["distinct"] == 620
        assert gateway.uplink.trouble is None
        assert found["rejected"] == {}
