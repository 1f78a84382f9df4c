"""What the clock says of an encoder's counts, without a line around it (`edge/core/lost_counts.py`, `seams.py`)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_driver import (
    COUNT_UM,
    UM_PER_S,
    config,
)

from edge.core.belt import Belt
from edge.core.item import Found, Item
from edge.core.lost_counts import BRAKE_UM_S2, STANDS_NS, Loss, LostCounts, Mark
from edge.core.seams import SEAMS_MAX, Seams
from hub_config.names import MILLISECOND, SECOND, Instant


def runs(counted_um: Callable[[int], int], until_ms: int, every_ms: int) -> tuple[Belt, LostCounts]:
    """A belt that has told this by then."""
    line = config().lines[0]
    belt = Belt(line.belt, line.tolerance_um)
    for ms in range(0, until_ms + 1, every_ms):
        belt.moved(Instant(ms * MILLISECOND), counted_um(ms * MILLISECOND) // COUNT_UM, moving=True)
    return belt, LostCounts(line, belt)


def at_speed(ns: int) -> int:
    return ns * UM_PER_S // SECOND


@given(
    since_ms=st.integers(1_000, 1_200), brakes_ms=st.integers(20, 600), slowest=st.integers(0, 95),
    at_ms=st.integers(0, 1_200), gap_ms=st.integers(0, 400), every_ms=st.sampled_from([10, 20, 100]),
)  # fmt: skip
def test_no_belt_that_brakes_as_a_belt_can_is_said_to_leave_out_counts(
    since_ms: int, brakes_ms: int, slowest: int, at_ms: int, gap_ms: int, every_ms: int
) -> None:
    """Down evenly and up again, as hard as parcels can follow, with a hole in one over the beam meanwhile."""
    hardest = BRAKE_UM_S2 * brakes_ms // 1_000
    lowest = max(UM_PER_S * slowest // 100, UM_PER_S - hardest)
    since, brakes = since_ms * MILLISECOND, brakes_ms * MILLISECOND

    def counted(ns: int) -> int:
        down = min(max(0, ns - since), brakes)
        up = min(max(0, ns - since - brakes), brakes)
        slower = UM_PER_S - lowest
        lost = slower * down * down // (2 * brakes) + slower * (2 * brakes - up) * up // (2 * brakes)
        return at_speed(ns) - lost // SECOND

    _, counts = runs(counted, since_ms + max(600, 2 * brakes_ms), every_ms)
    freed_at, covered_at = (
        Instant(since + at_ms * MILLISECOND),
        Instant(since + (at_ms + gap_ms) * MILLISECOND),
    )
    counts.freed(0, freed_at, counted(freed_at))
    freed = counts.gap(0, covered_at, counted(covered_at))

    assert freed is None or not isinstance(
        counts.told_around(freed, Mark(covered_at, counted(covered_at))), Loss
    )


@given(
    since_ms=st.integers(1_000, 1_200), um=st.integers(45_000, at_speed(STANDS_NS) - 20_000),
    every_ms=st.sampled_from([10, 20, 100]),
)  # fmt: skip
def test_what_is_left_out_at_full_speed_is_told_to_the_millimetre_or_so(
    since_ms: int, um: int, every_ms: int
) -> None:
    since = since_ms * MILLISECOND

    def counted(ns: int) -> int:
        return at_speed(ns) - min(max(0, at_speed(ns) - at_speed(since)), um)

    _, counts = runs(counted, since_ms + 500, every_ms)
    covered = since + um * SECOND // UM_PER_S
    found = counts.told_around(Mark(Instant(since), counted(since)), Mark(Instant(covered), counted(covered)))
    left = counts.left_out(Instant(since - 100 * MILLISECOND), Mark(Instant(covered), counted(covered)))

    assert isinstance(found, Loss)
    assert found.um == pytest.approx(um, abs=10_000)
    assert left is not None
    assert left.um == pytest.approx(um, abs=10_000)


def test_what_the_reports_have_not_told_in_time_is_taken_for_a_slow_belt() -> None:
    belt, counts = runs(at_speed, 1_000, 100)
    freed, covered = (Mark(Instant(ms * MILLISECOND), at_speed(950 * MILLISECOND)) for ms in (950, 1_010))

    assert counts.told_around(freed, covered) is True
    for ms in range(1_100, 1_600, 100):
        belt.moved(
            Instant(ms * MILLISECOND),
            at_speed((1_000 + (ms - 1_000) // 2) * MILLISECOND) // COUNT_UM,
            moving=True,
        )
    assert counts.told_around(freed, covered) is False


def test_of_more_seams_than_are_remembered_the_latest_stay_one() -> None:
    _, counts = runs(at_speed, 1_000, 100)
    seams = Seams(config().lines[0], counts, 300_000)
    items = [
        Item(n, Instant(0), 0, -n * 500_000, rear_um=-n * 500_000 - 200_000) for n in range(SEAMS_MAX + 1)
    ]
    mark = Mark(Instant(SECOND), at_speed(SECOND))
    for place in range(len(items)):
        seams.note(items[: place + 1], mark, mark)

    assert [seam.item for seam in seams.pending] == items[:-1]
    assert seams.part(items, iter(range(99)), Found()) == []
