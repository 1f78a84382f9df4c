"""The journal's writer thread: committed before told, told in order, nothing dropped when the disk fails."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from decision_samples import decision
from journal_samples import event, open_journal

from edge.core.effects import KeepWords, Record
from edge.core.inputs import Committed, JournalTrouble, JournalWell
from edge.core.standing import LONG_BYTES, NOTHING_SAID, VisitWords
from edge.rim import writer as writer_module
from edge.rim.inbox import Inbox
from edge.rim.journal import Journal, Stored
from edge.rim.writer import STUCK, JournalWriter
from edge.wire.canonical import ZERO_ID
from edge.wire.messages import Ack
from hub_config.names import Instant

PATIENCE_S = 20


class Told:
    """Both sinks in one, so that their order can be seen."""

    def __init__(self) -> None:
        self.queue: Queue[Committed | JournalTrouble | list[Stored]] = Queue()
        self.decisions: list[str] = []

    def put(self, given: Committed | JournalTrouble) -> None:
        self.queue.put(given)

    def committed(self, rows: Sequence[Stored]) -> None:
        self.queue.put(list(rows))

    def heard(self, decisions: Sequence[str]) -> None:
        self.decisions += decisions

    def next(self) -> Committed | JournalTrouble | list[Stored]:
        return self.queue.get(timeout=PATIENCE_S)

    def rest(self) -> list[Committed | JournalTrouble | list[Stored]]:
        return [self.queue.get_nowait() for _ in range(self.queue.qsize())]


class FailingJournal:
    """A journal on a disk that can be full."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.path, self.acknowledge = journal.path, journal.acknowledge
        self.keep_cursor = journal.keep_cursor
        self.full = threading.Event()
        self.tries: Queue[int] = Queue()

    @property
    def last_seq(self) -> int:
        return self._journal.last_seq

    def append(self, events: Sequence[tuple[int, object]], words: Sequence[VisitWords] = ()) -> list[Stored]:
        self.tries.put(len(events))
        if self.full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return self._journal.append(events, words)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path)
    yield opened
    opened.close()


def writer_of(journal: object, told: Told, group_events: int = 100, retry_ms: int = 5) -> JournalWriter:
    return JournalWriter(
        journal,  # type: ignore[arg-type]
        told,
        told,
        clock=lambda: Instant(77),
        group_events=group_events,
        group_wait_ms=2,
        retry_ms=retry_ms,
    )


def test_the_core_knows_the_id_before_the_uplink_has_the_event(journal: Journal) -> None:
    told = Told()
    writer = writer_of(journal, told)
    writer.start()
    writer.put([Record(1, event())])

    commit, rows = told.next(), told.next()

    assert isinstance(rows, list)
    assert commit == Committed(Instant(77), 1, (rows[0].id,))
    assert journal.pending(0, 1)[0].id == rows[0].id
    assert writer.stop() == 0


def test_events_that_wait_go_in_groups_and_in_order(journal: Journal) -> None:
    told = Told()
    writer = writer_of(journal, told, group_events=4)
    for number in range(1, 11):
        writer.put([Record(number, event(number=number))])
    writer.start()
    assert writer.stop() == 0

    commits = [one for one in told.rest() if isinstance(one, Committed)]
    assert [(one.first, len(one.ids)) for one in commits] == [(1, 4), (5, 4), (9, 2)]
    assert [identity for one in commits for identity in one.ids] == [row.id for row in journal.pending(0, 20)]


def test_a_stop_writes_what_waits(journal: Journal) -> None:
    told = Told()
    writer = writer_of(journal, told)
    writer.start()
    for number in range(1, 501):
        writer.put([Record(number, event(number=number))])

    assert writer.stop() == 0
    assert journal.last_seq == 500


def test_an_ack_goes_through_the_same_thread(journal: Journal) -> None:
    told = Told()
    writer = writer_of(journal, told)
    for number in range(1, 6):
        writer.put([Record(number, event(number=number))])
    writer.start()
    told.next()
    rows = told.next()
    assert isinstance(rows, list)
    for row in rows[:4]:
        writer.acknowledge(Ack(1, row.seq, row.id))
    writer.acknowledge(Ack(9, 3, ZERO_ID))  # of another epoch: nothing to say
    writer.stop()

    assert journal.figures().acknowledged == 4
    assert told.rest() == []


@pytest.mark.parametrize(
    ("ack", "said"),
    [
        (Ack(1, 2, ZERO_ID), "ends with seq 1: events are lost"),
        (Ack(1, 1, ZERO_ID), "two journals of one gateway"),
    ],
)
def test_an_ack_that_contradicts_the_journal_is_reported_once(journal: Journal, ack: Ack, said: str) -> None:
    told = Told()
    writer = writer_of(journal, told)
    writer.put([Record(1, event())])
    writer.start()
    told.next()
    told.next()
    writer.acknowledge(ack)
    trouble = told.next()
    writer.acknowledge(ack)
    writer.stop()

    assert isinstance(trouble, JournalTrouble)
    assert said in trouble.detail
    assert told.rest() == []
    assert journal.figures().acknowledged == 0


def test_a_full_disk_is_said_once_and_the_events_are_tried_again_until_it_has_room(journal: Journal) -> None:
    told, failing = Told(), FailingJournal(journal)
    failing.full.set()
    writer = writer_of(failing, told)
    writer.start()
    writer.put([Record(1, event())])
    trouble = told.next()
    for _ in range(3):
        failing.tries.get(timeout=PATIENCE_S)
    writer.put([Record(2, event(number=2))])
    failing.full.clear()

    ids: list[str] = []
    while len(ids) < 2:
        match told.next():
            case Committed(first=first, ids=more):
                assert first == len(ids) + 1
                ids += more
            case JournalTrouble():
                pytest.fail("said twice")
            case _:
                pass
    assert isinstance(trouble, JournalTrouble)
    assert "database or disk is full; check the disk" in trouble.detail
    assert writer.stop() == 0
    assert [row.id for row in journal.pending(0, 9)] == ids


def test_a_disk_that_does_not_answer_is_said_once_and_so_is_its_answer(journal: Journal) -> None:
    """A write that does not return raises nothing: parcels waited, and nobody was told why."""
    now, hangs, answers = [Instant(0)], threading.Event(), threading.Event()

    class Hanging(FailingJournal):
        def append(
            self, events: Sequence[tuple[int, object]], words: Sequence[VisitWords] = ()
        ) -> list[Stored]:
            hangs.set()
            answers.wait(PATIENCE_S)
            return super().append(events, words)

    told = Told()
    writer = JournalWriter(Hanging(journal), told, told, clock=lambda: now[0])  # type: ignore[arg-type]
    writer.look()
    writer.start()
    writer.put([Record(1, event())])
    assert hangs.wait(PATIENCE_S)
    writer.look()
    now[0] = Instant(STUCK - 1)
    writer.look()
    assert told.rest() == []

    for now[0] in (Instant(STUCK), Instant(2 * STUCK)):
        writer.look()
    trouble = told.next()
    answers.set()
    commit = told.next()
    assert writer.stop() == 0
    writer.look()

    assert isinstance(trouble, JournalTrouble)
    assert "has not answered for 5 s; check it" in trouble.detail
    assert isinstance(commit, Committed)
    assert not any(isinstance(one, JournalTrouble) for one in told.rest())
    assert not writer._failing


def test_a_stop_with_a_full_disk_ends_and_tells_how_many_are_not_written(journal: Journal) -> None:
    told, failing = Told(), FailingJournal(journal)
    failing.full.set()
    writer = writer_of(failing, told, retry_ms=60_000)
    writer.start()
    writer.put([Record(1, event())])
    writer.put([Record(2, event(number=2))])
    told.next()

    assert writer.stop() == 2
    assert journal.last_seq == 0


def test_at_the_bound_the_core_waits_and_nothing_is_dropped(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "WAITING_MAX", 3)
    told = Told()
    writer = writer_of(journal, told)
    for number in range(1, 4):
        writer.put([Record(number, event(number=number))])
    waiting = threading.Thread(target=writer.put, args=([Record(4, event(number=4))],))
    waiting.start()
    assert writer.waiting == 3

    writer.start()
    waiting.join(PATIENCE_S)
    writer.stop()

    assert not waiting.is_alive()
    assert journal.last_seq == 4


def test_long_words_wait_for_a_shorter_queue(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "LONG_WAITING_MAX", 2)
    writer = writer_of(journal, Told())
    said = decision("hold", 1)
    long = VisitWords(
        said.visit, (), NOTHING_SAID.heard(replace(said, wire=json.dumps({"x": "y" * LONG_BYTES})))
    )
    waited: list[int] = []
    monkeypatch.setattr(writer, "_wait_for_room", waited.append)
    for one in (KeepWords(long), KeepWords(long), Record(1, event(number=1)), KeepWords(long)):
        writer.put([one])

    assert waited == [2]


def test_a_core_that_waits_for_the_journal_has_its_inbox_full_and_both_go_on(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its devices tell more meanwhile, and the journal needs several groups until there is room again."""
    monkeypatch.setattr(writer_module, "LONG_WAITING_MAX", 2)
    inbox = Inbox(inputs_max=1)
    writer = JournalWriter(journal, inbox, Told(), clock=lambda: Instant(77), group_events=1)
    for number in range(1, 5):
        writer.put([Record(number, event(number=number))])
    inbox.put(JournalWell(Instant(1)))
    said = decision("hold", 1)
    long = VisitWords(
        said.visit, (), NOTHING_SAID.heard(replace(said, wire=json.dumps({"x": "y" * LONG_BYTES})))
    )
    core = threading.Thread(target=writer.put, args=([KeepWords(long)],), daemon=True)
    core.start()
    writer.start()
    core.join(PATIENCE_S)

    assert not core.is_alive()
    assert writer.stop() == 0
    assert journal.last_seq == 4


def test_the_last_try_of_a_stop_writes_all_that_waits(journal: Journal) -> None:
    told, failing = Told(), FailingJournal(journal)
    failing.full.set()
    writer = writer_of(failing, told, group_events=2, retry_ms=60_000)
    for number in range(1, 8):
        writer.put([Record(number, event(number=number))])
    writer.start()
    told.next()
    failing.full.clear()

    assert writer.stop() == 0
    assert journal.last_seq == 7


def test_numbers_have_no_gaps(journal: Journal) -> None:
    writer = writer_of(journal, Told())
    writer.put([Record(1, event())])

    with pytest.raises(ValueError, match="event number 3 follows 1"):
        writer.put([Record(3, event())])


def test_acks_that_wait_are_bounded(journal: Journal) -> None:
    told = Told()
    writer = writer_of(journal, told)
    writer.put([Record(1, event())])
    writer.start()
    told.next()
    rows = told.next()
    assert isinstance(rows, list)
    for _ in range(10 * writer_module.ACKS_MAX):
        writer.acknowledge(Ack(1, 1, rows[0].id))
    writer.stop()

    assert journal.figures().acknowledged == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_ends_the_thread_and_is_said(journal: Journal) -> None:
    class Broken(FailingJournal):
        def append(
            self, events: Sequence[tuple[int, object]], words: Sequence[VisitWords] = ()
        ) -> list[Stored]:
            raise KeyError(len(events), len(words))

    told = Told()
    writer = writer_of(Broken(journal), told)
    writer.start()
    writer.put([Record(1, event())])
    trouble = told.next()

    assert isinstance(trouble, JournalTrouble)
    assert "the journal's thread ended" in trouble.detail
    assert writer.stop() == 1
