"""What a device can tell: the closed union of readings.

A reading is a frozen value with the device's id and the host instant at which its last byte arrived.
Drivers make them; the core takes them apart with `match` and `assert_never`. Nothing here knows a parcel.
Images join the union with the devices that make them.
"""

from dataclasses import dataclass
from typing import Literal

from hub_config.names import DeviceId, Instant
from hub_config.value import value

FaultCode = Literal[
    "garbled",  # bytes that are no frame of the protocol
    "too_long",  # a frame past the buffer's bound: dropped up to the next frame end
    "bad_text",  # control characters where text is due
    "silent",  # no answer to polls; said once until it answers again
    "refused",  # the device understood and would not (for example "S I", "ES")
    "flooding",  # more readings than any device has to tell: its port is read slower; said once an opening
    "device_swapped",  # another device than before, or than the config names, is plugged in there
    "not_proven",  # bytes arrived before the device proved what it is
    "unanswered",  # a trigger got no answer in time
    "late_answer",  # an answer that may belong to an earlier trigger: it counts for none
    "sensor_stuck",  # a beam stays covered for longer than any parcel takes; said once until it is free
    "out_of_turn",  # a numbered telegram that was told before, or whose followers were: it counts for nothing
    "driver_failed",  # a driver from outside raised; it is heard again when its port opens again
    "sensor_chatter",  # a beam changes faster than any parcels could; said once until it is calm
]

PrinterTrouble = Literal[
    "head_open", "paper_out", "ribbon_out", "settings_lost", "diagnostic", "too_hot", "too_cold", "paused",
    "buffer_full", "label_waiting", "silent",
]  # fmt: skip
"""Why a printer does not print. `silent`: it does not answer, as some do while they are out of labels."""

BoardState = Literal[
    "opening", "bootloader", "incompatible", "configuring", "syncing", "ready", "safe", "lost"
]  # fmt: skip
"""States of an I/O board's session; only in `ready` does it take orders."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its picture a code stands: its centre, and the size of the picture, in pixels."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    sha256: str
    """Of the picture's file."""


@value
class BarcodeRead:
    """One code, as the scanner sent it. GS (0x1D) inside the data is kept."""

    device: DeviceId
    at: Instant
    data: str
    symbology: str
    """`code128`, `gs1-128`, `qr`, … from the AIM identifier; `unknown` where the scanner sends none."""
    aim: str | None
    raw: bytes
    trigger: int | None = None
    """Number of the `Trigger` it answers, or the track number under which a controller tells it; None where the
    scanner reads by itself."""
    place: Place | None = None
    """Of a camera's code."""


@value
class NoRead:
    """The scanner says that it was triggered and saw no code. Not the same as a missing result."""

    device: DeviceId
    at: Instant
    trigger: int | None = None


Weighing = Literal["gross", "net"]


@value
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
    """The scale's own record number (alibi memory), where it has one; of a weight that a controller tells, its track
    number."""
    mode: Weighing | None = None
    """`net`: a tare is taken off. None: the format cannot tell."""
    zero: bool | None = None
    """At the centre of zero, where the format tells."""
    out_of_range: bool = False
    """Over or under: the format cannot say which."""
    invalid: bool = False
    """The scale says that it has no weight to tell (in motion, not zeroed, an error)."""
    tare: str | None = None
    """The tare as sent, in the unit of the weight."""

    @property
    def counts(self) -> bool:
        """Whether the core may take it for the mass of what lies on the scale: a number, not net, in range."""
        flagged = self.overload or self.underload or self.out_of_range or self.invalid
        return self.mass_mg is not None and self.mode != "net" and not flagged


Shape = Literal["cuboid", "irregular"]


@dataclass(frozen=True, slots=True)
class DimensionsRead:
    """The smallest box around one item; or none, where the device says that it could not measure it."""

    device: DeviceId
    at: Instant
    l_um: int | None
    """None: all three are."""
    w_um: int | None
    h_um: int | None
    u_um: int
    """Expanded uncertainty (k=2) of each side, as configured."""
    shape: Shape
    record: int | None
    """The device's own record number, where it has one."""
    text: tuple[str, str, str]
    """Length, width and height as sent."""
    unit: str | None
    status: str | None
    """As sent: a word of its grammar, or the reason why there is no result."""


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


@value
class BeamChanged:
    """A light beam was covered or came free. `at` and `count` are of the edge itself, by the board's own clock."""

    device: DeviceId
    at: Instant
    channel: int
    blocked: bool
    count: int
    """Of the belt's encoder, interpolated at the edge; 64 bits, since the board's boot."""
    unc_ns: int
    """Half-width of the bound within which `at` lies."""


@value
class BeltMoved:
    """Where the belt is. Comes while it moves and now and then while it stands; every edge of a beam up to this
    count has been told before it."""

    device: DeviceId
    at: Instant
    count: int
    moving: bool


@dataclass(frozen=True, slots=True)
class BoardChanged:
    """The state of an I/O board's session has changed. Told before any beam of the new state."""

    device: DeviceId
    at: Instant
    state: BoardState
    detail: str
    continued: bool
    """True while the board has not been restarted since the last `ready`: its counts go on, and no edge was missed
    but those of an `EventsLost`."""


@dataclass(frozen=True, slots=True)
class EventsLost:
    """Events of the board that nobody will ever tell, counted exactly: edges of beams may be among them."""

    device: DeviceId
    at: Instant
    count: int


@value
class OrderAnswered:
    """The board took an order for an output, a scale one to zero or tare, a printer has printed; or it said why not."""

    device: DeviceId
    at: Instant
    order: int
    accepted: bool
    detail: str
    """`ok`, `late`, `queue_full`, `safe`, `not_configured`, `bad_argument`, `not_ready`, `unanswered`; of a scale also
    what it said (`not_executable`, `zero_upper_limit`, …); of a printer `printed`, `too_late`, `queue_full`; of a
    dimensioner `measured`, `busy`, or why there is no result."""


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """A printer has a trouble, another one, or none any more. Told first when it has proved what it is."""

    device: DeviceId
    at: Instant
    trouble: PrinterTrouble | None


@dataclass(frozen=True, slots=True)
class Inducted:
    """A controller has taken a parcel onto its line, and tracks it under this number."""

    device: DeviceId
    at: Instant
    track: int


@dataclass(frozen=True, slots=True)
class Discharged:
    """A parcel has left the line of a controller."""

    device: DeviceId
    at: Instant
    track: int
    lane: str
    """As the controller calls it."""
    result: str
    """As sent; the configuration says which words stand for a sensor that saw it."""


Reading = (
    BarcodeRead
    | NoRead
    | WeightRead
    | DimensionsRead
    | BeamChanged
    | BeltMoved
    | BoardChanged
    | EventsLost
    | OrderAnswered
    | PrinterChanged
    | Inducted
    | Discharged
    | DeviceUp
    | DeviceDown
    | DeviceFault
)
