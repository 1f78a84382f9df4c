"""Device files that are read as they are: what HID and typing scanners need of the system.

`Kernel` is all of it, so that a test without such hardware can record the calls.
"""

import fcntl
import os
from typing import Protocol

from drivers.transports.lost import PortLostError, why_not_opened


class Kernel(Protocol):
    def open(self, path: str, flags: int) -> int: ...
    def lock(self, fd: int) -> None:
        """For us alone, or BlockingIOError."""

    def ioctl(self, fd: int, request: int, argument: int | bytes) -> None: ...
    def close(self, fd: int) -> None: ...


class Linux:
    def open(self, path: str, flags: int) -> int:
        return os.open(path, flags)

    def lock(self, fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def ioctl(self, fd: int, request: int, argument: int | bytes) -> None:
        fcntl.ioctl(fd, request, argument)

    def close(self, fd: int) -> None:
        os.close(fd)


def open_node(kernel: Kernel, name: str, node: str, how: int, noun: str) -> int:
    fd = -1
    try:
        fd = kernel.open(node, how | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        kernel.lock(fd)
    except OSError as error:
        if fd >= 0:
            kernel.close(fd)
        raise PortLostError(why_not_opened(name, node, error.errno or 0, noun)) from error
    return fd
