"""The clearance desk: from one measured parcel to one decision, by the rule pack in force (clearance contract §5).

Pure: time, entropy and the book of visits are given, so a whole hub with its coordinator runs in simulated time.
It answers `parcel.measured` only; of other events it notes what a later answer depends on. What customs and every other
party say of a parcel resolves to the strictest word, which is the answer (`judge.py` has the rules, `parties.py` the
others). A parcel that comes back under a new id is recognised and answered under its older visit (contract §1).
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, cast

from edge.core.decision import Action, stricter
from hub_config.rule_book import RuleBook
from hub_config.rules import RulePack
from hub_config.tiers import STANDARD_TIER
from simulators.coordinator.declared import Declared, Manifest
from simulators.coordinator.judge import (
    DECLARED_DIMS,
    FAILED,
    LEFT_ONCE,
    ONE_PLACE,
    WHOLE_MAX,
    Bands,
    Data,
    Found,
    Verdict,
    declaration,
    find,
    hold,
    identity,
    in_conflict,
    inspect,
    own_code,
    release,
    tier_of,
    weight,
)
from simulators.coordinator.parties import (
    CUSTOMS,
    PartyAnswer,
    concerned,
    outstanding,
    owner_of,
    strictest,
)
from simulators.coordinator.random_checks import RandomChecks, checked, served
from simulators.coordinator.risks import failed_by, react
from simulators.coordinator.sampling import DerivedSeeds, Sampler
from simulators.coordinator.sizes import sides_fit, sides_wanted
from simulators.coordinator.stamps import utc_text, uuid7
from simulators.coordinator.visits import Visit, VisitBook
from simulators.coordinator.well_formed import JOINS
from simulators.coordinator.whereabouts import is_answered, noted, recognised, visit_of

PROMISE_US: Final = 10_800 * 1_000_000
"""Default dwell target of the contract §10."""
HOLD_VALID_S: Final = 120
"""Of a decision that no rule pack dates."""
NOTED: Final = (
    "parcel.arrived", "parcel.identified", "parcel.diverted", "parcel.departed", "parcel.lost_track",
    "parcel.inspected", "visit.joined", "visit.split",
)  # fmt: skip
"""Kinds that a later answer may depend on, besides the measurement itself."""
CASES: Final = ("inspect", "screen", "refuse")
"""Actions that open a case: somebody must look, and say what was found."""


class Desk:
    """`entropy` makes the decision ids; the same entropy and questions give the same ids."""

    def __init__(
        self,
        rules: RulePack | RuleBook,
        manifest: Manifest,
        hub: str,
        mode: str,
        entropy: bytes,
        sampler: Sampler | None = None,
    ) -> None:
        """`sampler`: None derives the seeds of the random checks from `entropy`."""
        self._rules = rules if isinstance(rules, RuleBook) else RuleBook((rules,))
        self._manifest = manifest
        self._hub = hub
        self._mode = mode
        self._entropy = entropy
        self._checks = RandomChecks(sampler or Sampler(DerivedSeeds(entropy)))

    # Events -----------------------------------------------------------------------------------------

    def answer(
        self, data: Data, event_id: str, now_us: int, book: VisitBook, quarantined: bool = False
    ) -> Data | None:
        """Unsigned `data` of the decision, or None where the event asks for none.

        A repeated event gets the decision it got before. `quarantined`: the gateway's word supports holds only.
        """
        if data["visit"] is None:
            return None
        if data["kind"] != "parcel.measured":
            if data["kind"] in NOTED:
                self._note(data, event_id, now_us, book, believed=not (quarantined and _frees(data)))
            return None
        known = book.decision(event_id)
        if known is not None:
            return known
        visit = visit_of(data, book)
        if is_answered(data, visit, book):
            return None
        book.note(event_id, data)
        declared = self._found(data, visit, now_us).declared
        older, twice = recognised(data, visit, "" if declared is None else declared.consignment, book)
        if twice is not None:
            self._stop_twin(twice, inspect("two_labels", ONE_PLACE), now_us, book)
        return self._decide(
            data, event_id, older, now_us, book, quarantined=quarantined, twice=twice is not None
        )

    def _note(self, data: Data, event_id: str, now_us: int, book: VisitBook, *, believed: bool) -> None:
        """Not believed it changes nothing but rates, which whoever has the log makes again from every inspection."""
        visit = visit_of(data, book)
        after = noted(data, visit, book) if believed else visit
        if after is not visit:
            book.put(after)
        if data["kind"] == "parcel.departed":
            self._recall_twins(after, now_us, book)
        if data["kind"] == "parcel.inspected":
            if believed:
                served(after, book)
            react(data, event_id, self._found(data, after, now_us).declared, self._rules, book)

    def reconsider(
        self, data: Data, event_id: str, now_us: int, book: VisitBook, quarantined: bool = False
    ) -> Data | None:
        """A new decision on an old measurement, because what was missing has come; None for a visit not known."""
        visit = book.visit(book.root(data["visit"]))
        if visit is None:
            return None
        return self._decide(data, event_id, visit, now_us, book, quarantined=quarantined)

    def hear(
        self, answer: PartyAnswer, now_us: int, book: VisitBook, quarantined: Container[str] = ()
    ) -> list[Data]:
        """A party's answer: a decision of its own authority on the parcel that it is about, if that is here, and where
        customs' word changes by it, theirs. By itself a party frees nothing: its release still needs customs'. A stop
        is of every parcel of the consignment; of one that has left its gateway raises a recall (contract §5).
        `quarantined`: gateways whose word supports holds only."""
        if answer in book.answers(answer.consignment):
            return []  # it comes again
        book.hear(answer, now_us)
        stops, latest = answer.action != "release", book.consigned(answer.consignment)
        return [
            decision
            for visit in (book.bearers(answer.consignment) if stops else [latest])
            if visit is not None
            for decision in self._tell(answer, visit, now_us, book, quarantined)
        ]

    def _tell(
        self, answer: PartyAnswer, visit: Visit, now_us: int, book: VisitBook, quarantined: Container[str]
    ) -> list[Data]:
        if visit.measured is None or (visit.departed and answer.action == "release"):
            return []
        data = book.event(visit.measured)
        if data is None:
            return []
        told = _relayed(answer, waits_for=(CUSTOMS,))
        first = self._issue(data, visit.measured, visit, told, self._found(data, visit, now_us), now_us, book)
        if answer.action != "release":
            return [first]
        visit, doubtful = book.visit(visit.id) or visit, data["gw"] in quarantined
        ours = self._decide(data, first["for"], visit, now_us, book, quarantined=doubtful)
        return [first, ours]

    def _recall_twins(self, gone: Visit, now_us: int, book: VisitBook) -> None:
        """A consignment leaves once: what bears its name as well is released no more."""
        for twin in book.bearers(gone.consignment or ""):
            told = None if twin.departed or twin.measured is None else book.decision(twin.measured)
            if told is not None and told["action"] == "release":
                self._stop_twin(twin, hold(("swap_suspected",), LEFT_ONCE), now_us, book)

    def _stop_twin(self, twin: Visit, verdict: Verdict, now_us: int, book: VisitBook) -> None:
        """The same name in two places at once: which of them is the declared parcel, nobody knows."""
        data = None if twin.measured is None else book.event(twin.measured)
        if data is not None and twin.measured is not None:
            self._issue(data, twin.measured, twin, verdict, self._found(data, twin, now_us), now_us, book)

    # Deciding ---------------------------------------------------------------------------------------

    def _decide(
        self, data: Data, event_id: str, visit: Visit, now_us: int, book: VisitBook, *,
        quarantined: bool = False, twice: bool = False,
    ) -> Data:  # fmt: skip
        found = self._found(data, visit, now_us)
        if quarantined:
            verdict = hold(("tamper",), "quarantine")
        elif twice:
            verdict = inspect("two_labels", ONE_PLACE)
        else:
            verdict = self._judge(data, visit, found, now_us, book)
        pack = self._rules.in_force(now_us)
        verdict = checked(verdict, self._checks.draw(data, visit, found.declared, pack, now_us, book))
        return self._issue(data, event_id, visit, verdict, found, now_us, book)

    def _found(self, data: Mapping[str, Any], visit: Visit, now_us: int) -> Found:
        return find(data, visit, self._manifest, now_us)

    def _judge(
        self, data: Mapping[str, Any], visit: Visit, found: Found, now_us: int, book: VisitBook
    ) -> Verdict:
        """Customs' verdict, or a party's that is stricter."""
        stop = identity(data, visit)
        if stop is not None:
            return stop
        names, consignment = [own_code(data) or ""], ""
        if found.declared is not None:
            names, consignment = [*names, *found.declared.identifiers], found.declared.consignment
        if any(book.departed(name, consignment) not in (None, visit.id) for name in dict.fromkeys(names)):
            return hold(("swap_suspected",), LEFT_ONCE)
        if any(book.failed(name, consignment) for name in dict.fromkeys(names)):
            return FAILED
        if found.several:
            return hold(("two_labels",), "one-declaration")
        declared, pack = found.declared, self._rules.in_force(now_us)
        if declared is None:
            return hold(("no_declaration",), "declared", clock="merchant")
        if pack is None:
            return hold(("offline_default",), "rule-pack-dates")
        answers = book.answers(declared.consignment)
        ours = self._customs(data, visit, declared, pack, answers, now_us)
        theirs = strictest(answers)
        if theirs is not None and stricter(theirs.action, cast(Action, ours.action)):
            return _relayed(theirs)
        return ours

    def _customs(
        self, data: Mapping[str, Any], visit: Visit, declared: Declared, pack: RulePack,
        answers: Sequence[PartyAnswer], now_us: int,
    ) -> Verdict:  # fmt: skip
        """Rules first; what nothing stops is the business of its tier, with its rate of checks and its lane."""
        stop = declaration(declared, pack, visit.passed, visit.case)
        if stop is not None:
            return stop
        stop, band = weight(data, declared, pack, visit)
        if stop is not None:
            return stop
        sides = None if DECLARED_DIMS in visit.passed else sides_wanted(declared.dims_um, pack)
        if sides is not None and not sides_fit(sides, data.get("dims")):
            return inspect("dims_mismatch", DECLARED_DIMS)
        tier = tier_of(declared, pack)
        needs = outstanding(concerned(declared, pack), answers)
        until_us = self._until_us(pack, now_us)
        return release(data, declared, pack, tier, Bands(band, sides), needs, until_us)

    def _until_us(self, pack: RulePack, now_us: int) -> int:
        """How long a release may be acted on: not past the days of its rule pack."""
        return min(now_us + pack.decision_valid_s * 1_000_000, self._rules.until_us(now_us))

    # Writing it down --------------------------------------------------------------------------------

    def _issue(
        self, data: Data, event_id: str, visit: Visit, verdict: Verdict, found: Found, now_us: int, book: VisitBook
    ) -> Data:  # fmt: skip
        declared = found.declared
        decision = self._decision(data, event_id, visit, verdict, declared, now_us, book)
        code = None if in_conflict(data) else own_code(data)
        opens = verdict.action in CASES and verdict.rule not in visit.case
        book.put(
            replace(
                visit,
                code=code or visit.code,
                decided=visit.decided + 1,
                last_dec=decision["dec"],
                reweighed=visit.reweighed or verdict.action == "reweigh",
                measured=event_id,
                gw=data["gw"],
                epoch=data.get("epoch", 0),
                case=(*visit.case, verdict.rule) if opens else visit.case,
                consignment=visit.consignment if declared is None else declared.consignment,
                tier=decision["basis"]["tier"],
            )
        )
        book.keep(event_id, decision)
        return decision

    def _decision(
        self, data: Mapping[str, Any], event_id: str, visit: Visit, verdict: Verdict, declared: Declared | None,
        now_us: int, book: VisitBook,
    ) -> Data:  # fmt: skip
        pack = self._rules.in_force(now_us)
        until_us = now_us + (HOLD_VALID_S if pack is None else pack.decision_valid_s) * 1_000_000
        if pack is not None and verdict.action == "release":
            until_us = self._until_us(pack, now_us)
        asked = data["visit"]
        was = None if asked == visit.id or book.is_told(asked) else asked
        seq = visit.decided + 1
        noise = sha256(self._entropy + f"{event_id} {seq}".encode()).digest()
        basis: Data = {
            "authority": verdict.authority,
            "rule": verdict.rule,
            "rule_pack": None if pack is None else self._rules.digests[pack.id],
            "tier": STANDARD_TIER if pack is None else tier_of(declared, pack).id,
        }
        if declared is not None and declared.consignment:
            basis["declaration"] = declared.consignment
        draw = book.draw(visit.id)
        if draw is not None:
            basis["sample"] = draw.told()
        if verdict.source:
            basis["source"] = dict(verdict.source)
        return {
            "v": 1,
            "hub": self._hub,
            "gw": data["gw"],
            "mode": self._mode,
            "dec": uuid7(now_us, noise),
            "dec_seq": seq,
            "visit": visit.id,
            "was": was,
            "for": event_id,
            "supersedes": visit.last_dec,
            "action": verdict.action,
            "reasons": list(verdict.reasons),
            "route": verdict.route,
            "basis": basis,
            "cond": dict(verdict.cond),
            "needs": list(verdict.needs),
            "valid_from": utc_text(now_us),
            "valid_until": utc_text(until_us),
            "clock": verdict.clock,
            "slack_us": max(-WHOLE_MAX, min(WHOLE_MAX, _due_us(visit, declared, now_us) - now_us)),
        }


def _relayed(answer: PartyAnswer, waits_for: tuple[str, ...] = ()) -> Verdict:
    """A party's word as a decision of its own authority."""
    stops = answer.action != "release"
    return Verdict(
        action=answer.action, reasons=answer.reasons, route=answer.route, rule="party-answer",
        clock=owner_of(answer.party) if stops else "hub", authority=answer.party,
        needs=() if stops else waits_for, source=answer.source,
    )  # fmt: skip


def _frees(data: Mapping[str, Any]) -> bool:
    """What could let a parcel go on: not on the word of a gateway in quarantine."""
    return data["kind"] in JOINS or (data["kind"] == "parcel.inspected" and failed_by(data) is not True)


def _due_us(visit: Visit, declared: Declared | None, now_us: int) -> int:
    """The dwell target, or a flight that leaves sooner and is not missed yet."""
    due_us = visit.opened_us + PROMISE_US
    cutoff_us = None if declared is None else declared.cutoff_us
    return due_us if cutoff_us is None or cutoff_us < now_us else min(due_us, cutoff_us)
