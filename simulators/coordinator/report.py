"""Read-only looks into a coordinator's database, while it runs or afterwards."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, TypedDict


class Counts(TypedDict):
    stored: int
    distinct: int
    """Different places (gateway, epoch, seq) among the stored; fewer than `stored` would be events stored twice."""
    redelivered: int
    """Events that came again and were not stored again."""
    rejected: dict[str, int]
    """Messages that were no good event, by reason."""
    quarantined: list[str]
    decisions: int


def stored_events(path: Path) -> Iterator[dict[str, Any]]:
    """`data` of every stored event, by gateway, epoch and seq."""
    with closing(_connect(path)) as connection:
        for (text,) in connection.execute("SELECT data FROM events ORDER BY gw, epoch, seq"):
            yield json.loads(text)


def stored_decisions(path: Path) -> Iterator[dict[str, Any]]:
    """`data` of every decision, in the order given."""
    with closing(_connect(path)) as connection:
        for (text,) in connection.execute("SELECT data FROM decisions ORDER BY number"):
            yield json.loads(text)


def event_ids(path: Path) -> dict[tuple[int, int], str]:
    """Id of every stored event, by epoch and seq, of a hub with one gateway."""
    with closing(_connect(path)) as connection:
        return {
            (epoch, seq): found
            for epoch, seq, found in connection.execute("SELECT epoch, seq, id FROM events")
        }


def longest_silence_us(path: Path, began_us: int, ended_us: int) -> int:
    """Between two events stored in this span of wall-clock time, or between one and an end of the span."""
    query = "SELECT stored_us FROM events WHERE stored_us BETWEEN ? AND ? ORDER BY stored_us"
    with closing(_connect(path)) as connection:
        found: list[int] = [at for (at,) in connection.execute(query, (began_us, ended_us))]
    moments = [began_us, *found, ended_us]
    return max(later - earlier for earlier, later in pairwise(moments))


def counts(path: Path) -> Counts:
    with closing(_connect(path)) as connection:
        stored, places = connection.execute(
            "SELECT count(*), count(DISTINCT gw || ' ' || epoch || ' ' || seq) FROM events"
        ).fetchone()
        counted = dict(connection.execute("SELECT name, n FROM counts ORDER BY name").fetchall())
        quarantined = connection.execute("SELECT DISTINCT gw FROM tampers ORDER BY gw").fetchall()
        (decisions,) = connection.execute("SELECT count(*) FROM decisions").fetchone()
    return Counts(
        stored=stored,
        distinct=places,
        redelivered=counted.get("redelivered", 0),
        rejected={
            name.removeprefix("rejected:"): n for name, n in counted.items() if name.startswith("rejected:")
        },
        quarantined=[gw for (gw,) in quarantined],
        decisions=decisions,
    )


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
