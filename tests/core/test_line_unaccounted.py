"""Who passed the last beam before the diverters and was seen neither in a lane nor at the end: nothing is pushed behind
it, because a push takes whatever lies in its place."""

import pytest
from line_driver import (
    ENTROPY,
    S10,
    S10_B,
    TO_MEASURED_S,
    LineDriver,
    Object,
    config,
    entered,
    example,
)

from edge.core.belt import Belt
from edge.core.decision import Action
from edge.core.gateway import Gateway
from edge.core.item import Item
from edge.core.lanes import LANE_TOLERANCES
from edge.core.track import Track
from edge.core.unaccounted import MISSING_MAX, Unaccounted
from hub_config.lines import Beam
from hub_config.names import MILLISECOND, SECOND, Instant

DIVERTER_UM = 8_200_000
S10_C = "RR123456785GB"


@pytest.fixture
def driver() -> LineDriver:
    return LineDriver().start()


def released(driver: LineDriver, thing: Object, code: str) -> Object:
    """Measured, and the coordinator says release at once."""
    driver.measure(thing, code)
    driver.later((thing.starts - driver.now) / SECOND + TO_MEASURED_S)
    assert driver.last("parcel.measured").codes[0].data == code
    driver.decide("release", code=code)
    return thing


def behind(thing: Object, seconds: float) -> Object:
    return Object(thing.starts + int(seconds * SECOND))


def test_behind_a_parcel_that_its_lane_has_not_seen_nothing_is_pushed(driver: LineDriver) -> None:
    """It stands across the belt, and what is behind it has stopped against it."""
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    released(driver, behind(first, 3.0), S10_B)
    driver.later(2.5)

    assert len(driver.ons) == 1
    held = driver.last("parcel.decided")
    assert held.visit == driver.visits[1]
    assert held.flags == ("swap_suspected",)


def test_an_order_that_lies_with_the_board_is_taken_back(driver: LineDriver) -> None:
    """The one ahead is missed when the one behind has been ordered already."""
    first = entered(driver, vanishes_um=DIVERTER_UM)
    second = behind(first, 0.9)
    for thing, code in ((first, S10), (second, S10_B)):
        driver.measure(thing, code)
    driver.later(4.2)
    for visit, code in zip(driver.visits, (S10, S10_B), strict=True):
        driver.decide("release", visit=visit, code=code)
    driver.later(2.5)

    assert len(driver.ons) == 2
    assert len(driver.offs) == 1
    assert driver.last("parcel.decided").visit == driver.visits[1]


def test_behind_a_parcel_that_was_lost_before_the_diverter_nothing_is_pushed(driver: LineDriver) -> None:
    first = driver.carry(entered(driver, vanishes_um=7_000_000))
    driver.weigh(first)
    released(driver, behind(first, 4.0), S10_B)
    driver.later(2.5)

    assert driver.kinds(driver.visits[0])[-1] == "parcel.lost_track"
    assert driver.ons == []


def test_once_one_behind_it_has_come_to_the_end_the_stretch_is_free(driver: LineDriver) -> None:
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    second = released(driver, behind(first, 3.0), S10_B)
    driver.later(6.0)
    assert driver.kinds(driver.visits[1])[-1] == "parcel.diverted"
    released(driver, behind(second, 8.0), S10_C)
    driver.later(2.5)

    assert len(driver.ons) == 2


def test_a_parcel_that_its_diverter_missed_is_accounted_for_at_the_end(driver: LineDriver) -> None:
    first = released(driver, entered(driver), S10)
    released(driver, behind(first, 4.5), S10_B)
    driver.later(2.5)

    assert len(driver.ons) == 2


def test_a_parcel_let_go_that_another_lane_has_seen_is_held_with_a_reason(driver: LineDriver) -> None:
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    driver.later(2.4)
    driver.edge("manual", first.front_at(driver.line.beam("manual").position_um), blocked=True)
    driver.later(2.0)

    assert driver.kinds(driver.visits[0])[-2:] == ["parcel.decided", "parcel.diverted"]
    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.last("parcel.diverted").act is not None
    assert driver.last("parcel.diverted").act.lane == "manual"


# Beams between and behind the diverters ------------------------------------------------------------------

BETWEEN_UM = 8_600_000


def with_beam_between() -> LineDriver:
    """A further beam over the belt, between the two diverters."""
    beams = (*example().lines[0].beams, Beam(id="between", channel=6, position=f"{BETWEEN_UM} um"))
    return LineDriver(Gateway(config(beams=beams), ENTROPY)).start()


def stuck_at_first_diverter(driver: LineDriver, action: Action) -> Object:
    """Measured, decided, and it stands at the first diverter, which was not to push it."""
    first = driver.measure(entered(driver, vanishes_um=DIVERTER_UM), S10)
    driver.later(TO_MEASURED_S)
    driver.decide(action, code=S10)
    return first


@pytest.mark.parametrize("action", ["hold", "inspect"])
def test_nothing_takes_the_place_of_one_that_stands_at_a_diverter_before_a_beam_between_two(
    action: Action,
) -> None:
    """Also of one that was ordered at the second diverter."""
    driver = with_beam_between()
    first = stuck_at_first_diverter(driver, action)
    released(driver, behind(first, 0.6), S10_B)
    driver.later(5.0)

    assert {one.channel for one in driver.offs} == {one.channel for one in driver.ons}, "taken back in time"
    assert {event.visit for event in driver.events if event.kind == "parcel.lost_track"} == {driver.visits[0]}
    assert driver.kinds(driver.visits[1])[-1] == "parcel.diverted"
    assert driver.last("parcel.diverted").act is not None
    assert driver.last("parcel.diverted").act.lane == "hold"


def test_one_that_the_beam_between_has_seen_goes_to_the_second_diverter() -> None:
    driver = with_beam_between()
    first = driver.measure(entered(driver), S10)
    driver.later(TO_MEASURED_S)
    driver.decide("inspect", code=S10)
    driver.later(3.3)
    driver.diverted(first)
    driver.later(2.0)

    assert len(driver.ons) == 1
    assert driver.offs == []
    assert driver.last("parcel.diverted").act is not None
    assert driver.last("parcel.diverted").act.lane == "manual"


# One that has slipped ------------------------------------------------------------------------------------


def in_lane(driver: LineDriver, thing: Object, late_um: int) -> None:
    """Something comes to the lane, so far behind the place of this one."""
    late_ns = late_um * 1_000_000 // driver.line.belt.speed_mm_s
    beam_um = driver.line.beam("green").position_um
    driver.edge("green", Instant(thing.front_at(beam_um) + late_ns), blocked=True)


def test_one_that_has_slipped_is_the_stranger_in_its_lane_and_those_behind_it_go_on(
    driver: LineDriver,
) -> None:
    slack_um = LANE_TOLERANCES * driver.line.tolerance_um
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    in_lane(driver, first, slack_um + 10_000)
    released(driver, behind(first, 3.0), S10_B)
    driver.later(2.5)

    assert len(driver.ons) == 2


def test_a_stranger_in_the_place_of_one_behind_proves_nothing(driver: LineDriver) -> None:
    slack_um = LANE_TOLERANCES * driver.line.tolerance_um
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    second = released(driver, behind(first, 3.0), S10_B)
    in_lane(driver, second, slack_um + 10_000)
    released(driver, behind(second, 2.0), S10_C)
    driver.later(2.5)

    assert len(driver.ons) == 1


def test_a_stranger_that_the_end_has_just_seen_is_the_missing_one(driver: LineDriver) -> None:
    """It is not long enough yet to be told, when something comes to the lane in the place of the next one."""
    line = driver.line
    track = Track(line, Belt(line.belt, line.tolerance_um))
    unaccounted = Unaccounted(line, track, 0)
    missing, behind = Item(1, Instant(0), 0, 0), Item(2, Instant(0), 0, -1_500_000)
    new = Item(3, Instant(0), len(track.beams) - 1, -90_000)
    unaccounted.lost(missing)
    track.items = [new, behind]

    assert not unaccounted.doubt_ahead_of(behind, line.free_lane)
    track.items = [behind]
    assert unaccounted.doubt_ahead_of(behind, line.free_lane)
    assert missing.doubts == ["swap_suspected"]


@pytest.mark.parametrize(("late_ms", "told"), [(50, "parcel.diverted"), (350, "parcel.lost_track")])
def test_one_that_has_slipped_and_goes_on_is_who_comes_to_the_end(
    driver: LineDriver, late_ms: int, told: str
) -> None:
    """Still known as itself, or as a stranger."""
    first = released(driver, entered(driver, vanishes_um=DIVERTER_UM), S10)
    end_um, late_ns = driver.line.beam("end").position_um, late_ms * MILLISECOND
    driver.edge("end", Instant(first.front_at(end_um) + late_ns), blocked=True)
    driver.edge("end", Instant(first.rear_at(end_um) + late_ns), blocked=False)
    released(driver, behind(first, 4.5), S10_B)
    driver.later(2.5)

    assert driver.kinds(driver.visits[0])[-1] == told
    assert len(driver.ons) == 2


def test_of_many_that_are_missing_the_rearmost_are_kept(driver: LineDriver) -> None:
    track = Track(driver.line, Belt(driver.line.belt, driver.line.tolerance_um))
    unaccounted = Unaccounted(driver.line, track, 0)
    missing = [Item(n, Instant(0), 0, -n * 500_000) for n in range(MISSING_MAX + 1)]
    for item in missing:
        unaccounted.lost(item)
    beside_the_first, beside_the_second = (Item(99, Instant(0), 0, um) for um in (-250_000, -750_000))

    assert not unaccounted.is_ahead_of(beside_the_first), "the first is forgotten"
    assert unaccounted.is_ahead_of(beside_the_second)
    for item in missing[1:]:
        unaccounted.at_end(item)
    assert not unaccounted.is_ahead_of(beside_the_second)
