"""The device loop on real ptys: split frames, unplugging and plugging, floods, a full port, and a clean end.

Real time, but no sleep: every step waits for the readings it is about, with a deadline.
"""

import os
import queue
import threading
from pathlib import Path

import pytest
from driver_configs import scale_config, scanner_config
from pump_rig import Readings, pumping
from serial_pty import DEADLINE_S, LINK, Pty

from drivers.device_port import DevicePort
from drivers.pump import REOPEN_MAX_NS, WRITE_MAX_BYTES, Port, Pump
from drivers.reading import BarcodeRead, DeviceDown, DeviceFault, DeviceUp, WeightRead
from drivers.transports.lost import READ_MAX_BYTES, PortLostError
from drivers.transports.serial_port import SerialPort
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId

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
        assert down.reason.endswith("trying again every 1 s")
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
        assert down.reason == f"scan-1: {link} does not exist; check plug and power; trying again every 1 s"


def test_the_pauses_between_openings_double_up_to_their_bound() -> None:
    attached = DevicePort(scanner_config())

    pauses = [attached.next_pause() for _ in range(8)]

    assert [pause / 1e9 for pause in pauses] == [0.2, 0.4, 0.8, 1, 1, 1, 1, 1]
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
