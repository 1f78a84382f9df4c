"""The uplink's rows: read in batches, handed over without a read, bounded, and a damaged one stops no other."""

from typing import cast

import pytest

from edge.rim.journal_rows import JournalFault, JournalReader, Stored
from edge.rim.outbox_rows import BATCH, ROWS_MAX, OutboxRows


def row(seq: int) -> Stored:
    return Stored(None, seq, f"ni:///{seq}", b"{}", None, None, "b1", None, "gateway.mode")


class Shelf:
    """A journal of `end` rows; reading over a damaged one raises, as the real reader does."""

    def __init__(self, end: int, damaged: frozenset[int] = frozenset()) -> None:
        self.end, self.damaged, self.reads = end, damaged, 0

    def pending(self, after_seq: int, limit: int) -> list[Stored]:
        self.reads += 1
        seqs = range(after_seq + 1, min(after_seq + limit, self.end) + 1)
        if self.damaged.intersection(seqs):
            raise JournalFault("damaged")
        return [row(seq) for seq in seqs]


def rows_of(shelf: Shelf) -> OutboxRows:
    return OutboxRows(cast(JournalReader, shelf))


def test_a_backlog_is_read_in_batches() -> None:
    shelf = Shelf(end=250)
    rows = rows_of(shelf)

    assert [taken.seq for seq in range(1, 251) if (taken := rows.take(seq))] == list(range(1, 251))
    assert shelf.reads == 3
    assert BATCH == 100


def test_past_the_end_it_does_not_read_again_until_rows_are_committed() -> None:
    shelf = Shelf(end=1)
    rows = rows_of(shelf)
    assert rows.take(1) == row(1)
    assert rows.take(2) is None
    reads = shelf.reads

    assert rows.take(2) is None
    rows.hand_over([row(2)])

    assert rows.take(2) == row(2)
    assert shelf.reads == reads


def test_rows_that_went_out_before_they_were_handed_over_are_not_kept() -> None:
    shelf = Shelf(end=1_000)
    rows = rows_of(shelf)
    for seq in range(1, 1_001):
        rows.take(seq)
        rows.hand_over([row(seq)])

    rows.hand_over([row(1_001)])
    reads = shelf.reads

    assert rows.take(1_001) == row(1_001)
    assert shelf.reads == reads


def test_rows_past_the_bound_are_read_when_their_turn_comes() -> None:
    shelf = Shelf(end=0)
    rows = rows_of(shelf)
    assert rows.take(1) is None
    shelf.end = ROWS_MAX + 100
    for seq in range(1, shelf.end + 1):
        rows.hand_over([row(seq)])

    assert [taken.seq for seq in range(1, shelf.end + 1) if (taken := rows.take(seq))] == list(
        range(1, shelf.end + 1)
    )


def test_a_damaged_row_is_named_and_its_neighbours_go_out() -> None:
    rows = rows_of(Shelf(end=5, damaged=frozenset({3})))

    assert rows.take(1) == row(1)
    assert rows.take(2) == row(2)
    with pytest.raises(JournalFault):
        rows.take(3)
    assert rows.take(4) == row(4)


def test_the_id_of_a_row_that_is_missing_or_damaged_is_unknown() -> None:
    rows = rows_of(Shelf(end=3, damaged=frozenset({2})))

    assert rows.id_of(3) == "ni:///3"
    assert rows.id_of(2) is None
    assert rows.id_of(4) is None


def test_fresh_rows_and_a_backlog_go_out_side_by_side_without_reading_twice() -> None:
    shelf = Shelf(end=300)
    rows = rows_of(shelf)
    for seq in range(1, 101):
        shelf.end += 1
        rows.hand_over([row(300 + seq)])
        assert rows.take(300 + seq) == row(300 + seq)
        assert rows.take(2 * seq - 1) == row(2 * seq - 1)
        assert rows.take(2 * seq) == row(2 * seq)

    assert shelf.reads == 2
