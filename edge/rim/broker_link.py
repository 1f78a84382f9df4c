"""One client's link to the MQTT broker, kept up for ever: dials, falls back to 3.1.1, waits, dials the next address.

The owner waits by `wait`, which puts what the broker says in the owner's mailbox; the owner hands each to `take` and
gets back what happened, or None for the leftovers of an earlier connection. Not thread-safe: one thread owns a link.

A broker that speaks MQTT 3.1.1 only answers the MQTT 5 CONNECT with "Unsupported protocol version" (0x84; seen with
nats-server 2.15.1); from then on the link uses 3.1.1 at that address and says so once. Loss and return are said
once each. Where no other may run under our name, the first connection only looks for one (`IdentityProbe`).
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge.rim import clock
from edge.rim.identity_probe import IdentityProbe
from edge.rim.mqtt_client import (
    Accepted,
    Arrived,
    Box,
    Delivered,
    Ended,
    FromBroker,
    Granted,
    MqttClient,
    Profile,
    Version,
)
from edge.rim.tls import words
from hub_config.broker import Address
from hub_config.names import MILLISECOND, SECOND, Instant

CONNACK_TIMEOUT: Final = 5 * SECOND
"""For CONNACK and SUBACK together: a hung broker accepts TCP and then says nothing."""
RETRY_AFTER: Final = 200 * MILLISECOND
RETRY_AFTER_MAX: Final = 5 * SECOND
"""Doubled after each round of the addresses; what is waited is half of it and a random part of the other half."""
STATE_EVERY: Final = 2 * SECOND
"""How often a birth is renewed (contract §6: within 3 s). NATS may drop one published while a reader subscribes."""
UNSUPPORTED_PROTOCOL: Final = 0x84
SHORT_LIVED: Final = 5 * SECOND
"""A connection lost within this may have been taken by another of our name that started at the same moment."""
REFUSED: Final = 0x80

_log = logging.getLogger("hub.link")


@dataclass(frozen=True, slots=True)
class Opened:
    """Connected, and every subscription granted."""

    version: Version
    in_flight_max: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone. Comes once, and only after `Opened`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Another runs under our name: the link has ended without using it."""

    session: str


Happening = Opened | Closed | Taken | Delivered | Arrived


class BrokerLink:
    """Keeps one connection up. The owner calls `tend` whenever `wake_at` has come."""

    def __init__(self, profile: Profile, box: Box) -> None:
        self._profile = profile
        self._box = box
        self._place = 0
        self._versions: dict[Address, Version] = {}
        """Addresses known to speak 3.1.1 only."""
        self._alone = not profile.alone
        self._probe: IdentityProbe | None = None
        self._client: MqttClient | None = None
        self._attempt = 0
        self._accepted: Accepted | None = None
        self._open = False
        self._opened_at = Instant(0)
        self._said_lost = False
        self._retry_after: int = RETRY_AFTER
        self._wake_at: Instant | None = Instant(0)

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def session(self) -> str:
        """Of the present connection."""
        return self._profile.session_of(self._attempt)

    @property
    def has_looked(self) -> bool:
        """Whether we are alone under our name is known, or could not be learnt at the first attempt."""
        return self._alone or self._said_lost or self._wake_at is None

    @property
    def _address(self) -> Address:
        return self._profile.addresses[self._place]

    @property
    def _broker(self) -> str:
        return f"{self._address[0]}:{self._address[1]}"

    @property
    def _version(self) -> Version:
        return self._versions.get(self._address, "MQTT 5")

    @property
    def wake_at(self) -> Instant | None:
        """When to dial, or to give up waiting for CONNACK; None while the link is open."""
        return self._wake_at

    def tend(self, at: Instant) -> None:
        """Dials or gives up if it is time. May block for `CONNECT_TIMEOUT_S`, twice with TLS."""
        if self._wake_at is None or at < self._wake_at:
            return
        if self._probe is not None and self._probe.is_free(at):
            self._alone = True
            self._discard()
            self._dial()
        elif self._client is not None:
            self._lose("no CONNACK or SUBACK in time")
        else:
            self._dial()

    def wait(self, wait_ns: int) -> None:
        """Until the broker or another thread has put something in the mailbox, or the time is over. What was
        published and confirmed goes out first."""
        if self._client is None:
            self._box.wait(wait_ns)
        else:
            self._client.wait(wait_ns)

    def flush(self) -> None:
        """What was published and confirmed goes out before the owner turns to something long."""
        if self._client is not None:
            self._client.flush()

    def take(self, item: FromBroker) -> Happening | None:
        if item.attempt != self._attempt or self._client is None:
            return None
        match item.told:
            case Accepted() as accepted:
                self._accepted = accepted
                return None
            case Granted(codes):
                return self._granted(codes)
            case Ended(code, reason):
                return self._ended(code, reason)
            case Arrived() as arrived if self._probe is not None:
                return self._probed(self._probe, arrived)
            case Delivered() | Arrived() as happening:
                return happening

    def _probed(self, probe: IdentityProbe, arrived: Arrived) -> Taken | None:
        probe.heard(arrived.payload, arrived.retained, arrived.at)
        self._wake_at = probe.wake_at
        if probe.taken_by is None:
            return None
        self._discard()
        self._wake_at = None
        return Taken(probe.taken_by)

    def publish(
        self,
        topic: str,
        payload: bytes,
        retain: bool = False,
        event: bool = False,
        expiry_s: int | None = None,
        qos: int = 1,
    ) -> int | None:
        """The mid that its `Delivered` will carry, or None if the link is not open."""
        if self._client is None or not self._open:
            return None
        return self._client.publish(topic, payload, retain=retain, event=event, expiry_s=expiry_s, qos=qos)

    def confirm(self, arrived: Iterable[Arrived]) -> None:
        # Not only while open: what waits in a resumed session comes before SUBACK and must be confirmed as well.
        if self._client is not None:
            self._client.confirm(arrived)

    def drop(self, reason: str) -> Closed | None:
        """Gives this connection up; the next attempt follows by itself."""
        return self._lose(reason) if self._client is not None else None

    def close(self, farewell: bytes) -> None:
        """Ends the link for good, within the time-outs of `MqttClient.leave`."""
        client, self._client = self._client, None
        was_open, self._open = self._open, False
        self._wake_at = None
        if client is not None:
            if was_open:
                client.leave(farewell)
            client.end()

    def _dial(self) -> None:
        self._attempt += 1
        self._accepted = None
        probe = not self._alone
        client = MqttClient(self._profile, self._address, self._version, self._attempt, self._box, probe)
        try:
            client.connect()
        except OSError as fault:  # refused, unreachable, unknown host, timed out, no TLS
            self._say_lost(words(fault))
            self._retry_later()
            return
        self._client = client
        self._wake_at = Instant(clock.now() + CONNACK_TIMEOUT)

    def _granted(self, codes: tuple[int, ...]) -> Happening | None:
        topics = self._profile.subscriptions
        refused = [topic for topic, code in zip(topics, codes, strict=False) if code >= REFUSED]
        if refused or self._accepted is None:
            who = self._profile.client_id
            return self._lose(f"it does not let {who} read {', '.join(refused)}; permit that in its ACL")
        if not self._alone:
            self._probe = IdentityProbe(clock.now(), f"{self._profile.session}-")
            self._wake_at = self._probe.wake_at
            return None
        self._opened_at = clock.now()
        self._wake_at = None
        self._retry_after = RETRY_AFTER
        self._said_lost = False
        _log.info("%s: connected to broker %s, %s", self._profile.client_id, self._broker, self._version)
        self._open = True  # last: whoever sees it open finds it said
        return Opened(self._version, self._accepted.in_flight_max)

    def _ended(self, code: int, reason: str) -> Closed | None:
        if code != UNSUPPORTED_PROTOCOL or self._version != "MQTT 5":
            return self._lose(reason)
        self._versions[self._address] = "MQTT 3.1.1"
        _log.warning(
            "%s: broker %s does not speak MQTT 5; going on with MQTT 3.1.1, which does not tell refusals",
            self._profile.client_id,
            self._broker,
        )
        self._discard()
        self._wake_at = Instant(0)
        return None

    def _lose(self, reason: str) -> Closed | None:
        was_open, self._open = self._open, False
        if was_open and clock.now() - self._opened_at < SHORT_LIVED:
            self._alone = not self._profile.alone  # who lost the name looks again before it comes back
        self._discard()
        self._say_lost(reason)
        self._retry_later()
        return Closed(reason) if was_open else None

    def _discard(self) -> None:
        client, self._client = self._client, None
        self._probe = None
        if client is not None:
            client.end()

    def _retry_later(self) -> None:
        """At the next address, so that one of several being away costs little."""
        self._wake_at = Instant(clock.now() + jittered(self._retry_after, self.session))
        self._place = (self._place + 1) % len(self._profile.addresses)
        if self._place == 0:
            self._retry_after = min(self._retry_after * 2, RETRY_AFTER_MAX)

    def _say_lost(self, reason: str) -> None:
        if not self._said_lost:
            _log.warning(
                "%s: no broker at %s (%s); trying again until it answers",
                self._profile.client_id,
                self._broker,
                reason,
            )
        self._said_lost = True


def jittered(delay: int, session: str) -> int:
    """Half of it and a part of the other half. The session's name is random, so no two gateways of a hub come back
    to a broker in step."""
    chance = int.from_bytes(hashlib.sha256(session.encode()).digest()[:4], "big")
    return delay // 2 + (delay // 2 * chance >> 32)
