"""A label printer for `hub simulated-device`: what a person does to it is typed."""

from collections.abc import Sequence

from hub_config.names import Instant
from simulators.devices.label_printer import LabelPrinter
from simulators.devices.zpl_wire import ZplPrinterDevice
from simulators.served_device import ServedDevice


class ServedPrinter(ServedDevice[ZplPrinterDevice]):
    def __init__(self) -> None:
        self.printer = LabelPrinter()
        super().__init__(ZplPrinterDevice(self.printer))

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
