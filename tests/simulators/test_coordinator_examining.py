"""A signed event that nobody could read (a time that has the contract's form but is none, a field of another shape) is
refused, and ends no coordinator."""

import json

import pytest
from gateway_chain import SIGNER, links
from nacl.signing import SigningKey

from edge.rim.mqtt_client import Arrived
from edge.wire.envelope import event_payload
from edge.wire.verifier import Refused, canonical, identity
from hub_config.names import Instant
from simulators.coordinator.examining import examined
from simulators.coordinator.letters import Letters

TOPIC = "ehub-practice/v1/MY-KUL-1/evt/b1/gw-01"
KEYS = {"gw-01": {SIGNER.kid: SIGNER.public_b64}}


def payload_at(t: str, **more: object) -> bytes:
    data = json.loads(links(1)[0].body) | {"t": t} | more
    body = canonical(data)
    return event_payload(body, identity(body), SIGNER.sign(body), SIGNER.kid)


@pytest.mark.parametrize("t", ["2026-02-30T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z"])
def test_a_day_that_there_is_not_is_refused(t: str) -> None:
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))

    with pytest.raises(Refused, match=r"bad_shape: data\.t"):
        examined(Arrived(TOPIC, payload_at(t), 1, Instant(0)), letters.origin(TOPIC), letters, KEYS)


def test_one_that_there_is_passes() -> None:
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    told = payload_at("2028-02-29T23:59:59.999999Z")

    event = examined(Arrived(TOPIC, told, 1, Instant(0)), letters.origin(TOPIC), letters, KEYS)

    assert event.data["t"] == "2028-02-29T23:59:59.999999Z"


def test_a_field_of_another_shape_is_refused() -> None:
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    told = payload_at("2028-02-29T23:59:59.999999Z", voucher=True)

    with pytest.raises(Refused, match=r"bad_shape: data\.voucher"):
        examined(Arrived(TOPIC, told, 1, Instant(0)), letters.origin(TOPIC), letters, KEYS)
