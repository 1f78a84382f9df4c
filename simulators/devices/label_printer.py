"""A label printer as its mechanics: labels on a roll, a head that opens, a key for pause, one label after the other.

What it is given waits in its memory until it can print: a label is printed whole, `PRINT_NS` after it is its turn.
"""

from collections import deque
from typing import Final

from hub_config.names import MILLISECOND, Instant

PRINT_NS: Final = 400 * MILLISECOND
JOBS_MAX: Final = 16
"""Labels in its memory; with so many its buffer is full, and more are lost."""
PRINTED_MAX: Final = 256
"""The newest that are remembered."""

Fields = tuple[str, ...]
"""What a label shows, in the order of its fields."""


class LabelPrinter:
    def __init__(self, *, labels: int = 500, print_ns: int = PRINT_NS) -> None:
        self.labels = labels
        """Left on the roll."""
        self.head_open = False
        self.ribbon_out = False
        self.paused = False
        self.printed: deque[Fields] = deque(maxlen=PRINTED_MAX)
        self.lost = 0
        """Given to it while its memory was full."""
        self._jobs: deque[Fields] = deque()
        self._print_ns = print_ns
        self._done_at: Instant | None = None

    @property
    def jobs(self) -> int:
        return len(self._jobs)

    @property
    def full(self) -> bool:
        return len(self._jobs) >= JOBS_MAX

    @property
    def stands(self) -> bool:
        """It can't print: a person has to see to it."""
        return self.labels == 0 or self.head_open or self.ribbon_out or self.paused

    @property
    def wake_at(self) -> Instant | None:
        return self._done_at

    def give(self, fields: Fields, now: Instant) -> None:
        self.run(now)
        if self.full:
            self.lost += 1
            return
        self._jobs.append(fields)
        self.run(now)

    def cancel(self) -> None:
        """What is being printed comes out; the rest of its memory is forgotten."""
        while len(self._jobs) > (self._done_at is not None):
            self._jobs.pop()

    def run(self, now: Instant) -> None:
        while self._done_at is not None and self._done_at <= now and not self.stands:
            self.printed.append(self._jobs.popleft())
            self.labels -= 1
            self._done_at = Instant(self._done_at + self._print_ns) if self._jobs else None
        if self.stands:
            self._done_at = None
        elif self._done_at is None and self._jobs:
            self._done_at = Instant(now + self._print_ns)
