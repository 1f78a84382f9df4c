"""Tiers of a rule pack, and the parties that have a say beside customs (clearance contract §5, §8).

A tier is how well a merchant is known. It decides how often a parcel is drawn for a check, and which lane it takes when
nothing stops it; it never spares a parcel the other rules. No rate is 0: a lane that is never checked is an invitation.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from hub_config.finding import Finding, refusal, show
from hub_config.names import LaneId
from hub_config.units import quantity
from hub_config.values import Entry, Lane, entries, name, text, whole

PPM: Final = 1_000_000
MAX_MERCHANTS: Final = 5_000
MAXPARTY_WORDS: Final = 500
STANDARD_TIER: Final = "standard"
"""Of every merchant that no other tier names."""
RELIEF_TIER: Final = "relief"
"""Of parcels declared under the pack's relief reference."""

RatePpm = Annotated[int, whole(1, PPM)]

PARTY: Final = re.compile(r"aviation-security|agency:[a-z0-9-]{1,40}")


def _party(value: str) -> str:
    if not PARTY.fullmatch(value):
        limit = '"aviation-security" or "agency:" and a code of a-z 0-9 -'
        raise refusal(
            Finding((), f"{show(value)} is no party", limit, 'write for example "agency:plant-health"')
        )
    return value


PartyName = Annotated[str, AfterValidator(_party)]
"""Who gives an answer of its own authority, as `basis.authority` and `needs` name it."""


class Tier(Entry):
    id: Annotated[str, name("trusted")]
    rate_ppm: RatePpm
    """Share of its parcels that is drawn for a check."""
    lane: Lane = LaneId("green")
    """Where a parcel of this tier goes that nothing stops; another lane than the free one holds it there."""
    merchants: Annotated[
        tuple[Annotated[str, text(1, 60)], ...], Field(strict=False), entries(0, MAX_MERCHANTS)
    ] = ()
    """Identifiers of the merchants in this tier, as declarations name them."""
    parcels_per_hour: Annotated[int, whole(0, 10**6)] = 0
    """How many are expected in the busiest hour; with the rate it says how many checks that is."""


class DwellTarget(Entry):
    """How long a parcel may take that leaves by this lane (contract §10)."""

    lane: Lane
    dwell_s: Annotated[int, quantity("s", example="3 h", low="1 min", high="240 h")] = Field(alias="dwell")


class Party(Entry):
    """Another authority that must agree before goods of its concern are released."""

    party: PartyName
    words: Annotated[
        tuple[Annotated[str, text(2, 60)], ...], Field(strict=False), entries(0, MAXPARTY_WORDS)
    ] = ()
    """Its concern by words of the goods description; none: every parcel is."""

    def concerns(self, description: str) -> bool:
        told = description.casefold()
        return not self.words or any(word.casefold() in told for word in self.words)


class Findings(Entry):
    """How a finding raises the rates of its merchant and its route, and how clean inspections take that back (§8)."""

    merchant_raise_ppm: RatePpm
    """Added to the rate of every later parcel of the merchant, for each inspection that failed."""
    route_raise_ppm: RatePpm
    """The same for parcels of the route: country of origin and airline."""
    lower_per_pass_ppm: RatePpm
    """Taken away again by each inspection that passed; slower than a finding raises, so that few passes undo none."""
    raised_max_ppm: RatePpm = PPM
    """Of either, at most."""
    inspections_per_hour: Annotated[int, whole(0, 10**6)] = 0
    """What raised rates are expected to ask of the staff, beside what the tiers imply."""


def finding_findings(findings: Findings | None) -> tuple[Finding, ...]:
    """Lowering faster than raising would reward whoever has been caught."""
    if findings is None or findings.lower_per_pass_ppm < min(
        findings.merchant_raise_ppm, findings.route_raise_ppm
    ):
        return ()
    what = f"{findings.lower_per_pass_ppm} is not slow"
    limit = "less than merchant_raise_ppm and route_raise_ppm"
    return (Finding(("findings", "lower_per_pass_ppm"), what, limit, "lower it: clean passes count slowly"),)


STANDARD: Final = Tier(id=STANDARD_TIER, rate_ppm=55_000)
"""Where a pack lists no tiers: the published practice of 5.5 % (contract §8)."""


def tier_findings(tiers: Sequence[Tier], floor_ppm: int, *, relief: bool) -> tuple[Finding, ...]:
    return tuple(_findings(tiers, floor_ppm, relief=relief))


def _findings(tiers: Sequence[Tier], floor_ppm: int, *, relief: bool) -> Iterator[Finding]:
    ids = [tier.id for tier in tiers]
    wanted = (STANDARD_TIER, RELIEF_TIER) if relief else (STANDARD_TIER,)
    for missing in (one for one in wanted if one not in ids):
        limit = "a pack with relief_reference has tiers standard and relief, any other has standard"
        yield Finding(("tiers",), f"there is no tier {missing}", limit, "add [[tiers]] with this id")
    seen: dict[str, str] = {}
    for number, tier in enumerate(tiers):
        if tier.id in ids[:number]:
            yield Finding(
                ("tiers", number, "id"), f"there are two tiers {tier.id}", "each once", "remove one"
            )
        if tier.rate_ppm < floor_ppm:
            limit = f"rate_floor_ppm is {floor_ppm}"
            what = f"{tier.rate_ppm} is too low"
            yield Finding(("tiers", number, "rate_ppm"), what, limit, "raise the rate of this tier")
        for merchant in tier.merchants:
            if merchant in seen:
                what = f"merchant {show(merchant)} is in tier {seen[merchant]} as well"
                todo = "remove it from one of them"
                yield Finding(("tiers", number, "merchants"), what, "one tier for each merchant", todo)
            seen[merchant] = tier.id


def capacity_finding(implied: int, staffed: int) -> Finding | None:
    """Checks that nobody has the hands for are no checks."""
    if implied <= staffed:
        return None
    what = f"the pack implies {implied} inspections an hour"
    limit = f"staffed_inspections_per_hour is {staffed}"
    todo = "lower the rates or the expected parcels, or staff more"
    return Finding(("staffed_inspections_per_hour",), what, limit, todo)
