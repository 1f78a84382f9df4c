"""Lanes that are full or blocked: nothing is pushed into them."""

import pytest
from line_driver import TO_END_S, LineDriver, at_order

from drivers.command import SwitchOff, SwitchOn
from hub_config.names import MILLISECOND, SECOND


@pytest.fixture
def driver() -> LineDriver:
    return LineDriver().start()


def orders(driver: LineDriver) -> list[type]:
    return [type(one) for one in driver.commands if isinstance(one, SwitchOn | SwitchOff)]


def test_nothing_is_pushed_into_a_lane_whose_beam_stays_covered(driver: LineDriver) -> None:
    driver.edge("green", driver.now + SECOND, blocked=True)
    driver.later(5)
    assert driver.gateway.snapshot().lines[0].devices_down == ("lane green",)
    assert driver.gateway.snapshot().lines[0].state == "fault"

    at_order(driver)
    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert orders(driver) == []

    driver.edge("green", driver.now + 100 * MILLISECOND, blocked=False)
    driver.later(TO_END_S)
    assert driver.gateway.snapshot().lines[0].devices_down == ()
    at_order(driver)
    assert orders(driver) == [SwitchOn]


def test_a_lane_that_is_found_full_in_the_last_moment_takes_its_order_back(driver: LineDriver) -> None:
    """Covered since 2 s and as long again as the longest parcel takes, when the order already lies with the board."""
    driver.edge("green", driver.now + 2_600 * MILLISECOND, blocked=True)
    at_order(driver)
    assert orders(driver) == [SwitchOn]
    driver.later(0.1)

    assert orders(driver) == [SwitchOn, SwitchOff]
