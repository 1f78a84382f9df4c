"""A made-up /sys and /dev, laid out as Linux lays them out, for what the test machine does not have."""

import os
from dataclasses import dataclass, field
from pathlib import Path

CONTROLLER = "0000:00:14.0"
KEYBOARD = "10000 40000000 30000 fffffffffffffffe"
"""Capabilities of every keyboard: all keys of the first 64."""
MOUSE = "1f0000 0 0 0 0"


@dataclass
class UsbStick:
    """What is plugged into one socket."""

    vid: str
    pid: str
    serial: str | None = None
    product: str = "USB Serial"
    driver: str = "ch341-uart"
    interfaces: list[int] = field(default_factory=lambda: [0])


class FakeTree:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._plugged: dict[str, tuple[UsbStick, list[str]]] = {}
        for folder in (
            "sys/class/tty", "sys/class/hidraw", "sys/class/input", "sys/bus/usb/devices", "dev/serial/by-id",
            "dev/serial/by-path", "dev/input",
        ):  # fmt: skip
            (root / folder).mkdir(parents=True)

    def plug(self, socket: str, stick: UsbStick, *names: str, acm: bool = False) -> None:
        """`socket`: `1.2` is the second of the hub in the first; one name an interface, such as `ttyUSB0`."""
        usb = self._usb(socket, stick)
        for number, name in zip(stick.interfaces, names, strict=True):
            interface = usb / f"1-{socket}:1.{number}"
            write(interface / "bInterfaceNumber", f"{number:02x}")
            device = interface if acm else interface / name
            device.mkdir(parents=True, exist_ok=True)
            link(device / "driver", self.root / "sys/bus/usb-serial/drivers" / stick.driver)
            entry = device / "tty" / name
            entry.mkdir(parents=True)
            link(entry / "device", device)
            link(self.root / "sys/class/tty" / name, entry)
            write(self.root / "dev" / name, "")
            path = f"pci-{CONTROLLER}-usb-0:{socket}:1.{number}-port0"
            link(self.root / "dev/serial/by-path" / path, self.root / "dev" / name)
            said = "_".join(word.replace(" ", "_") for word in (stick.product, stick.serial) if word)
            ident = f"usb-{said}-if{number:02}-port0"
            link(self.root / "dev/serial/by-id" / ident, self.root / "dev" / name)  # the last one wins
        self._plugged[socket] = (stick, list(names))

    def plug_hid(self, socket: str, stick: UsbStick, name: str, descriptor: bytes = b"\x06\x8d\x00") -> None:
        interface = self._usb(socket, stick) / f"1-{socket}:1.0"
        write(interface / "bInterfaceNumber", "00")
        device = interface / f"0003:{stick.vid.upper()}:{stick.pid.upper()}.0001"
        device.mkdir(parents=True)
        (device / "report_descriptor").write_bytes(descriptor)
        entry = device / "hidraw" / name
        entry.mkdir(parents=True)
        link(entry / "device", device)
        link(self.root / "sys/class/hidraw" / name, entry)
        self._plugged[socket] = (stick, [name])

    def plug_input(self, socket: str, stick: UsbStick, name: str, keys: str = KEYBOARD) -> None:
        device = self._usb(socket, stick) / f"1-{socket}:1.0" / "input" / "input7"
        write(device.parents[1] / "bInterfaceNumber", "00")
        write(device / "capabilities/key", keys)
        write(device / "name", stick.product)
        entry = device / name
        entry.mkdir(parents=True)
        link(entry / "device", device)
        link(self.root / "sys/class/input" / name, entry)
        self._plugged[socket] = (stick, [name])

    def on_board(self, name: str, uart: str) -> None:
        """A serial port of the computer itself; `0` is a place where there is none."""
        device = self.root / "sys/devices/platform/serial8250"
        device.mkdir(parents=True, exist_ok=True)
        entry = device / "tty" / name
        write(entry / "type", uart)
        link(entry / "device", device)
        link(self.root / "sys/class/tty" / name, entry)

    def unplug(self, socket: str) -> UsbStick:
        stick, names = self._plugged.pop(socket)
        for name in names:
            for folder in ("tty", "hidraw", "input"):
                (self.root / "sys/class" / folder / name).unlink(missing_ok=True)
            (self.root / "dev" / name).unlink(missing_ok=True)
        (self.root / "sys/bus/usb/devices" / f"1-{socket}").unlink()
        os.rename(self._path(socket), self.root / f"gone-{socket}-{len(list(self.root.iterdir()))}")
        return stick

    def _usb(self, socket: str, stick: UsbStick) -> Path:
        usb = self._path(socket)
        write(usb / "idVendor", stick.vid)
        write(usb / "idProduct", stick.pid)
        write(usb / "devpath", socket)
        write(usb / "product", stick.product)
        if stick.serial is not None:
            write(usb / "serial", stick.serial)
        link(self.root / "sys/bus/usb/devices" / f"1-{socket}", usb)
        return usb

    def _path(self, socket: str) -> Path:
        return self.root / f"sys/devices/pci0000:00/{CONTROLLER}/usb1" / f"1-{socket}"


def ch340(product: str = "USB Serial") -> UsbStick:
    """An adapter without a serial number."""
    return UsbStick("1a86", "7523", None, product)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def link(at: Path, to: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.unlink(missing_ok=True)
    at.symlink_to(os.path.relpath(to, at.parent))
