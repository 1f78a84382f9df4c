"""The coordinator's memory: one SQLite file, WAL, synchronous=FULL (clearance contract §7).

Events, the cursor of each gateway's chain, the book of visits and the decisions owed change in one transaction, and
only after it does anybody hear of them. The id of an event is its primary key, so no event is stored twice however
often it comes. Two events for one place in a chain are tamper: the first is kept, the second set aside, and the
gateway is quarantined.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from edge.wire.canonical import canonical
from edge.wire.capsule_verifier import leaf_hash
from edge.wire.verifier import ChainCheck, Checked
from simulators.coordinator.accounts import account
from simulators.coordinator.book import StoredBook
from simulators.coordinator.checkpoints import Witness
from simulators.coordinator.tables import GROWS_FROM, TABLES, VERSION
from simulators.coordinator.writeback import WAL_PAGES_MAX, written_back

TAMPERS_MAX: Final = 1_000
"""Contradicting events set aside as evidence; more would prove nothing further."""
OWED_MAX: Final = 1_000
"""Decisions fetched for sending at a time."""
LOGS_KEPT: Final = 4_096
"""Gateways' journals whose cursor is kept in memory; past it they are looked up anew."""

_PRESENT_EPOCH: Final = """
SELECT epoch FROM cursors AS log WHERE gw = ? ORDER BY (
    SELECT rowid FROM events WHERE events.gw = log.gw AND events.epoch = log.epoch ORDER BY seq DESC LIMIT 1
) DESC, epoch DESC LIMIT 1
"""
"""The end of each chain is kept whatever its age, and of all events the one stored last has the highest rowid."""

Receipt = Literal["new", "again", "tamper"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The gapless, chain-checked prefix of one gateway's epoch."""

    gateway: str
    epoch: int
    next_seq: int
    last_id: str

    @property
    def through_seq(self) -> int:
        return self.next_seq - 1


class Owed(NamedTuple):
    """A decision that has to go out."""

    number: int
    data: dict[str, Any]
    body: bytes
    """Canonical, as it is stored and signed."""


class StoreFault(Exception):  # noqa: N818 - the file's, in one sentence
    """A database that this coordinator can't go on with."""


class Store(StoredBook):
    """One connection, used by one thread. It is the desk's `VisitBook` as well."""

    def __init__(self, path: Path, mode: str = "practice") -> None:
        """Raises StoreFault for a file of another version or mode."""
        super().__init__(sqlite3.connect(path, isolation_level=None))
        # As they stand in the tables, which nobody else writes; forgotten where a transaction is undone.
        self._chains: dict[tuple[str, int], ChainCheck] = {}
        self._ahead: dict[tuple[str, int], bool] = {}
        """Whether events further on are stored, and the next one is not."""
        self._epochs: dict[str, int] = {}
        """The present one of each gateway."""
        self._doubted: dict[str, bool] = {}
        """Whether a gateway is in quarantine."""
        self._moved: dict[tuple[str, int], None] = {}
        """Cursors that the transaction under way has moved."""
        self._rows_written = 0
        self._path = path
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={WAL_PAGES_MAX}"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        self._set_up(path, mode)

    def _set_up(self, path: Path, mode: str) -> None:
        """All tables, or none: a crash in between leaves a file that the next start sets up."""
        with self.transaction():
            found = self._one("PRAGMA user_version")
            fresh = self._one("SELECT 1 FROM sqlite_master LIMIT 1") is None
            if not fresh and (found is None or found[0] not in (VERSION, *GROWS_FROM)):
                raise StoreFault(
                    f"{path} has tables of version {found[0] if found else None}, wanted is {VERSION}; move it away, "
                    "or go on with the version that wrote it"
                )
            for statement in _statements(TABLES):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
            self._connection.execute("INSERT OR IGNORE INTO facts VALUES('mode', ?)", (mode,))
            kept = self._one("SELECT value FROM facts WHERE name = 'mode'")
            if kept != (mode,):
                told = kept[0] if kept is not None else None
                raise StoreFault(f"{path} is of mode {told}, not {mode}; practice and live data stay apart")

    def witness(self, log_root: str) -> Witness:
        """Of the gateways' checkpoints, in this file and its transactions."""
        return Witness(self._connection, log_root)

    @property
    def connection(self) -> sqlite3.Connection:
        """For what has tables or deletions of its own, inside this store's transactions."""
        return self._connection

    def whole_fact(self, name: str) -> int | None:
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else int(row[0])

    def set_whole_fact(self, name: str, value: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES(?, ?)", (name, str(value)))

    def written_back(self) -> AbstractContextManager[None]:
        """While this lasts, a thread beside this one writes the WAL back."""
        return written_back(self._path, lambda: self._rows_written)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if len(self._chains) > LOGS_KEPT:
            self._forget_logs()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._keep_cursors()
            self._keep_counts()
            self._connection.execute("COMMIT")
            self._rows_written = self._connection.total_changes
        except BaseException:
            self.forget_visits()
            self._forget_logs()
            with suppress(sqlite3.Error):  # a failed COMMIT may have ended it
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._moved.clear()
            self._counted.clear()
            self._draws.clear()

    def _forget_logs(self) -> None:
        for known in (self._chains, self._ahead, self._epochs, self._doubted):
            known.clear()

    # Events

    def receive(self, event: Checked, now_us: int) -> Receipt:
        """Stores the event once; what repeats or contradicts is counted. Inside a transaction."""
        data = event.data
        place = gateway, epoch, seq = data["gw"], data["epoch"], data["seq"]
        chain = self._chain(gateway, epoch)
        if seq < chain.next_seq and (leaf := self._expired(place)) is not None:
            return self._again_or_tamper(event, same=leaf == leaf_hash(event.body))
        stored = self._connection.execute(
            "INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
            (event.id, gateway, epoch, seq, data["visit"], data["kind"], event.body.decode(), now_us),
        )
        if stored.rowcount == 0:
            known = self._one("SELECT 1 FROM events WHERE id = ?", event.id)
            return self._again_or_tamper(event, same=known is not None)
        account(self._connection, data, event.id)
        self._advance(chain, data, event.id)
        if data["kind"] == "parcel.decided":
            self._settle(data)
        return "new"

    def _expired(self, place: tuple[str, int, int]) -> bytes | None:
        """What is left of the event in this place, if its time here is over."""
        row = self._one("SELECT leaf FROM leaves WHERE gw = ? AND epoch = ? AND seq = ?", *place)
        return None if row is None else bytes(row[0])

    def _again_or_tamper(self, event: Checked, *, same: bool) -> Receipt:
        if not same:
            self._set_aside(event.data, event.id)
            return "tamper"
        self.count("redelivered")
        return "again"

    def _chain(self, gateway: str, epoch: int) -> ChainCheck:
        """Where this gateway's chain stands."""
        chain = self._chains.get((gateway, epoch))
        if chain is None:
            row = self._one(
                "SELECT next_seq, last_id FROM cursors WHERE gw = ? AND epoch = ?", gateway, epoch
            )
            chain = self._chains[gateway, epoch] = ChainCheck() if row is None else ChainCheck(*row)
        return chain

    def cursor(self, gateway: str, epoch: int) -> Cursor:
        chain = self._chain(gateway, epoch)
        return Cursor(gateway, epoch, chain.next_seq, chain.last_id)

    def present_epoch(self, gateway: str) -> int:
        """That of its event stored last, 0 before the first. Not the highest: an event that says 2^32 by mistake, or by
        malice of who has the key, must not make the gateway's own chain one of the past."""
        known = self._epochs.get(gateway)
        if known is None:
            row = self._one(_PRESENT_EPOCH, gateway)
            known = self._epochs[gateway] = row[0] if row is not None else 0
        return known

    def gateways(self) -> list[str]:
        return [gw for (gw,) in self._connection.execute("SELECT DISTINCT gw FROM cursors ORDER BY gw")]

    def has_gap(self, cursor: Cursor) -> bool:
        """An event further on than this gateway's cursor is stored, but not the next one."""
        log = cursor.gateway, cursor.epoch
        ahead = self._ahead.get(log)
        if ahead is None:
            further = "SELECT 1 FROM events WHERE gw = ? AND epoch = ? AND seq > ? LIMIT 1"
            ahead = self._ahead[log] = self._one(further, *log, cursor.next_seq) is not None
        return ahead

    def quarantined(self, gateway: str) -> bool:
        doubted = self._doubted.get(gateway)
        if doubted is None:
            found = self._one("SELECT 1 FROM tampers WHERE gw = ? LIMIT 1", gateway)
            doubted = self._doubted[gateway] = found is not None
        return doubted

    def quarantined_gateways(self) -> list[str]:
        return [gw for (gw,) in self._connection.execute("SELECT DISTINCT gw FROM tampers ORDER BY gw")]

    def _advance(self, chain: ChainCheck, new: Mapping[str, Any], new_id: str) -> None:
        """Moves the cursor over the new event and every stored one that now follows without a gap."""
        gateway, epoch, seq = new["gw"], new["epoch"], new["seq"]
        log = gateway, epoch
        if seq == chain.next_seq:
            ahead = self.has_gap(self.cursor(gateway, epoch)) if log not in self._ahead else self._ahead[log]
            if chain.feed(new, new_id) == "fork":
                self._set_aside(new, new_id)
            elif ahead:
                self._follow(gateway, epoch, chain)
                del self._ahead[log]
        elif seq > chain.next_seq:
            self._ahead[log] = True
        if log not in self._moved:
            self._moved[log] = None
        self._epochs[gateway] = epoch

    def _follow(self, gateway: str, epoch: int, chain: ChainCheck) -> None:
        """Over the stored events behind the cursor, as far as there is no gap."""
        following = "SELECT id, data FROM events WHERE gw = ? AND epoch = ? AND seq >= ? ORDER BY seq"
        for event_id, text in self._connection.execute(following, (gateway, epoch, chain.next_seq)):
            data = json.loads(text)
            outcome = chain.feed(data, event_id)
            if outcome == "fork":
                self._set_aside(data, event_id)
            if outcome != "ok":
                break

    def _keep_cursors(self) -> None:
        """Once in a transaction, however many events of a gateway it has."""
        if not self._moved:
            return
        moved = [(*log, self._chains[log].next_seq, self._chains[log].last_id) for log in self._moved]
        self._connection.executemany("INSERT OR REPLACE INTO cursors VALUES(?, ?, ?, ?)", moved)

    def _set_aside(self, data: Mapping[str, Any], event_id: str) -> None:
        known = self._one("SELECT 1 FROM tampers WHERE id = ?", event_id)
        held = self._one("SELECT count(*) FROM tampers")
        full = held is not None and held[0] >= TAMPERS_MAX
        if known is not None or (full and self.quarantined(data["gw"])):
            return  # the first of each gateway is always kept: it is its quarantine
        self.count("tamper")
        self._doubted[data["gw"]] = True
        self._connection.execute(
            "INSERT INTO tampers VALUES(?, ?, ?, ?, ?)",
            (event_id, data["gw"], data["epoch"], data["seq"], canonical(dict(data)).decode()),
        )

    def set_targets(self, dwell_us: Mapping[str, int]) -> None:
        """By lane; what reports measure against."""
        self._connection.execute(
            "INSERT OR REPLACE INTO facts VALUES('dwell_targets_us', ?)", (json.dumps(dict(dwell_us)),)
        )

    # The outbox of decisions

    def owed(self, most: int = OWED_MAX, under_way: Collection[int] = ()) -> list[Owed]:
        """Decisions that no broker has confirmed yet, but those under way: the newest `most`, the oldest of them first.

        A parcel that waits now goes before those of a backlog that are answered as well.
        """
        rows = self._connection.execute(
            "SELECT number, data FROM decisions WHERE NOT sent ORDER BY number DESC LIMIT ?",
            (most + len(under_way),),
        )
        chosen = [(number, text) for number, text in rows if number not in under_way][:most]
        return [Owed(number, orjson.loads(text), text.encode()) for number, text in reversed(chosen)]

    def owe_again(self, event_id: str) -> None:
        """The gateway sent the event again: it may not have got the answer."""
        self._connection.execute(
            "UPDATE decisions SET sent = 0 WHERE number = (SELECT max(number) FROM decisions WHERE event = ?)",
            (event_id,),
        )

    def owe_all_valid(self, gateway: str, now_us: int) -> None:
        """The gateway has a new connection: a broker that lost its store has lost confirmed decisions with it."""
        self._connection.execute(
            "UPDATE decisions SET sent = 0 WHERE gw = ? AND valid_until_us > ? AND NOT settled",
            (gateway, now_us),
        )

    def _settle(self, data: dict[str, Any]) -> None:
        told = data.get("decision")
        copy = told.get("data") if isinstance(told, dict) else None
        if isinstance(copy, dict) and isinstance(copy.get("dec"), str):
            self._connection.execute("UPDATE decisions SET settled = 1 WHERE dec = ?", (copy["dec"],))

    def sent(self, numbers: list[int]) -> None:
        if numbers:
            told = [(number,) for number in numbers]
            self._connection.executemany("UPDATE decisions SET sent = 1 WHERE number = ?", told)


def _statements(script: str) -> list[str]:
    bare = "\n".join(line.split("--")[0] for line in script.splitlines())
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
