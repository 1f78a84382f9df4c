"""The last moments before a lane, one by one: what is not on disk, ended, taken back or in doubt goes straight on."""

import pytest
from line_driver import (
    BOARD,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    Object,
    at_order,
    entered,
)
from line_moments import in_lane, measured, released, stand, tell

from drivers.reading import OrderAnswered
from edge.core.belt import Belt
from edge.core.inputs import JournalTrouble, LinkChanged
from edge.core.item import Item, Push
from edge.core.lanes import Lanes
from hub_config.names import Instant

TO_FIRED_S = 5.9
"""The diverter moves since 5.867 s."""


def intents(driver: LineDriver) -> int:
    told = [event.act for event in driver.events if event.kind == "parcel.diverted"]
    return sum(act is not None and not act.confirmed for act in told)


def followed(driver: LineDriver) -> Item:
    return driver.gateway._lines[0].track.items[0]


def test_a_release_that_is_not_on_disk_at_the_point_of_no_return_is_too_late(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(5.3)
    driver.hold_commits = True
    driver.decide("release")
    driver.later(0.2)
    driver.hold_commits = False
    driver.commit()
    driver.later(TO_END_S - 5.5)

    assert intents(driver) == 0
    assert driver.last("parcel.decided").flags == ("no_time",)


def test_while_the_disk_refuses_no_divert_is_written_down(driver: LineDriver) -> None:
    released(driver, 5.0)
    driver.hold_commits = True
    driver.give(JournalTrouble(driver.at, "disk full"))
    driver.later(TO_END_S - 5.0)

    assert intents(driver) == 0


def test_an_intent_whose_verdict_has_changed_since_is_not_ordered(driver: LineDriver) -> None:
    released(driver, 5.4)
    driver.hold_commits = True
    driver.later(0.05)
    assert intents(driver) == 1
    parcel = followed(driver).parcel
    assert parcel is not None
    driver.gateway._lines[0].clearing.hold(parcel, "no_time", driver.at)
    driver.hold_commits = False
    driver.commit()

    assert driver.ons == []


@pytest.mark.parametrize("what", ["doubt", "refused"])
def test_a_parcel_doubted_or_refused_while_its_diverter_moves_has_not_departed(
    driver: LineDriver, what: str
) -> None:
    thing = at_order(driver)
    driver.later(TO_FIRED_S - TO_ORDER_S)
    if what == "doubt":
        followed(driver).doubt("two_labels")
    else:
        order = driver.ons[0].order
        driver.give(OrderAnswered(BOARD, driver.at, order, accepted=False, detail="queue_full"))
    in_lane(driver, thing)

    assert "parcel.departed" not in driver.kinds()
    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)


def test_a_release_that_ends_while_the_belt_stands_under_a_moving_diverter_lets_nothing_depart(
    driver: LineDriver,
) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release", valid_s=5)
    driver.later(TO_FIRED_S - TO_MEASURED_S)
    assert len(driver.ons) == 1
    driver.diverted(thing)
    stand(driver, 10)
    driver.later(1.5)

    assert "parcel.departed" not in driver.kinds()
    assert driver.last("parcel.decided").flags == ("decision_late",)
    assert driver.gateway.snapshot().tally.lost_track == 1


def test_a_release_older_than_a_stop_of_this_visit_is_not_obeyed(driver: LineDriver) -> None:
    measured(driver)
    arrived = next(n for n, event in enumerate(driver.events) if event.kind == "parcel.arrived")
    tell(driver, "hold", dec_seq=5, answers=driver.ids[arrived])
    tell(driver, dec_seq=4)
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"not_our_event": 1, "superseded": 1}


def test_a_parcel_that_waits_for_its_decision_is_held_when_the_coordinator_goes_away(
    driver: LineDriver,
) -> None:
    measured(driver)
    driver.give(LinkChanged(driver.at, broker=False, coordinator=True))
    stand(driver, 6)

    assert driver.last("parcel.decided").flags == ("offline_default",)
    assert driver.last("parcel.decided").clock == "force"


def test_a_misread_name_names_nobody(driver: LineDriver) -> None:
    driver.measure(entered(driver), "RB123456784GB")
    driver.later(TO_END_S)

    assert "parcel.identified" not in driver.kinds()
    assert driver.last("parcel.decided").flags == ("bad_check_digit",)


def test_an_answer_after_a_long_stop_may_still_be_of_what_was_in_view_before(driver: LineDriver) -> None:
    """Two 200 mm apart: when the reader is triggered for the second the first is still in its view; then the belt
    stands for longer than its reports are remembered."""
    first = driver.carry(entered(driver))
    driver.carry(Object(first.rear_at(200_000)))
    driver.later(1.85)
    stand(driver, 80)
    number = driver.triggers[-1].number
    assert [one.number for one in driver.triggers if one.on] == [1, number]
    driver.give(driver.code(driver.now, S10, number))

    assert [one.parcel.codes for one in driver.gateway._lines[0].track.items if one.parcel] == [[], []]
    driver.later(TO_END_S)
    assert dict(driver.gateway.snapshot().balance.rejected)["ambiguous_read"] == 1
    assert driver.gateway.snapshot().tally.departed == 0


def test_an_answer_for_a_parcel_that_was_not_there_is_nobodys(driver: LineDriver) -> None:
    """A beam has shown since that it was elsewhere."""
    driver.carry(entered(driver), "in")
    driver.later(1.6)
    followed(driver).front_um -= 2_000_000
    driver.give(driver.code(driver.now, S10_B, driver.triggers[-1].number))

    assert dict(driver.gateway.snapshot().balance.rejected) == {"orphan_read": 1}


def test_a_lane_expects_the_one_it_was_ordered_before_a_nearer_one(driver: LineDriver) -> None:
    line = driver.line
    nearer, sent = Item(1, Instant(0), 0, 8_900_000), Item(2, Instant(0), 0, 8_750_000)
    sent.push = Push(line.diverters[0], 1, order=1)
    channel = line.beam("green").channel
    lanes = Lanes(line, Belt(line.belt, line.tolerance_um))

    assert lanes.expected(channel, 8_900_000, None, [nearer, sent]) is sent
    sent.push.ended = True
    assert lanes.expected(channel, 8_900_000, None, [nearer, sent]) is nearer


@pytest.mark.parametrize("in_time", [True, False])
def test_a_diverter_stays_out_for_one_close_behind_only_by_its_own_order(
    driver: LineDriver, in_time: bool
) -> None:
    """While its divert is not on disk, nothing holds the diverter out for it: it must find its way free."""
    first = driver.measure(entered(driver))
    second = driver.measure(Object(first.rear_at(260_000)), S10_B)
    driver.later(3.3)
    driver.decide("release", visit=driver.visits[0])
    driver.decide("release", visit=driver.visits[1], code=S10_B)
    while not driver.ons:
        driver.later(0.02)
    driver.hold_commits = not in_time
    driver.later(1.0)
    driver.hold_commits = False
    driver.commit()

    diverter_um = driver.line.diverters[0].position_um
    lead = driver.ons[0]
    back_at = first.rear_at(diverter_um + driver.line.clearance_um)
    assert lead.at + lead.for_ns == pytest.approx(back_at, abs=1_000_000)
    if not in_time:
        assert len(driver.ons) == 1
        assert driver.last("parcel.decided").flags == ("no_time",)
        return
    follow = driver.ons[1]
    assert first.rear_at(diverter_um) < follow.at < lead.at + lead.for_ns
    assert follow.at + follow.for_ns == pytest.approx(
        second.rear_at(diverter_um + driver.line.clearance_um), abs=1_000_000
    )
