"""One client of the kit at a broker: it says what it is told to, and remembers all it hears."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.rim.tls import BrokerIdentity, words
from edge.wire.canonical import WireError, parse_strict

HEARD_MAX: Final = 100_000
"""Messages remembered; a check of a minute hears a few hundred. Past it the run is refused, not shortened."""
HEARD_BYTES_MAX: Final = 64 * 1024 * 1024
"""And so many bytes of them."""
CONNECT_TIMEOUT_S: Final = 5.0
LOOK_EVERY_S: Final = 0.01


class PeerFault(Exception):  # noqa: N818  (the fault is the broker's or the place's)
    """The kit itself can't go on: no broker, no connection."""


@dataclass(frozen=True, slots=True)
class Heard:
    at_s: float
    """Seconds of the monotonic clock."""
    topic: str
    payload: bytes
    retained: bool

    @property
    def data(self) -> dict[str, Any]:
        """The object `data` of a signed message; the whole object of a bare one; empty where it is no JSON object."""
        try:
            whole = parse_strict(self.payload)
        except WireError:
            return {}
        inner = whole.get("data")
        return dict(inner if isinstance(inner, dict) else whole)


def dial(client: Client, host: str, port: int, identity: BrokerIdentity | None) -> None:
    """With TLS where there is an identity. Raises PeerFault."""
    said: list[str] = []
    try:
        if identity is not None:
            client.tls_set_context(identity.context(said.append))
        client.connect(host, port, keepalive=10)
    except ssl.SSLError as refused:
        reason = said[0] if said else words(refused)
        raise PeerFault(f"no TLS with the broker at {host}:{port}: {reason}") from refused
    except OSError as refused:
        raise PeerFault(f"no broker answers at {host}:{port}: {refused}") from refused


class Peer:
    """Connects at once. Raises PeerFault where nobody answers."""

    def __init__(
        self, host: str, port: int, client_id: str, topics: tuple[str, ...],
        identity: BrokerIdentity | None = None,
    ) -> None:  # fmt: skip
        self._lock = threading.Lock()
        self._heard: list[Heard] = []
        self._room = HEARD_BYTES_MAX
        self._where = f"the broker at {host}:{port}"
        self._subscribed = threading.Event()
        self._topics = [(topic, 1) for topic in topics]
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        dial(self._client, host, port, identity)
        self._client.loop_start()
        if not self._subscribed.wait(CONNECT_TIMEOUT_S):
            self.close()
            raise PeerFault(f"the broker at {host}:{port} did not let {client_id} subscribe")

    def tell(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Raises PeerFault where the broker does not take it."""
        told = self._client.publish(topic, payload, qos=1, retain=retain)
        try:
            told.wait_for_publish(CONNECT_TIMEOUT_S)
        except RuntimeError as gone:  # paho's, where there is no connection
            raise PeerFault(f"{self._where} has closed the connection") from gone
        if not told.is_published():
            raise PeerFault(f"{self._where} confirmed nothing for {CONNECT_TIMEOUT_S:g} s")

    def heard(self, topic: str = "") -> list[Heard]:
        """What has come on this topic, or on all, oldest first."""
        with self._lock:
            if self._is_full:
                much = f"{HEARD_MAX} messages, or {HEARD_BYTES_MAX >> 20} MiB"
                raise PeerFault(f"more than {much} came: somebody floods these topics, or it is a busy hub")
            return [one for one in self._heard if topic in ("", one.topic)]

    def wait(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether it came true in time."""
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_EVERY_S)
        return True

    @property
    def _is_full(self) -> bool:
        return len(self._heard) >= HEARD_MAX or self._room < 0

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, _code: ReasonCode, _: Properties | None
    ) -> None:
        self._client.subscribe(self._topics)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._lock:
            if not self._is_full:
                self._room -= len(message.payload)
                self._heard.append(
                    Heard(time.monotonic(), message.topic, bytes(message.payload), message.retain)
                )
