"""From an event of the core to the message on the wire, and back to checked fields (clearance contract §2, §4).

Whatever a label or a device says is data: bounded, and the text of an unrecognised symbol (labels carry names and
phone numbers in QR codes) never leaves the gateway: only its length and a keyed digest do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, cast

import orjson

from edge.core.decision import Decision
from edge.core.event import Code, Dims, Event, Mass
from edge.wire.canonical import (
    MESSAGE_BYTES_MAX,
    Checked,
    Json,
    JsonObject,
    WireError,
    canonical,
    event_id,
    parse_strict,
)
from edge.wire.disclosure import event_salt, keyed_digest
from edge.wire.topics import Mode
from edge.wire.utc import rfc3339
from hub_config.names import MICROSECOND, DeviceId, GatewayId, HubId

ENVELOPE_BYTES_MAX: Final = 2_048
"""Room for the attributes around `data`; names of hub, gateway and line are far shorter."""
DATA_BYTES_MAX: Final = MESSAGE_BYTES_MAX - ENVELOPE_BYTES_MAX
CODE_CHARS_MAX: Final = 512
CODES_MAX: Final = 32
"""Codes told per event; a label sheet with more is told as the first 32 and a count of the rest (`codes_more`)."""
NOTE_ENTRIES_MAX: Final = 16
NOTE_CHARS_MAX: Final = 512
SEQUENCE_DIGITS: Final = 16
DEVICES_KEPT: Final = 1_024
"""Devices whose facts are kept as they are told: those of one gateway, which changes none of them while it runs."""
COPIES_MAX: Final = 256
"""Decisions kept parsed: those of the parcels in work."""

_TEXTS: Final = ("kind", "hub", "gw", "t")
_TELLABLE: Final = re.compile(r"[\x20-\x7e\x1d]*")
"""Printable ASCII and GS, as every identifier we recognise; anything else goes out as a digest."""


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


def event_data(event: Event, context: EventContext, seq: int, prev: str) -> JsonObject:
    """`data` of the event. The same arguments give the same bytes."""
    data: JsonObject = {
        "v": 1,
        "kind": event.kind,
        "mode": context.mode,
        "hub": context.hub,
        "line": "gw" if event.visit is None else event.line,
        "gw": context.gateway,
        "epoch": context.epoch,
        "seq": seq,
        "prev": prev,
        "visit": event.visit,
        "t": rfc3339(event.wall.utc_us),
        "t_src": event.wall.source,
        "t_unc_us": event.wall.unc_us,
        "mono_us": event.at // MICROSECOND,
        "flags": [*event.flags],
        "prov": _provenance(event, context),
        "salt": event_salt(context.evidence_key, prev),
    }
    if event.codes:
        data["codes"] = [_code(code, context.evidence_key) for code in event.codes[:CODES_MAX]]
    if len(event.codes) > CODES_MAX:
        data["codes_more"] = len(event.codes) - CODES_MAX
    if event.mass is not None:
        data["mass"] = _mass(event.mass)
    if event.dims is not None:
        data["dims"] = _dims(event.dims)
    if event.assoc is not None:
        assoc = event.assoc
        data["assoc"] = {"method": assoc.method, "p_ppm": assoc.p_ppm, "rivals": assoc.rivals}
    if event.decision is not None:
        data["voucher" if event.decision.voucher else "decision"] = _decision_copy(event.decision)
    if event.act is not None:
        data["act"] = {"lane": event.act.lane, "bay": event.act.bay, "confirmed": event.act.confirmed}
    if event.operator is not None:
        data["op"] = {"badge": event.operator.badge, "station": event.operator.station}
    if event.clock is not None:
        data["clock"] = event.clock
    if event.dwell:
        data["dwell"] = [{"owner": span.owner, "us": span.us} for span in event.dwell]
    if event.note:
        data["note"] = _note(event.note)
    return data


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


def _code(code: Code, evidence_key: bytes) -> JsonObject:
    if code.type == "unknown" or len(code.data) > CODE_CHARS_MAX or _TELLABLE.fullmatch(code.data) is None:
        digest = keyed_digest(evidence_key, code.raw, "sha256").hex()
        told: JsonObject = {"len": len(code.raw), "dig": digest}
    else:
        told = {"data": code.data, "type": code.type, "chk": code.check_ok}
    told["sym"], told["dev"], told["reads"] = code.symbology, code.device, code.reads
    return told


def _mass(mass: Mass) -> JsonObject:
    return {
        "dev": mass.device,
        "mg": mass.mg,
        "u_mg": mass.u_mg,
        "e_mg": mass.e_mg,
        "tare_mg": mass.tare_mg,
        "stable": mass.stable,
        "mode": mass.mode,
        "regime": mass.regime,
        "rec": mass.record,
    }


def _dims(dims: Dims) -> JsonObject:
    return {
        "dev": dims.device,
        "l_um": dims.l_um,
        "w_um": dims.w_um,
        "h_um": dims.h_um,
        "u_um": dims.u_um,
        "shape": dims.shape,
        "rec": dims.record,
    }


def _decision_copy(decision: Decision) -> JsonObject:
    """The decision as it was signed, so that an auditor can check it without the coordinator."""
    return {"data": _signed_data(decision.wire), "kid": decision.kid, "sig": decision.sig}


@lru_cache(maxsize=COPIES_MAX)
def _signed_data(wire: str) -> JsonObject:
    """Of a decision that several events of one visit copy; nobody changes it. It was looked at when it came in."""
    return Checked(orjson.loads(wire))


def _provenance(event: Event, context: EventContext) -> JsonObject:
    known = context.devices
    devices: JsonObject = {}
    for code in event.codes[:CODES_MAX]:
        if code.device not in devices and code.device in known:
            devices[code.device] = _facts(known[code.device])
    for measured in (event.mass, event.dims):
        if measured is not None and measured.device in known:
            devices[measured.device] = _facts(known[measured.device])
    return {"edge": context.edge_version, "cfg": context.config_digest, "dev": devices}


@lru_cache(maxsize=DEVICES_KEPT)
def _facts(device: DeviceProvenance) -> JsonObject:
    """Nobody changes it."""
    facts = {
        "fw": device.fw,
        "drv": device.drv,
        "cal": device.cal,
        "cal_until": device.cal_until,
        "seal": device.seal,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _note(note: tuple[tuple[str, str | int], ...]) -> JsonObject:
    return {key: _plain(value) for key, value in note[:NOTE_ENTRIES_MAX]}


def _plain(value: str | int) -> str | int:
    """Device text may hold anything; what can't be printed is replaced, and length is bounded."""
    if isinstance(value, int):
        return value
    return "".join(char if char.isprintable() else "\ufffd" for char in value[:NOTE_CHARS_MAX])
