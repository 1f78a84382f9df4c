"""Fields of a capsule hidden from one reader, while all of it can still be checked (clearance contract §13).

The signature of an event is over all of it, so who is not shown all can't check that. Instead every field is a salted
leaf: `SHA256(00 ‖ {"f": pointer, "s": salt, "v": value})`, its salt made of the event's own `salt` and the pointer.
What is shown comes with its salt, what is hidden as its hash alone; all hashes, sorted, make the root of the event's
fields. A statement, signed by the gateway and countersigned by the coordinator that holds the events, says which roots
belong to which leaves of the log. The event's `salt` is in the signed data and is never shown with hidden fields, so
that neither a leaf nor the event's hash in the log can be guessed from what is.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal, cast

from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC

from edge.wire.canonical import Json, JsonObject, b64u, canonical
from edge.wire.merkle import leaf_hash
from edge.wire.signing import Signer

Algorithm = Literal["sha256", "sha512"]

SALT: Final = "salt"
SALT_BYTES: Final = 16
KEYS_KEPT: Final = 4
"""Keys made ready at one time: a gateway has one, for two algorithms."""
SHOWN_ALWAYS: Final = ("v", "kind", "mode", "hub", "gw", "epoch", "seq", "visit", "prov.cfg")
"""Without these nobody could tell whose the event is, where it stands, and which configuration it was made under."""
TELLING_CHARS: Final = 8
"""A hidden text this long that stands somewhere else as well is no longer hidden."""
TELLING_INSIDE: Final = 12
"""The same of one that stands inside another text; shorter ones, such as a day in a time, are there by chance."""
TELLING_NUMBER: Final = 10_000
NAMED_MAX: Final = 8
"""Places named in one refusal."""


class DisclosureFault(Exception):  # noqa: N818 - of a request, in one sentence
    """What was asked to be hidden or shown can't be."""


def event_salt(evidence_key: bytes, prev: str) -> str:
    """Of the event after `prev`. SHA-512, since `dig` of a code is a SHA-256 of what anybody may print on a label."""
    return b64u(keyed_digest(evidence_key, prev.encode(), "sha512")[:SALT_BYTES])


def keyed_digest(key: bytes, message: bytes, algorithm: Algorithm) -> bytes:
    """The HMAC of a message under a key that many are made with."""
    mac = _keyed(key, algorithm).copy()
    mac.update(message)
    return mac.finalize()


@lru_cache(maxsize=KEYS_KEPT)
def _keyed(key: bytes, algorithm: Algorithm) -> HMAC:
    """To be copied: taking in a key takes OpenSSL four times as long as the message."""
    return HMAC(key, SHA512() if algorithm == "sha512" else SHA256())


def fields(value: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Every single value and where it stands: names joined by a dot, `#0` for the first of a list."""
    if value and isinstance(value, dict):
        for name in sorted(value):
            yield from fields(value[name], f"{pointer}.{name}" if pointer else name)
    elif value and isinstance(value, list):
        for number, item in enumerate(value):
            yield from fields(item, f"{pointer}.#{number}")
    else:
        yield pointer, value


def field_leaf(salt: str, pointer: str, value: Json) -> tuple[str, bytes]:
    """The field's own salt, and its hash."""
    own = b64u(hmac.digest(salt.encode(), pointer.encode(), "sha256")[:SALT_BYTES])
    return own, leaf_hash(canonical({"f": pointer, "s": own, "v": value}))


def fields_root(hashes: Iterable[bytes]) -> bytes:
    """Sorted, so that their order tells nothing of what is hidden."""
    return sha256(b"\x01" + b"".join(sorted(hashes))).digest()


@dataclass(frozen=True, slots=True)
class Choice:
    """What one reader is not to see. `hide`: these; else all but `show`. A name covers all that is below it."""

    hide: tuple[str, ...] = ()
    show: tuple[str, ...] = ()

    def hides(self, pointer: str) -> bool:
        bare = ".".join(step for step in pointer.split(".") if not step.startswith("#"))
        if bare in SHOWN_ALWAYS:
            return False
        return _covers(self.hide, bare) or (bool(self.show) and not _covers(self.show, bare))

    def check(self) -> None:
        """Raises DisclosureFault for a name that hides what has to be shown."""
        for needed in SHOWN_ALWAYS:
            if _covers(self.hide, needed):
                raise DisclosureFault(
                    f"{needed} is always shown; hide something else, or one by one what is beside it"
                )


def _covers(names: Sequence[str], bare: str) -> bool:
    return any(bare == name or bare.startswith(name + ".") for name in names)


def hide_fields(capsule: JsonObject, choice: Choice, signer: Signer) -> JsonObject:
    """A capsule of version 2 from a whole one. Raises DisclosureFault where nothing or too little would be hidden."""
    choice.check()
    if signer.kid not in cast(JsonObject, capsule["keys"]):
        raise DisclosureFault(
            f"the key {signer.kid} in this data folder is not the one that signed the journal"
        )
    events = [cast(JsonObject, event) for event in cast(list[Json], capsule["events"])]
    parts = [_Parts([*fields(_without_salt(event))], choice) for event in events]
    _check_names(choice, parts)
    _check_leaks(parts)
    disclosed: list[Json] = []
    stated: list[Json] = []
    for event, part in zip(events, parts, strict=True):
        if not part.hidden:
            disclosed.append(event)
            continue
        entry, leaf, root = _disclosed(event, part)
        disclosed.append(entry)
        stated.append({"seq": entry["seq"], "leaf": b64u(leaf), "fields": b64u(root)})
    statement: JsonObject = {"v": 1, "kind": "disclosure", "events": stated}
    statement |= {name: capsule[name] for name in ("hub", "gw", "epoch", "mode", "visit")}
    signed: JsonObject = {"data": statement, "kid": signer.kid, "sig": signer.sign(canonical(statement))}
    return capsule | {"capsule": 2, "events": disclosed, "disclosure": signed}


class _Parts:
    """The fields of one event, those that are shown and those that are not."""

    def __init__(self, told: Sequence[tuple[str, Json]], choice: Choice) -> None:
        self.shown = [(pointer, value) for pointer, value in told if not choice.hides(pointer)]
        self.hidden = [(pointer, value) for pointer, value in told if choice.hides(pointer)]


def _without_salt(event: JsonObject) -> JsonObject:
    data = cast(JsonObject, event["data"])
    return {name: value for name, value in data.items() if name != SALT}


def _disclosed(event: JsonObject, part: _Parts) -> tuple[JsonObject, bytes, bytes]:
    """The event as that reader sees it, its leaf in the log, and the root of its fields."""
    data = cast(JsonObject, event["data"])
    salt = data.get(SALT)
    if not isinstance(salt, str):
        raise DisclosureFault(
            f"the event with seq {data['seq']} has no salt: it was told before fields could be hidden"
        )
    shown: list[Json] = []
    hashes: list[bytes] = []
    for pointer, value in part.shown:
        own, found = field_leaf(salt, pointer, value)
        shown.append([own, pointer, value])
        hashes.append(found)
    hidden = sorted(field_leaf(salt, pointer, value)[1] for pointer, value in part.hidden)
    leaf = leaf_hash(canonical(data))
    entry: JsonObject = {
        "seq": data["seq"], "leaf": b64u(leaf), "path": event["path"], "shown": shown,
        "hidden": [b64u(one) for one in hidden],
    }  # fmt: skip
    return entry, leaf, fields_root([*hashes, *hidden])


def _check_names(choice: Choice, parts: Sequence[_Parts]) -> None:
    """A name that nothing has is a slip of the pen, and would hide nothing."""
    for names, pointers in (
        (choice.hide, [pointer for part in parts for pointer, _ in part.hidden]),
        (choice.show, [pointer for part in parts for pointer, _ in part.shown]),
    ):
        for name in names:
            found = (
                ".".join(step for step in one.split(".") if not step.startswith("#")) for one in pointers
            )
            if not any(_covers((name,), bare) for bare in found):
                raise DisclosureFault(
                    f"no event of this visit has a field {name}; look at the whole capsule first"
                )


def _check_leaks(parts: Sequence[_Parts]) -> None:
    """What is hidden in one place and stands in another would not be hidden."""
    hidden = {
        _telling(value): pointer
        for part in parts
        for pointer, value in part.hidden
        if _telling(value) is not None
    }
    always = [str(value) for part in parts for pointer, value in part.shown if pointer in SHOWN_ALWAYS]
    places = dict.fromkeys(
        f"{hidden[secret]} in {pointer}"
        for secret in hidden
        if secret is not None and secret not in always
        for part in parts
        for pointer, value in part.shown
        if pointer not in SHOWN_ALWAYS and isinstance(value, str | int)
        if secret == str(value) or (len(secret) >= TELLING_INSIDE and secret in str(value))
    )
    if places:
        more = f", and {len(places) - NAMED_MAX} more" if len(places) > NAMED_MAX else ""
        raise DisclosureFault(
            f"what is to be hidden still stands elsewhere: {'; '.join([*places][:NAMED_MAX])}{more}; hide that as well"
        )


def _telling(value: Json) -> str | None:
    """The value as text, if whoever sees it elsewhere knows it."""
    if isinstance(value, str):
        return value if len(value) >= TELLING_CHARS else None
    told = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= TELLING_NUMBER
    return str(value) if told else None
