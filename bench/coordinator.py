"""How many events a second the reference coordinator takes, and how fast it answers, beside a bare loop.

The same events of one gateway (`simulators/told_events.py`: signed, chained, six a parcel, one of them asking) go over
one real broker, by turns, to the coordinator and to `parts/bare_coordinator.py`: receive, verify, insert. The rate is
from the first publication until the last event is stored; latency is from a question on its way to the broker until its
decision is back, at 150 events a second.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from edge.rim import clock
from edge.rim.keys import load_identity
from simulators.practice import HUB
from simulators.scan_hub import ScanHub
from simulators.told_events import payloads

Figures = dict[str, dict[str, float | str | int]]

PARTS: Final = Path(__file__).with_name("parts")
LIVE: Final = 150
"""Events a second, a little over those of a large hub (contract §14)."""
EVENTS_PER_PARCEL: Final = 6
PATIENCE_S: Final = 300.0
LOOK_EVERY_S: Final = 0.05
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    events: int
    took_s: float
    cpu_s: float
    answers_ms: tuple[float, ...]

    def at(self, share: float) -> float:
        ordered = sorted(self.answers_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def measure(short: bool) -> Figures:
    parcels, rounds = (500, 1) if short else (2_000, 3)
    turns = [(_run("coordinator", parcels), _run("bare", parcels)) for _ in range(rounds)]
    live = _run("coordinator", 150 if short else 750, LIVE)
    return {
        "events taken, flat out": _figure(
            median(ours.events / ours.took_s for ours, _ in turns),
            median(bare.events / bare.took_s for _, bare in turns), "events/s", rounds,
        ),
        "processor per event": _figure(
            median(ours.cpu_s * 1e6 / ours.events for ours, _ in turns),
            median(bare.cpu_s * 1e6 / bare.events for _, bare in turns), "us", rounds,
        ),
        f"question to decision at {LIVE} events/s, p50; wanted 50 ms": _figure(live.at(0.5), 50, "ms", 1),
        f"question to decision at {LIVE} events/s, p99; wanted 50 ms": _figure(live.at(0.99), 50, "ms", 1),
    }  # fmt: skip


def _figure(ours: float, baseline: float, unit: str, runs: int) -> dict[str, float | str | int]:
    return {
        "ours": round(ours, 2), "baseline": round(baseline, 2), "ratio": round(ours / baseline, 3), "unit": unit,
        "runs": runs,
    }  # fmt: skip


def _run(who: str, parcels: int, rate: int = 0) -> Run:
    with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
        folder = Path(made)
        hub = ScanHub(folder, benches=1)
        signer = load_identity(hub.gateway_data, "practice").signer
        began_us = clock.wall_time().utc_us - 3_600_000_000
        told = list(payloads(parcels, signer, began_us))
        lines = [[kind, name, json.loads(body)["data"]["line"], body.decode()] for kind, name, body in told]
        (folder / "payloads").write_text("".join(json.dumps(line) + "\n" for line in lines))
        taker: subprocess.Popen[bytes] | None = None
        try:
            taker, database = _start(who, hub, signer.public_b64)
            with _publisher(hub, folder, rate):
                began, cpu_s = time.monotonic(), _cpu_s(taker.pid)
                _wait_for(database, len(told))
                took_s = time.monotonic() - began
                cpu_s = _cpu_s(taker.pid) - cpu_s
            return Run(len(told), took_s, cpu_s, tuple(json.loads((folder / "answers").read_bytes())))
        finally:
            if who == "bare" and taker is not None:
                hub.kill(taker)
            hub.stop()


def _start(who: str, hub: ScanHub, public: str) -> "tuple[subprocess.Popen[bytes], Path]":
    """Running, and subscribed."""
    broker = hub.broker
    if who == "coordinator":
        hub.start_coordinator()
        assert hub.coordinator is not None
        _wait_for_word(hub.folder / "coordinator.log", "connected to broker")
        return hub.coordinator, hub.database
    database, topic = hub.folder / "bare.db", f"ehub-practice/v1/{HUB}/evt/+/+"
    words = [str(PARTS / "bare_coordinator.py"), broker.host, str(broker.port), topic, str(database), public]
    bare = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)
    assert bare.stdout is not None
    bare.stdout.readline()
    return bare, database


@contextmanager
def _publisher(hub: ScanHub, folder: Path, rate: int) -> Iterator[None]:
    words = [str(PARTS / "told.py"), hub.broker.host, str(hub.broker.port), str(folder), str(rate)]
    publisher = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert publisher.stdout is not None
    publisher.stdout.readline()
    try:
        yield
    finally:
        publisher.communicate()


def _wait_for(database: Path, events: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        while connection.execute("SELECT count(*) FROM events").fetchone() != (events,):
            assert time.monotonic() < deadline, f"not all of {events} events stored within {PATIENCE_S:.0f} s"
            time.sleep(LOOK_EVERY_S)


def _wait_for_word(log: Path, word: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while word not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, f"{log} does not say {word!r}"
        time.sleep(LOOK_EVERY_S)


def _cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
