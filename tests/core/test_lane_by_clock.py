"""What comes to the beam inside a lane, where the belt's counts have failed on the way there (`lanes.py`).

A parcel that was pushed is expected by the clock as well, at the moment that was foreseen when its diverter moved.
A stranger is one all the same, no parcel is confirmed twice, and none for another.
"""

import pytest
from line_driver import (
    BOARD,
    S10,
    S10_B,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    Object,
    at_order,
    config,
    entered,
)
from line_moments import SeldomTold, leave_out

from drivers.reading import BeamChanged, BeltMoved
from edge.core.belt import Belt
from edge.core.item import Item, Push
from edge.core.lanes import Lanes
from hub_config.names import MILLISECOND, SECOND, Instant

GREEN_UM, DIVERTER_UM = 8_900_000, 8_200_000
LEFT_OUT_UM = 450_000
"""More than a parcel in a lane may be off by its counts."""


@pytest.fixture
def driver() -> LineDriver:
    return SeldomTold().start()


def green(driver: LineDriver) -> list[tuple[str, ...]]:
    """What each visit of which the green lane's beam told ended with, in the order in which it told of them."""
    seen = [
        event.visit
        for event in driver.events
        if event.kind == "parcel.diverted" and event.act is not None and event.act.confirmed
        and event.act.lane == "green"
    ]  # fmt: skip
    return [tuple(driver.kinds(visit)[-1:]) for visit in seen]


def fails_in_the_lane(driver: LineDriver, thing: Object, past_um: int = 150_000) -> None:
    """The encoder leaves out counts once the parcel has passed its diverter by so much."""
    leave_out(driver, thing.front_at(DIVERTER_UM + past_um), LEFT_OUT_UM)


def put_into_lane(driver: LineDriver, at: int, length_um: int = 300_000) -> None:
    """By hand: its front comes to the lane's beam then."""
    driver.edge("green", at, blocked=True)
    driver.edge("green", at + length_um * SECOND // 1_500_000, blocked=False)


def two_ordered(driver: LineDriver, gap_us: int) -> tuple[Object, Object]:
    """Two released parcels, the second's front so much later; both are ordered into the green lane."""
    first = driver.measure(entered(driver))
    second = driver.measure(Object(first.starts + gap_us * 1_000), S10_B)
    driver.later(TO_MEASURED_S)
    driver.decide("release", visit=driver.visits[0])
    driver.later(gap_us / 1e6)
    driver.decide("release", visit=driver.visits[1], code=S10_B)
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    assert len(driver.ons) == 2
    return first, second


# It is the one that was pushed --------------------------------------------------------------------------


def test_a_parcel_whose_counts_are_left_out_on_its_way_into_the_lane_is_confirmed(driver: LineDriver) -> None:
    thing = at_order(driver)
    fails_in_the_lane(driver, thing)
    driver.diverted(thing)
    driver.later(2.0)

    assert green(driver) == [("parcel.departed",)]
    assert len(driver.visits) == 1


def test_counts_left_out_just_before_its_diverter_moved_leave_nobody_else_to_be_pushed(
    driver: LineDriver,
) -> None:
    thing = at_order(driver)
    leave_out(driver, thing.front_at(DIVERTER_UM) - 60 * MILLISECOND, LEFT_OUT_UM)
    driver.diverted(thing)
    driver.later(2.0)

    assert green(driver) == [("parcel.departed",)]


@pytest.mark.parametrize("past_um", [300_000, 500_000])
def test_two_that_follow_each_other_are_each_confirmed_as_itself(driver: LineDriver, past_um: int) -> None:
    """By the counts the second would be nearer to where the first was expected, or the first once more."""
    first, second = two_ordered(driver, 300_000)
    fails_in_the_lane(driver, first, past_um)
    driver.diverted(first)
    driver.carry(second, "green")
    driver.later(2.5)

    departed = [event for event in driver.events if event.kind == "parcel.departed"]
    assert [event.codes[0].data for event in departed] == [S10, S10_B]
    assert [event.at for event in departed] == [first.front_at(GREEN_UM), second.front_at(GREEN_UM)]
    assert len(driver.visits) == 2


def test_a_lane_whose_own_drive_runs_on_brings_its_parcel_while_the_belt_stands(driver: LineDriver) -> None:
    """It stops when the parcel has left it by half."""
    thing = at_order(driver)
    stops = thing.front_at(DIVERTER_UM + 150_000)
    driver.pending = []
    driver.later((stops - driver.now) / SECOND)
    count = driver.count_at(stops)
    driver.give(BeltMoved(BOARD, Instant(stops + 1), count, moving=False))
    for at, blocked in ((thing.front_at(GREEN_UM), True), (thing.rear_at(GREEN_UM), False)):
        driver.now = at
        driver.give(BeamChanged(BOARD, Instant(at), driver.line.beam("green").channel, blocked, count, 1_000))

    assert green(driver) == [("parcel.departed",)]
    assert len(driver.visits) == 1


# A stranger is a stranger -------------------------------------------------------------------------------


@pytest.mark.parametrize("early_ms", [250, 400])
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_hand_puts_into_the_lane_before_a_parcel_is_a_stranger(
    driver: LineDriver, early_ms: int, fails: bool
) -> None:
    thing = at_order(driver)
    if fails:
        fails_in_the_lane(driver, thing)
    driver.diverted(thing)
    put_into_lane(driver, thing.front_at(GREEN_UM) - early_ms * MILLISECOND, 150_000)
    driver.later(2.0)

    assert green(driver) == [("parcel.lost_track",), ("parcel.departed",)]
    assert driver.visits[0] == driver.last("parcel.departed").visit
    assert driver.last("parcel.lost_track").flags == ("unknown_item",)


def test_what_comes_into_the_lane_when_nobody_is_due_is_a_stranger(driver: LineDriver) -> None:
    leave_out(driver, driver.now + SECOND, LEFT_OUT_UM)
    put_into_lane(driver, driver.now + SECOND + 300 * MILLISECOND)
    driver.later(3.0)

    assert green(driver) == [("parcel.lost_track",)]
    assert driver.last("parcel.lost_track").flags == ("unknown_item",)


def test_no_parcel_is_confirmed_a_second_time_where_its_counts_say_that_it_comes(driver: LineDriver) -> None:
    thing = at_order(driver)
    fails_in_the_lane(driver, thing)
    driver.diverted(thing)
    put_into_lane(driver, thing.front_at(GREEN_UM + LEFT_OUT_UM), 150_000)
    driver.later(3.0)

    assert green(driver) == [("parcel.departed",), ("parcel.lost_track",)]


def test_a_beam_that_bounces_while_counts_are_left_out_confirms_nobody_else(driver: LineDriver) -> None:
    first, second = two_ordered(driver, 300_000)
    fails_in_the_lane(driver, first, 500_000)
    driver.diverted(first)
    for ms in (1, 4):
        driver.edge("green", first.front_at(GREEN_UM) + ms * MILLISECOND, blocked=ms == 4)
    driver.carry(second, "green")
    driver.later(2.5)

    assert green(driver) == [("parcel.departed",), ("parcel.departed",)]
    assert len(driver.visits) == 2


# What is in doubt has not departed ----------------------------------------------------------------------


def test_where_counts_name_the_first_and_the_clock_the_second_neither_departs(driver: LineDriver) -> None:
    """Somebody took the first out of the lane, and the encoder left out as much as the second is behind it."""
    first, second = two_ordered(driver, 300_000)
    fails_in_the_lane(driver, first)
    driver.diverted(first)
    driver.pending = []
    driver.carry(second, "green")
    driver.later(2.5)

    assert "parcel.departed" not in driver.kinds()
    assert green(driver) == [("parcel.lost_track",)]
    lost = {event.visit: event.flags for event in driver.events if event.kind == "parcel.lost_track"}
    assert lost[driver.visits[1]] == ("swap_suspected",)


@pytest.mark.parametrize(
    ("before_um", "ahead_um", "doubts"),
    [
        (150_000, 350_000, ["swap_suspected"]),
        (150_000, 700_000, []),
        (-150_000, 350_000, []),
        (201_000, 700_000, ["swap_suspected"]),
    ],
)
def test_one_that_another_may_have_been_pushed_for_is_in_doubt(
    before_um: int, ahead_um: int, doubts: list[str]
) -> None:
    """By the belt's reports it was still so far before its diverter when that moved for it, and another ahead of it."""
    line = config().lines[0]
    belt = Belt(line.belt, line.tolerance_um)
    for ms in range(0, 2_100, 100):
        belt.moved(Instant(ms * MILLISECOND), min(ms, 1_000) * 3, moving=True)
    passes_at, travel_um = Instant(1_500 * MILLISECOND), 1_500_000
    front_um = DIVERTER_UM - before_um - travel_um
    pushed = Item(2, Instant(0), 0, front_um, rear_um=front_um - 300_000)
    pushed.push = Push(line.diverters[0], 1, order=1, passes_at=passes_at, lane_at=Instant(2 * SECOND))
    ahead = Item(1, Instant(0), 0, front_um + ahead_um, rear_um=front_um + ahead_um - 250_000)
    lanes, channel = Lanes(line, belt), line.beam("green").channel

    timely = lanes.timely(channel, Instant(2 * SECOND), [ahead, pushed])
    assert timely is pushed
    assert lanes.expected(channel, GREEN_UM - belt.travel_um, timely, [ahead, pushed]) is pushed
    assert pushed.doubts == doubts


def test_what_was_pushed_before_the_belts_oldest_report_is_in_doubt() -> None:
    line = config().lines[0]
    pushed = Item(1, Instant(0), 0, 0, rear_um=-300_000)
    pushed.push = Push(line.diverters[0], 1, order=1, passes_at=Instant(0), lane_at=Instant(SECOND))
    belt = Belt(line.belt, line.tolerance_um)
    belt.moved(Instant(SECOND), 0, moving=True)
    lanes, channel = Lanes(line, belt), line.beam("green").channel

    assert lanes.expected(channel, GREEN_UM, pushed, [pushed]) is pushed
    assert pushed.doubts == ["swap_suspected"]
