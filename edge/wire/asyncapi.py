"""The contract's messages as JSON Schemas and its topics as one AsyncAPI 3 document, made from the code.

Made from the same models that parse, and the same topics that are published, so the document can't promise what the
gateway does not do. Seen from a gateway: what it sends and what it receives, and what others of the hub are told.
MQTT 5 binding with quality of service, retention and what a message's expiry is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from edge.wire.alerts import AlertData, HubAlertData
from edge.wire.event_schema import EventEnvelope
from edge.wire.health import HealthData
from edge.wire.it_orders import CommandData, ConfigData, ResultData
from edge.wire.messages import AckData, CkptData, DecisionData, NakData, StateData
from edge.wire.topics import Mode, Topics
from edge.wire.vouchers import ManifestData, ShardData, VoucherData
from hub_config.names import GatewayId, HubId, LineId

ASYNCAPI_VERSION: Final = "3.0.0"
CONTRACT_VERSION: Final = "1.0.0"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
Verb = Literal["send", "receive"]

_PARTS: Final = {
    "HUB": "hub",
    "GW": "gw",
    "LINE": "line",
    "CO": "coordinator",
    "N": "n",
    "DEV": "device",
    "KIND": "kind",
}
"""Placeholders: a real topic is made with these names, and each becomes a parameter of the address."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, as a gateway uses it; one that it may neither write nor read has no verb."""

    name: str
    verb: Verb | None
    topic: str
    schema: str
    retain: bool
    expiry: str | None
    summary: str
    qos: int = 1


def channels(mode: Mode = "live") -> tuple[Channel, ...]:
    topics = Topics(mode, HubId("HUB"), GatewayId("GW"))
    return (
        Channel("events", "send", topics.event(LineId("LINE")), "event", False, None,
                "One event per message, in order of seq; `gw` as line for events without a parcel."),
        Channel("state", "send", topics.own_state, "state", True, None,
                "Birth, renewed every 2 s, and last will under the same session id."),
        Channel("checkpoints", "send", topics.checkpoint, "ckpt", True, None,
                "Every 60 s or 1,000 events: the gateway's word on all its events so far, to be countersigned."),
        Channel("decisions", "receive", topics.decision, "decision", False, "valid_until of the decision",
                "What becomes of one visit."),
        Channel("acks", "receive", topics.ack, "ack", True, None,
                "Everything up to through_seq is stored; the gateway may prune it."),
        Channel("naks", "receive", topics.nak, "nak", False, "60 s", "A gap: resend from here."),
        Channel("vouchers", "receive", topics.manifest, "manifest", True, None,
                "Which vouchers are in force: digests of the shards, the key of their index, what is revoked."),
        Channel("shards", "receive", topics.shard("N"), "shard", True, None,
                "Vouchers; a shard counts while a manifest lists its digest."),
        Channel("recalls", "send", topics.alert("recall"), "alert", False, "1 h",
                "A parcel was stopped after it had left."),
        Channel("configurations", "receive", topics.config, "cfg", True, None,
                "A configuration for the gateway, used from its next start on; accepted or refused by an event."),
        Channel("commands", "receive", topics.command("DEV"), "cmd", False, "5 to 30 s",
                "An order for a scale, carried out once a key. There is none that releases."),
        Channel("results", "send", topics.result("DEV"), "res", False, "30 s", "What became of a command."),
        Channel("coordinator", "receive", topics.state("coordinator", "CO"), "state", True, None,
                "Birth and last will of the coordinator."),
        Channel("health", "send", topics.health, "health", False, "15 s",
                "Every 5 s: queues, disk, clock, devices and cycle times. A hint, it decides nothing.", qos=0),
        Channel("alerts", None, f"{topics.root}/alert/KIND/CO", "hub_alert", False, "1 h",
                "A coordinator's, for whoever runs the hub: tamper, gap, offline_conflict, parity."),
    )  # fmt: skip


def schemas() -> Mapping[str, Schema]:
    """JSON Schema (draft 2020-12) of each message, by name."""
    return {
        "event": _schema(EventEnvelope, "A parcel event or an event of the gateway"),
        "decision": _enveloped("org.ehub.decision.v1", DecisionData, "A signed decision"),
        "ack": _around(AckData, "Acknowledgement, after the coordinator's commit"),
        "nak": _around(NakData, "Request to resend"),
        "ckpt": _around(CkptData, "Checkpoint over all events of an epoch"),
        "manifest": _around(ManifestData, "Which vouchers are in force"),
        "shard": _schema(ShardData, "A shard of vouchers"),
        "voucher": _schema(
            VoucherData, "One voucher: `data` of an entry of a shard, and of its copy in events"
        ),
        "cfg": _around(ConfigData, "A configuration"),
        "cmd": _around(CommandData, "An order for a scale"),
        "res": _around(ResultData, "What became of an order"),
        "alert": _schema(AlertData, "Somebody has to act now: the fact is in the events"),
        "hub_alert": _around(HubAlertData, "What a coordinator alerts the hub to"),
        "health": _schema(HealthData, "How a gateway does: a hint"),
        "state": _schema(StateData, "Birth or last will: a hint, never a permission"),
    }


def document() -> Schema:
    """The whole contract. `{root}` is `ehub/v1` live and `ehub-practice/v1` in practice: separate credentials."""
    used = channels()
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "ehub clearance contract",
            "version": CONTRACT_VERSION,
            "description": "What an edge gateway and a clearance coordinator say to each other. Canonical bytes are "
            "RFC 8785, ids RFC 6920, signatures Ed25519 over the canonical bytes of `data`.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {one.name: _channel(one) for one in used},
        "operations": {f"{one.verb}_{one.name}": _operation(one) for one in used if one.verb is not None},
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "contentType": _content_type(name),
                    "payload": {
                        "schemaFormat": f"application/schema+json;version={DIALECT}",
                        "schema": _rebased(schema, f"#/components/messages/{name}/payload/schema"),
                    },
                }
                for name, schema in schemas().items()
            }
        },
    }


def _channel(one: Channel) -> Schema:
    levels = one.topic.split("/")
    root, rest = levels[:2], levels[2:]
    address = "/".join(["{root}", *(f"{{{_PARTS[part]}}}" if part in _PARTS else part for part in rest)])
    assert root == ["ehub", "v1"], one.topic
    used = [_PARTS[part] for part in rest if part in _PARTS]
    parameters: Schema = {
        "root": {"enum": ["ehub/v1", "ehub-practice/v1"], "description": "live or practice"}
    }
    parameters |= {part: {"description": f"[A-Za-z0-9_-]+, the {part}"} for part in used}
    return {
        "address": address,
        "description": one.summary,
        "parameters": parameters,
        "messages": {one.schema: {"$ref": f"#/components/messages/{one.schema}"}},
    }


def _operation(one: Channel) -> Schema:
    binding: Schema = {"qos": one.qos, "retain": one.retain, "bindingVersion": "0.2.0"}
    operation: Schema = {
        "action": one.verb,
        "channel": {"$ref": f"#/channels/{one.name}"},
        "summary": one.summary,
        "messages": [{"$ref": f"#/channels/{one.name}/messages/{one.schema}"}],
        "bindings": {"mqtt": binding},
    }
    return operation | ({"description": f"Message expiry: {one.expiry}."} if one.expiry else {})


def _content_type(name: str) -> str:
    cloudevent = name in ("event", "decision")
    return "application/cloudevents+json; charset=utf-8" if cloudevent else "application/json"


def _schema(model: type[BaseModel], title: str) -> Schema:
    return {"$schema": DIALECT} | model.model_json_schema(by_alias=True) | {"title": title}


def _enveloped(kind: str, model: type[BaseModel], title: str) -> Schema:
    """A CloudEvent around signed `data`."""
    made = _around(model, title)
    texts = ("source", "id", "subject", "time", "sequence", "partitionkey", "datacontenttype")
    made["properties"] |= {name: {"type": "string"} for name in texts}
    made["properties"] |= {"specversion": {"const": "1.0"}, "type": {"const": kind}}
    made["required"] += [*texts, "specversion", "type"]
    return made


def _rebased(part: Any, root: str) -> Any:  # noqa: ANN401  (any JSON)
    """References of a schema that stands on its own, for one that stands inside a document."""
    if isinstance(part, dict):
        return {
            key: root + value[1:] if key == "$ref" else _rebased(value, root) for key, value in part.items()
        }
    return [_rebased(one, root) for one in part] if isinstance(part, list) else part


def _around(model: type[BaseModel], title: str) -> Schema:
    inner = model.model_json_schema(by_alias=True)
    definitions = inner.pop("$defs", {})
    made: Schema = {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": {"data": inner, "ehubkid": {"type": "string"}, "ehubsig": {"type": "string"}},
        "required": ["data", "ehubkid", "ehubsig"],
    }
    return made | ({"$defs": definitions} if definitions else {})
