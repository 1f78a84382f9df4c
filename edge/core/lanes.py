"""The lanes of a line, seen by the beams inside them: who is expected there, and what has arrived."""

from typing import Final

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
    def __init__(self, line: LineConfig) -> None:
        self._line = line
        self._tolerance_um = LANE_TOLERANCES * line.tolerance_um
        self._exits: dict[int, Exit] = {}
        self._positions: dict[int, int] = {}
        for diverter, exit_ in zip(line.diverters, line.bays, strict=False):
            beam = line.beam(diverter.beam)
            self._exits[beam.channel] = exit_
            self._positions[beam.channel] = beam.position_um
        self._last: dict[int, tuple[int, int]] = {}
        """Front and rear of what each beam saw last: a bouncing sensor sees it again."""
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

    def continues(self, channel: int, offset: int) -> bool:
        last = self._last.get(channel)
        return last is not None and last[1] - self._line.min_gap_um <= offset <= last[0] + self._tolerance_um

    def expected(self, channel: int, offset: int, items: list[Item]) -> Item | None:
        """The nearest item that may be there; one with an order for this lane before any other."""
        lane = self._exits[channel].lane
        near = [item for item in items if abs(item.front_um - offset) <= self._tolerance_um]
        sent = [i for i in near if i.ordered and i.push is not None and i.push.diverter.lane == lane]
        return min(sent or near, key=lambda item: abs(item.front_um - offset), default=None)

    def arrived(self, channel: int, item: Item, offset: int) -> None:
        """`offset`: of the edge; in its lane it may have slid."""
        length = item.front_um - item.rear_um if item.rear_um is not None else self._line.max_length_um
        self._last[channel] = (offset, offset - length)

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
