"""A device that tells more than any device has to tell is read slower, and the others never notice."""

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from driver_configs import ms, scanner_config
from played_device import NoPort
from pump_rig import pumping
from serial_pty import Pty
from tcp_peers import until

from drivers.device_port import FLOOD_NS, READING_NS, DevicePort
from drivers.pump import Pump
from drivers.reading import BarcodeRead, DeviceDown, DeviceFault, DeviceUp, Reading
from drivers.transports.lost import READ_MAX_BYTES
from hub_config.names import SECOND, DeviceId

FLOOD, QUIET = DeviceId("flood"), DeviceId("quiet")


def test_a_thousand_readings_a_second_are_no_flood_and_many_more_are() -> None:
    steady, flooding = DevicePort(scanner_config()), DevicePort(scanner_config())
    for attached, lines in ((steady, 10), (flooding, 20)):
        attached.opened(NoPort(), ms(0))
        for number in range(1, 1_000):
            attached.received(b"A\r" * lines, ms(10 * number))

    assert not steady.floods(ms(10_000))
    assert flooding.floods(ms(10_000))


def test_a_burst_is_no_flood() -> None:
    attached = DevicePort(scanner_config())
    attached.opened(NoPort(), ms(0))

    attached.received(b"A\r" * (FLOOD_NS // READING_NS), ms(0))

    assert not attached.floods(ms(0))


def test_what_one_turn_can_bring_is_paid_back_within_seconds() -> None:
    """The worst: a whole read of empty lines but for one character."""
    attached = DevicePort(scanner_config())
    attached.opened(NoPort(), ms(0))
    while not attached.floods(ms(0)):
        attached.received(b"A\r" * (READ_MAX_BYTES // 2), ms(0))

    assert attached.owed_until <= FLOOD_NS + READ_MAX_BYTES // 2 * READING_NS <= 5 * SECOND


@contextmanager
def pouring(pty: Pty, data: bytes) -> Iterator[None]:
    """As fast as it can, until told to stop; then it has been pulled out."""
    stop = threading.Event()
    os.set_blocking(pty.far, False)

    def pour() -> None:
        while not stop.is_set():
            try:
                os.write(pty.far, data)
            except BlockingIOError:
                stop.wait(0.001)

    source = threading.Thread(target=pour)
    source.start()
    try:
        yield
    finally:
        stop.set()
        source.join()


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[tuple[Pty, Pty]]:
    ptys = Pty(tmp_path / "flood"), Pty(tmp_path / "quiet")
    yield ptys
    for pty in ptys:
        pty.close()


@pytest.mark.system
@pytest.mark.parametrize(
    "data", [b"A\r" * 2_000, b"\x01\x02\r" * 1_500, os.urandom(4_096)], ids=["codes", "garbage", "noise"]
)
def test_a_flood_is_said_once_and_does_not_fill_the_inbox_of_the_others(
    lines: tuple[Pty, Pty], data: bytes
) -> None:
    """The sink stands for the core's inbox: when it is full, whoever puts has to wait, and so would every device."""
    flood, quiet = lines
    inbox: queue.Queue[Reading] = queue.Queue(10_000)
    devices = (
        scanner_config(port=str(flood.link), name=FLOOD), scanner_config(port=str(quiet.link), name=QUIET),
    )  # fmt: skip
    pump = Pump(devices, inbox)
    pump.start()
    try:
        until(lambda: all(port.open for port in pump.stats()))  # what comes before is thrown away
        with pouring(flood, data):
            until(lambda: pump.stats()[0].bytes_in > 8_192)
            for number in range(20):
                quiet.send(b"CODE %d\r" % number)
                until(lambda done=number: pump.stats()[1].frames > done)  # type: ignore[misc]
            assert not inbox.full()
    finally:
        pump.stop()
    told = [inbox.get_nowait() for _ in range(inbox.qsize())]
    codes = [one.data for one in told if isinstance(one, BarcodeRead) and one.device == QUIET]
    assert codes == [f"CODE {number}" for number in range(20)]
    assert sum(isinstance(one, DeviceFault) and one.code == "flooding" for one in told) <= 1


@pytest.mark.system
def test_a_flooding_device_is_read_on_after_its_pause_and_may_be_unplugged_in_it(scanner_pty: Pty) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        sink.next(DeviceUp)
        with pouring(scanner_pty, b"A\r" * 2_000):
            sink.until(lambda reading: isinstance(reading, DeviceFault) and reading.code == "flooding")
            hushed = pump.stats()[0].frames
            sink.until(lambda _: pump.stats()[0].frames > hushed)
        scanner_pty.unplug()
        sink.next(DeviceDown)
        again = Pty(scanner_pty.link)
        sink.next(DeviceUp)
        again.send(b"CALM\r")

        sink.code("CALM")
        again.close()
