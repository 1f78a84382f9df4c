"""Belts in series: a parcel goes over from belt to belt, is found again, and whatever else comes is held."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_line import SeriesLine, Thing, layout, s10

from drivers.reading import BoardChanged
from edge.core.belt import Belt
from edge.core.item import CARRIED, Found, Item, Transit
from edge.core.track import ITEMS_MAX, Track
from hub_config.names import Instant

THROUGH_S = 10.0
"""From the line's begin to a lane, with all belts running."""


def thing(
    number: int = 1, *, behind_mm: int = 0, length_mm: int = 300, skids: tuple[int, int] = (0, 0)
) -> Thing:
    return Thing(s10(number), length_mm * 1_000, -behind_mm * 1_000, skids)


def until(line: SeriesLine, one: Thing, front_mm: int) -> SeriesLine:
    while one.front_um < front_mm * 1_000:
        line.run(0.002)
    return line


def on_belts(line: SeriesLine) -> list[list[Item]]:
    return [section.track.items for section in line.driver.gateway._lines[0].sections]


def test_a_parcel_goes_over_both_transfers_and_into_the_lane_of_its_release() -> None:
    line, one = SeriesLine(), thing()
    line.put(one)

    line.run(THROUGH_S)

    assert line.driver.kinds() == [
        "parcel.arrived", "parcel.identified", "parcel.measured", "parcel.decided", "parcel.diverted",
        "parcel.diverted", "parcel.departed",
    ]  # fmt: skip
    assert line.green == line.told_green == [one.code]


@pytest.mark.parametrize("front_mm", [1_000, 2_900, 3_600, 7_000, 8_100, 11_000])
def test_its_place_is_that_of_the_belt_which_carries_it(front_mm: int) -> None:
    line, one = SeriesLine(), thing()
    line.put(one)

    until(line, one, front_mm)

    sections = line.driver.gateway._lines[0].sections
    ((section, item),) = [(section, item) for section in sections for item in section.track.items]
    assert section.place == one.belt
    assert item.front_um + section.belt.travel_at(line.driver.at) == pytest.approx(one.front_um, abs=5_000)


def test_gaps_stretch_with_the_speeds_of_the_belts() -> None:
    line, first, second = SeriesLine(), thing(1), thing(2, behind_mm=500)
    line.put(first, second)

    until(line, second, 8_300)

    ahead, behind = on_belts(line)[2]
    assert ahead.rear_um is not None
    # 500 mm from middle to middle on the first belt are 500 · 2.0 / 0.8 on the last
    assert ahead.rear_um - behind.front_um == pytest.approx(1_250_000 - 300_000, abs=10_000)


@pytest.mark.parametrize("belt", ["induct", "tunnel"])
def test_nothing_is_lost_while_the_belt_before_stands_and_the_next_runs_on(belt: str) -> None:
    line, one = SeriesLine(), thing()
    line.put(one)
    over_mm = {"induct": 3_140, "tunnel": 7_640}[belt]  # its middle is 10 mm before the transfer
    until(line, one, over_mm)

    line.standing = {"induct"} if belt == "induct" else {"induct", "tunnel"}
    line.run(20)
    stood = line.driver.kinds()
    line.standing = set()
    line.run(THROUGH_S)

    assert "parcel.lost_track" not in stood
    assert line.green == line.told_green == [one.code]


@pytest.mark.parametrize("skid_um", [-25_000, 25_000])
def test_a_parcel_that_goes_over_sooner_or_later_than_its_middle_is_found_again(skid_um: int) -> None:
    """The belt before stands just where nobody knows which of the two carries it."""
    line, one = SeriesLine(), thing(skids=(0, skid_um))
    line.put(one)
    until(line, one, 7_630)  # its middle is 20 mm before the transfer

    line.standing = {"induct", "tunnel"}
    line.run(3)
    line.standing = set()
    line.run(THROUGH_S)

    assert line.count("parcel.lost_track") == 0
    assert "unknown_item" not in line.reasons()
    assert line.green == [one.code]


def test_what_nobody_brought_to_the_hand_over_beam_is_unknown_and_held() -> None:
    line, stranger = SeriesLine(), thing(1)
    stranger.front_um, stranger.belt = 7_800_000, 2

    line.put(stranger)
    line.run(THROUGH_S)

    assert line.count("parcel.arrived") == 1
    assert "unknown_item" in line.reasons()
    assert line.green == []
    assert line.driver.ons == []


def test_a_stray_stays_one_on_the_next_belt() -> None:
    line, stranger = SeriesLine(), thing(1)
    stranger.front_um, stranger.belt = 3_300_000, 1

    line.put(stranger)
    line.run(THROUGH_S)

    assert line.count("parcel.arrived") == 1
    assert line.count("parcel.lost_track") == 0
    assert line.green == []


def test_one_that_is_taken_off_at_the_transfer_is_lost_when_the_next_belt_has_passed_its_window() -> None:
    line, one = SeriesLine(), thing()
    line.put(one)
    until(line, one, 7_700)

    line.take_off(one)
    line.run(2)

    assert line.driver.kinds()[-1] == "parcel.lost_track"
    assert on_belts(line) == [[], [], []]


def test_one_that_slips_by_more_than_is_reckoned_with_is_followed_and_held() -> None:
    line, one = SeriesLine(), thing(skids=(200_000, 0))
    line.put(one)

    line.run(THROUGH_S)

    assert line.count("parcel.arrived") == 1
    assert line.count("parcel.lost_track") == 0
    assert "swap_suspected" in line.reasons()
    assert line.green == []


def test_a_belt_that_runs_back_over_its_transfer_leaves_what_lies_there_in_doubt() -> None:
    line, one = SeriesLine(), thing()
    line.put(one)
    until(line, one, 7_800)

    line.backwards = {"sort"}
    line.run(0.2)
    line.backwards = set()
    line.run(THROUGH_S)

    assert line.green == []
    assert line.count("parcel.departed") == 0


def test_a_restarted_board_loses_what_lies_on_its_belt_alone() -> None:
    line, first, second = SeriesLine(), thing(1), thing(2, behind_mm=3_000)
    line.put(first, second)
    until(line, first, 4_900)
    kept = on_belts(line)[0]
    assert len(kept) == 1

    line.driver.give(BoardChanged(line.line.boards[1], line.driver.at, "ready", "restarted", False))

    assert line.count("parcel.lost_track") == 1
    assert on_belts(line)[0] == kept
    assert on_belts(line)[1] == []


def test_a_board_that_is_lost_is_shown_and_the_last_one_alone_keeps_the_diverters_from_moving() -> None:
    line = SeriesLine()
    belts = line.driver.gateway._lines[0]

    line.driver.give(BoardChanged(line.line.boards[0], line.driver.at, "lost", "its port is gone", True))

    assert belts.devices_down == ("io-induct",)
    assert (belts.board, belts.diverting.ready) == ("ready", True)


def test_a_close_row_goes_over_and_is_let_go_to_the_last_one() -> None:
    line = SeriesLine()
    row = [thing(n, behind_mm=450 * n, length_mm=mm) for n, mm in enumerate((300, 120, 350, 200))]
    line.put(*row)

    line.run(THROUGH_S + 3)

    assert line.green == line.told_green == [one.code for one in row]


def test_an_encoder_that_counts_nothing_is_told_by_what_the_belt_before_brings() -> None:
    """Two parcels come to the hand-over beam when they should, had the belt run at its set speed."""
    line = SeriesLine()
    line.dead = {2}
    line.put(*(thing(number, behind_mm=900 * number) for number in range(4)))

    line.run(THROUGH_S + 4)

    belts = line.driver.gateway._lines[0]
    assert [section.belt.dead for section in belts.sections] == [False, False, True]
    assert belts.devices_down == ("encoder of io-1",)
    assert line.count("parcel.arrived") >= 4
    assert line.green == []


# Two that may be it --------------------------------------------------------------------------------


def third_belt() -> Track:
    line = layout().lines[0]
    return Track(line, Belt(line.belts[2], line.tolerance_um), 2)


def brought(track: Track, number: int, front_um: int, *, either_way_um: int = 60_000) -> Item:
    item = Item(number, Instant(0), 0, 0, rear_um=-200_000)
    transit = Transit(Instant(0), front_um - either_way_um, front_um + either_way_um)
    assert track.adopt(item, transit, front_um, 0)
    return item


def test_two_that_both_may_be_at_the_hand_over_beam_are_both_in_doubt() -> None:
    track = third_belt()
    first, second = brought(track, 1, 7_900_000), brought(track, 2, 7_840_000)
    found = Found()

    track.covered(0, 110_000, Instant(1), found)

    assert [item for item, _ in found.seen] == [first]
    assert first.doubts == second.doubts == ["swap_suspected"]


def test_one_that_alone_may_be_there_is_the_same_without_doubt_and_one_far_off_in_doubt() -> None:
    track = third_belt()
    near, far = brought(track, 1, 7_900_000), brought(track, 2, 7_000_000)
    found = Found()

    track.covered(0, 40_000, Instant(1), found)
    track.covered(0, 860_000, Instant(2), found)

    assert [item for item, _ in found.seen] == [near, far]
    assert (near.doubts, far.doubts) == ([], ["swap_suspected"])
    assert near.front_um == 7_960_000


def test_one_that_comes_before_the_one_ahead_of_it_and_that_one_are_in_doubt() -> None:
    """Nothing overtakes on a belt: what comes may be the one ahead, which has slipped back into this one's place."""
    track = third_belt()
    ahead, behind = brought(track, 1, 7_900_000), brought(track, 2, 7_600_000)

    track.covered(0, 400_000, Instant(1), Found())

    assert (ahead.seen, behind.seen) == (CARRIED, 0)
    assert ahead.doubts == behind.doubts == ["swap_suspected"]


@pytest.mark.parametrize(("behind_um", "doubts"), [(337_000, ["swap_suspected"]), (800_000, [])])
def test_one_close_behind_another_that_did_not_come_is_in_doubt(behind_um: int, doubts: list[str]) -> None:
    """It may be that one, a whole distance late."""
    track = third_belt()
    ahead, behind = brought(track, 1, 7_900_000), brought(track, 2, 7_900_000 - behind_um)
    found = Found()

    track.advance(320_000, found)
    track.covered(0, 100_000 + behind_um, Instant(1), found)

    assert (ahead in track.items, behind.seen) == (False, 0)
    assert behind.doubts == doubts


def test_a_belt_takes_no_more_than_its_bound() -> None:
    line = SeriesLine()
    belts = line.driver.gateway._lines[0]
    one = thing()
    line.put(one)
    until(line, one, 7_000)
    for number in range(ITEMS_MAX):
        brought(belts.sections[2].track, 1_000 + number, 7_400_000, either_way_um=0)

    line.take_off(one)
    line.run(0.6)

    assert line.count("parcel.lost_track") >= 1
    assert belts.sections[1].track.items == []


# Any row of parcels, any stops ------------------------------------------------------------------------

GAPS_MM = st.sampled_from([80, 150, 300, 600])
LENGTHS_MM = st.sampled_from([120, 200, 300, 480, 650])
SKIDS_UM = st.tuples(*[st.integers(-25_000, 25_000)] * 2)
ROWS = st.lists(st.tuples(GAPS_MM, LENGTHS_MM, SKIDS_UM), min_size=1, max_size=5)
STOPS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.5, 4.0]), st.sampled_from([1, 2]), st.sampled_from([0.3, 2.0, 8.0])),
    max_size=3,
)
"""After so long the first one or two belts stand for so long."""


def row_of(told: list[tuple[int, int, tuple[int, int]]]) -> list[Thing]:
    things, behind_mm, numbers = [], 0, count(1)
    for gap_mm, length_mm, skids in told:
        things.append(thing(next(numbers), behind_mm=behind_mm, length_mm=length_mm, skids=skids))
        behind_mm += length_mm + gap_mm
    return things


@settings(max_examples=10, deadline=None)
@given(ROWS, STOPS)
def test_every_parcel_is_one_visit_and_what_departs_is_what_was_let_go(
    told: list[tuple[int, int, tuple[int, int]]], stops: list[tuple[float, int, float]]
) -> None:
    line, things = SeriesLine(), row_of(told)
    line.put(*things)
    for after_s, belts, lasts_s in stops:
        line.run(after_s)
        line.standing = {belt.id for belt in line.line.belts[:belts]}
        line.run(lasts_s)
        line.standing = set()
    line.run(THROUGH_S + 5)

    assert line.count("parcel.arrived") == len(things), "none is counted twice, none is nobody's"
    assert line.count("parcel.lost_track") == 0, "what stood is not lost"
    assert line.told_green == line.green, "what departs is what lies in the free lane"


@settings(max_examples=10, deadline=None)
@given(ROWS, st.integers(0, 4), st.sampled_from([2_000, 3_100, 5_000, 7_650, 7_900]), STOPS)
def test_one_that_somebody_takes_off_anywhere_takes_no_other_with_it(
    told: list[tuple[int, int, tuple[int, int]]],
    which: int,
    where_mm: int,
    stops: list[tuple[float, int, float]],
) -> None:
    line, things = SeriesLine(), row_of(told)
    taken = things[which % len(things)]
    line.put(*things)
    until(line, taken, where_mm)
    line.take_off(taken)
    for after_s, belts, lasts_s in stops:
        line.run(after_s)
        line.standing = {belt.id for belt in line.line.belts[:belts]}
        line.run(lasts_s)
        line.standing = set()
    line.run(THROUGH_S + 5)

    assert line.told_green == line.green
    assert taken.code not in line.told_green
    visits = line.driver.visits
    ends = [e.visit for e in line.driver.events if e.kind in ("parcel.departed", "parcel.lost_track")]
    held = [e.visit for e in line.driver.events if e.kind == "parcel.diverted" and e.act and e.act.confirmed]
    assert set(ends) | set(held) == set(visits), "every visit is somewhere"
