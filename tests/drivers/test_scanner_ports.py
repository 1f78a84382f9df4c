"""Scanners on real ports: lines over TCP both ways, SSI on a pty, and a typing scanner as the kernel gives its keys."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from driver_configs import READER, SCANNER, scanner_config
from pump_rig import Readings, pumping
from serial_pty import DEADLINE_S, Pty
from tcp_peers import dial, free_port, port_of
from vectors_file import vectors

from drivers.command import Trigger
from drivers.reading import BarcodeRead, DeviceDown, DeviceUp
from drivers.scanners.ssi_packets import ACK
from hub_config.attach import EvdevAttach, SerialAttach, TcpAttach, TcpListenAttach
from hub_config.readers import CognexConfig, SsiConfig
from hub_config.scanners import EvdevWedgeConfig

pytestmark = pytest.mark.system
ACKED = bytes.fromhex("04 D0 00 00 FF 2C")


def test_a_hand_scanner_behind_a_serial_server_is_dialled_and_dialled_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far:
        attach = TcpAttach(kind="tcp", host="127.0.0.1", port=port_of(far))
        with pumping(scanner_config().model_copy(update={"attach": attach})) as (_, sink):
            first, _ = far.accept()
            sink.next(DeviceUp)
            first.sendall(b"FIR")
            first.sendall(b"ST\r\n")
            sink.code("FIRST")
            first.close()
            sink.next(DeviceDown)
            second, _ = far.accept()
            sink.next(DeviceUp)
            second.sendall(b"SECOND\r\n")
            sink.code("SECOND")
        second.close()


def test_a_hand_scanner_that_dials_in_is_read_and_answered() -> None:
    number = free_port()
    attach = TcpListenAttach(kind="tcp-listen", host="127.0.0.1", port=number, peer="127.0.0.1")
    config = scanner_config(ack=True).model_copy(update={"attach": attach})
    with pumping(config) as (_, sink), dial(number) as far:
        far.settimeout(DEADLINE_S)
        sink.next(DeviceUp)
        far.sendall(b"RB123456785GB\r\n")
        sink.code("RB123456785GB")

        assert far.recv(1) == b"\x06"


def test_ssi_on_a_pty_is_set_up_read_and_acknowledged_and_so_it_is_after_plugging_in_again(
    scanner_pty: Pty,
) -> None:
    config = SsiConfig(kind="ssi", id=READER, attach=SerialAttach(port=str(scanner_pty.link)))
    good = next(one.frame for one in vectors("ssi") if one.id == "ssi-17")
    with pumping(config) as (_, sink):
        talk(scanner_pty, sink, good)
        scanner_pty.unplug()
        sink.next(DeviceDown)
        again = Pty(scanner_pty.link)
        talk(again, sink, good)
        again.close()


def talk(pty: Pty, sink: Readings, good: bytes) -> None:
    for last in (b"\xee\x01", b"\xe9\x04\x00"):  # parameter, enable
        told = b""
        while last not in told:
            told += os.read(pty.far, 1)
        pty.send(ACKED)
    sink.next(DeviceUp)
    pty.send(good[:7])
    pty.send(good[7:])
    sink.code("1Z5R89390357567127")
    pty.receive(ACK)


def test_a_reader_is_triggered_over_tcp_and_its_answer_names_the_trigger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as far:
        attach = TcpAttach(kind="tcp", host="127.0.0.1", port=port_of(far))
        config = CognexConfig(kind="cognex-dmcc", id=READER, attach=attach, trigger="host")
        with pumping(config) as (pump, sink):
            connection, _ = far.accept()
            connection.settimeout(DEADLINE_S)
            stream = connection.makefile("rb")
            sink.next(DeviceUp)
            assert stream.readline() == b"||>TRIGGER OFF\r\n"
            pump.command(Trigger(READER, 5, on=True))
            assert stream.readline() == b"||>TRIGGER ON\r\n"
            connection.sendall(b"RB123456785GB\r\n")

            read = sink.code("RB123456785GB")
            assert isinstance(read, BarcodeRead)
            assert read.trigger == 5
        stream.close()
        connection.close()


class Keys:
    """An input device whose keys come out of a pipe."""

    def __init__(self, near: int) -> None:
        self._near = near

    def fileno(self) -> int:
        return self._near

    def read(self) -> bytes:
        return os.read(self._near, 4_096)

    def write(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        os.close(self._near)


def test_a_typing_scanner_is_read_by_its_keys(tmp_path: Path) -> None:
    near, far = os.pipe()
    attach = EvdevAttach(kind="evdev", port=str(tmp_path / "event3"))
    config = EvdevWedgeConfig(kind="evdev-wedge", id=SCANNER, attach=attach)

    def open_port(_attach: Any) -> Keys:
        return Keys(near)

    with pumping(config, open_port=open_port) as (_, sink):
        sink.next(DeviceUp)
        frame = next(one.frame for one in vectors("evdev-wedge") if one.id == "evdev-wedge-03")
        os.write(far, frame[:1_000])
        os.write(far, frame[1_000:])
        sink.code("RB123456785GB")
    os.close(far)
