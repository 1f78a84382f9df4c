"""Where the belt is: counts that are worth more than configured, and an encoder that dies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_driver import BOARD, COUNT_UM, UM_PER_S, LineDriver, Object, config

from drivers.reading import BeamChanged, BeltMoved
from edge.core.belt import CREEPS, STRETCH_MAX_PPM, STUCK_EDGES, Belt
from hub_config.names import MILLISECOND, SECOND, Instant


@pytest.fixture
def belt() -> Belt:
    line = config().lines[0]
    return Belt(line.belt, line.tolerance_um)


@pytest.fixture
def driver() -> LineDriver:
    return LineDriver().start()


def test_a_count_that_is_longer_than_configured_is_learnt_from_parcels(belt: Belt) -> None:
    belt.moved(Instant(0), 1_000, moving=True)

    assert [belt.calibrate(8_000) for _ in range(CREEPS)] == [0] * (CREEPS - 1) + [8_000]
    assert belt.stretch_ppm == 8_000
    assert belt.travel_of(1_000) == 1_000 * COUNT_UM, "where it is does not jump"
    assert belt.travel_of(2_000) - belt.travel_of(1_000) == 1_000 * COUNT_UM * 1_008 // 1_000


def test_a_belt_that_runs_on_while_all_counts_are_left_out_keeps_its_usual_speed(belt: Belt) -> None:
    for report in range(30):
        counts = min(report, 10) * 300
        belt.moved(Instant(report * 100 * MILLISECOND), counts, moving=True)

    assert belt.speed_um_s == 0
    assert belt.usual_um_s == UM_PER_S


@given(st.integers(2, 40), st.integers(0, 3_000_000))
def test_it_is_woken_at_the_first_instant_at_which_it_has_come_so_far(counts: int, further_um: int) -> None:
    line = config().lines[0]
    belt = Belt(line.belt, line.tolerance_um)
    for report in range(4):
        belt.moved(Instant(report * 97 * MILLISECOND), report * counts, moving=True)
    goal_um = belt.travel_um + 1 + further_um

    at = belt.reached_at(goal_um)

    assert at is not None
    assert belt.travel_at(at) >= goal_um > belt.travel_at(Instant(at - 1))
    assert belt.when(goal_um) in (at, at - 1)


def test_one_parcel_that_slips_changes_no_count_and_neither_do_many_that_creep_both_ways(belt: Belt) -> None:
    assert [belt.calibrate(20_000 if n == 3 else 0) for n in range(CREEPS)] == [0] * CREEPS
    assert [belt.calibrate(200 if n % 2 else -200) for n in range(CREEPS)] == [0] * CREEPS
    assert belt.stretch_ppm == 0


def test_a_count_is_not_stretched_past_its_bound(belt: Belt) -> None:
    for _ in range(10 * CREEPS):
        belt.calibrate(20_000)

    assert belt.stretch_ppm == STRETCH_MAX_PPM


def test_a_line_whose_wheel_is_worn_learns_it_and_goes_on_diverting() -> None:
    """Every count is 1.2 % longer than configured: after some parcels the last ones are where they are expected."""
    driver = LineDriver()
    driver.count_at = lambda at: at * UM_PER_S // SECOND * 1_000 // 1_012 // COUNT_UM  # type: ignore[method-assign]
    driver.start()
    for _ in range(CREEPS):
        driver.measure(Object(driver.now + SECOND // 2))
        driver.later(2)
    driver.later(8)

    line = driver.gateway._lines[0]
    assert line.belt.stretch_ppm == pytest.approx(12_000, abs=600)
    thing = driver.carry(Object(driver.now + SECOND // 2))
    driver.later(4.6)
    assert line.track.items[0].seen == 2
    assert abs(line.track.items[0].off_um) < 3_000
    assert thing.length_um == pytest.approx(
        line.track.items[0].front_um - (line.track.items[0].rear_um or 0), rel=0.02
    )


def test_an_encoder_that_dies_is_noticed_and_nothing_is_diverted_until_it_counts_again(
    driver: LineDriver,
) -> None:
    driver.later(1)
    frozen = driver.count_at(driver.now)
    alive = driver.count_at
    driver.count_at = lambda _at: frozen  # type: ignore[method-assign]
    for place in range(STUCK_EDGES + 2):
        driver.carry(Object(driver.now + SECOND // 2 + place * SECOND))
    driver.later(6)

    view = driver.gateway.snapshot().lines[0]
    assert view.state == "fault"
    assert view.devices_down == ("encoder",)
    assert driver.gateway._lines[0].belt.dead
    assert [one.parcel is not None for one in driver.gateway._lines[0].track.items], "it is followed by time"

    missed = alive(driver.now) - frozen
    driver.count_at = lambda at: alive(at) - missed  # type: ignore[method-assign]
    driver.later(15)
    assert driver.gateway.snapshot().lines[0].devices_down == ()
    assert driver.gateway.snapshot().tally.departed == 0
    assert driver.gateway.in_work == 0, "each has come to its end, held or lost track of"


def test_a_hand_in_one_beam_of_a_standing_belt_is_no_dead_encoder(driver: LineDriver) -> None:
    driver.carry(Object(driver.now + SECOND // 2), "in")
    driver.later(2)
    frozen = driver.count_at(driver.now)
    for _ in range(10):
        for ms, blocked in ((100, True), (200, False)):
            at = driver.now + ms * MILLISECOND
            driver.when(at, BeamChanged(BOARD, Instant(at), 1, blocked, frozen, 1_000))
        driver.later(0.5, silent=True)
        driver.give(BeltMoved(BOARD, driver.at, frozen, moving=False))

    assert not driver.gateway._lines[0].belt.dead


def test_without_a_parcel_on_the_belt_it_takes_more_to_call_the_encoder_dead(belt: Belt) -> None:
    belt.moved(Instant(0), 500, moving=False)
    fronts = [(0, 100), (1, 1_700), (0, 2_000), (2, 3_900), (1, 4_100)]
    for beam, ms in fronts:
        assert not belt.front_came(Instant(ms * MILLISECOND), beam, expected=False)

    assert belt.front_came(Instant(4_500 * MILLISECOND), 0, expected=False)
    assert belt.travel_for(Instant(5_500 * MILLISECOND), 500) == 500 * COUNT_UM + UM_PER_S


def test_two_parcels_that_come_in_time_without_a_count_show_that_the_encoder_is_dead(
    driver: LineDriver,
) -> None:
    first = driver.carry(Object(driver.now + SECOND // 2))
    driver.carry(Object(first.rear_at(500_000)))
    driver.later(1.9)
    frozen = driver.count_at(driver.now)
    driver.count_at = lambda _at: frozen  # type: ignore[method-assign]
    driver.pending = [
        (at, n, BeamChanged(BOARD, one.at, one.channel, one.blocked, frozen, 1_000))
        for at, n, one in driver.pending
        if isinstance(one, BeamChanged)
    ]
    driver.later(1.5)

    assert driver.gateway._lines[0].belt.dead
    assert driver.gateway.snapshot().tally.lost_track == 2


def test_what_was_measured_while_the_encoder_was_dead_is_held_when_it_counts_again(
    driver: LineDriver,
) -> None:
    """It was followed by time alone, which tells nothing of a belt that stood meanwhile."""
    driver.later(1)
    frozen, alive = driver.count_at(driver.now), driver.count_at
    driver.count_at = lambda _at: frozen  # type: ignore[method-assign]
    for place in range(STUCK_EDGES + 1):
        driver.carry(Object(driver.now + SECOND // 2 + place * SECOND), "in")
    for beam in ("scale", "gate"):
        driver.carry(Object(driver.now + SECOND), beam)
    driver.later(8)
    assert driver.gateway._lines[0].belt.dead
    driver.carry(Object(driver.now + SECOND // 2), "in")
    driver.later(1)
    followed = driver.gateway._lines[0].track.items[-1]
    assert followed.doubts == []

    missed = alive(driver.now) - frozen
    driver.count_at = lambda at: alive(at) - missed  # type: ignore[method-assign]
    driver.later(0.2)
    assert followed.doubts == ["device_fault"]
