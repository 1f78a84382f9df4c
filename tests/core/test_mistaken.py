"""Parcels of which one may come to a beam in another's place, since the belt's counts went wrong (`mistaken.py`).

None bears another's name into a lane; where the clock can tell, each keeps its own.
"""

import pytest
from line_driver import S10_B, TO_END_S, TO_MEASURED_S, LineDriver, Object, entered
from line_moments import SeldomTold, leave_out, stand

from edge.core.item import Item
from edge.core.mistaken import TOLD_NS, doubt_behind_strays, doubt_waiting
from hub_config.names import SECOND, Instant

GATE_UM = 6_000_000


@pytest.fixture
def driver() -> LineDriver:
    return SeldomTold().start()


def pair(
    driver: LineDriver,
    behind_um: int,
    since_um: int,
    um: int,
    *,
    length_um: int = 300_000,
    off_um: int | None = None,
) -> None:
    """Two good parcels of one length, the second's front so far behind. From where the first's front is at `since_um`
    the encoder leaves out so much. `off_um`: where somebody takes the first off the belt."""
    first = entered(driver, length_um=length_um)
    first.vanishes_um = off_um
    leave_out(driver, first.front_at(since_um), um)
    driver.measure(first)
    driver.measure(Object(first.front_at(behind_um), length_um), S10_B)


def released(driver: LineDriver, seconds: float) -> None:
    """Each as soon as it is measured, and then so long."""
    asked: set[object] = set()
    for _ in range(int(seconds * 20)):
        driver.later(0.05)
        for event in list(driver.events):
            if event.kind == "parcel.measured" and event.visit not in asked and event.visit is not None:
                asked.add(event.visit)
                driver.decide("release", visit=event.visit, code=event.codes[0].data)


def held(driver: LineDriver) -> list[tuple[str, ...]]:
    decided = {event.visit: event.flags for event in driver.events if event.kind == "parcel.decided"}
    return [decided.get(visit, ()) for visit in driver.visits]


@pytest.mark.parametrize("um", [600_000, 1_350_000])
def test_the_next_parcel_does_not_leave_in_the_place_of_one_that_was_taken_off(
    driver: LineDriver, um: int
) -> None:
    """The encoder left out as much as it is behind that one: by the counts it is that one, to the millimetre."""
    pair(driver, um, 4_000_000, um, off_um=GATE_UM - 500_000)
    released(driver, TO_END_S + 2)

    assert driver.ons == []
    assert "parcel.departed" not in driver.kinds()
    assert held(driver)[0] == ("swap_suspected",)


def test_two_as_far_off_as_one_is_behind_the_other_keep_their_names_by_the_clock(driver: LineDriver) -> None:
    pair(driver, 1_350_000, 4_500_000, 1_350_000)
    released(driver, TO_END_S + 3)

    assert len(driver.visits) == 2
    assert [driver.kinds(visit)[-1] for visit in driver.visits] == ["parcel.diverted"] * 2
    assert held(driver) == [("lost_track",), ("swap_suspected",)]
    assert driver.ons == []


def test_one_that_comes_where_the_one_before_should_after_that_was_a_stray_is_held(
    driver: LineDriver,
) -> None:
    """More is left out than a belt is believed to run on: who the stray is nobody knows."""
    pair(driver, 3_200_000, 3_200_000, 3_200_000)
    released(driver, TO_END_S + 6)

    assert driver.ons == []
    assert "parcel.departed" not in driver.kinds()


def test_one_that_comes_past_another_while_counts_are_left_out_is_no_part_of_it(driver: LineDriver) -> None:
    """Under the gate: by the counts the second's front lies within the first."""
    pair(driver, 680_000, GATE_UM + 300_000, 450_000, length_um=600_000)
    released(driver, TO_END_S + 3)

    assert len(driver.visits) == 2
    assert [driver.kinds(visit)[-1] for visit in driver.visits] == ["parcel.diverted"] * 2
    assert driver.ons == []
    assert held(driver)[1] == ("swap_suspected",)


@pytest.mark.parametrize("um", [2_000_000, 450_000])
def test_one_that_may_have_come_past_another_unseen_is_held(driver: LineDriver, um: int) -> None:
    """So much more has been left out than fits the second that the clock can't name it."""
    pair(driver, 680_000 if um == 450_000 else 720_000, GATE_UM + 300_000, um, length_um=600_000)
    released(driver, TO_END_S + 4)

    assert driver.ons == []


def test_after_a_short_stop_the_first_that_comes_where_it_should_shows_that_the_counts_are_right(
    driver: LineDriver,
) -> None:
    """The second and the third lie as far apart as the belt would have run: the clock alone could mistake them."""
    first = driver.measure(entered(driver))
    second = driver.measure(Object(first.front_at(700_000)), S10_B)
    driver.measure(Object(second.front_at(900_000)), "LB778507182CN")
    driver.later((first.front_at(4_950_000) - driver.now) / SECOND)
    stand(driver, 0.6)
    released(driver, 3.8)

    assert len(driver.ons) == 3


def test_a_hand_that_puts_a_parcel_on_the_belt_puts_nobody_else_in_doubt(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.carry(Object(thing.starts - SECOND, appears_um=3_000_000), "gate")
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(2.5)

    assert len(driver.ons) == 1


def test_only_what_was_last_seen_before_the_counts_went_wrong_is_in_doubt() -> None:
    before, since = (Item(n, Instant(0), 0, 0, anchored_at=Instant(n * SECOND)) for n in (1, 3))
    seen = Item(4, Instant(0), 0, 0, seen=2)

    doubt_waiting([before, since, seen], 2, Instant(2 * SECOND))
    assert [one.doubts for one in (before, since, seen)] == [["swap_suspected"], [], []]


@pytest.mark.parametrize(("late_ns", "doubts"), [(TOLD_NS, ["swap_suspected"]), (TOLD_NS + 1, [])])
def test_a_stray_counts_until_the_reports_have_told_of_it(late_ns: int, doubts: list[str]) -> None:
    stray = Item(1, Instant(SECOND), 2, 0, seen=2, anchored_at=Instant(SECOND))
    behind = Item(2, Instant(0), 0, -500_000, seen=1)

    doubt_behind_strays([stray, behind], Instant(SECOND + late_ns))
    assert behind.doubts == doubts
