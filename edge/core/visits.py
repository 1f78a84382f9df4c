"""Visits that have left a bench: where each parcel is now, and which code re-opens a held one.

A held parcel comes back only by a scan that re-opens its visit (contract §1). The table is bounded; past the
bound the oldest held visit can no longer be re-opened by its code and is scanned in as a new one.
"""

from dataclasses import dataclass
from typing import Final, Literal

from edge.core.dwell import DwellClock
from edge.core.snapshot import Tally
from hub_config.names import Instant, LineId, VisitId

HELD_VISITS_MAX: Final = 10_000

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


@dataclass(frozen=True, slots=True)
class HeldVisit:
    visit: VisitId
    place: Place
    clock: DwellClock


class Visits:
    def __init__(self) -> None:
        self._held: dict[str, HeldVisit] = {}
        self._entered = 0
        self._at: dict[Place, int] = dict.fromkeys(
            ("departed", "held", "inspected", "returned", "lost_track"), 0
        )

    def enter(self) -> None:
        self._entered += 1

    def settle(self, place: Place, visit: VisitId, code: str | None, clock: DwellClock) -> None:
        """The parcel left the bench for `place`."""
        self._at[place] += 1
        if place in ("held", "inspected") and code is not None:
            self.hold(code, HeldVisit(visit, place, clock))

    def hold(self, code: str, held: HeldVisit) -> None:
        if len(self._held) >= HELD_VISITS_MAX:
            del self._held[next(iter(self._held))]
        self._held[code] = held

    def is_held(self, code: str) -> bool:
        return code in self._held

    def reopen(self, code: str) -> HeldVisit | None:
        """Takes a held visit back to the bench; None if no visit is held under this code."""
        held = self._held.pop(code, None)
        if held is not None:
            self._at[held.place] -= 1
        return held

    def restore(self, recovered: Recovered) -> None:
        """Counts a visit of the last run and, if it was held, makes it re-openable."""
        self._entered += 1
        place: Place = "held" if recovered.held else "lost_track"
        self._at[place] += 1
        if recovered.held and recovered.code is not None:
            self.hold(recovered.code, HeldVisit(recovered.visit, place, DwellClock(recovered.arrived_at)))

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
