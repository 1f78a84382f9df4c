"""Whose a reading on a belt is; in doubt, nobody's."""

import pytest
from line_driver import (
    READER,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    LineDriver,
    Object,
    entered,
)

from drivers.reading import BarcodeRead
from edge.core.belt_readers import View
from hub_config.names import MILLISECOND, SECOND

MISPRINT = "RA473124820GB"  # the check digit of this one would be 9


def test_a_code_with_nothing_in_view_is_an_orphan(driver: LineDriver) -> None:
    driver.give(driver.code(driver.now, S10, None))

    assert dict(driver.gateway.snapshot().balance.rejected) == {"orphan_read": 1}


def test_a_code_with_two_in_view_is_neithers_unless_it_is_surely_one_of_theirs(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    other = Object(thing.rear_at(100_000))
    driver.measure(other, S10_B)
    driver.later(TO_END_S + 1)

    told = [event for event in driver.events if event.kind == "parcel.measured"]
    assert [[code.data for code in event.codes] for event in told] == [[S10]]
    decided = [event.flags for event in driver.events if event.kind == "parcel.decided"]
    assert sorted(decided) == [("assoc_low",), ("decision_late",)]  # nobody answered for the first
    assert dict(driver.gateway.snapshot().balance.rejected)["ambiguous_read"] == 1


def test_a_measurement_waits_until_the_parcel_beside_it_is_seen_behind_the_reader(driver: LineDriver) -> None:
    """Until then a hand may have moved that one: its unread label would be a rival."""
    thing = entered(driver)
    other = driver.carry(Object(thing.rear_at(200_000)))
    driver.carry(thing)
    driver.read(thing)
    driver.weigh(thing, after_ms=30)
    driver.later(TO_MEASURED_S)

    measured = driver.last("parcel.measured")
    seen_at = other.front_at(driver.line.beam("scale").position_um)
    assert measured.visit == driver.visits[0]
    assert seen_at <= measured.at <= seen_at + 20 * MILLISECOND
    assert measured.assoc is not None
    assert measured.assoc.p_ppm >= 999_990


def test_a_measurement_waits_for_a_parcel_taken_off_beside_it_only_until_it_is_lost(
    driver: LineDriver,
) -> None:
    """Where that was under the reader nobody knows, and it had no label of its own: it may be its code."""
    thing = entered(driver)
    other = driver.carry(Object(thing.rear_at(200_000), vanishes_um=2_600_000))
    driver.carry(thing)
    driver.read(thing)
    driver.weigh(thing, after_ms=30)
    driver.later(TO_MEASURED_S)

    held = driver.last("parcel.decided")
    assert held.visit == driver.visits[0]
    assert held.flags == ("assoc_low",)
    assert held.at <= other.front_at(driver.line.beam("scale").position_um) + 200 * MILLISECOND


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


@pytest.mark.parametrize("codes", [(S10, MISPRINT), (MISPRINT, S10)])
def test_a_misprinted_number_beside_its_own_is_a_second_label(
    driver: LineDriver, codes: tuple[str, str]
) -> None:
    """It may be that of a parcel that touches it: the pair must not leave under the name of one."""
    thing = entered(driver)
    driver.carry(thing)
    for place, code in enumerate(codes):
        driver.read(thing, code, late_ns=place * MILLISECOND)
    driver.weigh(thing)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.decided").flags == ("two_labels",)


def test_a_misread_of_its_own_number_counts_for_nothing(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.read(thing, S10.replace("12345", "12845"), late_ns=MILLISECOND)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.measured").flags == ()


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
        ((1, None, 2, 3, 4), [1, None, None, None, None]),  # an item left out, or every record late: unsure
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


def test_a_late_name_with_several_in_view_puts_one_that_is_asked_about_already_in_doubt(
    driver: LineDriver,
) -> None:
    """It may be the second label of that one, so the release that is on its way counts no more."""
    thing = driver.measure(entered(driver))
    driver.carry(Object(thing.rear_at(400_000)))
    driver.later(TO_MEASURED_S)
    line = driver.gateway._lines[0]
    asked, behind = line.track.items
    assert asked.parcel is not None
    assert asked.parcel.phase == "asking"
    reader = line._measuring._readers[READER]
    read = driver.code(driver.now, S10_B, None)
    assert isinstance(read, BarcodeRead)
    line._measuring._joining.saw(reader, read, View((asked, behind), None, 0, 1), driver.at)

    assert asked.doubts == ["assoc_low"]
    assert behind.doubts == []
