"""A record of the scale that may be another parcel's is nobody's; and a line's tables stay within their bounds."""

import pytest
from line_driver import (
    ENTROPY,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    LineDriver,
    Object,
    config,
    entered,
)
from scale_records import counted, crossed, record

from drivers.reading import WeightRead
from edge.core.belt_records import CROSSINGS_MAX, BeltRecords
from edge.core.event import Act
from edge.core.gateway import Gateway
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant, LaneId


@pytest.fixture
def weighings() -> BeltRecords:
    """The first item had record 100: the count is sure."""
    return counted()


def test_a_record_whose_time_fits_two_items_is_the_older_ones_once_a_later_record_bears_the_count_out(
    weighings: BeltRecords,
) -> None:
    """Had the scale left out the first of them, the next record would be of one that has not crossed yet."""
    first = crossed(weighings, 2, 1_000)
    second = crossed(weighings, 3, 1_250)

    assert weighings.take(*record(101, 1_330)) == (first, "supposed")
    assert weighings.take_settled() == []
    assert weighings.take(*record(102, 1_340)) == (second, "joined")
    assert weighings.take_settled() == [(first, True)]


def test_a_record_whose_time_fits_two_items_is_neithers_if_the_count_turns_out_wrong(
    weighings: BeltRecords,
) -> None:
    """The scale has left out the first of them: what was weighed was the second, under the number of the first."""
    first = crossed(weighings, 2, 1_000)
    crossed(weighings, 3, 1_250)
    assert weighings.take(*record(101, 1_330)) == (first, "supposed")
    crossed(weighings, 4, 2_000)
    weighings.take(*record(102, 2_100))  # of the fourth: the count may take it for a late one of the third
    crossed(weighings, 5, 3_000)
    weighings.take(*record(103, 3_100))

    assert weighings.take_settled() == [(first, False)]


def test_what_is_supposed_is_not_so_while_an_item_since_then_has_had_no_record(
    weighings: BeltRecords,
) -> None:
    """The scale has left out the first, and the belt then stood until the third's record was no longer waited for."""
    first = crossed(weighings, 2, 1_000)
    crossed(weighings, 3, 1_250)
    assert weighings.take(*record(101, 1_330)) == (first, "supposed")  # the second's
    crossed(weighings, 4, 2_000)
    assert weighings.take(*record(102, 2_100))[1] == "record_late"  # the third's
    fourth = crossed(weighings, 5, 9_000)

    assert weighings.take(*record(103, 9_100)) == (fourth, "joined")
    assert weighings.take_settled() == [(first, False)]


def test_what_is_supposed_is_in_doubt_if_the_record_that_bore_it_out_was_another_items(
    weighings: BeltRecords,
) -> None:
    """The scale has left out the first, and the third's edge is told later than its record."""
    first = crossed(weighings, 2, 1_000)
    second = crossed(weighings, 3, 1_150)
    assert weighings.take(*record(101, 1_300)) == (first, "supposed")  # the second's
    assert weighings.take(*record(102, 1_330)) == (second, "joined")  # the third's
    assert weighings.take_settled() == [(first, True)]
    crossed(weighings, 4, 1_300)

    assert first.doubts == second.doubts == ["assoc_low"]


def test_something_too_short_that_was_weighed_does_not_make_up_for_an_item_left_out(
    weighings: BeltRecords,
) -> None:
    first = crossed(weighings, 2, 1_000)
    crossed(weighings, 3, 1_250)
    assert weighings.take(*record(101, 1_330)) == (first, "supposed")  # the second's
    weighings.passed(Instant(1_450 * MILLISECOND))
    assert weighings.take(*record(102, 1_500))[0] is None  # of what was too short
    crossed(weighings, 4, 2_000)
    weighings.take(*record(103, 2_100))

    assert weighings.take_settled() == [(first, False)]


def test_records_that_were_held_up_behind_a_late_one_are_nobodys_if_what_crossed_before_may_have_been_weighed(
    weighings: BeltRecords,
) -> None:
    """A parcel whose rear the beam did not see was weighed, and its record holds up those of the two behind it."""
    weighings.passed(Instant(1_000 * MILLISECOND))
    crossed(weighings, 2, 1_100)
    third = crossed(weighings, 3, 1_510)

    outcomes = [weighings.take(*record(number, 1_730))[0] for number in (101, 102, 103)]
    assert outcomes == [None, None, None]
    assert third in weighings.overdue(Instant(2_000 * MILLISECOND))


def test_an_item_that_two_records_fit_is_in_doubt(weighings: BeltRecords) -> None:
    """Something too short was weighed, and its record came so late that it was taken for the next item's."""
    weighings.passed(Instant(1_000 * MILLISECOND))
    second = crossed(weighings, 2, 1_300)
    assert weighings.take(*record(101, 1_450)) == (second, "joined")

    assert weighings.take(*record(102, 1_455)) == (None, "record_orphan")
    assert second.doubts == ["assoc_low"]
    assert weighings.take_settled() == [(second, False)]


def test_records_that_agree_are_not_believed_while_each_fits_the_item_before_as_well(
    weighings: BeltRecords,
) -> None:
    """A parcel whose rear the beam did not see was weighed: from then on the records seem one behind."""
    first = crossed(weighings, 2, 1_000)
    weighings.passed(Instant(1_116 * MILLISECOND))
    assert weighings.take(*record(101, 1_144)) == (None, "record_unsure")  # the first's
    items = []
    for number, crossed_ms, told_ms in ((102, 1_284, 1_309), (103, 1_423, 1_446), (104, 1_560, 1_585)):
        items.append(crossed(weighings, number, crossed_ms))
        assert weighings.take(*record(number, told_ms))[0] is None  # of the one before
    assert first.doubts == []


def test_a_younger_item_gets_no_record_while_an_older_one_is_due(weighings: BeltRecords) -> None:
    crossed(weighings, 2, 1_000)
    crossed(weighings, 3, 1_250)

    assert weighings.take(*record(102, 1_330)) == (None, "record_unsure")


def test_a_record_of_something_too_short_is_not_the_next_items(weighings: BeltRecords) -> None:
    """A hand leaves the beam shortly before a small parcel does; the number that fits the parcel is the hand's."""
    weighings.passed(Instant(1_000 * MILLISECOND))
    crossed(weighings, 2, 1_150)

    assert weighings.take(*record(101, 1_200))[0] is None
    assert weighings.take(*record(102, 1_300))[0] is None


def test_something_too_short_that_the_scale_weighed_does_not_shift_the_count(weighings: BeltRecords) -> None:
    weighings.passed(Instant(1_000 * MILLISECOND))
    assert weighings.take(*record(101, 1_100)) == (None, "record_orphan")
    second = crossed(weighings, 2, 2_000)

    assert weighings.take(*record(102, 2_100)) == (second, "joined")


def test_something_too_short_that_the_scale_did_not_weigh_does_not_shift_the_count(
    weighings: BeltRecords,
) -> None:
    weighings.passed(Instant(1_000 * MILLISECOND))
    second = crossed(weighings, 2, 2_000)

    assert weighings.take(*record(101, 2_100)) == (second, "joined")


def test_a_record_joined_by_time_alone_is_in_doubt_when_another_edge_comes_later(
    weighings: BeltRecords,
) -> None:
    """The next item had left the beam too, but its edge was told after the record: a cable that was off."""
    second = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(110, 1_300)) == (second, "joined")
    third = crossed(weighings, 3, 1_200)

    assert second.doubts == ["assoc_low"]
    assert weighings.take(*record(111, 1_310)) == (None, "record_orphan")
    assert third in weighings.overdue(Instant(1_700 * MILLISECOND))


def test_late_records_in_a_row_are_not_taken_for_the_next_items(weighings: BeltRecords) -> None:
    """Every one comes while the item behind its own is due, and they agree with each other."""
    items = [crossed(weighings, 2, 1_000)]
    for n in range(1, 6):
        items.append(crossed(weighings, 2 + n, 1_000 + 600 * n))
        assert weighings.take(*record(100 + n, 1_100 + 600 * n))[0] is None

    on_time = [crossed(weighings, 10 + n, 8_000 + 600 * n) for n in range(2)]
    assert weighings.take(*record(107, 8_100))[0] is None
    assert weighings.take(*record(108, 8_700)) == (on_time[1], "joined")


def test_a_scale_that_has_left_out_an_item_is_believed_again_when_the_next_is_alone(
    weighings: BeltRecords,
) -> None:
    for n in range(3):
        crossed(weighings, 2 + n, 1_000 + 600 * n)
    for n in range(2):
        assert weighings.take(*record(101 + n, 1_700 + 600 * n))[0] is None
    alone = crossed(weighings, 5, 9_000)

    assert weighings.take(*record(103, 9_100)) == (alone, "joined")


def test_an_item_that_had_a_record_of_nothing_is_in_doubt_when_its_own_was_lost(
    weighings: BeltRecords,
) -> None:
    """What was made of nothing came in its time, under its number."""
    second = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(101, 1_100)) == (second, "joined")
    third = crossed(weighings, 3, 2_000)

    assert weighings.take(*record(103, 2_100)) == (third, "joined")
    assert second.doubts == ["assoc_low"]
    assert weighings.take_settled() == [(second, False)]
    assert third.doubts == []


def test_a_number_that_something_too_short_may_have_had_puts_nobody_in_doubt(weighings: BeltRecords) -> None:
    second = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(101, 1_100)) == (second, "joined")
    weighings.passed(Instant(1_500 * MILLISECOND))

    assert weighings.take(*record(103, 1_600)) == (None, "record_orphan")
    assert second.doubts == []


def test_numbers_that_a_scale_leaves_out_put_nobody_in_doubt(weighings: BeltRecords) -> None:
    """More than one at a time: it has counted otherwise, for a test weighing or after a start."""
    second = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(110, 1_100)) == (second, "joined")

    assert second.doubts == []
    assert weighings.take_settled() == []


def test_a_record_without_a_number_is_nobodys(weighings: BeltRecords) -> None:
    crossed(weighings, 2, 1_000)

    assert weighings.take(*record(None, 1_100)) == (None, "record_without_number")


@pytest.mark.parametrize("at_ms", [1_019, 1_401])
def test_a_record_too_soon_or_too_late_is_nobodys(weighings: BeltRecords, at_ms: int) -> None:
    crossed(weighings, 2, 1_000)

    assert weighings.take(*record(101, at_ms))[0] is None


def test_a_record_of_an_item_that_is_lost_is_counted_as_nobodys(weighings: BeltRecords) -> None:
    second = crossed(weighings, 2, 1_000)
    weighings.drop(second)

    assert weighings.take(*record(101, 1_100)) == (None, "record_orphan")


def test_past_the_bound_the_oldest_crossings_are_forgotten(weighings: BeltRecords) -> None:
    for number in range(3 * CROSSINGS_MAX):
        crossed(weighings, number, 1_000 + number)

    assert len(weighings._crossings) == CROSSINGS_MAX
    assert len(weighings.waiting) == CROSSINGS_MAX
    assert len(weighings.overdue(Instant(100 * SECOND))) == CROSSINGS_MAX


# On a belt --------------------------------------------------------------------------------------------


def test_a_hand_in_the_scales_beam_before_a_parcel_costs_that_parcels_weight(driver: LineDriver) -> None:
    """The parcel is 120 mm, the hand leaves the beam 235 ms before its rear does, and has a record of its own."""
    first = driver.measure(entered(driver))
    thing = Object(first.starts + SECOND, length_um=120_000)
    driver.carry(thing)
    driver.read(thing, S10_B)
    rear = thing.rear_at(2_700_000)
    driver.edge("scale", rear - 260 * MILLISECOND, blocked=True)
    driver.edge("scale", rear - 235 * MILLISECOND, blocked=False)
    for after_ms, mg in ((60, 1_000), (160, 500_000)):
        driver.record += 1
        at = Instant(rear + after_ms * MILLISECOND)
        driver.when(at, WeightRead(DeviceId("wim-1"), at, mg, "", "g", None, record=driver.record))
    driver.later(TO_MEASURED_S + 1.5)

    held = [event for event in driver.events if event.kind == "parcel.decided"]
    assert [(event.visit, event.flags, event.mass) for event in held] == [
        (driver.visits[1], ("device_fault",), None)
    ]


def test_a_piece_behind_a_hole_that_the_scale_weighed_costs_the_next_parcel_its_weight(
    driver: LineDriver,
) -> None:
    """30 mm behind the first lies a piece of 45 mm, too short for a parcel, and has a record of its own."""
    first = driver.measure(entered(driver))
    rear = first.rear_at(2_700_000)
    driver.edge("scale", rear + 20 * MILLISECOND, blocked=True)
    driver.edge("scale", rear + 50 * MILLISECOND, blocked=False)
    thing = Object(first.starts + 350 * MILLISECOND, length_um=120_000)
    driver.carry(thing)
    driver.read(thing, S10_B)
    driver.weigh(thing, after_ms=60)  # the piece's, 240 ms behind it
    driver.weigh(thing, 700_000, after_ms=150)
    driver.later(TO_MEASURED_S + 1.5)

    assert [event.visit for event in driver.events if event.mass is not None] == []
    held = [event for event in driver.events if event.kind == "parcel.decided"]
    assert [event.visit for event in held] == driver.visits


def test_two_that_the_scale_saw_apart_and_the_first_beam_did_not_cost_the_next_parcel_its_weight(
    driver: LineDriver,
) -> None:
    """At the first beam nothing was between them; under the scale's there are 60 mm, and each has a record."""
    driver.measure(entered(driver))
    two = Object(driver.now + 1_500 * MILLISECOND, length_um=500_000)
    driver.carry(two, "in", "gate", "end")
    front = two.front_at(2_700_000)
    for after_ms, blocked in ((0, True), (200, False), (240, True), (333, False)):
        driver.edge("scale", front + after_ms * MILLISECOND, blocked=blocked)
    thing = Object(two.starts + 570 * MILLISECOND, length_um=120_000)
    driver.carry(thing)
    driver.read(thing, S10_B)
    driver.weigh(two, after_ms=50)  # of the first, 183 ms behind it
    driver.weigh(thing, after_ms=40)  # of the second, 357 ms behind it
    driver.weigh(thing, 700_000, after_ms=380)
    driver.later(TO_MEASURED_S + 2)

    weighed = [event.visit for event in driver.events if event.kind == "parcel.measured"]
    assert driver.visits[2] not in weighed


def test_a_record_of_a_parcel_not_seen_to_leave_the_scales_beam_is_not_the_next_ones(
    driver: LineDriver,
) -> None:
    first = Object(driver.now + SECOND // 2, length_um=120_000)
    second = Object(first.starts + 250 * MILLISECOND, length_um=120_000)
    driver.carry(first, "in")
    driver.edge("scale", first.front_at(2_700_000), blocked=True)
    driver.edge("scale", first.front_at(2_740_000), blocked=False)
    driver.carry(second, "in", "scale")
    driver.read(first)
    driver.read(second, S10_B)
    driver.weigh(first, 1_000, after_ms=300)
    driver.later(TO_MEASURED_S)

    held = [event for event in driver.events if event.kind == "parcel.decided"]
    assert {event.visit for event in held} == set(driver.visits)
    assert [event.mass for event in held] == [None, None]


def test_a_parcel_given_up_at_the_point_of_no_return_stays_held_when_its_weight_comes() -> None:
    """A line so short that the point lies 700 mm behind the scale's beam."""
    driver = LineDriver(Gateway(config(order_lead_ms=3_100), ENTROPY)).start()
    thing = driver.carry(entered(driver))
    driver.read(thing)
    driver.weigh(thing, after_ms=390)
    driver.later(TO_END_S)

    assert driver.last("parcel.decided").flags == ("no_time",)
    assert dict(driver.last("parcel.corrected").note)["what"] == "mass"
    assert driver.last("parcel.diverted").act == Act(LaneId("hold"), "H9", confirmed=True)
    assert driver.ons == []
