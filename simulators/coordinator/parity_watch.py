"""Tells when merchants of one class are served unlike the others of their tier (contract §10, `alert/parity`).

In a thread with a read-only connection of its own, because it reads thousands of visits and answers must not wait. Each
difference is told once, and again only if it has gone and come back.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from simulators.coordinator.dwell_report import PARITY_OF, stays
from simulators.coordinator.ledger import Parity, parity
from simulators.coordinator.requests import Alerting

EVERY_S: Final = 600
VISITS_MAX: Final = 2_000
"""Visits that ended last."""


class ParityWatch:
    def __init__(self, database: Path, submit: Callable[[Alerting], bool]) -> None:
        self._database = database
        self._submit = submit
        self._told: frozenset[tuple[str, str, str, tuple[str, ...]]] = frozenset()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self.look()

    def look(self) -> None:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            closed = stays(connection, VISITS_MAX)
        found = [one for dimension in PARITY_OF for one in parity(closed, dimension) if one.differs]
        for one in found:
            if _key(one) not in self._told and not self._submit(_alert(one)):
                return  # too much waits: all of it is looked at again next time
        self._told = frozenset(_key(one) for one in found)


def _key(one: Parity) -> tuple[str, str, str, tuple[str, ...]]:
    return one.dimension, one.name, one.tier, one.differs


def _alert(one: Parity) -> Alerting:
    return Alerting(
        "parity",
        {
            "dimension": one.dimension, "class": one.name, "tier": one.tier, "differs": list(one.differs),
            "n": one.n, "rest": one.rest,
            "inspected_ppm": list(one.inspected_ppm), "inspected_rest_ppm": list(one.inspected_rest_ppm),
            "p50_us": list(one.p50_us), "p50_rest_us": list(one.p50_rest_us),
        },
    )  # fmt: skip
