"""Orders for outputs on their way to the board: one at a time, the rest in a bounded queue.

An order names a device time, never "now". The safe level is wanted as soon as can be: one that would come late is
moved to the next moment the board can still take. Whoever takes an order back names the instant it was for, and gets
the very tick that was sent then, however the clock's estimate has moved since: else the output would flicker.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from firmware_bridge.clocksync import BoardClock
from firmware_bridge.messages import (
    STATUS_LATE,
    STATUS_NOT_CONFIGURED,
    STATUS_OK,
    STATUS_QUEUE_FULL,
    STATUS_SAFE,
    OutAt,
)
from firmware_bridge.told import OrderTold
from hub_config.names import MILLISECOND, Instant

ORDERS_MAX: Final = 16
"""Orders waiting behind the one that is outstanding. One more is answered `queue_full`."""
OFF_LEAD_NS: Final = 10 * MILLISECOND
"""The soonest that the board can be told to do something: transfer, its clock's uncertainty, its main loop."""
OFF_TRIES_MAX: Final = 3
"""Times that the safe level is ordered anew because it came late."""
SENT_MAX: Final = 32
"""Ticks of orders that may still be taken back."""

_WORDS: Final = {
    STATUS_OK: "ok",
    STATUS_LATE: "late",
    STATUS_QUEUE_FULL: "queue_full",
    STATUS_SAFE: "safe",
    STATUS_NOT_CONFIGURED: "not_configured",
}


@dataclass(frozen=True, slots=True)
class Order:
    """`for_ns` of 0: to the safe level."""

    number: int
    channel: int
    at: Instant
    for_ns: int
    tries: int = 0


def status_word(status: int) -> str:
    return _WORDS.get(status, "bad_argument")


class OrderQueue:
    def __init__(self) -> None:
        self._waiting: deque[Order] = deque()
        self._current: Order | None = None
        self._sent: deque[tuple[int, Instant, int]] = deque(maxlen=SENT_MAX)
        """Channel, instant and tick of each order."""

    def add(self, order: Order) -> list[OrderTold]:
        if len(self._waiting) >= ORDERS_MAX:
            return [OrderTold(order.number, "queue_full")]
        self._waiting.append(order)
        return []

    def next(self, clock: BoardClock, now: Instant) -> tuple[OutAt | None, list[OrderTold]]:
        """The next request, with its ticks by the clock of now; and the orders before it that are hopeless."""
        hopeless: list[OrderTold] = []
        while self._waiting:
            given = self._request(self._waiting.popleft(), clock, now)
            if isinstance(given, OutAt):
                return given, hopeless
            hopeless.append(given)
        return None, hopeless

    def _request(self, order: Order, clock: BoardClock, now: Instant) -> OutAt | OrderTold:
        duration = clock.ticks_in(order.for_ns)
        ticks = self._tick_of(order, clock, now)
        if duration >= 1 << 32 or ticks - clock.ticks_at(now) >= 1 << 31:
            return OrderTold(order.number, "bad_argument")
        if order.for_ns and order.at < now:
            return OrderTold(order.number, "late")
        self._sent.append((order.channel, order.at, ticks))
        self._current = order
        return OutAt(0, order.channel, int(order.for_ns > 0), ticks % (1 << 32), duration)

    def answered(self, status: int) -> list[OrderTold]:
        """The board's reply to the outstanding one. Nothing to tell: it is tried again."""
        order, self._current = self._current, None
        assert order is not None, "a reply is taken to an outstanding request alone"
        if status == STATUS_LATE and not order.for_ns and order.tries + 1 < OFF_TRIES_MAX:
            self._waiting.appendleft(replace(order, tries=order.tries + 1))
            return []
        return [OrderTold(order.number, status_word(status))]

    def give_up_current(self) -> list[OrderTold]:
        """No reply will come: whether the board has it nobody knows."""
        order, self._current = self._current, None
        return [OrderTold(order.number, "unanswered")] if order is not None else []

    def drop_waiting(self, detail: str) -> list[OrderTold]:
        dropped = [OrderTold(order.number, detail) for order in self._waiting]
        self._waiting.clear()
        return dropped

    def forget_sent(self) -> None:
        """Another boot, another clock."""
        self._sent.clear()

    def _tick_of(self, order: Order, clock: BoardClock, now: Instant) -> int:
        soonest = clock.ticks_at(Instant(now + OFF_LEAD_NS)) if not order.for_ns else None
        same = [tick for channel, at, tick in self._sent if (channel, at) == (order.channel, order.at)]
        ticks = same[-1] if same else clock.ticks_at(order.at)
        return max(ticks, soonest) if soonest is not None else ticks
