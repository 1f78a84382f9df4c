"""Vouchers for the tests of the core: as the rim would hand them in."""

from dataclasses import replace

from edge.core.inputs import ManifestArrived, ShardArrived, UsesKnown
from edge.core.offline_budget import DAY_US, DayCount
from edge.core.voucher import Manifest, Shard, Voucher, index_of
from hub_config.names import Instant, LaneId, LineId

KEY = bytes(range(32)).hex()
HOUR_US = 3_600_000_000


def voucher(code: str, line: str, from_us: int, **changes: object) -> Voucher:
    made = Voucher(
        id=f"01a2009b-37eb-8cc0-9f2a-{abs(hash_of(code)):012x}", index=index_of(KEY, code), line=LineId(line),
        lane=LaneId("green"), mass_mg=(450_000, 560_000), dims_um=None, valid_from_us=from_us - HOUR_US,
        valid_until_us=from_us + 23 * HOUR_US, wire="{}", kid="k", sig="s",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


def hash_of(code: str) -> int:
    """Not Python's own, which differs from run to run."""
    return int.from_bytes(code.encode()[-6:], "big")


def shard(*vouchers: Voucher, digest: str = "d1", elsewhere: tuple[str, ...] = ()) -> Shard:
    return Shard(digest, vouchers, tuple(index_of(KEY, code) for code in elsewhere))


def manifest(issued_us: int, *digests: str, number: int = 1, revoked: tuple[str, ...] = ()) -> Manifest:
    return Manifest(number, issued_us, KEY, digests or ("d1",), revoked)


def handed_in(
    at: Instant, now_us: int, given: Shard, *, revoked: tuple[str, ...] = (), spent: tuple[str, ...] = (),
    issued_us: int | None = None, parcels: int = 1_000_000,
) -> tuple[UsesKnown, ManifestArrived, ShardArrived]:  # fmt: skip
    issued = now_us - HOUR_US if issued_us is None else issued_us
    before = DayCount(now_us // DAY_US - 1, parcels, 0)
    return (
        UsesKnown(at, spent, (before,), now_us - 100 * HOUR_US),
        ManifestArrived(at, manifest(issued, given.digest, revoked=revoked)),
        ShardArrived(at, given),
    )
