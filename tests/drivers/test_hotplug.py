"""Unplugging, plugging in again and swapping, on real ptys and sockets: what comes back is read on, what is another
device is not believed.

How long it takes is a measurement (`bench`); here every step waits for what it is about, with a deadline.
"""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from driver_configs import dimensioner_config, scale_config, scanner_config
from pump_rig import pumping
from serial_pty import Pty
from tcp_peers import port_of, until

from drivers.device_port import REOPEN_MAX_NS
from drivers.reading import BarcodeRead, DeviceDown, DeviceFault, DeviceUp, DimensionsRead, WeightRead
from drivers.transports.lost import DeviceSwappedError
from drivers.transports.tcp import (
    CONNECT_TIMEOUT_S,
    KEEPALIVE_IDLE_S,
    KEEPALIVE_INTERVAL_S,
    UNACKED_MAX_MS,
)
from hub_config.attach import SerialAttach, TcpAttach
from hub_config.names import SECOND, DeviceId

pytestmark = pytest.mark.system

SERIAL = b'I4 A "1126493049"\r\n'
OTHER_SERIAL = b'I4 A "2000000002"\r\n'
WEIGHT = b"S S      1.250 kg\r\n"


def test_the_pauses_add_up_to_less_than_three_seconds() -> None:
    """The worst that can fall between plugging in and the first bytes: on a serial line one pause; over TCP the rest
    of a dialling that began before, and one pause; or, where the gateway has not noticed, one question."""
    pause = REOPEN_MAX_NS / SECOND

    assert pause < 3
    assert CONNECT_TIMEOUT_S / 2 + pause < 3  # the system itself asks again after 1 s of those 2 s
    assert KEEPALIVE_IDLE_S < 3
    assert (
        KEEPALIVE_IDLE_S + 2 * KEEPALIVE_INTERVAL_S >= UNACKED_MAX_MS / 1_000
    )  # it is the limit that counts


@pytest.mark.parametrize("times", [3])
def test_a_scale_unplugged_again_and_again_is_proven_and_read_on_each_time(
    scanner_pty: Pty, times: int
) -> None:
    pty = scanner_pty
    with pumping(scale_config(port=str(pty.link))) as (pump, sink):
        for number in range(times + 1):
            assert pty.receive(b"\r\n") == b"@\r\n"
            pty.send(WEIGHT)  # of no use before it has said who it is
            pty.send(SERIAL)
            pty.receive(b"SI\r\n")
            pty.send(f"S S      {number}.250 kg\r\n".encode())
            weight = sink.next(WeightRead)
            assert isinstance(weight, WeightRead)
            assert weight.text == f"{number}.250"
            if number < times:
                pty.unplug()
                sink.next(DeviceDown)
                pty = Pty(pty.link)
        assert pump.stats()[0].openings == times + 1
        assert pump.stats()[0].disbelieved == 0
    pty.close()


def test_half_a_code_before_unplugging_is_never_joined_to_what_comes_after(scanner_pty: Pty) -> None:
    pty = scanner_pty
    with pumping(scanner_config(port=str(pty.link))) as (pump, sink):
        for number in range(1, 4):
            sink.next(DeviceUp)
            pty.send(b"LX100000025CN\r\nRB1234")
            sink.code("LX100000025CN")
            until(lambda wanted=21 * number: pump.stats()[0].bytes_in >= wanted)
            pty.unplug()
            sink.next(DeviceDown)
            pty = Pty(pty.link)
        sink.next(DeviceUp)
        pty.send(b"56785GB\r\nEE876543216HK\r\n")
        sink.code("EE876543216HK")
    pty.close()

    codes = [one.data for one in sink.seen if isinstance(one, BarcodeRead)]
    assert codes == ["LX100000025CN"] * 3 + ["56785GB", "EE876543216HK"]


def test_a_device_that_listens_again_is_dialled_again_and_read_on() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = port_of(listening)
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=port)
    with pumping(dimensioner_config().model_copy(update={"attach": attach})) as (pump, sink):
        for number in range(3):
            connection, _ = listening.accept()
            connection.sendall(f"{number};300;200;100;mm;OK\r\n{number}9;30".encode())
            box = sink.next(DimensionsRead)
            assert isinstance(box, DimensionsRead)
            assert box.record == number  # never 9;30… and what came after it
            connection.close()
            listening.close()
            sink.next(DeviceDown)
            listening = socket.create_server(("127.0.0.1", port))
        until(lambda: pump.stats()[0].openings == 4)
    listening.close()


def test_a_scale_that_is_another_one_after_plugging_in_is_not_believed(scanner_pty: Pty) -> None:
    with pumping(scale_config(port=str(scanner_pty.link))) as (pump, sink):
        prove(scanner_pty, SERIAL)
        sink.next(WeightRead)
        scanner_pty.unplug()
        sink.next(DeviceDown)

        other = Pty(scanner_pty.link)
        prove(other, OTHER_SERIAL)
        fault = sink.next(DeviceFault)
        down = sink.next(DeviceDown)
        other.receive(b"SI\r\n")
        other.send(WEIGHT)
        until(lambda: pump.stats()[0].disbelieved >= 2)

        assert isinstance(fault, DeviceFault)
        assert fault.code == "device_swapped"
        assert "holds the device 2000000002, and 1126493049 is expected; plug them back" in fault.detail
        assert isinstance(down, DeviceDown)
        assert sum(isinstance(reading, WeightRead) for reading in sink.seen) == 1

        other.unplug()
        right = Pty(scanner_pty.link)
        prove(right, SERIAL)
        sink.next(DeviceUp)
        sink.next(WeightRead)
        right.close()


def test_the_config_says_which_scale_it_must_be(scanner_pty: Pty) -> None:
    scale = scale_config()
    attach = SerialAttach(port=str(scanner_pty.link), identity="1126493049")
    with pumping(scale.model_copy(update={"attach": attach})) as (_, sink):
        prove(scanner_pty, OTHER_SERIAL)

        fault = sink.next(DeviceFault)

        assert isinstance(fault, DeviceFault)
        assert fault.code == "device_swapped"


def test_a_device_that_says_nothing_of_itself_cannot_be_held_to_an_identity(scanner_pty: Pty) -> None:
    attach = SerialAttach(port=str(scanner_pty.link), identity="S/N 7")
    with pumping(scanner_config().model_copy(update={"attach": attach})) as (pump, sink):
        fault = sink.next(DeviceFault)
        scanner_pty.send(b"RB123456785GB\r")
        until(lambda: pump.stats()[0].disbelieved == 1)

        assert isinstance(fault, DeviceFault)
        assert fault.detail.endswith("a line-scanner does not say who it is; remove attach.identity")


def prove(pty: Pty, serial: bytes) -> None:
    """A scale's part up to its first weight."""
    pty.receive(b"@\r\n")
    pty.send(serial)
    pty.receive(b"SI\r\n")
    pty.send(WEIGHT)


def test_scale_and_scanner_with_their_plugs_swapped_give_no_weight(tmp_path: Path) -> None:
    """IT-03, with two adapters that nothing tells apart: only the devices themselves can."""
    scale, scanner = Pty(tmp_path / "scale"), Pty(tmp_path / "scanner")
    devices = (scale_config(port=str(scale.link)), scanner_config(port=str(scanner.link)))
    with pumping(*devices) as (pump, sink):
        prove(scale, SERIAL)
        sink.next(WeightRead)
        for pty in (scale, scanner):
            pty.unplug()
        sink.next(DeviceDown)
        sink.next(DeviceDown)
        weights = sum(isinstance(reading, WeightRead) for reading in sink.seen)

        scanner_in_the_scales_place, scale_in_the_scanners = (
            Pty(tmp_path / "scale"),
            Pty(tmp_path / "scanner"),
        )
        scanner_in_the_scales_place.receive(b"@\r\n")
        for code in (
            b"RB123456785GB\r\n",
            b"S S      9.990 kg\r\n",
            b"1.250\r\n",
        ):  # the last two: nasty labels
            scanner_in_the_scales_place.send(code)
        fault = sink.until(lambda reading: isinstance(reading, DeviceFault) and reading.code == "not_proven")
        until(lambda: pump.stats()[0].faults >= 2)

        assert fault.device == "scale-1"
        assert sum(isinstance(reading, WeightRead) for reading in sink.seen) == weights
        assert not any(isinstance(reading, BarcodeRead) for reading in sink.seen)
        scanner_in_the_scales_place.close()
        scale_in_the_scanners.close()


def test_a_swapped_port_is_a_fault_said_once_and_tried_again() -> None:
    tries = threading.Semaphore(0)

    def swapped(_: Any) -> Any:
        tries.release()
        raise DeviceSwappedError("usb:1a86:7523@x: 0403:6001 is plugged into x, and 1a86:7523 is expected")

    with pumping(scanner_config(), open_port=swapped) as (_, sink):
        for _ in range(3):
            assert tries.acquire(timeout=10)
        fault, down = sink.next(DeviceFault), sink.next(DeviceDown)

    assert isinstance(fault, DeviceFault)
    assert fault.code == "device_swapped"
    assert isinstance(down, DeviceDown)
    assert "0403:6001 is plugged into x" in down.reason


def test_the_ring_of_a_device_is_there_before_and_after_it_was_unplugged(scanner_pty: Pty) -> None:
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        sink.next(DeviceUp)
        scanner_pty.send(b"AB\r")
        sink.code("AB")
        scanner_pty.unplug()
        sink.next(DeviceDown)
        tap = pump.tap(DeviceId("scan-1"))
        assert tap is not None

        calls = [record.call for record in tap.since(0).records]

        assert calls[0] == "open"
        assert calls[-1] == "close"
        assert b"AB\r" in b"".join(record.data for record in tap.since(0).records)
        assert pump.tap(DeviceId("nobody")) is None


def test_a_reader_of_the_ring_that_stands_still_holds_up_no_device(scanner_pty: Pty) -> None:
    """What a paused `hub tap` is to the device loop: nothing."""
    with pumping(scanner_config(port=str(scanner_pty.link))) as (pump, sink):
        sink.next(DeviceUp)
        tap = pump.tap(DeviceId("scan-1"))
        assert tap is not None
        paused = tap.since(0)
        for number in range(50):
            scanner_pty.send(b"CODE %d\r" % number)
            sink.code(f"CODE {number}")

        assert tap.since(paused.position).records
