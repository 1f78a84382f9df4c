"""The gateway's computer under simulated time: it does each thing at its time, but for those that fall into a pause.

A pause (a stopped process, a moved virtual machine) stops all of its threads at once. What arrives meanwhile waits in
the kernel and comes first when it goes on; then come the timers that have passed, as in the gateway's device loop.
"""

from functools import partial

from hub_config.names import Instant
from simulators.world import Action, Token, World


class Host:
    def __init__(self, world: World) -> None:
        self._world = world
        self._goes_on_at = world.now

    def pause(self, ns: int) -> None:
        """From now on, for so long."""
        self._goes_on_at = max(self._goes_on_at, Instant(self._world.now + ns))

    def hear_at(self, at: Instant, action: Action) -> Token:
        """Bytes or a message reach it at `at`."""
        return self._world.call_at(at, partial(self._do, action, 0))

    def act_at(self, at: Instant, action: Action) -> Token:
        """A timer of its own, or its disk. Once a pause has deferred it, it can't be cancelled any more."""
        return self._world.call_at(at, partial(self._do, action, 1))

    def _do(self, action: Action, behind_ns: int) -> None:
        """Unless it is paused: then that long behind the end of the pause."""
        if self._world.now < self._goes_on_at:
            self._world.call_at(Instant(self._goes_on_at + behind_ns), partial(self._do, action, behind_ns))
        else:
            action()
