"""The board's clock against the host's: ticks to instants and back, with a bound that is never wrong.

A SYNC gives one sample: the board stamped it at a host time that lies between the end of the request's transfer and
the start of the reply's, less the board's own delay. Between samples the board may run fast or slow by
`DRIFT_MAX_PPM`, so each sample bounds every other time too, the wider the farther it is away; the intersection of the
last samples is the bound. The estimate follows the way to the board alone, because adapters delay the way back
(a USB serial adapter by up to 16 ms): it is the sample that arrived with the smallest delay.

A line fitted through the earliest arrivals will make the estimate finer; the bound stays what it is.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from hub_config.names import SECOND, Instant

SAMPLES_MAX: Final = 64
"""The newest samples; older ones have widened past use."""
DRIFT_MAX_PPM: Final = 500
"""How far a board's clock may be from its nominal rate. A board that is worse contradicts its own samples."""
BAUD_TOLERANCE_PPM: Final = 25_000
"""A UART's true rate may be this far from the one that is set (115 200 on a 16 MHz AVR is 2.1 % fast)."""

ROUNDING_NS: Final = 2
"""Of ticks to whole nanoseconds, so that samples which just touch at one time do so at every other."""

_PPM: Final = 1_000_000
_WRAP: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Sample:
    """When `ticks` began the host's time was between `low` and `high`."""

    ticks: int
    low: Instant
    high: Instant


@dataclass(frozen=True, slots=True)
class Bound:
    """Whatever was stamped with these ticks happened between `low` and `high`, most likely at `at`."""

    at: Instant
    low: Instant
    high: Instant

    @property
    def half_width_ns(self) -> int:
        return (self.high - self.low + 1) // 2

    @property
    def unc_ns(self) -> int:
        """The truth is no farther from `at` than this."""
        return max(self.at - self.low, self.high - self.at)


def transfer_ns(size_bytes: int, baud: int, bits_per_byte: int = 10) -> int:
    """The least time that so many bytes take on the line."""
    nominal = size_bytes * bits_per_byte * SECOND // baud
    return nominal * (_PPM - BAUD_TOLERANCE_PPM) // _PPM


class BoardClock:
    """One board's clock since one of its boots. `hz` is what the board says of itself."""

    def __init__(self, hz: int) -> None:
        if hz <= 0:
            raise ValueError(f"a clock of {hz} Hz does not tick")
        self._hz = hz
        self._tick_ns = -(-SECOND // hz)
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_MAX)
        self._seen: tuple[int, Instant] | None = None
        """64-bit ticks, and about when the host had them."""
        self._paced = True
        """The line takes the time that its rate asks for. One that was once faster (USB without a UART) is not
        believed again to take any."""
        self.contradictions = 0
        """Samples that did not fit."""
        self._distrusted = False

    @property
    def known(self) -> bool:
        return bool(self._samples)

    def extend(self, ticks: int, at: Instant) -> int:
        """The 64-bit count for a 32-bit stamp that reached the host at about `at`.

        Of all counts with these lower bits it is the one nearest to what the clock should show now, so stamps may be
        out of order, and no SYNC is missed while the host counts too: right within half a wrap (1073 s at 2 MHz).
        """
        if self._seen is None:
            self._seen = (ticks, at)
            return ticks
        seen, seen_at = self._seen
        expected = seen + self._ticks_in(at - seen_at)
        ahead = (ticks - expected) % _WRAP
        return expected + (ahead - _WRAP if ahead >= _WRAP // 2 else ahead)

    def sync(
        self, asked: Instant, received: Instant, *, t_rx: int, t_tx: int, ways_ns: tuple[int, int]
    ) -> bool:
        """The stamps of a SYNC's reply, and how long request and reply took on the line at the least."""
        kept_ns = self._ns_in(max(0, (t_tx - t_rx) % _WRAP - 1))
        kept_ns -= kept_ns * DRIFT_MAX_PPM // _PPM
        low, high = Instant(asked + ways_ns[0]), Instant(received - ways_ns[1] - kept_ns)
        if not self._paced or (low > high and asked <= received - kept_ns):
            low, high = asked, Instant(received - kept_ns)
            if self._paced:
                self._paced = False
                self._samples.clear()
        return self.take(self.extend(t_rx, received), low, high)

    def take(self, ticks: int, low: Instant, high: Instant) -> bool:
        """A stamp of 64-bit `ticks` that was made between these instants. False if it contradicts itself or the earlier
        ones: then it is not taken, unless they are distrusted, when it takes their place."""
        if low > high:
            self.contradictions += 1
            return False
        low = Instant(low - self._tick_ns)  # the tick began up to a tick before it was read
        bound = self._bound(ticks) if self._samples else None
        if bound is not None and (low > bound.high or high < bound.low):
            self.contradictions += 1
            if not self._distrusted:
                return False
            self._samples.clear()
        self._distrusted = False
        self._samples.append(Sample(ticks, low, high))
        self._seen = (ticks, low)
        return True

    def distrust(self) -> None:
        """It is the same boot, so if the next sample contradicts those of before, these are wrong."""
        self._distrusted = True

    def bound(self, ticks: int) -> Bound:
        """Of the host's time at these 64-bit ticks. Only with samples."""
        bound = self._bound(ticks)
        assert bound is not None, "a sample that contradicts the others is never kept beside them"
        return bound

    def within(self, limit_ns: int, at: Instant) -> bool:
        """Whether a stamp made at `at` would be sure enough."""
        return self.known and self.half_width_ns(at) <= limit_ns

    def half_width_ns(self, at: Instant) -> int:
        """How unsure a stamp made at `at` would be."""
        return self.bound(self.ticks_at(at)).half_width_ns

    def ticks_at(self, at: Instant) -> int:
        """64-bit ticks at an instant, by the estimate."""
        newest = self._samples[-1]
        guess = newest.ticks + self._ticks_in(at - newest.low)
        return guess + self._ticks_in(at - self.bound(guess).at)

    def ticks_in(self, ns: int) -> int:
        """How many ticks a duration is, rounded up: never shorter than asked for."""
        return -(-ns * self._hz // SECOND)

    def _bound(self, ticks: int) -> Bound | None:
        low = high = at = None
        for sample in self._samples:
            away = self._ns_in(ticks - sample.ticks)
            drift = -(-abs(away) * DRIFT_MAX_PPM // _PPM) + ROUNDING_NS
            earliest = sample.low + away - drift
            if low is None or earliest > low:
                low, at = earliest, sample.low + away
            latest = sample.high + away + drift
            high = latest if high is None else min(high, latest)
        if low is None or at is None or high is None or low > high:
            return None
        at = min(max(at + self._tick_ns, low), high)
        return Bound(Instant(at), Instant(low), Instant(high + self._tick_ns))

    def _ns_in(self, ticks: int) -> int:
        return ticks * SECOND // self._hz

    def _ticks_in(self, ns: int) -> int:
        return ns * self._hz // SECOND
