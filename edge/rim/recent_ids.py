"""The ids of the newest events, in memory: every ack names one of them. An older one costs a look into the journal."""

from collections.abc import Iterable
from typing import Final

from edge.rim.journal_table import Stored

IDS_KEPT: Final = 2_000
"""As many as may be sent and not acknowledged; past it the oldest is forgotten."""


class RecentIds:
    """One thread's."""

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}

    def add(self, rows: Iterable[Stored]) -> None:
        """In order of seq."""
        ids = self._ids
        for row in rows:
            ids[row.seq] = row.id
        while len(ids) > IDS_KEPT:
            del ids[next(iter(ids))]

    def get(self, seq: int) -> str | None:
        return self._ids.get(seq)

    def forget_before(self, seq: int) -> None:
        ids = self._ids
        while ids and (oldest := next(iter(ids))) < seq:
            del ids[oldest]
