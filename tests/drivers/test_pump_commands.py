"""Commands through the device loop, from any thread; and sessions that outlive their port."""

import threading
from pathlib import Path

import pytest
from driver_configs import READER, SCANNER, reader_config, scanner_config
from pump_rig import Readings, pumping
from serial_pty import DEADLINE_S, Pty

from drivers import device_port
from drivers.command import Command, SwitchOff, Trigger
from drivers.pump import COMMANDS_MAX, Pump
from drivers.reading import BarcodeRead, DeviceDown, OrderAnswered, Reading
from hub_config.attach import SerialAttach
from hub_config.names import Instant

pytestmark = pytest.mark.system


class Obedient:
    """A session of an I/O board or the like: answers each order at once, and outlives its port."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._output = bytearray()

    @property
    def wake_at(self) -> Instant | None:
        return None

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [BarcodeRead(SCANNER, at, data.decode(), "unknown", None, data)]

    def wake(self, _: Instant) -> list[Reading]:
        raise AssertionError("never asked for it")

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def command(self, command: Command, at: Instant) -> list[Reading]:
        assert isinstance(command, SwitchOff)
        self._output += b"%d." % command.order
        return [OrderAnswered(command.device, at, command.order, True, threading.current_thread().name)]

    def closed(self, at: Instant) -> list[Reading]:
        self.said.append("closed")
        return [OrderAnswered(SCANNER, at, 0, False, "not_ready")]

    def reopened(self, _: Instant) -> None:
        self.said.append("reopened")
        self._output += b"hello."


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> list[Obedient]:
    """Every session that the pump makes."""
    made: list[Obedient] = []

    def new(_: object) -> Obedient:
        made.append(Obedient())
        return made[-1]

    monkeypatch.setattr(device_port, "new_session", new)
    return made


def order(number: int) -> SwitchOff:
    return SwitchOff(SCANNER, number, channel=0, at=Instant(0))


def wait_open(pump: Pump) -> None:
    """Of its first device."""
    tick = threading.Event()
    for _ in range(1_000):
        if pump.stats()[0].open:
            return
        tick.wait(DEADLINE_S / 1_000)
    raise AssertionError("the port was not opened")


@pytest.mark.usefixtures("obedient")
def test_a_command_of_another_thread_is_obeyed_in_the_loop_written_at_once_and_answered(
    scanner_pty: Pty,
) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        wait_open(pump)
        threads = [threading.Thread(target=pump.command, args=(order(7),)) for _ in range(2)]
        for thread in threads:
            thread.start()

        answers = [sink.next(OrderAnswered), sink.next(OrderAnswered)]
        assert scanner_pty.receive(b"7.7.") == b"7.7."
        assert [(one.order, one.detail) for one in answers if isinstance(one, OrderAnswered)] == [
            (7, "pump")
        ] * 2
        assert pump.stats()[0].commands_dropped == 0
        for thread in threads:
            thread.join()


def test_commands_for_a_port_that_is_not_open_and_for_a_device_that_takes_none_are_counted(
    scanner_pty: Pty, tmp_path: Path
) -> None:
    reader = reader_config().model_copy(update={"attach": SerialAttach(port=str(tmp_path / "missing"))})
    with pumping(scanner_config(port=str(scanner_pty.link)), reader) as (pump, sink):
        sink.next(DeviceDown)
        wait_open(pump)
        pump.command(Trigger(READER, 1, on=True))
        pump.command(Trigger(SCANNER, 1, on=True))
        scanner_pty.send(b"AFTER\r")
        sink.code("AFTER")

        assert [stats.commands_dropped for stats in pump.stats()] == [1, 1]
        assert pump.alive


def test_commands_past_the_bound_are_dropped_and_counted() -> None:
    pump = Pump([scanner_config()], Readings())
    for number in range(COMMANDS_MAX + 3):
        pump.command(order(number))
    pump.stop()

    assert pump.stats()[0].commands_dropped == 3


def test_a_command_for_a_device_that_is_none_is_refused_where_it_is_given() -> None:
    pump = Pump([scanner_config()], Readings())

    with pytest.raises(KeyError, match="tunnel-1 is no device of this pump"):
        pump.command(Trigger(READER, 1, on=True))
    pump.stop()


def test_a_resumable_session_is_told_of_the_loss_and_goes_on_when_the_port_is_open_again(
    scanner_pty: Pty, obedient: list[Obedient]
) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        wait_open(pump)
        scanner_pty.unplug()
        lost = sink.next(OrderAnswered)
        sink.next(DeviceDown)
        again = Pty(scanner_pty.link)

        assert again.receive(b"hello.") == b"hello."
        assert isinstance(lost, OrderAnswered)
        assert lost.detail == "not_ready"
        again.send(b"ON")
        sink.next(BarcodeRead)
        assert [one.said for one in obedient] == [["closed", "reopened"]]
        assert pump.stats()[0].openings == 2
