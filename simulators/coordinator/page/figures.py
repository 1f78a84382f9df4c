"""The numbers of a coordinator as its page shows them: read from its database, and from its own thread's gauges.

Read-only, on a connection of its own. What takes long (visits, dwell, outturn) is worked out every `SLOW_EVERY`
at most, and only while somebody looks.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub_config.names import SECOND, Instant
from hub_config.rule_book import RuleBook
from simulators.coordinator.dwell_report import dwell
from simulators.coordinator.gauges import Gauges
from simulators.coordinator.outturn import STATES, outturn

SLOW_EVERY: Final = 15 * SECOND
DWELL_VISITS_MAX: Final = 2_000
"""The page tells the dwell of the visits that ended last; `/dwell.json` of more."""
WAYBILLS_MAX: Final = 6
"""Waybills declared last."""
GATEWAYS_MAX: Final = 200
MISSING_MAX: Final = 10_000
"""Missing events of one gateway are counted up to here."""
REASONS_MAX: Final = 12
WAITING_PLACES: Final = ("open", "held", "inspecting")


@dataclass(frozen=True, slots=True)
class About:
    """Whose page it is."""

    hub: str
    coordinator: str
    mode: str
    kid: str
    rules: RuleBook


class Figures:
    def __init__(
        self, path: Path, about: About, gauges: Gauges, clocks: Callable[[], tuple[Instant, int]]
    ) -> None:
        """`clocks`: monotonic now, and UTC in µs."""
        self._path = path
        self._about = about
        self._gauges = gauges
        self._clocks = clocks
        self._slow: tuple[Instant, dict[str, Any]] | None = None

    def now(self) -> dict[str, Any]:
        at, utc_us = self._clocks()
        shown, pack = self._gauges.shown, self._about.rules.in_force(utc_us)
        with closing(self._open()) as connection:
            if self._slow is None or at - self._slow[0] >= SLOW_EVERY:
                self._slow = (at, _slow(connection))
            return {
                "hub": self._about.hub,
                "coordinator": self._about.coordinator,
                "mode": self._about.mode,
                "kid": self._about.kid,
                "utc_us": utc_us,
                "connected": shown.connected,
                "disk_full": shown.disk_full,
                "rule_pack": None if pack is None else pack.id,
                "answers": {"given": shown.answers, "p50_us": shown.p50_us, "p99_us": shown.p99_us},
                **_counts(connection),
                "gateways": _gateways(connection),
                **self._slow[1],
            }

    def dwell(self) -> dict[str, Any]:
        with closing(self._open()) as connection:
            return dwell(connection)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)


def _counts(connection: sqlite3.Connection) -> dict[str, Any]:
    told = dict(connection.execute("SELECT name, n FROM counts").fetchall())

    def named(prefix: str) -> dict[str, int]:
        found = {name.removeprefix(prefix): n for name, n in told.items() if name.startswith(prefix)}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    (events,) = connection.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()
    (decisions,) = connection.execute("SELECT coalesce(max(number), 0) FROM decisions").fetchone()
    (owed,) = connection.execute("SELECT count(*) FROM decisions WHERE NOT sent").fetchone()
    raised, highest_ppm = connection.execute("SELECT count(*), max(ppm) FROM raised WHERE ppm > 0").fetchone()
    (tampers,) = connection.execute("SELECT count(*) FROM tampers").fetchone()
    rejected = named("rejected:")
    return {
        "events": {"stored": events, "redelivered": told.get("redelivered", 0), "rejected": rejected},
        "decisions": {
            "given": decisions,
            "owed": owed,
            "by_action": named("action:"),
            "by_reason": dict(list(named("reason:").items())[:REASONS_MAX]),
        },
        "raised": {"subjects": raised, "highest_ppm": highest_ppm or 0},
        "expired": named("expired:"),
        "tampers": tampers,
        "conflicts": told.get("conflict", 0),
    }


def _gateways(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The newest journal of each; `missing`: events further on are here, these are not."""
    quarantined = {gw for (gw,) in connection.execute("SELECT DISTINCT gw FROM tampers")}
    found: list[dict[str, Any]] = []
    rows = connection.execute(
        "SELECT gw, max(epoch), next_seq FROM cursors GROUP BY gw ORDER BY gw LIMIT ?", (GATEWAYS_MAX,)
    )
    for gw, epoch, next_seq in rows.fetchall():
        last_seq, stored_us = connection.execute(
            "SELECT seq, stored_us FROM events WHERE gw = ? AND epoch = ? ORDER BY seq DESC LIMIT 1",
            (gw, epoch),
        ).fetchone() or (0, None)
        beyond = 0
        if last_seq >= next_seq:
            (beyond,) = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM events WHERE gw = ? AND epoch = ? AND seq >= ? LIMIT ?)",
                (gw, epoch, next_seq, MISSING_MAX),
            ).fetchone()
        found.append(
            {
                "gw": gw, "epoch": epoch, "through_seq": next_seq - 1, "last_seq": last_seq,
                "missing": max(0, last_seq - next_seq + 1 - beyond), "heard_us": stored_us,
                "quarantined": gw in quarantined,
            }
        )  # fmt: skip
    return found


def _visits(connection: sqlite3.Connection) -> dict[str, Any]:
    by_place = dict(
        connection.execute("SELECT place, count(*) FROM visits GROUP BY place ORDER BY place").fetchall()
    )
    (cases,) = connection.execute(
        "SELECT count(*) FROM visits WHERE cases <> '' AND place <> 'departed'"
    ).fetchone()
    (joined,) = connection.execute("SELECT count(*) FROM joins").fetchone()
    (oldest,) = connection.execute(
        "SELECT min(opened_us) FROM visits WHERE place IN ('open', 'held', 'inspecting')"
    ).fetchone()
    return {
        "open": sum(by_place.get(place, 0) for place in WAITING_PLACES),
        "by_place": by_place,
        "open_cases": cases,
        "joined": joined,
        "oldest_us": oldest,
    }


def _slow(connection: sqlite3.Connection) -> dict[str, Any]:
    waybills = connection.execute(
        "SELECT mawb FROM declarations WHERE mawb IS NOT NULL GROUP BY mawb ORDER BY max(number) DESC LIMIT ?",
        (WAYBILLS_MAX,),
    ).fetchall()
    told = ((mawb, outturn(connection, mawb)) for (mawb,) in waybills)
    rows = [
        {"mawb": mawb, "tallies": found.tallies} | {state: found.count(state) for state in STATES}
        for mawb, found in told
        if found is not None
    ]
    (declarations,) = connection.execute("SELECT count(DISTINCT number) FROM declared_codes").fetchone()
    return {
        "declarations": declarations,
        "visits": _visits(connection),
        "dwell": dwell(connection, DWELL_VISITS_MAX),
        "outturn": rows,
    }
