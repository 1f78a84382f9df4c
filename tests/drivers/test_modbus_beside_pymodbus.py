"""The Modbus driver against the server of pymodbus, and its client against the simulated block: each a stranger."""

import asyncio
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from modbus_bench import ENCODER, IO, block_config
from pump_rig import pumping
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.client.base import ModbusBaseSyncClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from serial_pty import DEADLINE_S
from test_modbus_ports import Server, is_ready
from test_roller_outputs import interroll_config

from drivers.command import SwitchOn
from drivers.reading import BeamChanged, BeltMoved, OrderAnswered
from hub_config.attach import SerialAttach, TcpAttach
from hub_config.modbus import ModbusInput
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.modbus_block import COUNTERS_AT, INPUTS_AT, ModbusBlock

pytestmark = pytest.mark.system

BEAM = 0
COIL = 1
PATIENT: dict[str, Any] = {"poll_ms": 50, "answer_timeout_ms": 1_000}
"""A server on a machine at work may take its time."""


@contextmanager
def crossed_ptys() -> Iterator[tuple[str, str]]:
    """The two ends of a serial line, each to be opened by its path."""
    pairs = [os.openpty(), os.openpty()]
    for _, near in pairs:
        tty.setraw(near)
    (left, left_near), (right, right_near) = pairs
    over = threading.Event()

    def carry() -> None:
        while not over.is_set():
            for ready in select.select([left, right], [], [], 0.1)[0]:
                os.write(right if ready == left else left, os.read(ready, 4_096))

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield os.ttyname(left_near), os.ttyname(right_near)
    finally:
        over.set()
        carrier.join()
        for pair in pairs:
            for end in pair:
                os.close(end)


class Strange:
    """pymodbus' server with the registers of an ioLogik E1200."""

    def __init__(self, serve: Callable[[SimDevice], Any]) -> None:
        self.level = 0
        self.counted = {BEAM: 0, ENCODER: 0}
        self.coils: dict[int, bool] = {}
        self.switched: list[tuple[int, bool]] = []
        self.written: list[tuple[int, int]] = []
        """Holding registers."""
        blocks = [
            [SimData(0, count=64, datatype=DataType.BITS)],
            [SimData(0, count=16, datatype=DataType.BITS)],
        ]
        words = [[SimData(0, count=64, datatype=DataType.REGISTERS)] for _ in range(2)]
        device = SimDevice(1, (blocks[0], blocks[1], words[0], words[1]), action=self._asked)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._soon(self._begin(serve, device))

    async def _begin(self, serve: Callable[[SimDevice], Any], device: SimDevice) -> Any:
        server = serve(device)
        await server.serve_forever(background=True)
        return server

    def _soon(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)

    @property
    def port(self) -> int:
        return int(self._server.transport.sockets[0].getsockname()[1])

    async def _asked(
        self, function: int, first: int, address: int, _count: int, words: list[int], given: list[Any] | None
    ) -> None:
        if function in (5, 15):
            for place, value in enumerate(given or ()):
                self.switched.append((address + place, bool(value)))
        if function == 6:
            self.written += [(address + place, int(value)) for place, value in enumerate(given or ())]
        if function == 4:
            for channel, pulses in self.counted.items():
                words[COUNTERS_AT + 2 * channel - first] = pulses >> 16
                words[COUNTERS_AT + 2 * channel + 1 - first] = pulses & 0xFFFF
            words[INPUTS_AT - first] = self.level
            if self.counted[ENCODER]:
                self.counted[ENCODER] += 7

    def close(self) -> None:
        self._soon(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def over_tcp() -> Iterator[tuple[Strange, Any]]:
    strange = Strange(lambda device: ModbusTcpServer(device, address=("127.0.0.1", 0)))
    try:
        yield strange, TcpAttach(kind="tcp", host="127.0.0.1", port=strange.port)
    finally:
        strange.close()


@contextmanager
def over_rtu() -> Iterator[tuple[Strange, Any]]:
    with crossed_ptys() as (ours, theirs):
        strange = Strange(lambda device: ModbusSerialServer(device, port=theirs, baudrate=115_200))
        try:
            yield strange, SerialAttach(port=ours, baud=115_200)
        finally:
            strange.close()


@pytest.mark.parametrize("over", [over_tcp, over_rtu], ids=["tcp", "rtu"])
def test_the_driver_reads_and_switches_what_pymodbus_serves(over: Any) -> None:
    with over() as (strange, attach):
        config = block_config(serial=over is over_rtu, **PATIENT).model_copy(update={"attach": attach})
        with pumping(config) as (pump, readings):
            readings.until(is_ready)
            strange.counted[ENCODER] = 70_000
            strange.counted[BEAM], strange.level = 1, 1 << BEAM
            edge = readings.next(BeamChanged)
            belt = readings.until(lambda one: isinstance(one, BeltMoved) and one.moving)
            for order in count(
                1
            ):  # one that comes too late, because the machine is busy, is rightly left out
                now = Instant(time.monotonic_ns())
                pump.command(SwitchOn(IO, order, COIL, Instant(now + 200 * MILLISECOND), 300 * MILLISECOND))
                answer = readings.next(OrderAnswered)
                readings.until(lambda one, end=now + SECOND: isinstance(one, BeltMoved) and one.at > end)  # type: ignore[misc]
                if (COIL, True) in strange.switched:
                    break

    assert isinstance(edge, BeamChanged)
    assert (edge.channel, edge.blocked) == (BEAM, True)
    assert isinstance(belt, BeltMoved)
    assert belt.count >= 70_000
    assert isinstance(answer, OrderAnswered)
    assert (answer.order, answer.detail) == (order, "ok")
    assert [on for coil, on in strange.switched if coil == COIL][-1] is False


def test_an_output_of_a_roller_controller_is_written_and_read_back_where_pymodbus_serves_it() -> None:
    register = 60
    inputs = (ModbusInput(channel=0, use="beam"), ModbusInput(channel=15, use="encoder"))
    rolls = interroll_config(inputs=inputs, first_register=0, output_register=register, **PATIENT)
    with (
        over_tcp() as (strange, attach),
        pumping(rolls.model_copy(update={"attach": attach})) as (pump, readings),
    ):
        readings.until(is_ready)
        for order in count(1):
            now = Instant(time.monotonic_ns())
            pump.command(SwitchOn(IO, order, COIL, Instant(now + 200 * MILLISECOND), 300 * MILLISECOND))
            readings.next(OrderAnswered)
            readings.until(lambda one, end=now + SECOND: isinstance(one, BeltMoved) and one.at > end)  # type: ignore[misc]
            if (register, 2 << 8) in strange.written:
                break

    assert strange.written[0] == (register, 0), "off at the start"
    assert strange.written[-1] == (register, 0)
    assert {word for _, word in strange.written} == {0, 2 << 8}, "I/O 2 alone, and never the motor's byte"


@contextmanager
def asking_tcp() -> Iterator[tuple[ModbusBaseSyncClient, ModbusBlock]]:
    server = Server()
    try:
        yield ModbusTcpClient("127.0.0.1", port=server.port, timeout=DEADLINE_S), server.block
    finally:
        server.close()


@contextmanager
def asking_rtu() -> Iterator[tuple[ModbusBaseSyncClient, ModbusBlock]]:
    block = ModbusBlock(serial=True)
    over = threading.Event()
    with crossed_ptys() as (ours, theirs):
        line = os.open(ours, os.O_RDWR | os.O_NOCTTY)

        def serve() -> None:
            while not over.is_set():
                if select.select([line], [], [], 0.1)[0]:
                    os.write(line, block.receive(os.read(line, 1_024), Instant(time.monotonic_ns())))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield ModbusSerialClient(theirs, baudrate=115_200, timeout=DEADLINE_S), block
        finally:
            over.set()
            thread.join()
            os.close(line)


@pytest.mark.parametrize("asking", [asking_tcp, asking_rtu], ids=["tcp", "rtu"])
def test_pymodbus_reads_and_switches_the_simulated_block(asking: Any) -> None:
    with asking() as (client, block):
        block.set_input(3, high=True)
        block.count(ENCODER, 70_000)
        assert client.connect()
        try:
            inputs = client.read_discrete_inputs(0, count=16).bits
            counters = client.read_input_registers(COUNTERS_AT, count=32).registers
            assert not client.write_coil(2, True).isError()
            assert not client.write_coils(4, [True, False, True]).isError()
            coils = client.read_coils(0, count=8).bits
            refused = client.read_coils(15, count=8)
        finally:
            client.close()

    assert [place for place, high in enumerate(inputs) if high] == [3]
    assert counters[2 * ENCODER : 2 * ENCODER + 2] == [1, 70_000 - 65_536]
    assert counters[2 * 3 : 2 * 3 + 2] == [0, 1]
    assert [place for place, on in enumerate(coils) if on] == [2, 4, 6]
    assert refused.exception_code == 2
