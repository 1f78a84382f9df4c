"""UTC as the contract writes it: `2026-11-22T00:15:02.123456Z`, always six digits and `Z` (contract §4, field t).

Pure integers: days from the civil calendar after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
Times from 1970 to 9999; a leap second (`:60`) is refused, as no clock of ours produces one.
"""

import re
from functools import lru_cache
from typing import Final

from edge.wire.canonical import WireError

UTC_US_END: Final = 253_402_300_800_000_000
"""First microsecond of the year 10000."""

DAYS_KEPT: Final = 16
"""Dates worked out once: a gateway lives in one or two."""

SECONDS_KEPT: Final = 64
"""Seconds once written: many events are of the same one."""

_SECONDS_PER_DAY: Final = 86_400
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", re.ASCII)


def rfc3339(utc_us: int) -> str:
    if not 0 <= utc_us < UTC_US_END:
        raise ValueError(f"{utc_us} us is not between the years 1970 and 9999")
    seconds, micros = divmod(utc_us, 1_000_000)
    return f"{_to_the_second(seconds)}.{micros:06}Z"


@lru_cache(maxsize=SECONDS_KEPT)
def _to_the_second(seconds: int) -> str:
    year, month, day = _civil(seconds // _SECONDS_PER_DAY)
    hour, minute, second = seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def parse_rfc3339(text: str) -> int:
    """Microseconds since 1970."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise WireError("bad_shape", f"time {text!r:.40}; wanted like 2026-11-22T00:15:02.123456Z")
    year, month, day, hour, minute, second, micros = map(int, match.groups())
    if not (1 <= month <= 12 and day >= 1 and hour < 24 and minute < 60 and second < 60):
        raise WireError("bad_shape", f"time {text} does not exist")
    days = _days(year, month, day)
    if days < 0 or _civil(days) != (year, month, day):
        raise WireError("bad_shape", f"time {text} does not exist or is before 1970")
    return ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; the year is taken to begin in March, so that a leap day comes last."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


@lru_cache(maxsize=DAYS_KEPT)
def _civil(days: int) -> tuple[int, int, int]:
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1
