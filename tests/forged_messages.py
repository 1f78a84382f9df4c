"""A corpus of messages that must not be believed, each with the one reason it is to be counted under.

Made from one good message of each kind: events for the coordinator; decisions, acks, naks and orders of IT for a
gateway. Whatever is wrong is wrong alone: a message with a changed field is signed again, so that only the field can
be the reason.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from edge.wire.signing import Signer

Kind = Literal["event", "decision", "ack", "nak", "cfg", "cmd", "manifest"]
Data = dict[str, Any]
MESSAGE_MAX: Final = 65_536
MARK: Final = "the-mark"
"""Stands in a message where raw text is put in its place."""


@dataclass(frozen=True, slots=True)
class Forgery:
    kind: Kind
    name: str
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """One good message and who may and may not sign it."""

    kind: Kind
    data: Data
    seal: Callable[[Data, Signer], bytes]
    signer: Signer
    stranger: Signer
    wrong: tuple[tuple[str, str, object], ...]
    """Reason, field of data and the value that is another hub's, gateway's or mode's."""
    outranked: tuple[tuple[str, Signer], ...] = ()
    """Reason, and a key that is known but not for this."""
    limit: int = MESSAGE_MAX

    @property
    def envelope(self) -> Data:
        return dict(json.loads(self.seal(self.data, self.signer)))

    @property
    def is_cloudevent(self) -> bool:
        return self.kind in ("event", "decision")


def forgeries(source: Source) -> list[Forgery]:
    made = [
        *_no_json(source),
        *_numbers_and_texts(source),
        *_keys(source),
        *_sizes(source),
        *_signatures(source),
        *_changed_data(source),
        *(_attributes(source) if source.is_cloudevent else ()),
    ]
    return [Forgery(source.kind, name, payload, reason) for name, payload, reason in made]


Made = Iterator[tuple[str, bytes, str]]


def _no_json(source: Source) -> Made:
    good = source.seal(source.data, source.signer)
    yield "empty", b"", "not_json"
    yield "NUL bytes", b"\0" * 100, "not_json"
    yield "no UTF-8", b'{"data":"\xff"}', "not_json"
    yield "UTF-16", good.decode().encode("utf-16"), "not_json"
    yield "byte order mark", b"\xef\xbb\xbf" + good, "not_json"
    yield "two messages", good + good, "not_json"
    yield "trailing comma", good[:-1] + b",}", "not_json"
    yield "single quotes", good.replace(b'"', b"'"), "not_json"
    for tenths in range(1, 10):
        yield f"cut at {tenths}/10", good[: len(good) * tenths // 10], "not_json"
    for text in ("[]", "1", '"text"', "null", "true", "[{}]"):
        yield f"no object: {text}", text.encode(), "bad_shape"
    yield "an empty object", b"{}", "bad_shape"
    for text in ("null", "[]", "1", '"text"'):
        yield f"data is {text}", _raw(source.envelope | {"data": MARK}, text), "bad_shape"


def _numbers_and_texts(source: Source) -> Made:
    for text in ("1.5", "1.0", "-0.0", "1e3", "1E400", "NaN", "Infinity", "-Infinity"):
        yield f"float {text}", _with_raw(source, text), "bad_number"
    for text in (str(2**53), str(-(2**53)), str(2**64), "9" * 30, "9" * 5_000):
        yield f"integer {text[:20]}, {len(text)} characters", _with_raw(source, text), "bad_number"
    yield "NUL in a text", _with_raw(source, r'"a\u0000b"'), "bad_text"
    yield "half a surrogate pair", _with_raw(source, r'"\ud800"'), "bad_text"
    yield "raw control character", _with_raw(source, '"a\x01b"'), "not_json"
    for text in ("01", "+1", "0x10", ".5", "1.", "nan", "None", "'a'"):
        yield f"no JSON value: {text}", _with_raw(source, text), "not_json"


def _keys(source: Source) -> Made:
    for key in ("Upper", "with space", "", "dot.ted", "ümlaut", "slash/", "dollar$", "nul\\u0000"):
        yield f"key {key!r}", _with_raw(source, f'{{"{key}":1}}'), "bad_key"
    yield "a key twice, deep inside", _with_raw(source, '{"a":1,"a":1}'), "duplicate_key"
    good = source.seal(source.data, source.signer)
    field = next(iter(sorted(source.data)))
    again = f'"data":{{"{field}":1,'.encode()
    yield "a field of data twice", good.replace(b'"data":{', again, 1), "duplicate_key"
    yield "data twice", b'{"data":{},' + good[1:], "duplicate_key"
    yield "the signature twice", b'{"ehubsig":"x",' + good[1:], "duplicate_key"


def _sizes(source: Source) -> Made:
    good = source.seal(source.data, source.signer)
    yield "one byte too long", good + b" " * (source.limit + 1 - len(good)), "too_large"
    yield "twice too long", good + b" " * source.limit, "too_large"
    for depth in (33, 100, 1_000, 15_000):
        yield f"lists {depth} deep", _with_raw(source, "[" * depth + "]" * depth), "too_deep"
    for depth in (33, 500):
        yield f"objects {depth} deep", _with_raw(source, '{"a":' * depth + "1" + "}" * depth), "too_deep"


def _signatures(source: Source) -> Made:
    envelope, verifier = source.envelope, source.kind == "event"
    sig, kid = str(envelope["ehubsig"]), str(envelope["ehubkid"])
    yield "unsigned", _without(envelope, "ehubsig", "ehubkid"), "bad_signature"
    yield "no signature", _without(envelope, "ehubsig"), "bad_signature"
    yield "no key id", _without(envelope, "ehubkid"), "unknown_key" if verifier else "bad_signature"
    yield (
        "signature is a number",
        _plain(envelope | {"ehubsig": 1}),
        "bad_signature" if verifier else "bad_shape",
    )
    yield (
        "key id is a list",
        _plain(envelope | {"ehubkid": [kid]}),
        "unknown_key" if verifier else "bad_shape",
    )
    for name, other in (
        ("empty", ""),
        ("cut", sig[:-1]),
        ("padded", sig + "=="),
        ("longer", sig + "A"),
        ("spelt otherwise", sig[:-1] + chr(ord(sig[-1]) + 1)),
        ("not base64", "!" * len(sig)),
        ("of zeros", "A" * len(sig)),
        ("of another text", source.signer.sign(b"another")),
        ("of a stranger", source.stranger.sign(_canonical(source.data))),
        ("in standard base64", "+/" + sig[2:]),
    ):
        yield f"signature {name}", _plain(envelope | {"ehubsig": other}), "bad_signature"
    raw = bytearray(_b64(sig))
    for place in range(0, 64, 4):
        raw[place] ^= 1
        changed = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
        raw[place] ^= 1
        yield (
            f"bit of byte {place} of the signature",
            _plain(envelope | {"ehubsig": changed}),
            "bad_signature",
        )
    for name, other in (
        ("empty", ""),
        ("of nobody", "A" * 16),
        ("longer", kid + "A"),
        ("lower", kid.swapcase()),
    ):
        yield f"key id {name}", _plain(envelope | {"ehubkid": other}), "unknown_key"
    yield "signed by a stranger", source.seal(source.data, source.stranger), "unknown_key"
    for reason, signer in source.outranked:
        yield f"signed by a key of no right: {reason}", source.seal(source.data, signer), reason


def _changed_data(source: Source) -> Made:
    envelope = source.envelope
    for reason, field, value in source.wrong:
        yield f"{field} is {value!r}", source.seal(source.data | {field: value}, source.signer), reason
    after = "bad_id" if source.is_cloudevent else "bad_signature"
    yield "a field added after signing", _plain(envelope | {"data": source.data | {"later": 1}}), after
    for version in (0, 2, "1", None, True):
        data = source.data | {"v": version}
        yield f"version {version!r}", source.seal(data, source.signer), "bad_shape"
    for field in sorted(REQUIRED[source.kind]):
        yield f"without {field}", _sealed_anyhow(source, _less(source.data, field)), "bad_shape"
        yield f"{field} is a list", _sealed_anyhow(source, source.data | {field: ["x"]}), "bad_shape"


REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "event": ("kind", "mode", "hub", "line", "gw", "epoch", "seq", "t", "prov", "prev", "t_src", "mono_us"),
    "decision": (
        "dec",
        "dec_seq",
        "visit",
        "for",
        "action",
        "route",
        "basis",
        "valid_from",
        "valid_until",
        "gw",
    ),
    "manifest": ("v", "hub", "mode", "number", "issued", "index_key", "shards", "revoked"),
    "ack": ("hub", "gw", "mode", "epoch", "through_seq", "through_id"),
    "cfg": ("v", "hub", "gw", "mode", "version", "toml"),
    "cmd": ("v", "hub", "gw", "mode", "device", "key", "command", "until"),
    "nak": ("hub", "gw", "mode", "epoch", "from_seq"),
}


def _attributes(source: Source) -> Made:
    """Every attribute that repeats something from data must agree with it (contract §2 rule 1)."""
    envelope = source.envelope
    for name in sorted(set(envelope) - {"data", "id", "ehubsig", "ehubkid"}):
        yield f"attribute {name} differs", _plain(envelope | {name: "other"}), "attribute_mismatch"
        yield f"attribute {name} is missing", _without(envelope, name), "attribute_mismatch"
        yield (
            f"attribute {name} is a number",
            _plain(envelope | {name: 1}),
            MISSHAPEN.get((source.kind, name), "attribute_mismatch"),
        )
    yield (
        "sequence not padded",
        _plain(envelope | {"sequence": envelope["sequence"].lstrip("0")}),
        "attribute_mismatch",
    )
    for name, other in (
        ("empty", ""),
        ("of nothing", "ni:///sha-256;" + "A" * 43),
        ("cut", envelope["id"][:-1]),
    ):
        yield f"id {name}", _plain(envelope | {"id": other}), "bad_id"
    yield "no id", _without(envelope, "id"), "bad_id"


MISSHAPEN: Final = {("decision", "source"): "bad_shape"}
"""Where a reader needs an attribute's text before it compares."""


def _sealed_anyhow(source: Source, data: Data) -> bytes:
    """Signed, with the good message's attributes where the data no longer gives them."""
    good = source.envelope
    body = _canonical(data)
    return _plain(good | {"data": data, "ehubsig": source.signer.sign(body)})


def _with_raw(source: Source, text: str) -> bytes:
    """`data` has a further field with this raw JSON text: what is refused before any signature is looked at."""
    return _raw(source.envelope | {"data": source.data | {"later": MARK}}, text)


def _raw(envelope: Data, text: str) -> bytes:
    return _plain(envelope).replace(f'"{MARK}"'.encode(), text.encode(), 1)


def _less(data: Data, *fields: str) -> Data:
    return {name: value for name, value in data.items() if name not in fields}


def _without(envelope: Data, *names: str) -> bytes:
    return _plain(_less(envelope, *names))


def _plain(envelope: Data) -> bytes:
    return json.dumps(envelope, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


_canonical = _plain


def _b64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
