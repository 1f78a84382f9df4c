"""The evidence capsule of one visit: one file that proves itself, for customs, an agency or a court (contract §13).

It holds what `edge/wire/capsule_verifier.py` needs and nothing else is needed: the events as signed, with the decisions
in them; for each the proof that it is in the log; the checkpoint with both signatures; the configurations and keys the
events name. If any of it is missing there is no capsule, and the message says what is missing.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from edge.rim.journal_check import read_keys
from edge.rim.journal_rows import JournalReader
from edge.rim.journal_table import JournalFault, Stored, read_fact, write_fact
from edge.rim.journal_tree import Checkpoint, Subtrees, countersigned_over, newest_checkpoint
from edge.wire.canonical import Json, JsonObject, b64u, b64u_bytes
from edge.wire.checkpoint import note_holds
from edge.wire.merkle import inclusion_path
from edge.wire.signing import KEY_BYTES, TrustedKey, kid_of

CONFIGS_MAX: Final = 32
"""Configurations kept, the newest; a capsule of events under an older one is refused."""
TRUSTED_MAX: Final = 256
"""Keys kept, the newest."""
VISITS_MAX: Final = 16
"""Visits joined into one."""


def remember(connection: sqlite3.Connection, config: str, digest: str, trust: Iterable[TrustedKey]) -> None:
    """Inside a transaction, at every start."""
    kept = (read_fact(connection, "configs") or {"newest_last": []})["newest_last"]
    configs = [one for one in kept if one["digest"] != digest] + [{"digest": digest, "text": config}]
    write_fact(connection, "configs", {"newest_last": configs[-CONFIGS_MAX:]})
    known = (read_fact(connection, "trust") or {"newest_last": []})["newest_last"]
    fresh = [
        {"kid": key.kid, "public": key.public_key, "roles": list(key.roles), "modes": list(key.modes)}
        for key in trust
    ]
    old = [one for one in known if one["kid"] not in [key["kid"] for key in fresh]]
    write_fact(connection, "trust", {"newest_last": (old + fresh)[-TRUSTED_MAX:]})


def make_capsule(reader: JournalReader, visit: str) -> JsonObject:
    """Raises JournalFault if a link is missing."""
    with reader.one_moment() as connection:
        rows, joined = _visits(reader, visit)
        first, last = rows[0].seq, rows[-1].seq
        rows = sorted([*rows, *reader.of_gateway(first, last)], key=lambda row: row.seq)
        checkpoint = _checkpoint_over(connection, last)
        subtrees = Subtrees(connection)
        told = [(row, _data(row)) for row in rows]
        meta = reader.meta
        capsule: JsonObject = {
            "capsule": 1, "hub": meta.hub, "gw": meta.gateway, "epoch": meta.epoch, "mode": meta.mode,
            "visit": visit, "joined": list[Json](joined),
        }  # fmt: skip
        capsule["events"] = [_event(row, data, checkpoint, subtrees) for row, data in told]
        capsule["checkpoint"] = _told_checkpoint(connection, checkpoint)
        capsule["configs"] = _configs(connection, [data for _, data in told])
        capsule["keys"] = _keys(connection, told, checkpoint, meta.mode)
    return capsule


def _visits(reader: JournalReader, visit: str) -> tuple[list[Stored], list[str]]:
    """Events of the visit and of those that were joined with it, and the others' names."""
    wanted, rows = [visit], list[Stored]()
    for name in wanted:
        found = reader.of_visit(name)
        if not found:
            raise JournalFault(f"journal: it has no event of visit {name}; look for it with: hub why")
        _check_beginning(reader, name, found[0])
        rows += found
        wanted += [other for other in dict.fromkeys(_joined(reader, name)) if other not in wanted]
        if len(wanted) > VISITS_MAX:
            raise JournalFault(f"journal: more than {VISITS_MAX} visits are joined with {visit}")
    return sorted(rows, key=lambda row: row.seq), wanted[1:]


def _check_beginning(reader: JournalReader, visit: str, first: Stored) -> None:
    pruned = reader.pruned().seq
    if pruned and first.kind not in ("parcel.arrived", "visit.joined", "visit.split"):
        raise JournalFault(
            f"journal: the first events of visit {visit} are pruned (seq {pruned} and before); the coordinator has them"
        )


def _joined(reader: JournalReader, visit: str) -> list[str]:
    """Visits that were joined with this one, at this gateway."""
    notes = [_data(row).get("note", {}) for row in reader.joins(visit)]
    return [note[end] for note in notes for end in ("from", "into") if visit in note.values() and end in note]


def _checkpoint_over(connection: sqlite3.Connection, seq: int) -> Checkpoint:
    found = countersigned_over(connection, seq)
    if found is None:
        newest = newest_checkpoint(connection, countersigned=True)
        covered = "none yet" if newest is None else f"to seq {newest.size}"
        raise JournalFault(
            f"journal: the coordinator has countersigned {covered}; this visit goes to seq {seq}: try again in a minute"
        )
    return found


def _data(row: Stored) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(row.body)
    return data


def _event(row: Stored, data: JsonObject, checkpoint: Checkpoint, subtrees: Subtrees) -> JsonObject:
    if row.sig is None or row.kid is None:
        raise JournalFault(f"journal: the event with seq {row.seq} is not signed; it proves nothing")
    path = inclusion_path(row.seq - 1, checkpoint.size, subtrees)
    return {"data": data, "id": row.id, "sig": row.sig, "kid": row.kid, "path": [b64u(node) for node in path]}


def _told_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint) -> JsonObject:
    body = checkpoint.note.partition("\n\n")[0] + "\n"
    origin = body.partition("\n")[0]
    holders = (
        kid for kid, key in read_keys(connection).items() if note_holds(checkpoint.note, body, origin, key)
    )
    gateway = next(holders, None)
    if gateway is None or checkpoint.line is None or checkpoint.public is None:
        raise JournalFault(f"journal: the key of its checkpoint over {checkpoint.size} events is missing")
    countersigned: JsonObject = {"line": checkpoint.line, "kid": _kid(checkpoint.public)}
    return {"note": checkpoint.note, "kid": gateway, "countersigned": countersigned}


def _configs(connection: sqlite3.Connection, datas: list[dict[str, Any]]) -> JsonObject:
    kept = (read_fact(connection, "configs") or {"newest_last": []})["newest_last"]
    texts = {one["digest"]: one["text"] for one in kept}
    configs: JsonObject = {}
    for data in datas:
        digest = data["prov"]["cfg"]
        if digest not in texts:
            raise JournalFault(
                f"journal: the configuration {digest} of the event with seq {data['seq']} is not kept here"
            )
        configs[digest] = texts[digest]
    return configs


def _keys(
    connection: sqlite3.Connection,
    told: list[tuple[Stored, dict[str, Any]]],
    checkpoint: Checkpoint,
    mode: str,
) -> JsonObject:
    """Of the gateway, of whoever decided, and of the coordinator that countersigned."""
    own = read_keys(connection)
    kept = (read_fact(connection, "trust") or {"newest_last": []})["newest_last"]
    others = {one["kid"]: one for one in kept if mode in one["modes"]}
    keys: JsonObject = {kid: {"public": public, "roles": ["event"]} for kid, public in own.items()}
    wanted = [(_kid(checkpoint.public or ""), "the countersignature")]
    wanted += [
        (data[word]["kid"], f"the {word} in seq {row.seq}")
        for row, data in told
        for word in ("decision", "voucher")
        if word in data
    ]
    for kid, what in wanted:
        if kid not in others:
            raise JournalFault(f"journal: the key {kid} of {what} is not kept here")
        keys[kid] = {"public": others[kid]["public"], "roles": list[Json](others[kid]["roles"])}
    return keys


def _kid(public: str) -> str:
    return kid_of(b64u_bytes(public, KEY_BYTES) or b"")
