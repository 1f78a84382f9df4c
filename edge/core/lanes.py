"""The lanes of a line, seen by the beams inside them: who is expected there, and what has arrived.

A parcel that was pushed is expected by the belt's counts, and by the clock as well: its diverter moved at an instant,
and so much later it must be here, whatever the encoder has left out meanwhile. Where only the clock names one, it is
that one; but where by the counts it was not near the diverter when that moved, or another one was, what was pushed
nobody knows, and it is in doubt. Where counts and clock name two, both are, unless the board has told that the belt
stood.
"""

from operator import itemgetter
from typing import Final

from edge.core.belt import NEVER_UM, Belt
from edge.core.item import Item
from edge.core.parcel import Parcel
from edge.core.snapshot import LaneView
from hub_config.layout import Exit
from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND, Instant, LaneId

FULL_NS: Final = 2 * SECOND
"""A lane whose beam stays covered for so long, and twice the time of the longest parcel besides, is full or blocked."""
LANE_TOLERANCES: Final = 4
"""A parcel in a lane may be off by this many tolerances of the belt: there it slides, and no encoder counts it."""


class Lanes:
    def __init__(self, line: LineConfig, belt: Belt) -> None:
        """`belt`: the one that the diverters are on."""
        self._line = line
        self._belt = belt
        self._tolerance_um = LANE_TOLERANCES * line.tolerance_um
        self._tolerance_ns = self._tolerance_um * 1_000_000 // line.belt.speed_mm_s
        self._exits: dict[int, Exit] = {}
        self._positions: dict[int, int] = {}
        for diverter, exit_ in zip(line.diverters, line.bays, strict=False):
            beam = line.beam(diverter.beam)
            self._exits[beam.channel] = exit_
            self._positions[beam.channel] = beam.position_um
        self._last: dict[int, tuple[int, int, Instant]] = {}
        """Front and rear of what each beam saw last, and when it will have passed: a bouncing sensor sees it again."""
        self._covered_at: dict[int, Instant] = {}
        self._passes_ns = FULL_NS + 2 * line.max_length_um * 1_000 // line.belt.speed_mm_s * 1_000
        self._views = {exit_.lane: LaneView(exit_.lane, exit_.bay) for exit_ in line.bays}

    def exit_of(self, channel: int) -> Exit | None:
        return self._exits.get(channel)

    def covered(self, channel: int, at: Instant, *, blocked: bool) -> None:
        """An edge of a lane's beam."""
        if channel in self._exits:
            if blocked:
                self._covered_at.setdefault(channel, at)
            else:
                self._covered_at.pop(channel, None)

    def full(self, at: Instant) -> tuple[LaneId, ...]:
        """Lanes whose beam somebody has to look at: nothing goes there."""
        if not self._covered_at:
            return ()
        return tuple(
            self._exits[channel].lane
            for channel, since in self._covered_at.items()
            if at - since > self._passes_ns
        )

    def position_of(self, channel: int) -> int:
        return self._positions[channel]

    def continues(self, channel: int, offset: int, at: Instant, timely: Item | None) -> bool:
        """The beam sees once more what it saw last. By the clock that has passed, and another one is due: then counts
        were left out, and it is that one."""
        last = self._last.get(channel)
        if last is None or not last[1] - self._line.min_gap_um <= offset <= last[0] + self._tolerance_um:
            return False
        return timely is None or at <= last[2]

    def timely(self, channel: int, at: Instant, items: list[Item]) -> Item | None:
        """The one that its diverter has pushed just so long ago."""
        lane = self._exits[channel].lane
        due = [
            (abs(at - item.push.lane_at), item)
            for item in items
            if item.push is not None and item.push.order is not None and item.push.diverter.lane == lane
        ]
        off_ns, item = min(due, key=itemgetter(0), default=(0, None))
        return item if off_ns <= self._tolerance_ns else None

    def expected(self, channel: int, offset: int, timely: Item | None, items: list[Item]) -> Item | None:
        """The nearest item that may be there; one with an order for this lane before any other."""
        lane = self._exits[channel].lane
        near = [item for item in items if abs(item.front_um - offset) <= self._tolerance_um]
        sent = [i for i in near if i.ordered and i.push is not None and i.push.diverter.lane == lane]
        nearest = min(sent or near, key=lambda item: abs(item.front_um - offset), default=None)
        if timely is None or timely in sent:
            return nearest
        if sent:
            # What lies in a lane keeps its order, so the one ahead; but somebody may have taken that out.
            if timely.push is not None and self._belt.stood_at < timely.push.fire_at:
                for one in (*sent, timely):
                    one.doubt("swap_suspected")
            return nearest
        if not self._was_pushed(timely, items):
            timely.doubt("swap_suspected")
        return timely

    def _was_pushed(self, item: Item, items: list[Item]) -> bool:
        """By the counts it was at the diverter or near it when that moved for it, and no other can have been there."""
        push = item.push
        if push is None or not self._belt.reports or self._belt.reports[0][0] > push.passes_at:
            return False
        came_um = self._belt.travel_at(push.passes_at) - push.diverter.position_um
        slack_um = self._line.tolerance_um
        if item.front_um + came_um < -self._tolerance_um:
            return False  # had the belt stood there, it would have been pushed past it
        return not any(
            one is not item and _rear_um(one) - slack_um <= -came_um <= one.front_um + slack_um
            for one in items
        )

    def arrived(self, channel: int, item: Item, offset: int, at: Instant) -> None:
        """`offset`: of the edge; in its lane it may have slid."""
        length = item.front_um - item.rear_um if item.rear_um is not None else self._line.max_length_um
        passes_ns = (length + self._line.min_gap_um) * 1_000_000 // self._line.belt.speed_mm_s
        self._last[channel] = (offset, offset - length, Instant(at + passes_ns))

    def forget(self) -> None:
        """The board was restarted, or edges are missing."""
        self._last.clear()
        self._covered_at.clear()

    def count(self, exit_: Exit, code: str | None, parcel: Parcel) -> None:
        reasons = parcel.verdict.reasons if parcel.verdict is not None else ()
        view = self._views[exit_.lane]
        self._views[exit_.lane] = LaneView(view.lane, view.bay, view.count + 1, code, reasons)

    def views(self) -> tuple[LaneView, ...]:
        return tuple(self._views.values())


def _rear_um(item: Item) -> int:
    return -NEVER_UM if item.rear_um is None else item.rear_um
