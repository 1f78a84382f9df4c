"""What the reference coordinator does with an event, without network or chance: calls and processor time.

The same signed events of one gateway (`simulators/told_events.py`, every second parcel declared) are put into the
coordinator's own socket in batches of 1, 5 and 100; after each it has its turns until it waits, as it would at
`RATE` events a second: its clock is advanced by hand. Beside it the shortest Python that verifies and stores as much.
Counted are calls of Python functions and of built-in ones (`sys.setprofile`), the same in every run.
"""

import gc
import logging
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from nacl.signing import SigningKey

sys.path.append(str(Path(__file__).with_name("parts")))
from bare_coordinator import _row
from scripted_broker import ScriptedBroker

from edge.core.event import WallTime
from edge.rim import clock
from edge.wire.signing import Signer
from hub_config.names import Instant
from hub_config.rule_book import load_rule_book
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.issuing import Issuing
from simulators.coordinator.letters import Letters
from simulators.coordinator.retention import Retention
from simulators.coordinator.sampling import DerivedSeeds, Sampler
from simulators.coordinator.service import Coordinator
from simulators.coordinator.store import Store
from simulators.parcels import s10_check_digit
from simulators.practice import GATEWAY, HUB, RULES
from simulators.told_events import ASKING, payloads

Figures = dict[str, dict[str, float | str | int]]

BATCHES: Final = (1, 5, 100)
RATE: Final = 150
BEGAN_US: Final = 1_795_000_000_000_000
KEY: Final = SigningKey(bytes(range(32)))
TURNS_MAX: Final = 20
"""Until the coordinator has nothing more to do after a batch."""


class HandClock:
    """Takes the place of the host's."""

    def __init__(self) -> None:
        self.at = time.monotonic_ns()  # paho compares it with its own
        self._began = self.at

    def now(self) -> Instant:
        return Instant(self.at)

    def wall_time(self) -> WallTime:
        return WallTime(BEGAN_US + (self.at - self._began) // 1_000, 1_000, "ntp")


class Bench:
    """One coordinator, connected."""

    def __init__(self, folder: Path, public: str, parcels: int, time_of: HandClock) -> None:
        self._clock = time_of
        self.broker = ScriptedBroker()
        book = load_rule_book((RULES,))
        self.store = Store(folder / "coordinator.sqlite")
        self._beside = self.store.written_back()
        self._beside.__enter__()
        letters = Letters(HUB, "co-1", KEY)
        sampler = Sampler(DerivedSeeds(b"s" * 32))
        desk = Desk(book, self.store, HUB, "practice", b"e" * 32, sampler)
        issuing = Issuing(self.store, letters, book, sampler, b"i" * 32)
        self.coordinator = Coordinator(
            self.broker.address, self.store, desk, letters, "co-1", "s1", {GATEWAY: public}, issuing,
            retention=Retention(self.store, book, "practice", clock.now()),
        )  # fmt: skip
        issuing.begin()
        self.coordinator.file(declared(parcels))
        self._link = self.coordinator._link
        self._link.tend(clock.now())
        self.broker.accept()
        while not self._link.is_open:
            self.turn()
            self.broker.read()
        for _ in range(TURNS_MAX):  # its birth, its vouchers, retention
            self._clock.at += 100_000_000
            self.coordinator._box.put(None)
            self.turn()
            self.broker.read()
            self.broker.send(())

    def turn(self) -> None:
        self.coordinator._turn()

    def take(self, batch: Sequence[tuple[str, bytes]]) -> int:
        """Processor time in ns of all that follows from it."""
        spent = 0
        asks = any(ASKING.encode() in body for _, body in batch)
        self.broker.send(batch)
        for _ in range(TURNS_MAX):
            began = time.thread_time_ns()
            self.turn()
            if asks:  # the beginning of the next turn, without its wait
                self.coordinator._speak()
                self._link.flush()
            spent += time.thread_time_ns() - began
            self.broker.read()
            if not self.broker.owes and not self.coordinator._arrived:
                break
            asks = False
            self.broker.send(())
        self._clock.at += len(batch) * 1_000_000_000 // RATE
        return spent

    def close(self) -> None:
        self._link.drop("over")
        self._beside.__exit__(None, None, None)
        self.store.close()
        self.broker.close()


def declared(parcels: int) -> list[Declared]:
    """Every second parcel, as it weighs."""
    told = []
    for number in range(0, parcels, 2):
        digits = f"{number:08}"
        told.append(
            Declared(
                mass_mg=1_234_500, value_minor=4_000, currency="MYR", description="Cotton T-shirt",
                consignment=f"c-{number}", identifiers=(f"RR{digits}{s10_check_digit(digits)}MY",),
            )
        )  # fmt: skip
    return told


def events(parcels: int, signer: Signer) -> list[tuple[str, bytes]]:
    return [
        (f"ehub-practice/v1/{HUB}/evt/{_line(body)}/{GATEWAY}", body)
        for _, _, body in payloads(parcels, signer, BEGAN_US)
    ]


def _line(body: bytes) -> str:
    return body.partition(b'"line":"')[2].partition(b'"')[0].decode()


@contextmanager
def clock_by_hand() -> Iterator[HandClock]:
    made, kept = HandClock(), (clock.now, clock.wall_time)
    clock.now, clock.wall_time = made.now, made.wall_time
    try:
        yield made
    finally:
        clock.now, clock.wall_time = kept


def work(parcels: int, size: int, folder: Path, *, counted: bool) -> tuple[float, float]:
    """Of one event: processor µs, or where `counted` calls of Python and built-in functions."""
    signer = Signer(SigningKey(bytes(range(1, 33))))
    told = events(parcels, signer)
    with clock_by_hand() as time_of:
        bench = Bench(folder, signer.public_b64, parcels, time_of)
        warm = len(told) // 4 // size * size
        batches = [told[first : first + size] for first in range(0, len(told), size)]
        for batch in batches[: warm // size]:
            bench.take(batch)
        gc.collect()
        gc.freeze()
        calls, spent = [0, 0], 0

        def seen(_frame: object, what: str, _arg: object) -> None:
            if what == "call":
                calls[0] += 1
            elif what == "c_call":
                calls[1] += 1

        for batch in batches[warm // size :]:
            if counted:
                sys.setprofile(seen)
            spent += bench.take(batch)
            sys.setprofile(None)
        bench.close()
    n = len(told) - warm
    return (calls[0] / n, calls[1] / n) if counted else (spent / n / 1e3, 0.0)


def bare(parcels: int, size: int, folder: Path) -> float:
    """Processor µs of an event that is only verified and stored."""
    signer = Signer(SigningKey(bytes(range(1, 33))))
    told = events(parcels, signer)
    key = SigningKey(bytes(range(1, 33))).verify_key
    store = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        store.execute(f"PRAGMA {pragma}").fetchall()
    store.execute("CREATE TABLE events(id TEXT PRIMARY KEY, gw, epoch, seq, data, UNIQUE(gw, epoch, seq))")
    began = time.thread_time_ns()
    for first in range(0, len(told), size):
        rows = [_row(body, key) for _, body in told[first : first + size]]
        store.execute("BEGIN IMMEDIATE")
        store.executemany("INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?)", rows)
        store.execute("COMMIT")
    spent = time.thread_time_ns() - began
    store.close()
    return spent / len(told) / 1e3


def measure(short: bool) -> Figures:
    logging.getLogger("hub").setLevel(logging.ERROR)  # every coordinator's broker goes away at its end
    parcels, rounds = (100, 2) if short else (800, 7)
    figures: Figures = {}
    for size in BATCHES:
        cpu, beside = [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
                cpu.append(work(parcels, size, Path(made), counted=False)[0])
                beside.append(bare(parcels, size, Path(made)))
        with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
            python, built_in = work(parcels, size, Path(made), counted=True)
        ours, floor = median(cpu), median(beside)
        name = f"batches of {size}"
        figures[f"processor per event, {name}; beside verify and insert"] = {
            "ours": round(ours, 1), "baseline": round(floor, 1), "ratio": round(ours / floor, 3), "unit": "us",
            "runs": rounds,
        }  # fmt: skip
        for what, calls in (("Python", python), ("built-in", built_in)):
            figures[f"calls of {what} functions per event, {name}"] = {
                "ours": round(calls, 2),
                "unit": "calls",
                "runs": 1,
            }
    return figures
