"""One attempt at one MQTT connection, over paho-mqtt 2 by the advice of event-path-facts §5.

paho has no thread here: its owner's waits at the socket and at the owner's mailbox together (`wait`), so no event
changes threads on its way to the broker or back. Callbacks run within `wait` and only put a value in that mailbox.
A client is used once, so paho's memory of unconfirmed messages goes with the connection, and the sender's own
window alone says what is sent again.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, Protocol

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.rim import clock
from edge.rim.gathered_socket import GatheredSocket, GatheringClient
from edge.rim.mailbox import Mailbox, Pollable
from edge.rim.quick_client import PackedProperties, publication
from edge.rim.tls import BrokerIdentity
from hub_config.broker import Address
from hub_config.names import MILLISECOND, SECOND, Instant

CONNECT_TIMEOUT_S: Final = 1.5
"""For TCP. The owner waits meanwhile, so it is shorter than the 2 s in which a gateway must be able to stop."""
SESSION_EXPIRY_S: Final = 90_000
RECEIVE_MAXIMUM: Final = 100
PACKET_MAX: Final = 131_072
"""The largest that a broker of MQTT 5 may send us: a message has 64 KiB at most (contract §2)."""
UNREAD_MAX: Final = 1_000
"""With so many in the mailbox the network is not read: who says more than the owner can hear waits in the broker."""
RECEIVE_MAXIMUM_ABSENT: Final = 65_535
"""What a broker allows that does not say (MQTT 5.0 §3.2.2.3.3)."""
FAREWELL_TIMEOUT: Final = 1 * SECOND
DISCONNECT_TIMEOUT: Final = 400 * MILLISECOND
KEEPALIVE_LOOK: Final = 250 * MILLISECOND
"""How often paho is asked whether a ping is due, or one was not answered: it counts in seconds."""
ANSWERS_TOGETHER: Final = 4 * MILLISECOND
"""Where events follow one another closely, what the broker says of one is read when the next goes out, or so much
later: each waking of a thread costs more than what it does for one event. After a pause it is read at once, and where
the broker allows no more under way."""
PROPERTIES_KEPT: Final = 256
"""Properties once made: few expiries are in use at a time."""
CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"

Version = Literal["MQTT 5", "MQTT 3.1.1"]

_log = logging.getLogger("hub.link")


@dataclass(frozen=True, slots=True)
class Profile:
    """Who connects where, what it reads, and what the broker says of it when it is gone."""

    addresses: tuple[Address, ...]
    """Of one broker or cluster; tried in turn."""
    keepalive_s: int
    client_id: str
    subscriptions: tuple[str, ...]
    will_topic: str
    session: str
    """Names this run; `session_of` each connection of it."""
    will: Callable[[str], bytes]
    """What the broker says, retained, when the connection of that session is lost."""
    manual_ack: bool = False
    """The owner confirms each message itself with `confirm`, after its own commit."""
    identity: BrokerIdentity | None = None
    """Its certificate; None without TLS."""
    alone: bool = False
    """No other may run under this name: asked before the client id is used (contract §6)."""

    def probe_id(self, attempt: int) -> str:
        """Client id of the look for another of our name; different for every run and attempt."""
        return f"{self.client_id}-probe-{hashlib.sha256(self.session_of(attempt).encode()).hexdigest()[:8]}"

    def session_of(self, attempt: int) -> str:
        """One per connection, so that the late will of an earlier one can be told from the present one."""
        return f"{self.session}-{attempt}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """CONNACK. The broker takes at most `in_flight_max` unconfirmed publications."""

    in_flight_max: int


@dataclass(frozen=True, slots=True)
class Granted:
    """SUBACK: one code per subscription of the profile; 0x80 or more is a refusal."""

    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is gone, or was refused with the CONNACK code `code`. May come twice."""

    code: int
    reason: str


class Delivered(NamedTuple):
    """PUBACK for the publication `mid`; a code of 0x80 or more is a refusal."""

    mid: int
    code: int
    at: Instant


class Arrived(NamedTuple):
    topic: str
    payload: bytes
    mid: int
    at: Instant
    retained: bool = False
    """Kept by the broker, not said just now."""


class FromBroker(NamedTuple):
    """What a callback put into the owner's queue; `attempt` says which connection it was."""

    attempt: int
    told: Accepted | Granted | Ended | Delivered | Arrived


class Box(Protocol):
    """The owner's mailbox."""

    def __len__(self) -> int: ...
    def put(self, item: FromBroker, /) -> None: ...
    def wait(
        self, wait_ns: int, sock: Pollable | None = None, *, unsent: bool = False
    ) -> tuple[bool, bool]: ...


class MqttClient:
    """`connect` once, `end` once, both by the owner, who alone uses it. Raises OSError where the broker can't be
    reached."""

    def __init__(
        self,
        profile: Profile,
        address: Address,
        version: Version,
        attempt: int,
        box: Box,
        probe: bool = False,
    ) -> None:
        """`probe`: only to read our own state, under a passing name, without a will or a kept session."""
        self._profile = profile
        self._address = address
        self._version = version
        self._attempt = attempt
        self._box = box
        self._topics = (profile.will_topic,) if probe else profile.subscriptions
        self._clean = probe
        self._keepalive_due = Instant(0)
        self._event_out = False
        """Since the last `wait`."""
        self._events_out_at = Instant(0)
        self._sock: GatheredSocket | None = None
        five = version == "MQTT 5"
        self._paho = GatheringClient(
            CallbackAPIVersion.VERSION2,
            client_id=profile.probe_id(attempt) if probe else profile.client_id,
            clean_session=None if five else probe,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=profile.manual_ack and not probe,
        )
        self._paho.connect_timeout = CONNECT_TIMEOUT_S
        # No window of paho's own: the owner has one, and with paho's every PUBACK walks the list.
        self._paho.max_inflight_messages_set(0)
        if not probe:
            will = profile.will(profile.session_of(attempt))
            self._paho.will_set(profile.will_topic, will, qos=1, retain=True)
        self._paho.on_socket_register_write = _later
        self._paho.on_connect = self._on_connect
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_delivered = self._on_delivered
        self._paho.on_arrived = self._on_arrived

    def connect(self) -> None:
        """Blocks for `CONNECT_TIMEOUT_S` at most for TCP and as long for TLS; CONNACK comes through the mailbox."""
        if self._profile.identity is not None:
            self._paho.tls_set_context(self._profile.identity.context(self._refused))
        terms: dict[str, Any] = {}
        if self._version == "MQTT 5":
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0 if self._clean else SESSION_EXPIRY_S
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            properties.MaximumPacketSize = PACKET_MAX
            terms = {"clean_start": self._clean, "properties": properties}
        self._paho.connect(*self._address, self._profile.keepalive_s, **terms)
        self._sock = self._paho.gathered

    def wait(self, wait_ns: int) -> None:
        """Sends what is published, waits until broker or mailbox have something or the time is over, and takes in
        what the broker has said."""
        self.flush()
        sock = self._sock
        if sock is None:
            self._box.wait(wait_ns)
            return
        unsent = sock.has_unsent or self._paho.want_write()
        if self._follows_closely() and self._paho.has_room and not (unsent or sock.has_unread):
            self._box.wait(min(wait_ns, ANSWERS_TOGETHER))
            wait_ns = 0
        readable, writable = self._box.wait(0 if sock.has_unread else wait_ns, sock, unsent=unsent)
        if readable and len(self._box) < UNREAD_MAX:
            sock.fill()
        while sock.has_unread and self._sock is not None:
            self._let_paho(self._paho.loop_read)
        if writable:
            self.flush()
        at = clock.now()
        if at >= self._keepalive_due:
            self._keepalive_due = Instant(at + KEEPALIVE_LOOK)
            self._let_paho(self._paho.loop_misc)

    def _follows_closely(self) -> bool:
        """An event has just gone out, and one shortly before it."""
        if not self._event_out:
            return False
        before, self._events_out_at = self._events_out_at, clock.now()
        self._event_out = False
        return self._events_out_at - before < 2 * ANSWERS_TOGETHER

    def flush(self) -> None:
        """Writes what was published and confirmed, as far as the network takes it."""
        while (sock := self._sock) is not None and (self._paho.want_write() or sock.has_unsent):
            if self._paho.want_write():
                self._let_paho(self._paho.loop_write)
            try:
                sock.flush()
            except OSError as fault:
                self._lose(f"connection lost: {fault.strerror or fault}")
            if sock.has_unsent:
                return

    def _let_paho(self, do: Callable[[], object]) -> None:
        """What can't be read must not end the owner's thread: that connection is over, and no other."""
        if self._sock is None:
            return
        try:
            do()
        except Exception as fault:  # noqa: BLE001  (whatever paho makes of the broker's bytes)
            _log.warning("%s: what the broker says can't be read", self._profile.client_id, exc_info=True)
            self._lose(f"it says what is not MQTT: {fault!r:.80}")
        if self._paho.socket() is None:  # closed by paho, which has told why
            self._sock = None

    def _lose(self, reason: str) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.abandon()
        self._tell(Ended(0, reason))

    def publish(
        self,
        topic: str,
        payload: bytes,
        retain: bool = False,
        event: bool = False,
        expiry_s: int | None = None,
        qos: int = 1,
    ) -> int | None:
        """The mid that `Delivered` will carry, or None if paho did not take it.

        `event` marks a CloudEvent. Expiry exists in MQTT 5 only and is never relied on.
        """
        self._event_out = self._event_out or event
        properties = _publication(event, expiry_s) if self._version == "MQTT 5" else None
        if qos == 1:
            packed = b"" if properties is None else properties.pack()
            return self._paho.publish_once(topic, payload, packed, retain=retain)
        info = self._paho.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        return info.mid if info.rc == MQTT_ERR_SUCCESS else None

    def confirm(self, arrived: Iterable[Arrived]) -> None:
        """PUBACK of messages received under `manual_ack`; one of QoS 0 has no number and wants none."""
        self._paho.confirm([message.mid for message in arrived if message.mid])

    def leave(self, farewell: bytes) -> None:
        """A clean end: publishes `farewell` in place of the will, retained, as the broker will not send it."""
        self._box = deaf = _Deaf()
        info = self._paho.publish(self._profile.will_topic, farewell, qos=1, retain=True)
        until = clock.now() + FAREWELL_TIMEOUT
        with suppress(ValueError, RuntimeError):  # not taken, or the connection went meanwhile
            while not info.is_published() and self._wait_until(until):
                pass
        self._paho.disconnect()
        until = clock.now() + DISCONNECT_TIMEOUT
        # A socket shut before DISCONNECT has left would make the broker publish the will.
        while self._wait_until(until):
            pass
        deaf.close()

    def _wait_until(self, until: int) -> bool:
        """False where there is no connection any more, or no time."""
        left = until - clock.now()
        if self._sock is None or left <= 0:
            return False
        self.wait(left)
        return True

    def end(self) -> None:
        """Whatever the broker does."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.abandon()

    def _tell(self, told: Accepted | Granted | Ended | Delivered | Arrived) -> None:
        self._box.put(FromBroker(self._attempt, told))

    def _refused(self, reason: str) -> None:
        self._tell(Ended(0, reason))

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._tell(Ended(code.value, f"CONNACK: {code}"))
            return
        allowed = self._paho.receive_maximum = getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM_ABSENT)
        self._tell(Accepted(allowed))
        self._paho.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._tell(Granted(tuple(code.value for code in codes)))

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        # Also follows a refused CONNACK; the owner is at its next attempt by then.
        self._tell(Ended(0, f"connection lost: {code}"))

    def _on_delivered(self, mid: int, code: int) -> None:
        self._tell(Delivered(mid, code, clock.now()))

    def _on_arrived(self, topic: bytes, payload: bytes, mid: int, retained: bool) -> None:
        self._tell(Arrived(topic.decode(errors="replace"), payload, mid, clock.now(), retained))


class _Deaf(Mailbox[FromBroker]):
    """After the owner's last word nobody listens any more."""

    def put(self, item: FromBroker) -> None:
        pass


def _later(_client: Client, _data: object, _sock: object) -> None:
    """paho has something to send: it goes with the owner's next `wait` or `flush`, all that is there in one call."""


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho 2.2 leaves it untyped


@lru_cache(PROPERTIES_KEPT)
def _publication(event: bool, expiry_s: int | None) -> PackedProperties:
    """Of a PUBLISH. paho only reads it, and takes longer to make one than to send it."""
    return publication(CONTENT_TYPE if event else None, expiry_s)
