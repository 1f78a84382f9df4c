"""From an event's `data` to the message on the wire, and back to checked fields (clearance contract §2, §4).

What `data` says of an event of the core: `event_body.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import orjson

from edge.wire.canonical import (
    MESSAGE_BYTES_MAX,
    Json,
    JsonObject,
    WireError,
    canonical,
    event_id,
    parse_strict,
)
from edge.wire.topics import Mode
from hub_config.names import DeviceId, GatewayId, HubId

ENVELOPE_BYTES_MAX: Final = 2_048
"""Room for the attributes around `data`; names of hub, gateway and line are far shorter."""
DATA_BYTES_MAX: Final = MESSAGE_BYTES_MAX - ENVELOPE_BYTES_MAX
SEQUENCE_DIGITS: Final = 16

_TEXTS: Final = ("kind", "hub", "gw", "t")


@dataclass(frozen=True, slots=True)
class DeviceProvenance:
    """What is known of a device at the moment of the event (`prov.dev`)."""

    fw: str | None = None
    drv: str | None = None
    cal: str | None = None
    cal_until: str | None = None
    seal: str | None = None


@dataclass(frozen=True, slots=True)
class EventContext:
    """What every event of one gateway run says besides itself."""

    hub: HubId
    gateway: GatewayId
    mode: Mode
    epoch: int
    edge_version: str
    config_digest: str
    """SHA-256 of the effective configuration, in hex."""
    devices: Mapping[DeviceId, DeviceProvenance]
    evidence_key: bytes


class Opened(NamedTuple):
    """A CloudEvent whose id and repeated attributes agree with its data; its signature is not checked yet."""

    data: JsonObject
    id: str
    sig: str | None
    kid: str | None


def cloudevent(data: JsonObject, id: str, sig: str | None, kid: str | None) -> bytes:  # noqa: A002  (the attribute's name)
    """The payload: a CloudEvent 1.0 in structured mode, canonical itself. Unsigned only in simulated runs."""
    envelope = _attributes(data)
    envelope |= {"id": id, "data": data}
    if sig is not None and kid is not None:
        envelope |= {"ehubsig": sig, "ehubkid": kid}
    return canonical(envelope)


def event_payload(body: bytes, id: str, sig: str | None, kid: str | None) -> bytes:  # noqa: A002
    """The payload of an event from its journalled canonical bytes: the same as `cloudevent` of its data, with the body
    put in as it is. `data` sorts before every other attribute."""
    others = _attributes(orjson.loads(body))
    others["id"] = id
    if sig is not None and kid is not None:
        others["ehubsig"], others["ehubkid"] = sig, kid
    payload = b'{"data":' + body + b"," + canonical(others, plain=True)[1:]
    if len(payload) > MESSAGE_BYTES_MAX:
        raise WireError(
            "too_large", f"the event makes a message of {len(payload)} bytes; {MESSAGE_BYTES_MAX} are allowed"
        )
    return payload


def open_cloudevent(payload: bytes) -> Opened:
    """Raises WireError unless id and every attribute that repeats something agree with `data` (contract §2 rule 1)."""
    envelope = parse_strict(payload)
    data = data_of(envelope)
    wanted = _attributes(data)
    opened = Opened(
        data, event_id(canonical(data)), text_of(envelope, "ehubsig"), text_of(envelope, "ehubkid")
    )
    check_attributes(envelope, wanted, opened.id)
    if (opened.sig is None) != (opened.kid is None):
        raise WireError("bad_shape", "ehubsig and ehubkid come together or not at all")
    return opened


def check_attributes(envelope: JsonObject, wanted: JsonObject, wanted_id: str) -> None:
    if envelope.get("id") != wanted_id:
        raise WireError("bad_id", "id is not the hash of data")
    for name, value in wanted.items():
        if envelope.get(name) != value:
            raise WireError(
                "attribute_mismatch", f"{name} is {envelope.get(name)!r:.80}; data says {value!r:.80}"
            )


def data_of(envelope: JsonObject) -> JsonObject:
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise WireError("bad_shape", "the message has no object `data`")
    return data


def text_of(holder: JsonObject, name: str) -> str | None:
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise WireError("bad_shape", f"{name} is not text")
    return value


def sequence_text(number: int) -> str:
    """The CloudEvents extension compares as text, so the digits are padded."""
    return f"{number:0{SEQUENCE_DIGITS}}"


def _attributes(data: JsonObject) -> JsonObject:
    """The attributes of an event that follow from its data alone."""
    kind, hub, gateway, t = data.get("kind"), data.get("hub"), data.get("gw"), data.get("t")
    epoch, seq, visit = data.get("epoch"), data.get("seq"), data.get("visit")
    if not (
        isinstance(kind, str) and isinstance(hub, str) and isinstance(gateway, str) and isinstance(t, str)
    ):
        wrong = next(name for name in _TEXTS if not isinstance(data.get(name), str))
        raise WireError("bad_shape", f"data.{wrong} is not text")
    if not _counts(epoch) or not _counts(seq):
        raise WireError("bad_shape", "data.epoch and data.seq are not integers from 1")
    if visit is not None and not isinstance(visit, str):
        raise WireError("bad_shape", "data.visit is neither text nor null")
    subject = gateway if visit is None else visit
    return {
        "specversion": "1.0",
        "source": f"urn:ehub:{hub}:{gateway}:e{epoch}",
        "type": f"org.ehub.{kind}.v1",
        "subject": subject,
        "time": t,
        "sequence": sequence_text(cast(int, seq)),
        "partitionkey": subject,
        "datacontenttype": "application/json",
    }


def _counts(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
