"""Time zones by their name in the IANA database, as Debian's tzdata brings it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

from hub_config.finding import Finding, refusal, show

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _known(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        todo = 'write for example "Asia/Kuala_Lumpur"; if this is right, install the package tzdata'
        what = f"{show(value)} is no time zone of this computer"
        raise refusal(Finding((), what, "a name of the IANA database", todo)) from None
    return value


zone_name: Final = AfterValidator(_known)


def midnight_us(zone: str) -> Callable[[date], int]:
    """UTC µs at which a day begins in this zone."""
    place = ZoneInfo(zone)

    def begins(day: date) -> int:
        local = datetime.combine(day, time.min, tzinfo=place)
        return (local - _EPOCH) // timedelta(microseconds=1)

    return begins
