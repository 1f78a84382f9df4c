"""The dwell ledger: who answered for how much of a visit's time, and whether all are served alike (contract §10).

Pure. The clock of a visit starts with its first event and stops with `parcel.departed`. It changes hands only by a
signed event or decision, so every microsecond has exactly one owner. Each interval is [low, high] by the uncertainty
of both of its ends; quantiles and confidence intervals are by rank, without an assumption about the distribution.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TARGET_US: Final = 10_800 * 1_000_000
"""Dwell target where the hub names none for a lane (contract §10)."""
QUANTILES: Final = (50, 90, 99)
PPM: Final = 1_000_000
Z_95: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""
PARITY_MIN: Final = 30
"""Visits of a class and of the rest below which a difference says nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """From this moment on `owner` answers; None: the visit has ended."""

    t_us: int
    unc_us: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class Interval:
    owner: str
    us: int
    low_us: int
    high_us: int


@dataclass(frozen=True, slots=True)
class Stay:
    """One closed visit as reports group it."""

    intervals: tuple[Interval, ...]
    lane: str
    tier: str
    platform: str
    size_class: str
    inspected: bool

    @property
    def us(self) -> int:
        return sum(one.us for one in self.intervals)

    @property
    def low_us(self) -> int:
        return _ends(self.intervals, -1)

    @property
    def high_us(self) -> int:
        return _ends(self.intervals, 1)


def intervals(changes: Iterable[Change]) -> tuple[Interval, ...]:
    """In order of time; equal owners that follow one another are one interval. Empty until the visit has ended."""
    ordered = sorted(changes, key=lambda change: change.t_us)
    found: list[Interval] = []
    begun: Change | None = None
    for change in ordered:
        if begun is None:
            begun = change
        elif change.owner != begun.owner:
            assert begun.owner is not None, "nothing follows the end"
            us, unc_us = change.t_us - begun.t_us, change.unc_us + begun.unc_us
            found.append(Interval(begun.owner, us, max(0, us - unc_us), us + unc_us))
            begun = change
        if begun.owner is None:
            return tuple(found)
    return ()


def _ends(parts: Sequence[Interval], sign: int) -> int:
    """Of a whole stay only its two ends are unsure: what one interval gains inside, its neighbour loses."""
    total = sum(one.us for one in parts)
    if not parts:
        return 0
    first, last = parts[0], parts[-1]
    slack = max(first.high_us - first.us, last.high_us - last.us)
    return max(0, total + sign * slack)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """µs as [low, high] for each of `QUANTILES`; `within_ppm`: share within the target, surely and possibly."""

    n: int
    us: tuple[tuple[int, int], ...]
    within_ppm: tuple[int, int]


def quantiles(spans: Sequence[tuple[int, int]], target_us: int) -> Quantiles:
    """Of [low, high] of each visit."""
    lows, highs = sorted(low for low, _ in spans), sorted(high for _, high in spans)
    us = tuple((_rank(lows, percent), _rank(highs, percent)) for percent in QUANTILES)
    surely = sum(high <= target_us for high in highs)
    possibly = sum(low <= target_us for low in lows)
    n = len(spans)
    return Quantiles(n, us, (surely * PPM // n, possibly * PPM // n))


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[(len(ordered) * percent + 99) // 100 - 1]


def grouped(stays: Sequence[Stay], by: str, targets_us: Mapping[str, int]) -> dict[str, Quantiles]:
    """`by`: lane, tier, platform or size_class; the target is that of each stay's lane, or the strictest of a group."""
    groups: dict[str, list[Stay]] = {}
    for stay in stays:
        groups.setdefault(str(getattr(stay, by)), []).append(stay)
    return {
        name: quantiles(
            [(one.low_us, one.high_us) for one in some], min(target_of(one, targets_us) for one in some)
        )
        for name, some in sorted(groups.items())
    }


def by_owner(stays: Sequence[Stay], target_us: int) -> dict[str, Quantiles]:
    """Of the visits that this owner has held at all: how long it did."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for stay in stays:
        held: dict[str, tuple[int, int]] = {}
        for one in stay.intervals:
            low, high = held.get(one.owner, (0, 0))
            held[one.owner] = (low + one.low_us, high + one.high_us)
        for owner, span in held.items():
            spans.setdefault(owner, []).append(span)
    return {owner: quantiles(some, target_us) for owner, some in sorted(spans.items())}


def target_of(stay: Stay, targets_us: Mapping[str, int]) -> int:
    return targets_us.get(stay.lane, TARGET_US)


# Parity ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parity:
    """One class of merchants against all the others of the same tier, each with its 95 % interval."""

    dimension: str
    name: str
    tier: str
    n: int
    rest: int
    inspected_ppm: tuple[int, int]
    inspected_rest_ppm: tuple[int, int]
    p50_us: tuple[int, int]
    p50_rest_us: tuple[int, int]
    differs: tuple[str, ...]
    """`inspected`, `dwell`: intervals that do not meet. Within one tier no rule pack explains that."""


def parity(stays: Sequence[Stay], dimension: str) -> list[Parity]:
    """`dimension`: size_class or platform. Compared within a tier, because the pack gives each tier its own rate."""
    found: list[Parity] = []
    for tier in sorted({stay.tier for stay in stays}):
        same = [stay for stay in stays if stay.tier == tier]
        for name in sorted({str(getattr(stay, dimension)) for stay in same}):
            mine = [stay for stay in same if getattr(stay, dimension) == name]
            rest = [stay for stay in same if getattr(stay, dimension) != name]
            if rest:
                found.append(_compared(dimension, name, tier, mine, rest))
    return found


def _compared(dimension: str, name: str, tier: str, mine: Sequence[Stay], rest: Sequence[Stay]) -> Parity:
    inspected, inspected_rest = (
        rate_ppm(sum(one.inspected for one in some), len(some)) for some in (mine, rest)
    )
    p50, p50_rest = (rank_interval(sorted(one.us for one in some), 50) for some in (mine, rest))
    differs: tuple[str, ...] = ()
    if min(len(mine), len(rest)) >= PARITY_MIN:
        pairs = (("inspected", inspected, inspected_rest), ("dwell", p50, p50_rest))
        differs = tuple(what for what, one, other in pairs if one[1] < other[0] or other[1] < one[0])
    return Parity(
        dimension, name, tier, len(mine), len(rest), inspected, inspected_rest, p50, p50_rest, differs
    )


def rate_ppm(count: int, n: int) -> tuple[int, int]:
    """Wilson's 95 % interval of a share."""
    share, z2 = count / n, Z_95**2
    middle = share + z2 / (2 * n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return max(0, round(low * PPM)), min(PPM, round(high * PPM))


def rank_interval(ordered: Sequence[int], percent: int) -> tuple[int, int]:
    """95 % interval of a quantile by the ranks between which it lies."""
    n, share = len(ordered), percent / 100
    half = Z_95 * math.sqrt(n * share * (1 - share))
    low, high = math.floor(n * share - half), math.ceil(n * share + half)
    return ordered[max(0, low - 1)], ordered[min(n - 1, high)]
