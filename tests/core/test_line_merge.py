"""A side belt that merges: its parcels are followed like the others, and what may be either belt's is in doubt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_line import SeriesLine, Thing, layout, s10

from drivers.reading import BoardChanged
from edge.core.line_view import view_of_line
from hub_config.names import SECOND

THROUGH_S = 10.0
SIDE = 3
"""Its place among all belts."""


def by_first(number: int, *, behind_mm: int = 0, length_mm: int = 300) -> Thing:
    return Thing(s10(number), length_mm * 1_000, -behind_mm * 1_000)


def by_side(
    number: int, *, behind_mm: int = 0, length_mm: int = 300, skids: tuple[int, int] = (0, 0)
) -> Thing:
    """At as much before the merge as one of the first belt that is put down there."""
    return Thing(s10(number), length_mm * 1_000, -behind_mm * 1_000, skids, SIDE)


def merge() -> SeriesLine:
    return SeriesLine("merge")


def sent_through(line: SeriesLine, *things: Thing) -> SeriesLine:
    line.put(*things)
    return line.run(THROUGH_S)


def test_a_parcel_of_the_side_belt_goes_into_the_lane_of_its_release() -> None:
    line = sent_through(merge(), one := by_side(1))

    assert line.driver.kinds() == [
        "parcel.arrived", "parcel.identified", "parcel.measured", "parcel.decided", "parcel.diverted",
        "parcel.diverted", "parcel.departed",
    ]  # fmt: skip
    assert line.green == line.told_green == [one.code]


def test_it_arrives_when_the_first_beam_of_its_own_belt_sees_it() -> None:
    line = merge()
    line.put(by_side(1, behind_mm=300))

    line.run(1.1)  # its front is 1,020 mm along the line, 520 mm along the side belt, which begins at 500 mm

    (item,) = line.driver.gateway._lines[0].sections[SIDE].track.items
    assert item.origin == 0
    assert not item.stray
    assert item.at == pytest.approx(line.driver.now - 220 * SECOND // 1_200, abs=SECOND // 100)


def test_parcels_of_both_belts_go_on_in_the_order_in_which_they_come_to_the_merge() -> None:
    row = [by_first(1), by_side(2, behind_mm=700), by_first(3, behind_mm=1_400), by_side(4, behind_mm=2_100)]

    line = sent_through(merge(), *row).run(2)

    assert line.green == line.told_green == [one.code for one in row]
    assert "swap_suspected" not in line.reasons()


@pytest.mark.parametrize("apart_mm", [0, 30, 90])
def test_what_either_belt_may_have_brought_is_in_doubt_whoever_it_is(apart_mm: int) -> None:
    """They come to the merge nearly at once; one of them is not there any more when the beam behind it is reached."""
    line, first, second = merge(), by_first(1), by_side(2, behind_mm=apart_mm)
    line.put(first, second)
    while second.belt == SIDE or first.belt == 0:
        line.run(0.002)

    line.take_off(first)
    line.run(THROUGH_S)

    assert line.green == []
    assert "swap_suspected" in line.reasons()
    assert line.count("parcel.lost_track") == 1


def test_one_of_the_side_belt_that_slips_into_anothers_place_is_not_released_for_it() -> None:
    line, slipped, other = merge(), by_side(1, length_mm=150), by_first(2, behind_mm=200, length_mm=150)
    line.put(slipped, other)
    while slipped.belt == SIDE or other.belt == 0:
        line.run(0.002)

    line.take_off(other)
    slipped.front_um = other.front_um
    line.run(THROUGH_S)

    assert line.green == []
    assert "swap_suspected" in line.reasons()


def test_while_the_side_belts_encoder_is_silent_what_comes_to_the_merge_is_in_doubt() -> None:
    line = merge()
    line.put(by_side(1, behind_mm=500))
    line.run(0.5)
    line.mute = {SIDE}

    line.run(0.6)
    sent_through(line, one := by_first(2))

    assert one.code not in line.green
    assert "swap_suspected" in line.reasons()


def test_a_side_belt_that_stands_puts_nothing_in_doubt() -> None:
    line = merge()
    line.standing = {"side"}

    sent_through(line, one := by_first(1))

    assert line.green == [one.code]


def test_a_parcel_that_its_side_belt_no_longer_follows_is_held() -> None:
    line, one = merge(), by_side(1)
    line.put(one)
    line.run(1.5)

    line.driver.give(BoardChanged(line.line.boards[SIDE], line.driver.at, "ready", "restarted", False))
    line.run(THROUGH_S)

    assert line.count("parcel.lost_track") == 1
    assert "unknown_item" in line.reasons()
    assert line.green == []


def test_the_drawing_shows_a_parcel_of_the_side_belt_once_it_is_on_the_line() -> None:
    line, one = merge(), by_side(1)
    line.put(one)

    line.run(1.5)
    core = line.driver.gateway._lines[0]
    assert [len(section.track.items) for section in core.sections] == [0, 0, 0, 1]
    assert view_of_line(core, line.driver.at).items == ()
    line.run(1.5)

    assert len(view_of_line(core, line.driver.at).items) == 1


# Any row of both belts -------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from([60, 150, 400]), st.sampled_from([120, 300, 480]), st.integers(-25, 25)
    ),
    min_size=1,
    max_size=5,
)
"""By the side belt or not, gap to the one before it at the merge, length, how much later it is taken over."""


@settings(max_examples=10, deadline=None)
@given(ROWS)
def test_every_parcel_of_either_belt_is_one_visit_and_what_departs_is_what_was_let_go(
    told: list[tuple[bool, int, int, int]],
) -> None:
    line, behind_mm = merge(), 0
    things = []
    for number, (aside, gap_mm, length_mm, skid_mm) in enumerate(told, 1):
        make = by_side if aside else by_first
        one = make(number, behind_mm=behind_mm, length_mm=length_mm)
        one.skids = (skid_mm * 1_000, 0)
        things.append(one)
        behind_mm += length_mm + gap_mm
    line.put(*things)
    line.run(THROUGH_S + 5)

    assert line.count("parcel.arrived") == len(things)
    assert line.told_green == line.green
    assert {line.codes[visit] for visit in line.codes} <= {one.code for one in things}


def test_the_layout_of_the_scenario_has_the_side_belt_end_at_the_merge() -> None:
    line = layout("merge").lines[0]

    assert line.all_belts[SIDE].end_um == line.belts[1].start_um == 3_000_000
    assert [beam.position_um for beam in line.beams_on(SIDE)] == [800_000]
    assert line.boards == ("io-induct", "io-tunnel", "io-1", "io-side")
