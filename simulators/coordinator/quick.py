"""The short way to a checked event: for one that is written exactly as the contract wants it, as every gateway's is.

The independent verifier reads JSON value by value, because it must tell every fault by its name. Here an event is
decoded and encoded again by one fast codec; if that gives the very bytes that came, then nothing is there twice, no
number is written in two ways, and the bytes of `data` are those that were hashed and signed. Whatever differs, is
odd or faulty in any way is left to the verifier, whose verdict counts: this way knows no refusal.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import orjson
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from edge.wire.verifier import (
    KEY,
    MESSAGE_MAX,
    NAME,
    NESTING_MAX,
    TIME,
    Checked,
    kid,
)

SHAPES_KEPT: Final = 1_024
"""Sets of keys of objects once found good: the contract has some dozens."""
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
"""The codec's strict integers are the contract's: less than 2**53 from zero."""
_FLAT: Final = frozenset((str, int, bool, type(None)))
_HOLDERS: Final = frozenset((dict, list))
_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_NUL: Final = b"\\u0000"
_HEAD: Final = b'{"data":'
_TEXTS: Final = ("kind", "mode", "hub", "line", "gw", "prev", "t", "t_src")
_TOLD: Final = re.compile(
    "\n".join(
        (
            "[a-z0-9_]+([.][a-z0-9_]+)*", "(live|practice|replay)", NAME, NAME, NAME,
            "ni:///sha-256;[-_A-Za-z0-9]{43}", TIME, "(ptp|ntp|rtc|none)", NAME,
        )
    )
).fullmatch  # fmt: skip
"""The texts that every event has, and its subject."""
_SIGNATURE: Final = re.compile("[-_A-Za-z0-9]{85}[AQgw]").fullmatch
"""64 bytes in their only spelling: the last character has four spare bits, which are 0."""
_key = lru_cache(64)(lambda public: VerifyKey(a2b_base64(public.encode().translate(_PLAIN) + b"=")))


def quick(payload: bytes, keys: Mapping[str, str]) -> Checked | None:
    """The same as the verifier's `examine`, or None: then ask that."""
    try:
        envelope = orjson.loads(payload)
        data = envelope.pop("data")
        body = orjson.dumps(data, option=_OPTIONS)
        # `data` sorts before every other attribute.
        written = _HEAD + body + b"," + orjson.dumps(envelope, option=_OPTIONS)[1:]
        if written != payload or len(payload) > MESSAGE_MAX or _NUL in payload:
            return None
        if not _is_plain(envelope, data):
            return None
        event = "ni:///sha-256;" + _b64(sha256(body).digest())
        if not _agrees(envelope, data, event):
            return None
        key, signature = envelope["ehubkid"], envelope["ehubsig"]
        if _SIGNATURE(signature) is None or kid(keys[key]) != key:
            return None
        _key(keys[key]).verify(body, a2b_base64(signature.encode().translate(_PLAIN) + b"=="))
    except (ValueError, TypeError, KeyError, AttributeError, NotBase64, BadSignatureError, RecursionError):
        return None
    return Checked(data, event, key, body)


def _agrees(envelope: dict[str, Any], data: dict[str, Any], event: str) -> bool:
    """Fields that every event has, and the attributes that repeat them."""
    visit, gateway, seq, epoch = data["visit"], data["gw"], data["seq"], data["epoch"]
    subject = gateway if visit is None else visit
    unc_us, mono_us, flags = data["t_unc_us"], data["mono_us"], data["flags"]
    return (
        _TOLD("\n".join([*map(data.__getitem__, _TEXTS), subject])) is not None
        and data["v"] == 1 and type(data["v"]) is type(epoch) is type(seq) is type(unc_us) is type(mono_us) is int
        and epoch >= 1 and seq >= 1 and unc_us >= 0 and mono_us >= 0
        and (visit is None) == (data["line"] == "gw")
        and type(flags) is list and (not flags or all(type(flag) is str for flag in flags))
        and type(data["prov"]) is dict
        and envelope["id"] == event
        and envelope["specversion"] == "1.0"
        and envelope["source"] == f"urn:ehub:{data['hub']}:{gateway}:e{epoch}"
        and envelope["type"] == f"org.ehub.{data['kind']}.v1"
        and envelope["subject"] == subject == envelope["partitionkey"]
        and envelope["time"] == data["t"]
        and envelope["sequence"] == f"{seq:016}"
        and envelope["datacontenttype"] == "application/json"
    )  # fmt: skip


def _is_plain(envelope: dict[str, Any], data: dict[str, Any]) -> bool:
    """No float, no strange key, not too deep. Text and integers were refused by the codec where they are odd."""
    if not _are_keys(tuple(envelope)) or not _FLAT.issuperset(map(type, envelope.values())):
        return False
    holders: list[Any] = [data]
    for _ in range(1, NESTING_MAX):
        deeper: list[Any] = []
        for holder in holders:
            if type(holder) is dict:
                if not _are_keys(tuple(holder)):
                    return False
                values: Any = holder.values()
            else:
                values = holder
            kinds = set(map(type, values))
            if kinds <= _FLAT:
                continue
            if float in kinds:
                return False
            deeper += [value for value in values if type(value) in _HOLDERS]
        if not deeper:
            return True
        holders = deeper
    return False


@lru_cache(SHAPES_KEPT)
def _are_keys(names: tuple[str, ...]) -> bool:
    return all(KEY(name) for name in names)


def _b64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_URLSAFE).decode()
