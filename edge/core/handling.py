"""The way of the one parcel in work at a bench: opened, asked about, decided, written down, told, placed.

    measuring ─► asking ─► recording ─► placing ─► placed ─► departed | held | inspected | returned
        │           └─ no answer ─┐        ▲ └─ same label again, where allowed ─► measuring
        └── exception ────────────┴────────┘

The operator is told a verdict only after it is on disk, and that the bay was taken only after that is. A release is
checked again when it is told, while it is shown, and when the bay is scanned; when it no longer holds, the parcel
falls back to hold.
"""

from typing import Final

from edge.core.decision import Decision, Owner, Reason
from edge.core.dwell import DwellClock, DwellLedger
from edge.core.event import Act, Association, Event, Kind
from edge.core.ledger import Ledger
from edge.core.parcel import Parcel
from edge.core.snapshot import LastPlaced
from edge.core.verdict import (
    Verdict,
    ends_us,
    over,
    own_hold,
    place_of,
    stricter,
    verdict_of,
    void_reason,
)
from edge.core.visits import HeldVisit, Visits
from hub_config.layout import Bay, Bench
from hub_config.names import MICROSECOND, MILLISECOND, Instant

EXPIRY_CHECK_NS: Final = 100 * MILLISECOND
"""How long after its end a shown release is looked at again."""
EARLY_MAX_US: Final = 2_000_000
"""A release may come this long before its `valid_from`: the coordinator's clock is ahead of ours. It waits."""
UNTIMELY: Final = ("decision_late", "clock_untrusted")
"""Outside its validity a release counts as absent (contract §5)."""


class Handling:
    def __init__(
        self, bench: Bench, ledger: Ledger, visits: Visits, dwell: DwellLedger, last: LastPlaced | None
    ) -> None:
        self.bench = bench
        self.last = last
        self._ledger = ledger
        self._visits = visits
        self._dwell = dwell
        self.parcel: Parcel | None = None
        self.away = True
        """No coordinator for so long that everything goes to hold."""
        self.held_reasons: dict[Reason, int] = {}

    # Opening and measuring ------------------------------------------------------------------------

    def open(self, at: Instant) -> Parcel:
        """A parcel nobody has seen before."""
        self._visits.enter()
        self.parcel = Parcel(self._ledger.mint_visit(at), DwellClock(at), phase_at=at)
        return self.parcel

    def reopen(self, held: HeldVisit, at: Instant) -> Parcel:
        """A held parcel is back; its visit and its dwell clock go on."""
        held.clock.hand_over("hub", at)
        self.parcel = Parcel(held.visit, held.clock, phase_at=at, again=True, known=held.names.known)
        return self.parcel

    def join(self, parcel: Parcel, held: HeldVisit, at: Instant) -> None:
        """The parcel in work turns out to be a held one come back: it goes on under the older visit (contract §1)."""
        note = (("from", parcel.visit), ("into", held.visit))
        self._ledger.record(Event("visit.joined", self.bench.id, parcel.visit, at, note=note))
        self._visits.withdraw()
        held.clock.hand_over("hub", at)
        parcel.visit, parcel.clock, parcel.known = held.visit, held.clock, held.names.known
        parcel.again = True

    def own_code(self, parcel: Parcel) -> str | None:
        return parcel.own_code(self.bench.identifiers)

    def ask(self, parcel: Parcel, assoc: Association, flags: tuple[Reason, ...], at: Instant) -> None:
        """The measurement is complete: what becomes of it is the coordinator's to say."""
        parcel.measured = self.record("parcel.measured", parcel, at, flags=flags, assoc=assoc)
        parcel.enter("asking", at)
        if self.away:
            self.hold(parcel, "offline_default", at, owner="force")

    def start_again(self, parcel: Parcel, at: Instant) -> None:
        parcel.start_again(at)
        self.record("parcel.identified", parcel, at)

    # Deciding -------------------------------------------------------------------------------------

    def decide(self, decision: Decision, at: Instant) -> str | None:
        """Obeys a decision; or says in a word why it is not obeyed."""
        parcel = self.parcel
        if parcel is None or parcel.phase == "placed" or (decision.was or decision.visit) != parcel.visit:
            return "no_such_parcel"
        releases = decision.action == "release"
        tightens = parcel.phase != "asking" and self._tightens(decision, parcel.verdict)
        if parcel.measured_id is None or decision.answers != parcel.measured_id:
            # A stop may answer any event of the visit; only a release must answer this very measurement.
            if not (tightens and parcel.verdict is not None and parcel.verdict.decision is not None):
                parcel.stopped_seq = max(parcel.stopped_seq, 0 if releases else decision.dec_seq)
                return "not_our_event"
        elif parcel.phase != "asking" and not tightens:
            return "too_late"
        elif releases and decision.dec_seq < parcel.stopped_seq:
            return "superseded"
        if releases:
            return self._obey_release(parcel, decision, at)
        if over(decision, self._ledger.wall(at)):
            return "decision_late"
        self.obey(parcel, verdict_of(decision, self.bench), decision.clock, at)
        return None

    def _obey_release(self, parcel: Parcel, decision: Decision, at: Instant) -> str | None:
        now = self._ledger.wall(at)
        void = void_reason(decision, self.own_code(parcel), parcel.mass, now)
        early_us = decision.valid_from_us - now.utc_us - now.unc_us
        if void == "clock_untrusted" and early_us <= EARLY_MAX_US:
            parcel.early, parcel.due_at = decision, Instant(at + early_us * MICROSECOND)
            return None
        if void in UNTIMELY:
            return void
        if void is not None:
            self.hold(parcel, void, at)
        else:
            self.obey(parcel, verdict_of(decision, self.bench), decision.clock, at)
        return None

    def take_early(self, parcel: Parcel, at: Instant) -> None:
        """A release that came before its `valid_from`: its time has come."""
        early, parcel.early, parcel.due_at = parcel.early, None, None
        if early is not None:
            self._obey_release(parcel, early, at)

    def doubt_clock(self, at: Instant) -> None:
        """The wall clock has jumped: how long a standing release still holds, nobody knows (contract §5)."""
        parcel = self.parcel
        if parcel is None or parcel.phase == "placed" or parcel.verdict is None:
            return
        if parcel.verdict.releases:
            self.hold(parcel, "clock_untrusted", at)

    def _tightens(self, decision: Decision, standing: Verdict | None) -> bool:
        """A newer, stricter word about a parcel that is already decided but not yet placed."""
        if standing is None:
            return False
        if standing.decision is None:
            return stricter(decision.action, "hold")
        newer = decision.dec_seq > standing.decision.dec_seq
        newer = newer or decision.authority != standing.decision.authority
        return newer and stricter(decision.action, standing.decision.action)

    def hold(
        self, parcel: Parcel, reason: Reason, at: Instant, *, owner: Owner = "hub", retry: bool = False
    ) -> None:
        """The gateway's own hold."""
        self.obey(parcel, own_hold(reason, self.bench, retry=retry), owner, at)

    def obey(self, parcel: Parcel, verdict: Verdict, owner: Owner, at: Instant) -> None:
        """Writes the verdict down; the operator is told once it is on disk."""
        parcel.verdict = verdict
        parcel.clock.hand_over(owner, at)
        for reason in verdict.reasons:
            self.held_reasons[reason] = self.held_reasons.get(reason, 0) + 1
        parcel.decided = self.record(
            "parcel.decided", parcel, at,
            flags=verdict.reasons if verdict.decision is None else (),
            decision=verdict.decision, act=_act(verdict.bay, confirmed=False), clock=owner,
        )  # fmt: skip
        parcel.enter("recording", at)

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> None:
        parcel = self.parcel
        if parcel is None:
            return
        numbers = range(first, first + len(ids))
        if parcel.measured in numbers and parcel.measured is not None:
            parcel.measured_id = ids[parcel.measured - first]
        if parcel.phase == "recording" and parcel.decided in numbers:
            parcel.enter("placing", at)
            self.check_release(parcel, at)
        elif parcel.phase == "placed" and parcel.moved in numbers:
            self._settle(parcel)

    # Placing --------------------------------------------------------------------------------------

    def check_release(self, parcel: Parcel, at: Instant) -> bool:
        """A release that no longer holds falls back to hold (contract §5); True while it holds."""
        verdict = parcel.verdict
        if verdict is None or verdict.decision is None or not verdict.releases:
            return True
        now = self._ledger.wall(at)
        void = void_reason(verdict.decision, self.own_code(parcel), parcel.mass, now)
        if void is not None:
            self.hold(parcel, void, at)
            return False
        left_us = ends_us(verdict.decision) - now.utc_us - now.unc_us
        parcel.due_at = Instant(at + left_us * MICROSECOND + EXPIRY_CHECK_NS)
        return True

    def place(self, parcel: Parcel, bay: Bay, at: Instant) -> None:
        """The bay's barcode is the bay's sensor: the move has happened. The operator is told once it is on disk."""
        assert parcel.verdict is not None, f"{self.bench.id}: placed without a verdict"
        act = _act(bay, confirmed=True)
        moved = self.record("parcel.diverted", parcel, at, act=act, decision=parcel.verdict.decision)
        if place_of(bay.lane, self.bench) == "departed":
            moved = self.record("parcel.departed", parcel, at, act=act)
            self._dwell.close(parcel.clock.spans(at))
        parcel.lies_in(bay, moved)

    def _settle(self, parcel: Parcel) -> None:
        assert parcel.bay is not None, f"{self.bench.id}: settled without a bay"
        place = place_of(parcel.bay.lane, self.bench)
        names = parcel.names(self.bench.identifiers)
        self._visits.settle(place, parcel.visit, names, parcel.clock, again=parcel.again)
        self.last = LastPlaced(parcel.visit, names.keys[0] if names.keys else None, parcel.bay.bay)
        self.parcel = None

    def record(
        self, kind: Kind, parcel: Parcel, at: Instant, *,
        flags: tuple[Reason, ...] = (), assoc: Association | None = None, decision: Decision | None = None,
        act: Act | None = None, clock: Owner | None = None,
    ) -> int:  # fmt: skip
        """Tells the world a fact about the parcel, with all that is known of it; returns the record's number."""
        timed = kind in ("parcel.decided", "parcel.diverted", "parcel.departed")
        event = Event(
            kind=kind, line=self.bench.id, visit=parcel.visit, at=at, flags=flags, codes=tuple(parcel.codes),
            mass=parcel.mass, assoc=assoc, decision=decision, act=act, clock=clock,
            dwell=parcel.clock.spans(at) if timed else (),
        )  # fmt: skip
        return self._ledger.record(event)


def _act(bay: Bay, *, confirmed: bool) -> Act:
    return Act(bay.lane, bay.bay, confirmed)
