"""The bounds of a belt line, and what happens at them."""

from line_driver import (
    BOARD,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    LineDriver,
    Object,
    entered,
)

from drivers.reading import BeamChanged
from edge.core.belt import Belt
from edge.core.clearing import AWAITED_MAX
from edge.core.diverting import INTENTS_MAX
from edge.core.item import Found, Item
from edge.core.track import ITEMS_MAX, Track
from hub_config.names import SECOND, Instant


def item(number: int) -> Item:
    return Item(number, Instant(0), 0, 0)


def test_past_the_bound_of_items_all_on_the_belt_and_the_next_are_in_doubt(driver: LineDriver) -> None:
    track = Track(driver.line, Belt(driver.line.belt, driver.line.tolerance_um))
    for number in range(ITEMS_MAX):
        track.covered(0, number * 400_000, Instant(number), Found())
        track.freed(0, number * 400_000 + 300_000, Instant(number), Found())
    assert not any(one.doubts for one in track.items)

    found = Found()
    track.covered(0, ITEMS_MAX * 400_000, Instant(ITEMS_MAX), found)
    track.remove(track.items[0])
    track.covered(0, (ITEMS_MAX + 1) * 400_000, Instant(ITEMS_MAX + 1), Found())
    track.freed(0, (ITEMS_MAX + 1) * 400_000 + 300_000, Instant(ITEMS_MAX + 1), Found())
    track.remove(track.items[0])
    track.covered(0, (ITEMS_MAX + 2) * 400_000, Instant(ITEMS_MAX + 2), Found())

    assert found.overflow
    assert [bool(one.doubts) for one in track.items] == [True] * (ITEMS_MAX - 1) + [False]


def test_past_the_bound_of_intents_no_further_divert_is_begun(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.gateway._lines[0].diverting.intents = {-number: item(number) for number in range(INTENTS_MAX)}
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.last("parcel.decided").flags == ("device_fault",)


def test_past_the_bound_of_records_awaited_the_oldest_parcel_gets_no_decision(driver: LineDriver) -> None:
    driver.hold_commits = True
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    clearing = driver.gateway._lines[0].clearing
    (waiting,) = clearing.awaited.values()
    for number in range(AWAITED_MAX):
        clearing._await(-1 - number, waiting)
    driver.hold_commits = False
    driver.commit()
    driver.decide("release")
    driver.later(TO_END_S - TO_MEASURED_S)

    assert len(clearing.awaited) <= AWAITED_MAX
    assert driver.ons == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"not_our_event": 1}
    assert driver.gateway.snapshot().tally.held == 1


def test_tables_of_a_line_are_empty_when_its_parcels_have_gone(driver: LineDriver) -> None:
    for number in range(12):
        thing = Object(driver.now + SECOND // 2)
        if number % 3:
            driver.measure(thing, S10 if number % 2 else S10_B)
        driver.carry(thing)
        driver.later(2.0)
    driver.later(TO_END_S + 2)

    line = driver.gateway._lines[0]
    assert line.track.items == []
    assert line.clearing.awaited == {}
    assert line.diverting.intents == {}
    assert list(line._measuring._weighings.waiting) == []
    assert driver.gateway._visits._in_work == {}
    assert driver.gateway.snapshot().tally.at_bench == 0


def test_an_edge_of_a_channel_that_is_wired_to_nothing_is_counted(driver: LineDriver) -> None:
    driver.give(BeamChanged(BOARD, driver.at, 31, True, 0, 1_000))

    assert dict(driver.gateway.snapshot().balance.rejected) == {"unknown_channel": 1}
