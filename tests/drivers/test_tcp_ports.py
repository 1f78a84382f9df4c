"""A device that the gateway dials, on loopback: lost in every way, and said in words."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from driver_configs import READER, reader_config
from pump_rig import pumping
from serial_pty import DEADLINE_S
from tcp_peers import free_port, port_of, read_on, reset

from drivers.command import Trigger
from drivers.reading import BarcodeRead, DeviceDown, DeviceUp
from drivers.scanners.trigger_steps import QUIET_NS
from drivers.transports import tcp
from drivers.transports.lost import READ_MAX_BYTES, PortLostError
from drivers.transports.tcp import TcpPort
from hub_config.attach import TcpAttach
from hub_config.names import SECOND

pytestmark = pytest.mark.system


def dial_to(port: int, host: str = "127.0.0.1") -> TcpAttach:
    return TcpAttach(kind="tcp", host=host, port=port)


@pytest.fixture
def device() -> Iterator[socket.socket]:
    """A device that waits to be dialled."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(DEADLINE_S)
        yield listening


@contextmanager
def connected(device: socket.socket) -> Iterator[tuple[TcpPort, socket.socket]]:
    port = TcpPort(dial_to(port_of(device)))
    far, _ = device.accept()
    far.settimeout(DEADLINE_S)
    try:
        yield port, far
    finally:
        port.close()
        far.close()


def test_bytes_go_both_ways_and_nothing_blocks(device: socket.socket) -> None:
    with connected(device) as (port, far):
        assert port.read() == b""
        far.sendall(b"ABC\r")
        assert read_on(port) == b"ABC\r"
        assert port.write(b"LON\r") == 4
        assert far.recv(100) == b"LON\r"


def test_one_read_takes_no_more_than_its_bound(device: socket.socket) -> None:
    with connected(device) as (port, far):
        far.sendall(b"x" * (READ_MAX_BYTES + 1))

        sizes = [len(read_on(port)), len(read_on(port))]
        assert max(sizes) <= READ_MAX_BYTES


def test_a_connection_that_takes_no_more_takes_nothing_and_is_no_loss(device: socket.socket) -> None:
    with connected(device) as (port, _):
        taken = 1
        while taken:
            taken = port.write(b"x" * 65_536)

        assert port.write(b"x") == 0


def test_a_small_write_does_not_wait_and_a_device_that_is_gone_is_noticed(device: socket.socket) -> None:
    with connected(device) as (port, _):
        options = socket.socket(fileno=os.dup(port.fileno()))
        with options:
            said = [options.getsockopt(level, option) for level, option, _ in tcp._OPTIONS]

        assert said == [value for _, _, value in tcp._OPTIONS]


def test_the_end_of_a_connection_is_said(device: socket.socket) -> None:
    with connected(device) as (port, far):
        far.close()

        with pytest.raises(PortLostError, match=f"^127.0.0.1:{port_of(device)} closed the connection$"):
            read_on(port)


def test_a_broken_connection_is_said_by_reading_and_by_writing(device: socket.socket) -> None:
    with connected(device) as (port, far):
        reset(far)
        with pytest.raises(PortLostError, match=r"broke the connection$"):
            read_on(port)
        with pytest.raises(PortLostError, match=r"broke the connection$"):
            port.write(b"x")


def test_nobody_there_is_said_with_what_to_check() -> None:
    number = free_port()

    with pytest.raises(PortLostError, match=f"^127.0.0.1:{number} refuses the connection; check attach.port"):
        TcpPort(dial_to(number))


def test_a_device_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CONNECT_TIMEOUT_S", 0.2)
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    # Its queue is full then: the system leaves further dialling without an answer.
    with full, socket.create_connection(full.getsockname()), pytest.raises(PortLostError) as lost:
        TcpPort(dial_to(port_of(full)))

    assert str(lost.value).endswith("does not answer within 0.2 s; check power, cable and attach.host")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.EHOSTUNREACH, ""),
            "scanner:9 can't be reached; check power, cable and the gateway's network",
        ),
        (
            OSError(errno.ENETUNREACH, ""),
            "scanner:9 can't be reached; check power, cable and the gateway's network",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "x"),
            "scanner:9: the name scanner is unknown; correct attach.host, or write the device's address",
        ),
        (OSError(errno.EMFILE, ""), "scanner:9 can't be dialled (Too many open files)"),
    ],
)
def test_why_a_device_can_not_be_dialled_is_said(
    error: OSError, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(PortLostError) as lost:
        TcpPort(dial_to(9, host="scanner"))
    assert str(lost.value) == said


def test_the_first_address_of_a_name_that_answers_is_taken(
    device: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
    found = [(*kind, ("127.0.0.1", free_port())), (*kind, ("127.0.0.1", port_of(device)))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    TcpPort(dial_to(9, host="scanner")).close()

    device.accept()[0].close()


def test_a_triggered_reader_over_tcp_is_told_and_answers(device: socket.socket) -> None:
    with pumping(reader_config(port=port_of(device))) as (pump, sink):
        far, _ = device.accept()
        far.settimeout(QUIET_NS / SECOND + DEADLINE_S)
        with far:
            sink.next(DeviceUp)
            assert far.recv(100) == b"LOFF\r"
            pump.command(Trigger(READER, 5, on=True))
            assert far.recv(100) == b"LON\r"
            far.sendall(b"RB1234567")
            far.sendall(b"85GB\r")

            read = sink.next(BarcodeRead)
            assert isinstance(read, BarcodeRead)
            assert (read.data, read.trigger) == ("RB123456785GB", 5)


def test_a_device_that_vanishes_is_dialled_again_with_a_new_session(device: socket.socket) -> None:
    with pumping(reader_config(port=port_of(device))) as (pump, sink):
        far, _ = device.accept()
        sink.next(DeviceUp)
        far.sendall(b"HALF")
        reset(far)
        down = sink.next(DeviceDown)
        again, _ = device.accept()
        with again:
            sink.next(DeviceUp)

            assert isinstance(down, DeviceDown)
            place = f"127.0.0.1:{port_of(device)}"
            assert down.reason == f"tunnel-1: {place} broke the connection; trying again every 1 s"
            assert pump.stats()[0].port == place
            assert pump.stats()[0].openings == 2
