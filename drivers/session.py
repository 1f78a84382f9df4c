"""The shape of every driver: bytes and instants in, readings and bytes out.

A session is made anew each time its port opens, so there is no state to reset. It opens nothing, sleeps never,
reads no clock and logs nothing. Feeding the bytes in any split gives the same readings.
"""

from typing import Protocol, runtime_checkable

from drivers.command import Command
from drivers.reading import Reading
from hub_config.names import Instant


class Session(Protocol):
    @property
    def wake_at(self) -> Instant | None:
        """When it wants `wake` called; `Instant(0)` on a new session that has something to say first."""

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        """Takes what the port delivered; returns the readings that are complete."""

    def wake(self, at: Instant) -> list[Reading]:
        """Time has reached `wake_at` (or passed it)."""

    def take_output(self) -> bytes:
        """What it wants written now; empties the session's output."""


@runtime_checkable
class Actuator(Session, Protocol):
    """A session whose device can be told to do something."""

    def command(self, command: Command, at: Instant) -> list[Reading]:
        """Takes an order; what has to be written for it comes with `take_output`. Readings: for example a refusal."""


@runtime_checkable
class Redialled(Session, Protocol):
    """A session that can't go on once it has lost its place in the stream: the pump closes the port and opens again."""

    @property
    def stuck(self) -> str | None:
        """Why nothing more can come of this connection; None while something can."""


@runtime_checkable
class Resumable(Session, Protocol):
    """A session that outlives its port, because the device remembers too: the pump keeps it and opens again."""

    def closed(self, at: Instant) -> list[Reading]:
        """The port is gone."""

    def reopened(self, at: Instant) -> None:
        """The port is open again; bytes of before are void."""
