import pytest

from hub_config.names import Instant
from simulators import world as world_module
from simulators.world import World, WorldError


def test_actions_of_one_instant_run_in_the_order_they_were_asked_for() -> None:
    world, ran = World(), list[str]()
    world.call_at(Instant(20), lambda: ran.append("late"))
    world.call_at(Instant(10), lambda: ran.append("first"))
    world.call_at(Instant(10), lambda: ran.append("second"))

    world.run_until(Instant(10))

    assert ran == ["first", "second"]
    assert (world.now, world.next_at) == (10, 20)


def test_an_action_sees_its_own_instant_and_may_ask_for_more_at_it() -> None:
    world, seen = World(), list[int]()
    world.call_at(Instant(5), lambda: world.call_after(0, lambda: seen.append(world.now)))

    world.run_until(Instant(9))

    assert seen == [5]
    assert world.now == 9


def test_an_instant_that_has_passed_means_at_once() -> None:
    world = World(Instant(100))
    world.call_at(Instant(1), lambda: None)

    assert world.run_next()
    assert world.now == 100
    assert not world.run_next()


def test_a_cancelled_action_never_runs() -> None:
    world, ran = World(), list[str]()
    token = world.call_after(5, lambda: ran.append("no"))
    world.cancel(token)
    world.cancel(token)

    world.run_until(Instant(10))

    assert not ran
    assert world.next_at is None


def test_a_behaviour_that_schedules_without_end_is_told_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "MAX_PENDING", 3)
    world = World()
    for _ in range(3):
        world.call_after(1, lambda: None)

    with pytest.raises(WorldError, match="3 actions pending"):
        world.call_after(1, lambda: None)


def test_two_behaviours_that_wake_each_other_for_ever_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "MAX_AT_ONE_INSTANT", 50)
    world = World()

    def again() -> None:
        world.call_after(0, again)

    world.call_after(1, again)

    with pytest.raises(WorldError, match="without time moving on"):
        world.run_until(Instant(5))
