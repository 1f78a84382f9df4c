"""A lane that stands for a while: its last parcel lies across the belt, and comes to the lane's beam late, in the place
of the one that was pushed behind it. What lies in a lane keeps its order, so who has come nobody knows."""

import pytest
from line_driver import S10, S10_B, TO_MEASURED_S, TO_ORDER_S, LineDriver, Object, entered
from line_moments import SeldomTold
from standing_lane import STEP_NS, StandingLane

from hub_config.names import MILLISECOND, SECOND

GREEN_UM = 8_900_000


@pytest.fixture
def driver() -> LineDriver:
    return SeldomTold().start()


def two_ordered(driver: LineDriver, apart_us: int, length_um: int) -> tuple[Object, Object]:
    """Two released parcels, the second's front so much later; both are ordered into the green lane."""
    first = driver.measure(entered(driver, length_um=length_um), trigger=1)
    second = driver.measure(Object(first.starts + apart_us * 1_000, length_um), S10_B, trigger=2)
    driver.later(TO_MEASURED_S)
    driver.decide("release", visit=driver.visits[0])
    driver.later(apart_us / 1e6)
    driver.decide("release", visit=driver.visits[1], code=S10_B)
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    assert len(driver.ons) == 2
    return first, second


def come_to_lane(driver: LineDriver, thing: Object, late_ns: int) -> None:
    for at, blocked in ((thing.front_at(GREEN_UM), True), (thing.rear_at(GREEN_UM), False)):
        driver.edge("green", at + late_ns, blocked=blocked)


def reasons_of_lost(driver: LineDriver) -> dict[str, tuple[str, ...]]:
    return {event.visit or "": event.flags for event in driver.events if event.kind == "parcel.lost_track"}


@pytest.mark.parametrize(
    ("apart_us", "length_um", "stood_us"),
    [(400_000, 300_000, 400_000), (400_000, 300_000, 300_000), (240_000, 300_000, 127_000)],
)
def test_what_comes_in_the_place_of_another_while_the_one_ahead_was_not_seen_has_not_departed(
    driver: LineDriver, apart_us: int, length_um: int, stood_us: int
) -> None:
    """The last of them comes before the first is missed."""
    first, second = two_ordered(driver, apart_us, length_um)
    driver.diverted(first)
    driver.pending = []
    for thing in (first, second):
        come_to_lane(driver, thing, stood_us * 1_000)
    driver.later(3.0)

    assert "parcel.departed" not in driver.kinds()
    lost = reasons_of_lost(driver)
    assert lost[driver.visits[1]] == ("swap_suspected",)
    assert driver.visits[0] in lost
    told = driver.kinds(driver.visits[1])
    assert told[-2:] == ["parcel.diverted", "parcel.lost_track"], (
        "seen, and let go, but nobody knows which it is"
    )


def test_the_same_lane_that_runs_tells_both(driver: LineDriver) -> None:
    first, second = two_ordered(driver, 240_000, 300_000)
    driver.diverted(first)
    driver.pending = []
    for thing in (first, second):
        come_to_lane(driver, thing, 20 * MILLISECOND)
    driver.later(3.0)

    departed = [event.codes[0].data for event in driver.events if event.kind == "parcel.departed"]
    assert departed == [S10, S10_B]


def test_one_that_is_known_to_be_elsewhere_puts_nobody_in_doubt(driver: LineDriver) -> None:
    """The first slipped, and came as a stranger before the second was due."""
    first, second = two_ordered(driver, 600_000, 300_000)
    driver.diverted(first)
    driver.pending = []
    come_to_lane(driver, first, 200 * MILLISECOND)
    come_to_lane(driver, second, 0)
    driver.later(3.0)

    departed = [event.codes[0].data for event in driver.events if event.kind == "parcel.departed"]
    assert departed == [S10_B]
    assert driver.now > SECOND


# Any row, and a lane that stands at any time ------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 16, 34, 37, 47, 57, 1, 2])
def test_nobody_departs_when_another_one_comes_to_the_lane(seed: int) -> None:
    """In all but the last two of these somebody did."""
    lane = StandingLane(seed).run()

    for body in lane.bodies:
        told_at = lane.departed.get(body.code)
        assert told_at is None or (body.seen_at is not None and abs(told_at - body.seen_at) <= STEP_NS)
