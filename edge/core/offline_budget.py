"""How many parcels were released without the coordinator, against how many there were (contract §11)."""

from typing import Final

from edge.core.event import WallTime
from hub_config.offline import PPM, OfflineSettings
from hub_config.value import value

DAYS_MAX: Final = 365
"""The year of the budget: these days up to today. Older ones are forgotten."""
DAY_US: Final = 86_400_000_000


@value
class DayCount:
    """Parcels of one day (UTC), counted from 1970-01-01."""

    day: int
    parcels: int
    alone: int
    """Released on a voucher."""


class OfflineBudget:
    def __init__(self, settings: OfflineSettings) -> None:
        self._settings = settings
        self._days: dict[int, DayCount] = {}
        self._parcels = 0
        self._alone = 0

    def begin(self, days: tuple[DayCount, ...]) -> None:
        """What earlier runs have counted."""
        for one in sorted(days, key=lambda one: one.day):
            self._add(one.day, one.parcels, one.alone)

    def arrived(self, wall: WallTime) -> None:
        self._add(wall.utc_us // DAY_US, 1, 0)

    def released(self, wall: WallTime) -> None:
        self._add(wall.utc_us // DAY_US, 0, 1)

    def reached(self, wall: WallTime) -> bool:
        """One more would be above the cap of the day or the year."""
        today, year = self.today(wall), self.year
        return (today.alone + 1) * PPM > self._settings.cap_day_ppm * today.parcels or (
            year.alone + 1
        ) * PPM > self._settings.cap_year_ppm * year.parcels

    def today(self, wall: WallTime) -> DayCount:
        day = wall.utc_us // DAY_US
        return self._days.get(day, DayCount(day, 0, 0))

    @property
    def year(self) -> DayCount:
        """Its `day` is the newest."""
        return DayCount(max(self._days, default=0), self._parcels, self._alone)

    def _add(self, day: int, parcels: int, alone: int) -> None:
        known, before = day in self._days, self._days.get(day, DayCount(day, 0, 0))
        self._days[day] = DayCount(day, before.parcels + parcels, before.alone + alone)
        self._parcels += parcels
        self._alone += alone
        if not known:
            self._drop_old(max(self._days))

    def _drop_old(self, newest: int) -> None:
        for old in [day for day in self._days if day <= newest - DAYS_MAX]:
            gone = self._days.pop(old)
            self._parcels -= gone.parcels
            self._alone -= gone.alone
