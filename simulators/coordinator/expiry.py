"""What is deleted when its time is over, a slice at a time (clearance contract §12), and what stays of it.

Of an event its hash in the gateway's log stays (`leaves`): the log still leads to every countersigned checkpoint, and
whoever shows the event later can be told that it is that very one. An event stays whatever its age: where no
countersigned checkpoint covers it, at the end of its chain, and in mode live while its visit waits in a bay or has an
open case. What was derived from it goes with it. A decision goes after the events of its visit, a declaration after
its visits. Contradicting events (`tampers`) and counts stay.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.wire.capsule_verifier import leaf_hash
from simulators.coordinator.accounts import named_in
from simulators.coordinator.checkpoints import made_at_s
from simulators.coordinator.sampling import consigned_name
from simulators.coordinator.stamps import utc_text

SLICE_MAX: Final = 200
"""Rows of one kind looked at in one transaction: some 10 ms."""
SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Before:
    """What is older than this may go; UTC µs."""

    events_us: int
    declarations_us: int
    keep_open: bool
    """Parcels that still wait, and open cases, keep their events."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one look has done."""

    gone: int
    after: int
    """Where the next begins; 0: the table has been gone through."""


def expire_events(connection: sqlite3.Connection, after: int, before: Before) -> Slice:
    """In the order in which they were stored. Inside a transaction."""
    rows = connection.execute(
        "SELECT rowid, id, gw, epoch, seq, visit, data, stored_us FROM events WHERE rowid > ? ORDER BY rowid LIMIT ?",
        (after, SLICE_MAX),
    ).fetchall()
    # The page counts by the newest row, whose number must not be given twice.
    (newest,) = connection.execute("SELECT max(rowid) FROM events").fetchone()
    provable: dict[tuple[str, int], int] = {}
    touched: dict[str, None] = {}
    gone = 0
    for rowid, event, gw, epoch, seq, visit, text, stored_us in rows:
        if stored_us >= before.events_us:
            return Slice(_settle(connection, touched, gone), 0)
        after = rowid
        if (gw, epoch) not in provable:
            provable[gw, epoch] = _provable(connection, gw, epoch)
        if rowid == newest or seq > provable[gw, epoch]:
            continue
        if visit is not None and before.keep_open and _is_open(connection, visit):
            continue
        _expire_event(connection, event, (gw, epoch, seq), text)
        if visit is not None:
            touched[visit] = None
        gone += 1
    return Slice(_settle(connection, touched, gone), after if len(rows) == SLICE_MAX else 0)


def _provable(connection: sqlite3.Connection, gw: str, epoch: int) -> int:
    """Through which seq a checkpoint speaks for the log; never the chain's end, from which it goes on."""
    (size,) = connection.execute(
        "SELECT coalesce(max(size), 0) FROM checkpoints WHERE gw = ? AND epoch = ? AND line IS NOT NULL",
        (gw, epoch),
    ).fetchone()
    row = connection.execute(
        "SELECT next_seq FROM cursors WHERE gw = ? AND epoch = ?", (gw, epoch)
    ).fetchone()
    return min(int(size), 0 if row is None else row[0] - 2)


def _is_open(connection: sqlite3.Connection, visit: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM visits WHERE id = coalesce((SELECT older FROM joins WHERE visit = ?1), ?1) "
        "AND (cases <> '' OR place IN ('held', 'inspecting'))",
        (visit,),
    ).fetchone()
    return found is not None


def _expire_event(connection: sqlite3.Connection, event: str, place: tuple[str, int, int], text: str) -> None:
    connection.execute("INSERT OR REPLACE INTO leaves VALUES(?, ?, ?, ?)", (*place, leaf_hash(text.encode())))
    connection.execute("DELETE FROM events WHERE id = ?", (event,))
    data: Mapping[str, Any] = json.loads(text)
    if data["kind"] == "bag.opened":
        connection.execute("DELETE FROM bags WHERE event = ?", (event,))
    connection.executemany("DELETE FROM visit_codes WHERE code = ? AND visit = ?", named_in(data))
    day = str(data["t"])[:10]
    names = [name for name, _ in named_in(data)]
    connection.executemany(
        # The same number may be on another parcel since, with a draw of its own.
        "DELETE FROM draws WHERE name = ? AND json_extract(told, '$.day') <= ?",
        [(name, day) for name in names],
    )


def _settle(connection: sqlite3.Connection, touched: Mapping[str, None], gone: int) -> int:
    """Visits of which nothing is left are forgotten; returns `gone`."""
    roots = (
        connection.execute("SELECT older FROM joins WHERE visit = ?", (visit,)).fetchone()
        for visit in touched
    )
    wanted = dict.fromkeys((*touched, *(row[0] for row in roots if row is not None)))
    for visit in wanted:
        left = connection.execute(
            "SELECT 1 FROM events WHERE visit = ?1 OR visit IN (SELECT visit FROM joins WHERE older = ?1) LIMIT 1",
            (visit,),
        ).fetchone()
        if left is None:
            for statement in (
                "DELETE FROM visits WHERE id = ?",
                "DELETE FROM visit_bags WHERE visit = ?",
                "DELETE FROM owners WHERE visit = ?",
                "DELETE FROM draws WHERE name = ?",
                "DELETE FROM joins WHERE visit = ?",
            ):
                connection.execute(statement, (visit,))
    return gone


def expire_decisions(connection: sqlite3.Connection, after: int, before: Before) -> Slice:
    """After the events of their visit. Inside a transaction."""
    rows = connection.execute(
        "SELECT number, valid_until_us, EXISTS(SELECT 1 FROM events WHERE id = decisions.event) "
        "OR EXISTS(SELECT 1 FROM visits WHERE id = json_extract(decisions.data, '$.visit')) "
        "FROM decisions WHERE number > ? ORDER BY number LIMIT ?",
        (after, SLICE_MAX),
    ).fetchall()
    (newest,) = connection.execute("SELECT max(number) FROM decisions").fetchone()
    gone: list[tuple[int]] = []
    for number, valid_until_us, needed in rows:
        if valid_until_us >= before.events_us:
            after = 0
            break
        after = number
        if not needed and number != newest:
            gone.append((number,))
    connection.executemany("DELETE FROM decisions WHERE number = ?", gone)
    return Slice(len(gone), after if len(rows) == SLICE_MAX else 0)


def expire_declarations(connection: sqlite3.Connection, after: int, before: Before) -> Slice:
    """With the other parties' answers, when no visit of the consignment is left. Inside a transaction."""
    rows = connection.execute(
        "SELECT number, consignment, filed_us, "
        "EXISTS(SELECT 1 FROM visits WHERE visits.consignment = declarations.consignment) "
        "FROM declarations WHERE number > ? ORDER BY number LIMIT ?",
        (after, SLICE_MAX),
    ).fetchall()
    gone = 0
    for number, consignment, filed_us, needed in rows:
        if filed_us >= before.declarations_us:
            return Slice(gone, 0)
        after = number
        if needed:
            continue
        day = utc_text(filed_us)[:10]
        codes = connection.execute("SELECT code FROM declared_codes WHERE number = ?", (number,)).fetchall()
        connection.executemany(
            "DELETE FROM draws WHERE name = ? AND json_extract(told, '$.day') <= ?",
            [(name, day) for (name,) in (*codes, (consigned_name(consignment),))],
        )
        connection.execute("DELETE FROM declared_codes WHERE number = ?", (number,))
        connection.execute("DELETE FROM declarations WHERE number = ?", (number,))
        connection.execute(
            "DELETE FROM answers WHERE consignment = ?1 AND heard_us < ?2 "
            "AND NOT EXISTS(SELECT 1 FROM declarations WHERE consignment = ?1)",
            (consignment, before.declarations_us),
        )
        gone += 1
    return Slice(gone, after if len(rows) == SLICE_MAX else 0)


def expire_vouchers(connection: sqlite3.Connection, before: Before) -> Slice:
    """With what is known of their use. Inside a transaction."""
    old = connection.execute(
        "SELECT id FROM vouchers WHERE json_extract(data, '$.valid_until') < ? LIMIT ?",
        (utc_text(before.events_us), SLICE_MAX),
    ).fetchall()
    connection.executemany("DELETE FROM voucher_uses WHERE voucher = ?", old)
    connection.executemany("DELETE FROM vouchers WHERE id = ?", old)
    return Slice(len(old), int(len(old) == SLICE_MAX))


def expire_checkpoints(connection: sqlite3.Connection, before: Before) -> Slice:
    """All but the newest countersigned of each log, which speaks for every event before it. Inside a transaction."""
    gone: list[tuple[str, int, int]] = []
    logs = connection.execute(
        "SELECT gw, epoch, max(size) FROM checkpoints WHERE line IS NOT NULL GROUP BY gw, epoch ORDER BY gw, epoch"
    ).fetchall()
    for gw, epoch, newest in logs:
        rows = connection.execute(
            "SELECT size, line FROM checkpoints WHERE gw = ? AND epoch = ? AND size < ? AND line IS NOT NULL "
            "ORDER BY size LIMIT ?",
            (gw, epoch, newest, SLICE_MAX - len(gone)),
        )
        for size, line in rows.fetchall():
            if made_at_s(line) * SECOND_US >= before.events_us:
                break
            gone.append((gw, epoch, size))
    connection.executemany("DELETE FROM checkpoints WHERE gw = ? AND epoch = ? AND size = ?", gone)
    return Slice(len(gone), int(len(gone) == SLICE_MAX))
