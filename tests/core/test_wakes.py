"""Which places are asked when they want a Tick."""

from edge.core.wakes import EVERY, Wakes
from hub_config.names import Instant


class Asked:
    """A place that counts how often it is asked."""

    def __init__(self) -> None:
        self.due: Instant | None = None
        self.times = 0

    @property
    def wake_at(self) -> Instant | None:
        self.times += 1
        return self.due


def test_only_the_place_that_was_touched_is_asked_again() -> None:
    first, second = Asked(), Asked()
    wakes = Wakes([first, second])
    assert wakes.soonest is None

    second.due = Instant(7)
    wakes.touch(1)

    assert [wakes.soonest, wakes.soonest] == [7, 7]
    assert (first.times, second.times) == (1, 2)


def test_all_are_asked_where_two_or_any_may_have_been_touched() -> None:
    first, second = Asked(), Asked()
    wakes = Wakes([first, second])
    assert wakes.soonest is None

    first.due, second.due = Instant(9), Instant(7)
    wakes.touch(0)
    wakes.touch(1)
    assert wakes.soonest == 7

    second.due = None
    wakes.touch(EVERY)
    assert wakes.soonest == 9


def test_a_due_that_is_over_gives_way_to_the_next() -> None:
    first, second = Asked(), Asked()
    first.due, second.due = Instant(3), Instant(5)
    wakes = Wakes([first, second])
    assert wakes.soonest == 3

    first.due = None
    wakes.touch(0)

    assert wakes.soonest == 5


def test_a_gateway_without_places_wants_none() -> None:
    assert Wakes([]).soonest is None
