"""Durations of a run of any length, counted instead of kept: the quantiles of a report in little memory.

They are counted by the µs, which is how finely a report tells them; past `DISTINCT_MAX` different ones by the ms.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from hub_config.names import MILLISECOND

DISTINCT_MAX: Final = 1_000_000


class Samples:
    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        """How often each, in ms."""

    @classmethod
    def of(cls, parts: "Iterable[Samples]") -> "Samples":
        """All of them together."""
        whole = cls()
        for part in parts:
            whole._counts.update(part._counts)
        return whole

    def add(self, durations_ns: Iterable[int]) -> None:
        for ns in durations_ns:
            ms = round(ns / MILLISECOND, 3)
            if ms not in self._counts and len(self._counts) >= DISTINCT_MAX:
                ms = float(round(ms))
            self._counts[ms] += 1

    def quantiles_ms(self) -> dict[str, float] | None:
        """p50 and p99 by the nearest-rank rule; None of nothing."""
        n = self._counts.total()
        return self._at(("p50", "p99"), [(n * p + 99) // 100 - 1 for p in (50, 99)])

    def spread_ms(self) -> dict[str, float] | None:
        """Least, p1, p50 and most; None of nothing."""
        n = self._counts.total()
        return self._at(("min", "p1", "p50", "max"), [0, (n + 99) // 100 - 1, (n + 1) // 2 - 1, n - 1])

    def _at(self, names: Sequence[str], places: Sequence[int]) -> dict[str, float] | None:
        """Those at these places of all in order, the first is 0."""
        if not self._counts:
            return None
        ordered = sorted(self._counts)
        up_to = list(accumulate(self._counts[ms] for ms in ordered))
        return {name: ordered[bisect_right(up_to, place)] for name, place in zip(names, places, strict=True)}


@dataclass(slots=True)
class Tallies:
    """What the run counted besides the events."""

    signed: int = 0
    """Events whose signature was made and checked."""
    latencies: dict[str, list[int]] = field(
        default_factory=lambda: {"reading_to_puback": [], "event_to_decision": []}
    )
