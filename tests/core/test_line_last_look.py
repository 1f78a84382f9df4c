"""What a belt must see and read of a parcel once more, or it is not diverted: its full length, a name of its own."""

import pytest
from line_driver import (
    ENTROPY,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    Object,
    config,
    entered,
)
from line_moments import FIRES_AFTER_S, flags, released

from edge.core.gateway import Gateway
from hub_config.names import MILLISECOND, SECOND

# What the last look must see ----------------------------------------------------------------------------


def seen_at_gate(driver: LineDriver, *edges: tuple[int, bool]) -> Object:
    """A released parcel of 300 mm; `edges` at the last look: µm behind where its front is due, covered or free."""
    thing = driver.carry(entered(driver), "in", "scale")
    driver.read(thing)
    driver.weigh(thing)
    for behind_um, blocked in edges:
        driver.edge("gate", thing.front_at(6_000_000 + behind_um), blocked=blocked)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    return thing


@pytest.mark.parametrize(
    "edges",
    [
        ((0, True), (600_000, False)),  # something touches it from behind
        ((0, True), (300_000, False), (310_000, True), (600_000, False)),  # … or nearly
        ((0, True), (150_000, False)),  # something shorter lies in its place
        ((0, True),),  # the beam stays covered
        ((-120_000, True), (300_000, False)),  # something touches it from before
    ],
)
def test_what_does_not_look_as_before_at_the_last_look_is_not_diverted(
    driver: LineDriver, edges: tuple[tuple[int, bool], ...]
) -> None:
    seen_at_gate(driver, *edges)

    assert driver.ons == []
    assert flags(driver)[0] in ("not_isolated", "swap_suspected")


def test_a_parcel_seen_at_its_full_length_at_the_last_look_is_diverted(driver: LineDriver) -> None:
    seen_at_gate(driver, (0, True), (290_000, False))

    assert len(driver.ons) == 1


def test_something_still_under_a_later_beam_hides_nothing_behind_it(driver: LineDriver) -> None:
    """It was put down under the last look, just when a parcel reaches the scale."""
    thing = driver.measure(entered(driver))
    scale = thing.front_at(2_700_000)
    driver.edge("gate", scale - 100 * MILLISECOND, blocked=True)
    driver.edge("gate", scale + 100 * MILLISECOND, blocked=False)
    way_ns = (
        thing.front_at(driver.line.beam("end").position_um - driver.line.beam("gate").position_um)
        - thing.starts
    )
    driver.edge("end", scale - 100 * MILLISECOND + way_ns, blocked=True)
    driver.edge("end", scale + 100 * MILLISECOND + way_ns, blocked=False)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    assert len(driver.ons) == 1
    assert "parcel.lost_track" not in driver.kinds(driver.visits[0])
    assert len(driver.visits) == 2


@pytest.mark.parametrize(("max_length_um", "taken_back"), [(700_000, False), (1_500_000, True)])
def test_a_hand_in_a_beam_far_ahead_takes_no_order_back(max_length_um: int, taken_back: bool) -> None:
    """It covers the belt's end, 2.7 m ahead of the parcel: farther than two of the longest reach back, or not."""
    driver = LineDriver(Gateway(config(max_length_um=max_length_um), ENTROPY)).start()
    released(driver, TO_ORDER_S + 0.1)
    assert len(driver.ons) == 1
    driver.edge("end", driver.now + 20 * MILLISECOND, blocked=True)
    driver.edge("end", driver.now + 60 * MILLISECOND, blocked=False)
    driver.later(0.08)

    assert bool(driver.offs) is taken_back


# The same name twice ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap_um", [900_000, 3_000_000])
def test_the_same_code_on_two_parcels_puts_both_in_doubt(driver: LineDriver, gap_um: int) -> None:
    """Also when the first is measured and released already."""
    first = driver.measure(entered(driver))
    driver.measure(Object(first.rear_at(gap_um)), S10)
    driver.later(TO_MEASURED_S)
    if "parcel.measured" in driver.kinds():
        driver.decide("release")
    driver.later(TO_END_S + 2 - TO_MEASURED_S)

    assert driver.ons == []
    assert [event.flags for event in driver.events if event.kind == "parcel.decided" and event.flags] == [
        ("two_labels",), ("two_labels",),
    ]  # fmt: skip


def test_a_doubt_that_comes_after_the_order_takes_it_back(driver: LineDriver) -> None:
    thing = released(driver, 4.2)
    follower = driver.carry(Object(thing.front_at(0) + 4 * SECOND - 100 * MILLISECOND))
    driver.read(follower, S10)
    driver.later(FIRES_AFTER_S + TO_ORDER_S - 4.2 - 0.05)

    assert len(driver.ons) == 1
    assert len(driver.offs) == 1
    assert flags(driver) == ["two_labels"]


def test_a_parcel_with_a_name_of_its_own_is_not_joined_to_a_held_one(driver: LineDriver) -> None:
    driver.measure(entered(driver), S10_B)
    driver.later(TO_END_S + 1)
    thing = driver.measure(entered(driver))
    driver.read(thing, S10_B, late_ns=20 * MILLISECOND)
    driver.later(TO_END_S + 1)

    assert flags(driver) == ["two_labels"]
    assert "visit.joined" not in [event.kind for event in driver.events]
    assert driver.gateway._visits._in_work == {}
    assert driver.gateway.snapshot().tally.held == 2


def test_a_second_label_told_when_the_measurement_is_closed_is_still_two_labels() -> None:
    """As where the scale comes before the reader: its last answer closes the measurement."""
    reader = config().lines[0].readers[0].model_copy(update={"position_um": 4_500_000})
    driver = LineDriver(Gateway(config(readers=(reader,)), ENTROPY)).start()
    thing = driver.carry(entered(driver))
    driver.weigh(thing)
    driver.later(3.8)
    driver.give(driver.code(driver.now, S10, 1))
    driver.give(driver.code(driver.now, S10_B, 1))
    if driver.kinds()[-1] == "parcel.measured":
        driver.decide("release")
    driver.later(TO_END_S - 3.8)

    assert driver.ons == []
    assert flags(driver) == ["two_labels"]
