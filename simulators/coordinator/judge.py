"""The rules of a dated rule pack: from one measured parcel to a verdict (clearance contract §5).

Identity first, then the declaration, then the weight: the first rule that stops the parcel answers. Whatever is in
doubt is held; nothing is released that no rule releases. A rule that an inspection has settled stops nothing again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from drivers.identifiers.choice import identify
from edge.core.decision import REASONS
from hub_config.rules import Procedure, RulePack
from hub_config.tiers import RELIEF_TIER, STANDARD_TIER, Tier
from hub_config.value import value
from simulators.coordinator.declared import Declared, Manifest
from simulators.coordinator.parties import CUSTOMS, owner_of
from simulators.coordinator.stamps import utc_text
from simulators.coordinator.visits import Visit

RELEASED_BY: Final[Mapping[Procedure, str]] = {
    "import": "low-value-air", "export": "export", "transit": "transit-no-duty",
}  # fmt: skip
OWN_TYPES: Final = ("s10", "sscc", "carrier")
"""Which identifier is the parcel's own, best first."""
JOINING_TYPES: Final = (*OWN_TYPES, "gs1dl")
"""Which find its declaration. A bag's or a waybill's number names many parcels."""
DECLARED_MASS: Final = "declared-mass"
DECLARED_DIMS: Final = "declared-dims"
LANE_MASS: Final = "lane-mass"
EDGE_FLAGS: Final = "edge-flags"
LEFT_ONCE: Final = "left-once"
WHOLE_MAX: Final = 2**53 - 1
"""Of any integer on the wire (contract §2)."""
ONE_PLACE: Final = "one-place"
"""The same name was in two places at once; somebody must look at both."""

Data = dict[str, Any]
"""JSON object: `data` of an event or a decision."""


@value
class Verdict:
    action: str
    reasons: tuple[str, ...]
    route: str
    rule: str
    clock: str
    """Owner of the dwell clock from now on."""
    cond: tuple[tuple[str, Any], ...] = ()
    authority: str = CUSTOMS
    needs: tuple[str, ...] = ()
    source: tuple[tuple[str, str], ...] = ()
    """Of the party's own message that it relays."""


def hold(reasons: tuple[str, ...], rule: str, clock: str = "hub") -> Verdict:
    return Verdict("hold", reasons, "hold", rule, clock)


def inspect(reason: str, rule: str) -> Verdict:
    return Verdict("inspect", (reason,), "manual", rule, clock=CUSTOMS)


PROHIBITED: Final = Verdict("refuse", ("prohibited",), "custody", "prohibited-goods", clock=CUSTOMS)
OVER_VALUE: Final = inspect("value_over_lane", "low-value")
FAILED: Final = Verdict("refuse", ("risk_profile",), "custody", "inspection-failed", clock=CUSTOMS)

# What a measurement says ----------------------------------------------------------------------------


def doubts(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What the gateway itself does not trust; a mass that is not legal is for the rules to judge."""
    return tuple(flag for flag in data["flags"] if flag != "mass_not_legal")


def own_code(data: Mapping[str, Any]) -> str | None:
    return next(iter(_best(data)), None)


def identifiers(data: Mapping[str, Any]) -> list[str]:
    return [code["data"] for code in data.get("codes", ()) if code.get("chk") is True]


def in_conflict(data: Mapping[str, Any]) -> bool:
    """Two different identifiers of the rank that would decide: the gateway should have flagged it."""
    return len(_best(data)) > 1


def _best(data: Mapping[str, Any]) -> list[str]:
    """Different identifiers of the best rank; one that other numbers fit as well gives way to a sure one."""
    sure = [code for code in data.get("codes", ()) if code.get("chk") is True]
    if len(sure) == 1:
        return [str(sure[0]["data"])] if sure[0].get("type") in OWN_TYPES else []
    for wanted in OWN_TYPES if sure else ():
        found = list(dict.fromkeys([str(code["data"]) for code in sure if code.get("type") == wanted]))
        if len(found) == 1:
            return found
        if found:
            return [code for code in found if identify(code, None).type == wanted] or found
    return []


@dataclass(frozen=True, slots=True)
class Found:
    """What is declared for a parcel; `several`: its identifiers name different consignments."""

    declared: Declared | None
    several: bool = False


def find(data: Mapping[str, Any], visit: Visit, manifest: Manifest, now_us: int) -> Found:
    """By its own identifier, or by any other on its label; what is filed later does not exist yet."""
    found: Declared | None = None
    names = [own_code(data) or visit.code]
    names += [
        code["data"]
        for code in data.get("codes", ())
        if code.get("type") in JOINING_TYPES and code.get("chk")
    ]
    for name in dict.fromkeys(names):
        declared = None if name is None else manifest.get(name)
        if declared is None or declared.filed_us > now_us:
            continue
        if found is not None and declared != found:
            return Found(found, several=True)
        found = declared
    return Found(found)


def tier_of(declared: Declared | None, pack: RulePack) -> Tier:
    """How well its merchant is known. By this pack, never by what the merchant says of itself."""
    if declared is not None:
        if pack.relief_reference is not None and declared.relief == pack.relief_reference:
            return pack.tier(RELIEF_TIER)
        for tier in pack.tiers:
            if declared.merchant is not None and declared.merchant in tier.merchants:
                return tier
    return pack.tier(STANDARD_TIER)


# The rules ------------------------------------------------------------------------------------------


def identity(data: Mapping[str, Any], visit: Visit) -> Verdict | None:
    """What keeps it from being judged at all."""
    told = doubts(data)
    if told:
        return hold(tuple(flag for flag in told if flag in REASONS) or ("unknown_item",), EDGE_FLAGS)
    if in_conflict(data):
        return hold(("two_labels",), "one-identity")
    if own_code(data) is None:
        return hold(("no_read",), "one-identity")
    if visit.departed:
        return hold(("swap_suspected",), LEFT_ONCE)
    if visit.code is not None and visit.code not in identifiers(data):
        return hold(("swap_suspected",), "one-identity")
    if ONE_PLACE in visit.case:
        return inspect("two_labels", ONE_PLACE)
    if visit.failed:
        return FAILED
    return None


def declaration(
    declared: Declared, pack: RulePack, passed: tuple[str, ...] = (), case: tuple[str, ...] = ()
) -> Verdict | None:
    """The first rule that stops it and that no inspection has settled (`passed`); a settled one hides none behind it.
    What is to be looked at (`case`) for what it is or is worth, no amendment takes out of customs' hands."""
    return next((stop for stop in _stops(declared, pack, case) if stop.rule not in passed), None)


def _stops(declared: Declared, pack: RulePack, case: tuple[str, ...]) -> Iterator[Verdict]:
    words, transit = declared.description.casefold(), declared.procedure == "transit"
    foreign = not transit and declared.currency != pack.currency
    if PROHIBITED.rule in case or any(word.casefold() in words for word in pack.prohibited_words):
        yield PROHIBITED
    if declared.procedure not in pack.procedures:
        yield inspect("decl_incomplete", "procedure")
    if transit and declared.onward in (None, pack.country):
        yield inspect("decl_incomplete", "transit-onward")
    if foreign:
        yield inspect("decl_incomplete", "declared-currency")  # what it is worth here, an inspection settles
    dear = not transit and not foreign and declared.value_minor > pack.value_max_minor
    if OVER_VALUE.rule in case or dear:
        yield OVER_VALUE


def weight(
    data: Mapping[str, Any], declared: Declared, pack: RulePack, visit: Visit
) -> tuple[Verdict | None, list[int]]:
    """What stops it by its mass; else the band in which it must still be when it moves (guard band, contract §5)."""
    mass = data.get("mass")
    if mass is None or "mass_not_legal" in data["flags"]:
        return hold(("mass_not_legal",), "legal-mass"), []
    measured_mg, u_mg = mass["mg"], mass["u_mg"]
    if measured_mg + u_mg > pack.mass_max_mg and LANE_MASS not in visit.passed:
        return inspect("mass_over_lane", LANE_MASS), []
    # Where an inspection has settled what the goods weigh, that is what they weigh.
    expected_mg = measured_mg if DECLARED_MASS in visit.passed else declared.mass_mg
    tolerance_mg = pack.tolerance_mg(expected_mg)
    most_mg = WHOLE_MAX if LANE_MASS in visit.passed else pack.mass_max_mg
    band = [max(0, expected_mg - tolerance_mg), min(most_mg, expected_mg + tolerance_mg)]
    off_mg = abs(measured_mg - expected_mg)
    if off_mg - u_mg > tolerance_mg:
        return inspect("mass_mismatch", DECLARED_MASS), []
    if off_mg + u_mg > tolerance_mg and DECLARED_MASS not in visit.passed:
        if visit.reweighed:
            return inspect("mass_inconclusive", DECLARED_MASS), []
        return Verdict("reweigh", ("mass_inconclusive",), "hold", DECLARED_MASS, clock="hub"), []
    return None, band


@dataclass(frozen=True, slots=True)
class Bands:
    """What a parcel must still measure when it moves; `sides_um`: the longest first, None: not compared."""

    mass_mg: list[int]
    sides_um: list[list[int]] | None


def release(
    data: Mapping[str, Any], declared: Declared, pack: RulePack, tier: Tier, bands: Bands,
    needs: tuple[str, ...], until_us: int,
) -> Verdict:  # fmt: skip
    """Nothing stops it. Not effective while a party has not answered (`needs`), and not after `until_us`."""
    if tier.lane != pack.free_route:
        return Verdict("inspect", ("risk_profile",), tier.lane, "tier-lane", clock=CUSTOMS)
    sizes = () if bands.sides_um is None else (("dims_um", bands.sides_um),)
    cond = (("code", own_code(data)), ("mass_mg", bands.mass_mg), *sizes, ("not_after", utc_text(until_us)))
    clock = owner_of(needs[0]) if needs else "hub"
    rule = RELEASED_BY[declared.procedure]
    return Verdict("release", (), pack.free_route, rule, clock=clock, cond=cond, needs=needs)
