"""Parcels as they come to the benches and lines of a hub, with their declarations, each made when its turn comes.

The order is that of the stream; a place that is quicker than the others makes what lies between wait for them. Of
parcels that are done with only the latest declarations are kept, so a run of any length needs little memory.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from hub_config.hub import HubConfig
from hub_config.names import LineId
from simulators.coordinator.declared import Declared
from simulators.parcels import MAX_PARCELS, Flow, Parcel
from simulators.practice import declaration, places_of

DECLARED_MAX: Final = 4_096
"""Declarations kept of parcels that are done with: a box that is used again shows the number of one not long ago."""


class Share(Collection[Parcel]):
    """What one bench or line gets; can be gone through once."""

    def __init__(self, deal: "Deal", place: LineId, count: int) -> None:
        self._deal = deal
        self._place = place
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Parcel]:
        return (self._deal.next_of(self._place) for _ in range(self._count))

    def __contains__(self, parcel: object) -> bool:
        return isinstance(parcel, Parcel) and self._deal.place_of(parcel.number) == self._place


class Deal:
    def __init__(self, config: HubConfig, parcels: Flow | Sequence[Parcel]) -> None:
        self._places = places_of(config)
        self._parcels = iter(parcels)
        self._waiting: dict[LineId, deque[Parcel]] = {
            place: deque(maxlen=MAX_PARCELS) for place in self._places
        }
        self.declared: dict[str, Declared] = {}
        """What the coordinator knows, by code."""
        self._done: deque[str] = deque()
        """Codes whose parcels are done with, in order."""
        numbers = parcels.numbers if isinstance(parcels, Flow) else [one.number for one in parcels]
        counts = dict.fromkeys(self._places, 0)
        for number in numbers:
            counts[self.place_of(number)] += 1
        self.shares = {place: Share(self, place, count) for place, count in counts.items()}

    def place_of(self, number: int) -> LineId:
        return self._places[number % len(self._places)]

    def next_of(self, place: LineId) -> Parcel:
        """The next parcel of one bench or line; there is one."""
        waiting = self._waiting[place]
        while not waiting:
            parcel = next(self._parcels)
            self._waiting[self.place_of(parcel.number)].append(parcel)
            if parcel.declared is not None:
                self.declared[parcel.declared.code] = declaration(parcel.declared)
        return waiting.popleft()

    def forget(self, parcels: Sequence[Parcel]) -> None:
        """They are done with."""
        self._done += [one.declared.code for one in parcels if one.declared is not None]
        while len(self._done) > DECLARED_MAX:
            self.declared.pop(self._done.popleft(), None)
