"""Simulated time: a heap of (instant, order, action), and nothing that reads a clock.

Actions of one instant run in the order in which they were asked for, so a run is a function of its inputs.
`simulators.serve.RealTime` runs the same world against the host's clock; behaviours are written once.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, NewType

from hub_config.names import Instant

Action = Callable[[], object]
"""What it returns is not looked at."""
Token = NewType("Token", list[Action])
"""Holds one pending action, for `cancel`; nothing once it has run or was cancelled."""

START: Final = Instant(0)
MAX_PENDING: Final = 100_000
"""Actions waiting at one time, with those that were cancelled until their time has come. More means that something
schedules without end."""
MAX_AT_ONE_INSTANT: Final = 100_000
"""Actions run without time moving on. More means two behaviours wake each other for ever."""


class WorldError(RuntimeError):
    """A behaviour schedules without end; the message names the limit."""


class World:
    def __init__(self, now: Instant = START) -> None:
        self.now = now
        """Only the world itself moves it on."""
        self._order = 0
        self._heap: list[tuple[Instant, int, Token]] = []
        self._at_one_instant = 0
        self.stirred = False
        """Something in it wants to be looked at; who looks sets it back."""

    @property
    def next_at(self) -> Instant | None:
        """When the next action is due; None with nothing pending."""
        while self._heap and not self._heap[0][2]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def call_at(self, at: Instant, action: Action) -> Token:
        """Runs `action` at `at`, or at once if that has passed."""
        if len(self._heap) >= MAX_PENDING:
            raise WorldError(f"world: {MAX_PENDING} actions pending, the limit; look for one that repeats")
        self._order += 1
        token = Token([action])
        heappush(self._heap, (at if at > self.now else self.now, self._order, token))
        return token

    def call_after(self, ns: int, action: Action) -> Token:
        return self.call_at(Instant(self.now + ns), action)

    def cancel(self, token: Token) -> None:
        """Forgets an action; one that has run or was cancelled before is no error."""
        token.clear()

    def run_next(self) -> bool:
        """Moves time to the next action and runs it. False with nothing pending."""
        heap = self._heap
        while heap:
            at, _, token = heappop(heap)
            if token:
                action = token.pop()
                if at > self.now:
                    self.now, self._at_one_instant = at, 0
                else:
                    self._count_action(at)
                action()
                return True
        return False

    def run_until(self, instant: Instant) -> None:
        """Runs all that is due at or before `instant`; time is then `instant`."""
        while (at := self.next_at) is not None and at <= instant:
            self.run_next()
        if instant > self.now:
            self.now, self._at_one_instant = instant, 0

    def _count_action(self, at: Instant) -> None:
        """One more without time moving on."""
        self._at_one_instant += 1
        if self._at_one_instant > MAX_AT_ONE_INSTANT:
            raise WorldError(f"world: {MAX_AT_ONE_INSTANT} actions at instant {at} ns without time moving on")
