"""The I/O board of a belt, and its inputs (firmware-bridge.md §3, §5, §6)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hub_config.attach import SerialAttach
from hub_config.finding import Finding, refusal
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, Entry, device_name, entries, whole


class BoardInput(Entry):
    """One input of an I/O board: a light beam, or the belt's encoder."""

    channel: Annotated[int, whole(0, 31)]
    use: Literal["beam", "encoder"]
    debounce_us: Annotated[int, quantity("us", example="2 ms", low="0 us", high="60 ms")] = Field(
        default=2_000, alias="debounce"
    )
    blocked_when: Literal["high", "low"] = "high"
    """Level of the input while the beam is covered: light-on and dark-on sensors differ (conveyor-io §1)."""


class IoBoardConfig(DeviceEntry):
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
