"""How a device is attached to the gateway. Serial only, so far; USB-CDC scanners are serial ports too."""

from typing import Annotated, Literal

from hub_config.values import Entry, text, whole


class SerialAttach(Entry):
    kind: Literal["serial"] = "serial"
    port: Annotated[str, text(1, 200)]
    """For example /dev/ttyUSB0, better /dev/serial/by-id/…, which does not change when the plug moves."""
    baud: Annotated[int, whole(300, 4_000_000)] = 9600
    data_bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
