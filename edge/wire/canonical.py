"""Canonical bytes, strict JSON and ids: the forms that are hashed and signed (clearance contract §2 rule 3, §3).

`data` holds objects, arrays, strings, booleans, null and integers with |n| < 2^53; keys are `[a-z0-9_-]`. Within these
limits sorted compact JSON is RFC 8785 (JCS). What is outside of them is refused on input and on output alike, so that
nothing is ever signed here that another implementation would read differently.
"""

import json
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, NoReturn, cast

import orjson

Json = dict[str, "Json"] | list["Json"] | str | int | bool | None
JsonObject = dict[str, Json]

MESSAGE_BYTES_MAX: Final = 65_536
"""One message of the contract §2 rule 2; a longer one is refused unread."""
INTEGER_END: Final = 1 << 53
"""Integers are below this in size: exact in every JSON implementation."""
INTEGER_CHARS_MAX: Final = 17
"""Sign and 16 digits; longer text is refused before it is converted."""
DEPTH_MAX: Final = 32
"""Nesting of objects and arrays. A decision inside an event uses 6."""

Reason = Literal[
    "too_large",
    "not_json",
    "bad_number",
    "duplicate_key",
    "bad_key",
    "too_deep",
    "bad_text",
    "bad_shape",
    "wrong_hub",
    "wrong_gateway",
    "wrong_mode",
    "wrong_device",
    "old_version",
    "command_late",
    "unknown_key",
    "wrong_role",
    "wrong_authority",
    "bad_signature",
    "bad_id",
    "attribute_mismatch",
]
"""Why a message is treated as absent: counted under this word, shown, never acted on."""

_KEY = re.compile(r"[a-z0-9_-]+", re.ASCII)
KEYS_KEPT: Final = 1_024
"""Keys once found good; the contract has about a hundred."""
_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_PLAIN: Final = frozenset((str, int, bool, type(None)))
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
NUL: Final = b"\\u0000"
"""How the encoder writes it; the text of a backslash, u and zeros looks the same."""


class WireError(Exception):
    """A message, or a value meant for one, that the contract does not allow."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


def canonical(data: JsonObject, limit: int = MESSAGE_BYTES_MAX, *, plain: bool = False) -> bytes:
    """The encoder itself refuses surrogates and integers out of range; `_check` looks where something is odd. `plain`:
    our own code has built it out of typed values, so its kinds, keys and depth are known to be good."""
    odd = not plain and not _is_plain(data, depth=1)
    try:
        out = b"" if odd else orjson.dumps(data, option=_OPTIONS)
    except orjson.JSONEncodeError:
        odd = True
    if odd or NUL in out:
        _check(data, depth=1)
        out = orjson.dumps(data, option=_OPTIONS)
    if len(out) > limit:
        raise WireError("too_large", f"{len(out)} bytes; at most {limit}")
    return out


def in_order(data: Mapping[str, object] | list[object], limit: int = MESSAGE_BYTES_MAX) -> bytes:
    """The canonical bytes of what our own code has built with its keys in order, out of typed values and of parts that
    are such bytes already (`orjson.Fragment`). Whoever builds it looks for `NUL`."""
    try:
        out = orjson.dumps(data, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as error:
        _check(cast(JsonObject, data), depth=1)
        raise WireError("bad_shape", str(error)) from error
    if len(out) > limit:
        raise WireError("too_large", f"{len(out)} bytes; at most {limit}")
    return out


def parse_strict(payload: bytes, limit: int = MESSAGE_BYTES_MAX) -> JsonObject:
    """The object a payload holds. Whitespace and key order are free; everything else is as `canonical` demands."""
    if len(payload) > limit:
        raise WireError("too_large", f"{len(payload)} bytes; at most {limit}")
    try:
        value: Json = json.loads(
            payload.decode("utf-8", errors="strict"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise WireError("not_json", f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise WireError("not_json", f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise WireError("too_deep", f"nested more than {DEPTH_MAX} deep") from error
    if not isinstance(value, dict):
        raise WireError("bad_shape", "the message is not an object")
    _check(value, depth=1)
    return value


def event_id(body: bytes) -> str:
    """RFC 6920 name of canonical bytes: `ni:///sha-256;…`, 57 characters."""
    return "ni:///sha-256;" + b64u(sha256(body).digest())


def b64u(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_URLSAFE).decode("ascii")


def b64u_bytes(text: str, length: int) -> bytes | None:
    """Exactly `length` bytes in their only spelling, else None: spare bits must be 0, so no text has a twin."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:  # wrong length, or text that is not ASCII
        return None
    return raw if len(raw) == length and b64u(raw) == text else None


ZERO_ID: Final = event_id(b"")
"""`prev` of the event with seq 1: the hash of the empty string."""


def _is_plain(value: JsonObject | list[Json], depth: int) -> bool:
    """Its keys and kinds are allowed, and it is not too deep. False: see `_check`."""
    if depth > DEPTH_MAX:
        return False
    if isinstance(value, dict):
        for key in value:
            _check_key(key)
        value = list(value.values())
    for item in value:
        kind = type(item)
        if kind in _PLAIN:
            continue
        if not isinstance(item, dict | list) or not _is_plain(item, depth + 1):
            return False
    return True


def _check(value: JsonObject | list[Json], depth: int) -> None:
    """Says what is wrong with it, if anything is."""
    if depth > DEPTH_MAX:
        raise WireError("too_deep", f"nested more than {DEPTH_MAX} deep")
    if isinstance(value, dict):
        for key in value:
            _check_key(key)
        value = list(value.values())
    for item in value:
        if isinstance(item, str):
            if not item.isascii() or "\0" in item:
                _check_text(item)
        elif isinstance(item, int):
            if not -INTEGER_END < item < INTEGER_END:
                raise WireError("bad_number", "integer out of range; below 2^53 in size")
        elif isinstance(item, dict | list):
            _check(item, depth + 1)
        else:
            _check_other(item)


def _check_other(item: object) -> None:
    """Null, or bytes of JSON that are checked already; else no JSON of ours, whatever the caller's types say."""
    if item is None or isinstance(item, orjson.Fragment):
        return
    raise WireError("bad_number" if isinstance(item, float) else "bad_shape", f"a {type(item).__name__}")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise WireError("bad_text", "NUL in a string")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise WireError("bad_text", "half of a surrogate pair in a string")


@lru_cache(maxsize=KEYS_KEPT)
def _check_key(key: str) -> None:
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise WireError("bad_key", f"key {key!r:.40}; allowed are a-z 0-9 _ -")


def _object(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("duplicate_key", "a key occurs twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > INTEGER_CHARS_MAX:
        raise WireError("bad_number", f"an integer of {len(text)} characters; below 2^53 in size")
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise WireError("bad_number", f"{text:.40} is no integer")
