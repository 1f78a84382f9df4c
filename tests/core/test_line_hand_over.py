"""Hand-overs that come sooner than the belts tell of them, and parcels that do not come because they are jammed."""

import pytest
from series_line import STEP_NS, SeriesLine, Thing, layout, s10

from edge.core.item import Item
from edge.core.jamming import go_on_under, stop_under
from edge.core.track import Track
from hub_config.names import SECOND, Instant

LONGEST_UM = 690_000
"""Half of it reaches so far that it comes to the hand-over beam within a report of its having gone over."""
THROUGH_S = 12.0


@pytest.mark.parametrize("skid_um", [-25_000, 0])
@pytest.mark.parametrize("behind_mm", range(0, 200, 25))
def test_a_long_parcel_is_known_at_the_hand_over_beam_before_its_belt_has_told_that_it_has_gone_over(
    behind_mm: int, skid_um: int
) -> None:
    line, one = SeriesLine(), Thing(s10(1), LONGEST_UM, -behind_mm * 1_000, (skid_um, skid_um))
    line.put(one)

    line.run(THROUGH_S)

    assert line.reasons() == []
    assert line.green == line.told_green == [one.code]


@pytest.mark.parametrize("stands_s", [1.5, 4.0])
def test_a_parcel_jammed_before_a_transfer_is_not_handed_over_until_it_goes_on(stands_s: float) -> None:
    """The belt that runs on under it carries nothing over: it comes later, is held, and nobody waits for it then."""
    line, one, later = SeriesLine(), Thing(s10(1)), Thing(s10(2), front_um=-9_000_000)
    line.put(one, later)
    while one.front_um < 5_300_000:
        line.run(0.002)
    for _ in range(int(stands_s * SECOND) // STEP_NS):
        under_um = one.front_um
        line.run(0.002)
        one.front_um = under_um

    line.run(2 * THROUGH_S)

    assert "not_isolated" in line.reasons()
    assert line.green == line.told_green == [later.code]
    assert line.driver.gateway.in_work == 0


def test_what_stood_under_a_beam_stands_no_more_though_a_later_beam_has_seen_it() -> None:
    """What lay ahead of it was taken for it there. It must not stand for ever, with all that is behind it."""
    track = Track(layout().lines[0], 1)
    at = Instant(SECOND)
    item = Item(1, at, 0, 0, anchored_at=at, sure_at=at, seen=1, leg_um=0, crept_at_um=0, looks=[])
    track.items.append(item)

    stop_under(track, 0)
    stood = item.stands
    go_on_under(track, 0, 5_000_000)

    assert (stood, item.stands) == (True, False)
