"""An encoder that leaves out counts, told by the clock from a belt that slows down or stands (`lost_counts.py`).

What is in doubt is held, each parcel under a visit of its own; a strap or a hole in a parcel stays one whatever the
belt does meanwhile.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from line_driver import (
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    UM_PER_S,
    LineDriver,
    Object,
    entered,
)
from line_moments import SeldomTold, leave_out, stand

from hub_config.names import MILLISECOND, SECOND, Instant


@pytest.fixture
def driver() -> LineDriver:
    return SeldomTold().start()


def left_out(driver: LineDriver) -> list[int]:
    """What the line has said that the encoder left out, in mm."""
    notes = [dict(event.note) for event in driver.events if event.kind == "device.changed"]
    return [int(note["missing_um"]) // 1_000 for note in notes if note.get("state") == "left_out_counts"]


def ended(driver: LineDriver) -> list[tuple[str, ...]]:
    """The kinds of what each visit ended with, in the order of arrival."""
    return [driver.kinds(visit)[-1] for visit in driver.visits]


def two(driver: LineDriver, gap_um: int) -> tuple[Object, Object]:
    """Two good parcels, the second so close behind the first."""
    first = entered(driver, length_um=250_000)
    return first, Object(first.rear_at(gap_um), 250_000)


def measure_two(driver: LineDriver, pair: tuple[Object, Object]) -> None:
    for thing, code in zip(pair, (S10, S10_B), strict=True):
        driver.measure(thing, code)


# Two that the first beam takes for one ----------------------------------------------------------------


@pytest.mark.parametrize("late_ms", [0, 10, -10])
@pytest.mark.parametrize(("gap_um", "um"), [(60_000, 60_000), (60_000, 52_000), (100_000, 110_000)])
def test_counts_left_out_in_a_gap_at_the_first_beam_make_no_two_parcels_one(
    driver: LineDriver, gap_um: int, um: int, late_ms: int
) -> None:
    pair = two(driver, gap_um)
    in_um = driver.line.beam("in").position_um
    leave_out(driver, pair[0].rear_at(in_um) + late_ms * MILLISECOND, um)
    measure_two(driver, pair)
    driver.later(TO_END_S + 1)

    assert len(driver.visits) == 2
    assert driver.ons == []
    assert driver.gateway.snapshot().tally.held == 2
    assert "parcel.lost_track" not in driver.kinds()
    assert left_out(driver)[0] == pytest.approx(um // 1_000, abs=8)


def test_what_is_parted_has_the_codes_and_weights_of_its_own(driver: LineDriver) -> None:
    pair = two(driver, 60_000)
    leave_out(driver, pair[0].rear_at(driver.line.beam("in").position_um), 60_000)
    measure_two(driver, pair)
    driver.later(TO_END_S + 1)

    names = [
        {code.data for event in driver.events if event.visit == visit for code in event.codes}
        for visit in driver.visits
    ]
    assert names[0] <= {S10}
    assert names[1] <= {S10_B}


def test_behind_the_two_parcels_depart_again(driver: LineDriver) -> None:
    pair = two(driver, 60_000)
    leave_out(driver, pair[0].rear_at(driver.line.beam("in").position_um), 60_000)
    measure_two(driver, pair)
    driver.later(TO_END_S + 1)
    thing = driver.measure(entered(driver), "LB778507182CN")
    driver.later(TO_MEASURED_S)
    driver.decide("release", code="LB778507182CN")
    driver.later(2.5)
    driver.diverted(thing)
    driver.later(2)

    assert driver.kinds()[-1] == "parcel.departed"


# A strap or a hole, whatever the belt does ------------------------------------------------------------


def holed(driver: LineDriver, beam: str, *, hole_um: int = 20_000) -> Object:
    """A parcel of 400 mm with a hole in its middle, which this beam sees."""
    thing = driver.measure(entered(driver, length_um=400_000))
    at_um = driver.line.beam(beam).position_um + 200_000
    driver.edge(beam, thing.front_at(at_um), blocked=False)
    driver.edge(beam, thing.front_at(at_um + hole_um), blocked=True)
    return thing


@pytest.mark.parametrize("beam", ["in", "scale", "gate"])
def test_a_hole_is_a_hole_by_counts_and_clock(driver: LineDriver, beam: str) -> None:
    holed(driver, beam)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(2.5)

    assert len(driver.visits) == 1
    assert len(driver.ons) == 1
    assert left_out(driver) == []


@pytest.mark.parametrize("seconds", [0.2, 0.4, 3])
def test_a_belt_that_stands_with_a_hole_in_the_beam_makes_no_two_of_it(
    driver: LineDriver, seconds: float
) -> None:
    """At once, as no belt does: the reports say that it stood."""
    thing = holed(driver, "in")
    at = thing.front_at(driver.line.beam("in").position_um + 210_000)
    driver.later((at - driver.now) / SECOND)
    stand(driver, seconds)
    driver.later(TO_END_S)

    assert len(driver.visits) == 1
    assert left_out(driver) == []


def brake(driver: LineDriver, since: int, slowest: int, brakes_ns: int) -> Callable[[int], int]:
    """The belt slows down evenly to this part (of 100) of its speed from then on, and gets back to it as it slowed
    down. Counts and edges follow it; what is pending, told as if it had run on, comes by the result."""
    steps = 200
    ran = [0.0]
    for step in range(2 * steps):
        away = 1 - abs(step + 0.5 - steps) / steps
        ran.append(ran[-1] + (1 - away * (100 - slowest) / 100) * brakes_ns / steps)

    def of(at: int) -> int:
        """Belt time."""
        if at <= since:
            return at
        place = (at - since) * steps // brakes_ns
        if place >= 2 * steps:
            return int(since + ran[-1] + at - since - 2 * brakes_ns)
        return int(
            since
            + ran[place]
            + (ran[place + 1] - ran[place]) * ((at - since) * steps % brakes_ns) / brakes_ns
        )

    def when(told: int) -> int:
        low, high = told, told + 2 * brakes_ns
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if of(middle) < told else (low, middle)
        return low

    alive: Callable[[int], int] = driver.count_at
    driver.count_at = lambda at: alive(of(at))  # type: ignore[method-assign]
    pending = [(when(at), n, given) for at, n, given in driver.pending]
    driver.pending = [(at, n, replace(given, at=Instant(at))) for at, n, given in pending]
    return when


@pytest.mark.parametrize("beam", ["in", "scale"])
@pytest.mark.parametrize("slowest", [0, 10, 30])
@pytest.mark.parametrize("sooner_ms", [0, 100, 300, 400])
def test_a_belt_that_slows_down_and_runs_again_over_a_hole_makes_no_two_of_it(
    driver: LineDriver, beam: str, slowest: int, sooner_ms: int
) -> None:
    """1.5 m/s to a crawl in 0.4 s, as hard as parcels can follow, and back."""
    thing = holed(driver, beam)
    at = thing.front_at(driver.line.beam(beam).position_um + 205_000)
    brake(driver, at - sooner_ms * MILLISECOND, slowest, 400 * MILLISECOND)
    driver.later(TO_END_S + 1)

    assert len(driver.visits) == 1
    assert left_out(driver) == []
    assert "parcel.lost_track" not in driver.kinds()


# At a later beam --------------------------------------------------------------------------------------


def test_counts_left_out_under_a_beam_are_no_hole_and_hide_no_one_behind_it(driver: LineDriver) -> None:
    """By its counts the first ends too soon there, and the second would begin within it."""
    first = entered(driver, length_um=120_000)
    pair = first, Object(first.rear_at(60_000), 120_000)
    leave_out(driver, first.front_at(driver.line.beam("scale").position_um + 40_000), 75_000)
    measure_two(driver, pair)
    driver.later(TO_END_S + 1)

    assert len(driver.visits) == 2
    assert "parcel.lost_track" not in driver.kinds()
    masses = [event.mass.mg for event in driver.events if event.kind == "parcel.measured" and event.mass]
    assert len(masses) <= 2
    assert driver.gateway.snapshot().tally.held == 2
    assert left_out(driver)[0] == pytest.approx(75, abs=8)


def test_counts_left_out_in_a_gap_at_a_later_beam_hide_no_one(driver: LineDriver) -> None:
    pair = two(driver, 100_000)
    leave_out(driver, pair[0].rear_at(driver.line.beam("scale").position_um), 90_000)
    measure_two(driver, pair)
    driver.later(TO_END_S + 1)

    assert len(driver.visits) == 2
    assert "parcel.lost_track" not in driver.kinds()
    assert "unknown_item" not in {flag for event in driver.events for flag in event.flags}


@pytest.mark.parametrize("um", [200_000, 400_000, 600_000])
def test_more_counts_left_out_than_a_distance_leave_each_under_its_own_visit(
    driver: LineDriver, um: int
) -> None:
    """Everything looks like its neighbour then: four parcels, one every 400 mm or a little more."""
    codes = (S10, S10_B, "LB778507182CN", "UT340502318MY")
    begins = driver.now + SECOND // 2
    things = [Object(begins + place * 410_000 * SECOND // UM_PER_S, 200_000) for place in range(4)]
    leave_out(driver, things[0].front_at(3_900_000), um)
    for thing, code in zip(things, codes, strict=True):
        driver.measure(thing, code)
    driver.later(10)

    assert driver.gateway.snapshot().tally.held == 4
    assert "parcel.lost_track" not in driver.kinds()
    assert "unknown_item" not in {flag for event in driver.events for flag in event.flags}
    assert driver.ons == []
    ends = [
        next(e.at for e in reversed(driver.events) if e.visit == visit and e.act) for visit in driver.visits
    ]
    assert ends == sorted(ends), "each came to the end under its own visit, in its order"
    assert 0 < left_out(driver)[0] <= um // 1_000 + 10


def test_an_order_that_is_given_goes_by_time_and_is_not_put_in_doubt_by_what_is_left_out_behind_it(
    driver: LineDriver,
) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(2.5)
    (order,) = driver.ons
    behind = driver.carry(Object(order.at - 2 * SECOND), "in", "scale")
    assert driver.gateway._lines[0].track.items[0].doubts == []
    driver.diverted(thing)
    driver.later(1.5)
    leave_out(driver, driver.now, 300_000)
    driver.carry(behind, "gate", "end")
    driver.later(6)

    assert "parcel.departed" in driver.kinds(driver.visits[0])


def test_a_board_that_starts_anew_has_no_seam_and_no_edge_to_go_by(driver: LineDriver) -> None:
    pair = two(driver, 60_000)
    in_um = driver.line.beam("in").position_um
    leave_out(driver, pair[0].rear_at(in_um), 60_000)
    driver.carry(pair[0], "in")
    driver.carry(pair[1], "in")
    driver.later((pair[1].front_at(in_um) - driver.now) / SECOND + 0.01)
    track = driver.gateway._lines[0].track
    assert len(track._seams.pending) == 1
    driver.board("ready", continued=False)

    assert len(track._seams.pending) == 0
    assert track.items == []
