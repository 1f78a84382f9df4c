"""Which gateways' acks are due, and when. Pure: instants come in.

An ack covers whatever has come in `ACK_EVERY`, so that live events cost few. A backlog's goes at once after
`ACK_AT_ONCE` events: the sooner it is back, the less of the backlog a gateway has on the way, and the less lies before
a live event.
"""

from collections.abc import Collection
from typing import Final

from hub_config.names import MILLISECOND, Instant

ACK_EVERY: Final = 100 * MILLISECOND
ACK_AT_ONCE: Final = 50

Log = tuple[str, int]
"""Gateway and epoch of its journal."""


class AcksDue:
    """At most one for each log of the gateways that the coordinator listens to."""

    def __init__(self) -> None:
        self._due: dict[Log, Instant] = {}
        self._events: dict[Log, int] = {}
        """Since the last ack."""

    def heard(self, log: Log, at: Instant, events: int = 1) -> None:
        """So many events that are stored."""
        before = self._events.get(log, 0)
        self._events[log] = before + events
        if before < ACK_AT_ONCE <= before + events:
            self._due[log] = at
        else:
            self.owe(log, Instant(at + ACK_EVERY))

    def owe(self, log: Log, at: Instant) -> None:
        """By then, if not sooner."""
        due = self._due.get(log)
        if due is None or at < due:
            self._due[log] = at

    def due(self, at: Instant) -> list[Log]:
        return [log for log, due in self._due.items() if due <= at]

    def wake_at(self) -> Collection[Instant]:
        return self._due.values()

    def told(self, log: Log) -> None:
        del self._due[log]
        self._events.pop(log, None)

    def clear(self) -> None:
        """The connection is gone; a new one owes every gateway one."""
        self._due.clear()
        self._events.clear()
