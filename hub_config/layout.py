"""Where parcels pass: benches (staffed stations) and their bays. Belts are in `lines.py`.

A bay's barcode is its sensor: scanning it is the proof that a parcel lies there. So it is made of command
letters only, which no carrier's format uses and no keyboard layout changes (ST-10).
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from hub_config.codes import NamingType, WeakFormat
from hub_config.finding import Finding, refusal, show
from hub_config.names import DeviceId, LaneId, LineId
from hub_config.units import as_text, quantity
from hub_config.values import (
    Entry,
    Lane,
    LineLane,
    decimal,
    device_name,
    entries,
    is_absent,
    is_empty,
    name,
    text,
    whole,
)

GATEWAY_LINE: Final = "gw"
"""The line name of events without a parcel (contract §4): no bench or line may have it."""

BARCODE_PREFIX: Final = "HUBX"
BARCODE_LETTERS: Final = "BCDEFGHIJKLNOPRSTUVX"
PRINT_AGAIN: Final = f"{BARCODE_PREFIX}PRINT"
"""Scanned at a bench with a printer: the label of the parcel that the screen shows, again."""
_BARCODE: Final = re.compile(rf"{BARCODE_PREFIX}[{BARCODE_LETTERS}]{{2,6}}")
_BAY: Final = re.compile(r"[A-Za-z0-9-]{1,8}")


def _barcode(value: str) -> str:
    if value == PRINT_AGAIN:
        limit = "it stands for the command that prints a label again"
        raise refusal(Finding((), f"{show(value)} is no bay's", limit, 'write for example "HUBXHOLD"'))
    if _BARCODE.fullmatch(value):
        return value
    odd = "".join(sorted(set(value) - set(BARCODE_LETTERS)))
    if any(sign.isdigit() for sign in value):
        what = f"{show(value)} could be read as a parcel identifier"
    elif not value.startswith(BARCODE_PREFIX):
        what = f"{show(value)} does not begin with {BARCODE_PREFIX}"
    elif odd:
        what = f"{show(value)} holds {show(odd)}"
    else:
        what = f"{show(value)} has {len(value) - len(BARCODE_PREFIX)} letters after {BARCODE_PREFIX}"
    limit = f"{BARCODE_PREFIX} and 2 to 6 of the letters {BARCODE_LETTERS}"
    raise refusal(Finding((), what, limit, 'write for example "HUBXHOLD" and print it so'))


def _bay(value: str) -> str:
    if not _BAY.fullmatch(value):
        limit = "1 to 8 of the characters A-Z a-z 0-9 -"
        raise refusal(Finding((), f"{show(value)} is no bay name", limit, 'write for example "G1"'))
    return value


def _line(value: LineId) -> LineId:
    if value == GATEWAY_LINE:
        limit = "the name is taken by events without a parcel"
        raise refusal(
            Finding((), f"a bench or line may not be called {show(value)}", limit, 'write for example "b1"')
        )
    return value


LineName = Annotated[LineId, name("b1"), AfterValidator(_line)]


BayName = Annotated[str, AfterValidator(_bay)]


class Exit(Entry):
    """Where a lane ends: a bay at a bench, a chute of a belt."""

    lane: LineLane
    bay: BayName
    """What staff see on the screen and above the bay."""


class Bay(Exit):
    """A place a parcel is carried to, on behalf of one lane."""

    lane: Lane
    barcode: Annotated[str, AfterValidator(_barcode)]


class Screen(Entry):
    """The station's screen; texts are sized in millimetres at this distance (ST-01)."""

    diagonal_in: Annotated[float, decimal(4, 100)] = 24.0
    width_px: Annotated[int, whole(320, 16_384)] = 1920
    height_px: Annotated[int, whole(240, 16_384)] = 1080
    distance_m: Annotated[float, decimal(0.2, 20)] = 1.5


class Bench(Entry):
    """A staffed station: scanners, one scale, bays. Times as in the manual station's states."""

    id: LineName
    name: Annotated[str, text(1, 40)]
    scanners: Annotated[
        tuple[Annotated[DeviceId, device_name("scan-1")], ...], Field(strict=False), entries(1, 8)
    ]
    scale: Annotated[DeviceId, device_name("scale-1")]
    identifiers: Annotated[tuple[NamingType, ...], Field(strict=False), entries(1, 3)] = ("s10", "sscc")
    """Which codes name a parcel here, in rank order."""
    weak_formats: Annotated[tuple[WeakFormat, ...], Field(strict=False), entries(0, 10)] = Field(
        default=(), exclude_if=is_empty
    )
    """Formats that other numbers fit as well, and that are those of carriers here (docs/identifiers.md)."""
    free_lane: Lane = LaneId("green")
    fail_safe: Lane = LaneId("hold")
    bays: Annotated[tuple[Bay, ...], Field(strict=False), entries(0, 16)]
    min_load_mg: Annotated[int, quantity("mg", example="20 g", low="1 mg", high="10 kg")] = Field(
        default=20_000, alias="min_load"
    )
    """Less than this on the scale is not a parcel."""
    zero_band_mg: Annotated[int, quantity("mg", example="5 g", low="0 mg", high="10 kg")] = Field(
        default=5_000, alias="zero_band"
    )
    """Within this of zero the scale counts as empty."""
    stable_for_ms: Annotated[int, quantity("ms", example="300 ms", low="0 ms", high="10 s")] = Field(
        default=300, alias="stable_for"
    )
    weigh_timeout_ms: Annotated[int, quantity("ms", example="20 s", low="1 ms", high="10 min")] = Field(
        default=20_000, alias="weigh_timeout"
    )
    scan_timeout_ms: Annotated[int, quantity("ms", example="15 s", low="1 ms", high="10 min")] = Field(
        default=15_000, alias="scan_timeout"
    )
    answer_timeout_ms: Annotated[int, quantity("ms", example="5 s", low="1 ms", high="2 min")] = Field(
        default=5_000, alias="answer_timeout"
    )
    """No answer of customs by then: the parcel goes to the fail-safe lane."""
    same_code_ms: Annotated[int, quantity("ms", example="2 s", low="0 ms", high="30 s")] = Field(
        default=2_000, alias="same_code"
    )
    """The same code again within this time is one scan (ST-14)."""
    screen: Screen = Screen()
    printer: Annotated[DeviceId, device_name("print-1")] | None = Field(default=None, exclude_if=is_absent)
    """Prints a label for each parcel that goes to another bay than that of the free lane (docs/printer.md)."""

    dimensioner: Annotated[DeviceId, device_name("cubi-1")] | None = Field(default=None, exclude_if=is_absent)
    """Measures the parcel where it lies on the scale (docs/dimensioners.md)."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """Whose readings are this bench's; a printer has none that concern a parcel."""
        sizer = () if self.dimensioner is None else (self.dimensioner,)
        return (*self.scanners, self.scale, *sizer)

    @model_validator(mode="after")
    def _empty_is_less_than_a_parcel(self) -> "Bench":
        if self.zero_band_mg >= self.min_load_mg:
            raise refusal(
                Finding(
                    ("zero_band",),
                    f'"{as_text(self.zero_band_mg, "mg")}" is too high',
                    f"below min_load, {as_text(self.min_load_mg, 'mg')}",
                    "an empty scale must not look like a parcel: lower zero_band or raise min_load",
                )
            )
        return self
