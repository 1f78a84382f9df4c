"""JSON Schemas and the AsyncAPI document: made from the code, and held to what the code really says."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import fastjsonschema
import pytest
from nacl.signing import SigningKey
from paho.mqtt.client import topic_matches_sub
from voucher_samples import published
from wire_samples import DECISION_BYTES, EVENT_BYTES, GATEWAY, HUB, SIGNER

from edge.core.effects import Alert
from edge.core.event import WallTime
from edge.rim.rights import coordinator_writes, gateway_reads, gateway_writes
from edge.wire.alerts import build_alert
from edge.wire.asyncapi import channels, document, schemas
from edge.wire.checkpoint import Log, build_checkpoint, checkpoint_body, sign_note
from edge.wire.envelope import event_payload
from edge.wire.health import CycleTime, DeviceHealth, Health, build_health
from edge.wire.messages import Ack, Nak, State, build_ack, build_decision, build_nak, build_state
from edge.wire.topics import Topics
from hub_config.names import LineId, VisitId
from simulators.coordinator.letters import Letters

GOLDEN_ID = "ni:///sha-256;4pf1L9y-VHTubZbxzNd2QNhWrtWa641wDA5TEN-qeFc"
EVENT = event_payload(EVENT_BYTES, GOLDEN_ID, "s", "k")


def check(name: str) -> Callable[[Any], Any]:
    schema = {key: value for key, value in schemas()[name].items() if key != "$schema"}
    made: Callable[[Any], Any] = fastjsonschema.compile(schema)
    return made


def test_the_contracts_own_examples_pass() -> None:
    check("event")(json.loads(EVENT))
    check("decision")(json.loads(build_decision(json.loads(DECISION_BYTES), "co-1", SIGNER)))


def test_acks_naks_and_states_are_what_their_schemas_say() -> None:
    check("ack")(json.loads(build_ack(Ack(7, 1, GOLDEN_ID), HUB, GATEWAY, "practice", SIGNER)))
    check("nak")(json.loads(build_nak(Nak(7, 1), HUB, GATEWAY, "practice", SIGNER)))
    log = Log("practice", HUB, GATEWAY, 7)
    note = sign_note(checkpoint_body(log, 9, bytes(32)), log.origin, SIGNER)
    check("ckpt")(json.loads(build_checkpoint(log, 9, note, SIGNER)))
    for state in (State(True, "s-1", 1_795_306_502_000_000, (3, 9)), State(False, "s-1", None, None)):
        check("state")(json.loads(build_state(state)))


def test_vouchers_and_alerts_are_what_their_schemas_say() -> None:
    told = published(3)
    check("manifest")(json.loads(told.manifest))
    check("shard")(json.loads(told.shards[0]))
    check("voucher")(json.loads(told.shards[0])["vouchers"][0]["data"])
    alert = Alert("recall", VisitId("v"), "d", LineId("l1"), "G1", 1_795_306_502_000_000)
    check("alert")(json.loads(build_alert(alert, Topics("practice", HUB, GATEWAY))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "mass", "mg"), 1.5),
        (("data", "t"), "2026-11-22T00:15:02Z"),
        (("data", "visit"), "a parcel"),
        (("data", "seq"), 0),
        (("data", "flags"), ["because"]),
        (("data", "assoc", "p_ppm"), 1_000_001),
        (("data", "codes", 0, "chk"), "yes"),
        (("id"), "urn:x"),
        (("sequence"), "1"),
    ],
)
def test_a_wrong_event_does_not_pass(path: tuple[str | int, ...] | str, value: object) -> None:
    event = json.loads(EVENT)
    check("event")(event)
    holder: Any = event
    *into, last = (path,) if isinstance(path, str) else path
    for step in into:
        holder = holder[step]
    holder[last] = value

    with pytest.raises(fastjsonschema.JsonSchemaException):
        check("event")(event)


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document()
    for reference in references(whole):
        found: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict)


def test_what_somebody_may_write_or_read_is_in_the_document() -> None:
    """Held to the broker's access rules, so that no topic is forgotten here."""
    told = {one.topic.removeprefix("ehub/v1/HUB/") for one in channels()}
    rights = {
        "gateway": [*gateway_writes("GW"), *gateway_reads("GW")],
        "coordinator": coordinator_writes("CO"),
    }

    for topic in rights["gateway"]:
        assert any(topic_matches_sub(topic, one) for one in told), topic
    for one in channels():
        topic = one.topic.removeprefix("ehub/v1/HUB/")
        ours = {"send": gateway_writes("GW"), "receive": gateway_reads("GW"), None: rights["coordinator"]}
        assert any(topic_matches_sub(right, topic) for right in ours[one.verb]), topic
    operations = [one for one in channels() if one.verb is not None]
    assert len(document()["operations"]) == len(operations) == len(channels()) - 1
    assert document()["channels"]["events"]["address"] == "{root}/{hub}/evt/{line}/{gw}"


def test_health_and_a_coordinators_alert_are_what_their_schemas_say() -> None:
    wall = WallTime(1_700_000_000_000_000, 1_500, "ntp")
    devices, cycles = (
        (DeviceHealth("Scale-1", up=False, faults=3),),
        (CycleTime("reading_to_step", 120, 900),),
    )
    check("health")(json.loads(build_health(Health(wall, 2, 7, 5_000, 10_000, devices, cycles))))
    told = Letters(HUB, "co-1", SigningKey(bytes(32))).alert({"gw": GATEWAY, "epoch": 7, "seq": 3})

    check("hub_alert")(json.loads(told))
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check("hub_alert")(json.loads(told)["data"])


def test_the_document_is_the_same_each_time() -> None:
    assert json.dumps(document()) == json.dumps(document())
