"""When a release may stand, and when it must be obeyed: clearance contract §5 and docs/contract.md written down again.

A small model that watches what goes into a gateway (decisions, commits, the clock) and what it tells (events), and
shares no code with what judges releases in the core. It knows no bays and no instructions: `why_not` says what forbids
a release at this instant, `due` which release has to be obeyed where nothing but words has come to the parcel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.core.decision import Decision
from edge.core.effects import Effect, Record
from edge.core.event import Event, WallTime
from edge.core.inputs import Committed, DecisionArrived, Input, WallClock
from hub_config.names import MICROSECOND, LaneId, VisitId

GREEN: Final = LaneId("green")
ORDER: Final = ["refuse", "return", "screen", "inspect", "info", "reweigh", "hold", "recirculate", "release"]
"""Strictest first (§5)."""
EARLY_US: Final = 2_000_000
"""A release may come as long before its `valid_from`."""
CLOCK_US: Final = 20_000
"""The gateway's uncertainty grows while its clock is not compared; the model's does not."""
NOT_OURS: Final = {"agency_pending"}
"""The only reason of a gateway's own hold that stands for what authorities have said."""


@dataclass
class Pass:
    """What is known of a visit since it was last measured."""

    measured: Event
    number: int
    asked: str | None = None
    """Id of that event, once it is on disk."""
    held_here: bool = False
    """The gateway itself has held it: no release opens that."""
    codes: frozenset[str] = frozenset()
    stirred: bool = False
    """Something was said in this pass that answers an earlier one."""


@dataclass
class ReleaseModel:
    free: LaneId = GREEN
    wall: WallTime = field(default_factory=lambda: WallTime(0, 0, "none"))
    wall_at: int = 0
    words: dict[VisitId, dict[str, Decision]] = field(default_factory=dict)
    """Of each visit: what each authority has said last."""
    late: dict[VisitId, set[str]] = field(default_factory=dict)
    """Who has said a stop that was over when it came: it moves nothing, and is remembered for the next pass."""
    passes: dict[VisitId, Pass] = field(default_factory=dict)
    into: dict[VisitId, VisitId] = field(default_factory=dict)
    """Of each visit that was joined: the older one."""
    here: set[VisitId] = field(default_factory=set)
    """Visits that a decision's `was` may name."""
    recorded: int = 0

    # What goes in, and what is told -------------------------------------------------------------------

    def given(self, given: Input) -> None:
        match given:
            case WallClock(at, wall):
                self.wall, self.wall_at = wall, at
            case DecisionArrived(at, decision):
                self._hear(decision, self.latest_us(at))
            case Committed(_, first, ids):
                for one in self.passes.values():
                    if first <= one.number < first + len(ids):
                        one.asked = ids[one.number - first]

    def told(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                self.recorded = effect.number
                if effect.event.visit is not None:
                    self._see(effect.event, effect.event.visit)

    def latest_us(self, at: int) -> int:
        """UTC by the pessimistic clock."""
        return self.wall.utc_us + (at - self.wall_at) // MICROSECOND + self.wall.unc_us

    def _hear(self, decision: Decision, now_us: int) -> None:
        """A newer word of an authority replaces its older one; a release outside its time was never said."""
        if decision.action == "release" and not (
            decision.valid_from_us - EARLY_US <= now_us <= decision.valid_until_us
        ):
            return
        named = decision.was if decision.was in self.here else decision.visit
        visit = self.into.get(named, named)
        said = self.words.setdefault(visit, {})
        before = said.get(decision.authority)
        if before is not None and not self._replaces(decision, before):
            return
        said[decision.authority] = decision
        if visit in self.passes:
            self.passes[visit].stirred |= decision.answers != self.passes[visit].asked
        late = self.late.setdefault(visit, set())
        late.discard(decision.authority)
        if now_us > decision.valid_until_us:
            late.add(decision.authority)

    def _replaces(self, new: Decision, old: Decision) -> bool:
        """Of two under one number the stricter stands; what was said under the id of before a join is older."""
        if old.visit != new.visit and (old.visit == new.was or self.into.get(old.visit) == new.visit):
            return True
        if old.visit != new.visit and self.into.get(new.visit) == old.visit:
            return False
        if new.dec_seq != old.dec_seq:
            return new.dec_seq > old.dec_seq
        return strictness(new) <= strictness(old)

    def _see(self, event: Event, visit: VisitId) -> None:
        if event.kind == "parcel.arrived":
            self.here.add(visit)
        elif event.kind == "parcel.departed":
            self.here.discard(visit)
        match event.kind:
            case "parcel.measured":
                codes = frozenset(code.data for code in event.codes)
                self.passes[visit] = Pass(event, self.recorded, codes=codes)
                self.late.pop(visit, None)
            case "visit.joined":
                self._join(visit, VisitId(str(dict(event.note)["into"])))
            case "parcel.decided" if visit in self.passes and event.decision is None:
                if set(event.flags) - NOT_OURS:
                    self.passes[visit].held_here = True
            case "parcel.arrived" | "parcel.departed" | "parcel.lost_track" | "visit.split":
                self.passes.pop(visit, None)
            case "parcel.diverted" if event.act is not None and event.act.confirmed:
                self.passes.pop(visit, None)

    def _join(self, minted: VisitId, older: VisitId) -> None:
        self.into[minted] = older
        self.here.discard(minted)
        self.here.add(older)
        if minted in self.passes:
            self.passes[older] = self.passes.pop(minted)
        said = self.words.setdefault(older, {})
        for authority, word in self.words.pop(minted, {}).items():
            known = said.get(authority)
            # Numbers of two visits say nothing beside each other: what was said under the id of before only tightens.
            tightens = known is not None and strictness(word) < strictness(known)
            named = known is not None and word.visit == older and self._replaces(word, known)
            if known is None or named or (tightens and word.visit != older):
                said[authority] = word

    # What follows -------------------------------------------------------------------------------------

    def stops(self, visit: VisitId) -> set[str]:
        """Who stands against a release of this visit: stops, and parties that a release still needs."""
        said: Mapping[str, Decision] = self.words.get(visit, {})
        agree = {name for name, word in said.items() if word.action == "release"}
        needed = {party for name in agree for party in said[name].needs}
        return (set(said) - agree) | (needed - agree)

    def why_not(self, release: Decision, visit: VisitId, at: int) -> str | None:
        """What forbids that this decision lets the visit go at this instant; nothing where it may."""
        stay, now_us = self.passes.get(visit), self.latest_us(at)
        if stay is None:
            return "it was not measured in this pass"
        conditions = release.conditions
        mass = stay.measured.mass
        forbidden = {
            "it is no release": release.action != "release" or bool(release.needs),
            "it is of another visit": visit not in (release.was, release.visit, self.into.get(release.visit)),
            "it answers another event": release.answers != stay.asked,
            "it does not name the free lane": release.route != self.free,
            "its time has not come": now_us + CLOCK_US < release.valid_from_us,
            "its time is over": now_us > min(release.valid_until_us, conditions.not_after_us or now_us),
            "another code": conditions.code is not None and conditions.code not in stay.codes,
            "another mass": conditions.mass_mg is not None
            and (mass is None or not _surely_within(mass.mg, mass.u_mg, conditions.mass_mg)),
            "its authority has said otherwise": self._is_replaced(release, visit)
            and release.authority not in self.late.get(visit, set()),
            "others stand against it": bool(self.stops(visit) - self.late.get(visit, set())),
            "the gateway itself holds it": stay.held_here,
        }  # fmt: skip
        return next((reason for reason, holds in forbidden.items() if holds), None)

    def _is_replaced(self, release: Decision, visit: VisitId) -> bool:
        """Its authority has said something newer of this measurement."""
        newest = self.words.get(visit, {}).get(release.authority)
        return newest is not None and newest != release and newest.answers == release.answers

    def due(self, visit: VisitId, at: int) -> Decision | None:
        """The release that must be obeyed now, where nothing but words has come to the parcel since it was measured.
        None too where words contradict themselves, have yet to begin, or are about another pass."""
        said, stay = list(self.words.get(visit, {}).values()), self.passes.get(visit)
        odd = any(
            word.valid_from_us > self.latest_us(at) or (word.action == "release" and word.route != self.free)
            for word in said
        )
        if stay is None or stay.stirred or odd or self.stops(visit):
            return None
        return next((word for word in said if self.why_not(word, visit, at) is None), None)


def strictness(decision: Decision) -> int:
    return ORDER.index(decision.action)


def _surely_within(mg: int, u_mg: int, band: tuple[int, int]) -> bool:
    low, high = band
    return mg + u_mg <= high and (low == 0 or mg - u_mg >= low)
