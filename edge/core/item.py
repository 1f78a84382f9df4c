"""One item on a belt: its edges, how it looks to each reader, and the push that takes it into its lane.

Places are offsets as `track` has them: offset + travel of the belt = position along the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.core.belt import NEVER_UM
from edge.core.decision import Reason
from edge.core.parcel import Parcel
from hub_config.lines import Diverter
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant

MILLION: Final = 1_000_000
CREEP_MAX_PPM: Final = 20_000
"""More than 2 % against the belt is no creep: something else has happened to the item."""
CARRIED: Final = -1
"""Origin of an item that another belt has brought; and the last beam that saw it, until one of this belt does."""


@dataclass(slots=True)
class Look:
    """One item under one reader."""

    trigger: int | None = None
    on_at: Instant | None = None
    on_um: int = 0
    """Where the belt was then."""
    off_um: int | None = None
    """Where it was when the item had left the view."""
    off_at: Instant | None = None
    """When that was, or another one's look began: its reader is told to stop."""
    due: Instant | None = None
    """It has left the view; by then its answer must have come."""
    answered: bool = False
    told: bool = False
    """A code was read with it in view."""
    done: bool = False


@dataclass(slots=True)
class Push:
    """A divert of one item: written down, then ordered, then seen."""

    diverter: Diverter
    intent: int
    """Number of its record; the order goes out once that is on disk."""
    order: int | None = None
    fire_at: Instant = Instant(0)
    passes_at: Instant = Instant(0)
    """When its front will be at the diverter, as was foreseen when it was ordered."""
    lane_at: Instant = Instant(0)
    """And at the beam inside the lane."""
    recall: int | None = None
    """The order that takes it back, once there is one."""
    ended: bool = False
    """Refused or cancelled: the item goes straight on."""
    decided: int | None = None
    """Number of the record of the verdict that it carries out."""
    why: Reason = "no_time"
    """It is taken back."""


@dataclass(slots=True)
class Transit:
    """Between two belts: which of them carries it is not known to the millimetre (`transfer.py`)."""

    at: Instant
    """When its middle passed the transfer."""
    low_um: int
    high_um: int
    """Its front is between these, as offsets of the belt behind, wherever that took it over."""


@dataclass(slots=True, eq=False)
class Item:
    number: int
    at: Instant
    """When its front was first seen."""
    origin: int
    """Which belt beam saw it first; 0: it entered as a parcel should; `CARRIED`: the belt before brought it."""
    front_um: int
    rear_um: int | None = None
    """None while it still covers its first beam."""
    ended_um: int | None = None
    """Its length when its first beam saw it end, before that saw it go on."""
    anchored_at: Instant = Instant(0)
    """When a beam last said where it is, or another item's beam since."""
    sure_at: Instant = Instant(0)
    """When one of its own edges was last seen."""
    seen: int = 0
    """The last belt beam that saw its front."""
    creep_ppm: int = 0
    """How much farther it comes than the belt does; below 0 it slips back. As its own beams have shown so far."""
    off_um: int = 0
    """How far from where it should have been a beam has seen it, at the worst; below 0: behind that place."""
    leg_um: int = 0
    """Its front as that beam saw it: what it crept since then is what they differ by."""
    crept_at_um: int = 0
    """Travel of the belt up to which its creep has been reckoned in."""
    cleared: int = -1
    """The last belt beam that saw its rear where it should be."""
    seen_by_um: int = 0
    """When the belt has come so far, it should have been seen by the next beam."""
    parcel: Parcel | None = None
    """None until it is long enough to be one."""
    doubts: list[Reason] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    crossed: bool = False
    """Its rear has left the scale's beam."""
    weighed: bool = False
    """Its record has come, or will not come any more."""
    unweighable: bool = False
    """The scale said that its weighing does not count."""
    parted: bool = False
    """The scale saw an end inside it: it may be two, and no record is that of both."""
    push: Push | None = None
    stands: bool = False
    """In a jam, under the beam that saw it last."""
    accounted: bool = False
    """Behind the last beam of the belt a stranger was seen that can be nobody else."""
    looked_past: bool = False
    """The point of no return is behind it."""
    transit: Transit | None = None
    """It goes over to the belt that it is followed on, and no beam of that has seen it yet."""
    unexpected: bool = False
    """It began at the hand-over beam of a belt, or was a stray on the belt before."""

    @property
    def stray(self) -> bool:
        return self.origin > 0 or self.unexpected

    def doubt(self, reason: Reason) -> None:
        if reason not in self.doubts:
            self.doubts.append(reason)

    def move(self, um: int) -> None:
        """It lies so much farther on than was believed."""
        self.front_um += um
        if self.rear_um is not None:
            self.rear_um += um
        if self.seen_by_um != NEVER_UM:
            self.seen_by_um -= um
        if self.transit is not None:
            self.transit.low_um += um
            self.transit.high_um += um

    def reopen(self, rear_um: int, min_length_um: int) -> None:
        """It goes on after all. Where it ended first, of several ends close together, is remembered."""
        length_um = self.front_um - rear_um
        if self.ended_um is None or length_um - self.ended_um > min_length_um:
            self.ended_um = length_um
        self.rear_um = None

    def is_frayed_end(self, offset: int, line: LineConfig) -> bool:
        """Its first beam has seen it end there and then go on by less than a parcel's length: that beam has bounced, or
        something hangs from it. It stays as long as it was seen to be."""
        if self.rear_um is None or self.ended_um is None:
            return False
        ended = self.front_um - self.ended_um
        return ended - self.rear_um <= line.min_length_um and offset <= ended + line.tolerance_um

    def learn_creep(self, beams_um: Sequence[int], beam: int, offset: int) -> int:
        """From beam to beam it came a little farther, or less far, than the belt: it will go on like that."""
        begin, before, now = beams_um[max(0, self.origin)], beams_um[self.seen], beams_um[beam]
        crept_um = self.creep_ppm * (before - begin) // MILLION + offset - self.leg_um
        creep_ppm = crept_um * MILLION // (now - begin)
        self.creep_ppm = max(-CREEP_MAX_PPM, min(CREEP_MAX_PPM, creep_ppm))
        return self.creep_ppm

    @property
    def ordered(self) -> bool:
        return self.push is not None and self.push.order is not None and not self.push.ended


def gap_between(ahead: Item, behind: Item) -> int:
    """Free belt between two neighbours; 0 while nobody knows where the first one ends: it covers its first beam."""
    return 0 if ahead.rear_um is None else ahead.rear_um - behind.front_um


def least_gap(ahead: Item, behind: Item, longest_um: int) -> int:
    """The same, at the least: one that still covers its first beam reaches back by two of the longest at most. What
    covers a beam for longer is a jam (`jams`), and all behind it in doubt."""
    rear_um = ahead.front_um - 2 * longest_um if ahead.rear_um is None else ahead.rear_um
    return rear_um - behind.front_um


@dataclass(slots=True)
class Found:
    """What an edge or the passing of travel has shown, in order."""

    proven: list[Item] = field(default_factory=list)
    """Long enough to be parcels."""
    seen: list[tuple[Item, int]] = field(default_factory=list)
    """Fronts at a belt beam, by its index."""
    cleared: list[tuple[Item, int]] = field(default_factory=list)
    """Rears that have left a belt beam."""
    holed: list[tuple[Item, int, Instant]] = field(default_factory=list)
    """What a belt beam sees go on that had come free for long, and when it did."""
    lost: list[Item] = field(default_factory=list)
    crept: list[int] = field(default_factory=list)
    """How much farther than the belt each has come from beam to beam, in ppm."""
    blips: int = 0
    """Edges that were nothing."""
    left_out_um: int = 0
    """What the encoder was seen to have left out."""
    overflow: bool = False
