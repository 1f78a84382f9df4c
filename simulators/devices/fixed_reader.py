"""What a fixed reader does, whatever it says: told to read it looks for codes, told to stop it gives up.

It answers a trigger once: with the codes in its view, `read_ns` after it saw the first, or with nothing after it was
told to stop; one that collects answers only then. What goes wrong is asked for by `miss_next`, `delay_next` and
`mute_next`, each for the next trigger that begins. The words for all this are the makers' (`reader_words.py`, …).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub_config.names import MILLISECOND, Instant

READ_NS: Final = 30 * MILLISECOND
"""From seeing a code to its last byte."""
REPLY_NS: Final = 2 * MILLISECOND
"""From a command to what it is answered."""

Seen = tuple[str, str]
"""Data of a code and its AIM identifier."""


@dataclass(frozen=True, slots=True)
class Result:
    at: Instant
    """When it is said."""
    codes: tuple[Seen, ...]
    """None: it read nothing."""


@dataclass(slots=True)
class _Reading:
    """One trigger that is on."""

    read_at: Instant | None
    """When it will have read what is in view."""
    miss: bool
    mute: bool
    delay_ns: int
    seen: dict[Seen, None] = field(default_factory=dict)
    """Codes read so far, in order."""


class FixedReader:
    def __init__(self, *, read_ns: int = READ_NS, collects: bool = False) -> None:
        """`collects`: it reads on until it is told to stop and answers then with all it has seen (multi-read)."""
        self._read_ns = read_ns
        self._collects = collects
        self._view: tuple[Seen, ...] = ()
        self._reading: _Reading | None = None
        self._results: list[Result] = []
        self._miss = self._mute = False
        self._delay_ns = 0

    @property
    def wake_at(self) -> Instant | None:
        """When `take_results` may have something."""
        return self._reading.read_at if self._reading is not None else None

    def look(self, codes: Sequence[Seen], now: Instant) -> None:
        """From now on these are in its view; none: nothing is."""
        self._read_due(now)
        self._view = tuple(codes)
        if self._reading is not None and (not codes or self._reading.read_at is None):
            self._reading.read_at = self._when_read(self._reading, now)

    def miss_next(self) -> None:
        """It does not read, though a code is in view."""
        self._miss = True

    def delay_next(self, ns: int) -> None:
        """It answers so much later, and goes on reading meanwhile."""
        self._delay_ns = ns

    def mute_next(self) -> None:
        """It gives no answer at all."""
        self._mute = True

    def power_up(self) -> None:
        """Switched off and on: whatever it was doing is gone."""
        self._reading = None
        self._results.clear()

    def begin(self, now: Instant) -> bool:
        """False: it is reading already."""
        self._read_due(now)
        if self._reading is not None:
            return False
        reading = _Reading(None, self._miss, self._mute, self._delay_ns)
        self._miss = self._mute = False
        self._delay_ns = 0
        reading.read_at = self._when_read(reading, now)
        self._reading = reading
        return True

    def end(self, now: Instant) -> bool:
        """False: there was nothing to end."""
        self._read_due(now)
        reading, self._reading = self._reading, None
        if reading is None:
            return False
        if not reading.mute:
            self._results.append(Result(Instant(now + REPLY_NS + reading.delay_ns), tuple(reading.seen)))
        return True

    def take_results(self, now: Instant) -> list[Result]:
        self._read_due(now)
        results, self._results = self._results, []
        return results

    def _when_read(self, reading: _Reading, now: Instant) -> Instant | None:
        """A code that leaves the view before that is not read."""
        return Instant(now + self._read_ns) if self._view and not reading.miss else None

    def _read_due(self, now: Instant) -> None:
        reading = self._reading
        if reading is None or reading.read_at is None or reading.read_at > now:
            return
        reading.seen |= dict.fromkeys(self._view)
        if self._collects:
            reading.read_at = None
            return
        self._reading = None  # one answer a trigger
        if not reading.mute:
            self._results.append(Result(Instant(reading.read_at + reading.delay_ns), tuple(reading.seen)))
