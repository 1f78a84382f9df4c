"""A backlog written by the journal's own code: whole, unseen by the coordinator, its parcels in their bays."""

from collections import Counter
from pathlib import Path

from edge.rim.journal import JOURNAL_FILE, JournalReader
from edge.rim.journal_history import OPEN_VISITS_MAX, open_visits
from simulators.backlog import EVENTS_PER_PARCEL, fill

PARCELS = 70
"""More than all benches hold at once, and no multiple of it."""


def test_a_backlog_is_a_whole_journal_of_events_that_wait(tmp_path: Path) -> None:
    assert fill(tmp_path, PARCELS * EVENTS_PER_PARCEL + 5) == PARCELS * EVENTS_PER_PARCEL

    journal = JournalReader(tmp_path / JOURNAL_FILE)
    try:
        assert journal.verify().events == PARCELS * EVENTS_PER_PARCEL
        assert journal.acknowledged().seq == 0
        rows = journal.pending(0, 1_000)
        assert set(Counter(row.visit for row in rows).values()) == {EVENTS_PER_PARCEL}
    finally:
        journal.close()


def test_a_gateway_that_starts_on_it_knows_where_each_parcel_is(tmp_path: Path) -> None:
    fill(tmp_path, PARCELS * EVENTS_PER_PARCEL)

    journal = JournalReader(tmp_path / JOURNAL_FILE)
    try:
        with journal.one_moment() as connection:
            found = open_visits(connection)
    finally:
        journal.close()

    assert len(found) == PARCELS < OPEN_VISITS_MAX
    assert all(visit.held for visit in found)
