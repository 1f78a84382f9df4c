"""A configuration and an order of the hub's IT over a real broker: an event tells, the next start uses it."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_hub import WELL_KNOWN_KEY, LiveHub, wait_for
from nacl.signing import SigningKey
from paho.mqtt.client import MQTTMessage
from test_bad_decisions import Desk
from test_inspected_live import next_of

from edge.wire.it_orders import sealed
from edge.wire.signing import Signer
from edge.wire.utc import rfc3339

pytestmark = pytest.mark.system

ROOT = "ehub-practice/v1/MY-KUL-1"
IT = Signer(SigningKey(WELL_KNOWN_KEY))
ORDERED: dict[str, Any] = {"v": 1, "hub": "MY-KUL-1", "gw": "gw-01", "mode": "practice"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LiveHub]:
    changes = {'roles = ["release", "hold", "ack"]': 'roles = ["release", "hold", "ack", "config"]'}
    with LiveHub(tmp_path, changes=changes) as live:
        live.start_broker()
        live.start_gateway()
        yield live


def test_an_accepted_configuration_is_told_and_used_from_the_next_start(hub: LiveHub) -> None:
    desk = Desk(hub.broker_port)
    hub.wait_online()
    first = next_of(desk, "gateway.mode")["data"]["prov"]["cfg"]
    text = hub.gateway.config.read_text()
    data = ORDERED | {"version": 1, "toml": text.replace('min_load = "20 g"', 'min_load = "30 g"')}
    desk.say(f"{ROOT}/cfg/gw-01", sealed(data, IT), retain=True)
    told = next_of(desk, "device.changed")["data"]
    assert told["note"]["configuration"] == "accepted"
    assert told["visit"] is None
    desk.say(f"{ROOT}/cfg/gw-01", sealed(data | {"version": 2, "toml": "[hub]\n"}, IT), retain=True)
    assert next_of(desk, "device.changed")["data"]["note"]["configuration"] == "refused"

    hub.gateway.stop()
    hub.gateway.start()
    wait_for(lambda: "configuration 1 of the hub's IT is used" in hub.gateway.said(), "it says so")
    hub.wait_online()
    desk.events = type(desk.events)()
    desk.say(f"{ROOT}/cfg/gw-01", sealed(ORDERED | {"version": 3, "toml": "[hub]\n"}, IT), retain=True)
    while (after := next_of(desk, "device.changed")["data"])["note"].get("version") != 3:
        pass
    assert after["prov"]["cfg"] != first
    desk.close()


def test_an_order_for_a_scale_is_answered_by_its_key(hub: LiveHub) -> None:
    desk = Desk(hub.broker_port)
    results: list[dict[str, Any]] = []

    def heard(_client: object, _data: object, message: MQTTMessage) -> None:
        results.append(json.loads(message.payload)["data"])

    desk._client.message_callback_add(f"{ROOT}/res/+/+", heard)
    desk._client.subscribe(f"{ROOT}/res/+/+", qos=1)
    hub.wait_online()
    until = rfc3339(time.time_ns() // 1_000 + 20_000_000)
    data = ORDERED | {"device": "scale-1", "key": "k-1", "command": "zero", "until": until}
    for _ in range(2):
        desk.say(f"{ROOT}/cmd/gw-01/scale-1", sealed(data, IT))
    wait_for(lambda: len(results) >= 1, "its result")
    desk.say(f"{ROOT}/cmd/gw-01/scale-1", sealed(data | {"command": "release"}, IT))

    # The scale of these tests knows no zeroing and says so.
    assert {(one["key"], one["outcome"]) for one in results} == {("k-1", "refused")}
    wait_for(
        lambda: hub.gateway.figures()["rejected_messages"] == {"bad_shape": 1}, "there is no such command"
    )
    desk.close()
