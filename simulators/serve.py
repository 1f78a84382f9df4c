"""The same bench and line in real time: their devices behind ptys and TCP, as a gateway's computer sees them.

One thread runs the world against the host's clock, reads what the gateway writes and paces what the devices say as
their wires do. Symlinks in a folder keep names of serial ports stable while a device is unplugged and plugged in again.
Other threads enter by `post` and `ask` alone.
"""

import contextlib
import os
import random
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from hub_config.names import SECOND, Instant
from simulators.bench import PhysicalBench
from simulators.screen import View
from simulators.served_line import ServedLine
from simulators.wires import READ_BYTES, PtyPort, TcpEnd, Wire
from simulators.world import Action, World

MAX_POSTED: Final = 10_000
ANSWER_WITHIN_S: Final = 10.0
"""How long `ask` and `stop` wait for the thread."""
BOARD_BAUD: Final = 250_000
T = TypeVar("T")


def real_now() -> Instant:
    return Instant(time.monotonic_ns())


def real_world() -> World:
    """A world whose time is the host's monotonic clock, for `RealTime` to run."""
    return World(real_now())


@dataclass(frozen=True, slots=True)
class Port:
    """A device's end of its wire: what it says, and what it hears."""

    wire: Wire
    speak: Callable[[Instant], bytes]
    hear: Callable[[bytes, Instant], object]


class RealTime:
    """Runs a bench's and a line's world against the clock, in a thread of its own."""

    def __init__(
        self,
        bench: PhysicalBench,
        folder: Path,
        seed: int = 0,
        baud: int = 9_600,
        line: ServedLine | None = None,
    ) -> None:
        """Both live in one `real_world()`. Serial ports appear as `folder/scanner`, `folder/scale`, `folder/board`."""
        self.bench = bench
        self.line = line
        self._folder = folder
        self._world = bench.world
        self._selector = selectors.DefaultSelector()

        def serial(name: str, rate: int) -> PtyPort:
            return PtyPort(folder / name, rate, random.Random(f"{name}/{seed}"), self._selector)

        self._ports: dict[str, Port] = {
            "scanner": Port(serial("scanner", baud), bench.scanner_output, lambda _data, _now: None),
            "scale": Port(serial("scale", baud), bench.scale_output, bench.scale_receive),
        }
        if line is not None:
            reader = TcpEnd(line.reader_port, listens=True, selector=self._selector)
            stand = line.conveyor.readers[0]
            weigher = TcpEnd(line.scale_port, listens=False, selector=self._selector)
            self._ports |= {
                "board": Port(serial("board", BOARD_BAUD), line.board_output, line.board_receive),
                "reader": Port(reader, stand.output, stand.device.receive),
                "weigher": Port(weigher, line.conveyor.scale.take_output, lambda _data, _now: None),
            }
        self._posted: deque[Action] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="simulated-devices", daemon=True)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def path(self, name: str) -> Path:
        """Of a serial port."""
        return self._folder / name

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        for port in self._ports.values():
            port.wire.plug()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; closes and removes the ports. A second call does nothing."""
        if self._stopping:
            return
        self._stopping = True
        if self.running:
            self._wake()
            self._thread.join(ANSWER_WITHIN_S)
        for port in self._ports.values():
            port.wire.unplug()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # From other threads -----------------------------------------------------------------------------

    def post(self, action: Action) -> None:
        """Runs `action` in the devices' thread, soon."""
        if len(self._posted) >= MAX_POSTED:
            raise RuntimeError(
                f"simulated devices: {MAX_POSTED} actions posted, the limit; their thread is stuck"
            )
        self._posted.append(action)
        self._wake()

    def ask(self, question: Callable[[], T]) -> T:
        """Runs `question` in the devices' thread and returns its answer."""
        answer: Future[T] = Future()
        self.post(lambda: answer.set_result(question()))
        return answer.result(ANSWER_WITHIN_S)

    def look(self, view: View | None) -> None:
        self.post(lambda: self.bench.look(view))

    def unplug(self, name: str) -> None:
        self.ask(self._ports[name].wire.unplug)

    def replug(self, name: str) -> None:
        self.ask(self._ports[name].wire.plug)

    # In the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._world.run_until(real_now())
            self._speak(self._world.now)
            for key, _ in self._selector.select(self._timeout_s()):
                if key.fd == self._wake_read:
                    os.read(self._wake_read, READ_BYTES)
            self._world.run_until(real_now())
            self._hear(self._world.now)
            while self._posted and not self._stopping:
                self._posted.popleft()()

    def _speak(self, now: Instant) -> None:
        if self.line is not None:
            self._run_line(self.line, now)
        for port in self._ports.values():
            port.wire.send(port.speak(now), now)
            port.wire.serve(now)

    def _run_line(self, line: ServedLine, now: Instant) -> None:
        line.serve(now)
        cut_ns = line.take_cut()
        if cut_ns is not None:
            board = self._ports["board"].wire
            board.unplug()
            self._world.call_after(cut_ns, board.plug)

    def _hear(self, now: Instant) -> None:
        for port in self._ports.values():
            data = port.wire.read()
            if data:
                port.hear(data, now)

    def _timeout_s(self) -> float | None:
        due = [
            self._world.next_at,
            self.bench.next_output_at,
            *(port.wire.next_at for port in self._ports.values()),
        ]
        if self.line is not None:
            due.append(self.line.next_at)
        soonest = min((at for at in due if at is not None), default=None)
        return None if soonest is None else max(0, soonest - real_now()) / SECOND

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._wake_write, b"\0")
