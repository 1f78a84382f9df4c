"""The desk's book in the coordinator's database: visits, joins, declarations, what parties have answered.

Every method is a statement or two on the store's one connection, inside the store's transaction.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import orjson

from edge.wire.canonical import canonical
from simulators.coordinator.declared import Declared, ManifestFault
from simulators.coordinator.parties import PartyAnswer, strictest
from simulators.coordinator.sampling import Draw, Raised, draw_from
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import BEARERS_MAX, WAITING, Visit, taking_along

WAITS_FOR_FILING: Final = ("no_declaration", "decl_incomplete")
"""Reasons that a declaration filed later may settle."""
ASKED_AT_ONCE: Final = 500
"""Identifiers in one statement; SQLite takes 32,766."""

_FIELDS: Final = tuple(one.name for one in fields(Visit))
_COLUMNS: Final = tuple("cases" if name == "case" else name for name in _FIELDS)
_VISIT: Final = ", ".join(_COLUMNS)
_PUT_VISIT: Final = f"INSERT OR REPLACE INTO visits({_VISIT}) VALUES({', '.join('?' * len(_COLUMNS))})"
_VALUES: Final = attrgetter(*_FIELDS)
_PLACES: Final = range(len(_FIELDS))
VISITS_KEPT: Final = 4_096
UPDATES_KEPT: Final = 64
"""Statements for the sets of columns that change together: a dozen or two."""


class StoredBook:
    """The desk's `VisitBook` and `Manifest`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._visits: dict[str, Visit] = {}
        """As they stand in the table, which nobody else writes; the last `VISITS_KEPT` looked at."""
        self._draws: dict[str, Draw] = {}
        """Those that the transaction under way has put."""
        self._told_draw: tuple[Draw, str] | None = None
        """The last one, as it is written."""
        self._counted: dict[str, int] = {}
        """What the transaction under way has counted so far."""
        self._subject_key: bytes | None = None
        self.clock_unc_us = 0
        """Of the coordinator's own clock, for changes of owner that only a decision tells."""

    # Visits -----------------------------------------------------------------------------------------

    def visit(self, visit: str) -> Visit | None:
        found = self._visits.get(visit)
        if found is None:
            found = _visit(self._one(f"SELECT {_VISIT} FROM visits WHERE id = ?", visit))  # noqa: S608 - our own columns
            if found is not None:
                self._remember(found)
        return found

    def put(self, visit: Visit) -> None:
        """Of a visit just looked at only what has changed: the table has four indexes."""
        before, values = self._visits.get(visit.id), _VALUES(visit)
        if before is None:
            self._connection.execute(_PUT_VISIT, _told(values))
        else:
            old = _VALUES(before)
            changed = [place for place in _PLACES if old[place] != values[place]]
            if changed:
                told = _told([values[place] for place in changed])
                self._connection.execute(_update(tuple(changed)), (*told, visit.id))
        self._remember(visit)

    def _remember(self, visit: Visit) -> None:
        if len(self._visits) >= VISITS_KEPT:
            self._visits.clear()
        self._visits[visit.id] = visit

    def forget_visits(self) -> None:
        """Where the table was changed past `put`, or a change was undone."""
        self._visits.clear()
        self._subject_key = None

    def departed(self, code: str, consignment: str = "") -> str | None:
        wanted = "place = 'departed' AND (code = ? OR consignment = nullif(?, ''))"
        row = self._one(f"SELECT id FROM visits WHERE {wanted} LIMIT 1", code, consignment)  # noqa: S608 - our own
        return None if row is None else str(row[0])

    def failed(self, code: str, consignment: str = "") -> bool:
        wanted = "SELECT 1 FROM visits WHERE failed AND (code = ? OR consignment = nullif(?, '')) LIMIT 1"
        return self._one(wanted, code, consignment) is not None

    def named(self, code: str, but: str = "") -> Visit | None:
        return self._latest("code = ? AND place <> 'departed'", code, but)

    def bearers(self, consignment: str) -> list[Visit]:
        wanted = f"SELECT {_VISIT} FROM visits WHERE consignment = ? ORDER BY opened_us DESC, id DESC LIMIT ?"  # noqa: S608
        rows = self._connection.execute(wanted, (consignment, BEARERS_MAX)).fetchall()
        return [found for found in map(_visit, rows) if found is not None]

    def consigned(self, consignment: str, but: str = "") -> Visit | None:
        here = self._latest("consignment = ? AND place <> 'departed'", consignment, but)
        return here or self._latest("consignment = ?", consignment, but)

    def _latest(self, wanted: str, value: str, but: str) -> Visit | None:
        which = f"{wanted} AND id <> ? ORDER BY opened_us DESC, id DESC LIMIT 1"
        return _visit(self._one(f"SELECT {_VISIT} FROM visits WHERE {which}", value, but))  # noqa: S608 - our own columns

    # Joins ------------------------------------------------------------------------------------------

    def root(self, visit: str) -> str:
        row = self._one("SELECT older FROM joins WHERE visit = ?", visit)
        return visit if row is None else str(row[0])

    def join(self, visit: str, into: str, *, told: bool) -> None:
        self._connection.execute(
            "INSERT INTO joins VALUES(?, ?, ?) ON CONFLICT(visit) DO UPDATE SET older = ?2, told = max(told, ?3)",
            (visit, into, told),
        )
        # What had been joined to this one before goes on with it.
        self._connection.execute("UPDATE joins SET older = ? WHERE older = ?", (into, visit))
        minted = self.visit(visit)
        if minted is not None:
            self.put(taking_along(self.visit(into), minted, into))
            self._connection.execute("DELETE FROM visits WHERE id = ?", (visit,))
            self._visits.pop(visit, None)

    def is_told(self, visit: str) -> bool:
        row = self._one("SELECT told FROM joins WHERE visit = ?", visit)
        return row is not None and bool(row[0])

    def split(self, visit: str) -> None:
        self._connection.execute("DELETE FROM joins WHERE visit = ?", (visit,))

    # Decisions --------------------------------------------------------------------------------------

    def event(self, event_id: str) -> dict[str, Any] | None:
        row = self._one("SELECT data FROM events WHERE id = ?", event_id)
        return None if row is None else dict(orjson.loads(row[0]))

    def note(self, event_id: str, data: dict[str, Any]) -> None:
        """Every event is kept anyway."""

    def decision(self, event_id: str) -> dict[str, Any] | None:
        row = self._one("SELECT data FROM decisions WHERE event = ? ORDER BY number DESC LIMIT 1", event_id)
        return None if row is None else dict(json.loads(row[0]))

    def keep(self, event_id: str, decision: dict[str, Any]) -> None:
        self._connection.execute(
            "INSERT INTO decisions(event, gw, data, dec, valid_until_us) VALUES(?, ?, ?, ?, ?)",
            (
                event_id,
                decision["gw"],
                canonical(decision, plain=True).decode(),
                decision["dec"],
                parse_utc(decision["valid_until"]),
            ),
        )
        for name in (f"action:{decision['action']}", *(f"reason:{one}" for one in decision["reasons"])):
            self.count(name)
        visit = self.visit(decision["visit"])
        if visit is not None and visit.place in WAITING:
            # It lies in a bay, so no event of its gateway will tell whom it waits for from now on.
            self._connection.execute(
                "INSERT OR IGNORE INTO owners VALUES(?, ?, ?, ?, ?)",
                (
                    decision["dec"],
                    visit.id,
                    parse_utc(decision["valid_from"]),
                    self.clock_unc_us,
                    decision["clock"],
                ),
            )

    def count(self, name: str, times: int = 1) -> None:
        """Inside a transaction, which writes it at its end."""
        self._counted[name] = self._counted.get(name, 0) + times

    def _keep_counts(self) -> None:
        """Once in a transaction, however often something was counted."""
        told = [(name, n) for name, n in self._counted.items() if n]
        self._connection.executemany(
            "INSERT INTO counts VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET n = n + ?2", told
        )

    def was_released(self, visit: str) -> bool:
        """The newest decision on its last measurement lets it go; one without a measurement here is not judged."""
        found = self.visit(self.root(visit))
        if found is None or found.measured is None:
            return True
        decision = self.decision(found.measured)
        return decision is not None and decision["action"] == "release" and not decision["needs"]

    # Declarations -----------------------------------------------------------------------------------

    def get(self, code: str, /) -> Declared | None:
        row = self._one(
            "SELECT data FROM declarations JOIN declared_codes USING(number) WHERE code = ?", code
        )
        return None if row is None else _declared(json.loads(row[0]))

    def file(self, declarations: Sequence[Declared], now_us: int) -> list[Declared]:
        """Takes and returns what is new or changed, all or nothing, in a transaction, which a fault has to end.
        Raises ManifestFault where an identifier is another consignment's already."""
        taken: list[Declared] = []
        for told in declarations:
            body = canonical(_plain(told)).decode()
            known = self._one(
                "SELECT number, data FROM declarations WHERE consignment = ? ORDER BY number DESC LIMIT 1",
                told.consignment,
            )
            if known is not None and known[1] == body:
                continue
            self._check_free(told)
            cursor = self._connection.execute(
                "INSERT INTO declarations(consignment, filed_us, mawb, receptacle, data) VALUES(?, ?, ?, ?, ?)",
                (told.consignment, now_us, told.mawb, told.receptacle, body),
            )
            kept = [] if known is None else self._take_back(known[0], told)
            self._connection.executemany(
                "INSERT INTO declared_codes VALUES(?, ?)",
                [(code, cursor.lastrowid) for code in (*told.identifiers, *kept)],
            )
            taken.append(told)
        return taken

    def _take_back(self, number: int, told: Declared) -> list[str]:
        """Of the declaration before; returns the identifiers that stay beside the amended: what was read off a parcel
        here, or is of a consignment that a party stops, must not pass to another consignment."""
        gone = "DELETE FROM declared_codes WHERE number = ? RETURNING code"
        rows = self._connection.execute(gone, (number,))
        dropped = sorted({code for (code,) in rows.fetchall()} - set(told.identifiers))
        stopped = strictest(self.answers(told.consignment)) is not None
        read = "SELECT 1 FROM visit_codes WHERE code = ? LIMIT 1"
        return [code for code in dropped if stopped or self._one(read, code) is not None]

    def _check_free(self, told: Declared) -> None:
        for code in told.identifiers:
            row = self._one(
                "SELECT consignment FROM declarations JOIN declared_codes USING(number) WHERE code = ?", code
            )
            if row is not None and row[0] != told.consignment:
                raise ManifestFault(
                    f"{code} of consignment {told.consignment} is declared for {row[0]} already; correct one of them"
                )

    def waiting(self, codes: Iterable[str]) -> list[str]:
        """Measurements of parcels that were stopped for want of what has been filed under these identifiers now."""
        found: dict[str, None] = {}
        wanted = list(dict.fromkeys(codes))
        for first in range(0, len(wanted), ASKED_AT_ONCE):
            some = wanted[first : first + ASKED_AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._connection.execute(
                "SELECT DISTINCT visits.measured FROM visit_codes LEFT JOIN joins USING(visit) "  # noqa: S608 - marks
                "JOIN visits ON visits.id = coalesce(joins.older, visit_codes.visit) "
                f"WHERE visit_codes.code IN ({marks}) AND visits.place <> 'departed' AND measured IS NOT NULL",
                some,
            )
            found |= dict.fromkeys(str(event) for (event,) in rows.fetchall())
        return [event for event in found if self._waits(event)]

    def _waits(self, event: str) -> bool:
        decision = self.decision(event)
        return decision is not None and any(reason in WAITS_FOR_FILING for reason in decision["reasons"])

    # What parties have answered ---------------------------------------------------------------------

    def answers(self, consignment: str) -> tuple[PartyAnswer, ...]:
        rows = self._connection.execute(
            "SELECT party, action, reasons, source, max(number) FROM answers WHERE consignment = ? "
            "GROUP BY party ORDER BY party",
            (consignment,),
        )
        return tuple(
            PartyAnswer(consignment, party, action, tuple(json.loads(reasons)), _pairs(json.loads(source)))
            for party, action, reasons, source, _ in rows.fetchall()
        )

    def hear(self, answer: PartyAnswer, now_us: int) -> None:
        self._connection.execute(
            "INSERT INTO answers(consignment, party, action, reasons, source, heard_us) VALUES(?, ?, ?, ?, ?, ?)",
            (
                answer.consignment,
                answer.party,
                answer.action,
                json.dumps(answer.reasons),
                json.dumps(answer.source),
                now_us,
            ),
        )

    # Vouchers ---------------------------------------------------------------------------------------

    def expected(self) -> list[tuple[str, Declared]]:
        """Declarations that say where their parcel is to come, each with its first identifier."""
        rows = self._connection.execute(
            "SELECT DISTINCT data FROM declarations JOIN declared_codes USING(number) "
            "WHERE json_extract(data, '$.expected') IS NOT NULL ORDER BY number"
        )
        found = [_declared(json.loads(text)) for (text,) in rows.fetchall()]
        return [(declared.identifiers[0], declared) for declared in found]

    def keep_vouchers(self, vouchers: Iterable[dict[str, Any]]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO vouchers VALUES(?, ?)",
            [(voucher["id"], canonical(voucher).decode()) for voucher in vouchers],
        )

    def uses(self) -> Iterator[dict[str, Any]]:
        """Events that copy a voucher, in the order in which they came."""
        wanted = "SELECT data FROM events WHERE json_extract(data, '$.voucher') IS NOT NULL ORDER BY rowid"
        for (text,) in self._connection.execute(wanted):
            yield json.loads(text)

    # Random checks ----------------------------------------------------------------------------------

    def draw(self, name: str) -> Draw | None:
        found = self._draws.get(name)
        if found is None:
            row = self._one("SELECT told, inspected FROM draws WHERE name = ?", name)
            found = None if row is None else draw_from(json.loads(row[0]), inspected=bool(row[1]))
        return found

    def put_draw(self, name: str, draw: Draw) -> None:
        if self._told_draw is None or self._told_draw[0] is not draw:
            # It stands under several names, one after the other.
            self._told_draw = draw, canonical(draw.told(), plain=True).decode()
        values = (name, self._told_draw[1], draw.inspected)
        self._connection.execute("INSERT OR REPLACE INTO draws VALUES(?, ?, ?)", values)
        self._draws[name] = draw

    def raised(self, subject: str) -> Raised | None:
        row = self._one("SELECT ppm, last FROM raised WHERE subject = ?", subject)
        return None if row is None else Raised(subject, row[0], row[1])

    def put_raised(self, raised: Raised) -> None:
        values = (raised.of, raised.ppm, raised.last)
        self._connection.execute("INSERT OR REPLACE INTO raised VALUES(?, ?, ?)", values)

    @property
    def subject_key(self) -> bytes:
        """Made with the first look, and kept with what it names."""
        if self._subject_key is None:
            made = (secrets.token_hex(32),)
            self._connection.execute("INSERT OR IGNORE INTO facts VALUES('subject_key', ?)", made)
            row = self._one("SELECT value FROM facts WHERE name = 'subject_key'")
            self._subject_key = bytes.fromhex(row[0] if row is not None else made[0])
        return self._subject_key

    def first(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of another's table in this file."""
        return self._one(query, *values)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row


def _told(values: Iterable[object]) -> list[object]:
    """Lists are kept as words."""
    return [" ".join(value) if isinstance(value, tuple) else value for value in values]


@lru_cache(UPDATES_KEPT)
def _update(changed: tuple[int, ...]) -> str:
    columns = ", ".join(f"{_COLUMNS[place]} = ?" for place in changed)
    return f"UPDATE visits SET {columns} WHERE id = ?"  # noqa: S608 - our own columns


def _visit(row: tuple[Any, ...] | None) -> Visit | None:
    if row is None:
        return None
    told = dict(zip(_FIELDS, row, strict=True))
    for name in ("case", "passed"):
        told[name] = tuple(told[name].split())
    for name in ("reweighed", "failed"):
        told[name] = bool(told[name])
    return Visit(**told)


def _plain(declared: Declared) -> dict[str, Any]:
    told = {name: value for name, value in asdict(declared).items() if value is not None}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def _declared(told: dict[str, Any]) -> Declared:
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
    return Declared(**values)


def _pairs(told: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in told)
