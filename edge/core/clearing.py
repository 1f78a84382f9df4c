"""What becomes of a measured parcel: asked about, decided, written down, and checked again until it has moved.

    measuring ─► asking ─► recording ─► placing ─► placed ─► departed | held | inspected | returned
        │           └─ no answer ─┐        ▲
        └── exception ────────────┴────────┘

The same at a bench and on a belt. A verdict is acted on only after it is on disk. A release is checked again when it
is acted on, while it stands, and when the parcel moves; when it no longer holds, the parcel falls back to hold.
"""

from dataclasses import replace
from typing import Final

from edge.core.decision import Decision, Owner, Reason
from edge.core.dwell import DwellLedger
from edge.core.event import Act, Association, Event, Kind, Operator
from edge.core.ledger import Ledger
from edge.core.offline import Facts, Offline, is_sure
from edge.core.parcel import Parcel
from edge.core.priority import Stay, promise_of
from edge.core.verdict import (
    EARLY_MAX_US,
    PENDING,
    Exits,
    Verdict,
    ends_us,
    over,
    own_hold,
    place_of,
    replaces,
    tightens,
    verdict_of,
    void_reason,
)
from edge.core.visits import HeldVisit, Seen, Visits
from edge.core.words_in_work import WordsInWork
from hub_config.layout import Exit
from hub_config.names import MICROSECOND, MILLISECOND, Instant, LaneId

EXPIRY_CHECK_NS: Final = 100 * MILLISECOND
"""How long after its end a shown release is looked at again."""
AWAITED_MAX: Final = 4_096
"""Records on their way to the disk that something waits for. Past it the oldest is given up: its parcel is never told
to go anywhere, and ends in the fail-safe lane."""
CORRECTIONS_MAX: Final = 8
"""Of one parcel, that wait for the id of what they correct. Further ones are counted and not told."""
UNTIMELY: Final = ("decision_late", "clock_untrusted")
"""Outside its validity a release counts as absent (contract §5)."""


class Clearing:
    def __init__(
        self, exits: Exits, ledger: Ledger, visits: Visits, dwell: DwellLedger, offline: Offline
    ) -> None:
        self._exits = exits
        self._ledger = ledger
        self._visits = visits
        self._dwell = dwell
        self._offline = offline
        self._words = WordsInWork(exits, ledger, visits)
        self.held_reasons: dict[Reason, int] = {}
        self.corrected: dict[str, int] = {}
        """Of parcels whose measurement had closed, by what was told of them."""
        self.contradicted_after = 0
        """Of those that had left by then: somebody has to look for them."""
        self.awaited: dict[int, Parcel] = {}
        """Records that are on their way to the disk, and of which parcel each is."""

    # Measured, and one with an older visit ----------------------------------------------------------

    def join(self, parcel: Parcel, held: HeldVisit, at: Instant) -> None:
        """The parcel in work turns out to be a held one come back: it goes on under the older visit (contract §1)."""
        note = (("from", parcel.visit), ("into", held.visit))
        self._ledger.record(Event("visit.joined", self._exits.id, parcel.visit, at, note=note))
        self._visits.withdraw()
        spoken_of = bool(parcel.standing.words)
        if spoken_of:
            self._ledger.forget(parcel.visit)
        held.clock.hand_over("hub", parcel.clock.opened_at)  # here since then: its arrival has told so
        parcel.minted, parcel.taken_up = parcel.visit, held
        parcel.visit, parcel.clock, parcel.known = held.visit, held.clock, held.names.known
        parcel.promise, parcel.tries = held.stay.promise, held.next_try
        parcel.standing = parcel.standing.joined(held.stay.standing)
        parcel.again = True
        if spoken_of:
            self._words.keep(parcel)

    def _go_on_as(self, parcel: Parcel, decision: Decision, at: Instant) -> None:
        """The coordinator has recognised it: another gateway knows it under an older visit (contract §1). Only an
        answer to this very measurement says so."""
        if (
            decision.was != parcel.visit
            or decision.visit == parcel.visit
            or decision.answers != parcel.measured_id
        ):
            return
        minted, held = parcel.visit, self._visits.reopen_visit(decision.visit)
        if held is not None:
            self.join(parcel, held, at)
        else:
            note = (("from", minted), ("into", decision.visit))
            self._ledger.record(Event("visit.joined", self._exits.id, minted, at, note=note))
            parcel.minted, parcel.visit = minted, decision.visit
            self._words.take_over(parcel, minted)
        self._visits.rename(minted, parcel.visit)
        # Under the older id too the journal must know it as being in work here, should the gateway stop now.
        self.record("parcel.identified", parcel, at)

    def own_code(self, parcel: Parcel) -> str | None:
        return parcel.own_code(self._exits.identifiers)

    def ask(self, parcel: Parcel, assoc: Association, flags: tuple[Reason, ...], at: Instant) -> None:
        """The measurement is complete: what becomes of it is the coordinator's to say."""
        self._words.inherit(parcel)
        parcel.measured = self.record("parcel.measured", parcel, at, flags=flags, assoc=assoc)
        self._await(parcel.measured, parcel)
        parcel.sure = is_sure(assoc.p_ppm, flags)
        parcel.enter("asking", at)
        if self.away:
            self.answer_alone(parcel, at)

    @property
    def away(self) -> bool:
        """No coordinator for so long that nobody is asked."""
        return self._offline.away

    def answer_alone(self, parcel: Parcel, at: Instant) -> None:
        """Nobody can be asked: it leaves on its voucher, or is held."""
        now = self._ledger.wall(at)
        facts = Facts(
            parcel.visit, self._exits.id, self.own_code(parcel), parcel.mass, parcel.dims, parcel.sure,
            bool(parcel.standing.words), parcel.measured_id,
        )  # fmt: skip
        answer = self._offline.answer(facts, now, at)
        verdict = None if isinstance(answer, str) else verdict_of(answer, self._exits)
        if verdict is not None and verdict.releases:
            self._offline.budget.released(now)
            self.obey(parcel, verdict, "hub", at)
        else:
            self.hold(parcel, answer if isinstance(answer, str) else "offline_default", at, owner="force")

    # Deciding -------------------------------------------------------------------------------------

    def decide_on(
        self, parcel: Parcel, decision: Decision, at: Instant, *, is_open: bool = True
    ) -> str | None:
        """Obeys a decision about this parcel; or says in a word why it is not obeyed. `is_open`: nothing moves yet for
        what was decided before, and there is time to go where this one says."""
        late = over(decision, self._ledger.wall(at))
        if not late:
            self._go_on_as(parcel, decision, at)
        outdated = parcel.standing.outdated(decision)
        if not outdated:
            parcel.promise = promise_of(decision, parcel.promise)
        releases = decision.action == "release"
        tighter = parcel.phase != "asking" and tightens(decision, parcel.verdict)
        is_open = is_open and not (releases and parcel.held_here) and parcel.phase in ("recording", "placing")
        newer = is_open and replaces(decision, parcel.verdict)
        heard = parcel.standing.heard(decision)
        if heard is not parcel.standing:
            parcel.standing = heard
            self._words.keep(parcel)
        if parcel.early is not None and self._overruled(parcel, parcel.early):
            parcel.early = parcel.due_at = None
        refused = self._refusal(parcel, decision, tighter=tighter, newer=newer, outdated=outdated)
        if refused is not None:
            return None if self._take_back(parcel, at) else refused
        if releases:
            return self._obey_release(parcel, decision, at)
        if late:
            return "decision_late"
        stricter_word = parcel.standing.against(decision)
        if stricter_word is not None:
            self.hold(parcel, "agency_pending", at, lane=stricter_word.route)
        else:
            self.obey(parcel, verdict_of(decision, self._exits), decision.clock, at)
        return None

    def _refusal(
        self, parcel: Parcel, decision: Decision, *, tighter: bool, newer: bool, outdated: bool
    ) -> str | None:
        """Why a decision that was heard is not obeyed now."""
        if parcel.measured_id is None or decision.answers != parcel.measured_id:
            # A stop may answer any event of the visit; only a release must answer this very measurement.
            obeyed = parcel.verdict is not None and parcel.verdict.decision is not None
            return None if tighter and obeyed and not outdated else "not_our_event"
        if parcel.phase != "asking" and not (tighter or newer):
            return "too_late"
        unanswered = parcel.phase == "asking" and parcel.early is None
        if outdated and (decision.action == "release" or not unanswered):
            return "superseded"
        return "too_late" if newer and self._disagree(parcel, decision) else None

    def _take_back(self, parcel: Parcel, at: Instant) -> bool:
        """A release stands that what was said since takes back: the parcel is held until they agree."""
        obeyed = None if parcel.verdict is None or not parcel.verdict.releases else parcel.verdict.decision
        if obeyed is None or parcel.phase == "placed" or parcel.standing.lets_stand(obeyed):
            return False
        word = parcel.standing.against(obeyed)
        self.hold(parcel, "agency_pending", at, lane=None if word is None else word.route)
        return True

    def _disagree(self, parcel: Parcel, decision: Decision) -> bool:
        """It is held already because authorities do not agree, and they still do not."""
        if parcel.verdict is None or parcel.verdict.reasons != PENDING or decision.action != "release":
            return False
        standing = parcel.standing
        return bool(standing.effective(decision).needs) or standing.against(decision) is not None

    def _overruled(self, parcel: Parcel, release: Decision) -> bool:
        return parcel.standing.outdated(release) or parcel.standing.against(release) is not None

    def _obey_release(self, parcel: Parcel, decision: Decision, at: Instant) -> str | None:
        now = self._ledger.wall(at)
        stricter_word = parcel.standing.against(decision)
        if stricter_word is not None:
            self.hold(parcel, "agency_pending", at, lane=stricter_word.route)
            return None
        decision = parcel.standing.effective(decision)
        void = void_reason(decision, self.own_code(parcel), parcel.mass, parcel.dims, now)
        early_us = decision.valid_from_us - now.utc_us - now.unc_us
        if void == "clock_untrusted" and early_us <= EARLY_MAX_US:
            if parcel.verdict is not None and parcel.verdict.releases:  # it takes the place of that one
                self.hold(parcel, "agency_pending", at)
            if parcel.early is None or parcel.early.dec_seq <= decision.dec_seq:
                parcel.early, parcel.due_at = decision, Instant(at + early_us * MICROSECOND)
            return None
        if void in UNTIMELY:
            return void
        if void is not None:
            self.hold(parcel, void, at)
        else:
            self.obey(parcel, verdict_of(decision, self._exits), decision.clock, at)
        return None

    def take_early(self, parcel: Parcel, at: Instant, *, is_open: bool = True) -> None:
        """A release that came before its `valid_from`: its time has come, and perhaps gone (`is_open`)."""
        early, parcel.early, parcel.due_at = parcel.early, None, None
        if early is not None and is_open:
            self._obey_release(parcel, early, at)

    def look_again(self, parcel: Parcel, at: Instant) -> None:
        """At one that is told where to go: its release may have ended, or the release that lifts its hold begun."""
        if parcel.early is not None:
            self.take_early(parcel, at)
        else:
            self.check_release(parcel, at)

    def doubt_clock(self, parcel: Parcel, at: Instant) -> None:
        """The wall clock has jumped: how long a standing release still holds, nobody knows (contract §5)."""
        if parcel.phase != "placed" and parcel.verdict is not None and parcel.verdict.releases:
            self.hold(parcel, "clock_untrusted", at)

    def hold(
        self, parcel: Parcel, reason: Reason, at: Instant, *, owner: Owner = "hub", retry: bool = False,
        lane: LaneId | None = None,
    ) -> None:  # fmt: skip
        """The gateway's own hold; `lane`: another than the fail-safe one, never the free one."""
        parcel.held_here = parcel.held_here or reason not in PENDING
        self.obey(parcel, own_hold(reason, self._exits, retry=retry, lane=lane), owner, at)

    def obey(self, parcel: Parcel, verdict: Verdict, owner: Owner, at: Instant) -> None:
        """Writes the verdict down; it is acted on once it is on disk."""
        parcel.verdict, decision = verdict, verdict.decision
        self._offline.heard(parcel.codes, verdict, at)
        parcel.clock.hand_over(owner, at)
        for reason in verdict.reasons:
            self.held_reasons[reason] = self.held_reasons.get(reason, 0) + 1
        in_doubt = decision is None and parcel.may_have
        parcel.decided = self.record(
            "parcel.decided", parcel, at,
            flags=() if decision is not None and decision.reasons == verdict.reasons else verdict.reasons,
            decision=decision, act=act_of(verdict.bay, confirmed=False), clock=owner,
            note=(("may_have", " ".join(parcel.may_have)),) if in_doubt else (),
        )  # fmt: skip
        self._await(parcel.decided, parcel)
        parcel.enter("recording", at)

    def _await(self, number: int, parcel: Parcel) -> None:
        if len(self.awaited) >= AWAITED_MAX:
            del self.awaited[next(iter(self.awaited))]
        self.awaited[number] = parcel

    def correct(self, parcel: Parcel, what: str, at: Instant, *, flags: tuple[Reason, ...] = ()) -> None:
        """Something more is known of it than was told (contract §4): points at the event that it corrects, once that
        has its id."""
        self.corrected[what] = self.corrected.get(what, 0) + 1
        corrects = parcel.measured_id or parcel.decided_id
        if corrects is not None:
            note = (("corrects", corrects), ("what", what))
            self.record("parcel.corrected", parcel, at, flags=flags, note=note)
        elif len(parcel.uncorrected) < CORRECTIONS_MAX:
            parcel.uncorrected.append((what, flags))

    def _tell_corrections(self, parcel: Parcel, at: Instant) -> None:
        waiting, parcel.uncorrected = parcel.uncorrected, []
        for what, flags in waiting:
            self.corrected[what] -= 1
            self.correct(parcel, what, at, flags=flags)

    def commit(self, first: int, ids: tuple[str, ...], at: Instant) -> list[Parcel]:
        """Events are on disk; returns the parcels whose verdict is among them: now it may be acted on."""
        ready: list[Parcel] = []
        if not self.awaited:
            return ready
        for number, event_id in enumerate(ids, first):
            parcel = self.awaited.pop(number, None)
            if parcel is None:
                continue
            if number == parcel.measured:
                parcel.measured_id = event_id
            elif number == parcel.decided:
                parcel.decided_id = event_id
                if parcel.phase == "recording":
                    ready.append(parcel)
            if parcel.uncorrected:
                self._tell_corrections(parcel, at)
        return ready

    def check_release(self, parcel: Parcel, at: Instant, *, moves_at: Instant | None = None) -> bool:
        """A release that no longer holds falls back to hold (contract §5); True while it holds. `moves_at`: when the
        parcel is going to move, where that is foreseen."""
        verdict = parcel.verdict
        if verdict is None or verdict.decision is None or not verdict.releases:
            return True
        now = self._ledger.wall(at if moves_at is None else moves_at)
        void = void_reason(verdict.decision, self.own_code(parcel), parcel.mass, parcel.dims, now)
        if void is None and verdict.decision.voucher and not self._offline.stands(verdict.decision):
            void = "offline_default"
        if void is not None:
            self.hold(parcel, void, at)
            return False
        left_us = ends_us(verdict.decision) - now.utc_us - now.unc_us
        parcel.due_at = Instant(at + left_us * MICROSECOND + EXPIRY_CHECK_NS)
        return True

    # Moving ---------------------------------------------------------------------------------------

    def moved(self, parcel: Parcel, bay: Exit, at: Instant, *, departs: bool = True) -> int:
        """A sensor saw the parcel go into `bay`; returns the number of the last record of that move. `departs`: it is
        surely that one, so that a release ends its visit."""
        verdict = parcel.verdict
        decision = verdict.decision if verdict is not None else None
        act = act_of(bay, confirmed=True)
        number = self.record("parcel.diverted", parcel, at, act=act, decision=decision)
        free = departs and place_of(bay.lane, self._exits) == "departed"
        if free and verdict is not None and verdict.releases:
            number = self.record("parcel.departed", parcel, at, act=act)
            self._visits.depart(parcel.visit, Seen(self._exits.id, bay.bay, self._ledger.wall(at).utc_us))
            self._ledger.forget(parcel.visit)
            self._dwell.close(parcel.clock.spans(at))
        return number

    def settle(self, parcel: Parcel, bay: Exit) -> None:
        """It has left the bench or belt, for good or until it comes back."""
        names, place = parcel.names(self._exits.identifiers), place_of(bay.lane, self._exits)
        if parcel.parted:  # the code that both bear goes on naming the one that had it first
            names = replace(names, keys=tuple(key for key in names.keys if not self._visits.is_held(key)))
        reason = parcel.verdict.reasons[0] if parcel.verdict is not None and parcel.verdict.reasons else None
        stay = Stay(
            parcel.told_at, bay.bay, bay.lane, reason, parcel.promise, parcel.tries, standing=parcel.standing
        )
        self._visits.settle(place, parcel.visit, names, parcel.clock, again=parcel.again, stay=stay)
        if place == "returned":
            self._words.leave(parcel)

    def lose(self, parcel: Parcel, why: Reason, at: Instant) -> None:
        """Where it is nobody knows: it must be scanned in again."""
        self.record("parcel.lost_track", parcel, at, flags=(why,), clock="hub")
        names = parcel.names(self._exits.identifiers)
        self._visits.settle("lost_track", parcel.visit, names, parcel.clock, again=parcel.again)
        self._words.leave(parcel)

    def record(
        self, kind: Kind, parcel: Parcel, at: Instant, *,
        flags: tuple[Reason, ...] = (), assoc: Association | None = None, decision: Decision | None = None,
        act: Act | None = None, clock: Owner | None = None, note: tuple[tuple[str, str | int], ...] = (),
        operator: Operator | None = None,
    ) -> int:  # fmt: skip
        """Tells the world a fact about the parcel, with all that is known of it; returns the record's number."""
        timed = kind in ("parcel.decided", "parcel.diverted", "parcel.departed")
        # A beam's edge is told after its instant, and a decision may have come between: no visit runs backwards.
        at = parcel.told_at = max(at, parcel.told_at)
        dwell = parcel.clock.spans(at) if timed else ()
        if kind == "parcel.arrived":
            self._offline.budget.arrived(self._ledger.wall(at))
        return self._ledger.record(
            Event(
                kind, self._exits.id, parcel.visit, at, self._ledger.wall(at), flags, tuple(parcel.codes),
                parcel.mass, assoc, decision, act, clock, dwell, note, parcel.dims, operator,
            )
        )  # fmt: skip


def act_of(bay: Exit, *, confirmed: bool) -> Act:
    return Act(bay.lane, bay.bay, confirmed)
