"""The one door into the core: a bounded queue of inputs, fed by every thread of the rim.

At the bound a weight is dropped and counted (the next one comes in 100 ms); everything else waits, which slows the
device that floods and loses nothing.
"""

from queue import Empty, Full, Queue
from typing import Final

from drivers.reading import WeightRead
from edge.core.inputs import Input

INPUTS_MAX: Final = 10_000


class Inbox:
    def __init__(self, inputs_max: int = INPUTS_MAX) -> None:
        self._queue: Queue[Input] = Queue(inputs_max)
        self.weights_dropped = 0

    def put(self, given: Input) -> None:
        if isinstance(given, WeightRead):
            try:
                self._queue.put_nowait(given)
            except Full:
                self.weights_dropped += 1
        else:
            self._queue.put(given)

    def get(self, timeout_s: float) -> Input | None:
        """The next input, or None when there was none for `timeout_s` seconds."""
        try:
            return self._queue.get(timeout=max(0.0, timeout_s))
        except Empty:
            return None

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()
