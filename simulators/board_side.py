"""What one I/O board sees of a conveyor: the encoder of its belt, its beams, and what happens to it."""

from typing import Protocol

from hub_config.names import Instant
from simulators.bodies import BoardTrouble
from simulators.conveyor import Conveyor


class BoardWorld(Protocol):
    def count_at(self, at: Instant) -> int: ...

    def last_pulse_at(self, at: Instant) -> Instant: ...

    def moving_at(self, at: Instant) -> bool: ...

    def take_edges(self) -> list[tuple[Instant, int, bool]]: ...

    def take_trouble(self) -> BoardTrouble | None: ...

    def switch(self, channel: int, on: bool, at: Instant) -> None: ...


class BoardSide:
    """Of one belt of several: a conveyor with one belt is its board's world itself."""

    def __init__(self, conveyor: Conveyor, place: int) -> None:
        self._conveyor = conveyor
        self._place = place

    def count_at(self, at: Instant) -> int:
        return self._conveyor.count_at(at, self._place)

    def last_pulse_at(self, at: Instant) -> Instant:
        return self._conveyor.last_pulse_at(at, self._place)

    def moving_at(self, at: Instant) -> bool:
        return self._conveyor.moving_at(at, self._place)

    def take_edges(self) -> list[tuple[Instant, int, bool]]:
        return self._conveyor.take_edges(self._place)

    def take_trouble(self) -> BoardTrouble | None:
        return self._conveyor.take_trouble(self._place)

    def switch(self, channel: int, on: bool, at: Instant) -> None:
        self._conveyor.switch(channel, on, at)
