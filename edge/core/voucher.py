"""A voucher: the coordinator's word, given in advance, that one parcel may leave while nobody can be asked.

Clearance contract §11. It states physical facts the gateway must see and is good once, at one line. It is found by
HMAC(code), so that who reads a disk does not learn who was not drawn (§8). The rim has checked signature, role, hub,
gateway and mode before a `Voucher` exists.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from edge.core.decision import Conditions, Decision
from hub_config.names import LaneId, LineId, VisitId

VOUCHER_AUTHORITY: Final = "voucher"


@dataclass(frozen=True, slots=True)
class Voucher:
    id: str
    index: str
    """HMAC-SHA256(index key, code), base64url."""
    line: LineId
    """Its owner: the only line or bench where it is good."""
    lane: LaneId
    mass_mg: tuple[int, int]
    dims_um: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None
    """Of the longest, the middle and the shortest side."""
    valid_from_us: int
    valid_until_us: int
    wire: str
    """The signed canonical `data`, byte for byte, for the gateway's copy in the events."""
    kid: str
    sig: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which vouchers are in force."""

    number: int
    issued_us: int
    index_key: str
    """Hex. In memory only: without it a disk full of vouchers names nobody."""
    shards: tuple[str, ...]
    """Digests of the shards that count."""
    revoked: tuple[str, ...]
    """Ids of vouchers that count no more."""


@dataclass(frozen=True, slots=True)
class Shard:
    digest: str
    vouchers: tuple[Voucher, ...]
    elsewhere: tuple[str, ...]
    """Indexes of vouchers that other gateways own."""


def index_of(key: str, code: str) -> str:
    digest = hmac.new(bytes.fromhex(key), code.encode(), "sha256").digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def release_on(voucher: Voucher, code: str, visit: VisitId, answers: str) -> Decision:
    """What obeying it means: a release for this visit alone, under the conditions it states."""
    return Decision(
        dec=voucher.id, dec_seq=0, visit=visit, was=None, answers=answers, action="release", reasons=(),
        route=voucher.lane, authority=VOUCHER_AUTHORITY,
        conditions=Conditions(code, voucher.mass_mg, voucher.valid_until_us, voucher.dims_um), needs=(),
        valid_from_us=voucher.valid_from_us, valid_until_us=voucher.valid_until_us, clock="hub",
        wire=voucher.wire, kid=voucher.kid, sig=voucher.sig, voucher=True,
    )  # fmt: skip
