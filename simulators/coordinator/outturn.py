"""Outturn: what came under a master air waybill against what was declared under it (contract §10), and `hub outturn`.

A temporary-storage keeper reports it. It falls out of what the coordinator holds anyway: declarations, bags that were
opened (`bag.opened`), visits and their events. Missing is called short only once its bag has been opened; before that
it is awaited. A parcel is over where it came out of a bag of this waybill and is declared under none or another.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from drivers.identifiers.air_waybill import parse_awb
from drivers.identifiers.format import Misfit
from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from simulators.coordinator.tables import DATABASE

DAMAGE: Final = ("damaged", "wet_or_leaking")
NO_BAG: Final = "(no receptacle)"
STATES: Final = ("manifested", "seen", "awaited", "short", "over", "damaged", "open_cases")


@dataclass(frozen=True, slots=True)
class Item:
    """One consignment or parcel under a heading of the report."""

    name: str
    """Consignment; of one that nobody declared, its first identifier, or its visit."""
    visit: str | None = None
    note: str = ""
    events: tuple[str, ...] = ()


@dataclass(slots=True)
class Receptacle:
    name: str
    opened: list[str] = field(default_factory=list)
    """Events that say so."""
    manifested: list[Item] = field(default_factory=list)
    seen: list[Item] = field(default_factory=list)
    awaited: list[Item] = field(default_factory=list)
    short: list[Item] = field(default_factory=list)
    over: list[Item] = field(default_factory=list)
    damaged: list[Item] = field(default_factory=list)
    open_cases: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outturn:
    mawb: str
    receptacles: tuple[Receptacle, ...]

    def count(self, state: str) -> int:
        return sum(len(getattr(one, state)) for one in self.receptacles)

    @property
    def tallies(self) -> bool:
        return not any(self.count(state) for state in ("short", "over", "damaged", "open_cases"))


def outturn(connection: sqlite3.Connection, mawb: str) -> Outturn | None:
    """None for a waybill that no declaration and no bag names."""
    spellings = _spellings(mawb)
    declared = connection.execute(
        "SELECT consignment, receptacle, number FROM declarations AS told WHERE mawb IN (?, ?) AND NOT EXISTS(SELECT 1 "
        "FROM declarations AS newer WHERE newer.consignment = told.consignment AND newer.number > told.number) "
        "ORDER BY number",
        spellings,
    ).fetchall()
    named = {receptacle for _, receptacle, _ in declared if receptacle is not None}
    bags = [
        (event, receptacle or NO_BAG)
        for event, receptacle, waybill in connection.execute(
            "SELECT event, receptacle, mawb FROM bags ORDER BY opened_us, event"
        )
        if waybill in spellings or (waybill is None and receptacle in named)
    ]
    if not declared and not bags:
        return None
    found: dict[str, Receptacle] = {}
    for event, receptacle in bags:
        _of(found, receptacle).opened.append(event)
    ours: set[str] = set()
    for consignment, receptacle, number in declared:
        ours |= _place(connection, found, consignment, receptacle, number, opened=bool(bags))
    for event, receptacle in bags:
        ours |= _add_over(connection, _of(found, receptacle), event, ours)
    return Outturn(mawb, tuple(found[name] for name in sorted(found)))


def _spellings(mawb: str) -> tuple[str, str]:
    """As a label is read, digits alone, and as people and declarations write it, with a dash behind the airline."""
    found = parse_awb(mawb)
    if isinstance(found, Misfit):
        return mawb, mawb
    return found.value, f"{found.value[:3]}-{found.value[3:]}"


def _of(found: dict[str, Receptacle], name: str) -> Receptacle:
    return found.setdefault(name, Receptacle(name))


def _place(
    connection: sqlite3.Connection, found: dict[str, Receptacle], consignment: str, receptacle: str | None,
    number: int, *, opened: bool,
) -> set[str]:  # fmt: skip
    """One declared consignment under its headings; returns its visits."""
    bag = _of(found, receptacle or NO_BAG)
    bag.manifested.append(Item(consignment))
    visits = [
        str(root)
        for (root,) in connection.execute(
            "SELECT DISTINCT coalesce(joins.older, visit_codes.visit) AS root FROM declared_codes JOIN visit_codes "
            "USING(code) LEFT JOIN joins USING(visit) WHERE number = ? ORDER BY root",
            (number,),
        )
    ]
    if not visits:
        missing = bool(bag.opened) or (receptacle is None and opened)
        (bag.short if missing else bag.awaited).append(Item(consignment))
    there = [visit for visit in visits if not _is_lost(connection, visit)] or visits[:1]
    for visit in visits:
        told = _events(connection, visit)
        events = tuple(event for event, _ in told)
        if visit in there[:1]:
            bag.seen.append(Item(consignment, visit, events=events))
        elif visit in there:
            bag.over.append(Item(consignment, visit, "its number once more", events))
        _add_troubles(connection, bag, Item(consignment, visit, events=events), [data for _, data in told])
    return set(visits)


def _is_lost(connection: sqlite3.Connection, visit: str) -> bool:
    """Lost track of: that parcel comes again under another visit, so it counts only where there is no other."""
    row = connection.execute("SELECT place FROM visits WHERE id = ?", (visit,)).fetchone()
    return row is not None and row[0] == "lost_track"


def _add_troubles(
    connection: sqlite3.Connection, bag: Receptacle, item: Item, told: Iterable[dict[str, Any]]
) -> None:
    damage = [flag for data in told for flag in data["flags"] if flag in DAMAGE]
    if damage:
        bag.damaged.append(Item(item.name, item.visit, ", ".join(dict.fromkeys(damage)), item.events))
    row = connection.execute("SELECT cases, failed FROM visits WHERE id = ?", (item.visit,)).fetchone()
    if row is not None and (row[0] or row[1]):
        why = row[0].replace(" ", ", ") or "inspection-failed"
        bag.open_cases.append(Item(item.name, item.visit, why, item.events))


def _add_over(connection: sqlite3.Connection, bag: Receptacle, opened: str, known: set[str]) -> set[str]:
    """Parcels out of this bag that are no consignment of this waybill, nor came out of another one before; returns
    their visits."""
    added: set[str] = set()
    rows = connection.execute(
        "SELECT DISTINCT coalesce(joins.older, visit_bags.visit) AS root FROM visit_bags LEFT JOIN joins USING(visit) "
        "WHERE bag = ? ORDER BY root",
        (opened,),
    ).fetchall()
    for (visit,) in rows:
        if visit in known:
            continue
        added.add(visit)
        told = _events(connection, visit)
        code = connection.execute("SELECT min(code) FROM visit_codes WHERE visit = ?", (visit,)).fetchone()[0]
        declared = connection.execute(
            "SELECT mawb FROM declarations JOIN declared_codes USING(number) JOIN visit_codes USING(code) "
            "WHERE visit = ? LIMIT 1",
            (visit,),
        ).fetchone()
        note = "not declared" if declared is None else f"declared under {declared[0] or 'no waybill'}"
        item = Item(code or visit, visit, note, tuple(event for event, _ in told))
        bag.over.append(item)
        _add_troubles(connection, bag, item, [data for _, data in told])
    return added


def _events(connection: sqlite3.Connection, visit: str) -> list[tuple[str, dict[str, Any]]]:
    rows = connection.execute(
        "SELECT id, data FROM events WHERE visit = ?1 OR visit IN (SELECT visit FROM joins WHERE older = ?1) "
        "ORDER BY stored_us, gw, epoch, seq",
        (visit,),
    )
    return [(event, json.loads(text)) for event, text in rows.fetchall()]


# The command ----------------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub outturn",
        description="What came under a master air waybill against what was declared under it.",
    )
    parser.add_argument("mawb", metavar="MAWB")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the coordinator's data folder"
    )
    parser.add_argument("--json", action="store_true", help="all of it, with the ids of the events")
    args = parser.parse_args(argv)
    path = args.data / DATABASE
    if not path.is_file():
        print(
            f"hub outturn: no {DATABASE} in {args.data}; name the coordinator's --data folder",
            file=sys.stderr,
        )
        return EXIT_WRONG_USE
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = outturn(connection, args.mawb)
    if found is None:
        print(f"hub outturn: no declaration and no bag names the waybill {args.mawb[:40]!r}", file=sys.stderr)
        return EXIT_WRONG_USE
    print(json.dumps(asdict(found) | {"tallies": found.tallies}, indent=1) if args.json else table(found))
    return EXIT_OK if found.tallies else EXIT_FAULTS


def table(found: Outturn) -> str:
    """For people: counts by receptacle, then what does not tally, by name."""
    heads = [state.replace("_", " ") for state in STATES]
    rows = [(one.name, *(str(len(getattr(one, state))) for state in STATES)) for one in found.receptacles]
    rows.append(("all", *(str(found.count(state)) for state in STATES)))
    width = max(len(name) for name, *_ in rows)
    lines = [f"MAWB {found.mawb}", f"{'receptacle':{max(width, 10)}}  " + "  ".join(heads)]
    for name, *counts in rows:
        cells = (f"{count:>{len(head)}}" for count, head in zip(counts, heads, strict=True))
        lines.append(f"{name:{max(width, 10)}}  " + "  ".join(cells))
    for state in ("short", "over", "damaged", "open_cases"):
        for bag in found.receptacles:
            for item in getattr(bag, state):
                note = f" ({item.note})" if item.note else ""
                lines.append(f"{state.replace('_', ' ')}: {item.name}{note}, receptacle {bag.name}")
    return "\n".join(lines)
