"""The scale of a line: which item a record belongs to.

The scale makes one record for each item that leaves its beam and numbers them. So a record has two witnesses: its
number, counted against the items that have crossed, and its time, between `earliest` and `latest` behind the item's
rear. Both must name one item. When they contradict each other (a number that jumps or repeats, a record that comes
late) the record counts for none, and counting starts anew only when two records in a row agree.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from drivers.reading import WeightRead
from edge.core.track import Item
from hub_config.lines import BeltScale
from hub_config.names import MILLISECOND, Instant

CROSSINGS_MAX: Final = 64
"""Items remembered behind the scale's beam."""
LATE_MAX: Final = 1
"""Late records in a row. After one more the scale has left out an item, and the count is off by one."""

Outcome = Literal[
    "joined", "record_without_number", "record_orphan", "record_repeated", "record_late", "record_unsure"
]


@dataclass(slots=True, eq=False)
class Crossing:
    index: int
    at: Instant
    """The item's rear left the beam."""
    item: Item | None
    """None: an item that is no longer followed."""
    answered: bool = False


class Weighings:
    def __init__(self, config: BeltScale) -> None:
        self._earliest_ns = config.earliest_ms * MILLISECOND
        self._latest_ns = config.latest_ms * MILLISECOND
        self._crossings: deque[Crossing] = deque(maxlen=CROSSINGS_MAX)
        self._waiting: list[Crossing] = []
        """Those whose item still has no record."""
        self._index = 0
        self._offset: int | None = None
        """Record number minus crossing index, once that is sure."""
        self._supposed: int | None = None
        """The same, seen once since it was lost."""
        self._late = 0
        """Late records in a row."""
        self._fresh = True
        """Nothing has gone wrong since the start: the first record may be believed."""

    def crossed(self, item: Item, at: Instant) -> None:
        self._index += 1
        crossing = Crossing(self._index, at, item)
        self._crossings.append(crossing)
        self._waiting.append(crossing)

    def take(self, read: WeightRead) -> tuple[Item | None, Outcome]:
        """The item this record is of, or why it is of none."""
        due = [crossing for crossing in self._crossings if self._fits(crossing, read.at)]
        if read.record is None:
            return None, "record_without_number"
        if self._offset is not None:
            return self._take_sure(read.record - self._offset, due)
        return self._take_unsure(read.record, due)

    def _take_sure(self, index: int, due: list[Crossing]) -> tuple[Item | None, Outcome]:
        for crossing in due:
            if crossing.index == index:
                crossing.answered = True
                self._late = 0
                return crossing.item, "joined"
        known = next((one for one in self._crossings if one.index == index), None)
        if known is not None and not known.answered and self._late < LATE_MAX:
            known.answered = True
            self._late += 1
            return None, "record_late"  # its item went on without a weight; the count still holds
        self._lose_count(due)
        return None, "record_repeated" if known is not None else "record_orphan"

    def _take_unsure(self, record: int, due: list[Crossing]) -> tuple[Item | None, Outcome]:
        if len(due) != 1:
            self._lose_count(due)
            return None, "record_unsure" if due else "record_orphan"
        offset = record - due[0].index
        due[0].answered = True
        if self._fresh or offset == self._supposed:
            self._offset, self._supposed, self._fresh = offset, None, False
            return due[0].item, "joined"
        self._supposed = offset
        return None, "record_unsure"

    def _lose_count(self, due: list[Crossing]) -> None:
        """Whatever is due now may have been meant: none of it gets a weight."""
        for crossing in due:
            crossing.answered = True
        self._offset = self._supposed = None
        self._late = 0
        self._fresh = False

    def _fits(self, crossing: Crossing, at: Instant) -> bool:
        return not crossing.answered and self._earliest_ns <= at - crossing.at <= self._latest_ns

    def overdue(self, at: Instant) -> list[Item]:
        """Items whose record will not come any more; each is told once."""
        if not self._waiting:
            return []
        over = [one for one in self._waiting if one.answered or at - one.at > self._latest_ns]
        if not over:
            return []
        self._waiting = [one for one in self._waiting if one not in over]
        return [one.item for one in over if one.item is not None and not one.item.weighed]

    def wake_at(self) -> Instant | None:
        """When the first of those still waited for is overdue."""
        return Instant(self._waiting[0].at + self._latest_ns + 1) if self._waiting else None

    def forget(self) -> None:
        """The belt's items are gone; records still under way count for none."""
        if self._index == 0:
            return
        self._crossings.clear()
        self._waiting.clear()
        self._offset = self._supposed = None
        self._fresh = False

    def drop(self, item: Item) -> None:
        """The item is no longer followed; its record still counts as its."""
        for crossing in self._crossings:
            if crossing.item is item:
                crossing.item = None
