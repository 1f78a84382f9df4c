"""Crash-safe at every statement: the process dies before the Nth SQL statement, for every N there is; what is sent
again to the next process over the same file brings it to the very same end as a run that nothing interrupted.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from coordinator_hall import Hall, visit
from test_coordinator_desk import CODE, GOODS, OTHER_CODE, RULES_FILE, SSCC, code

from hub_config.rules import load_rules
from hub_config.tiers import Party
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.store import Store, StoreFault

RADIO: Final = "agency:radio"
RULES: Final = load_rules(RULES_FILE).model_copy(update={"parties": (Party(party=RADIO, words=("radio",)),)})
DIED: Final = 9
TIMES_TOLD: Final = ("redelivered",)
"""Counts of what came again differ by how often it had to."""


class Dying(sqlite3.Connection):
    """Ends its process, as a power cut does, before its `last`th statement."""

    count = 0
    last = 0

    def execute(self, *given: Any) -> sqlite3.Cursor:
        self._next()
        if given[0] == "PRAGMA synchronous=FULL":
            given = (
                "PRAGMA synchronous=OFF",
            )  # a process dies here, not the machine: no need to wait for the disk
        return super().execute(*given)

    def executemany(self, *given: Any) -> sqlite3.Cursor:
        self._next()
        return super().executemany(*given)

    @classmethod
    def _next(cls) -> None:
        cls.count += 1
        if cls.count == cls.last:
            os._exit(DIED)


def day(path: Path) -> None:
    """A bag, four parcels, three gateways, a late declaration, an agency, an inspection: each transaction once."""
    hall = Hall(path, RULES)
    file(hall, replace(GOODS, identifiers=(OTHER_CODE,), consignment="c-2", description="Radio", mawb="1"))
    hall.take(
        hall.event("bag.opened", visit(900), codes=[code("BAG", "receptacle"), code("1", "mawb")]),
        hall.event("parcel.arrived", visit(1), codes=[code()], clock="hub"),
        hall.event("parcel.measured", visit(1), codes=[code()], mass={"mg": 1_000_000, "u_mg": 5_000}),
        hall.event("parcel.arrived", visit(2), codes=[code(OTHER_CODE)], clock="hub"),
        hall.event(
            "parcel.measured", visit(2), codes=[code(OTHER_CODE)], mass={"mg": 1_000_000, "u_mg": 5_000}
        ),
        hall.event("parcel.decided", visit(1), clock="merchant"),
        hall.event("parcel.diverted", visit(1), act={"lane": "hold", "bay": "H1", "confirmed": True}),
    )
    hall.later(5)
    file(hall, replace(GOODS, identifiers=(CODE, SSCC), consignment="c-1", value_minor=60_000))
    with hall.store.transaction():
        hall.desk.hear(PartyAnswer("c-2", RADIO, "release"), hall.now_us, hall.store)
    hall.later(5)
    hall.take(
        hall.event("parcel.measured", visit(3), 2, codes=[code()], mass={"mg": 1_000_000, "u_mg": 5_000}),
        hall.event("visit.joined", visit(3), 2, note={"from": visit(3), "into": visit(1)}),
        hall.event("parcel.inspected", visit(1), 2, note={"outcome": "passed"}),
        hall.event("parcel.measured", visit(1), 2, codes=[code()], mass={"mg": 1_000_000, "u_mg": 5_000}),
        hall.event("parcel.departed", visit(1), 2),
        hall.event("parcel.lost_track", visit(2), clock="hub"),
    )
    with hall.store.transaction():
        hall.store.sent([one.number for one in hall.store.owed()][:3])
    hall.store.close()


def file(hall: Hall, *declared: Any) -> None:
    """As the service does it."""
    with hall.store.transaction():
        taken = hall.store.file(declared, hall.now_us)
        for event in hall.store.waiting(one for told in taken for one in told.identifiers):
            data = hall.store.event(event)
            assert data is not None
            hall.desk.reconsider(data, event, hall.now_us, hall.store)


def run(path: Path, dies_at: int) -> bool:
    """In a process of its own; True if it died there."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Dying.last = dies_at
            connect = sqlite3.connect
            sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Dying)  # type: ignore[assignment]
            day(path)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, DIED), f"statement {dies_at}: the process ended with {status}"
    return status == DIED


def contents(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - its own
    found = {name: sorted(some, key=repr) for name, some in rows.items()}
    found["counts"] = [row for row in found["counts"] if row[0] not in TIMES_TOLD]
    return found


def test_a_process_that_dies_at_any_statement_is_followed_by_one_that_reaches_the_same_end(
    tmp_path: Path,
) -> None:
    whole = tmp_path / "whole.sqlite"
    assert not run(whole, 0)
    wanted = contents(whole)
    assert len(wanted["events"]) == 13
    assert len(wanted["decisions"]) == 7
    number = 0
    while True:
        number += 1
        path = tmp_path / f"{number}.sqlite"
        if not run(path, number):
            break
        assert not run(path, 0)
        assert contents(path) == wanted, f"dead before statement {number}"
        path.unlink()
    assert number > 150


@pytest.mark.parametrize("second", ["statement", "restart"])
def test_it_may_die_again_while_it_catches_up(tmp_path: Path, second: str) -> None:
    whole = tmp_path / "whole.sqlite"
    run(whole, 0)
    for first in range(20, 200, 29):
        path = tmp_path / f"{first}.sqlite"
        assert run(path, first)
        run(path, 60 if second == "statement" else 3)
        run(path, 0)

        assert contents(path) == contents(whole)


def test_a_file_of_another_version_or_mode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    Store(path, "live").close()
    with pytest.raises(StoreFault, match="is of mode live, not practice"):
        Store(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreFault, match="tables of version 1, wanted is 4"):
        Store(path, "live")
