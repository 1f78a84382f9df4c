"""How a config names a USB device by what it is instead of by the order of plugging in.

`usb:VID:PID:SERIAL` where the device has a serial number of its own; `usb:VID:PID@HUB-PORT` where it has none or shares
it with another, as CH340 and PL2303 adapters do. HUB-PORT is the socket as /dev/serial/by-path names it, for example
`pci-0000:00:14.0-usb-0:1.2`. `#N` at the end chooses the interface of a device with several (station-and-ops IT-02).
"""

import re
from dataclasses import dataclass
from typing import Final

USB_PREFIX: Final = "usb:"
_SELECTOR: Final = re.compile(
    r"usb:(?P<vid>[0-9a-fA-F]{4}):(?P<pid>[0-9a-fA-F]{4})"
    r"(?::(?P<serial>[^@#\s]{1,64})|@(?P<hub_port>[^@#\s]{1,100}))(?:#(?P<interface>[0-9]{1,2}))?"
)


@dataclass(frozen=True, slots=True)
class UsbSelector:
    vid: str
    """Four hex digits, lower case."""
    pid: str
    serial: str | None = None
    hub_port: str | None = None
    """Exactly one of the two is there."""
    interface: int | None = None

    def __str__(self) -> str:
        where = f":{self.serial}" if self.serial is not None else f"@{self.hub_port}"
        return f"{USB_PREFIX}{self.vid}:{self.pid}{where}" + (
            "" if self.interface is None else f"#{self.interface}"
        )


def usb_selector(port: str) -> UsbSelector | None:
    """What an `attach.port` that is no path means; None where it is no such selector."""
    found = _SELECTOR.fullmatch(port)
    if found is None:
        return None
    interface = found["interface"]
    return UsbSelector(
        found["vid"].lower(), found["pid"].lower(), found["serial"], found["hub_port"],
        None if interface is None else int(interface),
    )  # fmt: skip
