"""The same bench in real time: its devices behind ptys that look like serial ports.

One thread runs the world against the host's clock, reads what the gateway writes to the ptys and paces what the
devices say as a serial line does: at its baud rate, cut at random points. Symlinks in a folder keep port names
stable while a device is unplugged and plugged in again. Other threads enter by `post` and `ask` alone.
"""

import contextlib
import os
import random
import selectors
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from hub_config.names import SECOND, Instant
from simulators.bench import PhysicalBench
from simulators.screen import View
from simulators.world import Action, World

BITS_PER_BYTE: Final = 10
"""Start bit, eight data bits, stop bit."""
MAX_CHUNK: Final = 12
"""Bytes that arrive together at most; a chunk's length is drawn from 1 to this."""
MAX_UNSENT: Final = 65_536
"""Bytes waiting for the line; more are lost, as in a device without flow control."""
MAX_POSTED: Final = 10_000
READ_BYTES: Final = 4_096
ANSWER_WITHIN_S: Final = 10.0
"""How long `ask` and `stop` wait for the thread."""

PortName = Literal["scanner", "scale"]
T = TypeVar("T")


def real_now() -> Instant:
    return Instant(time.monotonic_ns())


def real_world() -> World:
    """A world whose time is the host's monotonic clock, for `RealTime` to run."""
    return World(real_now())


class PtyPort:
    """One end of a serial line. Its other end is the device at `path`, a symlink."""

    def __init__(self, path: Path, baud: int, rng: random.Random) -> None:
        self.path = path
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


class RealTime:
    """Runs a bench's world against the clock, in a thread of its own."""

    def __init__(self, bench: PhysicalBench, folder: Path, seed: int = 0, baud: int = 9_600) -> None:
        """`bench` lives in a `real_world()`. Ports appear as `folder/scanner` and `folder/scale`."""
        self.bench = bench
        self._world = bench.world
        self._ports: dict[PortName, PtyPort] = {
            "scanner": PtyPort(folder / "scanner", baud, random.Random(f"scanner/{seed}")),
            "scale": PtyPort(folder / "scale", baud, random.Random(f"scale/{seed}")),
        }
        self._posted: deque[Action] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="simulated-bench", daemon=True)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def path(self, name: PortName) -> Path:
        return self._ports[name].path

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        for name in self._ports:
            self._plug(name)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; closes and removes the ports. A second call does nothing."""
        if self._stopping:
            return
        self._stopping = True
        if self.running:
            self._wake()
            self._thread.join(ANSWER_WITHIN_S)
        for name in self._ports:
            self._unplug(name)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # From other threads -----------------------------------------------------------------------------

    def post(self, action: Action) -> None:
        """Runs `action` in the bench's thread, soon."""
        if len(self._posted) >= MAX_POSTED:
            raise RuntimeError(
                f"simulated bench: {MAX_POSTED} actions posted, the limit; its thread is stuck"
            )
        self._posted.append(action)
        self._wake()

    def ask(self, question: Callable[[], T]) -> T:
        """Runs `question` in the bench's thread and returns its answer."""
        answer: Future[T] = Future()
        self.post(lambda: answer.set_result(question()))
        return answer.result(ANSWER_WITHIN_S)

    def look(self, view: View | None) -> None:
        self.post(lambda: self.bench.look(view))

    def unplug(self, name: PortName) -> None:
        self.ask(lambda: self._unplug(name))

    def replug(self, name: PortName) -> None:
        self.ask(lambda: self._plug(name))

    # In the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._world.run_until(real_now())
            self._speak(self._world.now)
            ready = self._selector.select(self._timeout_s())
            self._world.run_until(real_now())
            for key, _ in ready:
                if key.fd == self._wake_read:
                    os.read(self._wake_read, READ_BYTES)
                else:
                    self._hear(key.data)
            while self._posted and not self._stopping:
                self._posted.popleft()()

    def _speak(self, now: Instant) -> None:
        self._ports["scanner"].send(self.bench.scanner_output(now), now)
        self._ports["scale"].send(self.bench.scale_output(now), now)
        for port in self._ports.values():
            port.write_due(now)

    def _hear(self, name: PortName) -> None:
        data = self._ports[name].read()
        if name == "scale":  # a scanner on this kind of line hears nothing
            self.bench.scale_receive(data, self._world.now)

    def _timeout_s(self) -> float | None:
        due = [
            self._world.next_at,
            self.bench.next_output_at,
            *(port.next_at for port in self._ports.values()),
        ]
        soonest = min((at for at in due if at is not None), default=None)
        return None if soonest is None else max(0, soonest - real_now()) / SECOND

    def _plug(self, name: PortName) -> None:
        port = self._ports[name]
        if port.fd is None:
            self._selector.register(port.open(), selectors.EVENT_READ, name)

    def _unplug(self, name: PortName) -> None:
        port = self._ports[name]
        if port.fd is not None:
            self._selector.unregister(port.fd)
            port.close()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake_write, b"\0")
