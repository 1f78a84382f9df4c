"""MQTT packets: the bytes of the standards, any cut of them, and what no broker may send."""

import random
from contextlib import suppress

import pytest

from edge.wire.mqtt import (
    MID_MAX,
    PACKET_BYTES_MAX,
    Connack,
    Disconnect,
    MqttFault,
    Packet,
    PacketReader,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Version,
    Will,
    connect_packet,
    puback_packet,
    publish_packet,
    publish_properties,
    subscribe_packet,
    topic_bytes,
    words_of,
)

FIVE: Version = "MQTT 5"
THREE: Version = "MQTT 3.1.1"


def read(version: Version, data: bytes) -> list[Packet]:
    return PacketReader(version).feed(data)


# To bytes -----------------------------------------------------------------------------------------


def test_a_connect_of_3_1_1_is_that_of_the_standard() -> None:
    """3.1.1 §3.1: protocol name and level, flags (will retained at QoS 1), keepalive, client id, will."""
    will = Will("a/b", b"gone")

    assert connect_packet(THREE, "gw", 10, clean=False, will=will) == bytes.fromhex(
        "10 19 0004 4d515454 04 2c 000a 0002 6777 0003 612f62 0004 676f6e65"
    )


def test_a_connect_of_5_tells_session_expiry_and_receive_maximum() -> None:
    """5.0 §3.1.2.11: properties 0x11 and 0x21; the will has properties of its own, none here."""
    packet = connect_packet(
        FIVE, "gw", 10, clean=True, will=Will("a", b"g"), session_expiry_s=90_000, receive_maximum=100
    )

    assert packet == bytes.fromhex(
        "10 1e 0004 4d515454 05 2e 000a 08 11 00015f90 21 0064 0002 6777 00 0001 61 0001 67"
    )


def test_a_subscription_asks_for_qos_1() -> None:
    assert subscribe_packet(THREE, 7, ("a/#", "b")) == bytes.fromhex("82 0c 0007 0003 612f23 01 0001 62 01")
    assert subscribe_packet(FIVE, 7, ("b",)) == bytes.fromhex("82 07 0007 00 0001 62 01")


def test_a_publication_bears_mid_properties_and_the_payload_as_it_is() -> None:
    three = publish_packet(topic_bytes("a"), 9, publish_properties(THREE, "x", 60), b"pay", retain=True)
    five = publish_packet(topic_bytes("a"), 9, publish_properties(FIVE, "x", 60), b"pay", retain=False)
    at_0 = publish_packet(topic_bytes("a"), 0, publish_properties(FIVE, None, None), b"pay", retain=False)

    assert three == bytes.fromhex("33 08 0001 61 0009") + b"pay"
    assert five == bytes.fromhex("32 12 0001 61 0009 09 03 0001 78 02 0000003c") + b"pay"
    assert at_0 == bytes.fromhex("30 07 0001 61 00") + b"pay"


@pytest.mark.parametrize(
    ("length", "told"),
    [(127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (2_097_151, "ffff7f")],
)
def test_a_length_is_told_seven_bits_at_a_time(length: int, told: str) -> None:
    """Both standards, table of the remaining length: the ends of its ranges."""
    packet = publish_packet(topic_bytes(""), 0, b"", b"p" * (length - 2), retain=False)

    assert packet.startswith(b"\x30" + bytes.fromhex(told) + b"\x00\x00p")


# From bytes ---------------------------------------------------------------------------------------

STREAM = (
    "20 06 00 00 03 21 0064"  # CONNACK, receive maximum 100
    "90 05 ffff 00 01 87"  # SUBACK: granted, not authorized
    "40 02 0009"  # PUBACK
    "40 04 000a 97 00"  # PUBACK: quota exceeded
    "33 09 0001 61 0003 00 706179"  # PUBLISH, retained, at QoS 1
    "30 0c 0001 61 05 02 0000003c 706179"  # PUBLISH at QoS 0 with an expiry
    "d0 00"  # PINGRESP
    "e0 01 8e"  # DISCONNECT: session taken over
)
PACKETS: list[Packet] = [
    Connack(0, 100),
    Suback((1, 0x87)),
    Puback(9),
    Puback(10, 0x97),
    Publish("a", b"pay", 3, retain=True),
    Publish("a", b"pay", 0, retain=False),
    Pingresp(),
    Disconnect(0x8E),
]


def test_what_a_broker_of_5_says_in_any_cut_of_its_bytes() -> None:
    stream = bytes.fromhex(STREAM.replace(" ", ""))
    for seed in range(200):
        chance, reader, found, rest = random.Random(seed), PacketReader(FIVE), [], stream
        while rest:
            cut = chance.randint(1, 9)
            found += reader.feed(rest[:cut])
            rest = rest[cut:]

        assert found == PACKETS, f"seed {seed}"


def test_what_a_broker_of_3_1_1_says() -> None:
    stream = bytes.fromhex("20020000 9003ffff01 40020009 330800016100037061 79 d000".replace(" ", ""))

    assert read(THREE, stream) == [
        Connack(0), Suback((1,)), Puback(9), Publish("a", b"pay", 3, retain=True), Pingresp(),
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "meant"), [(1, 0x84), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87)])
@pytest.mark.parametrize("version", [THREE, FIVE])
def test_a_refusal_of_3_1_1_is_told_by_the_codes_of_5_whatever_was_asked_in(
    code: int, meant: int, version: Version
) -> None:
    (told,) = read(version, bytes((0x20, 2, 0, code)))

    assert told == Connack(meant)


def test_a_connack_of_5_may_want_another_keepalive_among_properties_of_every_kind() -> None:
    """Assigned client id (text), user property (two texts), topic alias maximum, server keep alive 7 s."""
    properties = bytes.fromhex("12 0001 78 26 0001 6b 0001 76 22 000a 13 0007 2a 01")
    body = b"\x00\x00" + bytes((len(properties),)) + properties

    assert read(FIVE, bytes((0x20, len(body))) + body) == [Connack(0, keepalive_s=7)]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("f0 00", "type 15"),
        ("34 05 0001 61 0001", "QoS 2"),
        ("40 01 00", "ends too soon"),
        ("20 01 00", "ends too soon"),
        ("30 02 ffff", "ends too soon"),
        ("32 05 0001 61 00 01", "ends too soon"),
        ("32 06 0001 61 0001 05", "ends too soon"),
        ("30 ff ff ff ff 01", "length has no end"),
        ("30 81 80 80 01", "bytes; at most"),
        ("20 05 00 00 02 7f 00", "property 0x7f"),
        ("20 05 00 00 ff ff ff ff 01", "too soon|no end"),
    ],
)
def test_what_no_broker_may_send_is_a_fault_with_words(what: str, says: str) -> None:
    with pytest.raises(MqttFault, match=says):
        read(FIVE, bytes.fromhex(what.replace(" ", "")))


def test_noise_is_a_fault_or_packets_and_nothing_else() -> None:
    for seed in range(3_000):
        chance = random.Random(seed)
        with suppress(MqttFault):
            read(chance.choice([THREE, FIVE]), chance.randbytes(chance.randint(1, 60)))


def test_a_topic_that_is_no_utf_8_is_an_empty_one() -> None:
    (told,) = read(THREE, bytes.fromhex("30 06 0002 ffff 7061"))

    assert told == Publish("", b"pa", 0, retain=False)


def test_confirmations_and_words() -> None:
    assert puback_packet(MID_MAX) == b"\x40\x02\xff\xff"
    assert words_of(0x87) == "Not authorized"
    assert words_of(0xA3) == "reason code 0xa3"
    assert PACKET_BYTES_MAX >= 65_536 + 1_024
