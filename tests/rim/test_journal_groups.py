"""How a group goes to the disk: as one statement or in a transaction of several, with the same journal after it."""

import sqlite3
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from journal_samples import open_journal, parcels, visit

from edge.core.standing import Standing, VisitWords
from edge.rim.journal import JournalReader
from edge.rim.journal_commit import ROWS_AT_ONCE
from edge.rim.journal_tree import NODE_LEAVES
from edge.wire.messages import Ack


@pytest.mark.parametrize("acknowledged_to", ["many rows", "words", "a full block"])
def test_what_is_acknowledged_goes_to_the_disk_with_what_needs_a_transaction_of_several_statements(
    tmp_path: Path, acknowledged_to: str
) -> None:
    journal = open_journal(tmp_path)
    reader = JournalReader(journal.path)
    rows = journal.append(parcels(2))
    journal.acknowledge(Ack(1, 2, rows[1].id))
    before = [reader.acknowledged().seq]
    journal.append(parcels(1))
    before.append(reader.acknowledged().seq)
    match acknowledged_to:
        case "many rows":
            journal.append(parcels(ROWS_AT_ONCE + 1))
        case "words":
            journal.append(parcels(1), [VisitWords(visit(1), (), Standing())])
        case _:
            for _ in range(NODE_LEAVES):
                journal.append(parcels(1))

    assert (before, reader.acknowledged().seq) == ([0, 0], 2)
    assert journal.figures().acknowledged == 2
    reader.close()
    journal.close()


def test_a_group_by_one_statement_and_one_by_several_leave_the_same_journal(tmp_path: Path) -> None:
    told = parcels(3 * NODE_LEAVES)
    journals = [open_journal(tmp_path / name) for name in ("single", "small", "large")]
    for journal, size in zip(journals, (1, 7, ROWS_AT_ONCE + 1), strict=True):
        for first in range(0, len(told), size):
            journal.append(told[first : first + size])
    outs = [BytesIO(), BytesIO(), BytesIO()]
    for journal, out in zip(journals, outs, strict=True):
        journal.export(out)
        assert journal.verify().events == len(told)
        journal.close()

    assert outs[0].getvalue() == outs[1].getvalue() == outs[2].getvalue()


def test_a_small_group_that_the_disk_refuses_leaves_nothing_and_is_the_same_when_it_is_tried_again(
    tmp_path: Path,
) -> None:
    journal, other = open_journal(tmp_path / "one"), open_journal(tmp_path / "other")
    with sqlite3.connect(journal.path) as connection:
        connection.execute(
            "CREATE TRIGGER refuses BEFORE INSERT ON events WHEN NEW.seq = 2 BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
        )
    with pytest.raises(sqlite3.Error):
        journal.append(parcels(3))
    held = journal.last_seq, len(journal.tail(10))
    connection.execute("DROP TRIGGER refuses")
    connection.close()
    again = journal.append(parcels(3))
    journal.append(parcels(NODE_LEAVES))

    assert held == (0, 0)
    assert [row.id for row in again] == [row.id for row in other.append(parcels(3))]
    assert journal.verify().events == NODE_LEAVES + 3
    journal.close()
    other.close()


def test_an_event_is_found_by_its_id_before_the_one_that_speaks_of_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    rows = journal.append(parcels(5))
    reader = JournalReader(journal.path)

    assert reader.event(rows[1].id, 5) == replace(rows[1], number=None)
    assert reader.event(rows[1].id, 2) is None
    reader.close()
    journal.close()
