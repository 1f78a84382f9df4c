"""paho's socket: bytes come as they were sent however the network cuts them, and go out in one call."""

import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.rim import clock
from edge.rim.gathered_socket import READ_BYTES, UNSENT_MAX, GatheredSocket, GatheringClient
from edge.rim.mailbox import Mailbox, Pollable
from edge.rim.mqtt_client import (
    ANSWERS_TOGETHER,
    UNREAD_MAX,
    Accepted,
    Arrived,
    Delivered,
    Ended,
    FromBroker,
    MqttClient,
    Profile,
)
from hub_config.names import SECOND, Instant

CONNACK = b"\x20\x03\x00\x00\x00"
PATIENCE = 20 * SECOND


@pytest.fixture
def pair() -> Iterator[tuple[GatheredSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    gathered = GatheredSocket(ours)
    yield gathered, theirs
    gathered.abandon()
    theirs.close()


def test_all_that_is_there_is_read_at_once_and_handed_out_in_any_pieces(
    pair: tuple[GatheredSocket, socket.socket],
) -> None:
    ours, theirs = pair
    theirs.send(b"abcdef")
    ours.fill()
    theirs.send(b"gh")

    assert [ours.recv(1), ours.recv(3)] == [b"a", b"bcd"]
    ours.fill()
    assert [ours.recv(3), ours.recv(99)] == [b"efg", b"h"]
    assert not ours.has_unread
    with pytest.raises(BlockingIOError):
        ours.recv(1)
    ours.fill()  # nothing there
    assert not ours.has_unread


def test_an_end_is_told_after_what_came_before_it(pair: tuple[GatheredSocket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.send(b"ab")
    theirs.close()
    ours.fill()
    ours.fill()

    assert ours.recv(9) == b"ab"
    assert ours.has_unread
    with pytest.raises(ConnectionError):
        ours.recv(9)


def test_what_is_said_goes_out_together_and_in_order(pair: tuple[GatheredSocket, socket.socket]) -> None:
    ours, theirs = pair
    for piece in (b"one ", b"two ", b"three"):
        assert ours.send(piece) == len(piece)
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(99)
    ours.flush()

    assert theirs.recv(99) == b"one two three"
    assert not ours.has_unsent


def test_what_the_network_does_not_take_waits_within_its_bound(
    pair: tuple[GatheredSocket, socket.socket],
) -> None:
    ours, theirs = pair
    block, said = b"x" * 65_536, 0
    for _ in range(99):
        with suppress(BlockingIOError):
            said += ours.send(block)
            ours.flush()
    with pytest.raises(BlockingIOError):
        ours.send(block)
    heard = 0
    while ours.has_unsent:
        heard += len(theirs.recv(UNSENT_MAX))
        ours.flush()
    while heard < said:
        heard += len(theirs.recv(UNSENT_MAX))

    assert heard == said


def test_a_close_sends_what_was_said(pair: tuple[GatheredSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.send(b"DISCONNECT")
    ours.close()

    assert theirs.recv(99) == b"DISCONNECT"
    assert theirs.recv(99) == b""


class FakeBroker:
    """The other end of one connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.box: Mailbox[FromBroker] = Mailbox()
        self.told: list[object] = []
        profile = Profile(
            (("127.0.0.1", self._listener.getsockname()[1]),), 10, "gw-1", ("a/b",), "will", "run-1", lambda _: b"gone"
        )  # fmt: skip
        self.client = MqttClient(profile, profile.addresses[0], "MQTT 5", 1, self.box)
        self.client.connect()
        self.sock, _ = self._listener.accept()

    def until(self, kind: type) -> object:
        while not any(isinstance(one, kind) for one in self.told):
            self.client.wait(PATIENCE)
            self.told += [item.told for item in self.box.take(999)]
        return next(one for one in self.told if isinstance(one, kind))

    def end(self) -> None:
        self.client.end()
        self.sock.close()
        self._listener.close()
        self.box.close()


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    made = FakeBroker()
    yield made
    made.end()


@pytest.mark.system
@pytest.mark.parametrize("seed", range(5))
def test_pubacks_cut_anywhere_settle_each_publication_once_with_its_code(
    broker: FakeBroker, seed: int
) -> None:
    chance = random.Random(seed)
    mids = [broker.client.publish("t", b"event") for _ in range(200)]
    codes = {mid: chance.choice([0, 0, 0, 0x10, 0x97]) for mid in mids if mid is not None}
    packets = [
        struct.pack("!BBHB", 0x40, 3, mid, code) if code or chance.random() < 0.1 else struct.pack("!BBH", 0x40, 2, mid)
        for mid, code in codes.items()
    ]  # fmt: skip
    stream = CONNACK + b"".join(packets) + b"".join(packets[:20])  # some twice
    while stream:
        size = chance.randint(1, 40)
        broker.sock.sendall(stream[:size])
        stream = stream[size:]
        broker.client.wait(PATIENCE)
        broker.told += [item.told for item in broker.box.take(999)]

    delivered = [one for one in broker.told if isinstance(one, Delivered)]
    assert {one.mid: one.code for one in delivered} == codes
    assert len(delivered) == len(codes)


@pytest.mark.system
def test_no_more_is_under_way_than_the_broker_allows_whatever_is_said_beside_the_events(
    broker: FakeBroker,
) -> None:
    """A window full of events, and a state: one too many, and a broker may end the connection (MQTT 5.0 §3.3.4)."""
    broker.sock.sendall(b"\x20\x06\x00\x00\x03\x21\x00\x02")  # Receive Maximum 2
    broker.until(Accepted)
    broker.client.flush()
    broker.sock.recv(READ_BYTES)  # CONNECT, SUBSCRIBE
    texts = (b"one", b"two", b"three", b"four")
    mids = [broker.client.publish("t", text) for text in texts]
    heard: list[list[bytes]] = []
    for mid in mids[:3]:
        broker.client.flush()
        told = broker.sock.recv(READ_BYTES)
        heard.append([text for text in texts if text in told])
        broker.sock.sendall(struct.pack("!BBH", 0x40, 2, mid))
        broker.client.wait(PATIENCE)
    broker.told += [item.told for item in broker.box.take(9)]

    assert broker.told[0] == Accepted(2)
    assert heard == [[b"one", b"two"], [b"three"], [b"four"]]
    assert [one.mid for one in broker.told if isinstance(one, Delivered)] == mids[:3]


@pytest.mark.system
def test_who_says_more_than_the_owner_hears_waits_in_the_network(broker: FakeBroker) -> None:
    total = 20 * UNREAD_MAX
    packet = bytes((0x30, 7)) + struct.pack("!H", 3) + b"a/b" + b"\0" + b"x"
    feeder = threading.Thread(target=broker.sock.sendall, args=(CONNACK + packet * total,))
    feeder.start()
    most = 0
    while sum(isinstance(one, Arrived) for one in broker.told) < total:
        for _ in range(5):
            broker.client.wait(PATIENCE)
        most = max(most, len(broker.box))
        broker.told += [item.told for item in broker.box.take(200)]
    feeder.join()

    assert most < UNREAD_MAX + READ_BYTES / len(packet) + 2


@pytest.mark.system
def test_confirmations_of_events_that_follow_closely_are_read_together(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, waits = [SECOND], []
    wait = broker.box.wait

    def watched(wait_ns: int, sock: Pollable | None = None, *, unsent: bool = False) -> tuple[bool, bool]:
        waits.append((wait_ns, sock is not None))
        return wait(0, sock, unsent=unsent)

    monkeypatch.setattr(clock, "now", lambda: Instant(now[0]))
    monkeypatch.setattr(broker.box, "wait", watched)

    def round_of(*, event: bool, later_ns: int) -> list[tuple[int, bool]]:
        now[0] += later_ns
        broker.client.publish("t", b"x", event=event)
        waits.clear()
        broker.client.wait(PATIENCE)
        return list(waits)

    at_once, together = [(PATIENCE, True)], [(ANSWERS_TOGETHER, False), (0, True)]
    assert round_of(event=True, later_ns=0) == at_once
    assert round_of(event=True, later_ns=ANSWERS_TOGETHER) == together
    assert round_of(event=False, later_ns=ANSWERS_TOGETHER) == at_once
    assert round_of(event=True, later_ns=2 * ANSWERS_TOGETHER) == at_once

    broker.client._paho.receive_maximum = 5  # the next is the last that the broker allows
    assert round_of(event=True, later_ns=ANSWERS_TOGETHER) == at_once


@pytest.mark.system
@pytest.mark.parametrize(
    "nonsense", [b"\xf0\xff\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00"]
)
def test_what_is_not_mqtt_ends_the_connection_and_not_its_owner(broker: FakeBroker, nonsense: bytes) -> None:
    broker.sock.sendall(nonsense)
    broker.sock.shutdown(socket.SHUT_WR)

    assert isinstance(broker.until(Ended), Ended)
    broker.client.wait(0)
    broker.client.leave(b"bye")


def test_a_paho_that_dials_in_another_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    paho = GatheringClient(CallbackAPIVersion.VERSION2, client_id="x", protocol=MQTTProtocolVersion.MQTTv5)
    monkeypatch.setattr(GatheringClient, "socket", lambda _: object())

    with pytest.raises(TypeError, match=r"speaks to object; the gateway wants paho-mqtt 2\.2"):
        _ = paho.gathered
    monkeypatch.undo()
