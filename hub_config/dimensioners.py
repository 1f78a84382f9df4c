"""Devices that measure length, width and height, one model a kind (dimensioners.md §1–§4).

A record of such a device may carry the weight too (dimension, weigh, scan): then it says so by its `metrology`, and may
stand for the line's scale as well.
"""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import Attach
from hub_config.declared_check import CheckOf8Bits, CheckRule, check_rule, text_check_findings
from hub_config.external import place_kind
from hub_config.finding import Finding, refusal
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.record_grammar import FIELDS_MAX, RecordGrammar, Word, once_findings, unit_finding
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name, entries, is_absent, text

LengthUnit = Literal["mm", "cm", "m", "in"]
MassUnit = Literal["mg", "g", "kg", "t", "lb", "oz"]


class Dimensioner(DeviceEntry):
    """What is said of every kind."""

    id: Annotated[DeviceId, device_name("dim-1")]
    attach: Attach
    u_um: Annotated[int, quantity("um", example="5 mm", low="0 mm", high="200 mm")] = Field(alias="u")
    """Expanded uncertainty (k=2) of each side, from its certificate or data sheet."""
    valid_until: date | None = None
    """Last day of its calibration. What it measures after that is told of no parcel."""
    cal: Annotated[str, text(1, 64)] | None = None
    """Number of its calibration certificate."""
    metrology: Metrology | None = None
    """Of the scale inside it; none: its weights, if it sends any, are left alone."""


class RecordDimensionerConfig(RecordGrammar, Dimensioner):
    """A dimensioner that sends one delimited text record per item; the grammar of the record is declared here."""

    kind: Literal["record-dimensioner"]
    fields: Annotated[
        tuple[
            Literal["record", "length", "width", "height", "unit", "status", "mass", "mass_unit", "skip"], ...
        ],
        Field(strict=False),
        entries(3, FIELDS_MAX),
    ] = ("record", "length", "width", "height", "unit", "status")
    unit: LengthUnit | None = None
    """Where the record has no field for it."""
    mass_unit: MassUnit | None = None
    decimal: Literal[".", ","] = "."
    none: Annotated[tuple[Annotated[str, Field(max_length=16)], ...], Field(strict=False), entries(0, 16)] = (
        "", "-1", "NaN", "ERR", "----",
    )  # fmt: skip
    """Fields that say: not measured. So does a length of nothing but zeros."""
    irregular: Annotated[tuple[Word, ...], Field(strict=False), entries(0, 16)] = ()
    """Further status words of a good result: the body is no cuboid."""

    @model_validator(mode="after")
    def _fields_fit(self) -> "RecordDimensionerConfig":
        found = once_findings(self.fields, ("length", "width", "height"))
        unit = unit_finding("unit", "unit", self.fields, self.unit, "mm")
        found += [] if unit is None else [unit]
        if self.fields.count("record") > 1:
            found += once_findings(self.fields, ("record",))
        if self.metrology is not None:
            found += once_findings(self.fields, ("mass",))
            unit = unit_finding("mass_unit", "mass_unit", self.fields, self.mass_unit, "g")
            found += [] if unit is None else [unit]
        elif "mass" in self.fields:
            what, limit = "the records carry a mass", "a mass needs the metrology of its scale"
            todo = f"add [devices.metrology], or list {'skip'} instead of mass"
            found.append(Finding(("fields", self.fields.index("mass")), what, limit, todo))
        if found:
            raise refusal(*found)
        return self


class Dm3610Config(Dimensioner):
    """Datalogic DM3610 / DC3000, measuring in motion: one message per item (dimensioners §3)."""

    kind: Literal["datalogic-dm3610"]
    header: Annotated[str, Field(max_length=25)] = "\x02"
    trailer: Annotated[str, Field(min_length=1, max_length=25)] = "\r\n"
    delimiter: Annotated[str, Field(min_length=1, max_length=4)] = ";"
    order: Annotated[tuple[Literal["length", "width", "height"], ...], Field(strict=False), entries(3, 3)] = (
        "length", "width", "height",
    )  # fmt: skip
    unit: LengthUnit | None = None
    """Where its messages carry none."""
    heartbeat: Annotated[str, Field(max_length=64)] = ""
    """What it sends between header and trailer while nothing passes; empty: nothing."""
    check: CheckOf8Bits | None = Field(default=None, exclude_if=is_absent)
    """Its BCC or CRC, if enabled: two hexadecimal digits. How they are made its manual (p. 89) leaves open."""

    @property
    def check_rule(self) -> CheckRule | None:
        return None if self.check is None else check_rule(self.check)

    @model_validator(mode="after")
    def _every_side_once(self) -> "Dm3610Config":
        found = text_check_findings(self.check)
        if len(set(self.order)) != len(self.order):
            found.append(Finding(("order",), "a side is listed twice", "each side once", "correct the order"))
        if found:
            raise refusal(*found)
        return self


class SickMdaConfig(Dimensioner):
    """SICK Master Data Analyzer: one telegram per object, with code, weight and dimensions (dimensioners §2)."""

    kind: Literal["sick-mda"]


class CubiscanConfig(Dimensioner):
    """CubiScan 25, 100, 125, 325: measures a parcel that stands, when it is told to or at its own key (§1)."""

    kind: Literal["cubiscan"]
    answer_timeout_ms: Annotated[int, quantity("ms", example="10 s", low="1 s", high="60 s")] = Field(
        default=10_000, alias="answer_timeout"
    )
    """It measures for seconds. Without an answer by then there is none, and it is asked no more for as long again."""


DimensionerConfig = RecordDimensionerConfig | Dm3610Config | SickMdaConfig | CubiscanConfig

BELT_DIMENSIONER_KINDS: Final = (
    "record-dimensioner", "datalogic-dm3610", "sick-mda", place_kind("sizes"),
)  # fmt: skip
"""Their records say which item they are of, by its number."""
DWS_KINDS: Final = ("record-dimensioner", "sick-mda")
"""Their records may carry the weight of the item too."""
STANDING_KINDS: Final = ("cubiscan",)
"""They measure a parcel that stands still: no belt has them."""
