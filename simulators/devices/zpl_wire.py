"""The wire of a label printer that speaks ZPL II, written from the Programming Guide 45541L-004 (`~HS` on p. 171).

Formats `^XA … ^XZ` become labels, by the text of their fields (`^FD … ^FS`, with `^FH` numbers undone). Commands with
a tilde overtake what is in the memory. `mute`: as newer models it answers nothing while it is out of labels or ribbon,
or its head is open.
"""

import re
from typing import Final

from hub_config.names import Instant
from simulators.devices.label_printer import LabelPrinter

BUFFER_BYTES_MAX: Final = 16_384
"""Of a format that has not ended; past it all of it is lost."""
LABEL_DOTS: Final = 480

_COMMAND: Final = re.compile(rb"~(HS|JA|PS|PP)|\^XA(.*?)\^XZ", re.DOTALL)
_BEGUN: Final = b"^XA"
_FIELD: Final = re.compile(r"(\^FH(.?)|)\^FD(.*?)\^FS", re.DOTALL)


class ZplPrinterDevice:
    def __init__(self, printer: LabelPrinter, *, mute: bool = False) -> None:
        self.printer = printer
        self._mute = mute
        self._held = b""
        self._output = bytearray()

    @property
    def wake_at(self) -> Instant | None:
        return Instant(0) if self._output else self.printer.wake_at

    def power_up(self) -> None:
        """Switched off and on: its memory is empty."""
        self._held = b""
        self._output.clear()
        self.printer.cancel()

    def receive(self, data: bytes, now: Instant) -> None:
        self._held += data
        end = 0
        for found in _COMMAND.finditer(self._held):
            end = found.end()
            if found[2] is not None:
                self.printer.give(fields_of(found[2].decode("utf-8", "replace")), now)
            else:
                self._obey(found[1], now)
        self._held = self._held[end:]
        if _BEGUN not in self._held:
            self._held = self._held[-2:]  # at most the beginning of a command
        elif len(self._held) > BUFFER_BYTES_MAX:
            self._held = b""

    def _obey(self, command: bytes, now: Instant) -> None:
        printer = self.printer
        match command:
            case b"JA":
                printer.cancel()
            case b"PP":
                printer.paused = True
            case b"PS":
                printer.paused = False
            case _:
                printer.run(now)
                if not (self._mute and (printer.labels == 0 or printer.ribbon_out or printer.head_open)):
                    self._output += self._status()
        printer.run(now)

    def _status(self) -> bytes:
        printer = self.printer
        partial = _BEGUN in self._held
        first = (
            f"030,{printer.labels == 0:d},{printer.paused:d},{LABEL_DOTS:04d},{printer.jobs:03d},"
            f"{printer.full:d},0,{partial:d},000,0,0,0"
        )
        second = f"000,0,{printer.head_open:d},{printer.ribbon_out:d},0,2,4,0,{0:08d},1,000"
        return b"".join(b"\x02" + one.encode() + b"\x03\r\n" for one in (first, second, "1234,0"))

    def take_output(self, now: Instant) -> bytes:
        self.printer.run(now)
        output = bytes(self._output)
        self._output.clear()
        return output


def fields_of(body: str) -> tuple[str, ...]:
    """The texts of a format's fields."""
    return tuple(
        _undone(found[3], found[2] or "_") if found[1] else found[3] for found in _FIELD.finditer(body)
    )


def _undone(text: str, sign: str) -> str:
    """`_E2_82_AC` is three bytes of UTF-8."""
    raw = re.sub(
        re.escape(sign).encode() + rb"([0-9A-Fa-f]{2})",
        lambda found: bytes([int(found[1], 16)]),
        text.encode(),
    )
    return raw.decode("utf-8", "replace")
