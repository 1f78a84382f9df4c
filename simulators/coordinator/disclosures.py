"""The coordinator as witness of hidden fields: it compares a gateway's statement with the events it holds (§13).

Written from the contract once more, with the hashes of the independent capsule verifier, so that no mistake of the
gateway's own code is countersigned.
"""

import base64
import hmac
import json
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from edge.wire.capsule_verifier import Broken, b64url, canonical, check_capsule, leaf_hash, part
from simulators.coordinator.letters import Letters

Data = dict[str, Any]


def compare(capsule: Data, connection: sqlite3.Connection) -> int:
    """How many events with hidden fields are what this coordinator holds. Raises Broken at the first that is not."""
    check_capsule(capsule)
    data = part(part(capsule, "disclosure", dict), "data", dict)
    told = part(data, "events", list)
    for one in told:
        seq = part(one, "seq", int)
        row = connection.execute(
            "SELECT data FROM events WHERE gw = ? AND epoch = ? AND seq = ?", (data["gw"], data["epoch"], seq)
        ).fetchone()
        if row is None:
            raise Broken(f"the event with seq {seq} is not held here (any more)")
        wanted = {
            "seq": seq,
            "leaf": b64url(leaf_hash(row[0].encode())),
            "fields": _fields(json.loads(row[0])),
        }
        if one != wanted:
            raise Broken(f"what is stated of the event with seq {seq} is not so by the event held here")
    return len(told)


def countersigned(capsule: Data, letters: Letters) -> Data:
    """The capsule with this coordinator's word under the statement. Raises Broken where a reader could not check it."""
    if "ack" not in capsule["keys"].get(letters.kid, {}).get("roles", ()):
        raise Broken(f"the capsule does not hold the key {letters.kid} of this coordinator with the role ack")
    name, signature = letters.signed_by(canonical(capsule["disclosure"]["data"]))
    return capsule | {
        "disclosure": capsule["disclosure"] | {"countersigned": {"kid": name, "sig": signature}}
    }


def _fields(data: Data) -> str:
    salt = part(data, "salt", str).encode()
    hashes = sorted(
        _leaf(salt, pointer, value)
        for name in data
        if name != "salt"
        for pointer, value in _each(name, data[name])
    )
    return b64url(sha256(b"\x01" + b"".join(hashes)).digest())


def _leaf(salt: bytes, pointer: str, value: object) -> bytes:
    own = base64.urlsafe_b64encode(hmac.digest(salt, pointer.encode(), "sha256")[:16]).rstrip(b"=").decode()
    return leaf_hash(canonical({"f": pointer, "s": own, "v": value}))


def _each(pointer: str, value: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _each(f"{pointer}.{name}", item)
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _each(f"{pointer}.#{number}", item)
    else:
        yield pointer, value
