"""Beams and encoder of a block that is polled: what lies between two looks, and what no look has seen.

An edge lies between two polls, from the request of the first to the answer of the second: it is told for the middle of
that, with half of it as its uncertainty, and with the count in the middle of the two. Behind an edge the input is not
looked at for its debounce time (conveyor-io §1). What is shorter than the time between two polls is no parcel and no
gap, but a sensor that bounces. Where a poll was late, and the block counts the rising edges of a beam by itself, a
count that no poll explains is edges that nobody saw.
"""

from dataclasses import dataclass
from typing import Final

from drivers.conveyors.modbus_modules import Image
from drivers.reading import BeamChanged
from hub_config.modbus import ModbusInput, ModbusIoConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant

WRAP: Final = 1 << 32
"""Counters have 32 bits."""
LATE_POLLS: Final = 2
"""Within so many periods no parcel and no gap can have come and gone: `hub check` sees to that."""
RESTARTED: Final = WRAP // 2
"""A counter that has come so far forward has gone back: the block was restarted."""


@dataclass(frozen=True, slots=True)
class Look:
    """When the image of a poll was taken: between the request and its answer."""

    at: Instant
    """The middle."""
    half_ns: int


@dataclass(frozen=True, slots=True)
class Seen:
    edges: tuple[BeamChanged, ...]
    missed: int
    """Edges that only the counters tell of."""
    count: int
    """Of the encoder, 64 bits, since the block was taken up."""
    moved: bool
    restarted: bool


@dataclass(slots=True)
class _Beam:
    config: ModbusInput
    blocked: bool
    changed_at: Instant
    counter: int
    rises: int = 0
    """Seen by polls since the counter was looked at."""
    high: bool = False


class PolledBeams:
    def __init__(self, config: ModbusIoConfig, image: Image, look: Look) -> None:
        """`image`: the first one. What is covered then has been covered before: no edge is told of it."""
        self._config = config
        self._encoder = config.encoder
        self._poll_ns = config.poll_ms * MILLISECOND
        self._look = look
        self._count = 0
        self._raw = image.counters.get(self._encoder.channel, 0)
        self._beams = {
            one.channel: _Beam(
                one, _is_blocked(one, image), look.at, image.counters.get(one.channel, 0),
                high=image.high[one.channel],
            )
            for one in config.inputs
            if one.use == "beam"
        }  # fmt: skip
        self._ran = image.runs
        self._ran_ns = 0
        """How long the motor has been running."""

    @property
    def count(self) -> int:
        return self._count

    def goes_on(self, image: Image) -> bool:
        """What has passed since the last look is seen in the levels now: the counters of all beams say so, and none
        has begun anew."""
        for channel, beam in self._beams.items():
            if not beam.config.counted:
                return False
            seen = beam.rises + (image.high[channel] and not beam.high)
            if (image.counters[channel] - beam.counter) % WRAP != seen:
                return False
        return (
            self._encoder.counted and (image.counters[self._encoder.channel] - self._raw) % WRAP < RESTARTED
        )

    def take(self, image: Image, look: Look) -> Seen:
        before, ns = self._count, look.at - self._look.at
        counted = self._counted(image, ns)
        if counted is None:
            return Seen((), 0, self._count, moved=False, restarted=True)
        self._count += counted
        since, until = self._look.at - self._look.half_ns, look.at + look.half_ns
        middle, unc_ns = Instant((since + until) // 2), (until - since + 1) // 2
        edges: list[BeamChanged] = []
        missed = 0
        for beam in self._beams.values():
            if self._changes(beam, image, middle):
                count = (before + self._count) // 2
                edges.append(
                    BeamChanged(self._config.id, middle, beam.config.channel, beam.blocked, count, unc_ns)
                )
            missed += self._missed(beam, image, late=ns > LATE_POLLS * self._poll_ns)
        self._look = look
        self._ran = image.runs
        return Seen(tuple(edges), missed, self._count, moved=self._count != before, restarted=False)

    def _counted(self, image: Image, ns: int) -> int | None:
        """Since the last look; None: the counter began anew."""
        if not self._encoder.counted:
            rate = self._config.counts_per_s
            assert rate is not None, f"{self._config.id}: no counts_per_s got past its check"
            before_ns, self._ran_ns = self._ran_ns, self._ran_ns + (ns if self._ran and image.runs else 0)
            return rate * self._ran_ns // SECOND - rate * before_ns // SECOND
        raw = image.counters[self._encoder.channel]
        counted = (raw - self._raw) % WRAP
        self._raw = raw
        return counted if counted < RESTARTED else None

    def _changes(self, beam: _Beam, image: Image, at: Instant) -> bool:
        high = image.high[beam.config.channel]
        if high and not beam.high:
            beam.rises += 1
        beam.high = high
        blocked = _is_blocked(beam.config, image)
        if blocked == beam.blocked or at - beam.changed_at < beam.config.debounce_us * MICROSECOND:
            return False
        beam.blocked, beam.changed_at = blocked, at
        return True

    def _missed(self, beam: _Beam, image: Image, *, late: bool) -> int:
        """A rise that no poll has seen has its fall with it."""
        if not beam.config.counted:
            return 0
        counter = image.counters[beam.config.channel]
        rises = (counter - beam.counter) % WRAP
        unseen = max(0, rises - beam.rises) if rises < RESTARTED else 0
        beam.counter, beam.rises = counter, 0
        return 2 * unseen if late else 0


def _is_blocked(one: ModbusInput, image: Image) -> bool:
    return image.high[one.channel] == (one.blocked_when == "high")
