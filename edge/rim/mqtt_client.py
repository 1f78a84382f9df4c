"""One attempt at one MQTT connection: a socket, the packets of `edge.wire.mqtt`, and keepalive.

It belongs to its owner's thread and never blocks there but in `connect` and `leave`. What is published waits in memory
until `flush`, so that the events of one turn go out in one write; of what a broker does not take, at most
`OUT_BYTES_MAX` stay here. A client is used once, so what it had sent and not seen confirmed goes with the connection,
and the sender's own window alone says what is sent again (contract §6).
"""

import select
import socket
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from edge.rim import clock
from edge.rim.mqtt_profile import Profile
from edge.rim.tls import words
from edge.wire.mqtt import (
    DISCONNECT,
    MID_MAX,
    PINGREQ,
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
from hub_config.broker import Address
from hub_config.names import SECOND, Instant

CONNECT_TIMEOUT_S: Final = 1.5
"""For TCP. The owner waits meanwhile, so it is shorter than the 2 s in which a gateway must be able to stop."""
SESSION_EXPIRY_S: Final = 90_000
RECEIVE_MAXIMUM: Final = 100
FAREWELL_TIMEOUT_S: Final = 1.0
DISCONNECT_TIMEOUT_S: Final = 0.4
CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
READ_BYTES: Final = 65_536
READS_MAX: Final = 8
"""In one turn, so that a broker that floods does not keep the owner from its other work."""
OUT_BYTES_MAX: Final = 8 << 20
"""More than a window of the longest messages. What is past it is not taken; the owner's window offers it again."""
TOPICS_KEPT: Final = 64
"""Topics once encoded; a gateway has one for each line and some ten others."""


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
    """The connection is gone, or was refused with the CONNACK code `code`. Nothing comes after it."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """PUBACK for the publication `mid`; a code of 0x80 or more is a refusal."""

    mid: int
    code: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Arrived:
    topic: str
    payload: bytes
    mid: int
    at: Instant
    retained: bool = False
    """Kept by the broker, not said just now."""


Told = Accepted | Granted | Ended | Delivered | Arrived


class MqttClient:
    """`connect` once, `end` once. Raises OSError where the broker can't be reached."""

    def __init__(
        self, profile: Profile, address: Address, version: Version, attempt: int, *, probe: bool = False
    ) -> None:
        """`probe`: only to read our own state, under a passing name, without a will or a kept session."""
        self._profile = profile
        self._address = address
        self._version = version
        self._attempt = attempt
        self._probe = probe
        self._manual_ack = profile.manual_ack and not probe
        self._reader = PacketReader(version)
        self._sock: socket.socket | None = None
        self._out: deque[bytes] = deque()
        self._out_bytes = 0
        self._mid = 0
        self._unconfirmed: dict[int, None] = {}
        self._topics: dict[str, bytes] = {}
        self._event_properties = publish_properties(version, CONTENT_TYPE, None)
        self._ended: str | None = None
        """Why the connection is over, until that is told."""
        self._more = False
        """There was more to read than one turn takes."""
        self._keepalive = profile.keepalive_s * SECOND
        self._said_at = self._heard_at = Instant(0)
        self._pinged_at: Instant | None = None

    def connect(self) -> None:
        """Blocks for `CONNECT_TIMEOUT_S` at most for TCP and as long for TLS; CONNACK comes with `receive`."""
        sock = socket.create_connection(self._address, CONNECT_TIMEOUT_S)
        try:
            # A small event would wait up to 40 ms for the broker's delayed TCP ack.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._profile.identity is not None:
                sock = self._profile.identity.wrapped(sock, self._address[0])
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        self._sock = sock
        self._heard_at = clock.now()
        self._say(self._greeting())
        self.flush()

    def _greeting(self) -> bytes:
        profile, probe = self._profile, self._probe
        will = None if probe else Will(profile.will_topic, profile.will(profile.session_of(self._attempt)))
        return connect_packet(
            self._version,
            profile.probe_id(self._attempt) if probe else profile.client_id,
            profile.keepalive_s,
            clean=probe,
            will=will,
            session_expiry_s=0 if probe else SESSION_EXPIRY_S,
            receive_maximum=RECEIVE_MAXIMUM,
        )

    # What to wait for

    @property
    def fileno(self) -> int | None:
        return None if self._sock is None else self._sock.fileno()

    @property
    def wants_write(self) -> bool:
        return bool(self._out)

    @property
    def wake_at(self) -> Instant:
        """When to call `tend`, or at once where `receive` has more to tell and the socket does not say so."""
        if self._ended is not None or self._more:
            return Instant(0)
        since = min(self._said_at, self._heard_at) if self._pinged_at is None else self._pinged_at
        return Instant(since + self._keepalive)

    def tend(self, at: Instant) -> None:
        """Asks a broker that has been silent, or that has heard nothing from us, whether it is there (§3.1.2.10)."""
        if self._ended is not None or self._more or at < self.wake_at:
            return
        if self._pinged_at is None:
            self._pinged_at = at
            self._say(PINGREQ)
            self.flush()
        else:
            self._end("it does not answer")

    # Out

    def publish(
        self,
        topic: str,
        payload: bytes,
        retain: bool = False,
        event: bool = False,
        expiry_s: int | None = None,
        qos: int = 1,
    ) -> int | None:
        """The mid that `Delivered` will carry (0 at QoS 0), or None if it was not taken. Goes out with `flush`.

        `event` marks a CloudEvent. Expiry exists in MQTT 5 only and is never relied on.
        """
        if self._ended is not None or self._out_bytes >= OUT_BYTES_MAX:
            return None
        if event and expiry_s is None:
            properties = self._event_properties
        else:
            properties = publish_properties(self._version, CONTENT_TYPE if event else None, expiry_s)
        mid = self._next_mid() if qos else 0
        if mid is None:
            return None
        self._say(publish_packet(self._topic(topic), mid, properties, payload, retain=retain))
        return mid

    def confirm(self, arrived: Arrived) -> None:
        """PUBACK of a message received under `manual_ack`. Goes out with `flush`."""
        if arrived.mid:
            self._say(puback_packet(arrived.mid))

    def flush(self) -> None:
        """Writes what the socket takes."""
        while self._out and self._sock is not None:
            chunk = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            try:
                sent = self._sock.send(chunk)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                sent = 0
            except OSError as fault:
                self._end(f"connection lost: {words(fault)}")
                return
            self._out.clear()
            self._out_bytes = len(chunk) - sent
            if self._out_bytes:
                self._out.append(chunk[sent:])
                return
            self._said_at = clock.now()

    def _say(self, packet: bytes) -> None:
        self._out.append(packet)
        self._out_bytes += len(packet)

    def _topic(self, topic: str) -> bytes:
        known = self._topics.get(topic)
        if known is None:
            known = topic_bytes(topic)
            if len(self._topics) < TOPICS_KEPT:
                self._topics[topic] = known
        return known

    def _next_mid(self) -> int | None:
        """One that no publication without PUBACK has; None when all are taken."""
        if len(self._unconfirmed) >= MID_MAX:
            return None
        while True:
            self._mid = self._mid % MID_MAX + 1
            if self._mid not in self._unconfirmed:
                self._unconfirmed[self._mid] = None
                return self._mid

    # In

    def receive(self) -> list[Told]:
        """What has come, without waiting; the end of the connection last, and once."""
        told: list[Told] = []
        self._more = False
        for turn in range(READS_MAX):
            data = self._read()
            if not data:
                break
            self._more = turn == READS_MAX - 1
            at = self._heard_at = clock.now()
            self._pinged_at = None
            try:
                packets = self._reader.feed(data)
            except MqttFault as fault:
                self._end(f"it sent {fault}")
                break
            for packet in packets:
                self._take(packet, at, told)
            if len(data) < READ_BYTES and not isinstance(self._sock, ssl.SSLSocket):
                self._more = False
                break
        if self._ended is not None and self._sock is not None:
            told.append(Ended(0, self._ended))
            self.end()
        return told

    def _read(self) -> bytes:
        """Empty where nothing is there, or nothing will come any more."""
        if self._sock is None or self._ended is not None:
            return b""
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except ssl.SSLError as fault:
            self._end(words(fault))
            return b""
        except OSError as fault:
            self._end(f"connection lost: {fault}")
            return b""
        if not data:
            self._end("connection lost: the broker has closed it")
        return data

    def _take(self, packet: Packet, at: Instant, told: list[Told]) -> None:
        match packet:
            case Puback(mid, code):
                if mid in self._unconfirmed:
                    del self._unconfirmed[mid]
                    told.append(Delivered(mid, code, at))
            case Publish(topic, payload, mid, retain):
                told.append(Arrived(topic, payload, mid, at, retain))
                if mid and not self._manual_ack:
                    self._say(puback_packet(mid))
            case Connack(0, receive_maximum, keepalive_s):
                if keepalive_s is not None:
                    self._keepalive = keepalive_s * SECOND
                told.append(Accepted(receive_maximum))
                topics = (self._profile.will_topic,) if self._probe else self._profile.subscriptions
                self._say(subscribe_packet(self._version, MID_MAX, topics))
                self.flush()
            case Connack(code):
                told.append(Ended(code, f"CONNACK: {words_of(code)}"))
                self.end()
            case Suback(codes):
                told.append(Granted(codes))
            case Disconnect(code):
                self._end(f"connection lost: {words_of(code)}")
            case Pingresp():
                pass

    def _end(self, reason: str) -> None:
        if self._ended is None:
            self._ended = reason

    # The end

    def leave(self, farewell: bytes) -> None:
        """A clean end: publishes `farewell` in place of the will, retained, as the broker will not send it."""
        mid = self.publish(self._profile.will_topic, farewell, retain=True)
        deadline = Instant(clock.now() + int(FAREWELL_TIMEOUT_S * SECOND))
        while mid in self._unconfirmed and self._sock is not None and self._wait(deadline):
            self.receive()
        sock = self._sock
        if sock is None:
            return
        self._say(DISCONNECT)
        self.flush()
        # Were the socket shut before DISCONNECT has been read, the broker would publish the will.
        with suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            deadline = Instant(clock.now() + int(DISCONNECT_TIMEOUT_S * SECOND))
            while self._wait(deadline) and sock.recv(READ_BYTES):
                pass

    def _wait(self, deadline: Instant) -> bool:
        """For something to read, and writes meanwhile; False once the time is over."""
        self.flush()
        left_s = (deadline - clock.now()) / SECOND
        if self._sock is None or left_s <= 0:
            return False
        select.select([self._sock], [self._sock] if self._out else [], [], left_s)
        return True

    def end(self) -> None:
        """Whatever the broker does."""
        sock, self._sock = self._sock, None
        self._out.clear()
        if sock is not None:
            with suppress(OSError):  # gone already
                sock.close()
