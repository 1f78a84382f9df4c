"""Decisions about parcels on a belt that come late, end, or are taken back."""

from line_driver import (
    BOARD,
    ENTROPY,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    config,
    entered,
)

from drivers.reading import BeltMoved, OrderAnswered
from edge.core.gateway import Gateway
from edge.core.inputs import JournalTrouble, LinkChanged
from hub_config.names import Instant


def test_without_a_decision_in_time_it_runs_to_the_fail_safe_end(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_ORDER_S)
    driver.decide("release")
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.last("parcel.decided").flags == ("decision_late",)
    assert driver.ons == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"too_late": 1}
    assert driver.gateway.snapshot().tally.held == 1


def test_a_line_with_a_lane_for_late_decisions_sends_it_there() -> None:
    first, second = config().lines[0].diverters
    line = {
        "diverters": (first, second.model_copy(update={"lane": "recirculate"})),
        "late_lane": "recirculate",
    }
    driver = LineDriver(Gateway(config(**line), ENTROPY)).start()
    thing = driver.measure(entered(driver))
    driver.later(6.3)
    driver.diverted(thing)
    driver.later(2)

    act = driver.last("parcel.diverted").act
    assert act is not None
    assert (act.lane, act.confirmed) == ("recirculate", True)
    assert driver.last("parcel.decided").flags == ("decision_late",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_release_that_ends_before_the_diverter_is_reached_does_not_divert(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release", valid_s=2.3)
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("decision_late",)


def test_a_recall_before_the_diverter_moves_takes_the_order_back(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    (order,) = driver.ons
    driver.decide("hold")
    driver.later(TO_END_S - TO_ORDER_S)

    assert [(off.channel, off.at) for off in driver.offs] == [(order.channel, order.at)]
    assert driver.gateway.snapshot().tally.held == 1
    assert "parcel.departed" not in driver.kinds()


def test_a_parcel_recalled_when_the_diverter_moves_has_not_departed_and_is_looked_for(
    driver: LineDriver,
) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(5.97 - TO_MEASURED_S)
    driver.decide("hold")
    driver.diverted(thing)
    driver.later(1.5)

    assert driver.offs == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"recalled_too_late": 1}
    assert driver.kinds()[-2:] == ["parcel.diverted", "parcel.lost_track"]
    assert driver.gateway.snapshot().tally.lost_track == 1


def test_a_belt_that_stops_takes_the_order_back(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.give(BeltMoved(BOARD, Instant(driver.now + 1), driver.count_at(driver.now), moving=False))
    driver.give(OrderAnswered(BOARD, driver.at, driver.offs[0].order, accepted=True, detail="ok"))

    assert len(driver.offs) == 1
    assert driver.last("parcel.decided").flags == ("no_time",)


def test_away_from_the_coordinator_everything_measured_is_held(driver: LineDriver) -> None:
    driver.give(LinkChanged(driver.at, broker=False, coordinator=False))
    driver.later(5.5)
    driver.measure(entered(driver))
    driver.later(TO_END_S)

    assert driver.last("parcel.decided").flags == ("offline_default",)
    assert driver.gateway.snapshot().tally.held == 1


def test_while_the_disk_refuses_nothing_is_diverted(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.hold_commits = True
    driver.give(JournalTrouble(driver.at, "disk full"))
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("device_fault",)
