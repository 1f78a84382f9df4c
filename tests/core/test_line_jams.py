"""Jams, and a belt that stops, coasts, starts again, or is pushed back by hand."""

import pytest
from line_driver import (
    BOARD,
    COUNT_UM,
    ENTROPY,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    UM_PER_S,
    LineDriver,
    Object,
    config,
    entered,
)
from line_moments import FIRES_AFTER_S, TO_SEEN_S, flags, heed, in_lane, released, stand

from drivers.reading import BeamChanged, BeltMoved
from edge.core.belt import NEVER_UM
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.jams import Jams
from hub_config.names import MILLISECOND, SECOND, Instant

GATE_UM = 6_000_000
LENGTH_UM = 300_000


def told(driver: LineDriver) -> list[tuple[str, str]]:
    """Beam and state of each notice."""
    notes = [dict(event.note) for event in driver.events if event.kind == "device.changed"]
    return [(str(note["beam"]), str(note["state"])) for note in notes]


def jam(driver: LineDriver, seconds: float) -> Object:
    """One that is released and stands under the gate for so long; it is carried on from there."""
    thing = entered(driver)
    driver.carry(thing, "in", "scale")
    driver.read(thing)
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.edge("gate", thing.front_at(GATE_UM), blocked=True)
    late = Object(thing.starts + int(seconds * SECOND))
    driver.edge("gate", late.rear_at(GATE_UM), blocked=False)
    driver.carry(late, "end")
    return late


def test_a_beam_covered_for_longer_than_any_parcel_takes_is_a_jam(driver: LineDriver) -> None:
    jam(driver, 5)
    driver.later(4.5 - TO_MEASURED_S)
    assert told(driver) == []
    driver.later(1.0)  # 700 mm and its own 300 mm take 0.67 s
    view = driver.gateway.snapshot().lines[0]

    assert told(driver) == [("gate", "jammed")]
    assert view.state == "jam"
    assert view.devices_down == ("jam at beam gate",)
    assert driver.ons == []


def test_a_jam_ends_when_its_beam_is_free_and_what_stood_there_is_held_under_its_own_visit(
    driver: LineDriver,
) -> None:
    jam(driver, 5)
    driver.later(TO_END_S + 5)

    assert told(driver) == [("gate", "jammed"), ("gate", "clear")]
    assert driver.gateway.snapshot().lines[0].state == "runs"
    assert driver.kinds()[-1] == "parcel.diverted"
    assert flags(driver) == ["not_isolated"]
    assert driver.gateway.snapshot().tally.held == 1
    assert driver.gateway.snapshot().tally.lost_track == 0


def test_what_is_behind_a_jam_is_held_also_what_comes_on_while_it_lasts(driver: LineDriver) -> None:
    jam(driver, 6)
    behind = driver.measure(Object(driver.now + SECOND), S10_B)
    driver.later(TO_MEASURED_S)
    assert told(driver) == [("gate", "jammed")]
    coming = driver.measure(entered(driver), "RB000001006GB")
    driver.later(TO_END_S + 3)

    assert behind.starts < coming.starts
    tally = driver.gateway.snapshot().tally
    assert tally.lost_track >= 2  # where those lie that run up against it nobody knows
    assert tally.lost_track + tally.held == tally.entered
    assert driver.ons == []
    assert "parcel.departed" not in driver.kinds()


def test_behind_a_jam_that_is_over_parcels_depart_again(driver: LineDriver) -> None:
    jam(driver, 5)
    driver.later(TO_END_S + 5)
    released(driver, TO_ORDER_S)

    assert len(driver.ons) == 1


def test_a_belt_that_stands_jams_nothing(driver: LineDriver) -> None:
    driver.edge("gate", driver.now + 1, blocked=True)
    driver.later(0.1)
    stand(driver, 20)
    driver.later(0.2)

    assert told(driver) == []


def test_at_the_first_beam_a_parcel_of_which_nothing_is_known_may_be_twice_the_longest() -> None:
    jams = Jams(config().lines[0])
    jams.covered(0, 1_000_000, None)
    jams.covered(2, 1_000_000, LENGTH_UM)

    assert jams.due_um == 1_000_000 + 700_000 + LENGTH_UM
    assert jams.begun(2_000_001) == (2,)
    assert jams.begun(2_400_001) == (0,)
    assert jams.beams == (0, 2)
    assert jams.due_um == NEVER_UM
    assert jams.freed(2)
    assert not jams.freed(2)
    assert jams.beams == (0,)


def test_a_board_that_starts_anew_knows_of_no_jam(driver: LineDriver) -> None:
    jam(driver, 60)
    driver.later(3.0)
    assert told(driver) == [("gate", "jammed")]
    driver.board("configuring", continued=False)
    driver.board("ready", continued=False)

    assert driver.gateway.snapshot().lines[0].devices_down == ()


# Stopping, coasting, starting -------------------------------------------------------------------------


def test_an_order_is_taken_back_when_the_belt_stops_before_the_diverter_moves(driver: LineDriver) -> None:
    released(driver, TO_ORDER_S)
    assert len(driver.ons) == 1
    stand(driver, 0.05)
    heed(driver)
    stand(driver, 5)
    driver.later(TO_END_S - TO_ORDER_S)

    assert len(driver.offs) == 1
    assert flags(driver) == ["no_time"]
    assert "parcel.departed" not in driver.kinds()


def coast(driver: LineDriver, brake_s: float) -> None:
    """The belt comes to a stand evenly; what is pending comes so much later as the belt goes slower."""
    began, ns = driver.now, int(brake_s * SECOND)
    begun = driver.count_at(began)
    for step in range(20 * MILLISECOND, ns + 1, 20 * MILLISECOND):
        ran = (step - step * step // (2 * ns)) * UM_PER_S // SECOND // COUNT_UM
        driver.now = began + step
        driver.give(BeltMoved(BOARD, driver.at, begun + ran, moving=True))
    driver.lost_counts += driver.count_at(driver.now) - begun - ns // 2 * UM_PER_S // SECOND // COUNT_UM
    driver.pending = []


def test_an_order_is_taken_back_while_the_belt_coasts(driver: LineDriver) -> None:
    """Before it stands: a belt that comes late would be pushed too early."""
    released(driver, TO_ORDER_S)
    coast(driver, 0.3)

    assert len(driver.offs) == 1


def test_what_lay_behind_the_last_look_when_the_belt_stood_is_held(driver: LineDriver) -> None:
    """How far it coasted no beam has seen."""
    released(driver, TO_SEEN_S)
    stand(driver, 5)
    driver.later(TO_END_S - TO_SEEN_S)

    assert driver.ons == []
    assert flags(driver) == ["lost_track"]


def test_what_a_beam_sees_again_behind_a_stop_departs(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    stand(driver, 5)
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    assert len(driver.ons) == 1
    driver.later(FIRES_AFTER_S)
    in_lane(driver, Object(thing.starts + 5 * SECOND))

    assert driver.kinds()[-1] == "parcel.departed"


# Pushed back by hand ----------------------------------------------------------------------------------


def push_back(driver: LineDriver, um: int) -> None:
    """The belt stands; a hand turns it back by so much and lets go."""
    begun = driver.count_at(driver.now)
    for part in range(1, 5):
        driver.now += 50 * MILLISECOND
        driver.give(BeltMoved(BOARD, driver.at, begun - um * part // 4 // COUNT_UM, moving=True))
    driver.now += 50 * MILLISECOND
    driver.give(BeltMoved(BOARD, driver.at, begun - um // COUNT_UM, moving=False))
    driver.lost_counts += driver.count_at(driver.now) - begun + um // COUNT_UM


@pytest.mark.parametrize("back_um", [20_000, 80_000])
def test_a_belt_that_is_turned_back_takes_its_parcels_with_it(driver: LineDriver, back_um: int) -> None:
    """The scale's beam is covered, comes free backwards and is covered again: it is one parcel."""
    thing = entered(driver)
    driver.carry(thing, "in")
    driver.read(thing)
    scale_um = driver.line.beam("scale").position_um
    covered_at = thing.front_at(scale_um)
    driver.edge("scale", covered_at, blocked=True)
    driver.later((covered_at - driver.now) / SECOND + 0.01)
    channel = driver.line.beam("scale").channel
    count = driver.count_at(covered_at)
    push_back(driver, back_um)
    driver.give(BeamChanged(BOARD, Instant(driver.now - 1), channel, False, count, 1_000))
    lag = driver.now - covered_at + back_um * SECOND // UM_PER_S
    moved = Object(thing.starts + lag)
    driver.carry(moved, "scale", "gate", "end")
    driver.weigh(moved)
    driver.later(TO_MEASURED_S)

    assert len(driver.visits) == 1
    assert driver.last("parcel.measured").visit == driver.visits[0]
    assert [code.data for code in driver.last("parcel.measured").codes] == [S10]


def test_an_event_of_a_beam_has_no_visit(driver: LineDriver) -> None:
    jam(driver, 5)
    driver.later(3.5)
    event: Event = driver.last("device.changed")

    assert event.visit is None
    assert dict(event.note) == {"device": "io-1", "line": "l1", "beam": "gate", "state": "jammed"}
    assert Gateway(config(), ENTROPY).snapshot().lines[0].state == "fault"
