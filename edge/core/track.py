"""What lies on one belt: items between their edges, found again at every beam.

An item enters at the first beam and moves with the encoder. At each further beam it must come where it is expected,
within the line's tolerance, and its position is set anew there. One that comes a little farther off, and can be no
other, is followed but in doubt, and what else was seen before the belt's counts went wrong moves with it: an encoder
that left out counts has left them out for all. What comes where nothing is expected is a stray; what does not come is
lost. What is longer at a later beam than it was is in doubt: something lies against it. Edges closer together than a
parcel or a gap can be are one (conveyor-io §1, §2).

Places on an item are *offsets*: offset + travel of the belt = position along the line.

A belt in series begins with its hand-over beam. There an item that the belt before has brought (`transfer.py`) must
come within a window, as wide as it is unknown which of the two belts carried it when; what comes without having been
brought is a stray. Two that may both be it are both in doubt.
"""

from collections import deque
from collections.abc import Iterator
from itertools import count
from operator import attrgetter
from typing import Final

from edge.core.belt import NEVER_UM, Belt
from edge.core.gone import Gone
from edge.core.item import CARRIED, Found, Item, Look, Transit, least_gap
from edge.core.lost_counts import LostCounts, Mark
from edge.core.mistaken import doubt_behind_stood, doubt_both, doubt_waiting, expected_at
from edge.core.seams import Seams
from hub_config.lines import Beam
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant

REACH: Final = 3
REACH_LEAST_UM: Final = 80_000
"""An item within so many tolerances of its place, or within so much, with no other near, is still the same, though in
doubt."""
ITEMS_MAX: Final = 256
"""On one belt. More than that are not followed: all that lies on the belt then is in doubt, and so is the next one."""
MILLION: Final = 1_000_000
FRONT: Final = attrgetter("front_um")
LEFT_MAX: Final = 16
"""Items that have left, remembered for what may still be told of them. An answer of an earlier one is nobody's."""


class Track:
    def __init__(
        self, line: LineConfig, belt: Belt, place: int = 0, numbers: Iterator[int] | None = None
    ) -> None:
        """`place`: of the belt among all of the line; `numbers`: of its items, which no two of a line share."""
        self._line = line
        self.beams: tuple[Beam, ...] = line.beams_on(place)
        self.follows = 0 < place < len(line.belts)
        """Its parcels are brought by another belt, or several."""
        self._positions = [beam.position_um for beam in self.beams]
        self.reach_um = max(REACH * line.tolerance_um, REACH_LEAST_UM)
        self.items: list[Item] = []
        """The foremost first."""
        self._numbers = count(1) if numbers is None else numbers
        self._counts = LostCounts(line, belt)
        self._seams = Seams(line, self._counts, self._positions[0])
        self.disturbed_at = Instant(0)
        """When the belt's counts last went wrong, as its owner sees."""
        self._gone = Gone(line)
        self.left: deque[Item] = deque(maxlen=LEFT_MAX)
        """Seen in a lane or at the end, the latest last: a late answer may be of one of them."""
        self._holes: list[int | None] = [None] * len(self.beams)
        """Where each beam was freed last within an item."""
        self._missed_um: int | None = None
        """Front of the last one that did not come to the hand-over beam: it may come in the place of the next."""
        self._skipped = [False] * len(self.beams)
        """The last one under this beam is not followed: there were too many."""

    # Edges of the belt's beams --------------------------------------------------------------------

    def covered(self, beam: int, travel_um: int, at: Instant, found: Found) -> None:
        """A leading edge at a belt beam."""
        offset = self._positions[beam] - travel_um
        hole, self._holes[beam] = self._holes[beam], None
        freed, here = self._counts.gap(beam, at, travel_um), Mark(at, travel_um)
        is_seam = False
        if freed is not None and beam == 0 and not self.follows:
            is_seam = self._seams.note(self.items, freed, here)
        is_next = freed is not None and self._expected(beam, offset) is not None
        goes_on = not is_next and self._continues(beam, offset, hole)
        item = self._goes_past(beam, offset, here, found) if goes_on else None
        if goes_on and item is None:
            found.blips += not is_seam
            freed_at = self._counts.free_since(beam, travel_um)
            if isinstance(goes_on, Item) and freed_at is not None:
                found.holed.append((goes_on, beam, freed_at))
            return
        self._counts.front(beam, at, travel_um)
        if beam == 0:
            item = self._handed_over(offset)
        elif item is None:
            item = self._expected(beam, offset) or self._left_behind(beam, offset, here, found)
        if item is None:
            self._begin(beam, offset, at, found)
            return
        shift = offset - item.front_um
        if item.transit is None:
            if item.anchored_at < self.disturbed_at:
                doubt_both(self.items, item, beam, offset, self._line.tolerance_um, self._counts, here)
            item.off_um = max(item.off_um, shift, key=abs)
            if abs(shift) > self._line.tolerance_um:
                item.doubt("swap_suspected")
                if item.anchored_at < self.disturbed_at:
                    loss = self._counts.left_out(item.anchored_at, here)
                    if loss is not None and abs(loss.um - shift) <= self._counts.off_um(loss):
                        found.left_out_um = loss.um
                    self._shift_since_disturbance(item, shift, at)
            elif item.sure_at >= self.disturbed_at and beam > item.seen:
                found.crept.append(item.learn_creep(self._positions, beam, offset))
        item.transit = None
        self.shift(item, shift)
        item.seen, item.anchored_at, item.sure_at = beam, at, at
        item.leg_um, item.crept_at_um = item.front_um, travel_um
        self.expect(item)
        found.seen.append((item, beam))

    def recalibrate(self, ppm: int) -> None:
        """A count of the belt is worth so much more from now on."""
        for item in self.items:
            item.creep_ppm -= ppm

    def creep(self, travel_um: int) -> None:
        """The belt has come so far: every item is where it has crept to meanwhile."""
        for item in self.items:
            um = item.creep_ppm * (travel_um - item.crept_at_um) // MILLION
            if um:
                item.crept_at_um = travel_um
                item.move(um)

    def freed(self, beam: int, travel_um: int, at: Instant, found: Found) -> None:
        """A trailing edge at a belt beam."""
        offset = self._positions[beam] - travel_um
        self._counts.freed(beam, at, travel_um)
        # The one that came under this beam last: no other can leave it now.
        item = next(
            (one for one in reversed(self.items) if one.seen >= beam and one.front_um >= offset), None
        )
        if item is None:
            self._gone.end(beam, offset)
            found.blips += 1
            return
        if item.origin == beam and item.rear_um is None:
            item.rear_um = offset
        elif item.rear_um is None or offset > item.rear_um + self._line.tolerance_um:
            if not self._ends_by_clock(item, beam, Mark(at, travel_um), found):
                self._holes[beam] = offset
                if not item.is_frayed_end(offset, self._line):
                    found.blips += 1  # a hole in it
                    return
        elif offset < item.rear_um - self._line.tolerance_um:
            if item.cleared >= beam and offset > item.rear_um - self._line.min_length_um:
                found.blips += 1  # it has ended here, and what came behind it is no parcel: a bounce
                return
            item.doubt("not_isolated")  # this beam has not seen it end: something lies against it
            found.cleared.append((item, beam))
            return
        item.cleared, item.sure_at = max(item.cleared, beam), at
        found.cleared.append((item, beam))

    def _ends_by_clock(self, item: Item, beam: int, here: Mark, found: Found) -> bool:
        """It ends where it should by the clock alone: the encoder left out counts under this beam."""
        if item.rear_um is None or item.seen != beam:
            return False
        if not self._counts.is_under(beam, here.at, here.travel_um, item.front_um - item.rear_um):
            return False
        um = self._positions[beam] - here.travel_um - item.rear_um
        loss = self._counts.left_out(item.anchored_at, here)
        self._shift_by_clock(item, 0 if loss is None else um - loss.um, here)
        item.doubt("swap_suspected")
        self._shift_too(item, um, here.at)
        found.left_out_um = um
        return True

    def is_due(self, travel_um: int) -> bool:
        """`advance` has something to do."""
        for item in self.items:  # asked at every report of the belt, and twice as fast as `any`
            if travel_um > item.seen_by_um or item.parcel is None:
                return True
        return bool(self._seams.pending)

    def advance(self, travel_um: int, found: Found) -> None:
        """Every edge up to this travel has been told."""
        if self._seams.pending:
            for part in self._seams.part(self.items, self._numbers, found):
                self._follow(part)
        for item in [one for one in self.items if one.parcel is None or travel_um > one.seen_by_um]:
            if item.parcel is None:
                self._prove(item, travel_um, found)
            if travel_um > item.seen_by_um and item in self.items:
                doubt_behind_stood(self.items, item, lambda one: self.must_have_left(one, travel_um))
                self.remove(item)
                if item.transit is not None:
                    self._missed_um = item.front_um
                if item.parcel is not None or item in found.proven:
                    found.lost.append(item)

    def _continues(self, beam: int, offset: int, hole: int | None) -> Item | bool:
        """The edge lies within this item, which this beam has seen: a hole (from `hole` on), a strap, or a sensor that
        bounces. A long hole is none: the first beam has missed a gap between two. True: within one that has left."""
        slack = self._line.min_gap_um
        for item in self.items:
            if item.seen < beam or offset > item.front_um + slack:  # a belt that trembles shows it again
                continue
            if item.rear_um is None:
                if beam >= item.origin:
                    return item
                continue  # it reaches back to the beam that sees it, and that one is farther on
            if offset >= item.rear_um - slack:
                if item.origin == beam:
                    item.reopen(item.rear_um, self._line.min_length_um)
                if hole is not None and hole - offset > slack:
                    item.doubt("not_isolated")
                return item
        return self._gone.continues(beam, offset)

    def adopt(self, item: Item, transit: Transit, front_um: int, travel_um: int) -> bool:
        """The belt before has brought it; `front_um` as this belt's offset, had it gone over as it should. False if
        there are too many already."""
        if len(self.items) >= ITEMS_MAX:
            return False
        length_um = 0 if item.rear_um is None else item.front_um - item.rear_um
        item.unexpected = item.stray
        item.origin = item.seen = item.cleared = CARRIED
        item.front_um = item.leg_um = front_um
        item.rear_um = front_um - length_um
        item.creep_ppm = item.off_um = 0
        item.crept_at_um, item.transit, item.anchored_at = travel_um, transit, transit.at
        self._follow(item)
        return True

    def _handed_over(self, offset: int) -> Item | None:
        """The one in transit that may be here; None if there is none, or more than one far off."""
        away = [
            (max(0, one.transit.low_um - offset, offset - one.transit.high_um), one)
            for one in self.items
            if one.transit is not None
        ]
        fit = [one for um, one in away if um <= self._line.tolerance_um]
        near = fit or [one for um, one in away if um <= self.reach_um]
        if not fit and len(near) != 1:
            return None
        item = min(near, key=lambda one: abs(one.front_um - offset))
        passed_over = [one for _, one in away if one.front_um > item.front_um]
        missed = self._missed_um is not None and self._missed_um - item.front_um <= self._line.max_length_um
        if len(fit) != 1 or passed_over or missed:
            for one in (*near, *passed_over):
                one.doubt("swap_suspected")
        return item

    def _expected(self, beam: int, offset: int) -> Item | None:
        return expected_at(self.items, beam, offset, self._line.tolerance_um, self.reach_um)

    def _goes_past(self, beam: int, offset: int, here: Mark, found: Found) -> Item | None:
        """By the counts the beam sees what it saw before, but by the clock it was free for as long as between two, so
        counts were left out, or the belt stood: who may have come past that one."""
        if beam == 0 or not self._counts.was_free(beam, here.at):
            return None
        item = self._left_behind(beam, offset, here, found)
        if item is None:
            doubt_waiting(self.items, beam, self.disturbed_at)
        return item

    def _left_behind(self, beam: int, offset: int, here: Mark, found: Found) -> Item | None:
        """Nobody is expected here. Behind counts that were left out it may be the next one all the same, as far ahead
        of its place as the belt has fallen behind the clock; then so is all else, and whether it is so nobody knows."""
        item = next((one for one in self.items if one.seen < beam and one.transit is None), None)
        loss = None if item is None or item.stands else self._counts.left_out(item.anchored_at, here)
        if item is None or loss is None or loss.um <= self._line.tolerance_um:
            return None
        for one in self.items:
            if not one.ordered and self._counts.left_out(one.anchored_at, here):  # an order is by time
                one.doubt("swap_suspected")
        um = offset - item.front_um
        if abs(um - loss.um) > self._counts.off_um(loss):
            return None
        self._shift_by_clock(item, um - loss.um, here)
        found.left_out_um = loss.um
        return item

    def _shift_by_clock(self, item: Item, off_um: int, here: Mark) -> None:
        """All else is farther on by what was left out since it was last seen; a beam has told how far off that is."""
        for other in tuple(self.items):
            loss = None if other is item else self._counts.left_out(other.anchored_at, here)
            if loss is not None:
                self._shift_too(other, loss.um + off_um, here.at)

    def _shift_since_disturbance(self, item: Item, um: int, at: Instant) -> None:
        """What was last seen before the belt's counts went wrong is off by as much."""
        for other in tuple(self.items):
            if other is not item and other.anchored_at < self.disturbed_at:
                self._shift_too(other, um, at)

    def _shift_too(self, other: Item, um: int, at: Instant) -> None:
        """Another one was seen, and so much farther on this one lies."""
        self.shift(other, um)
        other.anchored_at = at
        if abs(um) > self.reach_um and not other.ordered:
            other.doubt("swap_suspected")
        if any(look.on_at is not None for look in other.looks):
            # Where it was when its codes were read nobody knows.
            other.off_um = max(other.off_um, um, key=abs)

    def shift(self, item: Item, um: int) -> None:
        item.move(um)
        item.leg_um += um
        self.items.sort(key=FRONT, reverse=True)

    def _begin(self, beam: int, offset: int, at: Instant, found: Found) -> None:
        if len(self.items) >= ITEMS_MAX:
            found.overflow = self._skipped[beam] = True
            for other in self.items:
                other.doubt("not_isolated")
            return
        looks = [Look() for _ in self._line.readers]
        item = Item(
            next(self._numbers), at, beam, offset, anchored_at=at, sure_at=at, seen=beam, leg_um=offset,
            crept_at_um=self._positions[beam] - offset, looks=looks, unexpected=beam == 0 and self.follows,
        )  # fmt: skip
        if self._skipped[beam]:
            item.doubt("not_isolated")
            self._skipped[beam] = False
        self._follow(item)

    def _follow(self, item: Item) -> None:
        self.expect(item)
        self.items.append(item)
        self.items.sort(key=FRONT, reverse=True)

    def _prove(self, item: Item, travel_um: int, found: Found) -> None:
        under = self._positions[item.origin] - travel_um
        rear = item.rear_um if item.rear_um is not None else under
        if item.front_um - rear >= self._line.min_length_um:
            found.proven.append(item)
        elif item.rear_um is not None and item.rear_um - under > self._line.min_gap_um:
            self.remove(item)
            found.blips += 1

    def expect(self, item: Item) -> None:
        """Sets how far the belt may go until the next beam must have seen it. One under a divert order may be in its
        lane by then: it is looked for at the belt's end."""
        following = len(self.beams) - 1 if item.ordered else item.seen + 1
        if item.stands or following >= len(self.beams):
            item.seen_by_um = NEVER_UM  # at the end it leaves once it is known to be one, or is carried on
        elif item.transit is not None:
            item.seen_by_um = self._positions[0] + self.reach_um - item.transit.low_um
        else:
            item.seen_by_um = self._positions[following] + self.reach_um - item.front_um

    # Neighbours -----------------------------------------------------------------------------------

    def length_um(self, item: Item, travel_um: int) -> int:
        """As far as it has been seen."""
        rear = item.rear_um if item.rear_um is not None else self._positions[item.origin] - travel_um
        return item.front_um - rear

    def gaps_um(self, item: Item) -> tuple[int | None, int | None]:
        """Free belt ahead and behind; None where nothing is there."""
        items, longest_um = self.items, self._line.max_length_um
        place = items.index(item)
        ahead = least_gap(items[place - 1], item, longest_um) if place > 0 else None
        return ahead, least_gap(item, items[place + 1], longest_um) if place + 1 < len(items) else None

    def must_have_left(self, item: Item, travel_um: int) -> int:
        """The last belt beam behind which its rear must be when the belt has told that it has come so far."""
        if item.rear_um is None:
            return -1
        behind_um = item.rear_um + travel_um - self._line.tolerance_um
        return max((place for place, at_um in enumerate(self._positions) if at_um < behind_um), default=-1)

    def remove(self, item: Item, left: int | None = None) -> None:
        """`left`: the belt beam that saw it leave; that beam may bounce behind it."""
        self.items.remove(item)
        if left is not None:
            self._gone.add(left, item)

    def with_left(self, item: Item) -> list[Item]:
        """All items, and if this one has left, those that have as well; the foremost first."""
        if item in self.items:
            return self.items
        return sorted([*self.left, *self.items], key=FRONT, reverse=True)

    def clear(self) -> list[Item]:
        """The board was restarted: where anything is, nobody knows."""
        gone, self.items = self.items, []
        self.left.clear()
        self._gone.clear()
        self._counts.forget()
        self._seams.pending.clear()
        self._missed_um = None
        return gone
