"""A shift at a bench: parcels that arrive in their time, and a hold bay from which the gateway calls them back.

The operator takes a new parcel and a held one in turn, as long as there are both. Which held one, the screen says
(`snapshot.queue`); the comparison is a shift that takes whatever has lain longest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from drivers.identifiers.choice import identify
from edge.core.gateway import Gateway
from edge.core.priority import Moment, Waiting, waits_for
from hub_config.names import Instant
from simulators.parcels import Parcel
from simulators.task import Placed

Order = Literal["slack", "fifo"]
ORDERS: Final[tuple[Order, ...]] = ("slack", "fifo")
BRINGS_MAX: Final = 3
"""A parcel brought back so often and held again is left for the supervisor."""


class Shift:
    """A `simulators.supply.Supply`."""

    def __init__(
        self, parcels: Sequence[Parcel], arrives: Mapping[int, Instant], *, until: Instant,
        now: Callable[[], Instant], called: Callable[[], Sequence[str]],
    ) -> None:  # fmt: skip
        """`arrives`: by number, rising. `until`: after it nothing new can happen to a held parcel. `called`: codes of
        held parcels worth bringing back, the first first."""
        self._parcels = parcels
        self._arrives = arrives
        self._until = until
        self._now = now
        self._called = called
        self._taken = 0
        self._held_next = False
        self._bay: dict[int, Parcel] = {}
        self._number_of: dict[str, int] = {}
        self.brought: dict[int, int] = {}
        """How often each was brought back."""

    @property
    def upcoming(self) -> Parcel | None:
        if self._taken == len(self._parcels):
            return None
        parcel = self._parcels[self._taken]
        return parcel if self._arrives[parcel.number] <= self._now() else None

    def take_upcoming(self) -> Parcel:
        self._taken += 1
        return self._parcels[self._taken - 1]

    def take(self) -> Parcel | None:
        new = self.upcoming
        held = self._held() if self._held_next or new is None else None
        self._held_next = held is None
        if held is not None:
            del self._bay[held.number]
            self.brought[held.number] = self.brought.get(held.number, 0) + 1
            return held
        return None if new is None else self.take_upcoming()

    def put(self, parcel: Parcel, placed: Placed) -> None:
        if placed.lane != "green":
            self._bay[parcel.number] = parcel
            for label in parcel.labels:
                self._number_of[identify(label.data, label.aim).value] = parcel.number

    @property
    def finished(self) -> bool:
        all_taken = self._taken == len(self._parcels) and self._now() >= self._until
        return all_taken and self._held() is None

    def _held(self) -> Parcel | None:
        if not self._bay:
            return None
        for code in self._called():
            number = self._number_of.get(code)
            if number in self._bay and self.brought.get(number, 0) < BRINGS_MAX:
                return self._bay[number]
        return None


def called_by(gateway: Gateway, order: Order, moment: Callable[[], Moment]) -> Callable[[], Sequence[str]]:
    """Codes worth bringing, in the gateway's order or by the time in the bay."""

    def as_shown() -> list[str]:
        return [place.code for place in gateway.snapshot().queue.places if place.waits_for is None]

    def longest_first() -> list[str]:
        now = moment()
        worth = [one for one in gateway.waiting() if waits_for(one, now) is None]
        return [one.code for one in sorted(worth, key=_since)]

    return as_shown if order == "slack" else longest_first


def _since(one: Waiting) -> tuple[Instant, str]:
    return one.stay.since, one.visit
