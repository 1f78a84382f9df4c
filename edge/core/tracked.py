"""What a gateway knows of the parcels on a line that a controller drives: one for each track number under way.

The number is the controller's word for a parcel, and the only thing that a destination can name. A number that comes
again while it is under way names nobody for sure.
"""

from dataclasses import dataclass, field
from typing import Final

from edge.core.decision import Reason
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from hub_config.names import MILLISECOND, Instant, LaneId
from hub_config.plc import PlcLine, PlcReader

TRACKS_MAX: Final = 512
"""Parcels under way on one line. One more is not followed, and its number leads to the fail-safe lane."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A destination that is written down."""

    number: int
    """Of its record; the destination goes out when that is on disk."""
    lane: LaneId
    decided: int | None
    """Number of the verdict that it carries out."""


@dataclass(slots=True, eq=False)
class Tracked:
    track: int
    at: Instant
    """Of its induction."""
    parcel: Parcel
    doubts: list[Reason] = field(default_factory=list)
    unweighable: bool = False
    """The scale says that it has no weight to tell."""
    claimed: bool = False
    """A reader of our own has seen a code that may be its own or another's."""
    told: list[str] = field(default_factory=list)
    """Names that the controller tells of it, in order."""
    read: list[str] = field(default_factory=list)
    """Names that readers of our own have read from it."""
    reused: bool = False
    """Its number was another's that had not left yet: which of the two is meant from now on nobody knows."""
    intent: Intent | None = None
    ordered: LaneId | None = None
    """The destination that was sent last; None: none yet, so the controller's own, the fail-safe lane."""

    @property
    def is_open(self) -> bool:
        """Nothing was sent to the controller or written down: what it has begun to do nobody sees."""
        return self.ordered is None and self.intent is None

    def doubt(self, reason: Reason) -> None:
        if reason not in self.doubts:
            self.doubts.append(reason)

    def name(self, value: str, *, by_controller: bool) -> None:
        names = self.told if by_controller else self.read
        if value not in names and len(names) < CODES_PER_PARCEL_MAX:
            names.append(value)

    @property
    def contradicted(self) -> bool:
        """The controller and our own readers both name it, and have no name in common."""
        return bool(self.told) and bool(self.read) and not any(name in self.told for name in self.read)


class TrackTable:
    def __init__(self, line: PlcLine) -> None:
        self._line = line
        self._tracks: dict[int, Tracked] = {}

    @property
    def items(self) -> tuple[Tracked, ...]:
        return tuple(self._tracks.values())

    @property
    def full(self) -> bool:
        return len(self._tracks) >= TRACKS_MAX

    def get(self, track: int | None) -> Tracked | None:
        return None if track is None else self._tracks.get(track)

    def add(self, tracked: Tracked) -> None:
        self._tracks[tracked.track] = tracked

    def remove(self, tracked: Tracked) -> None:
        self._tracks.pop(tracked.track, None)

    def seen_by(self, place: PlcReader, at: Instant) -> list[Tracked]:
        """Those that may be under a reader or scale of our own then."""
        earliest, latest = place.earliest_ms * MILLISECOND, place.latest_ms * MILLISECOND
        return [one for one in self._tracks.values() if earliest <= at - one.at <= latest]

    def closes_at(self, tracked: Tracked) -> Instant:
        """When every device of our own has had its look at it."""
        scale = () if self._line.scale is None or self._line.scale.numbered else (self._line.scale,)
        latest = max((one.latest_ms for one in (*self._line.readers, *scale)), default=0)
        return Instant(tracked.at + latest * MILLISECOND)

    def after(self, tracked: Tracked, ms: int) -> Instant:
        """So long after its induction."""
        return Instant(tracked.at + ms * MILLISECOND)
