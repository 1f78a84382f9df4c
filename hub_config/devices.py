"""One frozen model per kind of device, and their closed union.

Defaults are those of `scanners.md` §2, §5 and `scales.md` §1. How a kind is driven is the driver's business.
"""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import SerialAttach
from hub_config.finding import Finding, refusal
from hub_config.names import DeviceId
from hub_config.units import as_text, quantity
from hub_config.values import Entry, entries, name, text, whole

NO_READ: Final = ("NoRead", "NOREAD", "NO READ", "ERROR", "NR")
"""What scanners of several makers send for "triggered, saw no code". A line of only `?` means the same."""

_ANY_LINE_END: Final = ("\r", "\n")
"""CR, LF and CR LF all end a line; the empty line inside CR LF is nothing."""


class LineScannerConfig(Entry):
    """A scanner that sends `[prefix] data suffix` (serial, USB-CDC)."""

    kind: Literal["line-scanner"] = "line-scanner"
    id: Annotated[DeviceId, name("scan-1")]
    attach: SerialAttach
    prefix: Annotated[str, Field(max_length=16)] = ""
    suffix: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=16)], ...], Field(strict=False), entries(1, 8)
    ] = _ANY_LINE_END
    """Any of these ends a line."""
    aim: bool = False
    """The scanner is set to send the AIM identifier (`]C0`, …) before the data."""
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(0, 32)] = NO_READ
    max_chars: Annotated[int, whole(32, 4096)] = 512
    """A longer line is a fault of the device, dropped up to the next line end."""


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


class SicsScaleConfig(Entry):
    """A bench scale that answers MT-SICS `SI`, polled."""

    kind: Literal["mt-sics"] = "mt-sics"
    id: Annotated[DeviceId, name("scale-1")]
    attach: SerialAttach
    poll_ms: Annotated[int, quantity("ms", example="100 ms", low="20 ms", high="10 s")] = Field(
        default=100, alias="poll"
    )
    answer_timeout_ms: Annotated[int, quantity("ms", example="500 ms", low="20 ms", high="10 s")] = Field(
        default=500, alias="answer_timeout"
    )
    metrology: Metrology


Device = Annotated[LineScannerConfig | SicsScaleConfig, Field(discriminator="kind")]

SCANNER_KINDS: Final = ("line-scanner",)
SCALE_KINDS: Final = ("mt-sics",)


def _too_high(key: str, value_mg: int, limit: str, todo: str) -> Finding:
    return Finding((key,), f'"{as_text(value_mg, "mg")}" is too high', limit, todo)
