"""What the coordinator says to a gateway, and back: decision, ack, nak, state (clearance contract §2 rule 7, §5, §6).

Parsing is refusing: whoever can write to the broker can write anything. Only a message that passes size, form, hub,
gateway, mode, id, key role and signature becomes a value; expiry depends on the moment and is the core's to check.
Unknown fields are kept and hashed, as the signature covers them; an unknown *condition of a release* is refused,
because a condition that nobody checks has not been met.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from edge.core.decision import Action, Band, Conditions, Decision, Reason
from edge.wire.canonical import JsonObject, WireError, canonical, event_id, parse_strict
from edge.wire.checkpoint import (
    LINE_CHARS_MAX,
    NOTE_CHARS_MAX,
    Countersigned,
    Log,
    countersigned_json,
    parse_countersigned,
)
from edge.wire.envelope import check_attributes, data_of, sequence_text, text_of
from edge.wire.signing import Role, Signer, TrustStore
from edge.wire.topics import Mode
from edge.wire.utc import parse_rfc3339, rfc3339
from hub_config.names import GatewayId, HubId, LaneId, VisitId

DECISION_BYTES_MAX: Final = 32_768
"""A decision is copied into the event `parcel.decided`, which is one message too."""
NEEDS_MAX: Final = 32
REASONS_MAX: Final = 32
DETAIL_CHARS_MAX: Final = 200

_COORDINATOR = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def _whole(value: object) -> object:
    """True equals 1 in Python, and nowhere else."""
    if isinstance(value, bool):
        raise ValueError("it is no whole number")
    return value


Visit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Id = Annotated[str, StringConstraints(pattern=r"^ni:///sha-256;[A-Za-z0-9_-]{43}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_-]{1,64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Time = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$")
]
Count = Annotated[int, Field(ge=1)]
Version = Annotated[Literal[1], BeforeValidator(_whole)]
Lane = Literal["green", "hold", "xray", "manual", "return", "custody"]


@dataclass(frozen=True, slots=True)
class Ack:
    """The coordinator holds every event up to `through_seq`, without a gap."""

    epoch: int
    through_seq: int
    through_id: str
    ckpt: Countersigned | None = None
    """The newest checkpoint of the gateway that the coordinator has countersigned."""


@dataclass(frozen=True, slots=True)
class Nak:
    """The coordinator misses events: resend from here."""

    epoch: int
    from_seq: int


@dataclass(frozen=True, slots=True)
class State:
    """Birth or last will of a gateway or the coordinator. Unsigned: a hint, never a permission."""

    online: bool
    session: str
    t_us: int | None
    catchup: tuple[int, int] | None


class _Open(BaseModel):
    """Fields of a later version are allowed, kept in the signed bytes and not acted on."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class _Basis(_Open):
    authority: Word
    tier: Word | None = None


class _Cond(_Open):
    """The conditions a gateway can check when a parcel moves."""

    code: Annotated[str, StringConstraints(max_length=512)] | None = None
    mass_mg: Band | None = None
    dims_um: tuple[Band, Band, Band] | None = None
    """Of the longest, the middle and the shortest side."""
    not_after: Time | None = None


class DecisionData(_Open):
    v: Version
    hub: Name
    gw: Name
    mode: Literal["live", "practice", "replay"]
    dec: Visit
    dec_seq: Count
    visit: Visit
    was: Visit | None = None
    answers: Id = Field(alias="for")
    action: Action
    reasons: Annotated[tuple[Reason, ...], Field(max_length=REASONS_MAX)]
    route: Lane
    basis: _Basis
    cond: _Cond | None = None
    needs: Annotated[tuple[Word, ...], Field(max_length=NEEDS_MAX)]
    valid_from: Time
    valid_until: Time
    clock: Word
    slack_us: int | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.action != "release" and not self.reasons:
            raise ValueError("every action but release has a reason")
        if self.action != "release" and self.route == "green":
            raise ValueError("only a release may go to lane green")
        unknown = sorted(self.cond.model_extra or ()) if self.cond is not None else []
        if self.action == "release" and unknown:
            raise ValueError(f"this gateway can't check the condition {unknown[0]:.40}")
        if self.valid_from >= self.valid_until:
            raise ValueError("valid_from is not before valid_until")
        return self


class ForGateway(_Open):
    """Signed, and for one gateway in one mode."""

    v: Version
    hub: Name
    gw: Name
    mode: Literal["live", "practice", "replay"]


class _Addressed(ForGateway):
    epoch: Count


class _Ckpt(_Open):
    """The coordinator's line under the gateway's newest checkpoint that agrees with the events it holds."""

    size: Count
    root: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    line: Annotated[str, StringConstraints(max_length=LINE_CHARS_MAX)]


class AckData(_Addressed):
    through_seq: Annotated[int, Field(ge=0)]
    through_id: Id
    ckpt: _Ckpt | None = None


class NakData(_Addressed):
    from_seq: Count


class CkptData(_Addressed):
    """A gateway's checkpoint: the note is text and signature (C2SP), as `edge.wire.checkpoint` writes it."""

    size: Count
    note: Annotated[str, StringConstraints(max_length=NOTE_CHARS_MAX)]


class _Catchup(_Open):
    first: Count = Field(alias="from")
    last: Count = Field(alias="to")


class StateData(_Open):
    online: bool
    session: Name
    t: Time | None = None
    catchup: _Catchup | None = None


_M = TypeVar("_M", bound=BaseModel)
_A = TypeVar("_A", bound=ForGateway)


def parse_decision(payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode) -> Decision:
    envelope = parse_strict(payload, limit=DECISION_BYTES_MAX)
    data = data_of(envelope)
    body = canonical(data)
    told = _model(DecisionData, body)
    _check_address(told, hub, gateway, mode)
    _check_decision_envelope(envelope, data, hub, event_id(body))
    kid, sig = _signature(envelope)
    trust.verify(body, kid, sig, _role(told), mode, told.basis.authority)
    return _decision(told, body, kid, sig)


def kept_decision(
    body: bytes, kid: str, sig: str, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode
) -> tuple[Decision, WireError | None]:
    """A decision's `data` as it was verified once, and why its signature would not be believed now. Raises WireError
    for what is no decision for this gateway."""
    told = _model(DecisionData, canonical(parse_strict(body, limit=DECISION_BYTES_MAX)))
    _check_address(told, hub, gateway, mode)
    decision, role = _decision(told, body, kid, sig), _role(told)
    try:
        trust.verify(body, kid, sig, role, mode, told.basis.authority)
    except WireError as fault:
        return decision, fault
    return decision, None


def _role(told: DecisionData) -> Role:
    return "release" if told.action == "release" else "hold"


def parse_ack(payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode) -> Ack:
    told, kid = parse_addressed(AckData, payload, trust, hub, gateway, mode)
    ckpt, log = told.ckpt, Log(mode, hub, gateway, told.epoch)
    signed = None if ckpt is None else parse_countersigned(ckpt.size, ckpt.root, ckpt.line, log, kid, trust)
    return Ack(told.epoch, told.through_seq, told.through_id, signed)


def parse_nak(payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode) -> Nak:
    told, _ = parse_addressed(NakData, payload, trust, hub, gateway, mode)
    return Nak(told.epoch, told.from_seq)


def parse_state(payload: bytes) -> State:
    told = _model(StateData, canonical(parse_strict(payload)))
    catchup = None if told.catchup is None else (told.catchup.first, told.catchup.last)
    return State(told.online, told.session, None if told.t is None else parse_rfc3339(told.t), catchup)


def build_decision(data: JsonObject, coordinator: str, signer: Signer) -> bytes:
    """The payload of a decision from its complete `data`. Says nothing of its sense: a test may build a wrong one."""
    body = canonical(data)
    envelope = _decision_attributes(data, f"urn:ehub:{data.get('hub')}:{coordinator}")
    envelope |= {"id": event_id(body), "data": data, "ehubkid": signer.kid, "ehubsig": signer.sign(body)}
    return canonical(envelope, limit=DECISION_BYTES_MAX)


def build_ack(ack: Ack, hub: HubId, gateway: GatewayId, mode: Mode, signer: Signer) -> bytes:
    data: JsonObject = {"v": 1, "hub": hub, "gw": gateway, "mode": mode, "epoch": ack.epoch}
    data |= {"through_seq": ack.through_seq, "through_id": ack.through_id}
    return _signed(data if ack.ckpt is None else data | {"ckpt": countersigned_json(ack.ckpt)}, signer)


def build_nak(nak: Nak, hub: HubId, gateway: GatewayId, mode: Mode, signer: Signer) -> bytes:
    data: JsonObject = {"v": 1, "hub": hub, "gw": gateway, "mode": mode, "epoch": nak.epoch}
    return _signed(data | {"from_seq": nak.from_seq}, signer)


def build_state(state: State) -> bytes:
    data: JsonObject = {"online": state.online, "session": state.session}
    if state.t_us is not None:
        data["t"] = rfc3339(state.t_us)
    if state.catchup is not None:
        data["catchup"] = {"from": state.catchup[0], "to": state.catchup[1]}
    return canonical(data)


def parse_addressed(
    model: type[_A], payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode,
    role: Role = "ack",
) -> tuple[_A, str]:  # fmt: skip
    """What it says, and whose signature it bears."""
    envelope = parse_strict(payload)
    body = canonical(data_of(envelope))
    told = _model(model, body)
    _check_address(told, hub, gateway, mode)
    kid, sig = _signature(envelope)
    trust.verify(body, kid, sig, role, mode)
    return told, kid


def _model(model: type[_M], body: bytes) -> _M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise WireError("bad_shape", shape_faults(error)) from error


def shape_faults(error: ValidationError) -> str:
    """Every field that is not the contract's, those with the same fault together, so that one try mends them all."""
    faults: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_input=False):
        faults.setdefault(one["msg"], []).append(".".join(str(part) for part in one["loc"]) or "data")
    return "; ".join(f"{', '.join(fields)}: {what}" for what, fields in faults.items())[:DETAIL_CHARS_MAX]


def _check_address(told: DecisionData | ForGateway, hub: HubId, gateway: GatewayId, mode: Mode) -> None:
    if told.hub != hub:
        raise WireError("wrong_hub", f"it is for hub {told.hub}; this is {hub}")
    if told.gw != gateway:
        raise WireError("wrong_gateway", f"it is for gateway {told.gw}; this is {gateway}")
    if told.mode != mode:
        raise WireError("wrong_mode", f"it is for mode {told.mode}; this gateway runs in {mode}")


def _check_decision_envelope(envelope: JsonObject, data: JsonObject, hub: HubId, wanted_id: str) -> None:
    source, prefix = text_of(envelope, "source") or "", f"urn:ehub:{hub}:"
    if not source.startswith(prefix) or _COORDINATOR.fullmatch(source, len(prefix)) is None:
        raise WireError(
            "attribute_mismatch", f"source is {source!r:.80}; wanted {prefix} and the coordinator"
        )
    check_attributes(envelope, _decision_attributes(data, source), wanted_id)


def _decision_attributes(data: JsonObject, source: str) -> JsonObject:
    dec_seq, visit = data.get("dec_seq"), data.get("visit")
    return {
        "specversion": "1.0",
        "type": "org.ehub.decision.v1",
        "source": source,
        "subject": visit,
        "time": data.get("valid_from"),
        "sequence": sequence_text(dec_seq if isinstance(dec_seq, int) else 0),
        "partitionkey": visit,
        "datacontenttype": "application/json",
    }


def _signature(envelope: JsonObject) -> tuple[str, str]:
    kid, sig = text_of(envelope, "ehubkid"), text_of(envelope, "ehubsig")
    if kid is None or sig is None:
        raise WireError("bad_signature", "the message is not signed")
    return kid, sig


def _signed(data: JsonObject, signer: Signer) -> bytes:
    return canonical({"data": data, "ehubkid": signer.kid, "ehubsig": signer.sign(canonical(data))})


def _decision(told: DecisionData, body: bytes, kid: str, sig: str) -> Decision:
    return Decision(
        dec=told.dec,
        dec_seq=told.dec_seq,
        visit=VisitId(told.visit),
        was=None if told.was is None else VisitId(told.was),
        answers=told.answers,
        action=told.action,
        reasons=told.reasons,
        route=LaneId(told.route),
        authority=told.basis.authority,
        conditions=_conditions(told.cond),
        needs=told.needs,
        valid_from_us=parse_rfc3339(told.valid_from),
        valid_until_us=parse_rfc3339(told.valid_until),
        clock=told.clock,
        wire=body.decode(),
        kid=kid,
        sig=sig,
        slack_us=told.slack_us,
        tier=told.basis.tier,
    )


def _conditions(cond: _Cond | None) -> Conditions:
    if cond is None:
        return Conditions()
    not_after_us = None if cond.not_after is None else parse_rfc3339(cond.not_after)
    return Conditions(cond.code, cond.mass_mg, not_after_us, cond.dims_um)
