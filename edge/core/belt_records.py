"""The numbered records of a scale or dimensioner of a line: which item each belongs to.

Such a device makes one record for each item that leaves its beam and numbers them. So a record has two witnesses: its
number, counted against the items that have crossed, and its time, between `earliest` and `latest` behind the item's
rear. Both must name one item. Where several are due by time, the oldest of them is supposed to be the one that its
number names, until a later record fits one item alone: then the count has held all the while, and what was supposed
is so. A number that jumps ahead is believed if one item alone is due and every one before it
has had its record: then the record can be no other's. A number that comes again, a record with an earlier one still
out, or one whose time fits two items, counts for none, and counting starts anew only when two
records in a row agree, and cannot be late ones of the items before theirs.

What comes free under the beam and goes on, a bag with a hole, may have two records. So the next record is the next
item's only if it can't be the second of that one. And where one number was left out though every item has had a
record, one was made of nothing, and the item before may bear it: its own is the one that was left out.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from edge.core.item import Item
from edge.core.track import Track
from hub_config.lines import BeltScale, Line
from hub_config.names import MILLISECOND, SECOND, Instant

CROSSINGS_MAX: Final = 64
"""Items remembered behind the device's beam."""
OUT_NS: Final = 5 * SECOND
"""A record that has not come for so long will not come."""
TOLD_MAX: Final = 8
"""Late records that are told of, the latest, where nobody takes them."""
OUT_OF_STEP: Final = 8
"""So many records in a row that fit nobody, with the count lost, and it is told: staff have to make a pause."""
LATE_MAX: Final = 1
"""Late records in a row. After one more the device has left out an item, and the count is off by one."""

Outcome = Literal[
    "joined",
    "supposed",
    "record_without_number",
    "record_orphan",
    "record_repeated",
    "record_late",
    "record_unsure",
]


@dataclass(slots=True, eq=False)
class Crossing:
    index: int
    at: Instant
    """The item's rear left the beam."""
    item: Item | None
    """None: an item that is no longer followed, or too short for one."""
    extra: bool = False
    """Too short to be a parcel: the device may have made a record of it, or not."""
    answered: bool = False
    supposed: bool = False
    """Its record is the one that the count names, but others were due by time."""
    doubted: bool = False
    """A record came that may have been its: it gets none, and its own may still be out."""
    told_at: Instant = Instant(0)
    """When its record came."""
    hole_at: Instant | None = None
    """The beam came free and saw it go on: it may have a record for that end as well."""
    ends_at: Instant = Instant(0)
    """The beam has seen its last end."""


class BeltRecords:
    def __init__(self, config: BeltScale) -> None:
        self._earliest_ns = config.earliest_ms * MILLISECOND
        self._latest_ns = config.latest_ms * MILLISECOND
        self._crossings: deque[Crossing] = deque(maxlen=CROSSINGS_MAX)
        self._extras: deque[Crossing] = deque(maxlen=CROSSINGS_MAX)
        """Those of them that were too short to be parcels."""
        self.waiting: deque[Crossing] = deque(maxlen=CROSSINGS_MAX)
        """Those whose item still has no record. One that is forgotten gets none, and its item has no time left."""
        self._index = 0
        self._offset: int | None = None
        """Record number minus crossing index, once that is sure."""
        self._supposed: int | None = None
        """The same, seen once since it was lost."""
        self._held: int | None = None
        """The offset that held last, also when it is sure no more."""
        self._late = 0
        """Late records in a row."""
        self._last: int | None = None
        """Number of the latest record."""
        self._fitting_nobody = 0
        """Records in a row, the latest, that nobody got."""
        self._overdue: tuple[Crossing, int] | None = None
        """A late record, until the next one that its number and its time both name shows that the count has held."""
        self.told: deque[tuple[Item | None, int, bool]] = deque(maxlen=TOLD_MAX)
        """Late records whose item is known now, or never will be."""
        self._suppositions: list[Crossing] = []
        self.settled: list[tuple[Item, bool]] = []
        self._proof: tuple[list[Crossing], Instant] | None = None
        """Those that hang on a record's having fitted one item alone, and when it came."""
        self._hole_at: Instant | None = None
        """Of the item that the beam sees now."""

    def crossed(self, item: Item, at: Instant) -> None:
        self._index += 1
        crossing = Crossing(self._index, at, item, hole_at=self._hole_at, ends_at=at)
        self._hole_at = None
        self._crossings.append(crossing)
        self.waiting.append(crossing)
        if self._proof is not None and self._fits(crossing, self._proof[1]):
            # Its beam was told later than the record came, which may as well have been its own.
            for one in self._proof[0]:
                if one.item is not None:
                    one.item.doubt("assoc_low")
            self._lose_count([crossing])

    def holed(self, item: Item, at: Instant) -> None:
        """The beam came free then, for about as long as between two, and the same item goes on under it."""
        crossing = next((one for one in reversed(self._crossings) if one.item is item), None)
        if crossing is None:
            self._hole_at = at
        else:
            crossing.hole_at = at

    def ended(self, item: Item, at: Instant) -> None:
        """One that had crossed goes on no farther than to here."""
        for one in self._crossings:
            if one.item is item:
                one.ends_at = at

    def passed(self, at: Instant) -> None:
        """Something too short for a parcel has left the beam: if it was weighed, it may make up for an item left out,
        and the count proves nothing of what is supposed."""
        self._settle(sure=False)
        extra = Crossing(self._index, at, None, extra=True)
        self._crossings.append(extra)
        self._extras.append(extra)

    @property
    def out_of_step(self) -> bool:
        """Nobody gets a record any more, until none has crossed the beam for `OUT_NS`: the device has left out an item
        (two that it took for one), or answers too late, and which of them nobody knows."""
        return self._fitting_nobody >= OUT_OF_STEP

    def take(self, record: int | None, at: Instant) -> tuple[Item | None, Outcome]:
        """The item that the record of this number is of, or why it is of none."""
        self._fitting_nobody += 1
        if record is None:
            return None, "record_without_number"
        first, last = at - self._latest_ns, at - self._earliest_ns
        due = [
            one for one in self._crossings
            if not one.answered and not one.doubted and first <= one.at <= last
        ]  # fmt: skip
        again = record == self._last
        self._last = record
        if due and self._may_be_second(due[0], at):
            self._lose_count(due)
            return None, "record_unsure"
        named = self._named(record, due)
        if named is not None and len(due) == 1:
            return self._join(named, record, at)
        supposable = len(self._suppositions) < CROSSINGS_MAX and not any(one.extra for one in due)
        if named is not None and named is due[0] and supposable:
            self._fitting_nobody = 0
            named.answered = named.supposed = True
            named.told_at = at
            self._suppositions.append(named)
            return named.item, "supposed" if named.item is not None else "record_orphan"
        if named is not None:
            self._lose_count(due)
            return None, "record_unsure"
        if again:
            self._held = None  # the device has left out a number: what follows is no sign of lateness
            self._lose_count(due)
            return None, "record_repeated"
        if self._offset is not None and self._is_late(record, at):
            return None, "record_late"  # its item went on without one; the count still holds
        return self._take_by_time(record, due, at)

    def _take_by_time(self, record: int, due: list[Crossing], at: Instant) -> tuple[Item | None, Outcome]:
        """No number names one of those that are due."""
        if len(due) != 1:
            if not due:
                self._doubt_answered(at)
            self._lose_count(due)
            return None, "record_unsure" if due else "record_orphan"
        agrees = record - due[0].index == self._supposed and not self._may_be_late(due[0], record, at)
        if agrees or not self._is_out_before(due[0], at):
            ahead_by_one = self._offset is not None and record - due[0].index == self._offset + 1
            if ahead_by_one and not self._may_be_off(at):
                self._doubt_before(due[0])
            return self._join(due[0], record, at, named=False)
        self._lose_count(due)
        self._supposed = record - due[0].index
        return None, "record_unsure"

    def _named(self, record: int, due: list[Crossing]) -> Crossing | None:
        """The one of them that the number names."""
        if self._offset is None:
            return None
        return next((one for one in due if one.index == record - self._offset and not one.extra), None)

    def _join(
        self, crossing: Crossing, record: int, at: Instant, *, named: bool = True
    ) -> tuple[Item | None, Outcome]:
        self._fitting_nobody = 0
        crossing.answered, crossing.told_at = True, at
        self._end_overdue(sure=named and not self._may_be_off(at))
        self._offset = self._held = record - crossing.index
        self._supposed, self._late = None, 0
        hanging = [*self._suppositions, crossing] if self._suppositions or not named else []
        self._proof = (hanging, at) if hanging else None
        self._settle(sure=named or self._is_complete_before(crossing))
        return crossing.item, "joined" if crossing.item is not None else "record_orphan"

    def _is_complete_before(self, crossing: Crossing) -> bool:
        """Since the first that is supposed, every item has had a record: so the device has left out none."""
        first = min((one.index for one in self._suppositions), default=crossing.index)
        return all(
            one.answered or one.extra for one in self._crossings if first <= one.index < crossing.index
        )

    def _doubt_answered(self, at: Instant) -> None:
        """A record that nobody waits for: one who has had another by this time may have had the wrong one, that of
        whoever crossed before him, and so on, as far back as each record's time fits the one before as well."""
        times = [at]
        for one in reversed(self._crossings):
            if not one.answered or not any(self._is_timely(one, time) for time in times):
                continue
            times.append(one.told_at)
            self._doubt(one)

    def _may_be_second(self, due: Crossing, at: Instant) -> bool:
        """An item before it had a hole: of two records of that one this may be the second, and what came was the
        first. Then neither is known to be weighed."""
        found = False
        for one in self._crossings:
            if one.hole_at is None or not one.answered or one.index >= due.index:
                continue
            if one.told_at - one.hole_at <= self._latest_ns and at - one.ends_at <= self._latest_ns:
                found = True
                self._doubt(one)
        return found

    def _doubt_before(self, due: Crossing) -> None:
        """One record was made that nobody has had, though all before this item have had one: it was lost, and the one
        before has had another's."""
        for one in self._crossings:
            if one.index == due.index - 1 and one.answered:
                self._doubt(one)

    def _doubt(self, crossing: Crossing) -> None:
        """Its record may be another's."""
        if crossing.item is not None:
            crossing.item.doubt("assoc_low")
            self.settled.append((crossing.item, False))

    def _may_be_off(self, at: Instant) -> bool:
        """Something too short has crossed: if it was weighed, the count is off by one."""
        return any(not one.answered and at - one.at < OUT_NS for one in self._extras)

    def _is_late(self, record: int, at: Instant) -> bool:
        if self._offset is None or self._may_be_off(at):
            return False
        index = record - self._offset
        known = next((one for one in self._crossings if one.index == index and not one.extra), None)
        if known is None or known.answered or self._late >= LATE_MAX:
            return False
        known.answered = True
        self._late += 1
        self._end_overdue(sure=False)
        self._overdue = known, record
        return True

    def _end_overdue(self, *, sure: bool) -> None:
        if self._overdue is not None:
            crossing, record = self._overdue
            self._overdue = None
            self.told.append((crossing.item, record, sure))

    def take_overdue(self) -> list[tuple[Item | None, int, bool]]:
        """Numbers of late records that are surely their item's (True), or nobody's."""
        told = list(self.told)
        self.told.clear()
        return told

    def _may_be_late(self, due: Crossing, record: int, at: Instant) -> bool:
        """By the count that held last, or by its time, it is of an item before the one that is due."""
        if any(one.doubted and not one.answered and self._is_timely(one, at) for one in self._crossings):
            return True
        if self._held is None:
            return False
        index = record - self._held
        return any(
            one.index == index < due.index and not one.extra and at - one.at < OUT_NS
            for one in self._crossings
        )

    def _is_out_before(self, crossing: Crossing, at: Instant) -> bool:
        """An earlier item's record may still come."""
        return any(
            not one.answered and one.index < crossing.index and at - one.at < OUT_NS
            for one in self._crossings
        )

    def _lose_count(self, due: list[Crossing]) -> None:
        """Whatever is due now may have been meant: none of it gets a record."""
        for crossing in due:
            crossing.doubted = True
        self._settle(sure=False)
        self._end_overdue(sure=False)
        self._offset = self._supposed = self._proof = None
        self._late = 0

    def _settle(self, *, sure: bool) -> None:
        for crossing in self._suppositions:
            crossing.supposed = False
            crossing.doubted = not sure
            if crossing.item is not None:
                self.settled.append((crossing.item, sure))
        self._suppositions.clear()

    def _fits(self, crossing: Crossing, at: Instant) -> bool:
        return not crossing.answered and not crossing.doubted and self._is_timely(crossing, at)

    def _is_timely(self, crossing: Crossing, at: Instant) -> bool:
        return self._earliest_ns <= at - crossing.at <= self._latest_ns

    def distrust(self) -> None:
        """What the last record says can't be of its item: the count may be off, and names nobody until it is sure."""
        self._lose_count([])

    def take_settled(self) -> list[tuple[Item, bool]]:
        """Items whose record was only supposed to be theirs: it is (True), or may be another's (False)."""
        settled, self.settled = self.settled, []
        return settled

    def overdue(self, at: Instant) -> list[Item]:
        """Items whose record has come or will not come any more; each is told once."""
        last = at - self._latest_ns
        over = [
            one for one in self.waiting
            if not one.supposed and (one.answered or one.doubted or one.at < last)
        ]  # fmt: skip
        if not over:
            return []
        self.waiting = deque((one for one in self.waiting if one not in over), maxlen=CROSSINGS_MAX)
        return [one.item for one in over if one.item is not None]

    def wake_at(self) -> Instant | None:
        """When the first of those still waited for is overdue."""
        for one in self.waiting:
            if not one.supposed:
                return Instant(one.at + self._latest_ns + 1)
        return None

    def forget(self) -> None:
        """The belt's items are gone. Records still under way are theirs: they are waited for, and count for none."""
        for crossing in self._crossings:
            crossing.item = None
            crossing.doubted = crossing.doubted or not crossing.answered
        self.waiting.clear()
        self._suppositions.clear()
        self.settled.clear()
        self._end_overdue(sure=False)
        self._offset = self._supposed = self._proof = None
        self._late = 0

    def drop(self, item: Item) -> None:
        """The item is no longer followed; its record still counts as its."""
        for crossing in self._crossings:
            if crossing.item is item:
                crossing.item = None


def is_something(track: Track, item: Item, line: Line) -> bool:
    """Of an item too short for a parcel: it is a thing by itself, and no bouncing of the beam behind a parcel. One half
    as long as a parcel no sensor makes by bouncing: it may be the end of one that has a hole, and a scale that counts
    by its own sensor may make a record of it."""
    ahead = track.gaps_um(item)[0] if item in track.items else None
    if ahead is None or ahead > line.tolerance_um:
        return True
    return item.rear_um is not None and 2 * (item.front_um - item.rear_um) >= line.min_length_um
