"""What is plugged into this computer, what it probably is, and how to name it (station-and-ops IT-01, IT-02).

The guess is made from USB numbers and from what the kernel says of the device; nothing is sent to it. A serial adapter
tells nothing of what hangs on its other end.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from drivers.selectors import Chosen, choose
from drivers.sysfs import ROOT, SysPort, sys_ports
from drivers.transports.holder import PROC, Holder, holders

Confidence = Literal["high", "medium", "low"]

_SCANNER_MAKERS: Final = {
    "05e0": "Zebra", "0c2e": "Honeywell", "0536": "Honeywell", "05f9": "Datalogic", "080c": "Datalogic",
    "1eab": "Newland", "065a": "Opticon",
}  # fmt: skip
_SCALE_MAKERS: Final = {
    "0922": "Dymo", "0eb8": "Mettler-Toledo", "0b67": "Fairbanks", "1446": "Stamps.com", "2474": "Stamps.com",
    "7b7c": "USPS", "0d8f": "Pitney Bowes", "6096": "Dymo",
}  # fmt: skip
"""scales.md §13."""
_ADAPTERS: Final = {
    "1a86": "CH340", "067b": "PL2303", "0403": "FTDI", "10c4": "CP210x", "04e2": "Exar", "110a": "Moxa",
}  # fmt: skip
_BOARD_MAKERS: Final = {"2e8a": "Raspberry Pi Pico", "2341": "Arduino", "0483": "STM32"}
_LINKS: Final = ("dev/serial/by-id", "dev/serial/by-path", "dev/input/by-id", "dev/input/by-path")


@dataclass(frozen=True, slots=True)
class Found:
    port: SysPort
    by_id: str | None
    by_path: str | None
    in_use_by: str | None
    guess: str
    """`scanner`, `scale`, `io-board`, `serial adapter`, `serial port`, `keyboard` or `unknown`, and of what make."""
    confidence: Confidence
    selector: Chosen


def discover(root: Path = ROOT, proc: Path = PROC) -> list[Found]:
    """Every port but input devices that type nothing (mice, power buttons)."""
    ports, held = sys_ports(root), holders(proc)
    by_id, by_path = _links(root, "by-id"), _links(root, "by-path")
    return [
        _found(port, ports, by_id.get(port.port), by_path.get(port.port), held.get(port.port))
        for port in ports
        if port.kind != "evdev" or port.is_keyboard
    ]


def _found(
    port: SysPort, ports: Sequence[SysPort], by_id: str | None, by_path: str | None, holder: Holder | None
) -> Found:
    guess, confidence = guess_of(port)
    used = None if holder is None else f"{holder.name} (process {holder.pid})"
    return Found(port, by_id, by_path, used, guess, confidence, choose(port, ports))


def guess_of(port: SysPort) -> tuple[str, Confidence]:
    vid = port.vid or ""
    named = f"{port.manufacturer or ''} {port.product or ''}".lower()
    if port.is_scale:
        return _of("scale", _SCALE_MAKERS.get(vid)), "high"
    if vid in _SCANNER_MAKERS:
        return _of("scanner", _SCANNER_MAKERS[vid]), "high"
    if any(word in named for word in ("scanner", "barcode", "bar code")):
        return "scanner", "medium"
    if vid in _SCALE_MAKERS or "scale" in named:
        return _of("scale", _SCALE_MAKERS.get(vid)), "medium"
    match port.kind:
        case "evdev":
            return "keyboard", "medium"
        case "hid":
            return "unknown", "low"
        case "serial":
            if vid in _BOARD_MAKERS:
                return _of("io-board", _BOARD_MAKERS[vid]), "low"
            if vid in _ADAPTERS:
                return _of("serial adapter", _ADAPTERS[vid]), "high"
            return ("serial port" if port.vid is None else "serial device"), "low"


def _of(what: str, make: str | None) -> str:
    return what if make is None else f"{what} ({make})"


def _links(root: Path, kind: str) -> dict[str, str]:
    """From a device file to the link that udev made for it."""
    found: dict[str, str] = {}
    for folder in (root / link for link in _LINKS if link.endswith(kind)):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            link = folder / name
            if link.is_symlink():
                node = os.path.normpath(folder / os.readlink(link))
                found[_below(node, root)] = _below(str(link), root)
    return found


def _below(path: str, root: Path) -> str:
    return "/" + os.path.relpath(path, root)
