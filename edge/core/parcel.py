"""What the gateway believes of the one parcel in work at a bench."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from drivers.identifiers.choice import Choice, Identified, choose
from edge.core.decision import Decision
from edge.core.dwell import DwellClock
from edge.core.event import Code, Mass
from edge.core.verdict import Verdict
from hub_config.names import Instant, VisitId

CODES_PER_PARCEL_MAX: Final = 16
"""A label carries 2–6 codes; more than this on one parcel is a jammed trigger."""

Phase = Literal[
    "measuring",  # codes and weight are being collected
    "asking",  # measured; waiting for the coordinator
    "recording",  # decided; the decision is on its way to the disk
    "placing",  # told to the operator; waiting for the bay's barcode
]


def identifiers(codes: Sequence[Identified], rank: tuple[str, ...]) -> tuple[str, ...]:
    """The label's own code and its other identifiers, best first; none if no code is its own."""
    own = choose(codes, rank).own
    if own is None:
        return ()
    others = [code.value for code in codes if code.check_ok and code.type in rank]
    return tuple(dict.fromkeys((own.value, *others)))


@dataclass(slots=True)
class Parcel:
    visit: VisitId
    clock: DwellClock
    phase: Phase = "measuring"
    phase_at: Instant = Instant(0)
    codes: list[Code] = field(default_factory=list)
    mass: Mass | None = None
    overloaded: bool = False
    seen_on_scale: bool = False
    measured: int | None = None
    """Number of the `parcel.measured` record that asked; its id follows with `Committed`."""
    measured_id: str | None = None
    decided: int | None = None
    """Number of the `parcel.decided` record that must be on disk before the operator is told."""
    verdict: Verdict | None = None
    early: Decision | None = None
    """A release whose `valid_from` is not yet reached."""
    due_at: Instant | None = None
    """While a release is shown: when to look whether it has run out; while asking: when `early` begins."""
    stopped_seq: int = 0
    """Highest `dec_seq` of a stop that answers an earlier measurement of this visit: an older release is void."""
    label_at: Instant = Instant(0)
    """When the latest code of its label was read."""

    def choice(self, rank: tuple[str, ...]) -> Choice:
        """Which code is the parcel's own."""
        return choose([Identified(code.type, code.data, code.check_ok) for code in self.codes], rank)

    def own_code(self, rank: tuple[str, ...]) -> str | None:
        own = self.choice(rank).own
        return own.value if own is not None else None

    def identifiers(self, rank: tuple[str, ...]) -> tuple[str, ...]:
        """Its own code and the other identifiers of its label, best first; none if it has no code of its own."""
        return identifiers([Identified(code.type, code.data, code.check_ok) for code in self.codes], rank)

    def has_code(self, value: str) -> bool:
        return any(code.data == value for code in self.codes)

    def misread(self) -> bool:
        """An identifier was read whose check digit is wrong."""
        return any(not code.check_ok and code.type != "unknown" for code in self.codes)

    def start_again(self, at: Instant) -> None:
        """A new measurement in the same visit: codes stay, the weight is taken anew."""
        self.enter("measuring", at)
        self.mass = self.verdict = self.measured = self.measured_id = self.decided = None
        self.overloaded = self.seen_on_scale = False

    def enter(self, phase: Phase, at: Instant) -> None:
        self.phase, self.phase_at = phase, at
        self.due_at = self.early = None
