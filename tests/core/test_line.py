"""A belt line of the core: one parcel from the first beam into its lane, and what must be on disk before that."""

import pytest
from line_driver import (
    S10,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    at_order,
    entered,
)

from hub_config.names import MILLISECOND

# The good way ---


def test_a_released_parcel_is_diverted_and_departs_when_its_lane_has_seen_it(driver: LineDriver) -> None:
    thing = at_order(driver)
    driver.diverted(thing)
    driver.later(TO_LANE_S - TO_ORDER_S)

    assert driver.kinds() == [
        "parcel.arrived", "parcel.identified", "parcel.measured", "parcel.decided", "parcel.diverted",
        "parcel.diverted", "parcel.departed",
    ]  # fmt: skip
    ordered, seen = (event for event in driver.events if event.kind == "parcel.diverted")
    assert ordered.act is not None
    assert seen.act is not None
    assert (ordered.act.lane, ordered.act.confirmed, seen.act.confirmed) == ("green", False, True)
    assert driver.last("parcel.measured").mass is not None
    assert driver.gateway.snapshot().tally.first_pass == 1


def test_the_order_moves_the_diverter_for_just_this_parcel(driver: LineDriver) -> None:
    thing = at_order(driver)
    (order,) = driver.ons
    front, rear = thing.front_at(8_200_000), thing.rear_at(8_250_000)

    assert order.at == pytest.approx(front - 100 * MILLISECOND, abs=5 * MILLISECOND)
    assert order.at + order.for_ns == pytest.approx(rear, abs=10 * MILLISECOND)


def test_the_reader_is_triggered_while_the_parcel_is_in_its_view_and_the_answer_names_the_trigger(
    driver: LineDriver,
) -> None:
    thing = driver.carry(entered(driver))
    driver.later(1.65)
    (on,) = driver.triggers
    driver.give(driver.code(driver.now, S10, on.number))
    driver.later(0.5)

    assert driver.now > thing.rear_at(1_650_000)
    assert [(one.number, one.on) for one in driver.triggers] == [(1, True), (1, False)]
    assert driver.last("parcel.identified").codes[0].data == S10


def test_an_inspection_goes_to_its_own_lane_and_is_no_departure(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("inspect")
    driver.later(6.3 - TO_MEASURED_S)
    driver.diverted(thing)
    driver.later(2)

    act = driver.last("parcel.diverted").act
    assert act is not None
    assert (act.lane, act.confirmed) == ("manual", True)
    assert "parcel.departed" not in driver.kinds()
    assert driver.gateway.snapshot().tally.inspected == 1


def test_a_held_parcel_that_comes_again_goes_on_under_its_first_visit(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_END_S + 1)  # nobody answers
    first = driver.visits[0]
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)

    assert driver.last("visit.joined").note == (("from", driver.last("visit.joined").visit), ("into", first))
    assert driver.last("parcel.measured").visit == first
    assert driver.gateway.snapshot().tally.entered == 1


# Intent before firing ---


def test_no_order_goes_out_before_its_intent_is_on_disk(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(5.4 - TO_MEASURED_S)
    driver.hold_commits = True
    driver.later(0.3)
    assert driver.kinds()[-1] == "parcel.diverted"
    assert driver.ons == []

    driver.hold_commits = False
    driver.commit()

    assert len(driver.ons) == 1


def test_an_intent_that_is_on_disk_too_late_is_never_ordered(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(5.4 - TO_MEASURED_S)
    driver.hold_commits = True
    driver.later(0.6)
    driver.hold_commits = False
    driver.commit()
    driver.later(TO_END_S - TO_ORDER_S)

    assert thing.front_at(10_500_000) < driver.now
    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("no_time",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_parcel_is_ordered_to_be_diverted_once_a_pass(driver: LineDriver) -> None:
    thing = at_order(driver)
    driver.decide("release")
    driver.later(0.3)
    driver.diverted(thing)
    driver.later(1.5)

    assert len(driver.ons) == 1
    assert (
        sum(e.kind == "parcel.diverted" and e.act is not None and not e.act.confirmed for e in driver.events)
        == 1
    )
