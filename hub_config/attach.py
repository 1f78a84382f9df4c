"""How a device is attached to the gateway: a serial line (USB-CDC scanners are serial ports too), TCP, dialled by
the gateway or by the device, or a folder into which a camera puts its pictures."""

import ipaddress
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from hub_config.finding import Finding, refusal, show
from hub_config.values import Entry, text, whole

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


class SerialAttach(Entry):
    kind: Literal["serial"] = "serial"
    port: Annotated[str, text(1, 200)]
    """For example /dev/ttyUSB0, better /dev/serial/by-id/…, which does not change when the plug moves."""
    baud: Annotated[int, whole(300, 4_000_000)] = 9600
    data_bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1

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


class TcpAttach(Entry):
    """The gateway dials the device."""

    kind: Literal["tcp"]
    host: Annotated[str, text(1, 253)]
    port: Annotated[int, _TCP_PORT]

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class TcpListenAttach(Entry):
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
