"""Scanners that send what they read as keys or as lines (scanners.md §1, §2); makers' own protocols: `readers.py`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hub_config.attach import Attach, EvdevAttach
from hub_config.names import DeviceId
from hub_config.readers import NO_READ, Reader
from hub_config.record_grammar import ANY_LINE_END
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name, entries, is_nothing, text, whole

KeyLayout = Literal["us", "gb", "de", "fr"]


def _serial_unless_said(value: object) -> object:
    """A hand scanner is on a serial line (or USB-CDC) unless its entry says otherwise."""
    return {"kind": "serial", **value} if isinstance(value, Mapping) and "kind" not in value else value


class LineScannerConfig(DeviceEntry):
    """A scanner that sends `[prefix] data suffix` (serial, USB-CDC, TCP)."""

    kind: Literal["line-scanner"] = "line-scanner"
    id: Annotated[DeviceId, device_name("scan-1")]
    attach: Annotated[Attach, BeforeValidator(_serial_unless_said)]
    prefix: Annotated[str, Field(max_length=16)] = ""
    suffix: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=16)], ...], Field(strict=False), entries(1, 8)
    ] = ANY_LINE_END
    """Any of these ends a line."""
    aim: bool = False
    """The scanner is set to send the AIM identifier (`]C0`, …) before the data."""
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(0, 32)] = NO_READ
    max_chars: Annotated[int, whole(32, 4096)] = 512
    """A longer line is a fault of the device, dropped up to the next line end."""
    ack: bool = Field(default=False, exclude_if=is_nothing)
    """It waits for ACK or NAK after each code and repeats it after NAK."""


class EvdevWedgeConfig(DeviceEntry):
    """A hand scanner that types what it reads, as a keyboard. Not safe for GS1 data: some drop the separator."""

    kind: Literal["evdev-wedge"]
    id: Annotated[DeviceId, device_name("scan-1")]
    attach: EvdevAttach
    layout: KeyLayout = "us"
    """The keyboard country that the scanner is set to."""
    terminator: Literal["enter", "tab", "none"] = "enter"
    """The key behind each code. With none, a scanner that stops in between tells a code in parts: better set one."""
    key_gap_ms: Annotated[int, quantity("ms", example="100 ms", low="10 ms", high="1 s")] = Field(
        default=100, alias="key_gap"
    )
    """Keys further apart were typed by a person."""
    idle_gap_ms: Annotated[int, quantity("ms", example="50 ms", low="10 ms", high="1 s")] = Field(
        default=50, alias="idle_gap"
    )
    """Without a terminator, a code ends so long after its last key."""
    aim: bool = False
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(0, 32)] = NO_READ
    max_chars: Annotated[int, whole(32, 4096)] = 512


Scanner = LineScannerConfig | EvdevWedgeConfig | Reader
