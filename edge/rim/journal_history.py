"""What the last run left open, read from the journal at a start: visits that have not ended, parcels placed last."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from drivers.identifiers.format import CodeType
from edge.core.event import Kind
from edge.core.snapshot import LastPlaced
from edge.rim.journal_table import COLUMNS, checked_row
from edge.wire.utc import parse_rfc3339
from hub_config.names import LineId, VisitId

OPEN_VISITS_MAX: Final = 10_000
"""Visits recovered after a crash, the newest; the coordinator knows older ones."""
TERMINAL_LANES: Final = frozenset({"return", "custody"})
HELD_LANES: Final = frozenset({"hold", "xray", "manual", "recirculate"})


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit that has not ended, as the journal knows it."""

    visit: VisitId
    line: LineId
    last_kind: Kind
    held: bool
    """It lies in a bay, confirmed; else nobody knows where it is."""
    codes: tuple[tuple[str, CodeType], ...]
    """Recognised identifiers whose check is right, in order of appearance."""
    arrived_utc_us: int


def open_visits(connection: sqlite3.Connection) -> tuple[OpenVisit, ...]:
    """Visits that have not ended, oldest first, at most the newest OPEN_VISITS_MAX."""
    latest = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE seq IN"  # noqa: S608  (constant columns)
        " (SELECT max(seq) FROM events WHERE visit IS NOT NULL GROUP BY visit)"
        " AND kind NOT IN ('parcel.departed', 'parcel.lost_track', 'visit.joined', 'visit.split', 'bag.opened')"
        " ORDER BY seq DESC"
    )
    found: list[OpenVisit] = []
    for row in map(checked_row, latest):
        last = json.loads(row.body)
        if _resting_lane(last) not in TERMINAL_LANES:
            found.append(_open_visit(connection, last))
        if len(found) == OPEN_VISITS_MAX:
            break
    return tuple(reversed(found))


def last_placed(connection: sqlite3.Connection, free_lanes: Mapping[str, str]) -> dict[LineId, LastPlaced]:
    """The parcel that last left each bench, if the journal has all of its move. `free_lanes`: by line."""
    found: dict[LineId, LastPlaced] = {}
    for line, free_lane in free_lanes.items():
        row = connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE line = ? AND kind IN"  # noqa: S608  (constant columns)
            " ('parcel.diverted', 'parcel.departed') ORDER BY seq DESC LIMIT 1",
            (line,),
        ).fetchone()
        data = None if row is None else json.loads(checked_row(row).body)
        if data is None or (data["kind"] == "parcel.diverted" and data["act"]["lane"] == free_lane):
            continue  # without its `departed` the move into a free lane is not whole
        codes = [code["data"] for code in data.get("codes", ()) if code.get("chk")]
        visit = VisitId(data["visit"])
        found[LineId(line)] = LastPlaced(visit, codes[0] if codes else None, data["act"]["bay"])
    return found


def _open_visit(connection: sqlite3.Connection, last: dict[str, Any]) -> OpenVisit:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE visit = ? ORDER BY seq",  # noqa: S608  (constant columns)
        (last["visit"],),
    )
    history = [json.loads(checked_row(row).body) for row in rows]
    codes = {
        (code["data"], code["type"]): None
        for data in history
        for code in data.get("codes", ())
        if code.get("chk")
    }
    return OpenVisit(
        visit=VisitId(last["visit"]),
        line=LineId(last["line"]),
        last_kind=last["kind"],
        held=_resting_lane(last) in HELD_LANES,
        codes=tuple(codes),
        arrived_utc_us=parse_rfc3339(history[0]["t"]),
    )


def _resting_lane(data: dict[str, Any]) -> str | None:
    """The lane in whose bay the parcel was confirmed by its latest event; None for every other event."""
    if data["kind"] != "parcel.diverted" or not data["act"]["confirmed"]:
        return None
    return str(data["act"]["lane"])
