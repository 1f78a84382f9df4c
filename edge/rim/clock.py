"""The two clocks of the host: the monotonic one, and UTC with how far it may be off.

The kernel's own bound (`ntp_adjtime`, Linux) is taken where the clock is disciplined; otherwise UTC is of unknown
quality and says so with a wide uncertainty.
"""

import ctypes
import time
from collections.abc import Callable
from functools import cache
from typing import Final

from edge.core.event import WallTime
from hub_config.names import Instant

UNDISCIPLINED_UNC_US: Final = 500_000
"""Assumed for a host clock that nothing disciplines; level 3 of the contract (§11) begins at 1 s."""
_TIMEX_BYTES: Final = 208
_MAXERROR_OFFSET: Final = 24
_STATUS_OFFSET: Final = 40
_STA_UNSYNC: Final = 0x40
_TIME_ERROR: Final = 5


def now() -> Instant:
    return Instant(time.monotonic_ns())


def wall_time() -> WallTime:
    utc_us = time.time_ns() // 1_000
    bound_us = _kernel_bound_us()
    if bound_us is None:
        return WallTime(utc_us, UNDISCIPLINED_UNC_US, "none")
    return WallTime(utc_us, bound_us, "ntp")


def _kernel_bound_us() -> int | None:
    """Maximum error of a disciplined clock in µs (struct timex of adjtimex(2), 64-bit layout); None if unknown."""
    adjtimex = _adjtimex()
    if adjtimex is None:
        return None
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = adjtimex(timex)
    status = int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")
    if state in (-1, _TIME_ERROR) or status & _STA_UNSYNC:
        return None
    return int.from_bytes(timex.raw[_MAXERROR_OFFSET : _MAXERROR_OFFSET + 8], "little")


@cache
def _adjtimex() -> Callable[[ctypes.Array[ctypes.c_char]], int] | None:
    """The kernel's, where there is one; loading the library anew costs more than asking."""
    try:
        found: Callable[[ctypes.Array[ctypes.c_char]], int] = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    return found
