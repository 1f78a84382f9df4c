"""How a device is attached to the gateway: a serial line (USB-CDC scanners are serial ports too), TCP, dialled by
the gateway or by the device, USB HID, a keyboard wedge, or a folder into which a camera puts its pictures.

Where a `port` is wanted, a path will do (/dev/ttyUSB0); better is a selector (`hub_config/usb.py`), which names the
device itself and is looked up at every opening."""

import ipaddress
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from hub_config.finding import Finding, refusal, show
from hub_config.values import Entry, is_absent, is_true, text, whole

_TCP_PORT: Final = whole(1, 65_535)


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        limit = "the address of one device, as numbers"
        raise refusal(
            Finding((), f"{show(value)} is no IP address", limit, 'write for example "10.1.2.3"')
        ) from None


def _whole_path(value: str) -> str:
    if not value.startswith("/"):
        todo = 'write for example "/var/lib/hub/cam-1"'
        raise refusal(Finding((), f"{show(value)} depends on where the hub is started", "a whole path", todo))
    return value


Port = Annotated[str, text(1, 200)]
"""A path, or a selector: `usb:VID:PID:SERIAL`, `usb:VID:PID@HUB-PORT`."""


class Known(Entry):
    """Of devices that say who they are when asked (a serial number, mostly)."""

    identity: Annotated[str | None, Field(max_length=64)] = Field(default=None, exclude_if=is_absent)
    """What it must say; another device in its place is refused as swapped. Without it, what it says first counts
    until the gateway is started again."""


class SerialAttach(Known):
    kind: Literal["serial"] = "serial"
    port: Port
    baud: Annotated[int, whole(300, 4_000_000)] = 9600
    data_bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd", "mark", "space"] = "none"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["rts-cts", "xon-xoff"] | None = Field(default=None, exclude_if=is_absent)
    """Who may hold up whom: by the lines RTS and CTS, or by the bytes XON and XOFF."""
    dtr: bool = Field(default=True, exclude_if=is_true)
    rts: bool = Field(default=True, exclude_if=is_true)
    """Levels of the two lines while the port is open. They stay as they are when it is closed, so that a device that
    resets on DTR is not reset by opening again."""

    @property
    def place(self) -> str:
        """As messages and pages name it."""
        return self.port


class FolderAttach(Entry):
    """A camera puts its pictures into a folder, which is for that alone: those that were read are removed in time."""

    kind: Literal["folder"]
    path: Annotated[str, text(1, 200), AfterValidator(_whole_path)]

    @property
    def place(self) -> str:
        return self.path


class HidAttach(Entry):
    """A USB HID device that is read report by report (/dev/hidraw0): scales of points of sale."""

    kind: Literal["hid"]
    port: Port

    @property
    def place(self) -> str:
        return self.port


class EvdevAttach(Entry):
    """A scanner that types (/dev/input/event3). It is grabbed: nothing else on the gateway gets its keys."""

    kind: Literal["evdev"]
    port: Port

    @property
    def place(self) -> str:
        return self.port


class TcpAttach(Known):
    """The gateway dials the device."""

    kind: Literal["tcp"]
    host: Annotated[str, text(1, 253)]
    port: Annotated[int, _TCP_PORT]

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class TcpListenAttach(Known):
    """The device dials the gateway. Only `peer` is let in, one connection at a time: the newest, since a device that
    dials again has lost the older one."""

    kind: Literal["tcp-listen"]
    host: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    """The gateway's own address on the device network."""
    port: Annotated[int, _TCP_PORT]
    peer: Annotated[str, AfterValidator(_address)]

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port} (dialled by {self.peer})"


def _serial_unless_said(value: object) -> object:
    """A port alone is a serial one; what names a host has to say who dials."""
    if isinstance(value, dict) and "kind" not in value and "host" not in value:
        return {"kind": "serial", **value}
    return value


Attach = Annotated[
    SerialAttach | TcpAttach | TcpListenAttach,
    Field(discriminator="kind"),
    BeforeValidator(_serial_unless_said),
]
