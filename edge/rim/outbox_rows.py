"""The unacknowledged rows of the journal, by sequence number, as the uplink needs them.

Rows are read in batches and forgotten when they have gone out; freshly committed rows are handed over and need no
read, also while a backlog goes out beside them. Held at once: `ROWS_MAX` fresh rows and one batch.
Where the disk does not give a row now, JournalUnread is raised and nothing has changed: ask again.
"""

from collections.abc import Sequence
from typing import Final

from edge.rim.journal_rows import JournalBroken, JournalFault, JournalReader, JournalUnread, Stored
from edge.rim.recent_ids import RecentIds

BATCH: Final = 100
ROWS_MAX: Final = 400
"""Handed-over rows past this are not kept; they are read from the journal when their turn comes."""


class OutboxRows:
    def __init__(self, reader: JournalReader) -> None:
        self.reader = reader
        self._fresh: dict[int, Stored] = {}
        self._batch: dict[int, Stored] = {}
        self._taken = 0
        """Highest sequence number that has gone out: a row read before it was handed over is not wanted again."""
        self._ids = RecentIds()
        self._end: int | None = None
        """Highest sequence number in the journal; None until a read has reached it."""

    def hand_over(self, rows: Sequence[Stored]) -> None:
        """Rows just committed, in order."""
        if not rows:
            return
        if self._end is not None:
            self._end = max(self._end, rows[-1].seq)
        self._ids.add(rows)
        if len(self._fresh) + len(rows) <= ROWS_MAX:
            self._fresh.update((row.seq, row) for row in rows if row.seq > self._taken)

    def forget(self) -> None:
        self._fresh.clear()
        self._batch.clear()

    def take(self, seq: int) -> Stored | None:
        """The row, or None past the journal's end. Raises JournalUnread, or another JournalFault if that very row is
        damaged or missing."""
        row = self._find(seq)
        if row is not None:
            self._taken = max(self._taken, seq)
        return row

    def _find(self, seq: int) -> Stored | None:
        read_before = self._batch.pop(seq, None)
        row = self._fresh.pop(seq, None) or read_before
        if row is not None or self._is_past_end(seq):
            return row
        limit = BATCH
        try:
            read = self.reader.pending(seq - 1, limit)
        except JournalUnread:
            raise
        except JournalFault:
            # Something among them is damaged; what is whole still goes out, row by row.
            limit = 1
            read = self.reader.pending(seq - 1, limit)
        self._batch = {row.seq: row for row in read}
        self._ids.add(read)
        if len(read) < limit:
            self._end = max(self._end or 0, read[-1].seq if read else seq - 1)
        self._fresh.pop(seq, None)
        return self._batch.pop(seq, None)

    def id_of(self, seq: int) -> str | None:
        """The id of the event with this number; None if the journal does not hold it, or not whole. Raises
        JournalUnread, JournalBroken."""
        if (recent := self._ids.get(seq)) is not None:
            return recent
        try:
            rows = self.reader.pending(seq - 1, 1)
        except (JournalUnread, JournalBroken):
            raise
        except JournalFault:
            return None
        return rows[0].id if rows and rows[0].seq == seq else None

    def _is_past_end(self, seq: int) -> bool:
        return self._end is not None and seq > self._end
