"""The simulators' ends of the wires in real time: serial lines as ptys, and TCP from either side.

Each end has a name, sends what the device says, and gives what the gateway wrote. TCP ends are polled by their owner's
loop and registered with its selector, so that it wakes when something comes.
"""

import contextlib
import os
import random
import selectors
import socket
import tty
from collections import deque
from pathlib import Path
from typing import Final, Protocol

from hub_config.names import MILLISECOND, SECOND, Instant

BITS_PER_BYTE: Final = 10
"""Start bit, eight data bits, stop bit."""
MAX_CHUNK: Final = 12
"""Bytes that arrive together at most; a chunk's length is drawn from 1 to this."""
MAX_UNSENT: Final = 65_536
"""Bytes waiting for the line; more are lost, as in a device without flow control."""
READ_BYTES: Final = 4_096
DIAL_NS: Final = 200 * MILLISECOND
"""Between two attempts of a device to dial the gateway."""
LOOPBACK: Final = "127.0.0.1"


class Wire(Protocol):
    """One end of a wire, owned by one loop."""

    @property
    def next_at(self) -> Instant | None:
        """When `serve` has something to do by itself."""

    def plug(self) -> None: ...
    def unplug(self) -> None: ...
    def send(self, data: bytes, now: Instant) -> None: ...
    def serve(self, now: Instant) -> None:
        """Sends what is due, takes calls."""

    def read(self) -> bytes:
        """What the gateway wrote; empty if nothing."""


class PtyPort:
    """One end of a serial line. Its other end is the device at `path`, a symlink."""

    def __init__(
        self, path: Path, baud: int, rng: random.Random, selector: selectors.BaseSelector | None = None
    ) -> None:
        self.path = path
        self._selector = selector
        self._ns_per_byte = BITS_PER_BYTE * SECOND // baud
        self._rng = rng
        self._fds: tuple[int, int] | None = None
        self._unsent: deque[tuple[Instant, bytes]] = deque()
        self._unsent_bytes = 0
        self.lost_bytes = 0
        """Nobody took them: the line was full or the device unplugged."""

    @property
    def fd(self) -> int | None:
        return self._fds[0] if self._fds is not None else None

    @property
    def next_at(self) -> Instant | None:
        return self._unsent[0][0] if self._unsent else None

    def open(self) -> int:
        """Returns the descriptor of this end."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._fds = (master, slave)  # holding the slave keeps the line up while nobody has it open
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.path)
        return master

    def close(self) -> None:
        """The other end sees a hang-up."""
        self.path.unlink(missing_ok=True)
        if self._fds is not None:
            for fd in self._fds:
                os.close(fd)
        self._fds = None
        self.lost_bytes += self._unsent_bytes
        self._unsent.clear()
        self._unsent_bytes = 0

    def plug(self) -> None:
        if self._fds is None:
            master = self.open()
            if self._selector is not None:
                self._selector.register(master, selectors.EVENT_READ, self)

    def unplug(self) -> None:
        if self._fds is not None:
            if self._selector is not None:
                self._selector.unregister(self._fds[0])
            self.close()

    def serve(self, now: Instant) -> None:
        self.write_due(now)

    def send(self, data: bytes, now: Instant) -> None:
        """Puts bytes on the line, each chunk when its last bit would have passed."""
        if self._fds is None or self._unsent_bytes + len(data) > MAX_UNSENT:
            self.lost_bytes += len(data)
            return
        free_at = max(now, self._unsent[-1][0]) if self._unsent else now
        while data:
            size = self._rng.randint(1, MAX_CHUNK)
            chunk, data = data[:size], data[size:]
            free_at = Instant(free_at + len(chunk) * self._ns_per_byte)
            self._unsent.append((free_at, chunk))
            self._unsent_bytes += len(chunk)

    def write_due(self, now: Instant) -> None:
        while self._unsent and self._unsent[0][0] <= now:
            _, chunk = self._unsent.popleft()
            self._unsent_bytes -= len(chunk)
            self.lost_bytes += len(chunk) - self._write(chunk)

    def read(self) -> bytes:
        if self._fds is None:
            return b""
        try:
            return os.read(self._fds[0], READ_BYTES)
        except OSError:  # nothing there, or the other end is being closed
            return b""

    def _write(self, chunk: bytes) -> int:
        if self._fds is None:
            return 0
        try:
            return os.write(self._fds[0], chunk)
        except BlockingIOError:
            return 0


class TcpEnd:
    """A device on TCP: `listens` for the gateway's call, or dials the gateway until it answers."""

    def __init__(self, port: int, *, listens: bool, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._listens = listens
        self._selector = selector
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._dial_at: Instant | None = None
        self.lost_bytes = 0
        """Nobody was connected, or the connection was full."""

    @property
    def next_at(self) -> Instant | None:
        return self._dial_at if self._peer is None else None

    def plug(self) -> None:
        if not self._listens:
            self._dial_at = Instant(0)
        elif self._listener is None:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, self._port))
            listener.listen(1)
            listener.setblocking(False)
            self._listener = listener
            self._selector.register(listener, selectors.EVENT_READ, self)

    def unplug(self) -> None:
        self._hang_up()
        self._dial_at = None
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def send(self, data: bytes, now: Instant) -> None:  # noqa: ARG002  (a network has no baud rate)
        if not data:
            return
        if self._peer is None:
            self.lost_bytes += len(data)
            return
        try:
            sent = self._peer.send(data)
            self.lost_bytes += len(data) - sent
        except OSError:
            self.lost_bytes += len(data)
            self._hang_up()

    def serve(self, now: Instant) -> None:
        if self._listener is not None:
            with contextlib.suppress(BlockingIOError):
                peer, _ = self._listener.accept()
                self._connect(peer)  # a new call: the old one is dead, whatever it looks like
        elif self._peer is None and self._dial_at is not None and now >= self._dial_at:
            self._dial_at = Instant(now + DIAL_NS)
            self._dial()

    def read(self) -> bytes:
        if self._peer is None:
            return b""
        try:
            data = self._peer.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def _dial(self) -> None:
        peer = socket.socket()
        peer.settimeout(1.0)
        try:
            peer.connect((LOOPBACK, self._port))
        except OSError:
            peer.close()
        else:
            self._connect(peer)

    def _connect(self, peer: socket.socket) -> None:
        self._hang_up()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer = peer
        self._selector.register(peer, selectors.EVENT_READ, self)

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._selector.unregister(self._peer)
            self._peer.close()
            self._peer = None
