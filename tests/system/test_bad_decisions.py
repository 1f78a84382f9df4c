"""Whoever can write to the broker can write anything: what is no valid decision is counted and releases nothing."""

import json
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from live_hub import LABELS, WELL_KNOWN_KEY, LiveHub, wait_for
from nacl.signing import SigningKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from serial_peers import LIGHT_MG

from simulators.coordinator.letters import Letters
from simulators.coordinator.stamps import utc_text, uuid7

pytestmark = pytest.mark.system

HUB, GATEWAY = "MY-KUL-1", "gw-01"
CUSTOMS = Letters(HUB, "co-1", SigningKey(WELL_KNOWN_KEY))
STRANGER = Letters(HUB, "co-1", SigningKey(bytes(range(1, 33))))
ELSEWHERE = Letters("BE-LGG-1", "co-1", SigningKey(WELL_KNOWN_KEY))
SECOND_US = 1_000_000


class Desk:
    """A client that reads the gateway's events and answers what it likes."""

    def __init__(self, port: int) -> None:
        self.events: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="desk")
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(CUSTOMS.events, qos=1)
        self.say(CUSTOMS.state_topic, CUSTOMS.birth("desk-1", time.time_ns() // 1_000), retain=True)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.events.put(json.loads(message.payload))

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def decide(self, payload: bytes) -> None:
        self.say(CUSTOMS.decision_topic(GATEWAY), payload)

    def measured(self) -> dict[str, Any]:
        """The next parcel.measured."""
        while True:
            try:
                event = self.events.get(timeout=10)
            except Empty:
                raise AssertionError("no parcel.measured within 10 s") from None
            if event["data"]["kind"] == "parcel.measured":
                return event

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    changes = {'answer_timeout = "5 s"': 'answer_timeout = "60 s"'}
    with LiveHub(tmp_path_factory.mktemp("hub"), changes=changes) as live:
        live.start_broker()
        live.start_gateway()
        yield live


@pytest.fixture
def desk(hub: LiveHub) -> Iterator[Desk]:
    desk = Desk(hub.broker_port)
    yield desk
    desk.close()


def release(event: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A release that is right in everything; `changes` make it wrong."""
    now_us = time.time_ns() // 1_000
    data: dict[str, Any] = {
        "v": 1, "hub": HUB, "gw": GATEWAY, "mode": "practice", "dec": uuid7(now_us, b"0123456789"), "dec_seq": 1,
        "visit": event["data"]["visit"], "was": None, "for": event["id"], "supersedes": None, "action": "release",
        "reasons": [], "route": "green",
        "basis": {"authority": "customs", "rule": "low-value-air", "rule_pack": "sha256:0", "tier": "standard"},
        "cond": {"code": LABELS[0], "mass_mg": [LIGHT_MG - 50_000, LIGHT_MG + 50_000]}, "needs": [],
        "valid_from": utc_text(now_us - SECOND_US), "valid_until": utc_text(now_us + 120 * SECOND_US),
        "clock": "hub", "slack_us": 1,
    }  # fmt: skip
    return data | changes


def unsigned(data: dict[str, Any]) -> bytes:
    envelope = json.loads(CUSTOMS.decision(data))
    del envelope["ehubsig"], envelope["ehubkid"]
    return json.dumps(envelope).encode()


def altered(data: dict[str, Any]) -> bytes:
    """Signed as a hold, then made a release."""
    hold = json.loads(CUSTOMS.decision(data | {"action": "hold", "reasons": ["sampled"], "route": "hold"}))
    return json.dumps(hold | {"data": data}).encode()


def test_no_bad_decision_releases_and_each_is_counted_under_its_reason(hub: LiveHub, desk: Desk) -> None:
    hub.wait_online()
    hub.measure(LABELS[0])
    event = desk.measured()
    good = release(event)
    ago_us = time.time_ns() // 1_000 - 60 * SECOND_US
    expired = {"valid_from": utc_text(ago_us), "valid_until": utc_text(ago_us + SECOND_US)}
    early = {
        "valid_from": utc_text(ago_us + 3_600 * SECOND_US),
        "valid_until": utc_text(ago_us + 7_200 * SECOND_US),
    }
    bad = {
        "not_json": b"\xff\xfe release it",
        "duplicate_key": b'{"data":{},"data":{}}',
        "bad_shape": CUSTOMS.decision(release(event, action="let it go")),
        "bad_signature": unsigned(good),
        "bad_id": altered(good),
        "unknown_key": STRANGER.decision(good),
        "wrong_hub": CUSTOMS.decision(release(event, hub="BE-LGG-1")).replace(
            b"urn:ehub:MY-KUL-1", b"urn:ehub:BE-LGG-1"
        ),
        "wrong_gateway": CUSTOMS.decision(release(event, gw="gw-02")),
        "wrong_mode": CUSTOMS.decision(release(event, mode="live")),
        "decision_late": CUSTOMS.decision(release(event, **expired)),
        "clock_untrusted": CUSTOMS.decision(release(event, **early)),
        "no_such_parcel": CUSTOMS.decision(release(event, visit=event["data"]["visit"][:-1] + "0")),
        "not_our_event": CUSTOMS.decision(release(event, **{"for": "ni:///sha-256;" + "A" * 43})),
        "too_large": CUSTOMS.decision(release(event, note=["x" * 1_000] * 40)),
    }
    for payload in bad.values():
        desk.decide(payload)
    wait_for(
        lambda: sum(hub.gateway.figures()["rejected_messages"].values()) >= len(bad), "all are counted", 5
    )
    assert hub.gateway.figures()["rejected_messages"] == dict.fromkeys(bad, 1)
    assert hub.gateway.bench["state"] == "asking"
    assert "release" not in hub.gateway.shown
    hub.scan("HUBXGREEN")
    hub.wait_screen("the bay is refused", lambda bench: bench["refused"] == "not_now")

    desk.decide(CUSTOMS.decision(good))  # the right one is still obeyed
    assert hub.wait_state("release")["bay"] == "G1"
    hub.take_to("HUBXGREEN")
    assert hub.gateway.figures()["rejected_messages"] == dict.fromkeys(bad, 1)
