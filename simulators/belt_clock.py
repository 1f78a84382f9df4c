"""The time of a belt that may stop: how long it would have run at its set speed.

Whatever moves with the belt is planned in belt time. While the belt runs it goes with the world's; a belt that brakes
goes three quarters as fast and then one quarter, stands, and starts again the same way, so it coasts for half of the
time that braking takes. What was planned for later comes later by as much. Once it stands it may run back a little, as
one on a slope does: belt time goes back then, and nothing is done twice.
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
    """Negative: it runs back."""
    most_ns: int
    """The most that it has ever run by then."""


class BeltClock:
    def __init__(self, world: World) -> None:
        self._world = world
        self._marks = [Mark(world.now, world.now, 4, world.now)]
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
        """The instant of the world at which it has first run so long, as far as is known now."""
        mark = next(
            (one for one in reversed(self._marks) if one.most_ns < ran and one.quarters > 0), self._marks[0]
        )
        return Instant(mark.at - -(ran - mark.ran_ns) * 4 // mark.quarters)

    def again(self, ran: Instant) -> Instant:
        """The instant at which it has run so long for the last time, as far as is known now."""
        mark = next(
            (one for one in reversed(self._marks) if one.ran_ns < ran and one.quarters > 0), self._marks[0]
        )
        return Instant(mark.at - -(ran - mark.ran_ns) * 4 // mark.quarters)

    def entered(self, at: Instant, low: int, high: int) -> Instant:
        """When it last came into this stretch of its time (from `low`, below `high`), in which it is then."""
        for mark in reversed(self._marks):
            if mark.at > at or not mark.quarters:
                continue
            if mark.quarters > 0 and mark.ran_ns < low:
                return Instant(mark.at - -(low - mark.ran_ns) * 4 // mark.quarters)
            if mark.quarters < 0 and mark.ran_ns >= high:
                return Instant(mark.at + (mark.ran_ns - high + 1) * 4 // -mark.quarters)
        return self._marks[0].at

    def moves_at(self, at: Instant) -> bool:
        return self._quarters(at) != 0

    def steady_at(self, at: Instant) -> bool:
        return self._quarters(at) == 4

    def _quarters(self, at: Instant) -> int:
        return next((one.quarters for one in reversed(self._marks) if one.at <= at), 4)

    def call_at(self, ran: Instant, action: Action) -> None:
        self._number += 1
        self._plan(self._number, ran, action)

    def call_after(self, ns: int, action: Action) -> None:
        self.call_at(Instant(self.now + ns), action)

    def stop(self, brake_ns: int, stands_ns: int, back_ns: int = 0) -> Instant | None:
        """From now on. Once it stands it runs back by so much of its time, and stands as long again. Returns when it
        stands; None if it is not running steadily, and nothing happens."""
        now = self._world.now
        if not self.steady_at(now) or self._marks[-1].at > now:
            return None
        half_ns, stands_at = brake_ns // 2, Instant(now + brake_ns // 2 * 2)
        slower, faster = ([(half_ns, one) for one in way] for way in (SLOWING, SLOWING[::-1]))
        back = ((4 * back_ns, -1), (stands_ns, 0)) if back_ns else ()
        for ns, quarters in (*slower, (stands_ns, 0), *back, *faster):
            self._mark(now, quarters)
            now = Instant(now + ns)
        self._mark(now, 4)
        del self._marks[:-MARKS_MAX]
        for number, (ran, action, token) in sorted(
            self._planned.items(), key=lambda one: (one[1][0], one[0])
        ):
            self._world.cancel(token)
            self._plan(number, ran, action)
        return stands_at

    def _mark(self, at: Instant, quarters: int) -> None:
        ran_ns = self.of(at)
        self._marks.append(Mark(at, ran_ns, quarters, max(ran_ns, self._marks[-1].most_ns)))

    def _plan(self, number: int, ran: Instant, action: Action) -> None:
        token = self._world.call_at(self.when(ran), partial(self._act, number))
        self._planned[number] = (ran, action, token)

    def _act(self, number: int) -> None:
        _, action, _ = self._planned.pop(number)
        action()
