"""The time of a belt that may stop: how long it would have run at its set speed.

Whatever moves with the belt is planned in belt time. While the belt runs it goes with the world's; a belt that brakes
goes three quarters as fast and then one quarter, stands, and starts again the same way, so it coasts for half of the
time that braking takes. What was planned for later comes later by as much.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from hub_config.names import Instant
from simulators.world import Action, Token, World

MARKS_MAX: Final = 64
"""Changes of speed remembered; of the time before them nobody asks any more."""
SLOWING: Final = (3, 1)
"""Quarters of the set speed."""


@dataclass(frozen=True, slots=True)
class Mark:
    """From this instant on the belt goes at so many quarters of its set speed."""

    at: Instant
    ran_ns: int
    quarters: int


class BeltClock:
    def __init__(self, world: World) -> None:
        self._world = world
        self._marks = [Mark(world.now, world.now, 4)]
        self._planned: dict[int, tuple[Instant, Action, Token]] = {}
        self._number = 0

    @property
    def now(self) -> Instant:
        return self.of(self._world.now)

    def of(self, at: Instant) -> Instant:
        """Belt time at an instant of the world."""
        mark = next((one for one in reversed(self._marks) if one.at <= at), self._marks[0])
        return Instant(mark.ran_ns + (at - mark.at) * mark.quarters // 4)

    def when(self, ran: Instant) -> Instant:
        """The instant of the world at which it has run so long, as far as is known now."""
        mark = next(
            (one for one in reversed(self._marks) if one.ran_ns < ran and one.quarters), self._marks[0]
        )
        return Instant(mark.at - -(ran - mark.ran_ns) * 4 // mark.quarters)

    def moves_at(self, at: Instant) -> bool:
        return self._quarters(at) > 0

    def steady_at(self, at: Instant) -> bool:
        return self._quarters(at) == 4

    def _quarters(self, at: Instant) -> int:
        return next((one.quarters for one in reversed(self._marks) if one.at <= at), 4)

    def call_at(self, ran: Instant, action: Action) -> None:
        self._number += 1
        self._plan(self._number, ran, action)

    def call_after(self, ns: int, action: Action) -> None:
        self.call_at(Instant(self.now + ns), action)

    def stop(self, brake_ns: int, stands_ns: int) -> None:
        """From now on; nothing happens if it is not running steadily."""
        now = self._world.now
        if not self.steady_at(now) or self._marks[-1].at > now:
            return
        half_ns = brake_ns // 2
        slower, faster = ([(half_ns, one) for one in way] for way in (SLOWING, SLOWING[::-1]))
        for ns, quarters in (*slower, (stands_ns, 0), *faster):
            self._mark(now, quarters)
            now = Instant(now + ns)
        self._mark(now, 4)
        del self._marks[:-MARKS_MAX]
        for number, (ran, action, token) in sorted(
            self._planned.items(), key=lambda one: (one[1][0], one[0])
        ):
            self._world.cancel(token)
            self._plan(number, ran, action)

    def _mark(self, at: Instant, quarters: int) -> None:
        self._marks.append(Mark(at, self.of(at), quarters))

    def _plan(self, number: int, ran: Instant, action: Action) -> None:
        token = self._world.call_at(self.when(ran), partial(self._act, number))
        self._planned[number] = (ran, action, token)

    def _act(self, number: int) -> None:
        _, action, _ = self._planned.pop(number)
        action()
