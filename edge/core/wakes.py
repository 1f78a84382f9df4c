"""When the places of a gateway want a Tick: of forty benches one at a time has been touched, and only it is asked."""

from collections.abc import Sequence
from typing import Final, Protocol

from hub_config.names import Instant

EVERY: Final = -1
"""In the place of a number: any of them may have been touched."""


class Place(Protocol):
    @property
    def wake_at(self) -> Instant | None:
        """When it wants a Tick; changes only when it is touched."""


class Wakes:
    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._each: list[Instant | None] = [None] * len(places)
        """As of the last look."""
        self._soonest: Instant | None = None
        self._touched: int | None = EVERY
        """The one place that was touched since, or EVERY; None: none was."""

    def touch(self, place: int) -> None:
        """A place's number, or EVERY."""
        self._touched = place if self._touched in (None, place) else EVERY

    @property
    def soonest(self) -> Instant | None:
        touched, self._touched = self._touched, None
        if touched == EVERY:
            self._each = [place.wake_at for place in self._places]
        elif touched is None or (wake_at := self._places[touched].wake_at) == self._each[touched]:
            return self._soonest
        else:
            self._each[touched] = wake_at
        self._soonest = min([at for at in self._each if at is not None], default=None)
        return self._soonest
