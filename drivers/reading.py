"""What a device can tell: the closed union of readings.

A reading is a frozen value with the device's id and the host instant at which its last byte arrived.
Drivers make them; the core takes them apart with `match` and `assert_never`. Nothing here knows a parcel.
Reading kinds for belts (dimensions, beams, diverters, images) join the union with the devices that make them.
"""

from dataclasses import dataclass
from typing import Literal

from hub_config.names import DeviceId, Instant

FaultCode = Literal[
    "garbled",  # bytes that are no frame of the protocol
    "too_long",  # a frame past the buffer's bound: dropped up to the next frame end
    "bad_text",  # control characters where text is due
    "silent",  # no answer to polls; said once until it answers again
    "refused",  # the device understood and would not (for example "S I", "ES")
    "not_proven",  # bytes arrived before the device proved what it is
]


@dataclass(frozen=True, slots=True)
class BarcodeRead:
    """One code, as the scanner sent it. GS (0x1D) inside the data is kept."""

    device: DeviceId
    at: Instant
    data: str
    symbology: str
    """`code128`, `gs1-128`, `qr`, … from the AIM identifier; `unknown` where the scanner sends none."""
    aim: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class NoRead:
    """The scanner says that it was triggered and saw no code. Not the same as a missing result."""

    device: DeviceId
    at: Instant


@dataclass(frozen=True, slots=True)
class WeightRead:
    """One weighing result. Overload, underload and invalid frames have no value."""

    device: DeviceId
    at: Instant
    mass_mg: int | None
    text: str
    """The number as sent, sign and decimals kept; empty where the frame carries none."""
    unit: str | None
    stable: bool | None
    overload: bool = False
    underload: bool = False
    record: int | None = None
    """The scale's own record number (alibi memory), where it has one."""


@dataclass(frozen=True, slots=True)
class DeviceUp:
    """The device proved what it is (identity query or first valid frame), or its port opened if it can't."""

    device: DeviceId
    at: Instant
    identity: str | None
    """What it said of itself, for example a serial number."""


@dataclass(frozen=True, slots=True)
class DeviceDown:
    """Its port is gone or can't be opened. Said once per loss."""

    device: DeviceId
    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """The device sent something that is no reading. Counted, shown, never acted on."""

    device: DeviceId
    at: Instant
    code: FaultCode
    detail: str
    raw: bytes = b""
    """At most the first 64 bytes."""


Reading = BarcodeRead | NoRead | WeightRead | DeviceUp | DeviceDown | DeviceFault
