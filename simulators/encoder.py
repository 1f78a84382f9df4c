"""The encoder of a simulated belt: its counts at any instant, and those that it leaves out."""

from bisect import bisect_left
from typing import Final

from hub_config.names import Instant

SECOND_NS: Final = 1_000_000_000


class Encoder:
    def __init__(self, began: Instant, speed_um_s: int, count_um: int) -> None:
        self._began = began
        self._speed_um_s = speed_um_s
        self._count_um = count_um
        self._lost: list[tuple[int, int]] = []
        """After which pulse it left out how many."""
        self._lost_before: list[int] = []
        """Sum of those before each."""

    def count_at(self, at: Instant) -> int:
        """Since the belt began. While it leaves out counts it stands."""
        pulses = self._pulses(at)
        if not self._lost:
            return pulses
        last = bisect_left(self._lost, (pulses, 0)) - 1
        if last < 0:
            return pulses
        since, n = self._lost[last]
        return pulses - self._lost_before[last] - min(n, pulses - since)

    def last_pulse_at(self, at: Instant) -> Instant:
        """When it counted last."""
        pulses = self._pulses(at)
        for since, n in reversed(self._lost):
            if since < pulses <= since + n:
                pulses = since
            elif since + n < pulses:
                break
        return self._instant_of(pulses)

    def stretch_at(self, at: Instant) -> tuple[Instant, int]:
        """From when, and up to when, it tells what it tells then, by the belt's own time."""
        first = last = self._pulses(at)
        for since, n in reversed(self._lost):
            if since <= last and first <= since + n:
                first, last = min(first, since), max(last, since + n)
            elif since + n < first:
                break
        return self._instant_of(first), self._instant_of(last + 1)

    def lose(self, count: int, at: Instant) -> None:
        """From now on it leaves out so many; no pulse is left out twice."""
        ends = sum(self._lost[-1]) if self._lost else 0
        self._lost_before.append(self._lost_before[-1] + self._lost[-1][1] if self._lost else 0)
        self._lost.append((max(ends, self._pulses(at)), count))

    def _instant_of(self, pulses: int) -> Instant:
        um = pulses * self._count_um
        return Instant(self._began + -(-um * SECOND_NS // self._speed_um_s))

    def _pulses(self, at: Instant) -> int:
        return (at - self._began) * self._speed_um_s // SECOND_NS // self._count_um
