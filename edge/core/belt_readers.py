"""The readers of a line: when each is told to read, and what an answer may be of.

An answer is of what was in the reader's view when it was made: since the trigger that it answers, until the reader has
surely stopped (`stops`) or has answered, or within its longest delay where it reads by itself. Whose it is `joining`
says.
"""

from collections.abc import Sequence
from typing import Final

from drivers.command import Trigger
from drivers.reading import BarcodeRead, NoRead, Place
from edge.core.belt import NEVER_UM, Belt
from edge.core.evidence import Evidence, Stamp, seen_between
from edge.core.item import Item, Look, gap_between
from edge.core.ledger import Ledger
from edge.core.track import Track
from hub_config.lines import BeltReader
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from hub_config.value import value

TAKES_NS: Final = 15 * MILLISECOND
"""A trigger has taken effect and a label in view is read within this."""


@value
class View:
    """What a reader had before it when it made an answer."""

    inside: tuple[Item, ...]
    """Items that were in view, as far as the belt knows."""
    asked: Item | None
    """Whose trigger it answers."""
    first_um: int
    last_um: int
    """Travel of the belt between which it was made."""


def _along_um(place: Place, config: BeltReader, pixel_um: int) -> int:
    """How far along the belt a code is from where its camera stands."""
    at_px, size_px = (
        (place.x_px, place.width_px) if config.along.endswith("x") else (place.y_px, place.height_px)
    )
    origin_px = size_px // 2 if config.origin_px is None else config.origin_px
    return (at_px - origin_px) * (-pixel_um if config.along.startswith("-") else pixel_um)


class Reader:
    """One reader over the belt."""

    def __init__(self, place: int, config: BeltReader, *, triggered: bool, ledger: Ledger) -> None:
        self.place = place
        self._config = config
        self.device: DeviceId = config.device
        self.position_um, self.window_um = config.position_um, config.window_um
        self._triggered = triggered
        self._ledger = ledger
        self._delay_ns = config.delay_ms * MILLISECOND
        self._stops_ns = None if config.stops_ms is None else config.stops_ms * MILLISECOND
        self._number = 0
        self._open: tuple[Look, int] | None = None
        """The look that is triggered now, and the trigger's number."""

    def advance(self, track: Track, travel: int, at: Instant, dues: list[Instant]) -> int:
        """Triggers what is due; returns at which travel the next item enters the view or leaves it. Adds to `dues` when
        else to look again."""
        next_um = NEVER_UM
        items = track.items
        for place, item in enumerate(items):
            look = item.looks[self.place]
            if look.done:
                continue
            if look.due is None:
                way_um = self._way_to_next(item, look, items, place, travel, at)
                next_um = min(next_um, way_um)
            elif look.answered or at >= look.due:
                look.done = True
                continue
            if look.due is not None:
                dues.append(look.due)
            if look.on_at is None and not look.done:
                break  # what is behind it comes later still
        return next_um

    def _way_to_next(
        self, item: Item, look: Look, items: Sequence[Item], place: int, travel: int, at: Instant
    ) -> int:
        """Triggers what is due of an item whose look is not over; returns at which travel there is more to do.
        `place`: of the item among the others."""
        if look.on_at is None:
            if item.front_um + travel > self.position_um + self.window_um and item.stray:
                look.done = True  # it appeared behind this reader
                return NEVER_UM
            enters = self.position_um - item.front_um
            enters -= self._reach(items[place - 1], item) if place > 0 else self.window_um
            if travel < enters:
                return enters
            self._begin(item, look, travel, at)
        if item.rear_um is None:
            return NEVER_UM  # told again by the edge of its rear
        last = place + 1 == len(items)
        leaves = self.position_um - item.rear_um
        leaves += self.window_um if last else self._reach(item, items[place + 1])
        if travel < leaves:
            return leaves
        self._end(look, at)
        look.off_um = travel
        return NEVER_UM

    def _reach(self, ahead: Item, behind: Item) -> int:
        """The view towards a neighbour shrinks to half the gap between them (conveyor-io §2)."""
        gap_um = gap_between(ahead, behind)
        if gap_um >= 2 * self.window_um:
            return self.window_um
        return gap_um // 2 if gap_um > 0 else 0

    def _begin(self, item: Item, look: Look, travel: int, at: Instant) -> None:
        look.on_at, look.on_um = at, travel
        if not self._triggered or item.parcel is None:
            return
        if self._open is not None:
            self._end(self._open[0], at)
        self._number += 1
        look.trigger = self._number
        self._open = (look, self._number)
        self._ledger.order(Trigger(self.device, self._number, on=True))

    def _end(self, look: Look, at: Instant) -> None:
        look.due, look.off_at = Instant(at + self._delay_ns), at
        if self._open is not None and self._open[0] is look:
            self._ledger.order(Trigger(self.device, self._open[1], on=False))
            self._open = None

    def drop(self, item: Item, at: Instant) -> None:
        """It is no longer followed."""
        if self._open is not None and self._open[0] is item.looks[self.place]:
            self._end(self._open[0], at)

    def forget(self, at: Instant) -> None:
        """The items it looked at are gone."""
        if self._open is not None:
            self._end(self._open[0], at)

    def view(self, read: BarcodeRead | NoRead, track: Track, belt: Belt) -> View | None:
        """What was in view when this answer was made; None: it answers a trigger that is nobody's any more. An answer
        to a trigger can only be of what was in view since that."""
        # A picture's code is stamped with the picture's own instant.
        delay_ns = 0 if isinstance(read, BarcodeRead) and read.place is not None else self._delay_ns
        low, high = Instant(read.at - delay_ns), read.at
        asked: Item | None = None
        items = track.items
        if read.trigger is not None:
            asked = next((i for i in items if i.looks[self.place].trigger == read.trigger), None)
            if asked is None:
                items = [*track.left, *items]
                asked = next((i for i in track.left if i.looks[self.place].trigger == read.trigger), None)
            if asked is None:
                return None
            # A reader that collects codes until it is told to stop may have seen this one at any time since then.
            low = asked.looks[self.place].on_at or low
            high = self._looked_until(asked.looks[self.place], read.at)
        first, last = belt.between(low, high)
        if asked is not None:  # the belt may have stood since then for longer than its reports are remembered
            on_um = asked.looks[self.place].on_um
            first, last = min(first, on_um), max(last, on_um)
        inside = tuple(item for item in items if self._sees(item, track, first, last))
        if asked is not None and asked not in inside:
            inside = ()
        return View(inside, asked, first, last)

    def _looked_until(self, look: Look, answered_at: Instant) -> Instant:
        """It may have seen what it answers up to now, or for as long as it looks after it was told to stop."""
        if self._stops_ns is None or look.off_at is None:
            return answered_at
        return Instant(min(answered_at, look.off_at + self._stops_ns))

    def evidence(self, code: str, read: BarcodeRead, view: View, *, names: bool) -> Evidence:
        """Where on the belt the label of this code was."""
        place = read.place
        if place is not None and self._config.pixel_um is not None:
            at_um = self.position_um + _along_um(place, self._config, self._config.pixel_um)
            return seen_between(
                code, self.device, "exposure", at_um, 0, view.first_um, view.last_um,
                sigma_um=self._config.place_error_um // 2, identifier=names,
            )  # fmt: skip
        stamp: Stamp = (
            "trigger" if view.asked is not None else "arrival" if read.place is None else "exposure"
        )
        return seen_between(
            code, self.device, stamp, self.position_um, self.window_um, view.first_um, view.last_um,
            identifier=names,
        )  # fmt: skip

    def has_looked(self, item: Item) -> bool:
        """Its look is over, and what the reader had to say of it has come."""
        look = item.looks[self.place]
        return look.done and (look.answered or look.told or not self._triggered)

    def sure_stretch(self, item: Item, belt: Belt) -> tuple[int, int] | None:
        """The stretch of belt that it has surely looked at for this item, and what it had to say of it has come."""
        look = item.looks[self.place]
        if look.off_um is None or not self.has_looked(item):
            return None
        sure_um = self.window_um - belt.speed_um_s * TAKES_NS // SECOND
        low, high = self.position_um - sure_um - look.off_um, self.position_um + sure_um - look.on_um
        return (low, high) if low < high else None

    def _sees(self, item: Item, track: Track, first_um: int, last_um: int) -> bool:
        position, window = self.position_um, self.window_um
        rear = item.front_um - track.length_um(item, first_um)
        return item.front_um + last_um >= position - window and rear + first_um <= position + window
