"""I/O blocks and roller controllers over Modbus TCP and RTU, as the source of beams and the switch of diverters
(conveyor-io §3, docs/modbus-io.md). Addresses are those of the wire."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hub_config.attach import SerialAttach, TcpAttach
from hub_config.finding import Finding, listed, refusal
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, Entry, device_name, entries, is_absent, whole

Module = Literal["moxa-e1200", "conveylinx", "interroll-multicontrol"]
CHANNELS: Final[dict[Module, int]] = {"moxa-e1200": 16, "conveylinx": 4, "interroll-multicontrol": 12}
"""Inputs of each."""
OUTPUTS: Final[dict[Module, int]] = {"moxa-e1200": 16, "conveylinx": 2, "interroll-multicontrol": 4}
"""Outputs that may be switched: coils; left and right control port of a ConveyLinx; I/O 1 to 4 of Interroll."""
COUNTERS: Final = ("moxa-e1200",)
"""Those whose inputs count by themselves."""
FIRST_IO: Final = 8
"""Of an Interroll: the input channel of its I/O 1, which may be an output instead."""


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


class ModbusIoConfig(DeviceEntry):
    """One block on its own connection."""

    kind: Literal["modbus-io"]
    id: Annotated[DeviceId, device_name("io-1")]
    attach: Annotated[SerialAttach | TcpAttach, Field(discriminator="kind")]
    """Serial: Modbus RTU. TCP: Modbus TCP."""
    module: Module
    unit: Annotated[int, whole(0, 255)] = 1
    inputs: Annotated[tuple[ModbusInput, ...], Field(strict=False), entries(1, 32)]
    outputs: Annotated[int, whole(0, 16)] = 0
    """Outputs that are ours, from the first one on; all are off at the start and after every loss."""
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
    """As set up at the block: without a request for so long it drops its outputs. The manuals of roller controllers
    name no watchdog: there it is written as measured."""
    first_register: Annotated[int, whole(0, 65_000)] | None = Field(default=None, exclude_if=is_absent)
    """Wire address of the image, where it is not the maker's: Interroll publishes none."""
    byte_order: Literal["little", "big"] = "big"
    """Of an Interroll image: which byte of a register comes first."""
    counts_per_s: Annotated[int, whole(1, 100_000)] | None = Field(default=None, exclude_if=is_absent)
    """Of a module without counters: how many counts of the belt a second of its running motor stands for."""
    motor: Annotated[int, whole(1, 4)] | None = Field(default=None, exclude_if=is_absent)
    """Of an Interroll: whose set speed says that the belt runs; None: the first."""
    output_register: Annotated[int, whole(0, 65_000)] | None = Field(default=None, exclude_if=is_absent)
    """Of an Interroll with outputs: wire address of the register with byte 0 of its process image of outputs."""
    motor_1: Literal["unused"] | None = Field(default=None, exclude_if=is_absent)
    """Of an Interroll: the register of its outputs holds the set-point of motor 1 too, which is then written 0."""

    @property
    def lingers_ms(self) -> int:
        """So much longer than it was ordered an output may stay on, when the block or the way to it falls silent."""
        return max(self.watchdog_ms, self.answer_timeout_ms) + self.poll_ms

    @property
    def encoder(self) -> ModbusInput:
        return next(one for one in self.inputs if one.use == "encoder")

    @model_validator(mode="after")
    def _fits_its_module(self) -> "ModbusIoConfig":
        found = [*self._input_findings(), *self._timing_findings(), *self._output_findings()]
        if found:
            raise refusal(*found)
        return self

    def _input_findings(self) -> Iterator[Finding]:
        channels = [one.channel for one in self.inputs]
        encoders = sum(one.use == "encoder" for one in self.inputs)
        if encoders != 1:
            what = f"{encoders} inputs are an encoder"
            yield Finding(("inputs",), what, "exactly one a block", "correct use of the inputs")
        counting = self.module in COUNTERS
        for place, one in enumerate(self.inputs):
            path = ("inputs", place, "channel")
            if one.channel in channels[:place]:
                what = f"channel {one.channel} is listed twice"
                yield Finding(path, what, "one input each", "correct one of them")
            if one.use == "beam" and one.channel >= CHANNELS[self.module]:
                what = f"channel {one.channel} is no input of {self.module}"
                yield Finding(path, what, f"0 to {CHANNELS[self.module] - 1}", "correct the channel")
            if one.counted and not counting:
                what, limit = f"{self.module} counts nothing", f"counters are in {listed(list(COUNTERS))}"
                yield Finding(("inputs", place, "counted"), what, limit, "remove it")
            elif one.use == "encoder" and counting and not one.counted:
                what, limit = "the encoder is not counted", "a poll sees no pulses"
                yield Finding(("inputs", place, "counted"), what, limit, "write counted = true")

    def _timing_findings(self) -> Iterator[Finding]:
        counting = self.module in COUNTERS
        if (self.counts_per_s is None) != counting:
            what = "counts_per_s is missing" if not counting else "counts_per_s is not used"
            limit = f"{self.module} has {'counters' if counting else 'no counters: its motor is timed'}"
            yield Finding(("counts_per_s",), what, limit, "remove it" if counting else "add it")
        if self.module == "interroll-multicontrol" and self.first_register is None:
            what, limit = "first_register is missing", "the maker publishes no address"
            yield Finding(("first_register",), what, limit, "look it up in the project of the controller")
        if self.module != "interroll-multicontrol" and self.motor is not None:
            what, limit = f"motor {self.motor} of {self.module}", "a choice of interroll-multicontrol alone"
            yield Finding(("motor",), what, limit, "remove it")

    def _output_findings(self) -> Iterator[Finding]:
        interroll = self.module == "interroll-multicontrol"
        if self.outputs > OUTPUTS[self.module]:
            what = f"{self.outputs} outputs of {self.module}"
            limit = f"at most {OUTPUTS[self.module]}: {_OUTPUTS_ARE[self.module]}"
            yield Finding(("outputs",), what, limit, "lower it")
        for name in ("output_register", "motor_1"):
            if name in self.model_fields_set and not (interroll and self.outputs):
                limit = "of an interroll-multicontrol with outputs alone"
                yield Finding((name,), f"{name} is not used", limit, "remove it")
        if not self.outputs or self.module in COUNTERS:
            return
        if "watchdog_ms" not in self.model_fields_set:
            what = f"watchdog is missing: the manual of {self.module} names no time after which outputs drop"
            limit = "an output that stays on without a gateway would divert what nobody decided"
            todo = "write the time that you have measured with the cable pulled, or set outputs = 0"
            yield Finding(("watchdog",), what, limit, todo)
        if isinstance(self.attach, SerialAttach):
            what, limit = f"outputs of {self.module} over a serial line", "its manual has Modbus TCP alone"
            yield Finding(("attach",), what, limit, 'write kind = "tcp" with host and port')
        if interroll:
            yield from self._interroll_findings()

    def _interroll_findings(self) -> Iterator[Finding]:
        if self.output_register is None:
            what, limit = "output_register is missing", "the maker publishes no address"
            yield Finding(("output_register",), what, limit, "look it up in the project of the controller")
        if self.motor_1 is None or self.motor in (None, 1):
            what = "its outputs share their register with the set-point of motor 1"
            limit = "a motor is never ours (docs/safety.md)"
            todo = 'leave motor 1 unconnected, write motor_1 = "unused", and motor = 2, 3 or 4 for the belt'
            yield Finding(("motor_1",), what, limit, todo)
        for place, one in enumerate(self.inputs):
            if one.use == "beam" and FIRST_IO <= one.channel < FIRST_IO + self.outputs:
                what = f"channel {one.channel} is I/O {one.channel - FIRST_IO + 1}, which is an output"
                limit = f"with outputs = {self.outputs} they are I/O 1 to {self.outputs}"
                yield Finding(("inputs", place, "channel"), what, limit, "wire the beam to another input")


_OUTPUTS_ARE: Final[dict[Module, str]] = {
    "moxa-e1200": "its coils",
    "conveylinx": "its control ports; motor ports and zones start motors, which are never ours (docs/safety.md)",
    "interroll-multicontrol": "its I/O; motors are never ours (docs/safety.md)",
}
