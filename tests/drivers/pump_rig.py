"""A pump that runs, and a sink that a test can wait on."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from serial_pty import DEADLINE_S

from drivers.pump import Pump
from drivers.reading import BarcodeRead, Reading
from hub_config.devices import Device


class Readings:
    """A sink that a test can wait on."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Reading] = queue.Queue()
        self.seen: list[Reading] = []

    def put(self, reading: Reading) -> None:
        self._queue.put(reading)

    def until(self, wanted: Callable[[Reading], bool]) -> Reading:
        """The next reading that is wanted; those before it are kept in `seen`."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            reading = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            self.seen.append(reading)
            if wanted(reading):
                return reading

    def next(self, kind: type[Reading]) -> Reading:
        return self.until(lambda reading: isinstance(reading, kind))

    def code(self, data: str) -> Reading:
        return self.until(lambda reading: isinstance(reading, BarcodeRead) and reading.data == data)


@contextmanager
def pumping(
    *devices: Device, open_port: Callable[[Any], Any] | None = None
) -> Iterator[tuple[Pump, Readings]]:
    sink = Readings()
    pump = Pump(devices, sink, open_port=open_port)
    pump.start()
    try:
        yield pump, sink
    finally:
        pump.stop()
