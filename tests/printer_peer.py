"""The simulated label printer at a TCP port, in a thread of its own, for tests with real sockets."""

import selectors
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hub_config.names import Instant
from simulators.devices.label_printer import LabelPrinter
from simulators.devices.zpl_wire import ZplPrinterDevice
from simulators.wires import TcpEnd


@contextmanager
def served(printer: LabelPrinter, port: int) -> Iterator[None]:
    """Until the block ends: then it is switched off."""
    stop = threading.Event()
    with selectors.DefaultSelector() as selector:
        wire = TcpEnd(port, listens=True, selector=selector)
        device = ZplPrinterDevice(printer)

        def run() -> None:
            while not stop.is_set():
                now = Instant(time.monotonic_ns())
                wire.send(device.take_output(now), now)
                wire.serve(now)
                selector.select(0.02)
                device.receive(wire.read(), Instant(time.monotonic_ns()))

        wire.plug()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            wire.unplug()
