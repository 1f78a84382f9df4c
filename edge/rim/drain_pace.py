"""How much of a backlog may lie between gateway and coordinator, so that a live event soon has its turn there.

Broker and coordinator take things in order, so a live event waits for all of the backlog that left before it, however
early it goes itself. As much is needed on the way as the coordinator takes until its ack is back; what is more only
stands in a queue. So the room is what it settles in the shortest time that an ack has taken on this connection, and in
`QUEUE` beyond that. Pure: instants come in, integers throughout.
"""

from typing import Final

from hub_config.names import MILLISECOND, Instant

QUEUE: Final = 100 * MILLISECOND
"""What may wait at the coordinator, in its own time; a tenth of a second more for a live event."""
LOOK: Final = 500 * MILLISECOND
"""The rate is counted over so long at least: several acks."""


class DrainPace:
    """Of one connection. `room` is between `least` and `most`."""

    def __init__(self, least: int, most: int) -> None:
        self.room = self._least_room = least
        self._most_room = most
        self._shortest: int | None = None
        self._since: Instant | None = None
        self._settled = 0

    def settled(self, events: int, took: int | None, at: Instant) -> None:
        """An ack covers so many more; the broker had the last of them `took` ns before, if that is known."""
        if took is not None:
            self._shortest = took if self._shortest is None else min(self._shortest, took)
        if self._since is None:
            self._since = at
            return
        self._settled += events
        passed = at - self._since
        if passed < LOOK or self._shortest is None:
            return
        room = self._settled * (self._shortest + QUEUE) // passed
        self.room = min(max(room, self._least_room), self._most_room)
        self._since, self._settled = at, 0
