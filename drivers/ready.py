"""Which of many descriptors can be read or written, and what is to be done then: epoll of Linux, without detours.

`selectors` asks the kernel the same and makes a key, a tuple and a list of each answer; a device loop does little else.
"""

import select
from collections.abc import Callable
from contextlib import suppress
from typing import Final

READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT

Call = Callable[[bool], object]
"""Told whether there is something to read. A descriptor that hung up or failed counts as readable: its reader is told
why."""


class Ready:
    """Belongs to one thread."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Call] = {}

    def add(self, fd: int, events: int, call: Call) -> None:
        """`events`: READ, or READ | WRITE."""
        self._epoll.register(fd, events)
        self._calls[fd] = call

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Before it is closed: its number may be another's after that. One that is gone the kernel has forgotten."""
        del self._calls[fd]
        with suppress(OSError):
            self._epoll.unregister(fd)

    def serve(self, timeout_s: float | None) -> None:
        """Waits until one is ready, or for so long (rounded up to ms; None: for ever). Each that is ready is served
        once, but for those that one before it has taken out."""
        calls = self._calls
        for fd, events in self._epoll.poll(timeout_s, len(calls) or 1):
            call = calls.get(fd)
            if call is not None:
                call(bool(events & ~WRITE))

    def close(self) -> None:
        self._calls.clear()
        self._epoll.close()
