"""What a scale may be believed (contract §4): its range, its verification and how far off it may be."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub_config.finding import Finding, refusal
from hub_config.units import as_text, quantity
from hub_config.values import Entry, is_absent, text


class Metrology(Entry):
    """What a scale may be believed: range, verification interval, maximum permissible error (contract §4)."""

    regime: Literal["none", "nawi", "mid-awi"]
    """`none` is never legal for duty; `nawi`: OIML R 76; `mid-awi`: MID 2014/32/EU MI-006."""
    accuracy_class: Annotated[str | None, Field(alias="class", max_length=16)] = None
    max_mg: Annotated[int, quantity("mg", example="30 kg", low="1 g", high="10000 kg")] = Field(alias="max")
    min_mg: Annotated[int, quantity("mg", example="100 g", low="0 mg", high="10000 kg")] = Field(alias="min")
    e_mg: Annotated[int, quantity("mg", example="5 g", low="1 mg", high="10 kg")] = Field(alias="e")
    mpe_mg: Annotated[int, quantity("mg", example="5 g", low="1 mg", high="100 kg")] = Field(alias="mpe")
    valid_until: date | None = None
    """Last day of the verification. One that has passed is no fault here: weighings then are not legal."""
    seal: Annotated[str | None, Field(max_length=64)] = None
    cal: Annotated[str, text(1, 64)] | None = Field(default=None, exclude_if=is_absent)
    """Number of its verification certificate."""

    @model_validator(mode="after")
    def _range_is_one(self) -> "Metrology":
        found = []
        top = f"below max, {as_text(self.max_mg, 'mg')}"
        if self.min_mg >= self.max_mg:
            found.append(_too_high("min", self.min_mg, top, "swap or correct min and max"))
        if self.e_mg >= self.max_mg:
            found.append(_too_high("e", self.e_mg, top, "copy e from the plate of the scale"))
        if self.mpe_mg >= self.max_mg:
            found.append(_too_high("mpe", self.mpe_mg, top, "copy mpe from the verification certificate"))
        if found:
            raise refusal(*found)
        return self


def _too_high(key: str, value_mg: int, limit: str, todo: str) -> Finding:
    return Finding((key,), f'"{as_text(value_mg, "mg")}" is too high', limit, todo)
