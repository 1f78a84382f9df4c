"""The udev rule that gives a device its name under /dev/hub and the hub's group its rights (station-and-ops IT-02)."""

from typing import Final

from drivers.selectors import Chosen
from drivers.sysfs import SysPort

RULES_FILE: Final = "/etc/udev/rules.d/70-hub.rules"
GROUP: Final = "hub-devices"
_SUBSYSTEM: Final = {"serial": "tty", "hid": "hidraw", "evdev": "input"}


def udev_rule(port: SysPort, chosen: Chosen, name: str) -> str:
    """One line of a rules file."""
    return ", ".join(
        [
            *_matches(port, chosen),
            f'SYMLINK+="hub/{name}"',
            f'GROUP="{GROUP}"',
            'MODE="0660"',
            *_keep_off(port),
        ]
    )


def _matches(port: SysPort, chosen: Chosen) -> list[str]:
    found = [f'SUBSYSTEM=="{_SUBSYSTEM[port.kind]}"']
    if port.kind == "evdev":
        found.append('KERNEL=="event*"')
    if port.vid is None or port.hub_port is None:
        return [*found, f'KERNEL=="{port.port.rpartition("/")[2]}"']
    # These three stand in one parent, the USB device.
    found += [f'ATTRS{{idVendor}}=="{port.vid}"', f'ATTRS{{idProduct}}=="{port.pid}"']
    if chosen.by == "serial number":
        found.append(f'ATTRS{{serial}}=="{port.serial}"')
    else:
        controller, _, chain = port.hub_port.partition("-usb-0:")
        found.append(f'ATTRS{{devpath}}=="{chain}"')
        found.append(f'DEVPATH=="*/{controller.partition("-")[2]}/usb*"')
    if "#" in chosen.port:
        found.append(f'ENV{{ID_USB_INTERFACE_NUM}}=="{port.interface or 0:02x}"')
    return found


def _keep_off(port: SysPort) -> list[str]:
    """ModemManager leaves alone what says so."""
    return ['ENV{ID_MM_DEVICE_IGNORE}="1"'] if port.kind == "serial" else []
