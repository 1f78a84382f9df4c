"""How often parcels of a merchant and of a route are drawn, after what inspections have found (clearance contract §8).

A finding raises the rate of everything its merchant and its route send from then on, a clean inspection takes a little
of that away again; never below the rate of the tier. The rule pack that was in force when the inspection took place
says by how much. Every draw states what was added and the inspection that was counted last, under a pseudonym, so that
whoever has the log makes every rate again (`hub audit sampling --rules`) and nobody reads in it who sends what.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

from hub_config.rule_book import RuleBook
from hub_config.rules import RulePack
from hub_config.tiers import Findings
from simulators.coordinator.declared import Declared
from simulators.coordinator.judge import tier_of
from simulators.coordinator.sampling import Raised, Rate
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import VisitBook

PSEUDONYM_CHARS: Final = 16
AIRLINE_DIGITS: Final = 3
"""Of a master air waybill: whose flight it is."""


def rate_of(declared: Declared | None, pack: RulePack, book: VisitBook) -> Rate:
    base_ppm = max(pack.rate_floor_ppm, tier_of(declared, pack).rate_ppm)
    if pack.findings is None:
        return Rate(base_ppm)
    known = (
        book.raised(subject) or Raised(subject, 0, None) for subject in subjects(declared, book.subject_key)
    )
    return Rate(base_ppm, tuple(known))


def react(
    data: Mapping[str, Any], event_id: str, declared: Declared | None, rules: RuleBook, book: VisitBook
) -> None:
    """After `parcel.inspected`."""
    pack, failed = rules.in_force(parse_utc(data["t"])), failed_by(data)
    if pack is None or pack.findings is None or failed is None:
        return
    for subject in subjects(declared, book.subject_key):
        before = book.raised(subject)
        ppm = 0 if before is None else before.ppm
        book.put_raised(Raised(subject, weighed(subject, ppm, pack.findings, failed=failed), event_id))


def failed_by(data: Mapping[str, Any]) -> bool | None:
    """What an inspection found; None where it says neither."""
    note = data.get("note")
    outcome = note.get("outcome") if isinstance(note, dict) else None
    return {"passed": False, "failed": True}.get(outcome) if isinstance(outcome, str) else None


def weighed(subject: str, ppm: int, findings: Findings, *, failed: bool) -> int:
    """What is added to the rate of this merchant or route after one more inspection."""
    if not failed:
        return max(0, ppm - findings.lower_per_pass_ppm)
    merchant = subject.startswith("merchant:")
    step_ppm = findings.merchant_raise_ppm if merchant else findings.route_raise_ppm
    return min(findings.raised_max_ppm, ppm + step_ppm)


def subjects(declared: Declared | None, key: bytes) -> tuple[str, ...]:
    """Merchant and route of a consignment, as far as it declares them."""
    if declared is None:
        return ()
    airline = (declared.mawb or "")[:AIRLINE_DIGITS]
    route = f"{declared.origin or ''}/{airline}"
    told = (("merchant", declared.merchant or ""), ("route", "" if route == "/" else route))
    return tuple(f"{kind}:{_pseudonym(key, kind, name)}" for kind, name in told if name)


def _pseudonym(key: bytes, kind: str, name: str) -> str:
    digest = hmac.digest(key, f"{kind}\0{name}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode()[:PSEUDONYM_CHARS]
