"""The ports of this computer as the kernel lists them: serial lines, USB HID devices and keyboards, and what is
plugged in behind each.

Read from /sys under a root folder, which may be a copied or a made-up tree. (pyserial's `list_ports` reads the same
files for serial ports only, and only below `/`.) What vanishes while it is read is left out.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT: Final = Path("/")
PORTS_MAX: Final = 512
"""Of one class. A computer with more gets the first, in the order of their names."""
TEXT_MAX_BYTES: Final = 256
"""Of one attribute; a report descriptor may be longer, its beginning tells."""

NodeKind = Literal["serial", "hid", "evdev"]

_PCI: Final = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_KEYBOARD_KEYS: Final = (28, *range(2, 12), *range(16, 26), *range(30, 39), *range(44, 51))
"""ENTER, digits and letters."""
_SCALE_PAGE: Final = (b"\x06\x8d\x00", b"\x05\x8d")
"""Usage page 0x8D (scale devices) at the beginning of a report descriptor."""


@dataclass(frozen=True, slots=True)
class SysPort:
    port: str
    """For example /dev/ttyUSB0."""
    kind: NodeKind
    vid: str | None = None
    """Of the USB device behind it, like everything below; four hex digits."""
    pid: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    driver: str | None = None
    hub_port: str | None = None
    """Where it is plugged in, as /dev/serial/by-path names it."""
    interface: int | None = None
    is_keyboard: bool = False
    """It has the keys that a typing scanner needs."""
    is_scale: bool = False
    """It reports as a HID scale."""

    @property
    def usb(self) -> str | None:
        return None if self.vid is None else f"{self.vid}:{self.pid}"


def sys_ports(root: Path = ROOT, kind: NodeKind | None = None) -> list[SysPort]:
    """Every port that has a device behind it, in the order of their names."""
    kinds = {"serial": _serial_ports, "hid": _hid_ports, "evdev": _input_ports}
    return [port for name, ports in kinds.items() if kind in (None, name) for port in ports(root)]


def sys_port(node: str, root: Path = ROOT) -> SysPort | None:
    """What is behind one node, for example /dev/ttyUSB0; None for a pty and for what is no port."""
    name = os.path.basename(node)
    for folder, read in (("tty", _serial), ("hidraw", _hid), ("input", _input)):
        entry = root / "sys/class" / folder / name
        if name and entry.is_dir():
            return read(entry, root)
    return None


def plugged_in(vid: str, pid: str, root: Path = ROOT) -> bool:
    """Whether such a USB device is there at all, with or without a port."""
    return any(
        (_text(device, "idVendor"), _text(device, "idProduct")) == (vid, pid)
        for device in _entries(root / "sys/bus/usb/devices", "")
    )


def _serial_ports(root: Path) -> Iterator[SysPort]:
    for entry in _entries(root / "sys/class/tty", "tty"):
        if entry.name[3:].isdecimal():
            continue  # a screen, not a port
        found = _serial(entry, root)
        if found is not None:
            yield found


def _serial(entry: Path, root: Path) -> SysPort | None:
    if not (entry / "device").exists() or _text(entry, "type") == "0":
        return None  # a place for a port that this computer does not have
    return _behind(entry, "serial", root)


def _hid_ports(root: Path) -> Iterator[SysPort]:
    for entry in _entries(root / "sys/class/hidraw", "hidraw"):
        yield _hid(entry, root)


def _hid(entry: Path, root: Path) -> SysPort:
    is_scale = any(mark in _raw(entry / "device", "report_descriptor")[:16] for mark in _SCALE_PAGE)
    return _behind(entry, "hid", root, is_scale=is_scale)


def _input_ports(root: Path) -> Iterator[SysPort]:
    for entry in _entries(root / "sys/class/input", "event"):
        yield _input(entry, root)


def _input(entry: Path, root: Path) -> SysPort:
    keys = _bits(_text(entry / "device", "capabilities/key") or "")
    return _behind(entry, "evdev", root, is_keyboard=all(keys >> key & 1 for key in _KEYBOARD_KEYS))


def _behind(
    entry: Path, kind: NodeKind, root: Path, *, is_keyboard: bool = False, is_scale: bool = False
) -> SysPort:
    folder = "input/" if kind == "evdev" else ""
    port = f"/dev/{folder}{entry.name}"
    device = Path(os.path.realpath(entry / "device"))
    interface, usb = _usb_of(device, root)
    driver = _driver(device) or (None if interface is None else _driver(interface))
    if usb is None:
        return SysPort(
            port,
            kind,
            product=_text(device, "name"),
            driver=driver,
            is_keyboard=is_keyboard,
            is_scale=is_scale,
        )
    number = None if interface is None else _text(interface, "bInterfaceNumber")
    return SysPort(
        port, kind, _text(usb, "idVendor"), _text(usb, "idProduct"), _text(usb, "serial"),
        _text(usb, "manufacturer"), _text(usb, "product"), driver, _hub_port(usb),
        None if number is None else int(number, 16), is_keyboard, is_scale,
    )  # fmt: skip


def _usb_of(device: Path, root: Path) -> tuple[Path | None, Path | None]:
    """The USB interface above it and the USB device above that."""
    top, interface = Path(os.path.realpath(root / "sys")), None
    for folder in (device, *device.parents):
        if folder == top:
            break
        if interface is None and (folder / "bInterfaceNumber").exists():
            interface = folder
        if (folder / "idVendor").exists():
            return interface, folder
    return interface, None


def _hub_port(usb: Path) -> str | None:
    """As udev's ID_PATH begins: the controller, then the numbers of the sockets from hub to hub."""
    chain = _text(usb, "devpath") or usb.name.partition("-")[2]
    for folder in usb.parents:
        if re.fullmatch(r"usb[0-9]+", folder.name):
            controller = folder.parent.name
            kind = "pci" if _PCI.fullmatch(controller) else "platform"
            return f"{kind}-{controller}-usb-0:{chain}"
    return None


def _driver(device: Path) -> str | None:
    try:
        return os.path.basename(os.readlink(device / "driver"))
    except OSError:
        return None


def _entries(folder: Path, prefix: str) -> list[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(prefix))
    except OSError:
        return []
    return [folder / name for name in names[:PORTS_MAX]]


def _raw(folder: Path, name: str) -> bytes:
    try:
        with (folder / name).open("rb") as file:
            return file.read(TEXT_MAX_BYTES)
    except OSError:
        return b""


def _text(folder: Path, name: str) -> str | None:
    text = _raw(folder, name).decode("utf-8", "replace").strip()
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown or None


def _bits(words: str) -> int:
    """A capability mask: 64-bit words in hex, the highest first."""
    try:
        numbers = [int(word, 16) for word in words.split()]
    except ValueError:
        return 0
    return sum(number << 64 * place for place, number in enumerate(reversed(numbers)))
