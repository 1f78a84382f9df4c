"""A scanned hub whose parts are killed meanwhile, and the account of it: journal against coordinator, event by event.

What a campaign has in common with another; what happens to the hub is the campaign's own affair.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader
from simulators.coordinator import report
from simulators.scan_hub import ScanHub

START_S: Final = 60.0
DRAIN_S: Final = 120.0
LOOK_S: Final = 0.2


@dataclass(slots=True)
class Outcome:
    """What was tried, and what came of it. All of `lost`, `doubled`, `wrong_release` are 0, or the campaign fails."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: int = 0
    """Journalled, acknowledged and not at the coordinator, or there with another id."""
    pending: int = 0
    """Journalled and not yet acknowledged when all was ended, so not at the coordinator either. Few: after the drain
    only what the gateway notes of its own end is new."""
    doubled: int = 0
    wrong_release: int = 0
    redelivered: int = 0
    drain_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong_release or self.faults)

    def as_json(self) -> dict[str, Any]:
        return {
            "kills": dict(sorted(self.kills.items())), "events": self.events, "lost": self.lost,
            "pending": self.pending, "doubled": self.doubled, "wrong_release": self.wrong_release, "seed": self.seed,
            "redelivered": self.redelivered, "drain_s": round(self.drain_s, 1), "faults": self.faults,
        }  # fmt: skip


class Progress(NamedTuple):
    """Sequence numbers: the journal's last event, and the last that the coordinator has acknowledged."""

    journalled: int
    acknowledged: int


class HubUnderLoad:
    """`start`, then whatever happens to the hub, then `drain`, `stop` and `judge`."""

    def __init__(self, hub: ScanHub, rate: int, outcome: Outcome) -> None:
        """`rate`: readings a second."""
        self._hub = hub
        self._rate = rate
        self._outcome = outcome
        self._stopping = threading.Event()
        self._scans = threading.Thread(target=self._scan, name="scans", daemon=True)

    def start(self) -> None:
        """Returns when the first events are acknowledged, or it takes too long for that."""
        self._hub.start_coordinator()
        self._hub.start_gateway()
        self._scans.start()
        began = time.monotonic()
        while not self.progress().acknowledged and time.monotonic() - began < START_S:
            time.sleep(LOOK_S)

    def check_alive(self) -> None:
        """None of them may end by itself."""
        for name, process in (("gateway", self._hub.gateway), ("coordinator", self._hub.coordinator)):
            if process is not None and process.poll() not in (None, -signal.SIGKILL):
                self._outcome.faults.append(
                    f"the {name} ended by itself with {process.returncode}: {self._hub.log(name)}"
                )
                (self._hub.start_gateway if name == "gateway" else self._hub.start_coordinator)()

    def end_load(self) -> None:
        self._stopping.set()
        self._scans.join()

    def drain(self, limit_s: float = DRAIN_S) -> None:
        """The load ends; everything that is journalled has to arrive."""
        self.end_load()
        self._outcome.drain_s = self.wait(self._arrived, "everything has arrived", limit_s)

    def wait(self, true: Callable[[], bool], what: str, limit_s: float = DRAIN_S) -> float:
        """Seconds until it is true; a fault of the campaign if it does not come within `limit_s`."""
        began = time.monotonic()
        while not true():
            self.check_alive()
            if time.monotonic() - began > limit_s:
                self._outcome.faults.append(f"not within {limit_s:.0f} s: {what}")
                break
            time.sleep(LOOK_S)
        return time.monotonic() - began

    def progress(self) -> Progress:
        with journal_in(self._hub.gateway_data) as journal:
            if journal is None:
                return Progress(0, 0)
            return Progress(journal.last_seq(), journal.acknowledged().seq)

    def stop(self) -> None:
        self._stopping.set()
        self._hub.stop()

    def judge(self) -> None:
        """Event by event. Nobody has declared a parcel, so none may depart."""
        self._outcome.wrong_release = account(self._outcome, self._hub.gateway_data, self._hub.database)

    def _scan(self) -> None:
        while not self._stopping.is_set():
            self._hub.load.run(self._rate, 0.5)

    def _arrived(self) -> bool:
        """Every event is settled."""
        progress = self.progress()
        return 0 < progress.journalled == progress.acknowledged


@contextmanager
def journal_in(gateway_data: Path) -> Iterator[JournalReader | None]:
    """None: the gateway has not begun one yet."""
    try:
        journal = JournalReader(gateway_data / JOURNAL_FILE)
    except JournalFault:
        yield None
        return
    try:
        yield journal
    finally:
        journal.close()


def account(outcome: Outcome, gateway_data: Path, database: Path) -> int:
    """What the gateway wrote down against what the coordinator holds, event by event; both have ended. Returns how many
    parcels have departed."""
    journal = JournalReader(gateway_data / JOURNAL_FILE)
    held = report.event_ids(database)
    departed = 0
    try:
        journal.verify()
        after, settled = 0, journal.acknowledged().seq
        while page := journal.pending(after, 500):
            for row in page:
                outcome.events += 1
                found = held.pop((journal.meta.epoch, row.seq), None)
                outcome.pending += found is None and row.seq > settled
                outcome.lost += found != row.id and (found is not None or row.seq <= settled)
                departed += row.kind == "parcel.departed"
            after = page[-1].seq
    finally:
        journal.close()
    counted = report.counts(database)
    outcome.doubled = counted["stored"] - counted["distinct"] + len(held)
    outcome.redelivered = counted["redelivered"]
    outcome.faults += [f"quarantined: {gateway}" for gateway in counted["quarantined"]]
    outcome.faults += [f"{n} messages refused: {why}" for why, n in counted["rejected"].items()]
    return departed
