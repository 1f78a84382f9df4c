"""Dated rule packs: the thresholds of law by which a coordinator decides. They change, so they are data, not code."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from hub_config.finding import Finding, refusal, show
from hub_config.hub import canonical
from hub_config.load import read_model
from hub_config.names import HubId, LaneId
from hub_config.retention import Retention
from hub_config.tiers import (
    PPM,
    STANDARD,
    DwellTarget,
    Findings,
    Party,
    RatePpm,
    Tier,
    capacity_finding,
    finding_findings,
    tier_findings,
)
from hub_config.units import quantity
from hub_config.values import Entry, Lane, entries, is_absent, name, text, whole
from hub_config.zones import zone_name

MAX_WORDS: Final = 500
MAX_TIERS: Final = 16
MAX_PARTIES: Final = 32

Procedure = Literal["import", "export", "transit"]
"""What a parcel is declared for. In transit no duty falls due, so no value limit applies."""


def _capitals(length: int, example: str) -> AfterValidator:
    def within(value: str) -> str:
        if not (len(value) == length and value.isascii() and value.isalpha() and value.isupper()):
            limit = f"{length} capital letters"
            raise refusal(Finding((), f"{show(value)} is no code", limit, f'write for example "{example}"'))
        return value

    return AfterValidator(within)


class RulePack(Entry):
    """Value and mass bands of the free lane, its tiers, and who else has a say. Money is in the minor unit."""

    id: Annotated[str, name("my-kul-1-2024-01")]
    hub: Annotated[HubId, name("MY-KUL-1")]
    country: Annotated[str, _capitals(2, "MY")]
    valid_from: date
    valid_until: date | None = None
    """Last day; none while the rule has no end."""
    time_zone: Annotated[str, zone_name] = "UTC"
    """Of the hub, by its name in the IANA database: its midnight begins and ends a rule's days."""
    currency: Annotated[str, _capitals(3, "MYR")]
    value_max_minor: Annotated[int, whole(0, 10**12)]
    """Highest declared value of the free lane."""
    mass_max_mg: Annotated[int, quantity("mg", example="30 kg", low="1 g", high="10000 kg")] = Field(
        alias="mass_max"
    )
    mass_tolerance_ppm: Annotated[int, whole(0, PPM)]
    """Of the declared mass; the larger of this and the minimum below is the tolerance T of the contract §5."""
    mass_tolerance_min_mg: Annotated[int, quantity("mg", example="20 g", low="0 mg", high="100 kg")] = Field(
        alias="mass_tolerance_min"
    )
    dims_tolerance_ppm: Annotated[int, whole(0, PPM)] | None = Field(default=None, exclude_if=is_absent)
    """Of each declared side, longest with longest; none: declared sides are not compared. The larger of this and the
    minimum below is the tolerance."""
    dims_tolerance_min_um: Annotated[int, quantity("um", example="20 mm", low="0 mm", high="1 m")] | None = (
        Field(default=None, alias="dims_tolerance_min", exclude_if=is_absent)
    )
    decision_valid_s: Annotated[int, quantity("s", example="120 s", low="1 s", high="24 h")] = Field(
        alias="decision_valid"
    )
    """How long a release may be acted on."""
    free_route: Lane = LaneId("green")
    procedures: Annotated[tuple[Procedure, ...], Field(strict=False), entries(1, 3)] = ("import",)
    """Which may take the free lane."""
    relief_reference: Annotated[str, text(2, 60)] | None = None
    """Of the emergency this pack answers: parcels declared under it are relief goods, and go first."""
    prohibited_words: Annotated[
        tuple[Annotated[str, text(2, 60)], ...], Field(strict=False), entries(0, MAX_WORDS)
    ] = ()
    """Words of a goods description that keep a parcel out of the free lane."""
    tiers: Annotated[tuple[Tier, ...], Field(strict=False), entries(1, MAX_TIERS)] = (STANDARD,)
    """By how well a merchant is known: how often its parcels are drawn for a check, and where they go."""
    rate_floor_ppm: RatePpm = 20
    """No tier is drawn more seldom than this (contract §8)."""
    inspections_by_rule_per_hour: Annotated[int, whole(0, 10**6)] = 0
    """Expected beside the drawn ones: values, weights, declarations."""
    staffed_inspections_per_hour: Annotated[int, whole(0, 10**6)] = 0
    """What the staff on duty can do."""
    findings: Findings | None = Field(default=None, exclude_if=is_absent)
    """How rates react to what inspections find; none: they don't."""
    parties: Annotated[tuple[Party, ...], Field(strict=False), entries(0, MAX_PARTIES)] = ()
    """Who besides customs must agree to a release (single window)."""

    dwell_targets: Annotated[tuple[DwellTarget, ...], Field(strict=False), entries(0, MAX_TIERS)] = ()
    """By lane; 3 h where none is named."""
    retention: Retention | None = Field(default=None, exclude_if=is_absent)
    """How long the coordinator keeps what it knows; none: as the contract §12 proposes."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "RulePack":
        if (self.dims_tolerance_ppm is None) != (self.dims_tolerance_min_um is None):
            missing = "dims_tolerance_ppm" if self.dims_tolerance_ppm is None else "dims_tolerance_min"
            what, todo = f"the key {missing} is missing", "write both, or neither"
            raise refusal(Finding((missing,), what, "a tolerance has a share and a minimum", todo))
        if self.valid_until is not None and self.valid_until < self.valid_from:
            what = f"{self.valid_until.isoformat()} is too early"
            limit = f"not before valid_from, {self.valid_from.isoformat()}"
            raise refusal(Finding(("valid_until",), what, limit, "correct one of the two dates"))
        return self

    @model_validator(mode="after")
    def _tiers_fit(self) -> "RulePack":
        found = tier_findings(self.tiers, self.rate_floor_ppm, relief=self.relief_reference is not None)
        found += finding_findings(self.findings)
        if found:
            raise refusal(*found)
        return self

    @model_validator(mode="after")
    def _staff_can_do_it(self) -> "RulePack":
        """A pack that asks for more than the staff can do is not activated (contract §8)."""
        found = capacity_finding(self.inspections_per_hour, self.staffed_inspections_per_hour)
        if found is not None:
            raise refusal(found)
        return self

    @property
    def inspections_per_hour(self) -> int:
        """What the pack implies, rounded up: drawn by tier, by rule, and because of findings."""
        drawn = sum(tier.rate_ppm * tier.parcels_per_hour for tier in self.tiers)
        raised = 0 if self.findings is None else self.findings.inspections_per_hour
        return -(-drawn // PPM) + self.inspections_by_rule_per_hour + raised

    def tier(self, wanted: str) -> Tier:
        """Raises KeyError for a tier that the pack does not have."""
        for tier in self.tiers:
            if tier.id == wanted:
                return tier
        raise KeyError(f"no tier {wanted} in the rule pack {self.id}")

    def tolerance_mg(self, declared_mg: int) -> int:
        """T of the contract §5 for a declared mass, rounded down: the stricter side."""
        return max(self.mass_tolerance_min_mg, declared_mg * self.mass_tolerance_ppm // PPM)

    def tolerance_um(self, declared_um: int) -> int | None:
        """Of one declared side, rounded down; None: sides are not compared."""
        if self.dims_tolerance_ppm is None or self.dims_tolerance_min_um is None:
            return None
        return max(self.dims_tolerance_min_um, declared_um * self.dims_tolerance_ppm // PPM)

    def digest(self) -> str:
        """As decisions carry it in `basis.rule_pack`."""
        return "sha256:" + hashlib.sha256(canonical(self)).hexdigest()


def load_rules(path: str | Path) -> RulePack:
    """Raises ConfigFaults."""
    return read_model(path, RulePack, _no_cross_check)


def _no_cross_check(_: Mapping[str, object]) -> list[Finding]:
    return []
