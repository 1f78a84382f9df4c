"""The coordinator as witness: it grows each gateway's log from the events it holds, and countersigns what agrees.

A checkpoint (clearance contract §3) that says the same as the events stored here gets a countersignature (C2SP
`tlog-cosignature`), which travels back inside the signed ack. One that says otherwise is counted, shown, and never
countersigned. Written from the contract once more, with the hashes and notes of the independent capsule verifier.
"""

import base64
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from nacl.signing import SigningKey

from edge.wire.capsule_verifier import (
    Broken,
    b64url,
    bytes_of,
    canonical,
    check_note_line,
    check_signature,
    leaf_hash,
    node_hash,
    part,
    read_note,
)
from edge.wire.verifier import Refused

HASH_BYTES: Final = 32

GROWN_AT_ONCE: Final = 2_000
"""Events hashed in one transaction; the rest with the next."""

Countersign = Callable[[str, int], str]
"""From the body of a checkpoint and the second of UTC to our line under it."""
Verdict = Literal["countersigned", "waits", "contradicts", "old"]


@dataclass(frozen=True, slots=True)
class Told:
    """A gateway's checkpoint whose signatures are good."""

    epoch: int
    size: int
    root: bytes
    note: str
    body: str


class Witness:
    """Uses the coordinator's database; everything here is called inside its transactions."""

    def __init__(self, connection: sqlite3.Connection, log_root: str) -> None:
        """`log_root`: what the origin of every gateway's checkpoint begins with."""
        self._connection = connection
        self._log_root = log_root

    def read(self, payload: Any, gateway: str, key: str) -> Told:  # noqa: ANN401  (parsed JSON)
        """Raises Refused for anything but a good checkpoint of this gateway."""
        try:
            public = bytes_of(key, 32, "the gateway's key")
            data, epoch = part(payload, "data", dict), part(payload["data"], "epoch", int)
            signature = bytes_of(payload.get("ehubsig"), 64, "ehubsig")
            check_signature(public, signature, canonical(data), "the message")
            note = part(data, "note", str)
            body, origin, size, root, lines = read_note(note)
            check_note_line(body, lines[0], public)
            if origin != f"{self._log_root}/{gateway}/e{epoch}" or size != part(data, "size", int):
                raise Broken(f"its origin is {origin[:80]}")
        except Broken as fault:
            raise Refused("bad_checkpoint", str(fault)) from None
        return Told(epoch, size, root, note, body)

    def take(self, gateway: str, told: Told) -> bool:
        """Keeps it until its events are here; only the newest waits. False for one that was taken before."""
        row = self._one(
            "SELECT note FROM checkpoints WHERE gw = ? AND epoch = ? AND size = ?",
            gateway,
            told.epoch,
            told.size,
        )
        if row is not None and row[0] == told.note:
            return False
        self._connection.execute(
            "DELETE FROM checkpoints WHERE gw = ? AND epoch = ? AND line IS NULL", (gateway, told.epoch)
        )
        self._connection.execute(
            "INSERT OR IGNORE INTO checkpoints VALUES(?, ?, ?, ?, NULL)",
            (gateway, told.epoch, told.size, told.note),
        )
        return True

    def waiting(self) -> list[tuple[str, int]]:
        """Gateways and epochs whose newest checkpoint nobody has judged yet."""
        rows = self._connection.execute(
            "SELECT gw, epoch FROM checkpoints WHERE line IS NULL ORDER BY gw, epoch"
        )
        return [(gateway, epoch) for gateway, epoch in rows]

    def judge(
        self, gateway: str, epoch: int, through_seq: int, countersign: Countersign, at_s: int
    ) -> Verdict:
        """Grows the log by GROWN_AT_ONCE events at most, and judges the checkpoint that waits if that is enough."""
        row = self._one(
            "SELECT size, note FROM checkpoints WHERE gw = ? AND epoch = ? AND line IS NULL", gateway, epoch
        )
        if row is None:
            return "old"
        size, note = row
        grown, nodes = self._tree(gateway, epoch)
        if size < grown:
            # The log has grown past it: nobody asks for an old one, and the next is on its way.
            self._drop(gateway, epoch, size)
            return "old"
        if grown < min(size, through_seq):
            grown = self._grow(gateway, epoch, grown, nodes, min(size, through_seq))
        if grown < size:
            return "waits"
        body, _, _, root, _ = read_note(note)
        if root != root_of(nodes):
            self._drop(gateway, epoch, size)
            return "contradicts"
        self._connection.execute(
            "UPDATE checkpoints SET line = ? WHERE gw = ? AND epoch = ? AND size = ?",
            (countersign(body, at_s), gateway, epoch, size),
        )
        return "countersigned"

    def newest(self, gateway: str, epoch: int) -> dict[str, object] | None:
        """What an ack carries: the newest countersignature."""
        row = self._one(
            "SELECT size, note, line FROM checkpoints WHERE gw = ? AND epoch = ? AND line IS NOT NULL"
            " ORDER BY size DESC LIMIT 1", gateway, epoch,
        )  # fmt: skip
        return None if row is None else {"size": row[0], "root": b64url(read_note(row[1])[3]), "line": row[2]}

    def _tree(self, gateway: str, epoch: int) -> tuple[int, list[bytes]]:
        row = self._one("SELECT size, nodes FROM trees WHERE gw = ? AND epoch = ?", gateway, epoch)
        if row is None:
            return 0, []
        return row[0], [row[1][place : place + HASH_BYTES] for place in range(0, len(row[1]), HASH_BYTES)]

    def _grow(self, gateway: str, epoch: int, grown: int, nodes: list[bytes], size: int) -> int:
        """Adds the events after `grown`; `nodes` are the complete subtrees so far, largest first."""
        end = min(size, grown + GROWN_AT_ONCE)
        following = "SELECT data FROM events WHERE gw = ? AND epoch = ? AND seq > ? AND seq <= ? ORDER BY seq"
        for (text,) in self._connection.execute(following, (gateway, epoch, grown, end)):
            grow(nodes, grown, leaf_hash(text.encode()))
            grown += 1
        self._connection.execute(
            "INSERT OR REPLACE INTO trees VALUES(?, ?, ?, ?)", (gateway, epoch, grown, b"".join(nodes))
        )
        return grown

    def _drop(self, gateway: str, epoch: int, size: int) -> None:
        self._connection.execute(
            "DELETE FROM checkpoints WHERE gw = ? AND epoch = ? AND size = ?", (gateway, epoch, size)
        )

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row


def countersignature(name: str, private: SigningKey, body: str, at_s: int) -> str:
    """A C2SP countersignature line, made at `at_s` seconds of UTC."""
    public = bytes(private.verify_key)
    key_id = sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    signature = private.sign(f"cosignature/v1\ntime {at_s}\n{body}".encode()).signature
    stamped = key_id + at_s.to_bytes(8, "big") + signature
    return f"\u2014 {name} {base64.b64encode(stamped).decode()}\n"


def made_at_s(line: str) -> int:
    """The second of UTC at which a countersignature line of ours says it was made."""
    stamped = base64.b64decode(line.split(" ")[2])
    return int.from_bytes(stamped[4:12], "big")


def grow(nodes: list[bytes], size: int, leaf: bytes) -> None:
    """Adds the next leaf to the complete subtrees of a log of `size` events, largest first."""
    while size & 1:
        leaf, size = node_hash(nodes.pop(), leaf), size >> 1
    nodes.append(leaf)


def root_of(nodes: list[bytes]) -> bytes:
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root
