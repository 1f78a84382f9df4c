"""When the places of a gateway want a Tick, and which of them wait for the disk.

Of forty benches one at a time has been touched, and only it is asked.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from hub_config.names import Instant

EVERY: Final = -1
"""In the place of a number: any of them may have been touched."""


class Place(Protocol):
    """Its answers change only when it is touched."""

    @property
    def wake_at(self) -> Instant | None:
        """When it wants a Tick."""

    @property
    def awaits_commit(self) -> bool:
        """Something of it goes on when what was told is on disk."""


class Wakes:
    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._each: list[Instant | None] = [None] * len(places)
        """As of the last look."""
        self._soonest: Instant | None = None
        self._awaiting: dict[int, None] = {}
        """Numbers of the places that wait for the disk, as of the last look."""
        self._touched: dict[int, None] = {EVERY: None}
        """Since the last look: numbers of places, or EVERY among them."""

    def touch(self, place: int) -> None:
        """A place's number, or EVERY."""
        self._touched[place] = None

    @property
    def soonest(self) -> Instant | None:
        if self._touched:
            self._look()
        return self._soonest

    @property
    def awaiting(self) -> list[int]:
        """Numbers of the places that wait for the disk, in order."""
        if self._touched:
            self._look()
        return sorted(self._awaiting)

    def due(self, at: Instant) -> list[int]:
        """Numbers of the places whose time has come, in order."""
        if self._touched:
            self._look()
        return [number for number, due in enumerate(self._each) if due is not None and at >= due]

    def _look(self) -> None:
        touched = range(len(self._places)) if EVERY in self._touched else tuple(self._touched)
        self._touched.clear()
        before, stale = self._soonest, False
        for number in touched:
            place = self._places[number]
            if place.awaits_commit:
                self._awaiting[number] = None
            else:
                self._awaiting.pop(number, None)
            due, wake_at = self._each[number], place.wake_at
            if wake_at != due:
                self._each[number] = wake_at
                stale = stale or due == before or before is None or (wake_at is not None and wake_at < before)
        if stale:
            self._soonest = min([at for at in self._each if at is not None], default=None)
