"""Vouchers on the wire: the manifest that says which are in force, and the shards that hold them (contract §6, §11).

`pre/manifest` is signed by a key with role `release`: number, time, the key of the index, the digest of every shard,
the ids that are revoked. A shard is one message of at most 64 KiB; it counts if a manifest lists its digest. Each
voucher is signed by itself as well, so that an event can copy it and an auditor check it alone. Other gateways'
vouchers are kept as indexes only.
"""

from hashlib import sha256
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from edge.core.voucher import Manifest, Shard, Voucher
from edge.wire.canonical import WireError, b64u, b64u_bytes, canonical, parse_strict
from edge.wire.envelope import data_of, text_of
from edge.wire.messages import Lane, Name, Time, Version, Visit, shape_faults
from edge.wire.signing import TrustStore
from edge.wire.topics import Mode
from edge.wire.utc import parse_rfc3339
from hub_config.names import GatewayId, HubId, LaneId, LineId

SHARDS_MAX: Final = 900
"""Digests that fit into one manifest: some 70,000 vouchers a hub. More would need the content by HTTP."""
REVOKED_MAX: Final = 500
SHARD_VOUCHERS_MAX: Final = 200
VALID_MAX_US: Final = 172_800 * 1_000_000
"""No voucher is valid longer than 48 h: so long a gateway remembers which code is spent."""
INDEX_KEY_BYTES: Final = 32

Digest = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
Um = Annotated[int, Field(ge=0)]
Band = tuple[Um, Um]


class _Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class _Sample(_Open):
    drawn: Literal[False]
    of: str


class _Basis(_Open):
    sample: _Sample


class _Cond(BaseModel):
    """A condition that this gateway does not know has not been met: such a voucher is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    mass_mg: Band
    dims_um: tuple[Band, Band, Band] | None = None


class _Of(_Open):
    v: Version
    hub: Name
    mode: Literal["live", "practice", "replay"]


class VoucherData(_Of):
    """What one voucher says (contract §11); facts the gateway must see, and the proof that it was not drawn (§8)."""

    id: Visit
    gw: Name
    line: Name
    idx: Digest
    action: Literal["release"]
    route: Lane
    basis: _Basis
    cond: _Cond
    valid_from: Time
    valid_until: Time


class ManifestData(_Of):
    number: Annotated[int, Field(ge=1)]
    issued: Time
    index_key: Digest
    shards: Annotated[tuple[Digest, ...], Field(max_length=SHARDS_MAX)]
    revoked: Annotated[tuple[Visit, ...], Field(max_length=REVOKED_MAX)]


class _Entry(_Open):
    data: dict[str, object]
    """A `VoucherData`."""
    kid: str
    sig: str


class ShardData(_Of):
    vouchers: Annotated[tuple[_Entry, ...], Field(max_length=SHARD_VOUCHERS_MAX)]


_T = TypeVar("_T", bound=_Of)
VOUCHES: Final = "customs"
"""A voucher is a whole release given in advance, so where keys are bound to authorities it is customs' to sign."""
_MANIFEST: Final = TypeAdapter(ManifestData)
_SHARD: Final = TypeAdapter(ShardData)
_VOUCHER: Final = TypeAdapter(VoucherData)


def parse_manifest(payload: bytes, trust: TrustStore, hub: HubId, mode: Mode) -> Manifest:
    envelope = parse_strict(payload)
    body = canonical(data_of(envelope))
    told = _told(_MANIFEST, body, hub, mode)
    kid, sig = text_of(envelope, "ehubkid"), text_of(envelope, "ehubsig")
    if kid is None or sig is None:
        raise WireError("bad_signature", "the manifest is not signed")
    trust.verify(body, kid, sig, "release", mode, VOUCHES)
    key = b64u_bytes(told.index_key, INDEX_KEY_BYTES)
    if key is None:
        raise WireError("bad_shape", f"index_key is not {INDEX_KEY_BYTES} bytes in base64url")
    return Manifest(told.number, parse_rfc3339(told.issued), key.hex(), told.shards, told.revoked)


def shard_digest(payload: bytes) -> str:
    return b64u(sha256(payload).digest())


def parse_shard(payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode) -> Shard:
    """Raises WireError if anything in it is wrong: a shard counts whole or not at all."""
    told = _told(_SHARD, canonical(parse_strict(payload)), hub, mode)
    own: list[Voucher] = []
    elsewhere: list[str] = []
    for entry in told.vouchers:
        body = canonical(entry.data)  # type: ignore[arg-type]  # parse_strict gave it
        voucher = _told(_VOUCHER, body, hub, mode)
        if voucher.gw != gateway:
            elsewhere.append(voucher.idx)
            continue
        trust.verify(body, entry.kid, entry.sig, "release", mode, VOUCHES)
        own.append(_voucher(voucher, body, entry.kid, entry.sig))
    return Shard(shard_digest(payload), tuple(own), tuple(elsewhere))


def _told(adapter: TypeAdapter[_T], body: bytes, hub: HubId, mode: Mode) -> _T:
    try:
        told = adapter.validate_json(body)
    except ValidationError as error:
        raise WireError("bad_shape", shape_faults(error)) from error
    if told.hub != hub:
        raise WireError("wrong_hub", f"it is for hub {told.hub}; this is {hub}")
    if told.mode != mode:
        raise WireError("wrong_mode", f"it is for mode {told.mode}; this gateway runs in {mode}")
    return told


def _voucher(told: VoucherData, body: bytes, kid: str, sig: str) -> Voucher:
    valid_from_us, valid_until_us = parse_rfc3339(told.valid_from), parse_rfc3339(told.valid_until)
    if not 0 < valid_until_us - valid_from_us <= VALID_MAX_US:
        raise WireError("bad_shape", f"voucher {told.id} is valid for less than nothing or more than 48 h")
    if told.basis.sample.of != told.id:
        raise WireError("bad_shape", f"the draw of voucher {told.id} was made over another name")
    return Voucher(
        told.id, told.idx, LineId(told.line), LaneId(told.route), told.cond.mass_mg, told.cond.dims_um,
        valid_from_us, valid_until_us, body.decode(), kid, sig,
    )  # fmt: skip
