"""Who was let past the last beam before the diverters and was seen behind them neither in a lane nor at the end.

It may stand there still: a lane that does not run leaves its last parcel across the belt, and what comes next stops
against it, where no beam sees it. A push is for a place and an instant, so it would take whatever stands in that place.
So nothing behind the missing one is pushed, until one behind it has come to the end as it should: then the stretch is
free. One that was taken off by hand costs those behind it the same.

One that has slipped comes off its place, so it is missing, and a stranger comes to its lane or to the end. On a belt
things only fall back: a stranger ahead of the place of everyone behind is none of those, so it is the missing one.
"""

from typing import Final

from edge.core.belt import NEVER_UM
from edge.core.item import Item
from edge.core.lanes import LANE_TOLERANCES
from edge.core.track import Track
from hub_config.lines import Line
from hub_config.names import LaneId

MISSING_MAX: Final = 16
"""Missing at a time; past it the foremost is forgotten. Who is behind it is behind the others too, or beside them."""


class Unaccounted:
    def __init__(self, line: Line, track: Track, last_look: int) -> None:
        """`last_look`: index of the last belt beam before the first diverter's point of no return."""
        self._track = track
        self._last_look = last_look
        self._tolerance_um = line.tolerance_um
        slack_um = LANE_TOLERANCES * line.tolerance_um
        self._seen_by = {one.id: line.beam(one.beam).position_um + slack_um for one in line.diverters}
        """By diverter: there its parcel's front must have been seen in the lane."""
        self._beams_um = [beam.position_um for beam in track.beams]
        self._missing: list[Item] = []
        """Foremost first."""

    def look(self, travel_um: int) -> None:
        """The belt has come so far: what was pushed must have been seen in its lane by now, and what is to be pushed
        by every beam before its diverter, as the others (`Track.expect`): else its push takes another one."""
        for item in self._track.items:
            push = item.push
            if push is None or not item.ordered:
                continue
            front_um, following = item.front_um + travel_um, item.seen + 1
            beam_um = self._beams_um[following] if following < len(self._beams_um) else NEVER_UM
            if beam_um <= push.diverter.position_um and front_um > beam_um + self._track.reach_um:
                item.doubt("lost_track")
                self._miss(item)
            elif front_um > self._seen_by[push.diverter.id]:
                self._miss(item)

    def lost(self, item: Item) -> None:
        """It did not come where it should."""
        if item.seen >= self._last_look:
            self._miss(item)

    def at_end(self, item: Item) -> None:
        """It has come to the end. Off its place it proves no more than that it is there itself: it may have stood
        behind the missing one."""
        if not item.stray and abs(item.off_um) <= self._tolerance_um:
            self._missing = [one for one in self._missing if one.front_um < item.front_um]
        else:
            ahead = [one for one in self._missing if one is item or one.front_um > item.front_um]
            self._find(ahead, item.front_um, item)

    def stray_in_lane(self, front_um: int) -> None:
        """Something that nobody expected there has come to a lane."""
        ordered = [one for one in self._track.items if one.ordered and one not in self._missing]
        self._find([one for one in self._missing + ordered if one.front_um > front_um], front_um)

    def _find(self, ahead: list[Item], front_um: int, seen: Item | None = None) -> None:
        """What was seen at this place is the nearest of them, unless somebody else's place is as near."""
        found = min(ahead, key=lambda one: one.front_um, default=None)
        if found is None:
            return
        between = range(front_um - self._tolerance_um, found.front_um)
        if any(one.front_um in between and one is not found and one is not seen for one in self._track.items):
            return
        found.accounted = True
        if found in self._missing:
            self._missing.remove(found)

    def is_ahead_of(self, item: Item) -> bool:
        return bool(self._missing) and item.front_um < self._missing[0].front_um

    def _is_coming(self, one: Item, item: Item) -> bool:
        """The end's beam has just seen something between the places of these two, which is a stranger once it is long
        enough: then it is the one ahead."""
        at_end = [new for new in self._track.items if new.origin == len(self._beams_um) - 1]
        return any(new.parcel is None and item.front_um < new.front_um <= one.front_um for new in at_end)

    def doubt_ahead_of(self, item: Item, lane: LaneId) -> bool:
        """Something has come to this lane in the place of this one: who is ahead of it, and is missing or expected
        there still, may be it, late, as what lies in a lane keeps its order. True if there is one: which of them has
        come nobody knows."""
        sent = [
            one for one in self._track.items if one.ordered and not one.accounted and _lane_of(one) == lane
        ]
        missing = [one for one in self._missing if one not in sent and not self._is_coming(one, item)]
        ahead = [one for one in missing + sent if one.front_um > item.front_um]
        for one in ahead:
            one.doubt("swap_suspected")
        return bool(ahead)

    def forget(self) -> None:
        """The belt's counts begin anew."""
        self._missing.clear()

    def _miss(self, item: Item) -> None:
        if item.accounted or item in self._missing:
            return
        self._missing.append(item)
        self._missing.sort(key=lambda one: one.front_um, reverse=True)
        del self._missing[:-MISSING_MAX]


def _lane_of(item: Item) -> LaneId | None:
    return None if item.push is None else item.push.diverter.lane
