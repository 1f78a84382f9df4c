"""The only belt of a line with its encoder, which counts by the belt's own time: it may stop, or run back."""

from hub_config.lines import Belt
from hub_config.names import Instant
from simulators.belt_clock import BeltClock
from simulators.encoder import Encoder


class OneBelt:
    def __init__(self, began: Instant, belt: Belt, clock: BeltClock | None) -> None:
        """`clock`: None where it never stops, and its time is the world's."""
        self._began = began
        self._clock = clock
        self._encoder = Encoder(began, belt.speed_mm_s * 1_000, belt.count_um)

    def ran(self, at: Instant) -> Instant:
        """Belt time."""
        return at if self._clock is None else self._clock.of(at)

    def count_at(self, at: Instant) -> int:
        return self._encoder.count_at(self.ran(at))

    def last_pulse_at(self, at: Instant) -> Instant:
        if self._clock is None:
            return self._encoder.last_pulse_at(at)
        return self._clock.entered(at, *self._encoder.stretch_at(self.ran(at)))

    def moving_at(self, at: Instant) -> bool:
        return at >= self._began and (self._clock is None or self._clock.moves_at(at))

    def lose(self, counts: int, at: Instant) -> None:
        self._encoder.lose(counts, self.ran(at))
