"""No parcel gets into the free lane in doubt: each moment between the decision and the diverter, and what may go wrong.

Architecture §6 (rules 1, 3 and 6), conveyor-io §1 to §4, clearance contract §5 and §7.
"""

import pytest
from line_driver import (
    BASE_US,
    BOARD,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    UM_PER_S,
    LineDriver,
    at_order,
    entered,
)
from line_moments import FIRES_AFTER_S, TO_SEEN_S, flags, heed, in_lane, released, stand, tell

from drivers.reading import BeamChanged, BeltMoved, EventsLost, OrderAnswered
from edge.core.dwell import DwellClock
from edge.core.event import DwellSpan, WallTime
from edge.core.inputs import Committed, JournalTrouble, Tick, WallClock
from hub_config.names import MILLISECOND, SECOND, Instant

# Between the intent and the diverter ------------------------------------------------------------------


def test_a_parcel_seen_in_the_free_lane_before_its_order_went_out_has_not_departed(
    driver: LineDriver,
) -> None:
    thing = released(driver, 5.4)
    driver.hold_commits = True
    in_lane(driver, thing)
    driver.hold_commits = False
    driver.commit()

    assert driver.ons == []
    assert "parcel.departed" not in driver.kinds()
    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)
    assert driver.gateway.snapshot().tally.departed == 0


def test_a_belt_that_slows_down_after_the_order_takes_it_back(driver: LineDriver) -> None:
    at_order(driver)
    for _ in range(20):
        driver.lost_counts += 27  # of the 30 in this time
        driver.later(0.01)

    heed(driver)

    assert len(driver.offs) == 1
    assert flags(driver) == ["no_time"]


def test_a_belt_that_runs_faster_after_the_order_takes_it_back(driver: LineDriver) -> None:
    at_order(driver)
    for _ in range(10):
        driver.lost_counts -= 15
        driver.later(0.01)

    heed(driver)

    assert len(driver.offs) == 1
    assert flags(driver) == ["no_time"]


def test_edges_lost_after_the_order_take_it_back(driver: LineDriver) -> None:
    at_order(driver)
    driver.give(EventsLost(BOARD, driver.at, 1))

    assert [off.at for off in driver.offs] == [driver.ons[0].at]


def test_a_disk_that_refuses_after_the_order_takes_it_back(driver: LineDriver) -> None:
    at_order(driver)
    driver.hold_commits = True
    driver.give(JournalTrouble(driver.at, "disk full"))
    heed(driver)

    assert len(driver.offs) == 1
    assert flags(driver) == ["device_fault"]


def test_an_order_that_the_board_never_answered_is_voided_too(driver: LineDriver) -> None:
    at_order(driver)
    (order,) = driver.ons
    driver.give(OrderAnswered(BOARD, driver.at, order.order, accepted=False, detail="unanswered"))

    assert [(off.channel, off.at) for off in driver.offs] == [(order.channel, order.at)]
    assert flags(driver) == ["device_fault"]


def test_a_recall_too_shortly_before_the_diverter_moves_is_too_late(driver: LineDriver) -> None:
    thing = at_order(driver)
    driver.later(FIRES_AFTER_S - 0.01)
    left_ns = driver.ons[0].at - driver.now
    driver.decide("hold")
    driver.diverted(thing)
    driver.later(1.5)

    assert 0 < left_ns < 20 * MILLISECOND
    assert driver.offs == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"recalled_too_late": 1}
    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)


def test_a_recall_between_intent_and_disk_is_never_ordered(driver: LineDriver) -> None:
    released(driver, 5.4)
    driver.hold_commits = True
    driver.later(0.05)
    assert driver.kinds()[-1] == "parcel.diverted"
    driver.decide("hold")
    driver.hold_commits = False
    driver.commit()
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.ons == []
    assert driver.gateway.snapshot().tally.held == 1


def test_a_parcel_lost_between_intent_and_disk_is_never_ordered(driver: LineDriver) -> None:
    released(driver, 5.4)
    driver.hold_commits = True
    driver.later(0.05)
    driver.give(EventsLost(BOARD, driver.at, 1))
    driver.hold_commits = False
    driver.commit()

    assert driver.kinds(driver.visits[0])[-2:] == ["parcel.diverted", "parcel.lost_track"]
    assert driver.ons == []


def test_a_clock_that_jumps_takes_back_a_release_but_no_inspection() -> None:
    taken_back = []
    for action in ("release", "inspect"):
        driver = LineDriver().start()
        driver.measure(entered(driver))
        driver.later(TO_MEASURED_S)
        driver.decide(action)  # type: ignore[arg-type]  # the literals are actions
        driver.later((TO_ORDER_S if action == "release" else 6.3) - TO_MEASURED_S)
        driver.give(WallClock(driver.at, WallTime(BASE_US + 3_600_000_000, 1_500, "ntp")))
        taken_back.append((len(driver.ons), len(driver.offs)))

    assert taken_back == [(1, 1), (1, 0)]


def test_a_release_that_ends_before_its_lane_has_seen_the_parcel_does_not_divert(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release", valid_s=3.2)  # at the diverter after 3.0 s, at the lane's beam after 3.4 s
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert flags(driver) == ["decision_late"]


# A belt that stops, slips or runs back ------------------------------------------------------------------


@pytest.mark.parametrize("at_s", [0.9, 1.65, 2.4, 2.8, 4.55])
def test_a_stop_before_the_last_look_costs_nothing(driver: LineDriver, at_s: float) -> None:
    """Before, under and behind the reader, under the scale's beam, under the last one."""
    driver.measure(entered(driver))
    driver.later(at_s)
    stand(driver, 3)
    driver.later(4.56 - at_s)
    driver.decide("release")
    driver.later(TO_ORDER_S - 4.56)

    assert len(driver.ons) == 1
    assert driver.gateway.snapshot().tally.entered == 1


def test_what_stood_between_the_last_look_and_its_diverter_is_not_pushed(driver: LineDriver) -> None:
    """Whether the counts have gone on with the belt no beam has told since."""
    released(driver, TO_SEEN_S)
    stand(driver, 3)
    driver.later(TO_END_S - TO_SEEN_S)

    assert driver.ons == []
    assert flags(driver) == ["lost_track"]
    assert driver.gateway.snapshot().tally.held == 1


def test_an_order_is_not_given_while_nobody_knows_where_the_belt_is(driver: LineDriver) -> None:
    released(driver, TO_SEEN_S)
    while driver.now < Instant(SECOND + int(TO_END_S * SECOND)):
        driver.now += 10 * MILLISECOND
        wake = driver.gateway.wake_at
        if wake is not None and wake <= driver.now:
            driver.give(Tick(driver.at))

    assert driver.ons == []
    assert flags(driver) == ["device_fault"]


def test_a_belt_that_trembles_back_under_a_beam_shows_no_second_parcel(driver: LineDriver) -> None:
    thing = driver.carry(entered(driver), "in", "scale")
    driver.read(thing)
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    at, gate = thing.front_at(6_000_000), driver.line.beam("gate").channel
    count = driver.count_at(at)
    for ms, blocked, back in ((0, True, 0), (2, False, 3), (4, True, 4), (6, False, 2), (8, True, 1)):
        when = at + ms * MILLISECOND
        driver.when(when, BeamChanged(BOARD, Instant(when), gate, blocked, count - back, 1_000))
    driver.edge("gate", thing.rear_at(6_000_000), blocked=False)
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    assert driver.gateway.snapshot().tally.entered == 1
    assert len(driver.ons) == 1


def test_an_order_is_not_given_to_a_belt_that_runs_back(driver: LineDriver) -> None:
    released(driver, 5.3)
    for _ in range(40):
        driver.lost_counts += 60
        driver.later(0.01)

    assert driver.ons == []
    assert driver.gateway.books_fault is None


# Nothing unaccounted for --------------------------------------------------------------------------------


def test_a_parcel_that_a_jammed_beam_makes_long_and_lost_at_once_is_accounted_for(driver: LineDriver) -> None:
    scale = driver.line.beam("scale").channel
    for at, count, blocked in ((1, 2_000, True), (2, 14_000, False)):
        driver.give(BeamChanged(BOARD, Instant(driver.now + at), scale, blocked, count, 1_000))

    tally = driver.gateway.snapshot().tally
    assert (tally.entered, tally.lost_track, tally.at_bench) == (1, 1, 0)


def test_a_parcel_at_the_end_whose_beam_bounces_is_one_parcel(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    for um, blocked in ((20_000, False), (30_000, True), (310_000, True), (315_000, False)):
        driver.edge("end", thing.front_at(10_500_000 + um), blocked=blocked)
    driver.later(TO_END_S + 1)

    assert driver.gateway.snapshot().tally.entered == 1
    assert driver.gateway.snapshot().tally.held == 1


def test_a_parcel_slow_in_its_lane_whose_beam_bounces_is_one_parcel(driver: LineDriver) -> None:
    thing = at_order(driver)
    driver.pending = []
    slow = 120_000 * SECOND // UM_PER_S
    for um, blocked in ((0, True), (300_000, False), (310_000, True), (315_000, False)):
        driver.edge("green", thing.front_at(8_900_000 + um) + slow, blocked=blocked)
    driver.later(TO_LANE_S + 1 - TO_ORDER_S)

    tally = driver.gateway.snapshot().tally
    assert (tally.entered, tally.departed, tally.lost_track) == (1, 1, 0)


def test_no_events_of_a_visit_run_backwards_and_no_dwell_is_negative(driver: LineDriver) -> None:
    """An edge is told after its instant; a decision may come between."""
    thing = driver.carry(entered(driver), "in", "scale", "gate")
    driver.read(thing)
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)
    tell(driver, "hold")
    driver.later(TO_END_S - 0.5 - TO_MEASURED_S)
    driver.now = thing.front_at(10_500_000)
    edge = BeamChanged(
        BOARD, driver.at, driver.line.beam("end").channel, True, driver.count_at(driver.now), 1_000
    )
    driver.now += 8 * MILLISECOND
    tell(driver, "inspect", dec_seq=2, clock="agency:food")
    driver.now += 4 * MILLISECOND
    driver.give(edge)

    stamps = [event.at for event in driver.events if event.visit == driver.visits[0]]
    assert stamps == sorted(stamps)
    assert all(span.us >= 0 for event in driver.events for span in event.dwell)


def test_a_clock_handed_over_by_an_edge_of_before_counts_nothing_twice() -> None:
    clock = DwellClock(Instant(0))
    clock.hand_over("customs", Instant(SECOND))
    clock.hand_over("hub", Instant(SECOND - 8 * MILLISECOND))

    assert clock.spans(Instant(2 * SECOND)) == (DwellSpan("customs", 0), DwellSpan("hub", 2_000_000))


def test_a_reader_is_told_to_stop_for_a_parcel_that_is_lost(driver: LineDriver) -> None:
    driver.carry(entered(driver), "in")
    driver.later(1.5)
    assert [one.on for one in driver.triggers] == [True]
    driver.give(BeltMoved(BOARD, Instant(driver.now + 1), driver.count_at(driver.now) + 3_000, moving=True))

    assert driver.gateway.snapshot().tally.lost_track == 1
    assert [one.on for one in driver.triggers] == [True, False]


def test_a_commit_told_twice_orders_once(driver: LineDriver) -> None:
    at_order(driver)
    driver.give(Committed(driver.at, 1, tuple(driver.ids)))

    assert len(driver.ons) == 1
