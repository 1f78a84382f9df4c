"""A belt line whose board and devices fail."""

import pytest
from line_driver import (
    BOARD,
    READER,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    at_order,
    entered,
)

from drivers.reading import (
    DeviceDown,
    EventsLost,
    OrderAnswered,
    WeightRead,
)
from hub_config.names import DeviceId


def test_a_board_that_restarts_loses_track_of_everything_and_what_comes_on_is_held(
    driver: LineDriver,
) -> None:
    thing = at_order(driver)
    driver.board("configuring", continued=False)
    driver.board("ready", continued=False)
    driver.later(TO_END_S - TO_ORDER_S)

    assert thing.front_at(10_500_000) < driver.now
    assert "parcel.lost_track" in driver.kinds(driver.visits[0])
    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.gateway.snapshot().tally.held == 1
    assert "parcel.departed" not in driver.kinds()


def test_a_board_that_stays_silent_leaves_nobody_in_the_dark(driver: LineDriver) -> None:
    """What was on the belt is told lost after a minute, not when the board is back. That does not lose it again."""
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.board("lost")
    driver.pending.clear()
    driver.later(59.0, silent=True)
    assert driver.gateway.snapshot().tally.lost_track == 0

    driver.later(2.0, silent=True)
    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.kinds(driver.visits[0])[-1] == "parcel.lost_track"

    driver.board("ready", continued=True)
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_LANE_S - TO_MEASURED_S)
    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.ons


@pytest.mark.parametrize("state", ["opening", "incompatible", "safe", "lost", "syncing"])
def test_a_board_that_is_not_ready_gets_no_order(driver: LineDriver, state: str) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.board(state)  # type: ignore[arg-type]  # the parameters are states
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_cable_that_is_back_in_time_costs_nothing(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.give(DeviceDown(BOARD, driver.at, "unplugged"))
    driver.later(0.5)
    driver.board("ready", continued=True)
    driver.later(TO_ORDER_S - TO_MEASURED_S - 0.5)

    assert len(driver.ons) == 1


def test_edges_that_are_lost_for_ever_lose_track_of_what_lies_on_the_belt(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.give(EventsLost(BOARD, driver.at, 3))
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.gateway.snapshot().tally.held == 1
    assert dict(driver.gateway.snapshot().balance.rejected)["events_lost"] == 1


def test_a_front_seen_just_before_edges_are_lost_is_looked_for_as_well(driver: LineDriver) -> None:
    """Nobody knows yet whether it is long enough to be a parcel, and nobody will tell."""
    driver.edge("in", driver.now + 10_000_000, blocked=True)
    driver.later(0.03)
    driver.give(EventsLost(BOARD, driver.at, 3))

    assert driver.kinds() == ["parcel.arrived", "parcel.lost_track"]
    assert driver.gateway.snapshot().tally.lost_track == 1


def test_an_order_that_the_board_refuses_ends_in_hold(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.give(OrderAnswered(BOARD, driver.at, driver.ons[0].order, accepted=False, detail="queue_full"))
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_diverter_that_did_not_push_is_noticed_at_the_end(driver: LineDriver) -> None:
    at_order(driver)
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1
    assert "parcel.departed" not in driver.kinds()


def test_what_nobody_sent_into_the_free_lane_is_told_and_looked_for(driver: LineDriver) -> None:
    driver.carry(entered(driver), "green")
    driver.later(TO_LANE_S)

    assert driver.kinds() == ["parcel.arrived", "parcel.diverted", "parcel.lost_track"]
    assert driver.last("parcel.lost_track").flags == ("unknown_item",)
    assert driver.gateway.snapshot().tally.departed == 0


def test_a_parcel_that_an_open_diverter_took_along_has_not_departed(driver: LineDriver) -> None:
    """It was held, and yet its lane's beam sees it in the free lane."""
    thing = driver.measure(entered(driver))
    driver.later(TO_ORDER_S)
    driver.pending = []
    driver.carry(thing, "green")
    driver.later(TO_LANE_S - TO_ORDER_S)

    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)
    assert driver.gateway.snapshot().tally.departed == 0


def test_a_scale_or_reader_that_is_gone_is_said_and_what_passes_is_held(driver: LineDriver) -> None:
    driver.give(DeviceDown(READER, driver.at, "cable"))
    thing = driver.carry(entered(driver))
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().devices_down == (READER,)
    assert driver.gateway.snapshot().lines[0].state == "fault"


def test_a_reading_of_a_stranger_changes_nothing(driver: LineDriver) -> None:
    driver.give(WeightRead(DeviceId("other"), driver.at, 1, "1", "g", None))

    assert driver.kinds() == []
