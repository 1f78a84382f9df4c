"""No parcel gets into the free lane in doubt: each moment between the decision and the diverter, and what may go wrong.

Architecture §6 (rules 1, 3 and 6), conveyor-io §1 to §4, clearance contract §5 and §7.
"""

from dataclasses import replace

import pytest
from line_driver import (
    BASE_US,
    BOARD,
    COUNT_UM,
    ENTROPY,
    S10,
    S10_B,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    UM_PER_S,
    LineDriver,
    Object,
    at_order,
    config,
    entered,
)

from drivers.reading import BeamChanged, BeltMoved, EventsLost, OrderAnswered
from edge.core.decision import Action, Conditions, Decision
from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, JournalTrouble, Tick, WallClock
from hub_config.names import MILLISECOND, SECOND, Instant, LaneId, VisitId

TO_SEEN_S = 4.8
"""Both its edges have passed the last look (6,000 mm)."""
FIRES_AFTER_S = 0.36
"""From TO_ORDER_S to the moment at which its diverter begins to move."""


def released(driver: LineDriver, until_s: float) -> Object:
    """One that is measured, released, and has come so far."""
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(until_s - TO_MEASURED_S)
    return thing


def stand(driver: LineDriver, seconds: float) -> None:
    """The belt stops, with all that lies on it, and goes on from there."""
    ns = int(seconds * SECOND)
    stopped, until = driver.now, driver.now + ns
    while driver.now < until:
        driver.give(BeltMoved(BOARD, Instant(driver.now + 1), driver.count_at(stopped), moving=False))
        driver.now = min(until, driver.now + SECOND)
        wake = driver.gateway.wake_at
        if wake is not None and wake <= driver.now:
            driver.give(Tick(driver.at))
    driver.lost_counts += ns * UM_PER_S // SECOND // COUNT_UM
    driver.pending = [(at + ns, n, replace(given, at=Instant(at + ns))) for at, n, given in driver.pending]


def tell(driver: LineDriver, action: Action = "release", **changes: object) -> None:
    """A decision on the last measurement, with changes."""
    place = max(n for n, event in enumerate(driver.events) if event.kind == "parcel.measured")
    now_us = BASE_US + (driver.now - SECOND) // 1_000
    decision = Decision(
        dec=f"told-{driver.now}", dec_seq=1, visit=driver.events[place].visit or VisitId(""), was=None,
        answers=driver.ids[place], action=action, reasons=() if action == "release" else ("sampled",),
        route=LaneId("green" if action == "release" else "hold"), authority="customs",
        conditions=Conditions(code=S10), needs=(), valid_from_us=now_us - 1_000_000,
        valid_until_us=now_us + 60_000_000, clock="customs", wire="{}", kid="k", sig="s",
    )  # fmt: skip
    driver.give(DecisionArrived(driver.at, replace(decision, **changes)))  # type: ignore[arg-type]  # by name


def heed(driver: LineDriver) -> None:
    """The board says that it has taken the last recall."""
    driver.give(OrderAnswered(BOARD, driver.at, driver.offs[-1].order, accepted=True, detail="ok"))


def flags(driver: LineDriver) -> list[str]:
    """Of the last verdict."""
    return list(driver.last("parcel.decided").flags)


def in_lane(driver: LineDriver, thing: Object, beam: str = "green") -> None:
    """Whatever was told to it, it is seen in this lane and not at the belt's end."""
    driver.pending = []
    driver.carry(thing, beam)
    driver.later(2.0)


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


# Decisions --------------------------------------------------------------------------------------------


def measured(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)


def test_an_early_release_waits_until_it_begins(driver: LineDriver) -> None:
    measured(driver)
    from_us = BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000
    tell(driver, valid_from_us=from_us)
    assert driver.kinds()[-1] == "parcel.measured"
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    decided = driver.last("parcel.decided")
    assert decided.wall.utc_us + decided.wall.unc_us >= from_us
    assert len(driver.ons) == 1


def test_an_early_release_that_begins_behind_the_point_of_no_return_is_late(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(4.6)
    tell(driver, valid_from_us=BASE_US + (driver.now - SECOND) // 1_000 + 1_500_000)
    driver.later(TO_END_S - 4.6)

    assert driver.ons == []
    assert flags(driver) == ["decision_late"]


def test_a_stop_that_comes_while_an_early_release_waits_makes_it_void(driver: LineDriver) -> None:
    measured(driver)
    arrived = next(n for n, event in enumerate(driver.events) if event.kind == "parcel.arrived")
    tell(driver, dec_seq=1, valid_from_us=BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000)
    tell(driver, "hold", dec_seq=2, answers=driver.ids[arrived])
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert flags(driver) == ["decision_late"]


def test_an_early_release_is_not_replaced_by_an_older_one(driver: LineDriver) -> None:
    measured(driver)
    from_us = BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000
    tell(driver, dec_seq=5, dec="newer", valid_from_us=from_us)
    tell(driver, dec_seq=4, dec="older", valid_from_us=from_us)
    driver.later(1.5)

    decided = driver.last("parcel.decided").decision
    assert decided is not None
    assert decided.dec == "newer"


@pytest.mark.parametrize(
    "changes",
    [
        {"visit": VisitId("another")},
        {"was": VisitId("another")},
        {"answers": "ni:///sha-256;of-another-event"},
        {"needs": ("agency:food",)},
        {"valid_until_us": BASE_US},
        {"conditions": Conditions(code=S10_B)},
        {"conditions": Conditions(code=S10, mass_mg=(1, 499_999))},
        {"conditions": Conditions(code=S10, not_after_us=BASE_US)},
        {"route": LaneId("manual")},
    ],
    ids="-".join,
)
def test_a_release_for_something_else_never_moves_a_diverter(
    driver: LineDriver, changes: dict[str, object]
) -> None:
    measured(driver)
    tell(driver, **changes)
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.gateway.snapshot().tally.held == 1


def test_a_release_of_the_pass_before_does_not_move_the_parcel_that_has_come_again(
    driver: LineDriver,
) -> None:
    measured(driver)
    first = next(n for n, event in enumerate(driver.events) if event.kind == "parcel.measured")
    driver.later(TO_END_S)
    measured(driver)
    tell(driver, answers=driver.ids[first])
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"not_our_event": 1}


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
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    assert len(driver.ons) == 1
    assert "parcel.lost_track" not in driver.kinds(driver.visits[0])
    assert len(driver.visits) == 2


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


# Nothing unaccounted for --------------------------------------------------------------------------------


def test_a_parcel_that_a_jammed_beam_makes_long_and_lost_at_once_is_accounted_for(driver: LineDriver) -> None:
    scale = driver.line.beam("scale").channel
    for at, count, blocked in ((1, 2_000, True), (2, 14_000, False)):
        driver.give(BeamChanged(BOARD, Instant(driver.now + at), scale, blocked, count, 1_000))

    tally = driver.gateway.snapshot().tally
    assert (tally.entered, tally.lost_track, tally.at_bench) == (1, 1, 0)


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
    tell(driver, "inspect", dec_seq=2)
    driver.now += 4 * MILLISECOND
    driver.give(edge)

    stamps = [event.at for event in driver.events if event.visit == driver.visits[0]]
    assert stamps == sorted(stamps)
    assert all(span.us >= 0 for event in driver.events for span in event.dwell)


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
