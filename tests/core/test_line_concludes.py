"""No visit stays in work for ever because the belt that carried it is not heard of any more."""

import pytest
from series_line import SeriesLine, Thing, s10

INDUCT, TUNNEL, SIDE = 0, 1, 3


def row(count: int, place: int, *, apart_mm: int = 900) -> list[Thing]:
    return [Thing(s10(n + 1), 300_000, -n * apart_mm * 1_000, belt=place) for n in range(count)]


def merge(things: list[Thing], until_s: float) -> SeriesLine:
    line = SeriesLine("merge")
    line.put(*things)
    return line.run(until_s)


@pytest.mark.parametrize(("place", "until_s"), [(INDUCT, 2.2), (SIDE, 2.2), (TUNNEL, 5.2)])
def test_an_encoder_that_dies_under_the_last_parcels_is_shown_by_the_next_belts_first_beam(
    place: int, until_s: float
) -> None:
    """Nothing comes behind them that could show it, and the side belt has no second beam."""
    line = merge(row(3, SIDE if place == SIDE else INDUCT), until_s)
    held_there = len(line.driver.gateway._lines[0].sections[place].track.items)
    assert held_there >= 2

    line.dead = {place}
    line.run(20)

    assert line.driver.gateway.in_work == 0
    assert f"encoder of {line.line.boards[place]}" in line.driver.gateway.snapshot().lines[0].devices_down[0]
    assert line.told_green == [code for code in line.green if code in line.told_green]


@pytest.mark.parametrize("place", [INDUCT, SIDE])
def test_a_belt_that_stands_with_parcels_on_it_is_not_taken_for_dead_by_what_the_other_brings(
    place: int,
) -> None:
    other = INDUCT if place == SIDE else SIDE
    line = merge(
        [*row(2, place), *[Thing(s10(n), 300_000, -n * 700_000, belt=other) for n in (7, 8, 9)]], 1.6
    )
    waiting = len(line.driver.gateway._lines[0].sections[place].track.items)
    assert waiting

    line.standing = {line.belts[place].id}
    line.run(20)

    assert len(line.driver.gateway._lines[0].sections[place].track.items) == waiting
    assert line.driver.gateway.snapshot().lines[0].devices_down == ()


def test_what_goes_over_to_a_belt_that_nobody_hears_of_any_more_is_lost_track_of() -> None:
    """Its board has told nothing for longer than a minute, and somebody has taken them off."""
    line = merge(things := row(2, SIDE, apart_mm=400), 1.5)
    assert line.driver.gateway.in_work == 2
    line.mute = {TUNNEL}
    for thing in things:
        line.take_off(thing)
    line.run(62)

    assert line.count("parcel.lost_track") == 2
    assert line.driver.gateway.in_work == 0
