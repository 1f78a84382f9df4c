"""One MQTT connection against a peer that is no broker: what it does at its bounds and with what no broker may send."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from edge.rim import clock
from edge.rim import mqtt_client as client_module
from edge.rim.mqtt_client import Accepted, Arrived, Delivered, Ended, Granted, MqttClient, Told
from edge.rim.mqtt_profile import Profile
from edge.wire.mqtt import puback_packet
from hub_config.names import SECOND, Instant

CONNACK = bytes.fromhex("20 06 00 00 03 21 0064")
SUBACK = bytes.fromhex("90 04 ffff 00 01")
PATIENCE_S = 20.0


class Peer:
    """The other end; `client` has said CONNECT to it."""

    def __init__(self, **changes: object) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        address = ("127.0.0.1", int(self._listener.getsockname()[1]))
        profile = Profile((address,), 10, "gw", ("a",), "state", "run", lambda session: session.encode())
        self.client = MqttClient(replace(profile, **changes), address, "MQTT 5", 1)  # type: ignore[arg-type]
        self.client.connect()
        self.sock = self._listener.accept()[0]
        self.sock.settimeout(PATIENCE_S)
        self.hello = self.sock.recv(4_096)
        self.told: list[Told] = []

    def says(self, data: bytes, until: Callable[[list[Told]], bool]) -> list[Told]:
        """Sends it, and lets the client receive until it has told enough."""
        self.sock.sendall(data)
        return self.hears(until)

    def hears(self, until: Callable[[list[Told]], bool]) -> list[Told]:
        deadline, told = time.monotonic() + PATIENCE_S, []
        while not until(told):
            assert time.monotonic() < deadline, f"only {told}"
            told += self.client.receive()
        return told

    def opened(self) -> "Peer":
        self.says(CONNACK + SUBACK, lambda told: len(told) == 2)
        self.sock.recv(4_096)
        return self

    def close(self) -> None:
        self.client.end()
        self.sock.close()
        self._listener.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_it_says_connect_with_its_will_and_then_subscribes(peer: Peer) -> None:
    told = peer.says(CONNACK, lambda told: len(told) == 1)
    subscribed = peer.sock.recv(4_096)
    told += peer.says(SUBACK, lambda told: len(told) == 1)

    assert peer.hello[0] == 0x10
    assert peer.hello.endswith(b"state\x00\x05run-1")
    assert subscribed == bytes.fromhex("82 07 ffff 00 0001 61 01")
    assert told == [Accepted(100), Granted((1,))]


def test_a_refusal_ends_it_with_the_code_and_its_words(peer: Peer) -> None:
    told = peer.says(bytes.fromhex("20 03 00 87 00"), bool)

    assert told == [Ended(0x87, "CONNACK: Not authorized")]
    assert peer.client.receive() == []
    assert peer.client.fileno is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xf0\x00", "it sent a packet of type 15"),
        (b"\xe0\x01\x8e", "connection lost: Session taken over"),
        (b"\x20\x01\x00", "it sent a packet of type 2 that ends too soon"),
    ],
)
def test_what_no_broker_may_send_ends_the_connection_once_and_last(data: bytes, words: str) -> None:
    peer = Peer().opened()
    told = peer.says(puback_packet(1) + data, bool)

    assert isinstance(told[-1], Ended)
    assert words in told[-1].reason
    assert peer.client.receive() == []
    peer.close()


def test_a_connection_that_is_closed_is_told_once(peer: Peer) -> None:
    peer.opened()
    peer.sock.close()
    told = peer.hears(bool)

    assert [type(one) for one in told] == [Ended]
    assert peer.client.publish("a", b"") is None
    assert peer.client.receive() == []


def test_what_was_published_goes_out_in_one_write_and_is_confirmed_by_its_mid(peer: Peer) -> None:
    peer.opened()
    mids = [peer.client.publish("a", payload, event=True) for payload in (b"one", b"two", b"three")]
    peer.client.flush()
    came = peer.sock.recv(4_096)
    told = peer.says(
        puback_packet(2) + puback_packet(9) + b"\x40\x03\x00\x01\x97", lambda told: len(told) == 2
    )

    assert mids == [1, 2, 3]
    assert [came.count(word) for word in (b"one", b"two", b"three", b"cloudevents+json")] == [1, 1, 1, 3]
    assert [(one.mid, one.code) for one in told if isinstance(one, Delivered)] == [(2, 0), (1, 0x97)]


def test_a_message_is_confirmed_by_itself_or_by_its_owner() -> None:
    message = bytes.fromhex("32 07 0001 61 0007 00 78")
    for manual_ack in (False, True):
        peer = Peer(manual_ack=manual_ack).opened()
        (arrived,) = peer.says(message, bool)
        assert isinstance(arrived, Arrived)
        assert (arrived.topic, arrived.payload, arrived.mid) == ("a", b"x", 7)
        assert peer.client.wants_write is not manual_ack
        if manual_ack:
            peer.client.confirm(arrived)
        peer.client.flush()
        assert peer.sock.recv(4_096) == puback_packet(7)
        peer.close()


def test_a_broker_that_takes_nothing_leaves_a_bounded_rest_here_and_loses_none_of_it(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "OUT_BYTES_MAX", 200_000)
    peer.opened()
    taken = 0
    while peer.client.publish("a", b"%08d" % taken + b"." * 60_000) is not None:
        taken += 1
        peer.client.flush()
    assert peer.client.wants_write
    came = b""
    while peer.client.wants_write or came.count(b"." * 60_000) < taken:
        peer.client.flush()
        came += peer.sock.recv(1 << 20)

    assert [b"%08d" % number in came for number in range(taken)] == [True] * taken
    assert peer.client.publish("a", b"x") is not None


def test_a_silent_broker_is_asked_and_given_up_when_it_does_not_answer(peer: Peer) -> None:
    peer.opened()
    asks_at = peer.client.wake_at
    peer.client.tend(Instant(asks_at - 1))
    assert not peer.client.wants_write
    peer.client.tend(asks_at)
    assert peer.sock.recv(16) == b"\xc0\x00"
    peer.says(b"\xd0\x00", lambda _: peer.client.wake_at != Instant(asks_at + 10 * SECOND))

    asks_again = peer.client.wake_at
    peer.client.tend(asks_again)
    peer.client.tend(Instant(asks_again + 10 * SECOND))

    assert asks_again > asks_at
    assert peer.client.wake_at == 0
    assert peer.client.receive() == [Ended(0, "it does not answer")]


def test_the_broker_may_want_to_hear_more_often() -> None:
    peer = Peer()
    peer.says(bytes.fromhex("20 06 00 00 03 13 0002"), bool)

    assert peer.client.wake_at - clock.now() <= 2 * SECOND
    peer.close()


def test_a_clean_end_leaves_the_farewell_in_place_of_the_will(peer: Peer) -> None:
    peer.opened()
    peer.sock.sendall(puback_packet(1))
    peer.client.leave(b"bye")
    peer.client.end()
    came = b""
    while data := peer.sock.recv(4_096):
        came += data

    assert came.startswith(b"\x33")  # retained, at QoS 1
    assert b"state" in came
    assert came.endswith(b"bye\xe0\x00")
