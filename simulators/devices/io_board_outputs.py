"""The outputs of a simulated I/O board: orders for a tick, switches at exactly that tick (`firmware-bridge.md` §3, §6).

No output is off its safe level without an order, nor longer than the order says. An order for the safe level takes
back every order of its channel that would begin from then on.
"""

from dataclasses import dataclass
from typing import Final

ORDERS_MAX: Final = 8
"""Orders of one output that wait for their time. One more is refused with status 4."""

Switch = tuple[int, int, bool]
"""Tick, channel, level."""


@dataclass(frozen=True, slots=True)
class _Pending:
    tick: int
    level: bool
    until: int


class _Output:
    def __init__(self) -> None:
        self.level = False
        self._off_at: int | None = None
        self._pending: list[_Pending] = []

    @property
    def next_tick(self) -> int | None:
        ticks = [one.tick for one in self._pending]
        if self._off_at is not None:
            ticks.append(self._off_at)
        return min(ticks, default=None)

    def accept(self, tick: int, level: bool, duration: int) -> bool:
        kept = self._pending if level else [one for one in self._pending if one.tick < tick]
        if len(kept) >= ORDERS_MAX:
            return False
        self._pending = sorted([*kept, _Pending(tick, level, tick + duration)], key=lambda one: one.tick)
        return True

    def run(self, tick: int) -> bool:
        """What is due at this tick; True if the level changes. An order that begins comes before one that ends."""
        before = self.level
        while self._pending and self._pending[0].tick <= tick:
            order = self._pending.pop(0)
            self.level = order.level
            self._off_at = max(self._off_at or 0, order.until) if order.level else None
        if self._off_at is not None and self._off_at <= tick:
            self.level = False
            self._off_at = None
        return self.level != before

    def make_safe(self) -> bool:
        was, self.level = self.level, False
        self._off_at = None
        self._pending.clear()
        return was


class Outputs:
    def __init__(self, count: int) -> None:
        self._outputs = tuple(_Output() for _ in range(count))

    @property
    def levels(self) -> tuple[bool, ...]:
        return tuple(one.level for one in self._outputs)

    @property
    def bits(self) -> int:
        return sum(one.level << channel for channel, one in enumerate(self._outputs))

    @property
    def armed(self) -> bool:
        """Something is on, or will be."""
        return any(one.level or one.next_tick is not None for one in self._outputs)

    @property
    def next_tick(self) -> int | None:
        ticks = [tick for one in self._outputs if (tick := one.next_tick) is not None]
        return min(ticks, default=None)

    def accept(self, channel: int, tick: int, level: bool, duration: int) -> bool:
        return self._outputs[channel].accept(tick, level, duration)

    def run(self, tick: int) -> list[Switch]:
        return [(tick, channel, one.level) for channel, one in enumerate(self._outputs) if one.run(tick)]

    def make_safe(self, tick: int) -> list[Switch]:
        return [(tick, channel, False) for channel, one in enumerate(self._outputs) if one.make_safe()]
