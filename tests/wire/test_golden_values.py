"""The golden values of the clearance contract §3 and §5, by our code and by the independent verifier."""

import json

import pytest
from wire_samples import DECISION_BYTES, EVENT_BYTES, SIGNER

from edge.wire import verifier
from edge.wire.canonical import ZERO_ID, canonical, event_id, parse_strict

EVENT_ID = "ni:///sha-256;4pf1L9y-VHTubZbxzNd2QNhWrtWa641wDA5TEN-qeFc"
EVENT_SIG = "RKTScLDNGwAkTzLUb3P6fCaaJicqbiWF22-7Yj10iNRmQTh-MNAMGvlq8dS9BIMfeFlRjTFhnKaXRkZEBLreBQ"
DECISION_SIG = "DacCM6CWw9aD3z8QsfokYecmunQJBgI5rNi1JbZLalISgHAPDtaNuFId4ry9JVB58X9GX1ostIhFPoSPQdKIBA"
PUBLIC = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"


def test_the_event_has_its_canonical_bytes_id_and_signature() -> None:
    assert len(EVENT_BYTES) == 1_191
    assert canonical(parse_strict(EVENT_BYTES)) == EVENT_BYTES
    assert event_id(EVENT_BYTES) == EVENT_ID
    assert SIGNER.public_b64 == PUBLIC
    assert SIGNER.sign(EVENT_BYTES) == EVENT_SIG


def test_the_decision_has_its_canonical_bytes_and_signature() -> None:
    assert canonical(parse_strict(DECISION_BYTES)) == DECISION_BYTES
    assert SIGNER.sign(DECISION_BYTES) == DECISION_SIG


@pytest.mark.parametrize("golden", [EVENT_BYTES, DECISION_BYTES])
def test_key_order_and_white_space_do_not_matter(golden: bytes) -> None:
    shuffled = json.dumps(dict(reversed(json.loads(golden).items())), indent=2).encode()

    assert canonical(parse_strict(shuffled)) == golden


def test_the_verifier_finds_the_same_values() -> None:
    assert verifier.canonical(json.loads(EVENT_BYTES)) == EVENT_BYTES
    assert verifier.identity(EVENT_BYTES) == EVENT_ID
    assert verifier.canonical(json.loads(DECISION_BYTES)) == DECISION_BYTES
    assert verifier.kid(PUBLIC) == SIGNER.kid
    assert verifier.identity(b"") == ZERO_ID
