"""The inputs of a simulated I/O board: debounced levels, and the encoder (`firmware-bridge.md` §3).

The first edge is told at once; then the input is not looked at for its debounce time, and if it stands at another level
at the end of that, this is the next edge. The encoder is told every `report_ms` while its count changes, with the
time of its last pulse, and once when it is set up.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from hub_config.names import MICROSECOND, MILLISECOND, Instant

MODE_OFF: Final = 0
MODE_EDGES: Final = 1
MODE_ENCODER: Final = 2


class Encoder(Protocol):
    """The belt, as its encoder sees it. Counts only grow by pulses, of which the last is known at any instant."""

    def count_at(self, at: Instant) -> int: ...
    def last_pulse_at(self, at: Instant) -> Instant: ...
    def moving_at(self, at: Instant) -> bool: ...


@dataclass(frozen=True, slots=True)
class EdgeSeen:
    at: Instant
    channel: int
    level: bool


@dataclass(frozen=True, slots=True)
class CountSeen:
    at: Instant
    """Of the last pulse."""
    channel: int
    count: int


class Input:
    """One channel with its configuration."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self.config = (channel, MODE_OFF, 0, 0)
        self.level = False
        self._told = False
        self._hold_until: Instant | None = None
        self._report_at: Instant | None = None
        self._reported = 0

    @property
    def next_at(self) -> Instant | None:
        return self._report_at if self._report_at is not None else self._hold_until

    def configure(self, mode: int, debounce_us: int, report_ms: int, at: Instant) -> None:
        self.config = (self._channel, mode, debounce_us, report_ms)
        self._told = self.level
        self._hold_until = None
        self._report_at = at if mode == MODE_ENCODER else None

    def count_now(self, count: int, at: Instant) -> CountSeen:
        """When it is set up. The time is that of the report: the last pulse may be hours old."""
        self._reported = count
        self._report_at = Instant(at + self.config[3] * MILLISECOND)
        return CountSeen(at, self._channel, count)

    def set_level(self, level: bool, at: Instant) -> EdgeSeen | None:
        self.level = level
        return None if self._hold_until is not None else self._look(at)

    def end_hold(self, at: Instant) -> EdgeSeen | None:
        self._hold_until = None
        return self._look(at)

    def report(self, count: int, last_pulse_at: Instant, at: Instant) -> CountSeen | None:
        self._report_at = Instant(at + self.config[3] * MILLISECOND)
        if count == self._reported:
            return None
        self._reported = count
        return CountSeen(last_pulse_at, self._channel, count)

    def _look(self, at: Instant) -> EdgeSeen | None:
        if self.config[1] != MODE_EDGES or self.level == self._told:
            return None
        self._told = self.level
        if self.config[2]:
            self._hold_until = Instant(at + self.config[2] * MICROSECOND)
        return EdgeSeen(at, self._channel, self.level)
