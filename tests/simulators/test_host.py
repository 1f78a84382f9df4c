"""The gateway's computer when it is paused: nothing is lost, and what has come in goes before what is overdue."""

import gc
import weakref
from collections.abc import Callable

from hub_config.names import SECOND, Instant
from simulators.host import Host
from simulators.world import World


def note(done: list[tuple[str, int]], world: World, name: str) -> Callable[[], None]:
    return lambda: done.append((name, world.now // SECOND))


def test_what_falls_into_a_pause_comes_when_it_ends_bytes_before_timers() -> None:
    world = World()
    host, done = Host(world), []
    for second, name in ((1, "early"), (3, "timer"), (4, "late timer"), (8, "after")):
        host.act_at(Instant(second * SECOND), note(done, world, name))
    for second, name in ((3, "first bytes"), (5, "bytes")):
        host.hear_at(Instant(second * SECOND), note(done, world, name))
    world.call_at(Instant(2 * SECOND), lambda: host.pause(4 * SECOND))
    world.run_until(Instant(10 * SECOND))

    assert done == [
        ("early", 1), ("first bytes", 6), ("bytes", 6), ("timer", 6), ("late timer", 6), ("after", 8),
    ]  # fmt: skip


def test_a_second_pause_never_ends_the_first_one_sooner() -> None:
    world = World()
    host, done = Host(world), []
    host.pause(4 * SECOND)
    host.pause(SECOND)
    host.hear_at(Instant(2 * SECOND), note(done, world, "bytes"))
    world.run_until(Instant(10 * SECOND))

    assert done == [("bytes", 4)]


def test_a_timer_can_be_cancelled_before_its_time() -> None:
    world = World()
    host, done = Host(world), []
    world.cancel(host.act_at(Instant(SECOND), note(done, world, "timer")))
    world.run_until(Instant(2 * SECOND))

    assert done == []


def test_what_it_has_done_is_gone_at_once_and_not_left_to_the_collector() -> None:
    world = World()
    host = Host(world)
    action = Bell()
    known = weakref.ref(action)
    host.hear_at(Instant(1), action.ring)
    host.act_at(Instant(2), action.ring)
    del action

    gc.disable()
    try:
        world.run_until(Instant(5))
        assert known() is None
    finally:
        gc.enable()


class Bell:
    def ring(self) -> None:
        """Nobody listens."""
