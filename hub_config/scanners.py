"""Scanners: those that a person holds and those that look at a belt, one model a kind (scanners.md §1, §2, §4, §5)."""

from typing import Annotated, Final, Literal

from pydantic import Field

from hub_config.attach import Attach, SerialAttach
from hub_config.names import DeviceId
from hub_config.record_grammar import ANY_LINE_END
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


Scanner = LineScannerConfig | KeyenceSrConfig
