"""One frozen model per kind of device, and their closed union.

Defaults are those of `scanners.md` §2, §5, `scales.md` §1 and `firmware-bridge.md` §3, §5, §6. How a kind is
driven is the driver's business.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import Attach, FolderAttach, SerialAttach
from hub_config.dimensioners import (
    CubiscanConfig,
    Dm3610Config,
    RecordDimensionerConfig,
    SickMdaConfig,
)
from hub_config.finding import Finding, refusal
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.record_grammar import (
    ANY_LINE_END,
    FIELDS_MAX,
    RecordGrammar,
    Word,
    once_findings,
    unit_finding,
)
from hub_config.units import quantity
from hub_config.values import Entry, device_name, entries, text, whole

NO_READ: Final = ("NoRead", "NOREAD", "NO READ", "ERROR", "NR")
"""What scanners of several makers send for "triggered, saw no code". A line of only `?` means the same."""


class LineScannerConfig(Entry):
    """A scanner that sends `[prefix] data suffix` (serial, USB-CDC)."""

    kind: Literal["line-scanner"] = "line-scanner"
    id: Annotated[DeviceId, device_name("scan-1")]
    attach: SerialAttach
    prefix: Annotated[str, Field(max_length=16)] = ""
    suffix: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=16)], ...], Field(strict=False), entries(1, 8)
    ] = ANY_LINE_END
    """Any of these ends a line."""
    aim: bool = False
    """The scanner is set to send the AIM identifier (`]C0`, …) before the data."""
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(0, 32)] = NO_READ
    max_chars: Annotated[int, whole(32, 4096)] = 512
    """A longer line is a fault of the device, dropped up to the next line end."""


class SicsScaleConfig(Entry):
    """A bench scale that answers MT-SICS `SI`, polled."""

    kind: Literal["mt-sics"] = "mt-sics"
    id: Annotated[DeviceId, device_name("scale-1")]
    attach: SerialAttach
    poll_ms: Annotated[int, quantity("ms", example="100 ms", low="20 ms", high="10 s")] = Field(
        default=100, alias="poll"
    )
    answer_timeout_ms: Annotated[int, quantity("ms", example="500 ms", low="20 ms", high="10 s")] = Field(
        default=500, alias="answer_timeout"
    )
    metrology: Metrology


class KeyenceSrConfig(Entry):
    """A fixed reader of the Keyence SR series: told to read with `LON`, to stop with `LOFF`; one answer a trigger."""

    kind: Literal["keyence-sr"]
    id: Annotated[DeviceId, device_name("tunnel-1")]
    attach: Attach
    no_read: Annotated[tuple[Annotated[str, text(1, 64)], ...], Field(strict=False), entries(1, 32)] = (
        "ERROR",
    )
    aim: bool = False
    """The reader is set to send AIM identifiers before the data."""
    separator: Annotated[str, Field(min_length=1, max_length=4)] = ","
    """Between the codes of one answer, where several are read."""
    answer_timeout_ms: Annotated[int, quantity("ms", example="100 ms", low="10 ms", high="5 s")] = Field(
        default=100, alias="answer_timeout"
    )
    """After `LOFF` an answer is due within this."""


class RecordScaleConfig(RecordGrammar):
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


class FolderCameraConfig(Entry):
    """A camera that puts its pictures into a folder; what their codes say is read by a process beside the gateway."""

    kind: Literal["folder-camera"]
    id: Annotated[DeviceId, device_name("cam-1")]
    attach: FolderAttach


class BoardInput(Entry):
    """One input of an I/O board: a light beam, or the belt's encoder."""

    channel: Annotated[int, whole(0, 31)]
    use: Literal["beam", "encoder"]
    debounce_us: Annotated[int, quantity("us", example="2 ms", low="0 us", high="60 ms")] = Field(
        default=2_000, alias="debounce"
    )
    blocked_when: Literal["high", "low"] = "high"
    """Level of the input while the beam is covered: light-on and dark-on sensors differ (conveyor-io §1)."""


class IoBoardConfig(Entry):
    """The board that stamps beams and encoder and switches the diverters (firmware-bridge)."""

    kind: Literal["io-board"]
    id: Annotated[DeviceId, device_name("io-1")]
    attach: SerialAttach
    inputs: Annotated[tuple[BoardInput, ...], Field(strict=False), entries(1, 32)]
    report_ms: Annotated[int, quantity("ms", example="10 ms", low="1 ms", high="10 ms")] = Field(
        default=10, alias="report"
    )
    """Between two reports of a moving encoder."""
    watchdog_ms: Annotated[int, quantity("ms", example="500 ms", low="100 ms", high="5 s")] = Field(
        default=500, alias="watchdog"
    )
    """Without a word from the gateway for so long the board puts its outputs to safe."""
    clock_bound_us: Annotated[int, quantity("us", example="10 ms", low="100 us", high="50 ms")] = Field(
        default=10_000, alias="clock_bound"
    )
    """Above this uncertainty of its clock the board is not ready."""

    @model_validator(mode="after")
    def _one_encoder_and_no_channel_twice(self) -> "IoBoardConfig":
        channels = [one.channel for one in self.inputs]
        found = []
        if sum(one.use == "encoder" for one in self.inputs) != 1:
            what = f"{sum(one.use == 'encoder' for one in self.inputs)} inputs are an encoder"
            found.append(Finding(("inputs",), what, "exactly one a board", "correct use of the inputs"))
        for place, channel in enumerate(channels):
            if channel in channels[:place]:
                what = f"channel {channel} is listed twice"
                found.append(Finding(("inputs", place, "channel"), what, "one input each", "correct one"))
        if found:
            raise refusal(*found)
        return self

    @property
    def encoder(self) -> int:
        """Its channel."""
        return next(one.channel for one in self.inputs if one.use == "encoder")


Device = Annotated[
    LineScannerConfig
    | SicsScaleConfig
    | KeyenceSrConfig
    | RecordScaleConfig
    | RecordDimensionerConfig
    | Dm3610Config
    | SickMdaConfig
    | CubiscanConfig
    | FolderCameraConfig
    | IoBoardConfig,
    Field(discriminator="kind"),
]

SCANNER_KINDS: Final = ("line-scanner",)
"""At a bench."""
SCALE_KINDS: Final = ("mt-sics",)
READER_KINDS: Final = ("keyence-sr", "line-scanner", "folder-camera")
"""Beside a belt."""
BELT_SCALE_KINDS: Final = ("record-scale",)
BOARD_KINDS: Final = ("io-board",)
