"""Visits that have left a bench: where each parcel is now, and which code re-opens a held one.

A held parcel comes back only by a scan that re-opens its visit (contract §1). The table is bounded; past the
bound the oldest held visit can no longer be re-opened by its code and is scanned in as a new one.
"""

from dataclasses import dataclass
from typing import Final, Literal

from edge.core.dwell import DwellClock
from edge.core.snapshot import Tally
from hub_config.names import Instant, LineId, VisitId

HELD_CODES_MAX: Final = 10_000

Place = Literal["departed", "held", "inspected", "returned", "lost_track"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A visit that the journal of the last run left open."""

    visit: VisitId
    line: LineId
    held: bool
    code: str | None
    """Its own identifier."""
    arrived_at: Instant
    further: tuple[str, ...] = ()
    """The other identifiers of its label."""


@dataclass(frozen=True, slots=True)
class HeldVisit:
    visit: VisitId
    place: Place
    clock: DwellClock
    codes: tuple[str, ...]
    """Every identifier of its label: any of them re-opens it."""


class Visits:
    def __init__(self) -> None:
        self._held: dict[str, HeldVisit] = {}
        self._entered = 0
        self._at: dict[Place, int] = dict.fromkeys(
            ("departed", "held", "inspected", "returned", "lost_track"), 0
        )

    def enter(self) -> None:
        self._entered += 1

    def settle(self, place: Place, visit: VisitId, codes: tuple[str, ...], clock: DwellClock) -> None:
        """The parcel left the bench for `place`."""
        self._at[place] += 1
        if place in ("held", "inspected"):
            self.hold(HeldVisit(visit, place, clock, codes))

    def hold(self, held: HeldVisit) -> None:
        for code in held.codes:
            self._held.pop(code, None)
            if len(self._held) >= HELD_CODES_MAX:
                del self._held[next(iter(self._held))]
            self._held[code] = held

    def is_held(self, code: str) -> bool:
        return code in self._held

    def reopen(self, code: str) -> HeldVisit | None:
        """Takes a held visit back to the bench; None if no visit is held under this code."""
        held = self._held.pop(code, None)
        if held is not None:
            self._at[held.place] -= 1
            for other in held.codes:
                if self._held.get(other) is held:
                    del self._held[other]
        return held

    def restore(self, recovered: Recovered) -> None:
        """Counts a visit of the last run and, if it was held, makes it re-openable."""
        self._entered += 1
        place: Place = "held" if recovered.held else "lost_track"
        self._at[place] += 1
        if recovered.held and recovered.code is not None:
            clock = DwellClock(recovered.arrived_at)
            self.hold(HeldVisit(recovered.visit, place, clock, (recovered.code, *recovered.further)))

    def tally(self) -> Tally:
        gone = sum(self._at.values())
        return Tally(
            entered=self._entered,
            at_bench=self._entered - gone,
            departed=self._at["departed"],
            held=self._at["held"],
            inspected=self._at["inspected"],
            returned=self._at["returned"],
            lost_track=self._at["lost_track"],
        )
