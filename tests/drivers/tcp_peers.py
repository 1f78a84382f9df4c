"""Peers of a TCP port on loopback, as devices are: they listen, dial, and vanish."""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from serial_pty import DEADLINE_S

from drivers.transports.tcp import TcpConnection

STRANGER = "127.0.0.2"


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def free_port() -> int:
    """Below those that the system hands out by itself, so that nobody else gets it meanwhile."""
    for number in range(20_000 + os.getpid() * 97 % 10_000, 32_000):  # apart from another worker's
        with socket.socket() as bound, suppress(OSError):
            bound.bind(("127.0.0.1", number))
            return number
    raise AssertionError("no free port below 32000")


def until(true: Callable[[], bool]) -> None:
    deadline, tick = time.monotonic() + DEADLINE_S, threading.Event()
    while not true():
        assert time.monotonic() < deadline
        tick.wait(0.005)


def dial(port: int, source: str = "127.0.0.1") -> socket.socket:
    """As a device: as soon as somebody listens."""
    found: list[socket.socket] = []

    def answered() -> bool:
        with suppress(ConnectionRefusedError):
            found.append(
                socket.create_connection(("127.0.0.1", port), DEADLINE_S, source_address=(source, 0))
            )
        return bool(found)

    until(answered)
    return found[0]


def reset(connection: socket.socket) -> None:
    """Ends it as a device does that is switched off and on: without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_on(port: TcpConnection) -> bytes:
    """The next bytes, or its loss."""
    select.select([port], [], [], DEADLINE_S)
    return port.read()
