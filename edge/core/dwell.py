"""The dwell ledger of a visit (contract §10): every microsecond belongs to exactly one owner.

The clock starts with `parcel.arrived` and stops with `parcel.departed`. The owner changes only by an event.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

from edge.core.decision import Owner
from edge.core.event import DwellSpan
from hub_config.names import MICROSECOND, Instant

VISITS_REMEMBERED_MAX: Final = 1_000
"""Quantiles are over this many visits closed last."""

OWNERS_MAX: Final = 64
"""Owners are named by the coordinator; past this many the rest are summed as one."""
OTHER_OWNERS: Final = "others"


class DwellClock:
    """Who has held one visit, and for how long."""

    def __init__(self, at: Instant, owner: Owner = "hub") -> None:
        self.opened_at = at
        self.owner = owner
        self._since = at
        self._us: dict[Owner, int] = {}

    def hand_over(self, owner: Owner, at: Instant) -> None:
        at = max(at, self._since)  # a beam's edge is told a little after its instant
        self._us[self.owner] = self._us.get(self.owner, 0) + (at - self._since) // MICROSECOND
        self.owner = owner
        self._since = at

    def us_of(self, owner: Owner, at: Instant) -> int:
        """What this owner answers for, up to `at`."""
        running = max(0, at - self._since) // MICROSECOND if owner == self.owner else 0
        return self._us.get(owner, 0) + running

    def spans(self, at: Instant) -> tuple[DwellSpan, ...]:
        """µs by owner up to `at`, sorted by owner."""
        running = self._us | {self.owner: self.us_of(self.owner, at)}
        return tuple([DwellSpan(owner, running[owner]) for owner in sorted(running)])


class DwellLedger:
    """What closed visits took: quantiles over the last ones, sums by owner over all."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque()
        self._sorted: list[int] = []
        self._by_owner: dict[Owner, int] = {}

    def close(self, spans: tuple[DwellSpan, ...]) -> None:
        for span in spans:
            known = span.owner in self._by_owner or len(self._by_owner) < OWNERS_MAX
            owner = span.owner if known else OTHER_OWNERS
            self._by_owner[owner] = self._by_owner.get(owner, 0) + span.us
        total = sum(span.us for span in spans)
        self._recent.append(total)
        insort(self._sorted, total)
        if len(self._recent) > VISITS_REMEMBERED_MAX:
            del self._sorted[bisect_left(self._sorted, self._recent.popleft())]

    def quantiles_us(self) -> tuple[int, int, int] | None:
        """p50, p90, p99 by the nearest-rank rule; None before the first visit closed."""
        if not self._sorted:
            return None
        n = len(self._sorted)
        p50, p90, p99 = (self._sorted[(n * percent + 99) // 100 - 1] for percent in (50, 90, 99))
        return p50, p90, p99

    def by_owner_us(self) -> tuple[tuple[Owner, int], ...]:
        return tuple(sorted(self._by_owner.items()))
