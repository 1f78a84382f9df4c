"""paho's client, with a short way for the two packets that come by the thousand: PUBLISH and PUBACK.

paho 2.2 asks the system four times for one packet and makes an object of all properties of MQTT 5 for each (20 to
40 µs), which nobody here reads. This client reads what has come in one go and takes topic, number and payload from
where MQTT 5.0 §3.3 and §3.4 say they stand. Every other packet, and one that is odd in any way, goes to paho as it is,
whose verdict counts. It stands on inner parts of paho:
`tests/rim/test_quick_client.py` holds both ways against each other over the same bytes.
"""

import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.rim import clock
from hub_config.names import SECOND

CHUNK_BYTES: Final = 65_536
"""Read at once; a packet may be longer."""
LENGTH_BYTES_MAX: Final = 4
"""Of a packet's length, 7 bits each (MQTT 5.0 §1.5.5)."""
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
_QOS_BITS: Final = 0x06
_ONCE: Final = 0x02
"""QoS 1 among the bits of a PUBLISH."""
_RETAINED: Final = 0x01
_MORE: Final = 0x80
"""Another byte of a length follows."""

Arriving = Callable[[bytes, bytes, int, bool], None]
"""Topic, payload, number (0 at QoS 0), and whether it was retained."""
Delivering = Callable[[int, int], None]
"""Number and reason code of a PUBACK."""


class QuickClient(Client):
    """Used for one connection. `on_arrived` and `on_delivered` take the place of paho's `on_message` and `on_publish`;
    they are called while paho reads and must not raise."""

    on_arrived: Arriving | None = None
    on_delivered: Delivering | None = None
    _parts: tuple[bytes, ...] = ()
    """The beginning of a packet whose end has not come."""
    _missing = 0
    """Bytes that it needs at least."""
    receive_maximum = 65_535
    """Publications without PUBACK that the broker allows; at more it may end the connection (MQTT 5.0 §3.3.4)."""

    def __init__(self, *words: Any, **named: Any) -> None:  # noqa: ANN401  (paho's own)
        super().__init__(*words, **named)
        self._unanswered: set[int] = set()
        """Numbers of what `publish_once` has sent, or holds back."""
        self._held: deque[tuple[int, bytes]] = deque()
        """What goes out as the broker confirms others: the owner's window, and the little that is said beside it."""

    @property
    def has_room(self) -> bool:
        """The broker allows one more without PUBACK."""
        return len(self._unanswered) - len(self._held) < self.receive_maximum

    def publish_once(
        self, topic: str, payload: bytes, properties: bytes, *, retain: bool = False
    ) -> int | None:
        """QoS 1. The number that `on_delivered` will tell; None where there is no connection, or no number is free.

        paho remembers nothing of it: whoever publishes sends again what is not delivered. `properties` are packed, and
        are empty before MQTT 5.
        """
        if self._sock is None:
            return None
        mid = self._mid_generate()
        if mid in self._unanswered or mid in self._out_messages:
            return None
        name = topic.encode()
        length = 2 + len(name) + 2 + len(properties) + len(payload)
        head = bytearray((PUBLISH | _ONCE | retain,))
        self._pack_remaining_length(head, length)
        head += struct.pack("!H", len(name))
        packet = b"".join((head, name, struct.pack("!H", mid), properties, payload))
        if self.has_room:
            self._packet_queue(PUBLISH, packet, mid, 1)
        else:
            self._held.append((mid, packet))
        self._unanswered.add(mid)
        return mid

    def confirm(self, mids: Iterable[int]) -> None:
        """PUBACK of messages received under `manual_ack`, in one piece."""
        packet = b"".join([struct.pack("!BBH", PUBACK, 2, mid) for mid in mids])
        if packet:
            self._packet_queue(PUBACK, packet, 0, 1)

    # In

    def _packet_read(self) -> MQTTErrorCode:
        try:
            chunk = self._sock_recv(CHUNK_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        if not chunk:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        with self._msgtime_mutex:
            self._last_bytes_received = clock.now() / SECOND  # as paho's own: seconds of the monotonic clock
        self._missing -= len(chunk)
        if self._missing > 0:
            self._parts = (*self._parts, chunk)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        data = b"".join((*self._parts, chunk)) if self._parts else chunk
        return self._take(data)

    def _take(self, data: bytes) -> MQTTErrorCode:
        """Every whole packet; what is left waits for its end."""
        start, size = 0, len(data)
        self._missing = 0
        while start < size:
            length, body = _varint(data, start + 1)
            if length is None:
                if size - start > LENGTH_BYTES_MAX:
                    return MQTTErrorCode.MQTT_ERR_PROTOCOL
                self._missing = 1
                break
            end = body + length
            if end > size:
                self._missing = end - size
                break
            code = self._take_packet(data, data[start], body, end)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._sock is None:
                return code
            start = end
        self._parts = (data[start:],) if start < size else ()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take_packet(self, data: bytes, command: int, body: int, end: int) -> MQTTErrorCode:
        if command & 0xF0 == PUBLISH and self._take_publication(data, command, body, end):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        if command == PUBACK and self._take_puback(data, body, end):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        self._in_packet = {
            "command": command, "have_remaining": 1, "remaining_count": [], "remaining_mult": 1,
            "remaining_length": end - body, "packet": bytearray(data[body:end]), "to_process": 0, "pos": 0,
        }  # fmt: skip
        try:
            return self._packet_handle()
        except MalformedPacket:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _take_publication(self, data: bytes, command: int, body: int, end: int) -> bool:
        """False where it is paho's to judge."""
        qos = command & _QOS_BITS
        if self.on_arrived is None or qos > _ONCE or end - body < 2:
            return False
        topic_end = body + 2 + int.from_bytes(data[body : body + 2])
        at = topic_end + 2 if qos else topic_end
        if at > end or topic_end == body + 2:
            return False
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            length, at = _varint(data, at)
            if length is None or at + length > end:
                return False
            at += length
        mid = int.from_bytes(data[topic_end : topic_end + 2]) if qos else 0
        self.on_arrived(data[body + 2 : topic_end], data[at:end], mid, bool(command & _RETAINED))
        if qos and not self._manual_ack:
            self.confirm((mid,))
        return True

    def _take_puback(self, data: bytes, body: int, end: int) -> bool:
        """False where it is paho's to judge. Without a reason code it has gone well (MQTT 5.0 §3.4.2.1)."""
        if self.on_delivered is None or end - body < 2:
            return False
        mid = int.from_bytes(data[body : body + 2])
        if mid in self._unanswered:
            self._unanswered.discard(mid)
            if self._held:
                following, packet = self._held.popleft()
                self._packet_queue(PUBLISH, packet, following, 1)
            self.on_delivered(mid, data[body + 2] if end - body > 2 else 0)
            return True
        with self._out_message_mutex:
            message = self._out_messages.pop(mid, None)
            if message is None:
                return True
            self._inflight_messages -= 1
        self.on_delivered(mid, data[body + 2] if end - body > 2 else 0)
        message.info._set_as_published()
        return True


class PackedProperties(Properties):
    """Of what is published often: packed once. It is only read from then on."""

    def pack(self) -> bytes:
        packed: bytes | None = self.__dict__.get("_packed")
        if packed is None:
            packed = super().pack()  # type: ignore[no-untyped-call]  # paho 2.2 leaves it untyped
            self.__dict__["_packed"] = packed
        return packed


def publication(content_type: str | None, expiry_s: int | None) -> PackedProperties:
    """Of a PUBLISH."""
    properties = PackedProperties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho 2.2 leaves it untyped
    if content_type is not None:
        properties.ContentType = content_type
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    return properties


def _varint(data: bytes, at: int) -> tuple[int | None, int]:
    """Length in as many bytes as it takes, and what follows; None where its end has not come, or it has none."""
    value = 0
    for place, byte in enumerate(data[at : at + LENGTH_BYTES_MAX]):
        value |= (byte & ~_MORE) << (7 * place)
        if not byte & _MORE:
            return value, at + place + 1
    return None, at
