"""Two parcels that the first beam took for one, because the encoder left out counts just in the gap between them.

By its counts the beam was free for less than any gap takes, so it saw one parcel go on; by the clock it was free for
longer (`lost_counts`). That is remembered as a seam until the belt's reports tell which of the two is right. A belt
that has slowed down or stood had a strap or a hole over its beam, and the parcel stays one. Where counts were left out
it is parted at the seam: two items, both in doubt, so that neither is let go and each has a visit of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from edge.core.item import Found, Item, Look
from edge.core.lost_counts import Loss, LostCounts, Mark
from hub_config.lines import Line as LineConfig

SEAMS_MAX: Final = 4
"""On one belt at a time. One more is none: its item stays one, as it would without a clock."""


@dataclass(slots=True, eq=False)
class Seam:
    item: Item
    length_um: int
    """Of it, up to where it came free."""
    freed: Mark
    covered: Mark


class Seams:
    def __init__(self, line: LineConfig, counts: LostCounts, position_um: int) -> None:
        """`position_um`: of the first beam."""
        self._min_length_um = line.min_length_um
        self._counts = counts
        self._position_um = position_um
        self.pending: list[Seam] = []

    def note(self, items: Sequence[Item], freed: Mark, covered: Mark) -> bool:
        """The first beam, which came free there, is covered again, so soon by its counts that the last item goes on.
        False: that is no seam."""
        item = items[-1] if items else None
        if item is None or item.origin != 0 or item.rear_um is None or len(self.pending) >= SEAMS_MAX:
            return False
        length_um = item.front_um - item.rear_um
        if length_um < self._min_length_um or any(seam.item is item for seam in self.pending):
            return False
        self.pending.append(Seam(item, length_um, freed, covered))
        return True

    def part(self, items: Sequence[Item], numbers: Iterator[int], found: Found) -> list[Item]:
        """The rear parts of what is two by now."""
        parts: list[Item] = []
        pending, self.pending = self.pending, []
        for seam in pending:
            told = self._counts.told_around(seam.freed, seam.covered)
            if told is True:
                self.pending.append(seam)
            elif isinstance(told, Loss) and seam.item in items and self._is_two(seam):
                found.left_out_um = told.um
                parts.append(self._part(seam, told, next(numbers)))
            else:
                found.blips += 1
        return parts

    def _is_two(self, seam: Seam) -> bool:
        """Nothing else is known of its length by now, and its end is a parcel of its own."""
        item = seam.item
        if item.seen > 0 and item.cleared > 0:
            return False
        front_um = self._position_um - seam.covered.travel_um
        return item.rear_um is None or front_um - item.rear_um >= self._min_length_um

    def _part(self, seam: Seam, loss: Loss, number: int) -> Item:
        item, begun = seam.item, seam.covered
        front_um = self._position_um - begun.travel_um + self._counts.lack_um(begun, loss.until)
        behind = Item(
            number, begun.at, 0, front_um, rear_um=item.rear_um, anchored_at=loss.until, sure_at=begun.at,
            leg_um=front_um, crept_at_um=begun.travel_um, looks=[Look() for _ in item.looks],
        )  # fmt: skip
        if item.rear_um is not None:
            behind.cleared = 0
        item.rear_um, item.ended_um = item.front_um - seam.length_um, None
        for one in (item, behind):
            one.doubt("swap_suspected")
        return behind
