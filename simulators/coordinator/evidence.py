"""Whether a coordinator's evidence is whole, and an event that somebody shows one of it (contract §3, §12, §13).

From the database alone: every log is grown again, of events that are kept from their bytes, of those whose time is over
from the hash that stayed, and has to lead to every countersigned checkpoint.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.wire.capsule_verifier import Broken, bytes_of, check_note_line, leaf_hash, read_note
from edge.wire.verifier import canonical, identity
from simulators.coordinator.checkpoints import grow, root_of


@dataclass(frozen=True, slots=True)
class LogProof:
    """One gateway's log of one epoch."""

    gw: str
    epoch: int
    kept: int
    expired: int
    checkpoints: int
    """Countersigned ones that it leads to."""
    through: int
    """Events under the newest of them."""
    fault: str | None
    """The first, in words; None: it is whole."""


class _Fault(Exception):  # noqa: N818 - a verdict
    pass


def prove(connection: sqlite3.Connection, keys: Mapping[str, str] | None = None) -> Iterator[LogProof]:
    """`keys`: public key by gateway; None leaves the signatures of checkpoints unchecked."""
    logs = connection.execute("SELECT gw, epoch, next_seq FROM cursors ORDER BY gw, epoch").fetchall()
    for gw, epoch, next_seq in logs:
        yield _prove_log(connection, (gw, epoch), next_seq - 1, None if keys is None else keys.get(gw, ""))


_LEAVES: Final = (
    "SELECT seq, leaf, NULL, NULL FROM leaves WHERE gw = ?1 AND epoch = ?2 AND seq <= ?3 "
    "UNION ALL SELECT seq, NULL, id, data FROM events WHERE gw = ?1 AND epoch = ?2 AND seq <= ?3 ORDER BY 1"
)


def _prove_log(
    connection: sqlite3.Connection, log: tuple[str, int], end: int, public: str | None
) -> LogProof:
    notes: dict[int, str] = dict(
        connection.execute(
            "SELECT size, note FROM checkpoints WHERE gw = ? AND epoch = ? AND line IS NOT NULL ORDER BY size",
            log,
        ).fetchall()
    )
    nodes: list[bytes] = []
    kept = expired = reached = through = 0
    fault: str | None = None
    try:
        for seq, leaf, event, text in connection.execute(_LEAVES, (*log, end)):
            if seq != kept + expired + 1:
                raise _Fault(f"the event with seq {kept + expired + 1} is missing")
            if leaf is None and identity(text.encode()) != event:
                raise _Fault(f"the event with seq {seq} is not what its id says")
            grow(nodes, seq - 1, leaf_hash(text.encode()) if leaf is None else leaf)
            kept, expired = kept + (leaf is None), expired + (leaf is not None)
            if seq in notes:
                _check(notes[seq], root_of(nodes), public)
                reached, through = reached + 1, seq
        if reached < len(notes):
            raise _Fault("a checkpoint is over more events than there are")
    except (_Fault, Broken) as found:
        fault = str(found)
    return LogProof(*log, kept, expired, reached, through, fault)


def _check(note: str, root: bytes, public: str | None) -> None:
    body, _, size, wanted, lines = read_note(note)
    if root != wanted:
        raise _Fault(f"the checkpoint over {size} events is of other events")
    if public is not None:
        check_note_line(body, lines[0], bytes_of(public, 32, "the gateway's key"))


@dataclass(frozen=True, slots=True)
class Shown:
    """What an event that somebody shows is to this coordinator."""

    known: bool
    words: str


def shown(connection: sqlite3.Connection, told: Mapping[str, Any]) -> Shown:
    """`told`: the event as published, or its `data`. Raises Refused for one that can't be canonical, KeyError."""
    data = told.get("data", told)
    body = canonical(data)
    place = (data["gw"], data["epoch"], data["seq"])
    where = f"seq {data['seq']} of {data['gw']}, epoch {data['epoch']}"
    row = connection.execute(
        "SELECT data FROM events WHERE gw = ? AND epoch = ? AND seq = ?", place
    ).fetchone()
    if row is not None:
        same = canonical(json.loads(row[0])) == body
        return Shown(
            same, f"{where}: {'kept here, this very event' if same else 'another event is kept here'}"
        )
    row = connection.execute(
        "SELECT leaf FROM leaves WHERE gw = ? AND epoch = ? AND seq = ?", place
    ).fetchone()
    if row is None:
        return Shown(False, f"{where}: no event was ever stored in this place")
    if row[0] != leaf_hash(body):
        return Shown(False, f"{where}: expired here, and it was another event")
    return Shown(True, f"{where}: expired here; its hash stands in the log, it was this very event")
