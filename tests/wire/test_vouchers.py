"""Manifest and shards: what the coordinator issues is taken, and whatever is wrong with it is refused whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from nacl.signing import SigningKey
from voucher_samples import GATEWAY, HUB, INDEX_KEY, KEY, NOW_US, code_of, published, signed, trust

from edge.core.voucher import Manifest, Shard, index_of
from edge.wire.canonical import MESSAGE_BYTES_MAX, WireError, canonical
from edge.wire.signing import Signer
from edge.wire.vouchers import parse_manifest, parse_shard, shard_digest
from hub_config.names import GatewayId, HubId

OTHER = Signer(SigningKey(bytes(range(3, 35))))
Data = dict[str, Any]


def manifest(payload: bytes, *roles: str, hub: str = HUB) -> Manifest:
    return parse_manifest(payload, trust(*roles), HubId(hub), "practice")


def shard(payload: bytes, *roles: str, hub: str = HUB) -> Shard:
    return parse_shard(payload, trust(*roles), HubId(hub), GatewayId(GATEWAY), "practice")


def test_what_the_coordinator_issues_is_taken() -> None:
    told = published(200, elsewhere=3)

    listed = manifest(told.manifest)
    taken = [shard(payload) for payload in told.shards]

    assert listed.shards == tuple(one.digest for one in taken)
    assert listed.index_key == INDEX_KEY.hex()
    own = [voucher for one in taken for voucher in one.vouchers]
    assert len(own) == 200
    assert own[0].index == index_of(listed.index_key, code_of(0))
    assert (own[0].mass_mg, own[0].line, own[0].lane) == ((950_000, 1_050_000), "b1", "green")
    assert own[0].valid_until_us == NOW_US + 86_400_000_000
    assert sum(len(one.elsewhere) for one in taken) == 3
    assert all(len(payload) <= MESSAGE_BYTES_MAX for payload in told.shards)


def test_no_code_stands_in_what_is_published() -> None:
    told = published(50)

    assert not any(code_of(n).encode() in payload for payload in told.shards for n in range(50))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hub": "BE-LGG-1"}, "wrong_hub"),
        ({"mode": "live"}, "wrong_mode"),
        ({"number": 0}, "bad_shape"),
        ({"number": None}, "bad_shape"),
        ({"shards": ["short"]}, "bad_shape"),
        ({"shards": ["A" * 43] * 901}, "bad_shape"),
        ({"revoked": ["x"]}, "bad_shape"),
        ({"index_key": "A" * 42 + "B"}, "bad_shape"),
    ],
)
def test_a_wrong_manifest_is_refused(change: Data, reason: str) -> None:
    with pytest.raises(WireError) as refused:
        manifest(signed(published(1).issued.manifest | change))

    assert refused.value.reason == reason


def test_a_manifest_counts_only_under_a_key_that_may_release() -> None:
    told = published(1)
    unsigned = canonical({"data": told.issued.manifest})
    forged = signed(told.issued.manifest, OTHER)

    assert refusal(lambda: manifest(told.manifest, "hold", "ack")) == "wrong_role"
    assert refusal(lambda: manifest(unsigned)) == "bad_signature"
    assert refusal(lambda: manifest(forged)) == "unknown_key"


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(WireError) as refused:
        act()
    return refused.value.reason


def resigned(change: Callable[[Data], None], key: Signer = KEY) -> bytes:
    """A shard of one voucher, changed and signed anew."""
    told = json.loads(published(1).shards[0])
    voucher = told["vouchers"][0]["data"]
    change(voucher)
    told["vouchers"][0] = {"data": voucher, "kid": key.kid, "sig": key.sign(canonical(voucher))}
    return canonical(told)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda voucher: voucher.update(hub="BE-LGG-1"), "wrong_hub"),
        (lambda voucher: voucher.update(mode="live"), "wrong_mode"),
        (lambda voucher: voucher.update(action="hold"), "bad_shape"),
        (lambda voucher: voucher.update(route="somewhere"), "bad_shape"),
        (lambda voucher: voucher.update(idx="short"), "bad_shape"),
        (lambda voucher: voucher["cond"].update(colour="red"), "bad_shape"),
        (lambda voucher: voucher["cond"].pop("mass_mg"), "bad_shape"),
        (lambda voucher: voucher["cond"].update(mass_mg=[1, -2]), "bad_shape"),
        (lambda voucher: voucher["basis"]["sample"].update(drawn=True), "bad_shape"),
        (lambda voucher: voucher["basis"]["sample"].update(of="another"), "bad_shape"),
        (lambda voucher: voucher["basis"].pop("sample"), "bad_shape"),
        (lambda voucher: voucher.update(valid_until="2026-11-25T00:00:00.000000Z"), "bad_shape"),
        (lambda voucher: voucher.update(valid_until=voucher["valid_from"]), "bad_shape"),
    ],
)
def test_a_shard_with_a_wrong_voucher_is_refused_whole(change: Callable[[Data], None], reason: str) -> None:
    assert refusal(lambda: shard(resigned(change))) == reason


def test_a_voucher_counts_only_under_a_key_that_may_release() -> None:
    good = published(1).shards[0]
    touched = good.replace(b'"mass_mg":[950000,', b'"mass_mg":[150000,')

    assert refusal(lambda: shard(good, "hold")) == "wrong_role"
    assert refusal(lambda: shard(resigned(lambda _: None, OTHER))) == "unknown_key"
    assert touched != good
    assert refusal(lambda: shard(touched)) == "bad_signature"


def test_a_digest_is_of_the_bytes() -> None:
    (payload,) = published(1).shards

    assert shard_digest(payload) == shard(payload).digest
    assert shard_digest(payload + b" ") != shard_digest(payload)
