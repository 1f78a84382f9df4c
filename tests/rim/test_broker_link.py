"""The link over real brokers: versions, several addresses, hangs, and how long it waits before it comes back."""

import logging
import os
import signal
import socket
import threading
from pathlib import Path

import pytest
from brokers import need
from hub_rig import CoordinatorProcess, Gateway, letters, wait_for

from edge.rim.broker_link import jittered
from hub_config.broker import Broker as BrokerEntry
from hub_config.names import MILLISECOND
from simulators.broker import HOST, Broker, Kind, free_port


def test_a_wait_is_between_half_and_whole_and_differs_between_gateways() -> None:
    waits = [jittered(200 * MILLISECOND, f"run-{n}-1") for n in range(200)]

    assert all(100 * MILLISECOND <= wait < 200 * MILLISECOND for wait in waits)
    assert len(set(waits)) == 200
    assert waits == [jittered(200 * MILLISECOND, f"run-{n}-1") for n in range(200)]


@pytest.mark.system
def test_gateway_and_coordinator_move_to_the_next_broker_and_lose_nothing(tmp_path: Path) -> None:
    need("mosquitto")
    brokers = [Broker.start(tmp_path / name, prefer="mosquitto") for name in ("one", "two")]
    entry = BrokerEntry(host=HOST, port=brokers[0].port, others=(f"{HOST}:{brokers[1].port}",))
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=entry)
    coordinator = CoordinatorProcess(
        tmp_path / "coordinator", brokers[0].port, ["--broker", f"{HOST}:{brokers[1].port}"]
    )
    try:
        coordinator.start()
        gateway.start()
        gateway.tell(100)
        wait_for(lambda: len(gateway.pubacks.seen) > 20, "the stream is under way")
        brokers[0].kill()
        gateway.tell(100)
        wait_for(lambda: gateway.settled(200), "all acknowledged over the second broker")
        brokers[1].kill()
        gateway.tell(100)
        brokers[0].restart(wipe=True)
        wait_for(lambda: gateway.settled(300), "all acknowledged over the first again")

        found = coordinator.counts()
        assert found["stored"] == found["distinct"] == 300
    finally:
        gateway.stop()
        coordinator.stop()
        for broker in brokers:
            broker.stop()


@pytest.mark.system
def test_brokers_of_two_versions_are_each_spoken_to_in_their_own(tmp_path: Path) -> None:
    need("mosquitto")
    need("nats")
    nats = Broker.start(tmp_path / "nats", prefer="nats")
    mosquitto = Broker.start(tmp_path / "mosquitto", prefer="mosquitto")
    entry = BrokerEntry(host=HOST, port=nats.port, others=(f"{HOST}:{mosquitto.port}",))
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=entry)
    try:
        gateway.start()
        wait_for(lambda: gateway.uplink.figures().broker, "connected to nats")
        assert gateway.uplink.figures().version == "MQTT 3.1.1"
        nats.kill()
        wait_for(lambda: gateway.uplink.figures().version == "MQTT 5", "connected to mosquitto")
        mosquitto.kill()
        nats.restart()
        wait_for(lambda: gateway.uplink.figures().version == "MQTT 3.1.1", "connected to nats again")
    finally:
        gateway.stop()
        nats.stop()
        mosquitto.stop()


@pytest.mark.system
def test_a_broker_that_hangs_is_noticed_by_keepalive_and_the_next_one_serves(tmp_path: Path) -> None:
    """Nothing is in flight: only the unanswered ping tells."""
    need("mosquitto")
    brokers = [Broker.start(tmp_path / name, prefer="mosquitto") for name in ("one", "two")]
    entry = BrokerEntry(host=HOST, port=brokers[0].port, others=(f"{HOST}:{brokers[1].port}",), keepalive_s=1)
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=entry)
    try:
        gateway.start()
        wait_for(lambda: gateway.uplink.figures().broker, "connected")
        assert brokers[0].pid is not None
        os.kill(brokers[0].pid, signal.SIGSTOP)
        wait_for(lambda: not gateway.uplink.figures().broker, "the hang is noticed")
        gateway.tell(3)
        wait_for(lambda: len(gateway.pubacks.seen) == 3, "the second broker takes the events")
    finally:
        if brokers[0].pid is not None:
            os.kill(brokers[0].pid, signal.SIGCONT)
        gateway.stop()
        for broker in brokers:
            broker.stop()


class MuteServer:
    """Accepts and says nothing: a broker that hangs before CONNACK or in the middle of a handshake."""

    def __init__(self) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self.accepted: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                self.accepted.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for each in self.accepted:
            each.close()


@pytest.mark.system
def test_a_broker_that_accepts_and_says_nothing_is_given_up_for_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    need("mosquitto")
    caplog.set_level(logging.INFO, logger="hub.link")
    mute, broker = MuteServer(), Broker.start(tmp_path / "two", prefer="mosquitto")
    entry = BrokerEntry(host=HOST, port=mute.port, others=(f"{HOST}:{broker.port}",))
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=entry)
    try:
        gateway.start()
        wait_for(lambda: gateway.uplink.figures().broker, "the second broker is found")
        assert "no CONNACK or SUBACK in time" in caplog.text
    finally:
        gateway.stop()
        broker.stop()
        mute.close()


@pytest.mark.system
@pytest.mark.parametrize("kind", ["mosquitto", "nats"])
def test_a_second_of_the_same_name_ends_without_having_used_it(kind: Kind, tmp_path: Path) -> None:
    need(kind)
    broker = Broker.start(tmp_path / "broker", prefer=kind)
    first = Gateway(tmp_path / "first", broker.port, letters(), session="first")
    second = Gateway(tmp_path / "second", broker.port, letters(), session="second")
    try:
        first.start()
        wait_for(lambda: first.uplink.figures().broker, "the first is connected")
        links = list(first.core.links)
        second.start()
        second.uplink.looked(10)

        assert second.uplink.taken_by is not None
        assert second.uplink.taken_by.startswith("first-")
        assert second.core.links == []
        assert first.core.links == links
    finally:
        first.stop()
        second.stop()
        broker.stop()


@pytest.mark.system
def test_two_that_started_at_once_do_not_take_the_name_from_each_other_for_ever(tmp_path: Path) -> None:
    """Neither saw the other: whoever loses the name looks again, finds the other at work, and ends."""
    need("mosquitto")
    broker = Broker.start(tmp_path / "broker", prefer="mosquitto")
    pair = [Gateway(tmp_path / name, broker.port, letters(), session=name) for name in ("one", "two")]
    try:
        for gateway in pair:
            gateway.start()
        wait_for(lambda: any(gateway.uplink.taken_by for gateway in pair), "one of them gives way")
        (winner,) = (gateway for gateway in pair if gateway.uplink.taken_by is None)
        wait_for(lambda: winner.uplink.figures().broker, "the other stays")
    finally:
        for gateway in pair:
            gateway.stop()
        broker.stop()


@pytest.mark.system
def test_without_any_broker_every_address_is_tried(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    entry = BrokerEntry(host=HOST, port=ports[0], others=(f"{HOST}:{ports[1]}",))
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=entry)
    try:
        gateway.start()
        tried: set[str] = set()
        wait_for(
            lambda: tried.add(gateway.uplink._link._broker) is None and len(tried) == 2, "both are tried"
        )
    finally:
        gateway.stop()
