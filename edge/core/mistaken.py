"""Who is expected at a belt's beam, and who may really have come there, where the belt's counts went wrong.

A parcel that comes so far from its place that nobody is expected there is a stray to its beam. It may be the next one
of those that this beam still waits for; then all of them are as far off, and each may come just where the one before it
should: of the same length, and the same way behind it as the counts are off, nothing would tell the two apart. So all
that was last seen before the counts went wrong is in doubt. So are two of which the counts name the one and the clock
the other. One under an order is on its way into a lane by time, and is waited for there.
"""

from collections.abc import Sequence
from typing import Final

from edge.core.item import Item
from edge.core.lost_counts import LostCounts, Mark
from hub_config.names import MILLISECOND, Instant

TOLD_NS: Final = 300 * MILLISECOND
"""By then the belt's reports have told that its counts went wrong."""


def expected_at(
    items: Sequence[Item], beam: int, offset: int, tolerance_um: int, reach_um: int
) -> Item | None:
    """The one item that may be here; None if there is none, or more than one far off."""
    far = [
        one
        for one in items
        if one.seen < beam and one.transit is None and abs(one.front_um - offset) <= 2 * reach_um
    ]
    if not far:
        return None
    nearest = min(far, key=lambda item: abs(item.front_um - offset))
    if abs(nearest.front_um - offset) <= tolerance_um:
        return nearest
    return far[0] if len(far) == 1 and abs(far[0].front_um - offset) <= reach_um else None


def doubt_waiting(items: Sequence[Item], beam: int, disturbed_at: Instant) -> None:
    """Those that this beam still waits for, and that were last seen before the counts went wrong."""
    for one in items:
        if one.seen < beam and not one.ordered and one.anchored_at < disturbed_at:
            one.doubt("swap_suspected")


def doubt_behind_strays(items: Sequence[Item], disturbed_at: Instant) -> None:
    """The counts are told to have gone wrong: what has come as a stray just before may be one of those."""
    for one in items:
        if one.stray and disturbed_at - one.at <= TOLD_NS:
            doubt_waiting(items, one.seen, disturbed_at)


def doubt_both(
    items: Sequence[Item],
    item: Item,
    beam: int,
    offset: int,
    tolerance_um: int,
    counts: LostCounts,
    here: Mark,
) -> None:
    """This one is expected by the counts; by the clock another one may be here. Where none may, the belt was slower,
    and what this beam shows holds for all."""
    loss = counts.left_out(item.anchored_at, here)
    if loss is None or loss.um <= (off_um := counts.off_um(loss)):
        return
    waiting = [one for one in items if one.seen < beam and not one.ordered and one.transit is None]
    others = [one for one in waiting if one is not item and abs(one.front_um + loss.um - offset) <= off_um]
    for one in (*others, item) if others else ():
        one.doubt("swap_suspected")
    if not others and abs(item.front_um - offset) <= tolerance_um:
        for one in items:
            one.anchored_at = max(one.anchored_at, here.at)
