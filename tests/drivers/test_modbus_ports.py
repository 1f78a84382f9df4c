"""The device loop and a Modbus block on a real socket: a connection that is no use any more is made anew."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from modbus_bench import IO, block_config
from pump_rig import pumping
from test_roller_outputs import FIRST, OUTPUTS, conveylinx_config, interroll_config

from drivers.command import SwitchOn
from drivers.reading import BoardChanged, DeviceDown, OrderAnswered, Reading
from hub_config.attach import TcpAttach
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.modbus_block import ModbusBlock
from simulators.devices.roller_wire import ConveyLinxRegisters, MultiControlRegisters, Registers

pytestmark = pytest.mark.system


class Server:
    """Serves one block to whoever dials in, one connection after the other."""

    def __init__(self) -> None:
        self.block = ModbusBlock()
        self.line: socket.socket | None = None
        self.garbage = False
        self.accepted = 0
        self._ears = socket.create_server(("127.0.0.1", 0))
        self._ears.settimeout(0.1)
        self.port = self._ears.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._ears.accept()
            except TimeoutError:
                continue
            self.accepted += 1
            self.line = line
            with line:
                line.settimeout(0.1)
                self._serve(line)

    def _serve(self, line: socket.socket) -> None:
        while not self._over.is_set():
            try:
                data = line.recv(1_024)
                if not data:
                    return
                answer = self.block.receive(data, Instant(time.monotonic_ns()))
                line.sendall(b"no modbus at all" if self.garbage else answer)
            except TimeoutError:
                continue
            except OSError:
                return

    def close(self) -> None:
        self._over.set()
        self._thread.join(timeout=10)
        self._ears.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def is_ready(one: Reading) -> bool:
    return isinstance(one, BoardChanged) and one.state == "ready"


@pytest.mark.parametrize("trouble", ["silent", "garbage"])
def test_a_connection_that_is_no_use_any_more_is_made_anew(server: Server, trouble: str) -> None:
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=server.port)
    with pumping(block_config(poll_ms=50).model_copy(update={"attach": attach})) as (_, readings):
        readings.until(is_ready)
        server.block.silent = trouble == "silent"
        server.garbage = trouble == "garbage"
        down = readings.next(DeviceDown)
        server.block.silent = server.garbage = False

        readings.until(is_ready)

    assert isinstance(down, DeviceDown)
    assert "the connection is made anew" in down.reason
    assert server.accepted > 1


@pytest.mark.parametrize(
    ("config", "registers"),
    [
        (conveylinx_config(), ConveyLinxRegisters()),
        (interroll_config(), MultiControlRegisters(FIRST, OUTPUTS)),
    ],
    ids=["conveylinx", "interroll"],
)
def test_an_output_of_a_roller_controller_is_off_again_when_the_link_is_cut_in_its_order(
    server: Server, config: ModbusIoConfig, registers: Registers
) -> None:
    server.block = ModbusBlock(registers=registers, watchdog_ms=60_000)  # it does not help here
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=server.port)
    patient = {"attach": attach, "poll_ms": 50, "answer_timeout_ms": 1_000}
    with pumping(config.model_copy(update=patient)) as (pump, readings):
        readings.until(is_ready)
        for order in count(1):  # one that comes too late, because the machine is busy, is rightly left out
            soon = Instant(time.monotonic_ns() + 200 * MILLISECOND)
            pump.command(SwitchOn(IO, order, 1, soon, 600 * SECOND))
            readings.next(OrderAnswered)
            if comes(lambda: server.block.coils[1]):
                break
        assert server.line is not None
        server.line.shutdown(socket.SHUT_RDWR)

        readings.until(lambda one: isinstance(one, DeviceDown))
        readings.until(is_ready)

    assert not any(server.block.coils)
    assert server.accepted > 1


def comes(true: Callable[[], bool]) -> bool:
    """Within a second."""
    over = time.monotonic() + 1
    while not true() and time.monotonic() < over:
        time.sleep(0.005)
    return true()
