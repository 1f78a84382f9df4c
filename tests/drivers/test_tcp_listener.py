"""A device that dials the gateway, on loopback: let in, replaced by its newer self, not mixed up with strangers."""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from driver_configs import belt_scale_config
from pump_rig import pumping
from serial_pty import DEADLINE_S
from tcp_peers import STRANGER, dial, free_port, read_on, until

from drivers.reading import DeviceDown, DeviceUp, WeightRead
from drivers.transports.lost import PortLostError
from drivers.transports.opening import Opening
from drivers.transports.tcp import ACCEPT_MAX, TcpConnection, TcpListener
from hub_config.attach import TcpListenAttach
from hub_config.names import SECOND

pytestmark = pytest.mark.system


def listen_at(port: int, host: str = "127.0.0.1", peer: str = "127.0.0.1") -> TcpListenAttach:
    return TcpListenAttach(kind="tcp-listen", host=host, port=port, peer=peer)


@contextmanager
def listening(**more: str) -> Iterator[tuple[TcpListener, int]]:
    number = free_port()
    listener = TcpListener(listen_at(number, **more))
    try:
        yield listener, number
    finally:
        listener.close()


def let_in(listener: TcpListener) -> TcpConnection:
    select.select([listener], [], [], DEADLINE_S)
    port = listener.accept()
    assert port is not None
    return port


def test_a_listener_waits_without_blocking_and_lets_its_device_in() -> None:
    with listening() as (listener, number):
        assert listener.accept() is None
        with dial(number) as far:
            port = let_in(listener)
            far.sendall(b"1;1;kg;OK\r")

            assert read_on(port) == b"1;1;kg;OK\r"
            port.close()
        assert listener.waiting == f"waiting for 127.0.0.1 to dial 127.0.0.1, port {number}"


def test_of_several_connections_of_the_device_the_newest_is_let_in() -> None:
    with listening() as (listener, number), dial(number) as first, dial(number) as second:
        port = let_in(listener)
        second.sendall(b"NEW")

        assert read_on(port) == b"NEW"
        first.settimeout(DEADLINE_S)
        assert first.recv(10) == b""
        port.close()


def test_a_stranger_is_sent_away_at_once_and_named_once() -> None:
    with listening() as (listener, number), dial(number, source=STRANGER) as stranger:
        select.select([listener], [], [], DEADLINE_S)
        assert listener.accept() is None
        stranger.settimeout(DEADLINE_S)
        assert stranger.recv(10) == b""
        assert listener.take_strangers() == [STRANGER]
        assert listener.take_strangers() == []


def test_one_turn_takes_no_more_callers_than_its_bound() -> None:
    with listening() as (listener, number):
        strangers = [dial(number, source=STRANGER) for _ in range(ACCEPT_MAX + 1)]

        listener.accept()
        assert len(listener.take_strangers()) == ACCEPT_MAX
        listener.accept()
        assert len(listener.take_strangers()) == 1
        for stranger in strangers:
            stranger.close()


def test_a_device_that_dials_an_ipv6_gateway_by_ipv4_is_known() -> None:
    number = free_port()
    listener = TcpListener(listen_at(number, host="::"))
    with dial(number):
        let_in(listener).close()
    listener.close()


def test_why_nobody_can_be_listened_for_is_said() -> None:
    with listening() as (_, number):
        with pytest.raises(PortLostError) as used:
            Opening().open(listen_at(number))
        with pytest.raises(PortLostError) as foreign:
            Opening().open(listen_at(number, host="203.0.113.7"))

    place = f"127.0.0.1, port {number}"
    assert (
        str(used.value) == f"{place} is in use by another program; end that program, or correct attach.port"
    )
    place = f"203.0.113.7, port {number}"
    assert str(foreign.value) == f"{place} is no address of this gateway; correct attach.host"


def test_while_nobody_is_connected_the_device_is_down_and_that_is_said_once() -> None:
    number = free_port()
    with pumping(belt_scale_config(port=number)) as (pump, sink):
        down = sink.next(DeviceDown)
        assert pump.stats()[0].open is False
        with dial(number) as far:
            sink.next(DeviceUp)
            far.sendall(b"1;1;kg;OK\r\n")
            sink.next(WeightRead)

        lost = sink.next(DeviceDown)
        waiting = f"waiting for 127.0.0.1 to dial 127.0.0.1, port {number}"
        assert isinstance(down, DeviceDown)
        assert down.reason == f"wim-1: {waiting}"
        assert isinstance(lost, DeviceDown)
        assert lost.reason == f"wim-1: 127.0.0.1 closed the connection; {waiting}"
        with dial(number):
            sink.next(DeviceUp)
        assert pump.stats()[0].openings == 2


def test_a_second_dial_in_replaces_the_first_and_what_that_had_half_sent_is_void() -> None:
    number = free_port()
    with pumping(belt_scale_config(port=number)) as (pump, sink), dial(number) as first:
        sink.next(DeviceUp)
        first.sendall(b"1;9")
        until(lambda: pump.stats()[0].bytes_in == 3)
        with dial(number) as second:
            replaced = sink.next(DeviceDown)
            sink.next(DeviceUp)
            second.sendall(b"2;1;kg;OK\r\n")

            weight = sink.next(WeightRead)
            assert isinstance(weight, WeightRead)
            assert (weight.record, weight.mass_mg) == (2, 1_000_000)
            assert isinstance(replaced, DeviceDown)
            assert replaced.reason == "wim-1: the device has dialled again, its older connection is void"
            first.settimeout(DEADLINE_S)
            assert first.recv(10) == b""
            assert pump.stats()[0].faults == 0


def test_strangers_do_not_disturb_the_device_are_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    number = free_port()
    with pumping(belt_scale_config(port=number)) as (pump, sink), dial(number) as far:
        sink.next(DeviceUp)
        for _ in range(3):
            with dial(number, source=STRANGER) as stranger:
                stranger.settimeout(DEADLINE_S)
                assert stranger.recv(10) == b""
        far.sendall(b"1;1;kg;OK\r\n")
        sink.next(WeightRead)

        assert pump.stats()[0].strangers == 3
        assert pump.stats()[0].openings == 1
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"wim-1: {STRANGER} dialled 127.0.0.1:{number} (dialled by 127.0.0.1) and was sent away"]


def test_an_address_in_use_is_said_once_and_listened_on_when_it_is_free() -> None:
    number = free_port()
    with (
        socket.create_server(("127.0.0.1", number)) as other,
        pumping(belt_scale_config(port=number)) as (_, sink),
    ):
        down = sink.next(DeviceDown)
        other.close()
        with dial(number):
            sink.next(DeviceUp)

            assert isinstance(down, DeviceDown)
            assert "is in use by another program" in down.reason
            assert sum(isinstance(one, DeviceDown) for one in sink.seen) == 1


def test_waiting_for_a_device_takes_no_time_to_stop_leaves_nothing_behind_and_does_not_spin() -> None:
    threads, fds = threading.active_count(), len(os.listdir("/proc/self/fd"))
    began = time.thread_time_ns()
    with pumping(belt_scale_config(port=free_port())) as (pump, sink):
        sink.next(DeviceDown)
        assert pump._soonest is None
        stopping = time.monotonic()

    assert time.monotonic() - stopping < DEADLINE_S / 10
    assert time.thread_time_ns() - began < SECOND
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == fds


def test_a_pump_with_a_connected_device_closes_both_at_its_end() -> None:
    fds = len(os.listdir("/proc/self/fd"))
    number = free_port()
    with pumping(belt_scale_config(port=number)) as (_, sink):
        far = dial(number)
        sink.next(DeviceUp)

    far.settimeout(DEADLINE_S)
    assert far.recv(10) == b""
    far.close()
    assert len(os.listdir("/proc/self/fd")) == fds
