"""Who was let past the last beam before the diverters and was seen behind them neither in a lane nor at the end.

It may stand there still: a lane that does not run leaves its last parcel across the belt, and what comes next stops
against it, where no beam sees it. A push is for a place and an instant, so it would take whatever stands in that place.
So nothing behind the missing one is pushed, until one behind it has come to the end as it should: then the stretch is
free. One that was taken off by hand costs those behind it the same.
"""

from edge.core.item import Item
from edge.core.lanes import LANE_TOLERANCES
from edge.core.track import Track
from hub_config.lines import Line


class Unaccounted:
    def __init__(self, line: Line, track: Track, last_look: int) -> None:
        """`last_look`: index of the last belt beam before the first diverter's point of no return."""
        self._track = track
        self._last_look = last_look
        self._tolerance_um = line.tolerance_um
        slack_um = LANE_TOLERANCES * line.tolerance_um
        self._seen_by = {one.id: line.beam(one.beam).position_um + slack_um for one in line.diverters}
        """By diverter: there its parcel's front must have been seen in the lane."""
        self._front_um: int | None = None
        """Of the rearmost that is missing, as an offset of the belt."""

    def look(self, travel_um: int) -> None:
        """The belt has come so far: what was pushed must have been seen in its lane by now."""
        for item in self._track.items:
            push = item.push
            if push is None or not item.ordered:
                continue
            if item.front_um + travel_um > self._seen_by[push.diverter.id]:
                self._miss(item)

    def lost(self, item: Item) -> None:
        """It did not come where it should."""
        if item.seen >= self._last_look:
            self._miss(item)

    def at_end(self, item: Item) -> None:
        """It has come to the end. Off its place it proves nothing: it may have stood behind the missing one."""
        in_place = not item.stray and abs(item.off_um) <= self._tolerance_um
        if in_place and self._front_um is not None and item.front_um <= self._front_um:
            self._front_um = None

    def is_ahead_of(self, item: Item) -> bool:
        return self._front_um is not None and item.front_um < self._front_um

    def forget(self) -> None:
        """The belt's counts begin anew."""
        self._front_um = None

    def _miss(self, item: Item) -> None:
        self._front_um = item.front_um if self._front_um is None else min(self._front_um, item.front_um)
