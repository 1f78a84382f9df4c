"""What other threads hand to a thread that waits at a socket.

A queue that can be waited at together with a socket: the owner sleeps in one `poll` over both, and who puts something
in wakes it only if it sleeps, so a busy owner costs the others no system call.
"""

import os
import select
from collections import deque
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from hub_config.names import MILLISECOND

Item = TypeVar("Item")
READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class Pollable(Protocol):
    def fileno(self) -> int: ...


class Mailbox(Generic[Item]):
    """`put` may be called from any thread; everything else by its owner."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._asleep = False
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._watched: tuple[int, int] | None = None
        """The socket waited at last, and what for."""

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        self._items.append(item)
        if self._asleep:
            self._asleep = False
            os.eventfd_write(self._bell, 1)

    def take(self, most: int) -> list[Item]:
        """What is there, in order, without waiting."""
        items = self._items
        return [items.popleft() for _ in range(min(most, len(items)))]

    def wait(self, wait_ns: int, sock: Pollable | None = None, *, unsent: bool = False) -> tuple[bool, bool]:
        """Until something lies here, the socket can be read, or written where something is `unsent`, or the time is
        over. Says whether the socket can be read, and written."""
        self._watch(sock, unsent=unsent)
        self._asleep = True  # before the look: what comes behind it rings
        try:
            ready = self._poll.poll(0 if self._items else max(0, wait_ns) / MILLISECOND)
        finally:
            self._asleep = False
        told = 0
        for handle, events in ready:
            if handle == self._bell:
                with suppress(BlockingIOError):
                    os.eventfd_read(self._bell)
            else:
                told = events
        return bool(told & READABLE), bool(told & select.POLLOUT)

    def _watch(self, sock: Pollable | None, *, unsent: bool) -> None:
        """A socket that is gone is no longer asked after; one that has its number after it is asked as it is."""
        wanted = None if sock is None else (sock.fileno(), select.POLLIN | (select.POLLOUT if unsent else 0))
        if wanted == self._watched:
            return
        if self._watched is not None:
            self._poll.unregister(self._watched[0])
        self._watched = None
        if wanted is not None:
            self._poll.register(*wanted)
            self._watched = wanted

    def close(self) -> None:
        """Nobody waits here any more. What is put in later is not looked at."""
        os.close(self._bell)
