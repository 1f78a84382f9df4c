"""Everything that can happen to the core: the closed union of inputs.

All of it enters by one inbox as a value with an `at`. Readings come from devices as they are; the other
members are made by the rim: a verified decision, a finished commit, the state of the link, the wall clock.
"""

from dataclasses import dataclass

from drivers.reading import Reading
from edge.core.decision import Decision
from edge.core.event import WallTime
from edge.core.offline_budget import DayCount
from edge.core.voucher import Manifest, Shard
from hub_config.names import Instant
from hub_config.value import value


@value
class DecisionArrived:
    at: Instant
    decision: Decision


@dataclass(frozen=True, slots=True)
class MessageRejected:
    """A message from the broker that must be treated as absent. Counted by reason, shown, never acted on."""

    at: Instant
    topic: str
    reason: str
    detail: str


@value
class Committed:
    """Events `first`, `first`+1, … (numbers of `Record`) are on disk under these ids."""

    at: Instant
    first: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """`broker`: the gateway is connected. `coordinator`: its retained state says online."""

    at: Instant
    broker: bool
    coordinator: bool


@dataclass(frozen=True, slots=True)
class WallClock:
    """What UTC is at this instant. Comes at start and once a minute."""

    at: Instant
    wall: WallTime


@dataclass(frozen=True, slots=True)
class JournalTrouble:
    """No evidence, no movement (contract §11, level 4): events can't be committed, until `Committed` comes again; or
    something lasts that no commit makes good (a disk nearly full, a loss), until `JournalWell` comes."""

    at: Instant
    detail: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class JournalWell:
    """What lasted is over."""

    at: Instant


@dataclass(frozen=True, slots=True)
class EpochBegun:
    """The journal of the epoch before had lost `lost` events that the coordinator holds; it was put away."""

    at: Instant
    before: int
    """The epoch that is over."""
    lost: int
    untold: int = 0
    """Events in it that the coordinator had not acknowledged; they stay there."""

    @property
    def note(self) -> tuple[tuple[str, str | int], ...]:
        counted = ("epoch_before", self.before), ("lost", self.lost), ("untold", self.untold)
        return (("journal", "begun_anew"), *counted)


@dataclass(frozen=True, slots=True)
class UsesKnown:
    """What earlier runs have journalled: codes that are good for no voucher any more, and what each day's parcels
    were. Comes once, at start, before any voucher."""

    at: Instant
    spent: tuple[str, ...]
    days: tuple[DayCount, ...]
    begun_us: int
    """UTC at which the journal began: vouchers issued before it count for nothing."""


@dataclass(frozen=True, slots=True)
class ManifestArrived:
    at: Instant
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class ShardArrived:
    at: Instant
    shard: Shard


@dataclass(frozen=True, slots=True)
class ConfigOffered:
    """The hub's IT has sent a configuration, signed: whether this gateway is going to use it from its next start on."""

    at: Instant
    version: int
    digest: str
    """SHA-256 of its text."""
    refused: str | None = None
    """Why not."""


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """This run goes by another configuration than the one before."""

    at: Instant
    before: str
    """SHA-256 of its text;"""
    digest: str
    """of the one in force."""
    devices: tuple[tuple[tuple[str, str], ...], ...]
    """What is other about each device, as `device.changed` notes it: calibration, firmware, seal, driver."""


@value
class Tick:
    """`Gateway.wake_at` has come."""

    at: Instant


Input = (
    Reading
    | DecisionArrived
    | MessageRejected
    | Committed
    | LinkChanged
    | WallClock
    | JournalTrouble
    | JournalWell
    | EpochBegun
    | UsesKnown
    | ManifestArrived
    | ShardArrived
    | ConfigOffered
    | ConfigChanged
    | Tick
)
