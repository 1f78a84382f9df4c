"""Where a thread that owns a connection sleeps: until another thread has put something in, or the connection is ready.

One sleep for both, so that nothing is handed over between two threads that one could do alone.
"""

import select
import socket
from collections import deque
from contextlib import suppress
from math import ceil
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Watched(Protocol):
    """A connection: what to wait for, if anything."""

    @property
    def fileno(self) -> int | None: ...
    @property
    def wants_write(self) -> bool: ...


class Mailbox(Generic[T]):
    """What may wait in it is bounded by whoever puts."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._asleep = False
        self._bell: tuple[socket.socket, socket.socket] | None = None
        """Where the owner listens, and where it is rung; made when it first sleeps."""

    def put(self, item: T) -> None:
        """From any thread."""
        self._items.append(item)
        self.wake()

    def wake(self) -> None:
        """Ends the owner's sleep, from any thread or signal."""
        if self._asleep:
            self._asleep = False
            if self._bell is not None:
                with suppress(OSError):  # full: it has been rung already; closed: nobody sleeps
                    self._bell[1].send(b"!")

    def take(self) -> T | None:
        """The next item, if there is one. None can't be put."""
        return self._items.popleft() if self._items else None

    def wait(self, timeout_s: float, watched: Watched) -> None:
        """Until there is something to take or to read, room to write what waits, or the time is over."""
        if self._bell is None:
            self._bell = socket.socketpair()
            for end in self._bell:
                end.setblocking(False)
        rung = self._bell[0]
        poll = select.poll()
        poll.register(rung, select.POLLIN)
        if (fileno := watched.fileno) is not None:
            poll.register(fileno, select.POLLIN | (select.POLLOUT if watched.wants_write else 0))
        self._asleep = True  # before the look: what is put behind it wakes
        ready = poll.poll(0 if self._items else ceil(timeout_s * 1_000))
        self._asleep = False
        if any(each == rung.fileno() for each, _ in ready):
            with suppress(BlockingIOError):
                rung.recv(64)

    def close(self) -> None:
        """By the owner, when it will not sleep again."""
        for end in self._bell or ():
            end.close()
