"""The coordinator's short way to a checked event never says more than the independent verifier does."""

import json
import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_forged_messages import EVENTS, TO_THE_COORDINATOR

from edge.wire.canonical import b64u
from edge.wire.verifier import Checked, Refused, encode, examine
from simulators.coordinator import quick as module
from simulators.coordinator.quick import SHAPES_KEPT, quick

KEYS = {EVENTS.signer.kid: EVENTS.signer.public_b64}
GOOD = EVENTS.seal(EVENTS.data, EVENTS.signer)
SEED = 20_261_126
Data = dict[str, Any]


def slow(payload: bytes) -> Checked | None:
    try:
        return examine(payload, KEYS)
    except Refused:
        return None


def sealed(data: Data, **attributes: Any) -> bytes:
    """By no code of the gateway, which would refuse to."""
    body = encode(data).encode("utf-8", "surrogatepass")
    envelope = json.loads(GOOD) | {
        "data": data, "id": "ni:///sha-256;" + b64u(sha256(body).digest()), "ehubsig": EVENTS.signer.sign(body),
    }  # fmt: skip
    return encode(envelope | attributes).encode("utf-8", "surrogatepass")


def test_a_good_event_goes_the_short_way_and_comes_out_the_same() -> None:
    assert quick(GOOD, KEYS) == slow(GOOD) is not None
    assert sealed(EVENTS.data) == GOOD


@pytest.mark.parametrize("forgery", TO_THE_COORDINATOR, ids=[one.name for one in TO_THE_COORDINATOR])
def test_what_is_forged_goes_the_long_way(forgery: Any) -> None:
    found = quick(forgery.payload, KEYS)

    assert found is None or found == slow(forgery.payload)


def test_one_changed_byte_anywhere_is_never_taken() -> None:
    chance = random.Random(SEED)
    for place in range(len(GOOD)):
        for byte in (GOOD[place] ^ 1, GOOD[place] ^ 0x20, chance.randrange(256)):
            changed = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
            found = quick(changed, KEYS)
            assert found is None or changed == GOOD, f"byte {place} is {byte}; seed {SEED}"


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


ODD: dict[str, Callable[[], bytes]] = {
    "a space": lambda: GOOD.replace(b'{"data":', b'{"data": ', 1),
    "another order": lambda: (
        json.dumps(json.loads(GOOD), separators=(",", ":"), sort_keys=False).encode() + b" "
    ),
    "twice": lambda: GOOD.replace(b'"epoch":1', b'"epoch":1,"epoch":1', 1),
    "a float": lambda: sealed(EVENTS.data | {"x": 1.5}),
    "a whole float": lambda: sealed(EVENTS.data | {"x": 1.0}),
    "2^53": lambda: sealed(EVENTS.data | {"x": 2**53}),
    "2^64": lambda: sealed(EVENTS.data | {"x": 2**64}),
    "a capital in a key": lambda: sealed(EVENTS.data | {"X": 1}),
    "an empty key": lambda: sealed(EVENTS.data | {"": 1}),
    "a key deep down": lambda: sealed(EVENTS.data | {"x": [{"y": {"Z": 1}}]}),
    "NUL": lambda: sealed(EVENTS.data | {"x": "\0"}),
    "half a character": lambda: sealed(EVENTS.data | {"x": "\ud800"}),
    "too deep": lambda: sealed(EVENTS.data | {"x": deep(31)}),
    "too large": lambda: sealed(EVENTS.data | {"x": "x" * 66_000}),
    "true for 1": lambda: sealed(EVENTS.data | {"v": True}),
    "no epoch 0": lambda: sealed(EVENTS.data | {"epoch": 0}),
    "a line end": lambda: sealed(EVENTS.data | {"kind": "a\nlive"}),
    "another attribute": lambda: sealed(EVENTS.data, subject="x"),
    "another sequence": lambda: sealed(EVENTS.data, sequence="1"),
    "a float attribute": lambda: sealed(EVENTS.data, x=0.5),
    "unsigned": lambda: encode({k: v for k, v in json.loads(GOOD).items() if k != "ehubsig"}).encode(),
    "another kid": lambda: sealed(EVENTS.data, ehubkid="A" * 16),
    "a longer signature": lambda: sealed(EVENTS.data, ehubsig=json.loads(GOOD)["ehubsig"] + "AA"),
    "no text": lambda: sealed(EVENTS.data | {"flags": [1]}),
    "an array": lambda: b"[1]",
    "a text": lambda: b'"x"',
    "nothing": lambda: b"",
    "no data": lambda: b"{}",
    "data of another kind": lambda: b'{"data":[]}',
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_the_verifier(name: str) -> None:
    payload = ODD[name]()

    assert quick(payload, KEYS) is None


@pytest.mark.parametrize(
    "extra", [2**53 - 1, -(2**53) + 1, {}, [[], {}], deep(28), None, "ü€😀", "\\u0000", '":1.5,']
)
def test_what_is_allowed_comes_out_the_same_either_way(extra: Any) -> None:
    payload = sealed(EVENTS.data | {"x": extra})
    found = slow(payload)

    assert found is not None
    assert quick(payload, KEYS) in (found, None)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abzA-_0.é", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(sorted(EVENTS.data)), st.booleans())
@settings(max_examples=400, deadline=None)
def test_whatever_is_put_in_it_says_what_the_verifier_says_or_nothing(
    value: Any, name: str, anew: bool
) -> None:
    try:
        payload = sealed(EVENTS.data | {"x" if anew else name: value})
    except UnicodeEncodeError:
        return
    found = quick(payload, KEYS)

    assert found is None or found == slow(payload)


def test_the_shapes_it_keeps_are_bounded() -> None:
    assert module._are_keys.cache_info().maxsize == SHAPES_KEPT
