"""The immutable view of the gateway that screens, reports and the IT page read.

Texts are keys of `hub_config/i18n`; screens put them into words.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from drivers.reading import PrinterTrouble
from edge.core.alibi import AlibiView
from edge.core.association import Assignment
from edge.core.decision import Reason
from edge.core.priority import NO_QUEUE, Queue
from hub_config.names import Instant, LaneId, LineId, VisitId
from hub_config.value import value

BenchState = Literal["ready", "measuring", "asking", "release", "hold", "inspect", "ask", "fault"]
"""ready and measuring: grey band. asking: waiting for customs. The others are the states of ST-04."""

Instruction = Literal[
    "scan_or_weigh",  # ready: put a parcel on the scale and scan its label
    "put_on_scale",  # scanned, now weigh
    "scan_label",  # weighed, now scan (while it lies on the scale)
    "hold_still",  # on the scale, not stable yet
    "clear_scale",  # the scale must show 0 first
    "wait_decision",  # asking customs
    "put_in_bay",  # carry to the bay and scan the bay's barcode
    "rescan_or_bay",  # scan the same label to try again, or put in the bay and scan it
    "inspect_it",  # look into it, then scan what was found
    "scan_badge",  # whoever says so scans a badge
    "call_it",  # a device is down
]

Refusal = Literal["wrong_bay", "no_parcel", "bay_first", "unknown_code", "not_now", "unknown_badge"]


@dataclass(frozen=True, slots=True)
class LastPlaced:
    """The parcel that last left a bench, as the journal has it: after a restart staff see whether their scan of a
    bay was taken."""

    visit: VisitId
    code: str | None
    bay: str


@value
class BenchView:
    """What one station shows."""

    bench: LineId
    revision: int
    """Rises with every change; a reconnecting screen asks for nothing older."""
    state: BenchState
    instruction: Instruction
    since: Instant
    visit: VisitId | None = None
    code: str | None = None
    mass_mg: int | None = None
    lane: LaneId | None = None
    bay: str | None = None
    reasons: tuple[Reason, ...] = ()
    refused: Refusal | None = None
    network_away: bool = False
    device: str | None = None
    """The device that is down, in state fault."""
    last: LastPlaced | None = None


ItemState = Literal["measuring", "asking", "release", "hold", "inspect", "ask", "stray"]
"""measuring and asking: grey. The others as the bands of ST-04; stray: on the belt, and nobody knows what it is."""


@dataclass(frozen=True, slots=True)
class BeltItem:
    """One parcel on a belt, at the instant of its `LineView`."""

    visit: VisitId
    number: int
    """1, 2, 3, … in the order in which the line has seen them."""
    state: ItemState
    front_um: int
    rear_um: int
    code: str | None = None
    mass_mg: int | None = None
    lane: LaneId | None = None
    """Where it is to go, once that is on disk."""
    reasons: tuple[Reason, ...] = ()
    ordered: bool = False
    """The diverter has its order."""
    in_doubt: tuple[Assignment, ...] = ()
    """Codes that may be its own or another's; their keys are numbers of items."""
    dims_um: tuple[int, int, int] | None = None
    """Length, width and height, where the line measures them."""


@value
class LaneView:
    """One exit of a line: what has arrived there, counted since the start, and the last one."""

    lane: LaneId
    bay: str
    count: int = 0
    code: str | None = None
    reasons: tuple[Reason, ...] = ()


LineState = Literal["runs", "stands", "jam", "fault"]


Wrong = Literal["down", "lane_full", "jammed", "out_of_step"]
"""A device does not answer; a lane is full or blocked; a beam is jammed; the records of a scale or dimensioner fit no
parcel any more (`belt_records.py`)."""
_TOLD: Final[dict[Wrong, str]] = {
    "down": "{}", "lane_full": "lane {}", "jammed": "jam at beam {}", "out_of_step": "records of {}",
}  # fmt: skip


def down_of(wrong: tuple[tuple[Wrong, str], ...]) -> tuple[str, ...]:
    """Each in words, for those who list what is down."""
    return tuple(_TOLD[kind].format(name) for kind, name in wrong)


@dataclass(frozen=True, slots=True)
class LineView:
    """What a line's drawing shows. Positions are of `at`; a screen moves them on by `speed_um_s`."""

    line: LineId
    at: Instant
    state: LineState
    speed_um_s: int
    board: str
    """State of the I/O board's session (`drivers.reading.BoardState`)."""
    items: tuple[BeltItem, ...] = ()
    """The foremost first."""
    lanes: tuple[LaneView, ...] = ()
    """Diverters in their order along the belt, then the end."""
    wrong: tuple[tuple[Wrong, str], ...] = ()
    """With the name of the device, lane or beam."""
    network_away: bool = False
    trouble: bool = False
    """The disk refuses."""

    @property
    def devices_down(self) -> tuple[str, ...]:
        return down_of(self.wrong)


@dataclass(frozen=True, slots=True)
class Balance:
    """read = journalled + rejected, always."""

    read: int = 0
    journalled: int = 0
    rejected: tuple[tuple[str, int], ...] = ()
    """Reason and count, sorted by reason."""


Place = Literal["departed", "held", "inspected", "returned", "lost_track"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Parcels by where they are now, as the gateway believes; sums to entered."""

    entered: int = 0
    at_bench: int = 0
    """In work at a bench or on a belt."""
    departed: int = 0
    first_pass: int = 0
    """Of the departed: without having been in a hold or inspection bay."""
    held: int = 0
    inspected: int = 0
    returned: int = 0
    lost_track: int = 0


Level = Literal[0, 1, 2, 3, 4]
"""What the gateway may do by itself (contract §11)."""


@dataclass(frozen=True, slots=True)
class OfflineView:
    level: Level = 1
    why: str = "start"
    vouchers: int = 0
    """Own ones in stock, used or not."""
    released_today: int = 0
    """On vouchers."""
    parcels_today: int = 0
    released_year: int = 0
    parcels_year: int = 0
    """Of the last 365 days."""
    cap_year_ppm: int = 0


NOT_LOOKED: Final = OfflineView()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A parcel that the controller of a line told or sent otherwise than the gateway would have."""

    at: Instant
    track: int
    visit: str
    told: tuple[str, ...]
    """Names that the controller tells."""
    read: tuple[str, ...]
    """Names that our own readers have read."""
    lane: str
    """Where it went, in the controller's word."""
    ours: LaneId | None
    """Where it should have gone; None: not decided."""
    code_differs: bool
    lane_differs: bool


@dataclass(frozen=True, slots=True)
class ShadowView:
    """How far a controller and the gateway agree, of parcels that have left."""

    compared: int
    codes_compared: int
    """Of those: named by both."""
    codes_differ: int
    lanes_differ: int
    last: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class TrackedView:
    """A parcel under way on a line that a controller drives."""

    visit: VisitId
    track: int
    since: Instant
    """Of its induction."""
    state: ItemState
    code: str | None
    mass_mg: int | None
    lane: LaneId | None
    """Where it is to go, once that is on disk."""
    reasons: tuple[Reason, ...]
    ordered: LaneId | None
    """The destination that its controller has."""


@dataclass(frozen=True, slots=True)
class PlcLineView:
    """What there is to see of such a line. Where a parcel is only its controller knows."""

    line: LineId
    at: Instant
    ready: bool
    """Its controller lives."""
    tracks: tuple[TrackedView, ...]
    lanes: tuple[LaneView, ...]
    devices_down: tuple[str, ...]
    shadow: ShadowView | None
    """Of a line that is only listened to."""


PrinterDoes = PrinterTrouble | Literal["prints", "down"]
"""`down`: its port is not open, or it has not answered yet."""


@dataclass(frozen=True, slots=True)
class PrinterView:
    """The label printer of a bench."""

    bench: LineId
    device: str
    does: PrinterDoes
    missing: bool
    """The label of the parcel on the bench's screen did not come."""
    asked: int
    """Labels that were sent to it."""
    printed: int
    not_printed: int
    """Labels that somebody had to ask for again, or write."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    at: Instant
    benches: tuple[BenchView, ...]
    balance: Balance
    tally: Tally
    dwell_us: tuple[int, int, int] | None
    """p50, p90, p99 of closed visits; None before the first."""
    devices_down: tuple[str, ...]
    rejected_messages: tuple[tuple[str, int], ...]
    dwell_by_owner_us: tuple[tuple[str, int], ...] = ()
    """Summed over closed visits, sorted by owner."""
    held_by_reason: tuple[tuple[str, int], ...] = ()
    """How often each reason sent a parcel elsewhere than to a free lane, sorted by reason."""
    corrected: tuple[tuple[str, int], ...] = ()
    """What was read or weighed of parcels after their measurement had closed, by what it was; of `after_leaving` each
    contradicted the name of a parcel that had left: somebody has to look for it."""
    journal_trouble: str | None = None
    lines: tuple[LineView, ...] = ()
    queue: Queue = NO_QUEUE
    """Held parcels in the order in which they are to be brought back."""
    alibi: tuple[AlibiView, ...] = ()
    """Record numbers of the scales that have them, sorted by device."""
    offline: OfflineView = NOT_LOOKED
    plc_lines: tuple[PlcLineView, ...] = ()
    printers: tuple[PrinterView, ...] = ()
    """Of benches, in their order."""

    def out_of_touch(self) -> "Snapshot":
        """What screens show when the core has stopped: an old RELEASE must not stand (ST-07)."""
        lost = tuple(
            replace(
                view, state="fault", instruction="call_it", device="gateway", lane=None, bay=None, reasons=()
            )
            for view in self.benches
        )
        lines = tuple(
            replace(view, state="fault", board="lost", speed_um_s=0, items=(), wrong=(("down", "gateway"),))
            for view in self.lines
        )
        plc_lines = tuple(
            replace(view, ready=False, tracks=(), devices_down=("gateway",)) for view in self.plc_lines
        )
        return replace(self, benches=lost, lines=lines, plc_lines=plc_lines, queue=NO_QUEUE)


@dataclass(frozen=True, slots=True)
class EventFigures:
    """The outbox as the rim sees it: journalled = acknowledged + pending, always."""

    journalled: int = 0
    acknowledged: int = 0
    pending: int = 0
    redelivered: int = 0
    broker: bool = False
    coordinator: bool = False
