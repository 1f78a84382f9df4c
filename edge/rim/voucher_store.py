"""What a gateway keeps for the time without its coordinator: shards of vouchers, spent codes, the days' counts.

One SQLite file beside the journal, WAL, synchronous=FULL. Spent codes and counts come from the journal alone, read on
from where it was read before, in one transaction with that place: a use is journalled before the parcel moves, and so
it is never forgotten. The manifest with the key of the index stays in memory, so that the disk names nobody who was not
drawn (contract §8); the broker retains it. A hub that has to survive a restart without its broker may keep it
(`keep_manifest`). Shards need no checking again: a manifest lists their digests. Every other row has a CRC, looked at
whenever the file is opened, as SQLite does not notice a byte changed inside a row. A file that is damaged is put away
and made anew from the journal; one that the disk does not give now is opened again later.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol
from zlib import crc32

from edge.core.offline_budget import DAY_US, DAYS_MAX, DayCount
from edge.core.voucher import Manifest, Shard
from edge.core.voucher_stock import PASSING, SPENT_KEPT_NS
from edge.rim.journal_check import DAMAGED, PAGE_ROWS
from edge.rim.journal_rows import Stored
from edge.rim.journal_table import Cursor, passes
from edge.wire.canonical import WireError
from edge.wire.signing import TrustStore
from edge.wire.topics import Mode
from edge.wire.utc import parse_rfc3339
from edge.wire.vouchers import SHARDS_MAX, parse_manifest, parse_shard, shard_digest
from hub_config.names import MICROSECOND, GatewayId, HubId

VOUCHER_FILE: Final = "vouchers.sqlite"
PUT_AWAY: Final = "vouchers-damaged.sqlite"
"""A damaged file, as it was; of several the newest is kept."""
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shards(
    digest TEXT PRIMARY KEY, payload BLOB NOT NULL, number INTEGER NOT NULL  -- of the manifest it came under
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent(code TEXT PRIMARY KEY, t_us INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days(
    day INTEGER PRIMARY KEY, parcels INTEGER NOT NULL, alone INTEGER NOT NULL, crc INTEGER NOT NULL
);
"""
SUMMED: Final = (
    "key, value, crc FROM meta",
    "code, t_us, crc FROM spent",
    "day, parcels, alone, crc FROM days",
)
SPENT_KEPT_US: Final = SPENT_KEPT_NS // MICROSECOND


log = logging.getLogger("hub.trouble")


class VoucherFault(Exception):  # noqa: N818  (the fault is the disk's)
    """The file can't be opened now; the message says why. It may be tried again."""


class _Damaged(Exception):  # noqa: N818  (so is the file)
    """What is in the file can't be believed."""


class EventRows(Protocol):
    """A journal, read from a place on. Raises JournalFault."""

    def pending(self, after_seq: int, limit: int) -> list[Stored]: ...
    def pruned(self) -> Cursor: ...
    def last_seq(self) -> int: ...


class VoucherStore:
    """One thread at a time: the start's, then the uplink's."""

    def __init__(
        self,
        path: Path,
        trust: TrustStore,
        hub: HubId,
        gateway: GatewayId,
        mode: Mode,
        *,
        keep_manifest: bool,
    ) -> None:
        """Opens the file or begins it; a damaged one is put away and begun anew. Raises VoucherFault."""
        self._path = path
        self._trust = trust
        self._hub, self._gateway, self._mode = hub, gateway, mode
        self._keep_manifest = keep_manifest
        self._manifest: Manifest | None = None
        self._told: dict[str, None] = {}
        """Digests of the shards that the core has been given under it."""
        try:
            try:
                self._connection = _connected(path)
            except _Damaged as damage:
                _put_away(path)
                log.error(
                    "%s is damaged (%s) and is not believed: it is put away as %s; what is spent is read from the "
                    "journal, vouchers come from the broker again", path, damage, PUT_AWAY,
                )  # fmt: skip
                self._connection = _connected(path)
        except (sqlite3.Error, OSError, _Damaged) as error:
            raise VoucherFault(
                f"{path} can't be opened: {error}; free some space, or look after the disk"
            ) from error

    def close(self) -> None:
        self._connection.close()

    # From the journal -------------------------------------------------------------------------------

    def catch_up(self, rows: EventRows, epoch: int, now_us: int, through: int | None = None) -> None:
        """Reads on in the journal to its end, or to the event `through`. Raises JournalFault, sqlite3.Error."""
        while self.read_on(rows, epoch, now_us, through):
            pass

    def read_on(self, rows: EventRows, epoch: int, now_us: int, through: int | None = None) -> bool:
        """Reads a page of the journal; False at its end, or at the event `through`. Another epoch than before is
        another journal: what the lost one had seen used nobody knows, so vouchers count only if they are issued from
        now on. So it is where events were pruned that were not read here. Raises JournalFault, sqlite3.Error."""
        if self._meta("epoch") != epoch:
            first = self._meta("epoch") is None
            begun_us = _begun(rows, now_us) if first else now_us
            with self._transaction():
                self._connection.execute("DELETE FROM shards")
                self._put_meta(epoch=epoch, seen_seq=0, begun_us=begun_us)
                self._connection.execute("DELETE FROM meta WHERE key = 'manifest'")
        pruned = rows.pruned().seq
        if pruned > self._meta("seen_seq"):
            with self._transaction():
                self._put_meta(seen_seq=pruned, begun_us=now_us)
        page = _to(through, rows.pending(self._meta("seen_seq"), PAGE_ROWS))
        with self._transaction():
            for row in page:
                if row.kind in ("parcel.arrived", "parcel.decided"):
                    self._take(json.loads(row.body))
            if page:
                self._put_meta(seen_seq=page[-1].seq)
        if len(page) == PAGE_ROWS:
            return True
        with self._transaction():
            self._connection.execute("DELETE FROM spent WHERE t_us < ?", (now_us - SPENT_KEPT_US,))
            self._connection.execute("DELETE FROM days WHERE day <= ?", (now_us // DAY_US - DAYS_MAX,))
        return False

    def _take(self, data: Mapping[str, Any]) -> None:
        t_us = parse_rfc3339(data["t"])
        arrived = data["kind"] == "parcel.arrived"
        alone = data.get("voucher") is not None
        if arrived or alone:
            day = t_us // DAY_US
            before = self._connection.execute(
                "SELECT parcels, alone FROM days WHERE day = ?", (day,)
            ).fetchone()
            parcels, used = (0, 0) if before is None else before
            counted = (day, parcels + arrived, used + alone)
            self._connection.execute(
                "INSERT OR REPLACE INTO days VALUES(?, ?, ?, ?)", (*counted, _sum(*counted))
            )
        if not arrived and (alone or "decision" in data or any(one not in PASSING for one in data["flags"])):
            codes = [code["data"] for code in data.get("codes", ()) if code.get("chk")]
            self._connection.executemany(
                "INSERT OR IGNORE INTO spent VALUES(?, ?, ?)", [(c, t_us, _sum(c, t_us)) for c in codes]
            )

    # What the core is told at the start -------------------------------------------------------------

    @property
    def begun_us(self) -> int:
        return int(self._meta("begun_us") or 0)

    def spent(self) -> tuple[str, ...]:
        """Those spent longest ago first."""
        return tuple(
            code for (code,) in self._connection.execute("SELECT code FROM spent ORDER BY t_us, code")
        )

    def days(self) -> tuple[DayCount, ...]:
        return tuple(
            DayCount(*row)
            for row in self._connection.execute("SELECT day, parcels, alone FROM days ORDER BY day")
        )

    def kept(self) -> tuple[Manifest, list[str]] | None:
        """The manifest of before, as `take_manifest` tells it, where the hub lets it be kept."""
        payload = self._meta("manifest")
        if payload is None:
            return None
        try:
            return self._change(payload)
        except WireError:
            return None  # the key that signed it is no longer trusted

    # From the coordinator ---------------------------------------------------------------------------

    def take_manifest(self, payload: bytes) -> tuple[Manifest, list[str]]:
        """What is in force, and the digests of its shards that are here and which the core has not been given: `shard`
        reads one, which takes 12 ms. Raises WireError."""
        changed = self._change(payload)
        with self._transaction():
            if self._keep_manifest:
                self._put_meta(manifest=payload)
            else:
                self._connection.execute("DELETE FROM meta WHERE key = 'manifest'")
        return changed

    def _change(self, payload: bytes) -> tuple[Manifest, list[str]]:
        manifest = parse_manifest(payload, self._trust, self._hub, self._mode)
        if self._manifest is not None and manifest.number < self._manifest.number:
            return self._manifest, self._untold(self._manifest)  # a late copy
        self._refuse_replayed(manifest)
        self._manifest = manifest
        with self._transaction():
            self._put_meta(newest_number=manifest.number, newest_issued_us=manifest.issued_us)
            for digest in self._unlisted(manifest):
                self._connection.execute("DELETE FROM shards WHERE digest = ?", (digest,))
        self._told = {digest: None for digest in manifest.shards if digest in self._told}
        return manifest, self._untold(manifest)

    def _refuse_replayed(self, manifest: Manifest) -> None:
        """The manifest itself is forgotten at a restart, but not how new it was: an older one, said again by whoever
        has kept it, would put in force what has been revoked since. One of a lower number that was issued later is of
        a coordinator that counts anew."""
        number, issued_us = self._meta("newest_number") or 0, self._meta("newest_issued_us") or 0
        if manifest.number < number and manifest.issued_us < issued_us:
            raise WireError("old_version", f"manifest {manifest.number}; {number} has been in force here")

    def _unlisted(self, manifest: Manifest) -> Iterable[str]:
        """Older ones only: a shard may come before the manifest that lists it."""
        listed = dict.fromkeys(manifest.shards)
        found = self._connection.execute(
            "SELECT digest FROM shards WHERE number < ? ORDER BY digest", (manifest.number,)
        ).fetchall()
        return [digest for (digest,) in found if digest not in listed]

    def _untold(self, manifest: Manifest) -> list[str]:
        found = self._connection.execute("SELECT digest FROM shards ORDER BY digest").fetchall()
        here = {digest: None for (digest,) in found}
        return [digest for digest in manifest.shards if digest in here and digest not in self._told]

    def shard(self, digest: str) -> Shard | None:
        """For the core; None if it is not here any more, or is not what it was."""
        row = self._connection.execute("SELECT payload FROM shards WHERE digest = ?", (digest,)).fetchone()
        if row is None or shard_digest(row[0]) != digest:
            return None
        try:
            shard = self._parsed(row[0])
        except WireError:
            return None  # the key that signed it is no longer trusted
        self._told[digest] = None
        return shard

    def take_shard(self, payload: bytes) -> Shard | None:
        """None if it is here already, or no manifest lists it so far: then it waits on disk, `SHARDS_MAX` at most.
        Raises WireError."""
        digest = shard_digest(payload)
        if self._connection.execute("SELECT 1 FROM shards WHERE digest = ?", (digest,)).fetchone():
            return None
        shard = self._parsed(payload)
        listed = self._manifest is not None and digest in self._manifest.shards
        with self._transaction():
            (waiting,) = self._connection.execute("SELECT count(*) FROM shards").fetchone()
            if not listed and waiting >= SHARDS_MAX:
                raise WireError(
                    "too_large", f"{waiting} shards are here already and no manifest lists this one"
                )
            number = self._manifest.number if self._manifest is not None else 0
            self._connection.execute(
                "INSERT INTO shards VALUES(?, ?, ?)", (digest, payload, number if listed else number + 1)
            )
        if not listed:
            return None
        self._told[digest] = None
        return shard

    def _parsed(self, payload: bytes) -> Shard:
        return parse_shard(payload, self._trust, self._hub, self._gateway, self._mode)

    # The file ---------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _meta(self, key: str) -> Any:  # noqa: ANN401  (text, a number or bytes, as it was put)
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def _put_meta(self, **values: int | bytes) -> None:
        summed = [(key, value, _sum(key, value)) for key, value in values.items()]
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?, ?)", summed)


def _begun(rows: EventRows, now_us: int) -> int:
    """When a journal that was there before this file began; now, if it is empty or its beginning has been pruned."""
    first = rows.pending(0, 1) if rows.pruned().seq == 0 else []
    return parse_rfc3339(json.loads(first[0].body)["t"]) if first else now_us


def _to(through: int | None, page: list[Stored]) -> list[Stored]:
    return page if through is None else [row for row in page if row.seq <= through]


def _connected(path: Path) -> sqlite3.Connection:
    """The file, there and whole. Raises _Damaged, sqlite3.Error, OSError."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.executescript(SCHEMA)
        _check(connection)
    except DAMAGED as error:
        connection.close()
        if passes(error):
            raise
        raise _Damaged(str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Raises _Damaged, sqlite3.Error."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise _Damaged(str(found[0]))
    for columns in SUMMED:
        for *row, crc in connection.execute(f"SELECT {columns}"):
            if _sum(*row) != crc:
                raise _Damaged(f"a row of {columns.rpartition(' ')[2]} has another CRC")


def _sum(*columns: str | int | bytes) -> int:
    return crc32(repr(columns).encode())


def _put_away(path: Path) -> None:
    """What belongs to the file goes first: beside a new one it would be taken for that one's. Raises OSError."""
    for suffix in ("-shm", "-wal", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            os.replace(beside, path.with_name(PUT_AWAY + suffix))
