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
from hub_config.units import quantity
from hub_config.values import Entry, Lane, entries, name, text, whole

MAX_WORDS: Final = 500
MAX_RATES: Final = 64
PPM: Final = 1_000_000

Procedure = Literal["import", "export", "transit"]
"""What a parcel is declared for. In transit no duty falls due, so no value limit applies."""


def _capitals(length: int, example: str) -> AfterValidator:
    def within(value: str) -> str:
        if not (len(value) == length and value.isascii() and value.isalpha() and value.isupper()):
            limit = f"{length} capital letters"
            raise refusal(Finding((), f"{show(value)} is no code", limit, f'write for example "{example}"'))
        return value

    return AfterValidator(within)


class SampleRate(Entry):
    """How many of one lane's and tier's parcels are drawn for inspection."""

    lane: Lane = LaneId("green")
    tier: Annotated[str, name("standard")]
    rate_ppm: Annotated[int, whole(1, PPM)]


class RulePack(Entry):
    """The first, small form: value and mass bands of a free lane. Amounts of money are in the minor unit."""

    id: Annotated[str, name("my-kul-1-2024-01")]
    hub: Annotated[HubId, name("MY-KUL-1")]
    country: Annotated[str, _capitals(2, "MY")]
    valid_from: date
    valid_until: date | None = None
    """Last day; none while the rule has no end."""
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

    sample_floor_ppm: Annotated[int, whole(1, PPM)] = 20
    """No rate is below this; it applies where `sample` names none (contract §8: rates never reach 0)."""
    sample: Annotated[tuple[SampleRate, ...], Field(strict=False), entries(0, MAX_RATES)] = ()

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "RulePack":
        if self.valid_until is not None and self.valid_until < self.valid_from:
            what = f"{self.valid_until.isoformat()} is too early"
            limit = f"not before valid_from, {self.valid_from.isoformat()}"
            raise refusal(Finding(("valid_until",), what, limit, "correct one of the two dates"))
        return self

    def tolerance_mg(self, declared_mg: int) -> int:
        """T of the contract §5 for a declared mass, rounded down: the stricter side."""
        return max(self.mass_tolerance_min_mg, declared_mg * self.mass_tolerance_ppm // PPM)

    def sample_ppm(self, tier: str, lane: str | None = None) -> int:
        """How many of a million parcels of this tier are drawn; of the free lane where none is named."""
        lane = self.free_route if lane is None else lane
        named = [one.rate_ppm for one in self.sample if (one.lane, one.tier) == (lane, tier)]
        return max(self.sample_floor_ppm, *named) if named else self.sample_floor_ppm

    def digest(self) -> str:
        """As decisions carry it in `basis.rule_pack`."""
        return "sha256:" + hashlib.sha256(canonical(self)).hexdigest()


def load_rules(path: str | Path) -> RulePack:
    """Raises ConfigFaults."""
    return read_model(path, RulePack, _no_cross_check)


def _no_cross_check(_: Mapping[str, object]) -> list[Finding]:
    return []
