"""Which places are asked when they want a Tick, and whether they wait for the disk."""

import random

from edge.core.wakes import EVERY, Wakes
from hub_config.names import Instant


class Asked:
    """A place that counts how often it is asked."""

    def __init__(self) -> None:
        self.due: Instant | None = None
        self.awaits_commit = False
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


def test_every_one_that_was_touched_is_asked_or_all_where_any_may_have_been() -> None:
    first, second, third = Asked(), Asked(), Asked()
    wakes = Wakes([first, second, third])
    assert wakes.soonest is None

    first.due, second.due = Instant(9), Instant(7)
    wakes.touch(0)
    wakes.touch(1)
    assert wakes.soonest == 7
    assert third.times == 1

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


def test_those_that_wait_for_the_disk_are_told_in_order_and_only_while_they_do() -> None:
    places = [Asked(), Asked(), Asked()]
    wakes = Wakes(places)
    assert wakes.awaiting == []

    places[2].awaits_commit = places[0].awaits_commit = True
    wakes.touch(2)
    assert wakes.awaiting == [2]
    wakes.touch(0)
    assert wakes.awaiting == [0, 2]

    places[2].awaits_commit = False
    wakes.touch(2)
    assert wakes.awaiting == [0]


def test_the_soonest_is_that_of_all_whatever_was_touched() -> None:
    rng = random.Random(20_261_126)
    places = [Asked() for _ in range(5)]
    wakes = Wakes(places)
    for _ in range(500):
        number = rng.randrange(5)
        places[number].due = rng.choice([None, *map(Instant, range(4))])
        wakes.touch(number)

        assert wakes.soonest == min([one.due for one in places if one.due is not None], default=None)


def test_those_whose_time_has_come_are_told_in_order() -> None:
    first, second, third = Asked(), Asked(), Asked()
    first.due, third.due = Instant(4), Instant(3)
    wakes = Wakes([first, second, third])

    assert wakes.due(Instant(2)) == []
    assert wakes.due(Instant(3)) == [2]
    assert wakes.due(Instant(9)) == [0, 2]

    third.due = None
    wakes.touch(2)
    assert wakes.due(Instant(9)) == [0]
