"""What the journal of the next epoch takes over from the one that was put away (contract §1: an epoch is a journal).

The parcels are still there: those under way are lost track of and told so under their own visit, those in a bay come
back by their code, and a stop of one that has left is a recall. Events stay where they are, in the file put away. What
is taken over counts until the new journal prunes its first events, as its own events about those visits would go then.
"""

import logging
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from edge.core.visits import DEPARTED_MAX, Seen
from edge.rim.journal_history import OPEN_VISITS_MAX, OpenVisit, open_visits
from edge.rim.journal_table import JournalFault, connect, read_fact, read_pruned, write_fact
from edge.rim.kept_words import carry_words, departed
from hub_config.names import LineId, VisitId

CARRIED: Final = "carried"

log = logging.getLogger("hub.trouble")


def carry_over(connection: sqlite3.Connection, before: Path) -> None:
    """Into the journal of the next epoch, inside a transaction; all that can be read."""
    carry_words(connection, before)
    old = connect(before, read_only=True)
    try:
        visits, left = all_open(old), all_departed(old)
    except (sqlite3.Error, JournalFault) as fault:
        log.error(
            "%s: which parcels were here can't be read (%s): they come back under new visits", before, fault
        )
        return
    finally:
        old.close()
    told = {
        "visits": [asdict(one) for one in visits],
        "departed": [[visit, seen.line, seen.bay, seen.utc_us] for visit, seen in left],
    }
    write_fact(connection, CARRIED, told)


def all_open(connection: sqlite3.Connection) -> tuple[OpenVisit, ...]:
    """Visits that have not ended, oldest first, those taken over among them; at most the newest OPEN_VISITS_MAX."""
    found = (*_carried_visits(connection), *open_visits(connection))
    return found[-OPEN_VISITS_MAX:]


def all_departed(connection: sqlite3.Connection) -> tuple[tuple[VisitId, Seen], ...]:
    """Parcels that have left, those taken over first, the newest DEPARTED_MAX."""
    told = _carried(connection).get("departed", ())
    carried = tuple((VisitId(visit), Seen(LineId(line), bay, t_us)) for visit, line, bay, t_us in told)
    return (*carried, *departed(connection))[-DEPARTED_MAX:]


def _carried_visits(connection: sqlite3.Connection) -> list[OpenVisit]:
    """Of which nothing is told here yet."""
    told = [
        OpenVisit(**(one | {"codes": tuple((code, kind) for code, kind in one["codes"])}))
        for one in _carried(connection).get("visits", ())
    ]
    here = "SELECT 1 FROM events WHERE visit = ? LIMIT 1"
    return [one for one in told if connection.execute(here, (one.visit,)).fetchone() is None]


def _carried(connection: sqlite3.Connection) -> dict[str, Any]:
    if read_pruned(connection).seq:
        return {}
    return read_fact(connection, CARRIED) or {}
