"""MQTT packets, from bytes and to bytes: what one client of a broker needs, and nothing else.

Follows OASIS MQTT 3.1.1 and MQTT 5.0 (sections in brackets): CONNECT with a will, SUBSCRIBE at QoS 1, PUBLISH at QoS 0
and 1 in both directions, PING, DISCONNECT. No QoS 2, no topic aliases, no AUTH: nothing in the contract needs them
(§6), and a broker that sends one breaks the protocol. Sans-IO: feeding the bytes in any cut gives the same packets.
"""

from dataclasses import dataclass
from typing import Final, Literal

Version = Literal["MQTT 5", "MQTT 3.1.1"]

PACKET_BYTES_MAX: Final = 1 << 20
"""Of one packet that comes in; what a broker may be told to send is 64 KiB (contract §2)."""
MID_MAX: Final = 65_535
RECEIVE_MAXIMUM_ABSENT: Final = 65_535
"""What a broker allows that does not say (MQTT 5.0 §3.2.2.3.3)."""
UNSUPPORTED_PROTOCOL: Final = 0x84

_CODES_OF_3: Final = {1: UNSUPPORTED_PROTOCOL, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""Reason codes of MQTT 5 for the return codes of a CONNACK of 3.1.1 [3.2.2.3]."""
_WORDS: Final = {
    UNSUPPORTED_PROTOCOL: "Unsupported protocol version",
    0x85: "Client identifier not valid",
    0x86: "Bad user name or password",
    0x87: "Not authorized",
    0x88: "Server unavailable",
    0x89: "Server busy",
    0x8A: "Banned",
    0x8B: "Server shutting down",
    0x8D: "Keep alive timeout",
    0x8E: "Session taken over",
    0x93: "Receive Maximum exceeded",
    0x95: "Packet too large",
    0x97: "Quota exceeded",
}

# Kinds of properties [2.2.2.2]: how many bytes each has. Length 0: text or bytes with a length of two bytes in front.
_TEXT: Final = 0
_PROPERTY_BYTES: Final = {
    0x01: 1, 0x02: 4, 0x03: _TEXT, 0x08: _TEXT, 0x09: _TEXT, 0x11: 4, 0x12: _TEXT, 0x13: 2, 0x15: _TEXT,
    0x16: _TEXT, 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: _TEXT, 0x1C: _TEXT, 0x1F: _TEXT, 0x21: 2, 0x22: 2, 0x23: 2,
    0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip
_USER_PROPERTY: Final = 0x26
_SUBSCRIPTION_ID: Final = 0x0B
_SERVER_KEEP_ALIVE: Final = 0x13
_RECEIVE_MAXIMUM: Final = 0x21

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"


class MqttFault(Exception):  # noqa: N818  (the fault is the broker's)
    """What came is no MQTT that a broker may send us; the text says what."""


@dataclass(frozen=True, slots=True)
class Connack:
    code: int
    """0, or the reason code of MQTT 5 for the refusal."""
    receive_maximum: int = RECEIVE_MAXIMUM_ABSENT
    keepalive_s: int | None = None
    """The broker's own, where it wants another than was asked for."""


@dataclass(frozen=True, slots=True)
class Suback:
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Puback:
    mid: int
    code: int = 0


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    """Empty where it was no UTF-8."""
    payload: bytes
    mid: int
    """0 at QoS 0."""
    retain: bool


@dataclass(frozen=True, slots=True)
class Pingresp:
    pass


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The broker ends the connection, and says why (MQTT 5 only)."""

    code: int


Packet = Connack | Suback | Puback | Publish | Pingresp | Disconnect


def words_of(code: int) -> str:
    """A reason code for people."""
    return _WORDS.get(code, f"reason code 0x{code:02x}")


# From bytes ---------------------------------------------------------------------------------------


class PacketReader:
    """Of one connection; after a fault it is of no more use."""

    def __init__(self, version: Version) -> None:
        self._five = version == "MQTT 5"
        self._held = b""

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are whole now. Raises MqttFault."""
        held = self._held + data if self._held else data
        at, packets = 0, []
        while (found := _frame(held, at)) is not None:
            body, end = found
            if end > len(held):
                break
            packets.append(self._packet(held[at], held[body:end]))
            at = end
        self._held = held[at:]
        return packets

    def _packet(self, first: int, body: bytes) -> Packet:
        try:
            match first >> 4:
                case 3:
                    return self._publish(first, body)
                case 4:
                    return Puback(_u16(body, 0), body[2] if len(body) > 2 else 0)
                case 13:
                    return Pingresp()
                case 2:
                    return self._connack(body)
                case 9:
                    at = _after_properties(body, 2) if self._five else 2
                    return Suback(tuple(body[at:]))
                case 14 if self._five:
                    return Disconnect(body[0] if body else 0)
                case kind:
                    raise MqttFault(f"a packet of type {kind}, which no broker may send here")
        except IndexError:
            raise MqttFault(f"a packet of type {first >> 4} that ends too soon") from None

    def _publish(self, first: int, body: bytes) -> Publish:
        qos, topic_end = first >> 1 & 3, 2 + _u16(body, 0)
        at, mid = topic_end, 0
        if qos > 1:
            raise MqttFault(f"a message at QoS {qos}; at most 1 was subscribed to")
        if qos:
            mid, at = _u16(body, topic_end), topic_end + 2
        if self._five:
            at = _after_properties(body, at)
        try:
            topic = body[2:topic_end].decode()
        except UnicodeDecodeError:
            topic = ""
        return Publish(topic, body[at:], mid, bool(first & 1))

    def _connack(self, body: bytes) -> Connack:
        code = body[1]
        if not self._five or len(body) == 2:  # a broker of 3.1.1 refuses a client of 5 in its own form
            return Connack(_CODES_OF_3.get(code, code))
        numbers = _numbers(body, 2)
        return Connack(
            code, numbers.get(_RECEIVE_MAXIMUM, RECEIVE_MAXIMUM_ABSENT), numbers.get(_SERVER_KEEP_ALIVE)
        )


def _frame(held: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at this place begins and ends; None while that is not known [2.1.4]."""
    length = shift = 0
    for place in range(at + 1, min(at + 5, len(held))):
        byte = held[place]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if length > PACKET_BYTES_MAX:
                raise MqttFault(f"a packet of {length} bytes; at most {PACKET_BYTES_MAX}")
            return place + 1, place + 1 + length
    if shift == 28:
        raise MqttFault("a packet whose length has no end")
    return None


def _u16(body: bytes, at: int) -> int:
    return body[at] << 8 | body[at + 1]


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer [1.5.5], and where it ends."""
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift == 28:
            raise MqttFault("a length that has no end")


def _after_properties(body: bytes, at: int) -> int:
    length, begin = _varint(body, at)
    if begin + length > len(body):
        raise IndexError
    return begin + length


def _numbers(body: bytes, at: int) -> dict[int, int]:
    """The properties that are numbers."""
    length, at = _varint(body, at)
    end, found = at + length, {}
    while at < end:
        name, at = body[at], at + 1
        size = _PROPERTY_BYTES.get(name)
        if name == _USER_PROPERTY:
            at += 2 + _u16(body, at)
            at += 2 + _u16(body, at)
        elif name == _SUBSCRIPTION_ID:
            _, at = _varint(body, at)
        elif size is None:
            raise MqttFault(f"a property 0x{name:02x}, which there is not")
        elif size == _TEXT:
            at += 2 + _u16(body, at)
        else:
            found[name] = int.from_bytes(body[at : at + size])
            at += size
    return found


# To bytes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes
    """Retained, at QoS 1."""


def connect_packet(
    version: Version, client_id: str, keepalive_s: int, *, clean: bool, will: Will | None, session_expiry_s: int = 0,
    receive_maximum: int = RECEIVE_MAXIMUM_ABSENT,
) -> bytes:  # fmt: skip
    """[3.1]. Session expiry and receive maximum are told to a broker of MQTT 5 only."""
    five = version == "MQTT 5"
    flags = 0x02 if clean else 0
    if will is not None:
        flags |= 0x04 | 1 << 3 | 0x20
    body = _text("MQTT") + bytes((5 if five else 4, flags)) + keepalive_s.to_bytes(2)
    if five:
        body += b"\x08\x11" + session_expiry_s.to_bytes(4) + b"\x21" + receive_maximum.to_bytes(2)
    body += _text(client_id)
    if will is not None:
        body += (b"\x00" if five else b"") + _text(will.topic) + len(will.payload).to_bytes(2) + will.payload
    return b"\x10" + _length(len(body)) + body


def subscribe_packet(version: Version, mid: int, filters: tuple[str, ...]) -> bytes:
    """[3.8], all at QoS 1."""
    body = mid.to_bytes(2) + (b"\x00" if version == "MQTT 5" else b"")
    body += b"".join(_text(each) + b"\x01" for each in filters)
    return b"\x82" + _length(len(body)) + body


def publish_properties(version: Version, content_type: str | None, expiry_s: int | None) -> bytes:
    """What stands between mid and payload [3.3.2.3]: nothing in 3.1.1."""
    if version != "MQTT 5":
        return b""
    found = b"" if content_type is None else b"\x03" + _text(content_type)
    found += b"" if expiry_s is None else b"\x02" + expiry_s.to_bytes(4)
    return _length(len(found)) + found


def publish_packet(topic: bytes, mid: int, properties: bytes, payload: bytes, *, retain: bool) -> bytes:
    """[3.3], at QoS 1, or at 0 where `mid` is 0. `topic`: of `topic_bytes`."""
    length = len(topic) + len(properties) + len(payload) + (2 if mid else 0)
    first = 0x30 | (0x02 if mid else 0) | retain
    return b"".join(
        (bytes((first,)), _length(length), topic, mid.to_bytes(2) if mid else b"", properties, payload)
    )


def puback_packet(mid: int) -> bytes:
    return b"\x40\x02" + mid.to_bytes(2)


def topic_bytes(topic: str) -> bytes:
    return _text(topic)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2) + raw


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    out = bytearray()
    while length >= 0x80:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    return bytes(out)
