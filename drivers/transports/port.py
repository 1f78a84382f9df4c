"""What the device loop needs of an open port, and of a place where a device dials in."""

from typing import Protocol, runtime_checkable


class Port(Protocol):
    """Every method but `close` raises PortLostError when it is gone."""

    def fileno(self) -> int: ...
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> int: ...
    def close(self) -> None: ...


@runtime_checkable
class Listener(Protocol):
    """It outlives the ports that come of it."""

    waiting: str
    """In words, for as long as nobody is connected."""

    def fileno(self) -> int: ...

    def accept(self) -> Port | None:
        """A port that has been dialled, which replaces the one before it. Never blocks. Raises PortLostError."""

    def take_strangers(self) -> list[str]:
        """Addresses of others that dialled, and were sent away, since this was last asked."""

    def close(self) -> None: ...
