"""What an event's `data` looks like to others, as a model that JSON Schema is made from (clearance contract §4).

The gateway builds events in `envelope.py` and never through this; tests hold every event of whole simulated runs to
it, so it can't drift from the code. Others check our events, and their own, with the schema (`hub contract schema`).
Fields of later versions are allowed: they are kept and hashed, never dropped (contract §2 rule 5).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.core.decision import Reason
from edge.wire.event_body import CODE_CHARS_MAX, CODES_MAX
from edge.wire.messages import Count, Id, Name, Time, Visit, Word

INTEGER_MAX: int = 2**53 - 1

Natural = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
Integer = Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Text = Annotated[str, StringConstraints(max_length=CODE_CHARS_MAX)]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Prev = Annotated[str, StringConstraints(pattern=r"^ni:///sha-256;[A-Za-z0-9_-]{43}$")]


class _Told(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class Recognised(_Told):
    """An identifier of a parcel, carrier, receptacle or waybill, as text."""

    sym: Text
    data: Text
    type: Literal["s10", "sscc", "gs1dl", "carrier", "receptacle", "mawb", "unknown"]
    chk: bool
    dev: Name
    reads: Natural


class Digested(_Told):
    """Any other symbol: labels carry names and phone numbers, so only length and keyed digest leave the gateway."""

    sym: Text
    len: Natural
    dig: Hex
    dev: Name
    reads: Natural


class MassData(_Told):
    dev: Name
    mg: Integer
    u_mg: Natural
    e_mg: Natural
    tare_mg: Integer
    stable: bool | None
    mode: Literal["static", "dynamic"]
    regime: Literal["none", "nawi", "mid-awi"]
    rec: Natural | None


class DimsData(_Told):
    dev: Name
    l_um: Natural
    w_um: Natural
    h_um: Natural
    u_um: Natural
    shape: Literal["cuboid", "irregular"]
    rec: Natural | None


class AssocData(_Told):
    method: Name
    p_ppm: Ppm
    rivals: Natural


class DeviceData(_Told):
    fw: Text | None = None
    drv: Text | None = None
    cal: Text | None = None
    cal_until: Text | None = None
    seal: Text | None = None


class ProvData(_Told):
    edge: Text
    cfg: Hex
    dev: dict[str, DeviceData]


class DecisionCopy(_Told):
    """The decision that was obeyed, as it was signed."""

    data: dict[str, object]
    kid: Text
    sig: Text


class ActData(_Told):
    lane: Name
    bay: Text
    confirmed: bool


class OperatorData(_Told):
    """Who did a manual step: part of the digest of a badge, never a name."""

    badge: Text
    station: Name


class SpanData(_Told):
    owner: Word
    us: Natural


class EventData(_Told):
    """`data` of one event: kind, place in the chain, moment, and what is known of the parcel."""

    v: Literal[1]
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z_]+)+$")]
    mode: Literal["live", "practice", "replay"]
    hub: Name
    line: Name
    gw: Name
    epoch: Count
    seq: Count
    prev: Prev
    visit: Visit | None
    t: Time
    t_src: Literal["ptp", "ntp", "rtc", "none"]
    t_unc_us: Natural
    mono_us: Natural
    flags: list[Reason]
    prov: ProvData
    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")] | None = None
    """Of the event's fields, so that a capsule may hide some of them (contract §13)."""
    codes: Annotated[list[Recognised | Digested], Field(max_length=CODES_MAX)] | None = None
    codes_more: Natural | None = None
    mass: MassData | None = None
    dims: DimsData | None = None
    assoc: AssocData | None = None
    decision: DecisionCopy | None = None
    voucher: DecisionCopy | None = None
    """Instead of a decision, where the gateway let a parcel go on a voucher (contract §11)."""
    act: ActData | None = None
    op: OperatorData | None = None
    clock: Word | None = None
    dwell: list[SpanData] | None = None
    note: dict[str, object] | None = None


class EventEnvelope(_Told):
    """A CloudEvent 1.0 in structured mode. Every attribute that repeats something of `data` agrees with it."""

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, StringConstraints(pattern=r"^urn:ehub:[A-Za-z0-9_-]+:[A-Za-z0-9_-]+:e[0-9]+$")]
    type: Annotated[str, StringConstraints(pattern=r"^org\.ehub\.[a-z_.]+\.v1$")]
    subject: Text
    time: Time
    sequence: Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
    partitionkey: Text
    datacontenttype: Literal["application/json"]
    data: EventData
    ehubkid: Text | None = None
    ehubsig: Text | None = None
