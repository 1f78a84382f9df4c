"""What the gateway believes of the one parcel in work at a bench."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from drivers.identifiers.choice import Identified, choose
from edge.core.association import Assignment
from edge.core.decision import Decision, Reason
from edge.core.dwell import DwellClock
from edge.core.event import Code, Dims, Mass
from edge.core.priority import NO_PROMISE, Promise
from edge.core.standing import NOTHING_SAID, Standing
from edge.core.verdict import Verdict
from hub_config.layout import Exit
from hub_config.names import Instant, VisitId
from hub_config.value import value

if TYPE_CHECKING:
    from edge.core.visits import HeldVisit

CODES_PER_PARCEL_MAX: Final = 16
"""A label carries 2–6 codes; more than this on one parcel is a jammed trigger."""

Phase = Literal[
    "measuring",  # codes and weight are being collected
    "asking",  # measured; waiting for the coordinator
    "recording",  # decided; the decision is on its way to the disk
    "placing",  # told to the operator; waiting for the bay's barcode
    "placed",  # the bay was scanned; the move is on its way to the disk
    "inspecting",  # at a bench: somebody looks into it
]


@value
class Names:
    """What a parcel is called: every identifier of its label, and those whose scan brings it back."""

    known: tuple[Identified, ...] = ()
    keys: tuple[str, ...] = ()


MISREAD_MAX: Final = 2
"""Characters in which a misread differs from what is printed."""


class Called(NamedTuple):
    """A parcel's name, and what it follows from: how many codes (they only grow), those known before, the rank."""

    codes: int
    known: tuple[Identified, ...]
    rank: tuple[str, ...]
    own: str | None
    conflict: bool
    """Two identifiers of the rank that decides."""


def _is_far(value: str, own: str) -> bool:
    return len(value) != len(own) or sum(a != b for a, b in zip(value, own, strict=True)) > MISREAD_MAX


def names_of(codes: Sequence[Identified], rank: tuple[str, ...]) -> Names:
    """Of a label with two identifiers of one rank only the first brings it back: the other may be a neighbour's."""
    known = tuple(dict.fromkeys(code for code in codes if code.check_ok and code.type in rank))
    best = min((rank.index(code.type) for code in known), default=0)
    ranked = [code.value for code in known if rank.index(code.type) == best]
    if choose(known, rank).conflict:
        return Names(known, (ranked[0],))
    return Names(known, tuple(dict.fromkeys((*ranked, *(code.value for code in known)))))


@dataclass(slots=True, eq=False)
class Parcel:
    visit: VisitId
    clock: DwellClock
    minted: VisitId | None = None
    """Its id before it was recognised as an older one's in this pass."""
    taken_up: "HeldVisit | None" = None
    """The held visit that it was taken for in this pass."""
    parted: bool = False
    """It was taken for another parcel by a code that both bear."""
    phase: Phase = "measuring"
    phase_at: Instant = Instant(0)
    codes: list[Code] = field(default_factory=list)
    again: bool = False
    """It has been in a bay of this hub before."""
    known: tuple[Identified, ...] = ()
    """Identifiers read in earlier passes of a held visit: a second label is not forgotten by not scanning it."""
    promise: Promise = NO_PROMISE
    """How much it hurries, as the coordinator told last."""
    tries: int = 0
    """How often it has come back since the coordinator had something new for it."""
    mass: Mass | None = None
    sure: bool = False
    """Measured, and its readings are surely its own, with nothing flagged: a voucher may answer for it."""
    dims: Dims | None = None
    size_crossed: bool = False
    """Its rear has left the dimensioner's beam."""
    sized: bool = False
    """The dimensioner's record of it has come, or will not come any more."""
    sizing: bool = False
    """At a bench: its dimensioner was asked, and the answer is awaited until `due_at`."""
    overloaded: bool = False
    seen_on_scale: bool = False
    measured: int | None = None
    """Number of the `parcel.measured` record that asked; its id follows with `Committed`."""
    measured_id: str | None = None
    decided: int | None = None
    """Number of the `parcel.decided` record that must be on disk before the operator is told."""
    decided_id: str | None = None
    uncorrected: list[tuple[str, tuple[Reason, ...]]] = field(default_factory=list)
    """Corrections that wait until what they correct is on disk and has its id."""
    verdict: Verdict | None = None
    bay: Exit | None = None
    """Where it was seen to go, in phase placed."""
    moved: int | None = None
    """Number of the last record of that move: on disk, it ends the parcel's stay at the bench."""
    doubted: bool = False
    """At a bench: another label was scanned while it was held, and nobody has said whose. No word lifts that hold."""
    held_here: bool = False
    """The gateway itself has held it since it began to measure it: no release counts on this pass, also where an
    authority has stopped it since and now lets it go."""
    early: Decision | None = None
    """A release whose `valid_from` is not yet reached."""
    due_at: Instant | None = None
    """While a release is shown: when to look whether it has run out; while asking: when `early` begins; while it is
    measured by a dimensioner: when that is given up."""
    standing: Standing = NOTHING_SAID
    """What each authority has said last about this visit."""
    told_at: Instant = Instant(0)
    """Of its latest event."""
    label_at: Instant = Instant(0)
    """When the latest code of its label was read."""
    in_doubt: tuple[Assignment, ...] = ()
    """On a belt: codes that may be its own and were surely nobody's when its measurement closed."""
    may_have: tuple[str, ...] = ()
    """Those of them that are likely enough to be its own to be told with its hold, though to nobody surely."""
    _identified: list[Identified] = field(default_factory=list)
    _called_last: Called | None = None
    _names_last: tuple[Called, Names] | None = None

    def own_code(self, rank: tuple[str, ...]) -> str | None:
        """Its own identifier, once that has been read in this pass."""
        return self._called(rank).own

    def two_names(self, rank: tuple[str, ...]) -> bool:
        """Two identifiers of the rank that decides, in this pass or an earlier one."""
        return self._called(rank).conflict

    def has_misprint_beside(self, rank: tuple[str, ...]) -> bool:
        """Beside its own identifier a number of that type whose check fails, and which is no misread of it: a second
        label, on a belt perhaps that of a parcel that touches it."""
        own = choose(self._read, rank).own
        return own is not None and any(
            code.type == own.type and not code.check_ok and not code.weak and _is_far(code.value, own.value)
            for code in self._read
        )

    def names(self, rank: tuple[str, ...]) -> Names:
        called, told = self._called(rank), self._names_last
        if told is None or told[0] is not called:
            told = self._names_last = called, names_of([*self.known, *self._read], rank)
        return told[1]

    def _called(self, rank: tuple[str, ...]) -> Called:
        """Asked for often, and seldom another."""
        told = self._called_last
        if (
            told is None or told.codes != len(self.codes) or told.known is not self.known or told.rank != rank
        ):  # fmt: skip
            both = choose([*self.known, *self._read], rank)
            own = both.own if not self.known else self._own_beside(self.known, rank)
            name = None if own is None else own.value
            told = self._called_last = Called(len(self.codes), self.known, rank, name, both.conflict)
        return told

    def _own_beside(self, known: tuple[Identified, ...], rank: tuple[str, ...]) -> Identified | None:
        """What was read in this pass, where it goes with what is known."""
        own = choose(self._read, rank).own
        if own is None:
            return None
        named = choose(known, rank).own
        return own if named is None or self.has_code(named.value) else None

    @property
    def _read(self) -> list[Identified]:
        """Of `codes`, which only grows."""
        for code in self.codes[len(self._identified) :]:
            self._identified.append(Identified(code.type, code.data, code.check_ok, code.weak))
        return self._identified

    def has_code(self, value: str) -> bool:
        return any(code.data == value for code in self.codes)

    def misread(self) -> bool:
        """An identifier was read whose check digit is wrong."""
        return any(not code.check_ok and code.type != "unknown" for code in self.codes)

    def start_again(self, at: Instant) -> None:
        """A new measurement in the same visit: codes stay, the weight is taken anew."""
        self.enter("measuring", at)
        self.mass = self.verdict = self.measured = self.measured_id = self.decided = self.decided_id = None
        self.sure = self.overloaded = self.seen_on_scale = self.sized = False
        self.dims, self.held_here = None, False

    def lies_in(self, bay: Exit, moved: int) -> None:
        """The screen goes on showing the verdict until the move is on disk, so its clock goes on too."""
        self.phase, self.bay, self.moved = "placed", bay, moved
        self.due_at = self.early = None

    def enter(self, phase: Phase, at: Instant) -> None:
        self.phase, self.phase_at, self.sizing = phase, at, False
        # While a hold went to the disk a release may have come that waits for its time.
        if phase != "placing":
            self.due_at = self.early = None
