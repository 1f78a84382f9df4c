"""The dwell ledger of a coordinator's database: how long parcels stayed, whose time it was, and parity."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from simulators.coordinator.ledger import (
    QUANTILES,
    TARGET_US,
    Change,
    Quantiles,
    Stay,
    by_owner,
    grouped,
    intervals,
    parity,
    quantiles,
    target_of,
)

VISITS_MAX: Final = 100_000
"""Over the visits that ended last; a large hub's day is some hundred thousand."""
UNKNOWN: Final = "unknown"
DIMENSIONS: Final = ("lane", "tier", "platform", "size_class")
PARITY_OF: Final = ("size_class", "platform")


def stays(connection: sqlite3.Connection, limit: int = VISITS_MAX) -> list[Stay]:
    """Closed visits, the ones that ended last first."""
    ended = connection.execute(
        "SELECT coalesce(joins.older, owners.visit) FROM owners LEFT JOIN joins USING(visit) "
        "WHERE owner IS NULL ORDER BY t_us DESC, visit LIMIT ?",
        (limit,),
    ).fetchall()
    roots = dict.fromkeys(root for (root,) in ended)
    return [stay for root in roots if (stay := _stay(connection, root)) is not None]


def _stay(connection: sqlite3.Connection, root: str) -> Stay | None:
    changes = connection.execute(
        "SELECT t_us, unc_us, owner FROM owners LEFT JOIN events ON events.id = cause WHERE owners.visit = ?1 "
        "OR owners.visit IN (SELECT visit FROM joins WHERE older = ?1) ORDER BY t_us, owner IS NULL, epoch, seq",
        (root,),
    )
    parts = intervals(Change(*row) for row in changes)
    row = connection.execute(
        "SELECT lane, tier, consignment, cases <> '' OR passed <> '' OR failed FROM visits WHERE id = ?",
        (root,),
    ).fetchone()
    if not parts or row is None:
        return None
    lane, tier, consignment, inspected = row
    declared = _declared(connection, consignment)
    platform, size_class = (declared.get(name) or UNKNOWN for name in ("platform", "size_class"))
    return Stay(parts, lane or UNKNOWN, tier or UNKNOWN, platform, size_class, bool(inspected))


def _declared(connection: sqlite3.Connection, consignment: str | None) -> Mapping[str, Any]:
    row = connection.execute(
        "SELECT data FROM declarations WHERE consignment = ? ORDER BY number DESC LIMIT 1", (consignment,)
    ).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def targets_us(connection: sqlite3.Connection) -> dict[str, int]:
    """By lane, as the rule pack in force at the coordinator's last start had them."""
    row = connection.execute("SELECT value FROM facts WHERE name = 'dwell_targets_us'").fetchone()
    return {} if row is None else {str(lane): int(us) for lane, us in json.loads(row[0]).items()}


def dwell(connection: sqlite3.Connection, limit: int = VISITS_MAX) -> dict[str, Any]:
    """As JSON: quantiles over all, by each dimension and by owner, and parity with its alerts."""
    closed, targets = stays(connection, limit), targets_us(connection)
    compared = [one for dimension in PARITY_OF for one in parity(closed, dimension)]
    whole = None
    if closed:
        strictest = min(target_of(stay, targets) for stay in closed)
        whole = _plain(quantiles([(one.low_us, one.high_us) for one in closed], strictest))
    return {
        "visits": len(closed),
        "all": whole,
        **{
            f"by_{name}": {group: _plain(told) for group, told in grouped(closed, name, targets).items()}
            for name in DIMENSIONS
        },
        "by_owner": {owner: _plain(told) for owner, told in by_owner(closed, TARGET_US).items()},
        "parity": [asdict(one) for one in compared],
        "parity_alerts": [f"{one.dimension} {one.name} (tier {one.tier}): {', '.join(one.differs)}"
                          for one in compared if one.differs],
    }  # fmt: skip


def _plain(told: Quantiles) -> dict[str, Any]:
    by_percent = {f"p{percent}_us": list(span) for percent, span in zip(QUANTILES, told.us, strict=True)}
    return {"n": told.n, **by_percent, "within_target_ppm": list(told.within_ppm)}
