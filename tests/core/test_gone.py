"""What has left a belt and may still be told of by the bouncing of the beam that saw it last."""

from line_driver import config

from edge.core.gone import GONE_MAX, Gone
from edge.core.item import Item
from hub_config.names import Instant

LINE = config().lines[0]
END = len(LINE.belt_beams) - 1


def left_at(place_um: int, *, rear_um: int | None = None) -> Item:
    return Item(1, Instant(0), 0, place_um, rear_um)


def test_what_covers_the_beam_within_one_that_left_is_that_one_and_no_other_beams() -> None:
    gone = Gone(LINE)
    gone.add(END, left_at(0, rear_um=-300_000))

    assert gone.continues(END, -100_000)
    assert gone.continues(END, LINE.min_gap_um)
    assert not gone.continues(END, -300_000 - LINE.min_gap_um - 1)
    assert not gone.continues(END - 1, -100_000)


def test_one_that_left_before_its_end_was_seen_ends_where_it_is_told_to() -> None:
    gone = Gone(LINE)
    gone.add(END, left_at(0))

    assert gone.continues(END, 1 - LINE.max_length_um)
    gone.end(END, -300_000)
    assert not gone.continues(END, -400_000)


def test_past_the_bound_the_oldest_is_forgotten() -> None:
    gone = Gone(LINE)
    places = [-2_000_000 * number for number in range(GONE_MAX + 1)]
    for place in places:
        gone.add(END, left_at(place, rear_um=place - 300_000))

    assert [gone.continues(END, place) for place in places] == [False] + [True] * GONE_MAX


def test_a_restarted_board_remembers_none() -> None:
    gone = Gone(LINE)
    gone.add(END, left_at(0, rear_um=-300_000))
    gone.clear()

    assert not gone.continues(END, 0)
