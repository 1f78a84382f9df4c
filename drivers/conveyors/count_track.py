"""Where the belt was at any tick of the board: its encoder's reports, extended to 64 bits and interpolated.

The board reports every `report_ms` while the count changes, with the time of the last pulse (`firmware-bridge.md` §3).
So if two reports are farther apart, the belt stood in between: all pulses of the later one are of its last
`report_ms`. Where reports were lost, the belt may have moved while nothing was heard.
"""

from bisect import bisect_left
from typing import Final

POINTS_MAX: Final = 32
"""Reports remembered. Edges wait for the next report alone, so this is plenty; older ticks get the oldest count."""

_WRAP: Final = 1 << 32


class CountTrack:
    def __init__(self) -> None:
        self._ticks: list[int] = []
        self._counts: list[int] = []
        self._spans: list[int | None] = []
        """Ticks before each point in which all its pulses fell; None: anywhere since the point before."""
        self._broken = False
        self._heard: int | None = None
        """Ticks of the first event after a loss."""

    @property
    def last(self) -> int:
        """Of the board before its first report: 0."""
        return self._counts[-1] if self._counts else 0

    @property
    def sure(self) -> bool:
        """No report is missing since the last one."""
        return not self._broken

    @property
    def _last_ticks(self) -> int:
        return self._ticks[-1] if self._ticks else -_WRAP

    def clear(self) -> None:
        for column in (self._ticks, self._counts, self._spans):
            column.clear()
        self._broken = False

    def lose(self) -> None:
        """Reports may be missing before the next event."""
        self._broken = True
        self._heard = None

    def heard(self, ticks: int) -> None:
        """An event that is no report: from it on none is missing."""
        if self._broken and self._heard is None:
            self._heard = ticks

    def add(self, ticks: int, count: int, span: int) -> bool:
        """A report: at 64-bit `ticks` was the last pulse, `count` has 32 bits and a sign. True if the belt moved."""
        before = self.last
        full = before + ((count - before + _WRAP // 2) % _WRAP - _WRAP // 2) if self._counts else count
        moved = bool(self._counts) and full != before
        if ticks <= self._last_ticks:
            self._counts[-1] = full  # the same moment told again, by a later report
            return moved
        if self._broken and self._heard is not None and self._last_ticks < self._heard < ticks:
            # Only what was not heard of can hide more than a period's movement.
            self._append(self._heard, full, None)
        self._append(ticks, full, None if self._broken else span)
        self._broken = False
        for column in (self._ticks, self._counts, self._spans):
            del column[:-POINTS_MAX]
        return moved

    def _append(self, ticks: int, count: int, span: int | None) -> None:
        self._ticks.append(ticks)
        self._counts.append(count)
        self._spans.append(span)

    def count_at(self, ticks: int) -> int:
        """Interpolated between reports; after the last one, its count: no later report, no later pulse."""
        place = bisect_left(self._ticks, ticks)
        if place == len(self._ticks):
            return self.last
        if place == 0:
            return self._counts[0]
        before, after = self._counts[place - 1], self._counts[place]
        start, end = self._ticks[place - 1], self._ticks[place]
        span = self._spans[place]
        if span is not None:
            start = max(start, end - span)
        if ticks <= start:
            return before
        way = abs(after - before) * (ticks - start) // (end - start)
        return before + way if after >= before else before - way
