"""How fast the coordinator answers: from the event's arrival to its decision on the way to the broker.

Measured in the coordinator's thread; the page reads the figures of the last second, which nobody changes any more.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from hub_config.names import MICROSECOND, SECOND, Instant

ANSWERS_MAX: Final = 10_000
"""Quantiles are over this many answers given last."""
ASKED_MAX: Final = 10_000
"""Measurements that wait for their answer to be sent; past it the oldest is not timed."""
SHOWN_EVERY: Final = 1 * SECOND


@dataclass(frozen=True, slots=True)
class Shown:
    """Of the answers given last."""

    answers: int = 0
    p50_us: int | None = None
    p99_us: int | None = None
    connected: bool = False
    disk_full: bool = False
    """Nothing is taken until there is room."""


class Gauges:
    def __init__(self) -> None:
        self.shown = Shown()
        self._asked: dict[str, Instant] = {}
        self._took: deque[int] = deque(maxlen=ANSWERS_MAX)
        self._answers = 0
        self._shown_at = Instant(0)
        self.disk_full = False

    def asked(self, event_id: str, at: Instant) -> None:
        if len(self._asked) >= ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[event_id] = at

    def answered(self, event_id: str, at: Instant) -> None:
        since = self._asked.pop(event_id, None)
        if since is not None:
            self._took.append((at - since) // MICROSECOND)
            self._answers += 1

    def show(self, at: Instant, *, connected: bool) -> None:
        same = (connected, self.disk_full) == (self.shown.connected, self.shown.disk_full)
        if same and at - self._shown_at < SHOWN_EVERY:
            return
        took = sorted(self._took)
        self._shown_at = at
        self.shown = Shown(
            self._answers, nearest_rank(took, 50), nearest_rank(took, 99), connected, self.disk_full
        )


def nearest_rank(ordered: list[int], percent: int) -> int | None:
    """Of values in order; None where there are none."""
    return ordered[(len(ordered) * percent + 99) // 100 - 1] if ordered else None
