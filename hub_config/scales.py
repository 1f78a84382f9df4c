"""Scales, one model a kind (scales.md). A bench scale weighs what lies on it; a belt's scale weighs in motion.

Defaults are those of the manuals. How a kind is driven is the driver's business.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub_config.attach import Attach
from hub_config.bench_scale import BenchScaleConfig
from hub_config.finding import refusal
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.record_grammar import FIELDS_MAX, RecordGrammar, Word, once_findings, unit_finding
from hub_config.request_scales import RequestScale
from hub_config.scale_makers import MakersScale
from hub_config.scale_text import ScaleTextConfig
from hub_config.stream_scales import StreamScale
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name, entries


class SicsScaleConfig(BenchScaleConfig):
    """A bench scale that speaks MT-SICS, levels 0 and 1."""

    kind: Literal["mt-sics"] = "mt-sics"
    poll_ms: Annotated[int, quantity("ms", example="100 ms", low="20 ms", high="10 s")] = Field(
        default=100, alias="poll"
    )
    answer_timeout_ms: Annotated[int, quantity("ms", example="500 ms", low="20 ms", high="10 s")] = Field(
        default=500, alias="answer_timeout"
    )


class RecordScaleConfig(RecordGrammar, DeviceEntry):
    """An in-motion scale that sends one delimited text record per item; the grammar of the record is declared here."""

    kind: Literal["record-scale"]
    id: Annotated[DeviceId, device_name("wim-1")]
    attach: Attach
    fields: Annotated[
        tuple[Literal["record", "mass", "unit", "status", "skip"], ...],
        Field(strict=False),
        entries(2, FIELDS_MAX),
    ] = ("record", "mass", "unit", "status")
    unit: Literal["mg", "g", "kg", "t", "lb", "oz"] | None = None
    """Where the record has no field for it."""
    overload: Annotated[tuple[Word, ...], Field(strict=False), entries(0, 16)] = ("OL",)
    underload: Annotated[tuple[Word, ...], Field(strict=False), entries(0, 16)] = ("UL",)
    metrology: Metrology

    @model_validator(mode="after")
    def _record_and_mass_are_there(self) -> "RecordScaleConfig":
        found = once_findings(self.fields, ("record", "mass"))
        unit = unit_finding("unit", "unit", self.fields, self.unit, "g")
        if found or unit is not None:
            raise refusal(*found, *([] if unit is None else [unit]))
        return self


BenchScale = SicsScaleConfig | RequestScale | StreamScale | MakersScale | ScaleTextConfig
BeltScale = RecordScaleConfig
