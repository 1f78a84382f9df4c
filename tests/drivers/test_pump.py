"""The device loop on real ptys: split frames, unplugging and plugging, floods, a full port, and a clean end.

Real time, but no sleep: every step waits for the readings it is about, with a deadline.
"""

import os
import queue
import threading
from pathlib import Path

import pytest
from driver_configs import READER, SCANNER, reader_config, scale_config, scanner_config
from pump_rig import Readings, pumping
from serial_pty import DEADLINE_S, LINK, Pty

from drivers import device_port
from drivers.command import Command, SwitchOff, Trigger
from drivers.device_port import DevicePort
from drivers.pump import COMMANDS_MAX, REOPEN_MAX_NS, WRITE_MAX_BYTES, Port, Pump
from drivers.reading import BarcodeRead, DeviceDown, DeviceFault, DeviceUp, OrderAnswered, Reading, WeightRead
from drivers.transports.serial_port import READ_MAX_BYTES, PortLostError, SerialPort
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId, Instant

pytestmark = pytest.mark.system


def test_a_code_cut_over_two_writes_is_one_reading(scanner_pty: Pty) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        sink.next(DeviceUp)
        scanner_pty.send(b"RB1234")
        scanner_pty.send(b"56785GB\r")
        scanner_pty.send(b"\nNEXT\r\n")

        sink.code("NEXT")
        assert [reading.data for reading in sink.seen if isinstance(reading, BarcodeRead)] == [
            "RB123456785GB",
            "NEXT",
        ]
        (stats,) = pump.stats()
        assert (stats.open, stats.openings, stats.bytes_in, stats.frames, stats.faults) == (True, 1, 21, 2, 0)
        assert stats.last_frame_at == sink.seen[-1].at


def test_a_scale_is_asked_and_answers_over_the_line(scanner_pty: Pty) -> None:
    with pumping(scale_config(port=str(scanner_pty.link))) as (pump, sink):
        assert scanner_pty.receive(b"\r\n") == b"@\r\n"
        scanner_pty.send(b'I4 A "1126493049"\r\n')
        assert scanner_pty.receive(b"\r\n") == b"SI\r\n"
        scanner_pty.send(b"S S      1.250 kg\r\n")

        up, weight = sink.next(DeviceUp), sink.next(WeightRead)
        assert isinstance(up, DeviceUp)
        assert up.identity == "1126493049"
        assert isinstance(weight, WeightRead)
        assert weight.mass_mg == 1_250_000
        assert pump.stats()[0].bytes_out >= len(b"@\r\nSI\r\n")


def test_unplugging_is_said_once_and_after_plugging_in_a_new_session_reads_on(scanner_pty: Pty) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        sink.next(DeviceUp)
        scanner_pty.send(b"HALF A CODE")
        scanner_pty.unplug()
        down = sink.next(DeviceDown)

        again = Pty(scanner_pty.link)
        sink.next(DeviceUp)
        again.send(b"WHOLE\r")
        sink.code("WHOLE")

        assert isinstance(down, DeviceDown)
        assert down.reason.startswith(f"scan-1: {scanner_pty.link} was lost")
        assert down.reason.endswith("trying again every 5 s")
        assert sum(isinstance(reading, DeviceDown) for reading in sink.seen) == 1
        assert pump.stats()[0].openings == 2


def test_a_port_that_does_not_exist_is_said_once_and_opened_when_it_comes(tmp_path: Path) -> None:
    link = tmp_path / LINK
    tries = queue.Queue[None]()

    def counted(attach: SerialAttach) -> Port:
        tries.put(None)
        return SerialPort(attach)

    with pumping(scanner_config(port=str(link)), open_port=counted) as (pump, sink):
        for _ in range(3):
            tries.get(timeout=DEADLINE_S)
        assert pump.stats()[0].open is False
        pty = Pty(link)
        sink.next(DeviceUp)
        pty.send(b"AB\r")
        sink.code("AB")

        assert [type(reading) for reading in sink.seen] == [DeviceDown, DeviceUp, BarcodeRead]
        down = sink.seen[0]
        assert isinstance(down, DeviceDown)
        assert down.reason == f"scan-1: {link} does not exist; check plug and power; trying again every 5 s"


def test_the_pauses_between_openings_double_up_to_their_bound() -> None:
    attached = DevicePort(scanner_config())

    pauses = [attached.next_pause() for _ in range(8)]

    assert [pause / 1e9 for pause in pauses] == [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    assert pauses[-1] == REOPEN_MAX_NS


def test_an_opening_that_blocks_does_not_hold_up_the_other_devices(scanner_pty: Pty) -> None:
    release = threading.Event()

    def slow(attach: SerialAttach) -> Port:
        if attach.port == "/dev/slow":
            release.wait(DEADLINE_S)
            raise PortLostError("/dev/slow does not exist")
        return SerialPort(attach)

    stuck = scanner_config(port="/dev/slow", name=DeviceId("stuck"))
    with pumping(stuck, scanner_config(port=str(scanner_pty.link)), open_port=slow) as (_, sink):
        sink.next(DeviceUp)
        scanner_pty.send(b"AB\r")
        sink.code("AB")
        assert not any(isinstance(reading, DeviceDown) for reading in sink.seen)
        release.set()
        sink.next(DeviceDown)


def test_a_flooding_device_does_not_starve_another(tmp_path: Path) -> None:
    flood, quiet = Pty(tmp_path / "flood"), Pty(tmp_path / "quiet")
    stop = threading.Event()

    def pour() -> None:
        while not stop.is_set():
            os.write(flood.far, b"x\r" * 512)

    devices = (
        scanner_config(port=str(flood.link), name=DeviceId("flood")),
        scanner_config(port=str(quiet.link), name=DeviceId("quiet")),
    )
    with pumping(*devices) as (pump, sink):
        sink.next(DeviceUp)
        sink.next(DeviceUp)
        source = threading.Thread(target=pour)
        source.start()
        try:
            sink.until(lambda reading: reading.device == "flood")
            for number in range(20):
                quiet.send(b"CODE %d\r" % number)
                sink.code(f"CODE {number}")
            assert pump.stats()[0].frames > 0
        finally:
            stop.set()
            source.join()


class Stub:
    """A port that takes nothing and counts what was offered; its descriptor is one end of a pipe."""

    def __init__(self) -> None:
        self.in_, self.out = os.pipe()
        os.set_blocking(self.in_, False)
        self.reads: list[int] = []
        self.offered = 0

    def fileno(self) -> int:
        return self.in_

    def read(self) -> bytes:
        data = os.read(self.in_, READ_MAX_BYTES)
        self.reads.append(len(data))
        return data

    def write(self, data: bytes) -> int:
        self.offered = max(self.offered, len(data))
        return 0

    def close(self) -> None:
        os.close(self.in_)
        os.close(self.out)


def test_output_for_a_port_that_takes_none_is_bounded_and_what_exceeds_it_is_counted() -> None:
    attached = DevicePort(scale_config())

    for _ in range(10):
        attached.keep(b"y" * 1_000)

    assert len(attached.unwritten) == 4_000
    assert len(attached.unwritten) <= WRITE_MAX_BYTES
    assert attached.stats.bytes_dropped == 6_000


def test_a_port_that_takes_no_output_is_still_read() -> None:
    stub = Stub()
    with pumping(scale_config(), open_port=lambda _: stub) as (pump, sink):
        os.write(stub.out, b'I4 A "7"\r\n')
        sink.next(DeviceUp)
        os.write(stub.out, b"garbage\r\n")
        sink.next(DeviceFault)

        assert stub.offered >= len(b"@\r\n")
        assert pump.stats()[0].bytes_out == 0
        assert pump.alive


def descriptors_count() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_stopping_leaves_no_thread_and_no_descriptor(scanner_pty: Pty, tmp_path: Path) -> None:
    threads, fds = threading.active_count(), descriptors_count()
    devices = (
        scanner_config(port=str(scanner_pty.link)),
        scanner_config(port=str(tmp_path / "missing"), name=DeviceId("missing")),
    )
    with pumping(*devices) as (pump, sink):
        sink.next(DeviceUp)

    assert not pump.alive
    assert threading.active_count() == threads
    assert descriptors_count() == fds
    pump.stop()


def test_a_pump_that_was_never_started_stops_too() -> None:
    fds = descriptors_count()

    pump = Pump([scanner_config()], Readings())
    pump.stop()
    pump.stop()

    assert descriptors_count() == fds


def test_an_opening_under_way_at_the_end_closes_its_port() -> None:
    entered, release = threading.Event(), threading.Event()
    closed = threading.Event()

    class Late(Stub):
        def close(self) -> None:
            closed.set()

    late = Late()

    def slow(_: SerialAttach) -> Port:
        entered.set()
        release.wait(DEADLINE_S)
        return late

    pump = Pump([scanner_config()], Readings(), open_port=slow)
    pump.start()
    assert entered.wait(DEADLINE_S)
    stopper = threading.Thread(target=pump.stop)
    stopper.start()
    release.set()
    stopper.join(DEADLINE_S)

    assert closed.wait(DEADLINE_S)
    Stub.close(late)


# --- commands ---------------------------------------------------------------------------------------


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
    deadline = threading.Event()
    for _ in range(1_000):
        if pump.stats()[0].open:
            return
        deadline.wait(DEADLINE_S / 1_000)
    raise AssertionError("the port was not opened")


@pytest.mark.usefixtures("obedient")
def test_a_command_of_another_thread_is_obeyed_in_the_loop_written_at_once_and_answered(scanner_pty: Pty) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        wait_open(pump)
        threads = [threading.Thread(target=pump.command, args=(order(number),)) for number in (7, 7)]
        for thread in threads:
            thread.start()

        answers = [sink.next(OrderAnswered), sink.next(OrderAnswered)]
        assert scanner_pty.receive(b"7.7.") == b"7.7."
        assert [(one.order, one.detail) for one in answers if isinstance(one, OrderAnswered)] == [(7, "pump")] * 2
        assert pump.stats()[0].commands_dropped == 0
        for thread in threads:
            thread.join()


def test_commands_for_a_port_that_is_not_open_and_for_a_device_that_takes_none_are_counted(
    scanner_pty: Pty, tmp_path: Path
) -> None:
    reader = reader_config().model_copy(update={"attach": SerialAttach(port=str(tmp_path / "missing"))})
    with pumping(scanner_config(port=str(scanner_pty.link)), reader) as (pump, sink):
        sink.next(DeviceDown)
        sink.next(DeviceUp) if not any(isinstance(one, DeviceUp) for one in sink.seen) else None
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


# --- sessions that outlive their port ---------------------------------------------------------------


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
