"""What the coordinator books of every new event besides the desk's own book: identifiers read, bags opened, and who
answers for a visit's time (contract §9, §10). Only what an event says; reports work it out (`outturn.py`, `ledger.py`).
"""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from simulators.coordinator.judge import JOINING_TYPES
from simulators.coordinator.stamps import parse_utc

NAMING: Final = ("parcel.identified", "parcel.measured")
ENDING: Final = "parcel.departed"


def account(connection: sqlite3.Connection, data: Mapping[str, Any], event_id: str) -> None:
    """Inside the transaction that stores the event."""
    if data["kind"] == "bag.opened":
        _open_bag(connection, data, event_id)
        return
    if data["visit"] is None:
        return
    named = named_in(data)
    if named:
        connection.executemany("INSERT OR IGNORE INTO visit_codes VALUES(?, ?)", named)
    if data["kind"] == "parcel.arrived":
        _out_of_bag(connection, data)
    owner = data.get("clock")
    if isinstance(owner, str) or data["kind"] == ENDING:
        connection.execute(
            "INSERT OR IGNORE INTO owners VALUES(?, ?, ?, ?, ?)",
            (
                event_id,
                data["visit"],
                parse_utc(data["t"]),
                data["t_unc_us"],
                owner if isinstance(owner, str) else None,
            ),
        )


def named_in(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Identifiers that an event reads off its parcel, each with the visit under which."""
    if data["kind"] not in NAMING or data["visit"] is None:
        return []
    return [(name, data["visit"]) for name in _codes(data, JOINING_TYPES)]


def _open_bag(connection: sqlite3.Connection, data: Mapping[str, Any], event_id: str) -> None:
    """Its number and the waybill above it come from the labels that were read."""
    bags, waybills = _codes(data, ("receptacle",)), _codes(data, ("mawb",))
    connection.execute(
        "INSERT OR IGNORE INTO bags VALUES(?, ?, ?, ?, ?, ?)",
        (
            event_id,
            data["gw"],
            data["line"],
            bags[0] if bags else None,
            waybills[0] if waybills else None,
            parse_utc(data["t"]),
        ),
    )


def _out_of_bag(connection: sqlite3.Connection, data: Mapping[str, Any]) -> None:
    """A parcel comes out of the bag that lies open on its line."""
    connection.execute(
        "INSERT OR IGNORE INTO visit_bags SELECT ?, event FROM bags WHERE gw = ? AND line = ? AND opened_us <= ? "
        "ORDER BY opened_us DESC LIMIT 1",
        (data["visit"], data["gw"], data["line"], parse_utc(data["t"])),
    )


def _codes(data: Mapping[str, Any], types: tuple[str, ...]) -> list[str]:
    return [
        str(code["data"])
        for code in data.get("codes", ())
        if code.get("type") in types and code.get("chk") is True and isinstance(code.get("data"), str)
    ]
