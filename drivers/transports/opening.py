"""Which port belongs to which kind of attachment, and whether what is plugged in there is still the same device.

May block: it runs in opener threads. Imports stand inside the cases, so that a gateway loads only what it uses.
"""

import errno
import os
from pathlib import Path
from typing import assert_never

from drivers.selectors import find, swapped
from drivers.sysfs import ROOT, NodeKind, SysPort, sys_port, sys_ports
from drivers.transports.lost import DeviceSwappedError, PortLostError, why_not_opened
from drivers.transports.port import Listener, Port
from hub_config.attach import EvdevAttach, FolderAttach, HidAttach, SerialAttach, TcpAttach, TcpListenAttach
from hub_config.usb import usb_selector

NodeAttach = SerialAttach | HidAttach | EvdevAttach
AnyAttach = NodeAttach | TcpAttach | TcpListenAttach | FolderAttach


class Opening:
    """Opens ports for one pump, and remembers what was plugged in where as long as it runs."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._before: dict[str, SysPort] = {}
        """By `attach.port`, one of each device."""

    def open(self, attach: AnyAttach) -> Port | Listener:
        """Raises PortLostError with a reason for staff."""
        match attach:
            case SerialAttach():
                from drivers.transports.serial_port import SerialPort

                return SerialPort(attach, self.node(attach.port, "serial"))
            case HidAttach():
                from drivers.transports.hidraw_port import HidrawPort

                return HidrawPort(attach, self.node(attach.port, "hid"))
            case EvdevAttach():
                from drivers.transports.evdev_port import EvdevPort

                return EvdevPort(attach, self.node(attach.port, "evdev"))
            case TcpAttach():
                from drivers.transports.tcp import TcpPort

                return TcpPort(attach)
            case TcpListenAttach():
                from drivers.transports.tcp import TcpListener

                return TcpListener(attach)
            case FolderAttach():
                from drivers.transports.worker_port import WorkerPort

                return WorkerPort(attach)
            case _ as never:
                assert_never(never)

    def absent(self, attach: AnyAttach) -> PortLostError | None:
        """Why opening is of no use now, found without waiting for anything: looking every second costs nothing."""
        if not isinstance(attach, NodeAttach) or usb_selector(attach.port) or os.path.exists(attach.port):
            return None
        return PortLostError(why_not_opened(attach.port, attach.port, errno.ENOENT, "port"))

    def node(self, port: str, kind: NodeKind) -> str:
        """The device file that is meant. Raises DeviceSwappedError."""
        selector = usb_selector(port)
        if selector is not None:
            return find(selector, kind, self._root).port
        now = sys_port(os.path.realpath(port), self._root)
        if now is None:
            return port
        before = self._before.setdefault(port, now)
        why = None if before == now else swapped(before, now, sys_ports(self._root))
        if why is not None:
            raise DeviceSwappedError(
                f"{port}: {why}; plug them back, or name it by a selector: hub devices name"
            )
        self._before[port] = now
        return port
