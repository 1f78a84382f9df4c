"""A belt whose board is a polled Modbus block, through driver and core: beams by registers, diverters by coils."""

from dataclasses import dataclass, field

import pytest
from line_driver import (
    BOARD,
    ENTROPY,
    TO_END_S,
    TO_LANE_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    config,
    entered,
)

from drivers.command import SwitchOff, SwitchOn
from drivers.conveyors.modbus_io import ModbusIo
from drivers.reading import BeamChanged, DeviceDown
from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import LinkChanged, Tick, WallClock
from hub_config.attach import TcpAttach
from hub_config.modbus import ModbusInput, ModbusIoConfig
from hub_config.names import MILLISECOND, SECOND
from simulators.devices.modbus_block import ModbusBlock

ENCODER = 7


def block_config() -> ModbusIoConfig:
    beams = tuple(ModbusInput(channel=channel, use="beam", counted=True) for channel in range(6))
    encoder = ModbusInput(channel=ENCODER, use="encoder", counted=True)
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=502)
    return ModbusIoConfig(
        kind="modbus-io", id=BOARD, attach=attach, module="moxa-e1200", inputs=(*beams, encoder), outputs=2
    )


@dataclass
class ModbusLine(LineDriver):
    """The same line; its beams are inputs of the block, what is pending for a beam sets them."""

    gateway: Gateway = field(default_factory=lambda: Gateway(config(), ENTROPY))
    io: ModbusIo = field(default_factory=lambda: ModbusIo(block_config()))
    block: ModbusBlock = field(default_factory=ModbusBlock)
    obeyed: int = 0
    pushed: list[int] = field(default_factory=list)
    """Milliseconds at which coil 0 was on."""

    def start(self, *, online: bool = True) -> "ModbusLine":
        self.give(WallClock(self.at, WallTime(1_795_000_000_000_000, 1_500, "ntp")))
        self.give(LinkChanged(self.at, broker=online, coordinator=online))
        self.later(0.1)
        return self

    def later(self, seconds: float, *, silent: bool = False) -> "ModbusLine":
        until = self.now + int(seconds * SECOND)
        self.block.silent = silent
        while self.now < until:
            self.now += MILLISECOND
            while self.pending and self.pending[0][0] <= self.now:
                given = self.pending.pop(0)[2]
                if isinstance(given, BeamChanged):
                    self.block.set_input(given.channel, high=given.blocked)
                else:
                    self.give(given)
            counted = self.count_at(self.now) - self.count_at(self.now - MILLISECOND)
            self.block.count(ENCODER, counted)
            self.block.watch(self.at)
            self._serve()
            if self.block.coils[0]:
                self.pushed.append(self.now // MILLISECOND)
        return self

    def _serve(self) -> None:
        if self.io.stuck is not None:  # the device loop makes the connection anew
            self.give(DeviceDown(BOARD, self.at, self.io.stuck))
            self.io = ModbusIo(block_config())
        for reading in self.io.receive(self.block.receive(self.io.take_output(), self.at), self.at):
            self.give(reading)
        while (due := self.io.wake_at) is not None and due <= self.now:
            for reading in self.io.wake(self.at):
                self.give(reading)
        wake = self.gateway.wake_at
        if wake is not None and wake <= self.now:
            self.give(Tick(self.at))
        for command in self.commands[self.obeyed :]:
            if isinstance(command, SwitchOn | SwitchOff):
                for reading in self.io.command(command, self.at):
                    self.give(reading)
        self.obeyed = len(self.commands)


@pytest.fixture
def line() -> ModbusLine:
    return ModbusLine().start()


def test_a_released_parcel_is_pushed_by_the_coil_when_it_passes_and_departs(line: ModbusLine) -> None:
    thing = line.measure(entered(line))
    line.later(TO_MEASURED_S)
    line.decide("release")
    line.later(TO_ORDER_S - TO_MEASURED_S)
    line.diverted(thing)

    line.later(TO_LANE_S - TO_ORDER_S + 1)

    passes_ms = thing.front_at(line.line.diverters[0].position_um) // MILLISECOND
    assert abs(line.pushed[0] - (passes_ms - 100)) <= 25  # 100 ms to move; polls of 10 ms
    assert line.pushed[-1] >= thing.rear_at(line.line.diverters[0].position_um) // MILLISECOND
    assert line.kinds()[-2:] == ["parcel.diverted", "parcel.departed"]


def test_with_a_block_that_falls_silent_nothing_is_pushed_and_the_parcel_is_lost_track_of(
    line: ModbusLine,
) -> None:
    line.measure(entered(line))
    line.later(TO_MEASURED_S)
    line.decide("release")
    line.later(1.0)

    line.later(0.5, silent=True)
    line.later(TO_END_S)

    assert line.pushed == []
    assert "parcel.departed" not in line.kinds()
    assert "parcel.lost_track" in line.kinds()


def test_after_a_short_silence_in_which_nothing_passed_the_belt_goes_on(line: ModbusLine) -> None:
    thing = line.measure(entered(line))
    line.later(TO_MEASURED_S)
    line.decide("release")

    line.later(0.1, silent=True)
    line.later(TO_ORDER_S - TO_MEASURED_S - 0.1)
    line.diverted(thing)
    line.later(TO_LANE_S - TO_ORDER_S + 1)

    assert line.kinds()[-1] == "parcel.departed"


def test_a_held_parcel_runs_to_the_end(line: ModbusLine) -> None:
    line.measure(entered(line))

    line.later(TO_END_S)

    assert line.pushed == []
    assert line.last("parcel.diverted").act is not None
    assert line.last("parcel.diverted").act.lane == "hold"  # type: ignore[union-attr]  # just seen


def test_an_edge_that_no_poll_saw_gives_up_what_is_on_the_belt(line: ModbusLine) -> None:
    line.measure(entered(line))
    line.later(TO_MEASURED_S)
    line.later(0.025, silent=True)
    line.block.set_input(2, high=True)
    line.block.set_input(2, high=False)

    line.later(0.5)

    assert line.kinds()[-1] == "parcel.lost_track"
