"""I/O blocks and roller controllers over Modbus TCP and RTU, as the source of beams and the switch of diverters
(conveyor-io §3, docs/modbus-io.md). Addresses are those of the wire."""

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import SerialAttach, TcpAttach
from hub_config.finding import Finding, listed, refusal
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import Entry, device_name, entries, is_absent, whole

Module = Literal["moxa-e1200", "conveylinx", "interroll-multicontrol"]
CHANNELS: Final[dict[Module, int]] = {"moxa-e1200": 16, "conveylinx": 4, "interroll-multicontrol": 12}
"""Inputs of each."""
OUTPUTS: Final[dict[Module, int]] = {"moxa-e1200": 16, "conveylinx": 0, "interroll-multicontrol": 0}
"""Outputs that may be switched: those of roller controllers share registers with the motors, which are never ours."""
COUNTERS: Final = ("moxa-e1200",)
"""Those whose inputs count by themselves."""


class ModbusInput(Entry):
    """One input: a light beam, or the belt's encoder."""

    channel: Annotated[int, whole(0, 31)]
    use: Literal["beam", "encoder"]
    debounce_us: Annotated[int, quantity("us", example="20 ms", low="0 us", high="2 s")] = Field(
        default=0, alias="debounce"
    )
    """Behind an edge the input is not looked at for so long (§1)."""
    blocked_when: Literal["high", "low"] = "high"
    counted: bool = False
    """The block counts its rising edges: an edge that no poll has seen is noticed by that."""


class ModbusIoConfig(Entry):
    """One block on its own connection."""

    kind: Literal["modbus-io"]
    id: Annotated[DeviceId, device_name("io-1")]
    attach: Annotated[SerialAttach | TcpAttach, Field(discriminator="kind")]
    """Serial: Modbus RTU. TCP: Modbus TCP."""
    module: Module
    unit: Annotated[int, whole(0, 255)] = 1
    inputs: Annotated[tuple[ModbusInput, ...], Field(strict=False), entries(1, 32)]
    outputs: Annotated[int, whole(0, 16)] = 0
    """Coils that are ours, from the first one on; all are off at the start and after every loss."""
    poll_ms: Annotated[int, quantity("ms", example="10 ms", low="5 ms", high="50 ms")] = Field(
        default=10, alias="poll"
    )
    """Three of these without an answer, and every input is unknown."""
    answer_timeout_ms: Annotated[int, quantity("ms", example="200 ms", low="50 ms", high="1 s")] = Field(
        default=200, alias="answer_timeout"
    )
    watchdog_ms: Annotated[int, quantity("ms", example="300 ms", low="50 ms", high="10 s")] = Field(
        default=500, alias="watchdog"
    )
    """As set up at the block: without a request for so long it drops its outputs."""
    first_register: Annotated[int, whole(0, 65_000)] | None = Field(default=None, exclude_if=is_absent)
    """Wire address of the image, where it is not the maker's: Interroll publishes none."""
    byte_order: Literal["little", "big"] = "big"
    """Of an Interroll image: which byte of a register comes first."""
    counts_per_s: Annotated[int, whole(1, 100_000)] | None = Field(default=None, exclude_if=is_absent)
    """Of a module without counters: how many counts of the belt a second of its running motor stands for."""

    @property
    def lingers_ms(self) -> int:
        """So much longer than it was ordered an output may stay on, when the block or the way to it falls silent."""
        return max(self.watchdog_ms, self.answer_timeout_ms) + self.poll_ms

    @property
    def encoder(self) -> ModbusInput:
        return next(one for one in self.inputs if one.use == "encoder")

    @model_validator(mode="after")
    def _fits_its_module(self) -> "ModbusIoConfig":
        found = []
        channels = [one.channel for one in self.inputs]
        encoders = sum(one.use == "encoder" for one in self.inputs)
        if encoders != 1:
            what = f"{encoders} inputs are an encoder"
            found.append(Finding(("inputs",), what, "exactly one a block", "correct use of the inputs"))
        counting = self.module in COUNTERS
        for place, one in enumerate(self.inputs):
            path = ("inputs", place, "channel")
            if one.channel in channels[:place]:
                what = f"channel {one.channel} is listed twice"
                found.append(Finding(path, what, "one input each", "correct one of them"))
            if one.use == "beam" and one.channel >= CHANNELS[self.module]:
                what = f"channel {one.channel} is no input of {self.module}"
                found.append(Finding(path, what, f"0 to {CHANNELS[self.module] - 1}", "correct the channel"))
            if one.counted and not counting:
                what, limit = f"{self.module} counts nothing", f"counters are in {listed(list(COUNTERS))}"
                found.append(Finding(("inputs", place, "counted"), what, limit, "remove it"))
            elif one.use == "encoder" and counting and not one.counted:
                what, limit = "the encoder is not counted", "a poll sees no pulses"
                found.append(Finding(("inputs", place, "counted"), what, limit, "write counted = true"))
        if self.outputs > OUTPUTS[self.module]:
            what = f"{self.outputs} outputs of {self.module}"
            limit = f"at most {OUTPUTS[self.module]}: outputs beside motors are not switched (docs/safety.md)"
            found.append(Finding(("outputs",), what, limit, "lower it"))
        if (self.counts_per_s is None) != counting:
            what = "counts_per_s is missing" if not counting else "counts_per_s is not used"
            limit = f"{self.module} has {'counters' if counting else 'no counters: its motor is timed'}"
            found.append(Finding(("counts_per_s",), what, limit, "remove it" if counting else "add it"))
        if self.module == "interroll-multicontrol" and self.first_register is None:
            what, limit = "first_register is missing", "the maker publishes no address"
            found.append(
                Finding(("first_register",), what, limit, "look it up in the project of the controller")
            )
        if found:
            raise refusal(*found)
        return self
