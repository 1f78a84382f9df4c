"""Canonical bytes and strict JSON: our code, the verifier and the reference of the contract §2 agree."""

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.wire import verifier
from edge.wire.canonical import (
    DEPTH_MAX,
    INTEGER_END,
    MESSAGE_BYTES_MAX,
    Json,
    JsonObject,
    WireError,
    b64u,
    b64u_bytes,
    canonical,
    parse_strict,
)

KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=12)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
INTEGERS = st.integers(-INTEGER_END + 1, INTEGER_END - 1)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)


@given(OBJECTS)
def test_ours_the_verifiers_and_the_reference_give_the_same_bytes(data: JsonObject) -> None:
    reference = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert canonical(data) == verifier.canonical(data) == reference


@given(OBJECTS, st.booleans())
def test_what_was_written_is_read_back(data: JsonObject, ascii_only: bool) -> None:
    payload = json.dumps(data, ensure_ascii=ascii_only, indent=1).encode()

    assert parse_strict(payload) == verifier.parse(payload) == data


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    return ((opening * depth) + "1" + (closing * depth)).encode()


BAD: list[tuple[bytes, str]] = [
    # not JSON
    (b"", "not_json"),
    (b" ", "not_json"),
    (b"\n", "not_json"),
    (b"{", "not_json"),
    (b"}", "not_json"),
    (b'{"a":1', "not_json"),
    (b'{"a":1}}', "not_json"),
    (b'{"a":1}{"a":1}', "not_json"),
    (b'{"a":1} x', "not_json"),
    (b'{"a":1}\0', "not_json"),
    (b'{"a":1,}', "not_json"),
    (b'{"a":[1,]}', "not_json"),
    (b'{"a":[,1]}', "not_json"),
    (b'{"a" 1}', "not_json"),
    (b'{"a":}', "not_json"),
    (b"{a:1}", "not_json"),
    (b"{'a':1}", "not_json"),
    (b"{1:1}", "not_json"),
    (b'{"a":01}', "not_json"),
    (b'{"a":+1}', "not_json"),
    (b'{"a":.5}', "not_json"),
    (b'{"a":0x1}', "not_json"),
    (b'{"a":1_000}', "not_json"),
    (b'{"a":--1}', "not_json"),
    (b'{"a":True}', "not_json"),
    (b'{"a":nul}', "not_json"),
    (b'{"a":undefined}', "not_json"),
    (b'{"a":"b}', "not_json"),
    (b'{"a":"\\x41"}', "not_json"),
    (b'{"a":"\\u12"}', "not_json"),
    (b'{"a":"\\"}', "not_json"),
    (b'{"a":"tab\there"}', "not_json"),
    (b'{"a":"line\nend"}', "not_json"),
    (b'{"a":"nul\0byte"}', "not_json"),
    (b'{"a":1}//', "not_json"),
    (b'/* */{"a":1}', "not_json"),
    (b'\xef\xbb\xbf{"a":1}', "not_json"),  # a byte order mark
    (b'{"a":"\xff"}', "not_json"),
    (b'{"a":"\xc3"}', "not_json"),
    (b'{"a":"\xc0\x80"}', "not_json"),  # NUL in two bytes
    (b'{"a":"\xed\xa0\x80"}', "not_json"),  # half a surrogate pair in UTF-8
    ('{"a":1}'.encode("utf-16"), "not_json"),
    ('{"a":1}'.encode("utf-16-le"), "not_json"),
    ('{"a":1}'.encode("utf-32-be"), "not_json"),
    (b"\x00" * 20, "not_json"),
    (bytes(range(256)), "not_json"),
    # numbers
    (b'{"a":1.0}', "bad_number"),
    (b'{"a":0.5}', "bad_number"),
    (b'{"a":-0.0}', "bad_number"),
    (b'{"a":1e3}', "bad_number"),
    (b'{"a":1E+2}', "bad_number"),
    (b'{"a":1e999}', "bad_number"),
    (b'{"a":NaN}', "bad_number"),
    (b'{"a":Infinity}', "bad_number"),
    (b'{"a":-Infinity}', "bad_number"),
    (b'{"a":9007199254740992}', "bad_number"),
    (b'{"a":-9007199254740992}', "bad_number"),
    (b'{"a":[[{"b":9007199254740993}]]}', "bad_number"),
    (b'{"a":' + b"9" * 5_000 + b"}", "bad_number"),
    # keys
    (b'{"a":1,"a":1}', "duplicate_key"),
    (b'{"a":1,"b":{"c":1,"c":2}}', "duplicate_key"),
    (b'{"a":1,"\\u0061":2}', "duplicate_key"),
    (b'{"A":1}', "bad_key"),
    (b'{"":1}', "bad_key"),
    (b'{"a.b":1}', "bad_key"),
    (b'{"a b":1}', "bad_key"),
    (b'{"a\\n":1}', "bad_key"),
    ('{"é":1}'.encode(), "bad_key"),
    ('{"a":[{"２":1}]}'.encode(), "bad_key"),
    # texts
    (b'{"a":"\\u0000"}', "bad_text"),
    (b'{"a":"x\\u0000y"}', "bad_text"),
    (b'{"a":"\\ud800"}', "bad_text"),
    (b'{"a":["\\udc00\\ud800"]}', "bad_text"),
    (b'{"a":"\\ud83d x"}', "bad_text"),
    # shapes and sizes
    (b"[]", "bad_shape"),
    (b"1", "bad_shape"),
    (b"null", "bad_shape"),
    (b'"a"', "bad_shape"),
    (nested(DEPTH_MAX + 1), "too_deep"),
    (b'{"a":' + nested(DEPTH_MAX, "[", "]") + b"}", "too_deep"),
    (b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "too_deep"),
    (nested(9_000), "too_deep"),
    (b'{"a":"' + b"x" * (MESSAGE_BYTES_MAX - 7) + b'"}', "too_large"),
    (b" " * (MESSAGE_BYTES_MAX + 1), "too_large"),
]


def test_the_corpus_of_bad_messages_is_large() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize(("payload", "reason"), BAD, ids=[f"{n}-{r}" for n, (_, r) in enumerate(BAD)])
def test_both_ends_refuse_a_bad_message_with_the_same_word(payload: bytes, reason: str) -> None:
    with pytest.raises(WireError) as ours:
        parse_strict(payload)
    with pytest.raises(verifier.Refused) as theirs:
        verifier.parse(payload)

    assert (ours.value.reason, theirs.value.reason) == (reason, reason)


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b' \t\r\n{"a":1} ',
        b'{"a":9007199254740991,"b":-9007199254740991}',
        b'{"a":-0}',
        nested(DEPTH_MAX),
        b'{"a":"' + b"x" * (MESSAGE_BYTES_MAX - 8) + b'"}',
        b'{"a":"\\ud83d\\ude00","b":"\\u001d\\u007f\\u2028"}',
        b'{"-":1,"_":2,"0":3}',
    ],
)
def test_both_ends_accept_what_is_just_within_the_limits(payload: bytes) -> None:
    assert parse_strict(payload) == verifier.parse(payload) == json.loads(payload)


@example(b"1" + b"0" * 17)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_alike_or_refused_alike(payload: bytes) -> None:
    assert outcome(parse_strict, payload) == outcome(verifier.parse, payload)


@given(OBJECTS, st.integers(0, 10_000), st.integers(0, 7))
def test_a_changed_bit_is_read_alike_or_refused_alike(data: JsonObject, place: int, bit: int) -> None:
    payload = bytearray(canonical(data))
    payload[place % len(payload)] ^= 1 << bit

    assert outcome(parse_strict, bytes(payload)) == outcome(verifier.parse, bytes(payload))


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), INTEGER_END, b"x", (1, 2), {"A": 1}, {1: 2}, "\0", "\ud800"]
)
def test_both_ends_refuse_to_write_what_they_would_not_read(value: object) -> None:
    with pytest.raises(WireError):
        canonical({"a": value})  # type: ignore[dict-item]
    with pytest.raises(verifier.Refused):
        verifier.canonical({"a": value})


def test_a_message_over_the_limit_is_not_written() -> None:
    with pytest.raises(WireError, match="too_large"):
        canonical({"a": "x" * 100}, limit=100)


@given(st.binary(min_size=64, max_size=64))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    text = b64u(raw)

    assert b64u_bytes(text, 64) == raw
    assert [
        b64u_bytes(other, 64) for other in (text + "=", text + "\n", text[:-1], text + "A", "é" * 86)
    ] == [None] * 5
    # 86 characters hold 516 bits: the last four must be zero, or a signature would have sixteen spellings.
    twins = [text[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    assert sum(b64u_bytes(twin, 64) is not None for twin in twins) == 4


def outcome(parse: Callable[[bytes], JsonObject], payload: bytes) -> JsonObject | str:
    try:
        return parse(payload)
    except (WireError, verifier.Refused) as refusal:
        return refusal.reason
