"""A coordinator that is wrong on purpose: it believes everything, acknowledges anything and releases all of it.

It exists so that the conformance table can be seen to find what it is there to find.
"""

import json
import secrets
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edge.rim.tls import BrokerIdentity
from simulators.contract.peer import dial
from simulators.coordinator.letters import Letters
from simulators.coordinator.stamps import utc_text, uuid7

VALID_US = 60_000_000


class WrongCoordinator:
    """Connects at once. Raises PeerFault where nobody answers."""

    def __init__(
        self, host: str, port: int, letters: Letters, now_us: int, identity: BrokerIdentity | None = None
    ) -> None:
        self._letters, self._now_us = letters, now_us
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"wrong-{secrets.token_hex(4)}")
        self._client.on_message = self._on_message
        dial(self._client, host, port, identity)
        self._client.subscribe(letters.events, 1)
        self._client.loop_start()
        self._client.publish(letters.state_topic, letters.birth("wrong-1", now_us), qos=1)  # not retained

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            event = json.loads(message.payload)
            data = event["data"]
            self._believe(event["id"], data)
        except (ValueError, KeyError, TypeError, RecursionError):
            return

    def _believe(self, identity: str, data: dict[str, Any]) -> None:
        letters, gateway = self._letters, str(data["gw"])
        ack = letters.ack(gateway, data["epoch"], data["seq"], identity)
        self._client.publish(letters.ack_topic(gateway), ack, qos=1)
        if data["kind"] == "parcel.measured":
            self._client.publish(
                letters.decision_topic(gateway), letters.decision(self._release(identity, data)), qos=1
            )

    def _release(self, identity: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "v": 1, "hub": self._letters.hub, "gw": data["gw"], "mode": data["mode"],
            "dec": uuid7(self._now_us, secrets.token_bytes(10)), "dec_seq": 1, "visit": data["visit"], "was": None,
            "for": identity, "supersedes": None, "action": "release", "reasons": [], "route": "green",
            "basis": {"authority": "customs", "rule": "all", "rule_pack": "sha256:" + "0" * 64}, "cond": {},
            "needs": [], "valid_from": utc_text(self._now_us), "valid_until": utc_text(self._now_us + VALID_US),
            "clock": "hub", "slack_us": 0,
        }  # fmt: skip
