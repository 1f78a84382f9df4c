"""The short way through paho: the same messages, numbers and verdicts as by paho's own, however the bytes are cut."""

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.rim.quick_client import CHUNK_BYTES, QuickClient, publication

V5: Final = MQTTProtocolVersion.MQTTv5
V311: Final = MQTTProtocolVersion.MQTTv311
Told = list[tuple[Any, ...]]


def told_publish(
    topic: bytes, payload: bytes, mid: int, *, five: bool, flags: int = 2, props: bytes = b"\0"
) -> bytes:
    body = struct.pack("!H", len(topic)) + topic
    body += (struct.pack("!H", mid) if flags & 6 else b"") + (props if five else b"") + payload
    return bytes([0x30 | flags]) + varint(len(body)) + body


def varint(value: int) -> bytes:
    out = b""
    while True:
        value, byte = divmod(value, 128)
        out += bytes([byte | (0x80 if value else 0)])
        if not value:
            return out


@contextmanager
def over_a_pair(client: Client) -> Iterator[socket.socket]:
    """The client's connection, and our end of it."""
    ours, its = socket.socketpair()
    its.setblocking(False)
    client._sock = its
    try:
        yield ours
    finally:
        client._sock = None
        ours.close()
        its.close()


def quick(protocol: MQTTProtocolVersion, told: Told, *, manual: bool = True) -> QuickClient:
    client = QuickClient(CallbackAPIVersion.VERSION2, "quick", protocol=protocol, manual_ack=manual)
    client.on_arrived = lambda topic, payload, mid, kept: told.append((topic, payload, mid, kept))
    client.on_delivered = lambda mid, code: told.append((mid, code))
    return client


def slow(protocol: MQTTProtocolVersion, told: Told) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, "slow", protocol=protocol, manual_ack=True)

    def arrived(_client: Client, _data: object, message: MQTTMessage) -> None:
        told.append((message.topic.encode(), bytes(message.payload), message.mid, bool(message.retain)))

    client.on_message = arrived
    client.on_publish = lambda _client, _data, mid, code, _properties: told.append((mid, code.value))
    return client


def feed(client: Client, ours: socket.socket, pieces: list[bytes]) -> list[int]:
    """What each call answered."""
    answers = []
    for piece in pieces:
        ours.sendall(piece)
        while client._sock is not None:
            answers.append(int(client._packet_read()))
            if answers[-1]:  # nothing more at the moment, or the end
                break
    return answers


def traffic(chance: random.Random, *, five: bool) -> bytes:
    """Publications of every size and kind, acknowledgements good and refused, a ping's answer."""
    out = b""
    props = publication("application/json", 60).pack() if five else b""
    for number in range(1, 40):
        payload = chance.randbytes(chance.choice((0, 1, 100, 127, 128, 1_200, 20_000)))
        out += told_publish(
            b"a/%d" % number, payload, number, five=five, flags=chance.choice((0, 1, 2, 3, 10)),
            props=chance.choice((b"\0", props)),
        )  # fmt: skip
        refused = five and number % 3 == 0
        out += (
            struct.pack("!BBHB", 0x40, 3, number, 0x87) if refused else struct.pack("!BBH", 0x40, 2, number)
        )
        if number % 10 == 0:
            out += b"\xd0\x00"
    return out


@pytest.mark.parametrize("protocol", [V5, V311])
@pytest.mark.parametrize("seed", range(4))
def test_any_cut_of_the_bytes_tells_what_paho_tells(protocol: MQTTProtocolVersion, seed: int) -> None:
    chance = random.Random(seed)
    stream = traffic(chance, five=protocol == V5)
    cuts = sorted(chance.sample(range(1, len(stream)), 200))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    theirs: Told = []
    ours: Told = []

    for client, told in ((slow(protocol, theirs), theirs), (quick(protocol, ours), ours)):
        with over_a_pair(client) as peer:
            for _ in range(39):
                client.publish("q", b"x", qos=1)
            answers = feed(client, peer, pieces)
            assert set(answers) <= {0, -1}, f"seed {seed}"
            assert not client._out_messages
        assert len(told) == 78

    assert ours == theirs, f"seed {seed}"


def test_a_message_longer_than_one_reading_comes_whole() -> None:
    told: Told = []
    payload = bytes(range(256)) * (3 * CHUNK_BYTES // 256)
    stream = told_publish(b"a", payload, 7, five=True)
    client = quick(V5, told)
    with over_a_pair(client) as peer:
        feed(client, peer, [stream[start : start + 40_000] for start in range(0, len(stream), 40_000)])

    assert told == [(b"a", payload, 7, False)]
    assert client._parts == ()


@pytest.mark.parametrize(
    "odd",
    [
        b"\x32\x02\x00\x05",  # a topic longer than its packet
        b"\x32\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x40\x01\x00",  # half a number
        b"\xf0\x00",  # AUTH, never asked for
        told_publish(b"a", b"", 1, five=True, props=b"\x05"),  # properties longer than their packet
    ],
)  # fmt: skip
def test_what_is_malformed_ends_the_connection_by_either_way(odd: bytes) -> None:
    verdicts = []
    for client in (slow(V5, []), quick(V5, [])):
        with over_a_pair(client) as peer:
            verdicts.append(max(feed(client, peer, [odd])) > 0)

    assert verdicts == [True, True]


def test_a_connection_that_has_ended_is_lost() -> None:
    client = quick(V5, [])
    with over_a_pair(client) as peer:
        peer.close()

        assert client._packet_read() == 7  # MQTT_ERR_CONN_LOST


def test_confirmations_go_out_together() -> None:
    client = quick(V5, [])
    client.on_socket_register_write = lambda *_: None
    client.max_inflight_messages_set(0)
    with over_a_pair(client) as peer:
        client.confirm([1, 2, 513])
        client.confirm([])
        for number in range(100):
            client.publish("t", b"%d" % number, qos=1)
        while client.want_write():
            assert client.loop_write() == 0
        written = peer.recv(1 << 20)

    assert written.startswith(bytes.fromhex("40020001 40020002 40020201"))
    assert written.count(b"\x00\x01t") == 100


def test_without_manual_confirmation_each_is_confirmed_at_once() -> None:
    told: Told = []
    client = quick(V311, told, manual=False)
    with over_a_pair(client) as peer:
        feed(
            client,
            peer,
            [told_publish(b"a", b"x", 9, five=False), told_publish(b"a", b"y", 0, five=False, flags=0)],
        )
        client.loop_write()

        assert peer.recv(100) == b"\x40\x02\x00\x09"
    assert [message[2] for message in told] == [9, 0]


@pytest.mark.parametrize("protocol", [V5, V311])
@pytest.mark.parametrize("size", [0, 1, 90, 200, 20_000])
def test_a_publication_by_the_short_way_is_the_same_bytes_as_paho_sends(
    protocol: MQTTProtocolVersion, size: int
) -> None:
    sent: list[bytes] = []
    for short in (True, False):
        client = quick(protocol, [])
        with over_a_pair(client) as ours:
            properties = publication("application/json", 60) if protocol == V5 else None
            if short:
                packed = b"" if properties is None else properties.pack()
                assert client.publish_once("a/b", bytes(size), packed, retain=True) == 1
            else:
                client.publish("a/b", bytes(size), qos=1, retain=True, properties=properties)
            client.loop_write()
            sent.append(ours.recv(65_536))

    assert sent[0] == sent[1]


def test_numbers_in_use_are_not_given_again_and_each_is_told_once() -> None:
    told: Told = []
    client = quick(V5, told)
    assert client.publish_once("a", b"", b"\0") is None, "there is no connection"
    with over_a_pair(client) as ours:
        first = client.publish_once("a", b"", b"\0")
        client._last_mid = 65_534
        further = [client.publish_once("a", b"", b"\0") for _ in range(3)]
        feed(client, ours, [struct.pack("!BBH", 0x40, 2, 65_535)] * 2)
        client._last_mid = 65_534
        again = client.publish_once("a", b"", b"\0")

    assert first == 1
    assert further == [65_535, None, 2]
    assert told == [(65_535, 0)]
    assert again == 65_535
