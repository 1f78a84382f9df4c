"""What comes to an operator's hands: the parcels of a stream, or those of a shift with arrivals and a hold bay."""

from collections.abc import Sequence
from typing import Protocol

from simulators.parcels import Parcel
from simulators.task import Placed


class Supply(Protocol):
    @property
    def upcoming(self) -> Parcel | None:
        """The next new parcel, if it is there."""

    def take_upcoming(self) -> Parcel: ...
    def take(self) -> Parcel | None:
        """What to do next: a new parcel, or one brought back; None: nothing now."""

    def put(self, parcel: Parcel, placed: Placed) -> None:
        """It is in its bay."""

    @property
    def finished(self) -> bool:
        """Nothing comes any more."""


class Stream:
    """All parcels are there from the start, and none is brought back."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self._parcels = parcels
        self._taken = 0

    @property
    def upcoming(self) -> Parcel | None:
        return None if self._taken == len(self._parcels) else self._parcels[self._taken]

    def take_upcoming(self) -> Parcel:
        self._taken += 1
        return self._parcels[self._taken - 1]

    def take(self) -> Parcel | None:
        return None if self.upcoming is None else self.take_upcoming()

    def put(self, parcel: Parcel, placed: Placed) -> None:
        pass

    @property
    def finished(self) -> bool:
        return self._taken == len(self._parcels)
