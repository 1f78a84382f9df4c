"""The one door into the core: a bounded queue of inputs, fed by every thread of the rim.

At the bound a weight is dropped and counted (the next one comes in 100 ms); everything else waits, which slows the
device that floods and loses nothing. One of a thread that waited may find its room taken by another's, so the queue is
longer than its bound by one for each thread at most. What the journal says never waits: the core may be waiting for it.
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Condition
from typing import Final

from drivers.reading import WeightRead
from edge.core.inputs import Committed, DecisionArrived, Input, JournalTrouble, JournalWell
from edge.core.standing import LONG_BYTES, size_of

INPUTS_MAX: Final = 1_000
"""About a tenth of a second of the core: so long at most a flood of readings keeps a decision or a commit waiting. What
a port sends meanwhile waits in the kernel, which has room for a second of a fast serial line."""

LONG_MAX: Final = 100
"""Long decisions among them, so that a flood of them takes 13 MiB at most; one more waits for the first to be taken."""

OF_THE_JOURNAL: Final = (Committed, JournalTrouble, JournalWell)
"""A core that waits for room in the journal's queue takes nothing from here, and a journal that waited for room here
would make none there. No more come than the core has told events (`WAITING_MAX`)."""


class Inbox:
    """Read by one thread."""

    def __init__(self, inputs_max: int = INPUTS_MAX) -> None:
        self._queue: SimpleQueue[Input | None] = SimpleQueue()
        self._inputs_max = inputs_max
        self._room = Condition()
        self._waiting = 0
        """Threads that wait for room."""
        self._long_put = self._long_taken = 0
        """Long decisions so far; one thread puts them."""
        self._closed = False
        self.weights_dropped = 0

    def put(self, given: Input) -> None:
        if self._queue.qsize() >= self._inputs_max and not isinstance(given, OF_THE_JOURNAL):
            if isinstance(given, WeightRead):
                self.weights_dropped += 1
                return
            self._wait_until(lambda: self._queue.qsize() < self._inputs_max)
            if self._closed:
                return
        if _is_long(given):
            self._wait_until(lambda: self._long_put - self._long_taken < LONG_MAX)
            self._long_put += 1
        self._queue.put(given)

    def close(self) -> None:
        """Nobody makes room any more: who waits for it goes on, and what finds none goes nowhere. From any thread."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def nudge(self) -> None:
        """Ends the wait of `get`."""
        self._queue.put(None)

    def get(self, timeout_s: float) -> Input | None:
        """The next input, or None when there was none for `timeout_s` seconds, or a nudge."""
        try:
            given = self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except Empty:
            return None
        if _is_long(given):
            self._long_taken += 1
        if self._waiting:
            with self._room:
                self._room.notify_all()
        return given

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    def _wait_until(self, there_is_room: Callable[[], bool]) -> None:
        """Who waits is counted first, so that `get` can't make room unseen."""
        with self._room:
            self._waiting += 1
            self._room.wait_for(lambda: there_is_room() or self._closed)
            self._waiting -= 1


def _is_long(given: Input | None) -> bool:
    return type(given) is DecisionArrived and size_of(given.decision) >= LONG_BYTES
