"""Which port a selector means now, and which selector a port deserves (station-and-ops IT-02).

In this order: VID, PID and serial number; VID, PID and the socket it is plugged into; its path, where it is no USB
device. A serial number that is missing, that two devices share or that a maker gives to all is refused as a selector.
A device that says who it is when asked can be held to that besides (`attach.identity`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.sysfs import ROOT, NodeKind, SysPort, plugged_in, sys_ports
from drivers.transports.holder import PROC, suspects
from drivers.transports.lost import DeviceSwappedError, PortLostError
from hub_config.usb import UsbSelector

_NO_SERIAL: Final = re.compile(r"0+1?|1234567?8?9?0?")
"""What makers write where no serial number is: CP210x leave their factory as 0001."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to write into `attach.port`, and why not something better."""

    port: str
    by: str
    """`serial number`, `hub port` or `path`."""
    refused: tuple[str, ...] = ()
    """Each better selector with its reason."""


def choose(port: SysPort, ports: Sequence[SysPort]) -> Chosen:
    """The best selector of one of `ports`."""
    if port.vid is None or port.pid is None or port.hub_port is None:
        return Chosen(port.port, "path", ("by-id: it is no USB device, its path does not change",))
    alike = [
        one
        for one in ports
        if one.kind == port.kind and one.usb == port.usb and one.hub_port == port.hub_port
    ]
    number = port.interface if len(alike) > 1 else None
    refusal = _serial_refused(port, ports)
    if refusal is None:
        return Chosen(
            str(UsbSelector(port.vid, port.pid, serial=port.serial, interface=number)), "serial number"
        )
    selector = UsbSelector(port.vid, port.pid, hub_port=port.hub_port, interface=number)
    return Chosen(str(selector), "hub port", (f"by-id: {refusal}",))


def _serial_refused(port: SysPort, ports: Sequence[SysPort]) -> str | None:
    if port.serial is None:
        return f"{port.usb} has no serial number, so its by-id link points to the one plugged in last"
    if _NO_SERIAL.fullmatch(port.serial):
        return f"serial number {port.serial} is what the maker gives to every {port.usb}"
    if re.search(r"[@#\s]", port.serial) or len(port.serial) > 64:
        return f"serial number {port.serial!r:.70} can't be written in a selector"
    sockets = {one.hub_port for one in ports if (one.usb, one.serial) == (port.usb, port.serial)}
    if len(sockets) > 1:
        return f"{len(sockets)} devices {port.usb} say serial number {port.serial}"
    return None


def find(selector: UsbSelector, kind: NodeKind, root: Path = ROOT, proc: Path = PROC) -> SysPort:
    """Raises PortLostError where no port is meant, or several, DeviceSwappedError where another device is there."""
    usb = f"{selector.vid}:{selector.pid}"
    ports = [port for port in sys_ports(root, kind) if port.vid is not None]
    if selector.hub_port is not None:
        there = [port for port in ports if port.hub_port == selector.hub_port]
        found = [port for port in there if port.usb == usb]
        if there and not found:
            raise DeviceSwappedError(
                f"{selector}: {there[0].usb} {there[0].product or ''}".rstrip()
                + f" is plugged into {selector.hub_port}, and {usb} is expected; "
                "plug them back, or name the port anew: hub devices name"
            )
    else:
        found = [port for port in ports if (port.usb, port.serial) == (usb, selector.serial)]
        if len({port.hub_port for port in found}) > 1:
            sockets = " and ".join(str(port.hub_port) for port in found)
            raise PortLostError(
                f"{selector} is refused: the devices at {sockets} have this serial number both; "
                "name it by its hub port: hub devices name"
            )
    if selector.interface is not None:
        found = [port for port in found if port.interface == selector.interface]
    if len(found) > 1:
        numbers = ", ".join(f"#{port.interface}" for port in found)
        raise PortLostError(f"{selector} has {len(found)} ports; add one of {numbers} to attach.port")
    if not found:
        raise PortLostError(_not_there(selector, usb, ports, root, proc))
    return found[0]


def _not_there(selector: UsbSelector, usb: str, ports: Sequence[SysPort], root: Path, proc: Path) -> str:
    others = [port.serial for port in ports if port.usb == usb and port.serial != selector.serial]
    if selector.serial is not None and others:
        return (
            f"{selector} is not plugged in; there is {usb} with serial number {others[0]}; check which it is"
        )
    if plugged_in(selector.vid, selector.pid, root) and not any(port.usb == usb for port in ports):
        holders = suspects(proc)
        who = f"; {holders[0].name} runs, and {holders[0].todo}" if holders else "; look into dmesg"
        return f"{selector} is plugged in, but the kernel made no such port of it{who}"
    return f"{selector} is not plugged in; check plug and power"


def swapped(before: SysPort, now: SysPort, ports: Sequence[SysPort]) -> str | None:
    """Why what is behind a node is not what was there before; None if it may be the same.

    For ports that are named by the order of plugging in (/dev/ttyUSB0). Without serial numbers two of the same make
    can't be told apart when both have been unplugged: then their sockets must be the same.
    """
    if before.usb != now.usb:
        return f"{now.usb or now.product} is there, and it was {before.usb or before.product}"
    if before.serial != now.serial:
        return f"{now.usb} with serial number {now.serial} is there, and it had {before.serial}"
    twins = {port.hub_port for port in ports if port.usb == now.usb and port.serial == now.serial}
    if before.hub_port != now.hub_port and len(twins) > 1:
        return f"{now.usb} at {now.hub_port} is there, and it was the one at {before.hub_port}"
    return None
