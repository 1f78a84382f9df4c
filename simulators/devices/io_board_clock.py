"""The type plate of a simulated I/O board, and its free-running tick clock (`firmware-bridge.md` §5)."""

from dataclasses import dataclass
from typing import Final

from hub_config.names import SECOND, Instant
from simulators.devices.io_board_wire import DICT_HASH

_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class BoardTraits:
    """What a board is. Other versions and another dictionary make it one that a gateway must refuse or mistrust."""

    clock_hz: int = 2_000_000
    drift_ppm: int = 0
    """How much faster than `clock_hz` it really runs."""
    start_ticks: int = 0
    """Of the clock when it is switched on; after a reset it starts from 0. Near 2^32 the wrap comes soon."""
    boot_id: int = 7
    """Of the first boot; each reset adds one."""
    proto: int = 0x0100
    min_proto: int = 0x0100
    dict_hash: int = DICT_HASH
    n_in: int = 8
    n_out: int = 4
    turn_ns: int = 100_000
    """From a request's last byte to its reply being queued."""
    baud: int | None = None
    """Of the way to the board, where whoever delivers the bytes does so at once: each byte takes 10 bits of this."""


class TickClock:
    def __init__(self, traits: BoardTraits, started: Instant, start_ticks: int) -> None:
        self._per_second = traits.clock_hz * (_PPM + traits.drift_ppm)
        """Millionths of a tick."""
        self._started = started
        self._start_ticks = start_ticks

    def ticks_at(self, at: Instant) -> int:
        """All 64 bits; the wire carries the lower 32."""
        return self._start_ticks + (at - self._started) * self._per_second // (SECOND * _PPM)

    def instant_of(self, ticks: int) -> Instant:
        """The first instant that has these ticks."""
        return Instant(self._started - (self._start_ticks - ticks) * SECOND * _PPM // self._per_second)
