"""Readers of every maker for `hub simulated-device`: what is in their view, and what they read alone, is typed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hub_config.names import Instant
from simulators.devices.keyence_sr import KeyenceReader
from simulators.devices.reader_device import ReaderDevice
from simulators.devices.reader_words import CognexWords, DatalogicWords, HoneywellWords, SickWords
from simulators.devices.ssi_scanner import SsiDevice
from simulators.served_device import ServedDevice

AIM: Final = "]C0"


class ServedReader(ServedDevice[ReaderDevice | SsiDevice]):
    def told(self, order: Sequence[str], now: Instant) -> str:
        match order:
            case ["scan", *codes] if codes:
                self._device.scan([(code, AIM) for code in codes], now)
                return f"{', '.join(codes)} read"
            case ["view", *codes]:
                self._device.look([(code, AIM) for code in codes], now)
                return f"{', '.join(codes) or 'nothing'} in view"
            case _:
                raise ValueError("a reader knows: scan CODE, view CODE, view, unplug, plug, quit")


READERS: Final[Mapping[str, Callable[[], ReaderDevice | SsiDevice]]] = {
    "keyence-sr": KeyenceReader,
    "honeywell": lambda: ReaderDevice(HoneywellWords()),
    "datalogic": lambda: ReaderDevice(DatalogicWords()),
    "cognex-dmcc": lambda: ReaderDevice(CognexWords()),
    "sick-cola-a": lambda: ReaderDevice(SickWords()),
    "sick-read": lambda: ReaderDevice(SickWords()),
    "ssi": SsiDevice,
}
"""By their kind in a hub config. The words that trigger a Datalogic are `GO` and `END`, each with CR."""
