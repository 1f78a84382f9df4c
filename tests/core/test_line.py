"""A belt line of the core: one parcel from the first beam into its lane, and everything that must end in hold instead."""

import pytest
from line_driver import BOARD, READER, S10, S10_B, LineDriver, Object, config

from drivers.reading import (
    BeltMoved,
    DeviceDown,
    EventsLost,
    OrderAnswered,
    WeightRead,
)
from edge.core.gateway import Gateway
from edge.core.inputs import JournalTrouble, LinkChanged
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

ENTROPY = b"0123456789abcdef"
TO_MEASURED_S = 3.0
TO_ORDER_S = 5.5
"""From the belt's begin: behind the point of no return (7,375 mm), before the diverter (8,200 mm)."""
TO_LANE_S = 6.6
TO_END_S = 8.0


def entered(driver: LineDriver, **shape: int) -> Object:
    return Object(driver.now + SECOND // 2, **shape)


def at_order(driver: LineDriver) -> Object:
    """A measured and released parcel whose divert has been ordered."""
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    return thing


@pytest.fixture
def driver() -> LineDriver:
    return LineDriver().start()


# The good way ---------------------------------------------------------------------------------------


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


# Intent before firing -------------------------------------------------------------------------------


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


# Decisions that come late, end, or are taken back ----------------------------------------------------


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


# What lies on the belt ------------------------------------------------------------------------------


def test_a_parcel_taken_off_is_lost_track_of_where_it_should_have_been_seen(driver: LineDriver) -> None:
    thing = entered(driver, vanishes_um=4_000_000)
    driver.measure(thing)
    driver.later(TO_ORDER_S)

    lost = driver.last("parcel.lost_track")
    assert lost.at == pytest.approx(thing.front_at(6_050_000), abs=20 * MILLISECOND)
    assert driver.gateway.snapshot().tally.lost_track == 1


def test_a_parcel_put_on_behind_the_first_beam_is_held(driver: LineDriver) -> None:
    driver.carry(entered(driver, appears_um=3_000_000))
    driver.later(TO_END_S)

    assert driver.kinds() == ["parcel.arrived", "parcel.decided", "parcel.diverted"]
    assert driver.last("parcel.decided").flags == ("unknown_item",)
    assert driver.gateway.snapshot().tally.held == 1


def test_something_seen_only_at_the_end_of_the_belt_is_held_too(driver: LineDriver) -> None:
    driver.carry(entered(driver, appears_um=9_000_000))
    driver.later(TO_END_S)

    assert driver.gateway.snapshot().tally.held == 1


@pytest.mark.parametrize("beam", ["in", "scale", "gate"])
@pytest.mark.parametrize("leading", [True, False])
def test_a_beam_that_bounces_sees_one_parcel(driver: LineDriver, beam: str, leading: bool) -> None:
    thing = driver.measure(entered(driver))
    position = driver.line.beam(beam).position_um
    edge = thing.front_at(position) if leading else thing.rear_at(position)
    for ms, blocked in ((3, not leading), (6, leading), (9, not leading), (12, leading)):
        driver.edge(beam, edge + ms * MILLISECOND, blocked=blocked)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    assert len(driver.ons) == 1
    assert driver.gateway.snapshot().tally.entered == 1
    assert dict(driver.gateway.snapshot().balance.rejected)["beam_bounce"] >= 2


def test_a_hand_in_the_first_beam_is_no_parcel(driver: LineDriver) -> None:
    driver.carry(entered(driver, length_um=40_000))
    driver.later(TO_END_S)

    assert driver.kinds() == []


def test_two_parcels_too_close_for_the_diverter_are_not_diverted(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.carry(Object(thing.rear_at(400_000)))  # the example needs 550 mm
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert "not_isolated" in {flag for event in driver.events for flag in event.flags}
    assert driver.gateway.snapshot().tally.held == 2


def test_something_longer_than_a_parcel_can_be_is_held(driver: LineDriver) -> None:
    driver.measure(entered(driver, length_um=900_000))
    driver.later(TO_END_S)

    assert driver.last("parcel.decided").flags == ("not_isolated",)


def test_counts_that_an_encoder_leaves_out_put_one_parcel_in_doubt_and_not_all(driver: LineDriver) -> None:
    things = [
        driver.measure(Object(driver.now + k * SECOND), code) for k, code in enumerate((S10, S10_B), start=1)
    ]
    driver.later(4.4)
    first, second = driver.visits
    driver.decide("release", visit=first)
    driver.decide("release", visit=second, code=S10_B)
    driver.pending = []
    driver.lost_counts = 200  # 100 mm: twice the tolerance
    for thing in things:
        driver.carry(thing, "gate", "end")
    driver.later(3.0)

    assert [event.flags for event in driver.events if event.visit == first][-1] == ("swap_suspected",)
    assert len(driver.ons) == 1
    assert "parcel.lost_track" not in driver.kinds()


def test_more_things_than_a_belt_can_hold_are_counted_and_not_followed(driver: LineDriver) -> None:
    from edge.core.track import ITEMS_MAX

    for number in range(ITEMS_MAX + 5):
        at = driver.now + number * 40 * MILLISECOND
        driver.edge("in", at, blocked=True)
        driver.edge("in", at + 20 * MILLISECOND, blocked=False)
    driver.gateway._lines[0].track._line = driver.line.model_copy(update={"min_length_um": 5_000})
    driver.gateway._lines[0].track._positions = [0, 10**12, 2 * 10**12, 3 * 10**12]
    driver.later(12)

    assert len(driver.gateway._lines[0].track.items) == ITEMS_MAX
    assert dict(driver.gateway.snapshot().balance.rejected)["too_many_items"] == 5


# Whose a reading is ---------------------------------------------------------------------------------


def test_a_code_with_nothing_in_view_is_an_orphan(driver: LineDriver) -> None:
    driver.give(driver.code(driver.now, S10, None))

    assert dict(driver.gateway.snapshot().balance.rejected) == {"orphan_read": 1}


def test_a_code_with_two_in_view_puts_both_in_doubt_and_neither_is_released(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    other = Object(thing.rear_at(100_000))
    driver.measure(other, S10_B)
    driver.later(TO_END_S + 1)

    assert dict(driver.gateway.snapshot().balance.rejected)["ambiguous_read"] >= 1
    assert {event.flags for event in driver.events if event.kind == "parcel.decided"} == {("assoc_low",)}
    assert driver.gateway.snapshot().tally.held == 2


def test_an_answer_to_another_parcels_trigger_is_nobodys(driver: LineDriver) -> None:
    driver.carry(entered(driver))
    driver.later(1.65)
    driver.give(driver.code(driver.now, S10, driver.triggers[0].number + 7))

    assert dict(driver.gateway.snapshot().balance.rejected) == {"orphan_read": 1}


def test_two_identifiers_on_one_parcel_are_two_labels(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.read(thing, S10_B, late_ns=MILLISECOND)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.decided").flags == ("two_labels",)


def test_without_a_code_it_is_a_no_read_and_without_a_record_a_device_fault(driver: LineDriver) -> None:
    first, second = entered(driver), Object(driver.now + 2 * SECOND)
    driver.carry(first)
    driver.weigh(first)
    driver.carry(second)
    driver.read(second)
    driver.later(6)

    flags = [event.flags for event in driver.events if event.kind == "parcel.decided"]
    assert flags == [("no_read",), ("device_fault",)]


def test_an_overload_is_no_legal_weight(driver: LineDriver) -> None:
    thing = driver.carry(entered(driver))
    driver.read(thing)
    driver.weigh(thing, None)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.decided").flags == ("mass_not_legal",)


def weights(driver: LineDriver) -> list[int | None]:
    """Of each parcel measured or held, in order."""
    told: dict[object, int | None] = {}
    for event in driver.events:
        if event.kind in ("parcel.measured", "parcel.decided"):
            told.setdefault(event.visit, event.mass.mg if event.mass is not None else None)
    return [told[visit] for visit in driver.visits]


@pytest.mark.parametrize(
    ("records", "taken"),
    [
        ((1, 2, 3, 4, 5), [1, 2, 3, 4, 5]),
        ((1, 2, 9, 10, 11), [1, 2, 3, 4, 5]),  # a jump: with no other record out, it can be no other's
        ((1, 2, 2, 3, 4), [1, 2, None, None, 5]),  # a number used twice
        ((1, None, 3, 4, 5), [1, None, 3, 4, 5]),  # a record that was lost, its number used
        ((1, None, 2, 3, 4), [1, None, None, None, 5]),  # an item left out: unsure until two records agree
    ],
)
def test_a_record_counts_only_if_its_number_and_its_time_name_one_parcel(
    driver: LineDriver, records: tuple[int | None, ...], taken: list[int | None]
) -> None:
    for place, record in enumerate(records, start=1):
        thing = driver.carry(Object(driver.now + place * SECOND))
        driver.read(thing, S10 if place % 2 else S10_B)
        if record is not None:
            driver.weigh(thing, place * 1_000_000, record=record)
    driver.later(9)

    assert weights(driver) == [None if one is None else one * 1_000_000 for one in taken]


def test_a_record_that_comes_when_the_next_parcel_has_crossed_is_not_that_ones(driver: LineDriver) -> None:
    first, second = Object(driver.now + SECOND), Object(driver.now + SECOND + 700 * MILLISECOND)
    for thing, code, late in ((first, S10, 800), (second, S10_B, 250)):
        driver.carry(thing)
        driver.read(thing, code)
        driver.weigh(thing, 500_000 if thing is first else 900_000, after_ms=late)
    driver.later(5)

    assert weights(driver) == [None, 900_000] or weights(driver) == [None, None]
    assert dict(driver.gateway.snapshot().balance.rejected).keys() & {"record_late", "record_unsure"}


# Boards and devices ---------------------------------------------------------------------------------


def test_a_board_that_restarts_loses_track_of_everything_and_what_comes_on_is_held(
    driver: LineDriver,
) -> None:
    thing = at_order(driver)
    driver.board("configuring", continued=False)
    driver.board("ready", continued=False)
    driver.later(TO_END_S - TO_ORDER_S)

    assert thing.front_at(10_500_000) < driver.now
    assert "parcel.lost_track" in driver.kinds(driver.visits[0])
    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.gateway.snapshot().tally.held == 1
    assert "parcel.departed" not in driver.kinds()


@pytest.mark.parametrize("state", ["opening", "incompatible", "safe", "lost", "syncing"])
def test_a_board_that_is_not_ready_gets_no_order(driver: LineDriver, state: str) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.board(state)  # type: ignore[arg-type]  # the parameters are states
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_cable_that_is_back_in_time_costs_nothing(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.give(DeviceDown(BOARD, driver.at, "unplugged"))
    driver.later(0.5)
    driver.board("ready", continued=True)
    driver.later(TO_ORDER_S - TO_MEASURED_S - 0.5)

    assert len(driver.ons) == 1


def test_edges_that_are_lost_for_ever_lose_track_of_what_lies_on_the_belt(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.give(EventsLost(BOARD, driver.at, 3))
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.gateway.snapshot().tally.lost_track == 1
    assert driver.gateway.snapshot().tally.held == 1
    assert dict(driver.gateway.snapshot().balance.rejected)["events_lost"] == 3


def test_an_order_that_the_board_refuses_ends_in_hold(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.give(OrderAnswered(BOARD, driver.at, driver.ons[0].order, accepted=False, detail="queue_full"))
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1


def test_a_diverter_that_did_not_push_is_noticed_at_the_end(driver: LineDriver) -> None:
    at_order(driver)
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().tally.held == 1
    assert "parcel.departed" not in driver.kinds()


def test_what_nobody_sent_into_the_free_lane_is_told_and_looked_for(driver: LineDriver) -> None:
    driver.carry(entered(driver), "green")
    driver.later(TO_LANE_S)

    assert driver.kinds() == ["parcel.arrived", "parcel.diverted", "parcel.lost_track"]
    assert driver.last("parcel.lost_track").flags == ("unknown_item",)
    assert driver.gateway.snapshot().tally.departed == 0


def test_a_parcel_that_an_open_diverter_took_along_has_not_departed(driver: LineDriver) -> None:
    """It was held, and yet its lane's beam sees it in the free lane."""
    thing = driver.measure(entered(driver))
    driver.later(TO_ORDER_S)
    driver.pending = []
    driver.carry(thing, "green")
    driver.later(TO_LANE_S - TO_ORDER_S)

    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)
    assert driver.gateway.snapshot().tally.departed == 0


def test_a_scale_or_reader_that_is_gone_is_said_and_what_passes_is_held(driver: LineDriver) -> None:
    driver.give(DeviceDown(READER, driver.at, "cable"))
    thing = driver.carry(entered(driver))
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.decided").flags == ("device_fault",)
    assert driver.gateway.snapshot().devices_down == (READER,)
    assert driver.gateway.snapshot().lines[0].state == "fault"


def test_a_reading_of_a_stranger_changes_nothing(driver: LineDriver) -> None:
    driver.give(WeightRead(DeviceId("other"), driver.at, 1, "1", "g", None))

    assert driver.kinds() == []
