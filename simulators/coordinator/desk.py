"""The clearance desk: from one measured parcel to one decision, by a dated rule pack (clearance contract §5).

Pure: time, entropy and the book of visits are given, so a whole hub with its coordinator runs in simulated time.
It answers `parcel.measured` only; of other events it notes what a later answer depends on. The first, small set of
rules: identity, declaration, prohibited goods, value, mass limit and the guard band for weight against declaration.
Whatever is in doubt is held; nothing is released that no rule releases.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from edge.core.decision import REASONS
from edge.core.priority import RELIEF
from hub_config.rules import Procedure, RulePack
from simulators.coordinator.sampling import DerivedSeeds, Draw, Over, Sampler
from simulators.coordinator.visits import Visit, VisitBook

PROMISE_US: Final = 10_800 * 1_000_000
"""Default dwell target of the contract §10."""
AUTHORITY: Final = "customs"
TIER: Final = "standard"
RELEASED_BY: Final[Mapping[Procedure, str]] = {
    "import": "low-value-air", "export": "export", "transit": "transit-no-duty",
}  # fmt: skip
OWN_TYPES: Final = ("s10", "sscc")
"""Which identifier is the parcel's own, best first."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Data = dict[str, Any]
"""JSON object: `data` of an event or a decision."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One parcel as its merchant declared it."""

    mass_mg: int
    value_minor: int
    currency: str
    description: str
    procedure: Procedure = "import"
    onward: str | None = None
    """Country of destination, in transit."""
    relief: str | None = None
    """Reference of the emergency that it is sent for."""
    cutoff_us: int | None = None
    """UTC µs: the last moment at which its flight takes it."""
    filed_us: int = 0
    """UTC µs at which the declaration came in; until then it does not exist."""
    consignment: str | None = None
    """Its name in the declaration, over which the draw is made; None: the parcel's own code."""


@dataclass(frozen=True, slots=True)
class Verdict:
    action: str
    reasons: tuple[str, ...]
    route: str
    rule: str
    clock: str
    """Owner of the dwell clock from now on."""
    cond: tuple[tuple[str, Any], ...] = ()


class Desk:
    """`entropy` makes the decision ids; the same entropy and questions give the same ids."""

    def __init__(
        self,
        rules: RulePack,
        manifest: Mapping[str, Declared],
        hub: str,
        mode: str,
        entropy: bytes,
        sampler: Sampler | None = None,
    ) -> None:
        """`sampler`: None derives the seeds of the random checks from `entropy`."""
        self._rules = rules
        self._rule_pack = rules.digest()
        self._manifest = manifest
        self._hub = hub
        self._mode = mode
        self._entropy = entropy
        self._sampler = sampler or Sampler(DerivedSeeds(entropy))
        self._count = 0

    def answer(
        self, data: Mapping[str, Any], event_id: str, now_us: int, book: VisitBook, quarantined: bool = False
    ) -> Data | None:
        """Unsigned `data` of the decision, or None where the event asks for none.

        A repeated event gets the decision it got before. `quarantined`: the gateway's word supports holds only.
        """
        if data["visit"] is None:
            return None
        known = book.decision(event_id)
        if known is not None:
            return known
        visit = book.visit(data["visit"]) or Visit(data["visit"], opened_us=parse_utc(data["t"]))
        if data["kind"] != "parcel.measured":
            book.put(replace(visit, departed=visit.departed or data["kind"] == "parcel.departed"))
            if data["kind"] == "parcel.inspected":
                _note_inspected(visit, book)
            return None
        return self._decide(data, event_id, visit, now_us, book, quarantined=quarantined)

    def reconsider(self, data: Mapping[str, Any], event_id: str, now_us: int, book: VisitBook) -> Data | None:
        """A new decision on an old measurement, because what was missing has come; None for a visit not known."""
        visit = book.visit(data["visit"])
        return None if visit is None else self._decide(data, event_id, visit, now_us, book)

    def _decide(
        self, data: Mapping[str, Any], event_id: str, visit: Visit, now_us: int, book: VisitBook, *,
        quarantined: bool = False,
    ) -> Data:  # fmt: skip
        code = _own_code(data)
        verdict = (
            _hold(("tamper",), "quarantine") if quarantined else self._judge(data, code, visit, now_us, book)
        )
        declared = self._declared(code or visit.code, now_us)
        draw = self._draw(code, visit, declared, now_us, book)
        if draw is not None and draw.due and verdict.action in ("release", "reweigh"):
            verdict = _inspect("sampled", "random-check")
        decision = self._decision(data, event_id, visit, verdict, now_us)
        if draw is not None:
            decision["basis"]["sample"] = draw.told()
        book.put(
            replace(
                visit,
                code=code or visit.code,
                decided=visit.decided + 1,
                last_dec=decision["dec"],
                reweighed=visit.reweighed or verdict.action == "reweigh",
            )
        )
        book.keep(event_id, decision)
        return decision

    def _judge(
        self, data: Mapping[str, Any], code: str | None, visit: Visit, now_us: int, book: VisitBook
    ) -> Verdict:
        """Identity first, then the declaration, then the weight: the first rule that stops the parcel answers."""
        doubts = tuple(flag for flag in data["flags"] if flag != "mass_not_legal")
        if doubts:
            return _hold(tuple(flag for flag in doubts if flag in REASONS) or ("unknown_item",), "edge-flags")
        if _conflict(data):
            return _hold(("two_labels",), "one-identity")
        if code is None:
            return _hold(("no_read",), "one-identity")
        if book.departed(code) not in (None, visit.id) or visit.departed:
            return _hold(("swap_suspected",), "left-once")
        if visit.code is not None and visit.code not in _identifiers(data):
            return _hold(("swap_suspected",), "one-identity")
        declared = self._declared(code, now_us)
        if declared is None:
            return _hold(("no_declaration",), "declared", clock="merchant")
        if not self._in_force(now_us):
            return _hold(("offline_default",), "rule-pack-dates")
        return self._declaration(declared) or self._weight(data, code, declared, visit, now_us)

    def _draw(
        self, code: str | None, visit: Visit, declared: Declared | None, now_us: int, book: VisitBook
    ) -> Draw | None:
        """Made once, at the first measurement under a code, and the same ever after (contract §8); None without one."""
        code = code or visit.code
        if code is None:
            return None
        consignment = declared.consignment or code if declared is not None else None
        names = tuple(dict.fromkeys(name for name in (visit.id, code, consignment) if name is not None))
        known = [draw for draw in map(book.draw, names) if draw is not None]
        if known:
            draw = next((one for one in known if one.due), known[0])
        else:
            day, rate_ppm = utc_text(now_us)[:10], self._rules.sample_ppm(self._tier(declared))
            over: Over = "visit" if consignment is None else "consignment"
            draw = self._sampler.draw(over, consignment or visit.id, day, rate_ppm)
        for name in names:
            book.put_draw(name, draw)
        return draw

    def _declared(self, code: str | None, now_us: int) -> Declared | None:
        declared = None if code is None else self._manifest.get(code)
        return declared if declared is not None and declared.filed_us <= now_us else None

    def _declaration(self, declared: Declared) -> Verdict | None:
        words = declared.description.casefold()
        if any(word.casefold() in words for word in self._rules.prohibited_words):
            return Verdict("refuse", ("prohibited",), "custody", "prohibited-goods", clock=AUTHORITY)
        if declared.procedure not in self._rules.procedures:
            return _inspect("decl_incomplete", "procedure")
        if declared.procedure == "transit":
            leaves = declared.onward not in (None, self._rules.country)
            return None if leaves else _inspect("decl_incomplete", "transit-onward")
        if declared.currency != self._rules.currency:
            return _inspect("decl_incomplete", "declared-currency")
        if declared.value_minor > self._rules.value_max_minor:
            return _inspect("value_over_lane", "low-value")
        return None

    def _weight(
        self, data: Mapping[str, Any], code: str, declared: Declared, visit: Visit, now_us: int
    ) -> Verdict:
        mass = data.get("mass")
        if mass is None or "mass_not_legal" in data["flags"]:
            return _hold(("mass_not_legal",), "legal-mass")
        measured_mg, u_mg = mass["mg"], mass["u_mg"]
        if measured_mg + u_mg > self._rules.mass_max_mg:
            return _inspect("mass_over_lane", "lane-mass")
        tolerance_mg = self._rules.tolerance_mg(declared.mass_mg)
        off_mg = abs(measured_mg - declared.mass_mg)
        if off_mg - u_mg > tolerance_mg:
            return _inspect("mass_mismatch", "declared-mass")
        if off_mg + u_mg > tolerance_mg:
            if visit.reweighed:
                return _inspect("mass_inconclusive", "declared-mass")
            return Verdict("reweigh", ("mass_inconclusive",), "hold", "declared-mass", clock="hub")
        band = [max(0, declared.mass_mg - tolerance_mg), declared.mass_mg + tolerance_mg]
        until = utc_text(now_us + self._rules.decision_valid_s * 1_000_000)
        cond = (("code", code), ("mass_mg", band), ("not_after", until))
        rule = RELEASED_BY[declared.procedure]
        return Verdict("release", (), self._rules.free_route, rule, clock="hub", cond=cond)

    def _tier(self, declared: Declared | None) -> str:
        relief = self._rules.relief_reference
        return RELIEF if declared and relief and declared.relief == relief else TIER

    def _in_force(self, now_us: int) -> bool:
        return in_force(self._rules, now_us)

    def _decision(
        self, data: Mapping[str, Any], event_id: str, visit: Visit, verdict: Verdict, now_us: int
    ) -> Data:
        declared = self._declared(_own_code(data) or visit.code, now_us)
        self._count += 1
        noise = sha256(self._entropy + self._count.to_bytes(8, "big")).digest()
        return {
            "v": 1,
            "hub": self._hub,
            "gw": data["gw"],
            "mode": self._mode,
            "dec": uuid7(now_us, noise),
            "dec_seq": visit.decided + 1,
            "visit": visit.id,
            "was": None,
            "for": event_id,
            "supersedes": visit.last_dec,
            "action": verdict.action,
            "reasons": list(verdict.reasons),
            "route": verdict.route,
            "basis": {
                "authority": AUTHORITY,
                "rule": verdict.rule,
                "rule_pack": self._rule_pack,
                "tier": self._tier(declared),
            },
            "cond": dict(verdict.cond),
            "needs": [],
            "valid_from": utc_text(now_us),
            "valid_until": utc_text(now_us + self._rules.decision_valid_s * 1_000_000),
            "clock": verdict.clock,
            "slack_us": _due_us(visit, declared, now_us) - now_us,
        }


def _note_inspected(visit: Visit, book: VisitBook) -> None:
    """The draw has been served: what is decided from now on is decided on the parcel."""
    for name in (visit.id, visit.code):
        draw = None if name is None else book.draw(name)
        if name is not None and draw is not None:
            book.put_draw(name, replace(draw, inspected=True))


def _due_us(visit: Visit, declared: Declared | None, now_us: int) -> int:
    """The dwell target, or a flight that leaves sooner and is not missed yet."""
    due_us = visit.opened_us + PROMISE_US
    cutoff_us = None if declared is None else declared.cutoff_us
    return due_us if cutoff_us is None or cutoff_us < now_us else min(due_us, cutoff_us)


def in_force(rules: RulePack, now_us: int) -> bool:
    """By the UTC date; the hub's own midnight may be hours away, so packs should overlap by a day."""
    today = date(1970, 1, 1) + timedelta(microseconds=now_us)
    return rules.valid_from <= today and (rules.valid_until is None or today <= rules.valid_until)


def _own_code(data: Mapping[str, Any]) -> str | None:
    for wanted in OWN_TYPES:
        for code in data.get("codes", ()):
            if code.get("type") == wanted and code.get("chk") is True:
                return str(code["data"])
    return None


def _identifiers(data: Mapping[str, Any]) -> list[str]:
    return [code["data"] for code in data.get("codes", ()) if code.get("chk") is True]


def _conflict(data: Mapping[str, Any]) -> bool:
    """Two different identifiers of the rank that would decide: the gateway should have flagged it."""
    for wanted in OWN_TYPES:
        found = {
            code["data"]
            for code in data.get("codes", ())
            if code.get("type") == wanted and code.get("chk") is True
        }
        if found:
            return len(found) > 1
    return False


def _hold(reasons: tuple[str, ...], rule: str, clock: str = "hub") -> Verdict:
    return Verdict("hold", reasons, "hold", rule, clock)


def _inspect(reason: str, rule: str) -> Verdict:
    return Verdict("inspect", (reason,), "manual", rule, clock=AUTHORITY)


def utc_text(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_utc(text: str) -> int:
    """Microseconds since 1970 of a time as the contract writes it."""
    passed = datetime.fromisoformat(text) - _EPOCH
    return passed // timedelta(microseconds=1)


def uuid7(now_us: int, noise: bytes) -> str:
    """RFC 9562 §5.7 from a time and 10 bytes of noise."""
    number = (now_us // 1000 & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(noise[:10], "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
