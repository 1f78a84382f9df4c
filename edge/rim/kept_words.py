"""What authorities have said of each parcel, in the journal: one row a visit, on disk with the events of its group.

A decision that stops a parcel stands until its own authority lifts it (contract §5), also when the gateway has been
started anew. So the latest of each authority is kept as it was signed, and its signature is looked at again when it is
read back: what can't be believed any more (its key is no longer trusted) may still stop a parcel, but lifts nothing.
Rows go when their parcel has left, or has nothing against it and no word that is still valid; at most `WORDS_MAX` stay.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from edge.core.decision import Decision
from edge.core.standing import Standing, VisitWords, Word
from edge.core.visits import DEPARTED_MAX, Seen
from edge.rim.journal_table import COLUMNS, JournalFault, checked_row, connect, crc_of
from edge.wire.canonical import WireError
from edge.wire.messages import kept_decision
from edge.wire.signing import TrustStore
from edge.wire.topics import Topics
from edge.wire.utc import parse_rfc3339
from hub_config.names import LineId, VisitId

WORDS_MAX: Final = 20_000
"""Visits whose decisions are kept; more than the core remembers. Past it those spoken of longest ago go."""
WORDS_BYTES_MAX: Final = 128 * 1024 * 1024
"""Of their texts, as they are read at a start. The core keeps less than half of it of parcels not in work
(`long_words.py`), so only rows that it has forgotten make it more: those spoken of longest ago go."""
WORD_COLUMNS: Final = "visit, stops, until_us, body, crc"
OVER_US: Final = 3_600_000_000
"""So long after the end of its validity a release is worth nothing any more, whatever the clock has done."""

log = logging.getLogger("hub.trouble")


def write_words(connection: sqlite3.Connection, words: Iterable[VisitWords]) -> None:
    """Inside a transaction. Nothing said: the visit is forgotten."""
    for one in words:
        if not one.standing.words:
            connection.execute("DELETE FROM words WHERE visit = ?", (one.visit,))
            continue
        said = [
            [word.dec_seq, word.decision.wire, word.decision.kid, word.decision.sig]
            for word in one.standing.words
        ]
        body = json.dumps({"codes": one.codes, "words": said}, ensure_ascii=False)
        stops = int(one.standing.stops)
        until_us = max(word.decision.valid_until_us for word in one.standing.words)
        connection.execute(
            f"INSERT OR REPLACE INTO words({WORD_COLUMNS}) VALUES(?, ?, ?, ?, ?)",
            (one.visit, stops, until_us, body, crc_of(one.visit, stops, until_us, body)),
        )


def check_words(connection: sqlite3.Connection) -> int:
    """Returns how many visits have words; raises JournalFault for a damaged row."""
    return sum(1 for _ in _rows(connection))


def read_words(connection: sqlite3.Connection, trust: TrustStore, topics: Topics) -> tuple[VisitWords, ...]:
    """Verified again, the visit that was spoken of longest ago first. Raises JournalFault."""
    return tuple(
        VisitWords(VisitId(visit), tuple(told["codes"]), _standing(visit, told["words"], trust, topics))
        for visit, told in _rows(connection)
    )


def carry_words(connection: sqlite3.Connection, before: Path) -> None:
    """Into the journal of the next epoch, from the one put away: all that can be read. Inside a transaction."""
    old = connect(before, read_only=True)
    try:
        rows = old.execute(f"SELECT {WORD_COLUMNS} FROM words ORDER BY number").fetchall()  # noqa: S608  (constant columns)
    except sqlite3.Error as error:
        log.error(
            "%s: the decisions kept in it can't be read (%s): ask the coordinator for its stops",
            before,
            error,
        )
        return
    finally:
        old.close()
    good = [row for row in rows if crc_of(*row[:-1]) == row[-1]]
    if len(good) < len(rows):
        log.error(
            "%s: decisions of %d visits in it are damaged: ask the coordinator for its stops",
            before, len(rows) - len(good),
        )  # fmt: skip
    connection.executemany(f"INSERT INTO words({WORD_COLUMNS}) VALUES(?, ?, ?, ?, ?)", good)


def prune_words(connection: sqlite3.Connection, now_us: int) -> None:
    """Inside a transaction."""
    connection.execute("DELETE FROM words WHERE stops = 0 AND until_us < ?", (now_us - OVER_US,))
    connection.execute(
        "DELETE FROM words WHERE number <= (SELECT number FROM words ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (WORDS_MAX,),
    )


def bound_words(connection: sqlite3.Connection) -> None:
    """Inside a transaction, at a start: adding up 20,000 of them takes 50 ms, which no commit is to wait for."""
    connection.execute(
        "DELETE FROM words WHERE number IN (SELECT number FROM (SELECT number, sum(length(body)) OVER "
        "(ORDER BY number DESC) AS through FROM words) WHERE through > ?)",
        (WORDS_BYTES_MAX,),
    )


def words_to_prune(connection: sqlite3.Connection, now_us: int) -> bool:
    found = connection.execute(
        "SELECT (SELECT count(*) FROM words) > ? OR EXISTS(SELECT 1 FROM words WHERE stops = 0 AND until_us < ?)",
        (WORDS_MAX, now_us - OVER_US),
    ).fetchone()
    return bool(found[0])


def departed(connection: sqlite3.Connection) -> tuple[tuple[VisitId, Seen], ...]:
    """Parcels that have left, the newest DEPARTED_MAX, in their order: a stop that comes now is a recall."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM events WHERE kind = 'parcel.departed' ORDER BY seq DESC LIMIT ?",  # noqa: S608  (constant columns)
        (DEPARTED_MAX,),
    ).fetchall()
    return tuple(_seen(json.loads(checked_row(row).body)) for row in reversed(rows))


def _seen(data: dict[str, Any]) -> tuple[VisitId, Seen]:
    seen = Seen(LineId(data["line"]), str(data["act"]["bay"]), parse_rfc3339(data["t"]))
    return VisitId(data["visit"]), seen


def _rows(connection: sqlite3.Connection) -> Iterable[tuple[str, dict[str, Any]]]:
    for visit, stops, until_us, body, crc in connection.execute(
        f"SELECT {WORD_COLUMNS} FROM words ORDER BY number"  # noqa: S608  (constant columns)
    ):
        if crc_of(visit, stops, until_us, body) != crc:
            raise JournalFault(
                f"journal: the decisions kept of visit {str(visit)[:40]} are damaged (CRC); restore from a backup"
            )
        yield visit, json.loads(body)


def _standing(visit: str, told: list[Any], trust: TrustStore, topics: Topics) -> Standing:
    words: list[Word] = []
    for dec_seq, wire, kid, sig in told:
        decision, fault = _again(visit, wire, kid, sig, trust, topics)
        if fault is None:
            words.append(Word(dec_seq, decision))
            continue
        stops = decision.action != "release"
        log.warning(
            "decision %s of visit %s was believed once and is not any more (%s): %s", decision.dec, visit,
            fault.reason, "it goes on stopping the parcel" if stops else "it lifts nothing",
        )  # fmt: skip
        if stops:
            words.append(Word(dec_seq, decision))
    return Standing(tuple(words))


def _again(
    visit: str, wire: str, kid: str, sig: str, trust: TrustStore, topics: Topics
) -> tuple[Decision, WireError | None]:
    try:
        return kept_decision(wire.encode(), kid, sig, trust, topics.hub, topics.gateway, topics.mode)
    except WireError as fault:
        raise JournalFault(
            f"journal: a decision kept of visit {visit} can't be read ({fault.reason}: {fault.detail}); "
            "restore from a backup"
        ) from fault
