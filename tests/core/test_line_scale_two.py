"""Two parcels that the beams see as one: the scale's records tell."""

import pytest
from line_driver import S10_B, TO_MEASURED_S, LineDriver, Object, entered

from drivers.reading import WeightRead
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant


def test_a_record_that_comes_while_a_parcel_covers_the_beam_tells_that_it_may_be_two(
    driver: LineDriver,
) -> None:
    """Two that touched have come apart by less than a beam tells: the scale weighs each, the beams see one."""
    first = driver.measure(entered(driver))
    both = driver.carry(Object(first.starts + SECOND, length_um=600_000))
    driver.read(both, S10_B)
    middle = both.front_at(2_700_000 + 300_000)
    for at_ns, mg in ((middle, 400_000), (both.rear_at(2_700_000), 500_000)):
        driver.record += 1
        at = Instant(at_ns + 100 * MILLISECOND)
        driver.when(at, WeightRead(DeviceId("wim-1"), at, mg, "", "g", None, record=driver.record))
    driver.later(TO_MEASURED_S + 1.5)

    held = driver.last("parcel.decided")
    assert (held.visit, held.flags[0], held.mass) == (driver.visits[1], "not_isolated", None)
    assert dict(driver.gateway.snapshot().balance.rejected)["record_orphan"] == 1


# A bag with a hole, of which the scale makes two records ------------------------------------------------


def bag(driver: LineDriver, *, hole_um: int = 20_000) -> tuple[Object, Object]:
    """The scale's beam comes free in the middle of the first, 400 mm long; the second is short and close behind."""
    driver.measure(entered(driver))
    first = driver.carry(Object(driver.now + 2 * SECOND, length_um=400_000))
    driver.read(first, S10_B)
    second = driver.carry(Object(first.rear_at(60_000), length_um=120_000))
    driver.read(second, "LB778507182CN")
    hole = 2_700_000 + 200_000
    driver.edge("scale", first.front_at(hole), blocked=False)
    driver.edge("scale", first.front_at(hole + hole_um), blocked=True)
    return first, second


def told(driver: LineDriver, since: int, mg: int, *, after_ms: int = 250) -> None:
    """A record of an end that the scale saw then."""
    driver.record += 1
    at = Instant(since + after_ms * MILLISECOND)
    driver.when(at, WeightRead(DeviceId("wim-1"), at, mg, "", "g", None, record=driver.record))


def weights(driver: LineDriver) -> list[int | None]:
    """Of each visit, as it was decided."""
    decided = {event.visit: event.mass for event in driver.events if event.mass is not None}
    return [None if visit not in decided else decided[visit].mg for visit in driver.visits]


@pytest.mark.parametrize("lost", [True, False])
def test_the_second_record_of_a_bag_with_a_hole_is_not_the_next_parcels(
    driver: LineDriver, lost: bool
) -> None:
    """Also where the next one's own never comes."""
    first, second = bag(driver)
    told(driver, first.front_at(2_900_000), 900_000)
    told(driver, first.rear_at(2_700_000), 900_000)
    if not lost:
        told(driver, second.rear_at(2_700_000), 150_000)
    driver.later(TO_MEASURED_S + 1.3)
    driver.decide("release", visit=driver.visits[1], code=S10_B)
    driver.later(3)

    assert "parcel.measured" not in driver.kinds(driver.visits[2])
    assert weights(driver)[2] is None
    flags = {event.visit: event.flags for event in driver.events if event.kind == "parcel.decided"}
    assert flags[driver.visits[1]] == ("assoc_low",)
    assert driver.ons == []


def test_behind_such_a_bag_weights_are_told_again(driver: LineDriver) -> None:
    first, second = bag(driver)
    told(driver, first.front_at(2_900_000), 900_000)
    told(driver, first.rear_at(2_700_000), 900_000)
    told(driver, second.rear_at(2_700_000), 150_000)
    driver.later(TO_MEASURED_S + 5)
    for code in ("RX004673119DE", "LX123456785GB"):
        thing = driver.measure(entered(driver), code)
        driver.later(TO_MEASURED_S)

    assert driver.last("parcel.measured").visit == driver.visits[-1]
    assert thing.starts < driver.last("parcel.measured").at


def test_a_beam_that_bounces_in_a_parcel_costs_nobodys_weight(driver: LineDriver) -> None:
    first, second = bag(driver, hole_um=6_000)
    told(driver, first.rear_at(2_700_000), 900_000)
    told(driver, second.rear_at(2_700_000), 150_000)
    driver.later(TO_MEASURED_S + 3)

    assert weights(driver) == [500_000, 900_000, 150_000]


def test_a_hole_whose_record_cannot_have_been_the_bags_costs_nobodys_weight(driver: LineDriver) -> None:
    """The next one's record comes when the bag's is no longer waited for."""
    first, second = bag(driver)
    told(driver, first.rear_at(2_700_000), 900_000)
    told(driver, second.rear_at(2_700_000), 150_000, after_ms=350)
    driver.later(TO_MEASURED_S + 3)

    assert weights(driver) == [500_000, 900_000, 150_000]


def test_a_strap_behind_a_parcel_may_have_a_record_of_its_own(driver: LineDriver) -> None:
    """The beam saw the parcel end, and then its strap."""
    driver.measure(entered(driver))
    first = driver.measure(Object(driver.now + 2 * SECOND), S10_B)
    strap = first.rear_at(2_720_000)
    driver.edge("scale", strap, blocked=True)
    driver.edge("scale", strap + 10 * MILLISECOND, blocked=False)
    second = driver.carry(Object(first.rear_at(90_000), length_um=120_000))
    driver.read(second, "LB778507182CN")
    told(driver, strap, 10_000)
    driver.later(TO_MEASURED_S + 3)

    assert weights(driver)[2] is None
    assert "parcel.measured" not in driver.kinds(driver.visits[2])


# Two that the scale weighs as one: its numbers lag ------------------------------------------------------


def crowd(driver: LineDriver, parcels: int) -> None:
    """One after the other, 450 ms apart, with records that bear the number of the one before."""
    for _ in range(parcels):
        thing = driver.carry(Object(driver.now + 450 * MILLISECOND, length_um=200_000))
        told(driver, thing.rear_at(2_700_000), 700_000, after_ms=100)
        driver.later(0.45)


def test_staff_are_told_that_the_scale_is_out_of_step_and_that_a_pause_ends_it(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(2)
    driver.carry(Object(driver.now + 600 * MILLISECOND, length_um=200_000))  # weighed with the next
    driver.later(0.45)
    crowd(driver, 6)
    driver.later(3.5)
    assert driver.gateway.snapshot().lines[0].wrong == ()
    crowd(driver, 8)
    driver.later(3)

    assert driver.gateway.snapshot().lines[0].wrong == (("out_of_step", "wim-1"),)
    assert driver.gateway.snapshot().lines[0].state == "fault"
    told_of = [dict(event.note).get("state") for event in driver.events if event.kind == "device.changed"]
    assert told_of.count("out_of_step") == 1

    driver.later(6)
    crowd(driver, 4)
    driver.later(5)
    assert driver.gateway.snapshot().lines[0].wrong == ()
    assert dict(driver.last("device.changed").note)["state"] == "in_step"
