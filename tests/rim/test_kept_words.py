"""What authorities have said of a parcel is in the journal before the broker may forget it, also after a kill."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Queue

import pytest
from decision_samples import HEALTH, TOPICS, decision, trust, words
from journal_samples import COORDINATOR, OTHER, event, numbered, open_journal, parcels, visit

from edge.core.effects import KeepWords, Record
from edge.core.standing import NOTHING_SAID, VisitWords
from edge.core.visits import Remembered, Seen
from edge.rim import kept_words
from edge.rim.journal import Journal, JournalFault, JournalReader, Stored
from edge.rim.mqtt_client import Arrived
from edge.rim.unheard import UNHEARD_MAX, Unheard
from edge.rim.writer import Heard, JournalWriter
from edge.wire.messages import Ack
from hub_config.names import Instant, LineId

PATIENCE_S = 10.0
HOLD = decision("hold", 1, authority=HEALTH)


def remembered(journal: Journal) -> Remembered:
    return journal.remembered(trust(), TOPICS)


def reopened(folder: Path) -> Remembered:
    journal = open_journal(folder)
    found = remembered(journal)
    journal.close()
    return found


def test_what_was_said_is_there_after_a_restart_and_in_its_order(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    first, second = words(HOLD, decision("release", 2)), words(decision("inspect", 1, 2), number=2)
    journal.append(parcels(2), [first, second])
    journal.append([], [first])
    journal.close()

    assert reopened(tmp_path).words == (second, first)


def test_nothing_said_any_more_is_forgotten(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append([], [words(HOLD)])
    journal.append([], [VisitWords(visit(1), (), NOTHING_SAID)])

    assert remembered(journal).words == ()


def test_a_group_that_fails_keeps_neither_events_nor_words(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal._connection.execute(
        "CREATE TRIGGER no BEFORE INSERT ON words BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.Error):
        journal.append(parcels(1), [words(HOLD)])

    assert journal.last_seq == 0
    assert remembered(journal).words == ()


def test_a_key_that_is_not_trusted_any_more_stops_and_lifts_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = open_journal(tmp_path)
    journal.append(
        [], [words(decision("hold", 1, authority=HEALTH, signer=OTHER), decision("release", 2, signer=OTHER))]
    )
    (kept,) = journal.remembered(trust(COORDINATOR), TOPICS).words

    assert [(one.authority, one.action) for one in kept.standing.words] == [(HEALTH, "hold")]
    assert "it goes on stopping the parcel" in caplog.text
    assert "it lifts nothing" in caplog.text


def test_a_changed_decision_is_not_believed(tmp_path: Path) -> None:
    """The disk's owner can compute a CRC, not a signature."""
    journal = open_journal(tmp_path)
    journal.append([], [words(decision("release", 1))])
    (row,) = journal._connection.execute("SELECT visit, stops, until_us, body FROM words")
    body = row[3].replace("low-value-air", "low-value-sea")
    assert body != row[3]
    journal._connection.execute(
        "UPDATE words SET body = ?, crc = ?", (body, kept_words.crc_of(row[0], row[1], row[2], body))
    )

    assert remembered(journal).words == (VisitWords(visit(1), ("RR473124829MY",), NOTHING_SAID),)


@pytest.mark.parametrize("column", ["visit", "stops", "until_us", "body"])
def test_a_damaged_row_is_found_by_the_start_and_by_verify(column: str, tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append([], [words(HOLD)])
    changed = (
        "substr(visit, 2)" if column == "visit" else f"{column} + 1" if column != "body" else "body || ' '"
    )
    journal._connection.execute(f"UPDATE words SET {column} = {changed}")  # noqa: S608  (of this test)

    with pytest.raises(JournalFault, match=r"decisions kept of visit .* are damaged \(CRC\)"):
        remembered(journal)
    with pytest.raises(JournalFault, match="are damaged"):
        journal.verify()


def test_verify_counts_the_visits_of_which_decisions_are_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(3), [words(HOLD)])

    assert journal.verify().words == 1


def test_releases_are_kept_as_long_as_they_are_valid_and_stops_as_long_as_they_stand(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    release = decision("release", 1, 2)
    journal.append([], [words(HOLD), words(release, number=2)])
    journal.prune_words(release.valid_until_us + kept_words.OVER_US)
    assert len(remembered(journal).words) == 2
    journal.prune_words(release.valid_until_us + kept_words.OVER_US + 1)

    assert [one.visit for one in remembered(journal).words] == [visit(1)]


def test_past_the_bound_the_visits_spoken_of_longest_ago_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_words, "WORDS_MAX", 3)
    journal = open_journal(tmp_path)
    for number in (1, 2, 3, 4, 1):
        journal.append([], [words(decision("hold", 1, number), number=number)])
    assert kept_words.words_to_prune(journal._connection, 0)
    journal.prune_words(0)

    assert [one.visit for one in remembered(journal).words] == [visit(3), visit(4), visit(1)]
    assert not kept_words.words_to_prune(journal._connection, 0)


def test_so_they_do_at_a_start_past_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = open_journal(tmp_path)
    for number in range(1, 6):
        journal.append([], [words(decision("hold", 1, number), number=number)])
    (size,) = journal._connection.execute("SELECT sum(length(body)) / 5 FROM words").fetchone()
    journal.close()
    monkeypatch.setattr(kept_words, "WORDS_BYTES_MAX", 3 * size + size // 2)

    assert [one.visit for one in reopened(tmp_path).words] == [visit(3), visit(4), visit(5)]


def test_parcels_that_left_are_remembered_in_their_order(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(
        numbered([event("parcel.departed", number, t_us=number, lane="green") for number in (2, 1)])
    )

    assert [(one, seen.bay) for one, seen in remembered(journal).departed] == [
        (visit(2), "B1"),
        (visit(1), "B1"),
    ]
    assert isinstance(remembered(journal).departed[0][1], Seen)
    assert remembered(journal).departed[0][1].line == LineId("bench-1")


def test_the_next_epoch_takes_over_what_can_be_read_of_a_journal_that_is_put_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(2), [words(HOLD), words(decision("hold", 1, 2), number=2)])
    journal._connection.execute("UPDATE words SET stops = 3 WHERE visit = ?", (visit(2),))
    journal.contradicted(Ack(1, 9, "ni:///sha-256;" + "A" * 43), "beyond_end")
    journal.close()

    anew = open_journal(tmp_path)
    assert (anew.epoch, anew.last_seq) == (2, 0)
    assert remembered(anew).words == (words(HOLD),)
    assert "decisions of 1 visits in it are damaged" in caplog.text


# -- the writer and the broker ----------------------------------------------------------------------------------------


class Told:
    def __init__(self) -> None:
        self.queue: Queue[object] = Queue()

    def put(self, given: object) -> None:
        self.queue.put(given)

    def committed(self, rows: Sequence[Stored]) -> None:
        self.queue.put(list(rows))

    def heard(self, decisions: Sequence[str]) -> None:
        self.queue.put(tuple(decisions))


def test_a_decision_is_heard_once_its_words_are_on_disk_also_without_any_event(tmp_path: Path) -> None:
    journal, told = open_journal(tmp_path), Told()
    writer = JournalWriter(journal, told, told, clock=lambda: Instant(7))
    writer.start()
    writer.put([KeepWords(words(HOLD)), Heard(HOLD.dec)])

    assert told.queue.get(timeout=PATIENCE_S) == (HOLD.dec,)
    reader = JournalReader(tmp_path / "journal.db")
    assert reader.verify().words == 1
    reader.close()
    writer.put([Heard("of no consequence")])
    assert told.queue.get(timeout=PATIENCE_S) == ("of no consequence",)
    assert writer.stop() == 0
    assert told.queue.empty()


def test_events_and_words_of_one_step_go_together(tmp_path: Path) -> None:
    journal, told = open_journal(tmp_path), Told()
    writer = JournalWriter(journal, told, told, clock=lambda: Instant(7))
    writer.put([Record(1, event()), KeepWords(words(HOLD)), Heard(HOLD.dec)])
    writer.put([Record(2, event(number=2))])
    writer.start()

    commit, rows, heard = (told.queue.get(timeout=PATIENCE_S) for _ in range(3))
    assert isinstance(rows, list)
    assert len(rows) == 2
    assert commit is not None
    assert heard == (HOLD.dec,)
    assert writer.stop() == 0


def arrived(mid: int) -> Arrived:
    return Arrived("dec/gw-03", b"", mid, Instant(0))


def test_a_decision_is_confirmed_when_it_is_in_the_journal() -> None:
    unheard = Unheard()
    assert unheard.arrived("d1", arrived(1), "s-1") == []
    assert unheard.arrived("d2", arrived(2), "s-1") == []
    assert unheard.arrived("d1", arrived(3), "s-1") == []  # it came twice

    assert unheard.heard("d1") == [("s-1", arrived(1)), ("s-1", arrived(3))]
    assert unheard.heard("d1") == []
    unheard.forget()
    assert unheard.heard("d2") == []


def test_past_the_bound_the_oldest_is_confirmed_all_the_same() -> None:
    unheard = Unheard()
    past = [unheard.arrived(f"d{number}", arrived(number), "s-1") for number in range(UNHEARD_MAX + 2)]

    assert past[:UNHEARD_MAX] == [[]] * UNHEARD_MAX
    assert past[UNHEARD_MAX:] == [[("s-1", arrived(0))], [("s-1", arrived(1))]]


# -- killed -----------------------------------------------------------------------------------------------------------

STOPPING = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from decision_samples import HEALTH, decision, words
from journal_samples import event, open_journal
from edge.core.effects import KeepWords, Record
from edge.rim import clock
from edge.rim.writer import Heard, JournalWriter

class Said:
    def put(self, given): pass
    def committed(self, rows): pass
    def heard(self, decisions): print(*decisions, flush=True)

writer = JournalWriter(open_journal(Path(sys.argv[1])), Said(), Said(), clock.now)
writer.start()
number = 0
while True:
    number += 1
    stop = decision("hold", 1, number % 500 + 1, HEALTH)
    writer.put([Record(number, event(number=number)), KeepWords(words(stop, number=number % 500 + 1)), Heard(stop.dec)])
"""


@pytest.mark.system
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_no_stop_is_lost_of_which_the_broker_was_told(seed: int, tmp_path: Path) -> None:
    here = Path(__file__).parent
    command = [sys.executable, "-c", STOPPING, str(tmp_path), str(here), str(here.parents[1])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(random.Random(seed).random() / 2)  # any moment of its work
    os.kill(process.pid, signal.SIGKILL)
    told = [first, *process.stdout.read().splitlines(keepends=True)]
    process.wait()
    process.stdout.close()
    confirmed = [dec for line in told if line.endswith("\n") for dec in line.split()]

    kept = {word.decision.dec for one in reopened(tmp_path).words for word in one.standing.words}
    assert confirmed
    assert [dec for dec in confirmed if dec not in kept] == []
