"""What is read or weighed of a parcel after its measurement has closed: told, and never acted on but by holding."""

from line_driver import (
    ENTROPY,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    Object,
    at_order,
    config,
    entered,
)
from line_moments import FIRES_AFTER_S, flags, heed, in_lane, measured, released

from edge.core.clearing import CORRECTIONS_MAX
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.track import LEFT_MAX
from hub_config.names import MILLISECOND, SECOND

SSCC = "376123450000000103"


def corrected(driver: LineDriver) -> list[Event]:
    return [event for event in driver.events if event.kind == "parcel.corrected"]


def what(driver: LineDriver) -> list[str]:
    return [str(dict(event.note)["what"]) for event in corrected(driver)]


def late_code(driver: LineDriver, code: str, trigger: int = 1) -> None:
    """The answer to the first parcel's trigger comes now."""
    driver.give(driver.code(driver.now, code, trigger))


def unread(driver: LineDriver) -> Object:
    """One whose reader has said nothing in time: it is held for want of a name."""
    thing = driver.carry(entered(driver))
    driver.weigh(thing)
    driver.later(TO_MEASURED_S + 0.5)
    assert flags(driver) == ["no_read"]
    return thing


# Names ----------------------------------------------------------------------------------------------


def test_a_late_name_of_a_held_parcel_is_told_and_it_stays_held(driver: LineDriver) -> None:
    unread(driver)
    decided = driver.ids[max(n for n, event in enumerate(driver.events) if event.kind == "parcel.decided")]
    late_code(driver, S10)
    driver.later(TO_END_S)
    (told,) = corrected(driver)

    assert dict(told.note) == {"corrects": decided, "what": "code"}
    assert [code.data for code in told.codes] == [S10]
    assert told.flags == ()
    assert driver.ons == []
    assert driver.gateway.snapshot().tally.held == 1


def test_by_its_late_name_a_held_parcel_comes_back(driver: LineDriver) -> None:
    unread(driver)
    late_code(driver, S10)
    driver.later(TO_END_S)
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.measured").visit == driver.visits[0]


def test_a_late_code_that_is_no_name_or_known_already_is_counted_and_not_told(driver: LineDriver) -> None:
    measured(driver)
    driver.give(driver.code(driver.now, S10, None))
    late_code(driver, "hello")

    assert corrected(driver) == []
    assert set(dict(driver.gateway.snapshot().balance.rejected)) <= {"late_read", "orphan_read"}


def test_another_name_than_was_told_holds_a_parcel_that_is_asked_about(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver), trigger=1)
    driver.later(TO_MEASURED_S)
    asked = driver.ids[max(n for n, event in enumerate(driver.events) if event.kind == "parcel.measured")]
    late_code(driver, S10_B)
    driver.decide("release")
    driver.later(TO_END_S)
    (told,) = corrected(driver)

    assert thing.length_um == 300_000
    assert dict(told.note) == {"corrects": asked, "what": "second_name"}
    assert told.flags == ("two_labels",)
    assert flags(driver) == ["two_labels"]
    assert driver.ons == []


def test_another_name_takes_back_an_order_that_is_not_carried_out(driver: LineDriver) -> None:
    driver.measure(entered(driver), trigger=1)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    assert len(driver.ons) == 1
    late_code(driver, S10_B)

    assert len(driver.offs) == 1
    heed(driver)
    assert flags(driver) == ["two_labels"]


def test_another_name_when_the_diverter_moves_means_that_it_did_not_depart(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver), trigger=1)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S + FIRES_AFTER_S)
    late_code(driver, S10_B)
    in_lane(driver, thing)

    assert driver.offs == []
    assert "parcel.departed" not in driver.kinds()
    assert driver.last("parcel.lost_track").flags == ("swap_suspected",)


def test_another_name_of_one_that_has_left_is_told_and_counted_for_people(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver), trigger=1)
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.diverted(thing)
    driver.later(2.0)
    assert driver.kinds()[-1] == "parcel.departed"
    late_code(driver, S10_B)

    assert corrected(driver)[0].flags == ("two_labels",)
    assert corrected(driver)[0].visit == driver.visits[0]
    assert dict(driver.gateway.snapshot().corrected)["after_leaving"] == 1


def test_an_answer_for_one_that_left_long_ago_is_nobodys(driver: LineDriver) -> None:
    driver.measure(entered(driver), trigger=1)
    for _ in range(LEFT_MAX):
        driver.later(1.0)
        driver.carry(entered(driver))
    driver.later(TO_END_S + 1)
    late_code(driver, S10_B)

    assert corrected(driver) == []
    assert dict(driver.gateway.snapshot().balance.rejected)["orphan_read"] == 1


def test_a_late_name_that_is_a_held_parcels_contradicts(driver: LineDriver) -> None:
    """It lies in the hold bay: what is on the belt now can't be it, or is it under two visits."""
    driver.measure(entered(driver), S10, trigger=1)
    driver.later(TO_END_S + 1)
    driver.carry(second := entered(driver))
    driver.weigh(second)
    driver.later(TO_MEASURED_S + 0.5)
    late_code(driver, S10, trigger=2)

    assert what(driver) == ["second_name"]
    assert "visit.joined" not in [event.kind for event in driver.events]


# Weights --------------------------------------------------------------------------------------------


def test_a_late_weight_is_told_once_the_next_record_shows_that_the_count_has_held(driver: LineDriver) -> None:
    """Until then it may be the next parcel's: the scale may have left one out."""
    first = driver.measure(entered(driver))
    second = driver.carry(Object(driver.now + 2 * SECOND))
    third = driver.carry(Object(driver.now + 4 * SECOND))
    driver.read(second, S10_B)
    driver.weigh(second, 700_000, after_ms=700)
    driver.weigh(third, 900_000)
    driver.later(4.5)
    assert flags(driver) == ["device_fault"]
    assert corrected(driver) == []
    driver.later(4)
    (told,) = corrected(driver)

    assert first.length_um == second.length_um
    assert dict(told.note)["what"] == "mass"
    assert told.mass is not None
    assert (told.mass.mg, told.visit) == (700_000, driver.visits[1])
    assert "record_late" not in dict(driver.gateway.snapshot().balance.rejected)


def test_a_late_weight_that_nothing_bears_out_is_nobodys(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    second, third = (Object(driver.now + n * SECOND) for n in (2, 4))
    for one in (second, third):
        driver.carry(one)
    driver.weigh(second, 700_000, after_ms=700)
    driver.weigh(third, 900_000, record=driver.record)  # the number comes again
    driver.later(TO_END_S)

    assert corrected(driver) == []
    assert dict(driver.gateway.snapshot().balance.rejected)["record_late"] == 1


# On the disk ----------------------------------------------------------------------------------------


def test_a_correction_waits_until_what_it_corrects_has_its_id(driver: LineDriver) -> None:
    driver.carry(thing := entered(driver))
    driver.weigh(thing)
    driver.later(TO_MEASURED_S - 0.4)
    driver.hold_commits = True
    driver.later(0.9)
    late_code(driver, S10)
    assert corrected(driver) == []
    driver.commit()

    assert what(driver) == ["code"]


def test_past_the_bound_corrections_of_one_parcel_are_counted_and_not_told() -> None:
    driver = LineDriver(Gateway(config(), ENTROPY)).start()
    driver.carry(thing := entered(driver))
    driver.weigh(thing)
    driver.hold_commits = True
    driver.later(TO_MEASURED_S + 0.5)
    clearing = driver.gateway._lines[0].clearing
    (item,) = driver.gateway._lines[0].track.items
    assert item.parcel is not None
    for _ in range(CORRECTIONS_MAX + 3):
        clearing.correct(item.parcel, "code", driver.at)
    driver.commit()

    assert len(corrected(driver)) == CORRECTIONS_MAX
    assert clearing.corrected == {"code": CORRECTIONS_MAX + 3}


def test_a_further_name_of_lower_rank_changes_nothing_that_was_decided(driver: LineDriver) -> None:
    released(driver, TO_MEASURED_S + 1)
    driver.give(driver.code(driver.now, SSCC, 1))

    assert driver.last("parcel.decided").decision is not None
    assert all(kind == "code" for kind in what(driver))


def test_no_release_is_given_up_for_a_reading_that_may_be_the_neighbours(driver: LineDriver) -> None:
    at_order(driver)
    driver.give(driver.code(driver.now + MILLISECOND, S10_B, None))

    assert corrected(driver) == []
    assert driver.offs == []
