"""A label printer for `hub simulated-device`: what a person does to it is typed."""

from collections.abc import Sequence

from hub_config.names import Instant
from simulators.devices.label_printer import LabelPrinter
from simulators.devices.zpl_wire import ZplPrinterDevice


class ServedPrinter:
    def __init__(self) -> None:
        self.printer = LabelPrinter()
        self._device = ZplPrinterDevice(self.printer)

    @property
    def wake_at(self) -> Instant | None:
        return self._device.wake_at

    def receive(self, data: bytes, now: Instant) -> None:
        self._device.receive(data, now)

    def take_output(self, now: Instant) -> bytes:
        return self._device.take_output(now)

    def told(self, order: Sequence[str], now: Instant) -> str:
        printer = self.printer
        match order:
            case ["paper", count] if count.isdecimal() and len(count) < 6:
                printer.labels = int(count)
            case ["open"]:
                printer.head_open = True
            case ["close"]:
                printer.head_open = False
            case ["pause"]:
                printer.paused = True
            case ["resume"]:
                printer.paused = False
            case ["labels"]:
                return "\n".join(" | ".join(label) for label in printer.printed) or "none printed"
            case _:
                raise ValueError(
                    "a printer knows: paper 50, open, close, pause, resume, labels, unplug, plug, quit"
                )
        printer.run(now)
        return f"{printer.labels} labels on the roll, {'it stands' if printer.stands else 'it prints'}"
