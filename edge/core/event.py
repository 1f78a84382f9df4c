"""An event: one fact the gateway tells the world, before it has a sequence number, an id or a signature.

The fields are those of the clearance contract §4. `edge.wire.envelope` turns an event into canonical `data`;
the journal gives it seq, prev, id and signature. Quantities are integers with the unit in the name.
"""

from dataclasses import dataclass
from typing import Final, Literal

from drivers.identifiers.format import CodeType
from drivers.reading import Shape
from edge.core.decision import Decision, Owner, Reason
from hub_config.names import DeviceId, Instant, LaneId, LineId, VisitId
from hub_config.value import value

Kind = Literal[
    "parcel.arrived",
    "parcel.identified",
    "parcel.measured",
    "parcel.presented",
    "parcel.decided",
    "parcel.diverted",
    "parcel.inspected",
    "parcel.departed",
    "parcel.lost_track",
    "parcel.corrected",
    "bag.opened",
    "visit.joined",
    "visit.split",
    "device.changed",
    "clock.changed",
    "gateway.mode",
]

ClockSource = Literal["ptp", "ntp", "rtc", "none"]


@value
class WallTime:
    """UTC of an instant: µs since 1970 with its expanded uncertainty (k=2) and source."""

    utc_us: int
    unc_us: int
    source: ClockSource


UNSTAMPED: Final = WallTime(0, 0, "none")
"""Until the event is recorded."""


@value
class Code:
    """A code read from a label, recognised or not. Unrecognised text leaves the gateway only as a keyed digest."""

    data: str
    raw: bytes
    symbology: str
    type: CodeType
    check_ok: bool
    device: DeviceId
    reads: int
    weak: bool = False
    """Other numbers fit its format as well (`drivers/identifiers/choice.py`)."""


@value
class Mass:
    """A captured weight. `u_mg` is its expanded uncertainty (k=2); `stable` is None for dynamic weighing."""

    device: DeviceId
    mg: int
    u_mg: int
    e_mg: int
    tare_mg: int
    stable: bool | None
    mode: Literal["static", "dynamic"]
    regime: Literal["none", "nawi", "mid-awi"]
    record: int | None


@dataclass(frozen=True, slots=True)
class Dims:
    """The smallest box around the parcel. `u_um` is the expanded uncertainty (k=2) of each side."""

    device: DeviceId
    l_um: int
    w_um: int
    h_um: int
    u_um: int
    shape: Shape
    record: int | None

    @property
    def sides_um(self) -> tuple[int, int, int]:
        """The longest first: a parcel that lies on another side is the same."""
        long, middle, short = sorted((self.l_um, self.w_um, self.h_um), reverse=True)
        return long, middle, short


@value
class Association:
    """How codes and measurements were joined, and how sure that is."""

    method: str
    p_ppm: int
    rivals: int


@value
class Act:
    """Where a parcel was told to go and where a sensor (at a bench: the bay's barcode) saw it go."""

    lane: LaneId
    bay: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """Who did a manual step: never a name."""

    badge: str
    """The beginning of the digest of a badge."""
    station: LineId


@value
class DwellSpan:
    """Microseconds of a visit's dwell that one owner answers for."""

    owner: Owner
    us: int


@value
class Event:
    kind: Kind
    line: LineId
    visit: VisitId | None
    at: Instant
    wall: WallTime = UNSTAMPED
    """Stamped when the event is recorded."""
    flags: tuple[Reason, ...] = ()
    codes: tuple[Code, ...] = ()
    mass: Mass | None = None
    assoc: Association | None = None
    decision: Decision | None = None
    act: Act | None = None
    clock: Owner | None = None
    """Owner of the dwell clock from this event on."""
    dwell: tuple[DwellSpan, ...] = ()
    note: tuple[tuple[str, str | int], ...] = ()
    """Further facts of kinds without a parcel (device, from, to, …) and of corrections, as key and value."""
    dims: Dims | None = None
    operator: Operator | None = None
