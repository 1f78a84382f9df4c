"""A backlog drained beside live traffic: how fast, in how much memory, and how soon a live parcel has its answer.

A journal is filled by the journal's own code (`simulators/backlog.py`), as a day without the network would have: for
one line 576,000 events (contract §11). Then broker, reference coordinator and gateway start as processes, parcels are
weighed at twelve benches at the rate of one line, and the time is taken from the first acknowledgement until the last
event of the backlog is acknowledged. How soon a decision is back the gateway measures itself, from the reading that
asked; the same traffic without a backlog is measured before. The baselines are the figures wanted.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge.rim.journal import JOURNAL_FILE, JournalReader
from simulators.backlog import fill
from simulators.link_faults import rss_mib
from simulators.scan_hub import ScanHub
from simulators.weighed_load import WeighedLoad

Figures = dict[str, dict[str, float | str | int]]

EVENTS: Final = 576_000
"""A day of one line."""
EVENTS_SHORT: Final = 20_000
WANTED_PER_S: Final = EVENTS / 600
BENCHES: Final = 12
PARCELS_PER_S: Final = 4_000 / 3_600
QUIET_S: Final = 60.0
QUIET_SHORT_S: Final = 20.0
LOOK_EVERY_S: Final = 0.5
STANDSTILL_S: Final = 120.0
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")
QUANTILES: Final = ("p50", "p99")


@dataclass(slots=True)
class Drain:
    """What was seen of it."""

    events: int = 0
    took_s: float = 0.0
    parcels: int = 0
    answers: dict[str, float] = field(default_factory=dict)
    cpu_us: dict[str, float] = field(default_factory=dict)
    mib_first: dict[str, float] = field(default_factory=dict)
    mib_most: dict[str, float] = field(default_factory=dict)
    load: float = 0.0


def measure(short: bool, events: int | None = None) -> Figures:
    with _hub() as (hub, load):
        quiet = _quiet(hub, load, QUIET_SHORT_S if short else QUIET_S)
    with _hub() as (hub, load):
        filled = fill(hub.gateway_data, events or (EVENTS_SHORT if short else EVENTS))
        drain = _drain(hub, load, filled)
    figures = {
        f"{filled} events drained beside {PARCELS_PER_S:.1f} parcels/s": _figure(
            filled / drain.took_s, WANTED_PER_S, "events/s"
        )
    }
    for name, told, wanted in (("while draining", drain.answers, 250.0), ("quiet", quiet, 50.0)):
        figures |= {
            f"decision back, {name}, {q}": _figure(told[q], wanted, "ms") for q in QUANTILES if q in told
        }
    for name, cpu_us in drain.cpu_us.items():
        figures[f"{name}: processor per event"] = _figure(cpu_us, 1e6 / WANTED_PER_S, "us")
        figures[f"{name}: memory at most, beside that at the start"] = _figure(
            drain.mib_most[name], drain.mib_first[name], "MiB"
        )
    figures["load average at the end of it, beside the cores"] = _figure(
        drain.load, os.cpu_count() or 1, "processes"
    )
    return figures


def _figure(ours: float, baseline: float, unit: str) -> dict[str, float | str | int]:
    return {
        "ours": round(ours, 2), "baseline": round(baseline, 2), "ratio": round(ours / baseline, 3), "unit": unit,
        "runs": 1,
    }  # fmt: skip


@contextmanager
def _hub() -> Iterator[tuple[ScanHub, WeighedLoad]]:
    with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
        hub = ScanHub(Path(made), BENCHES, load=WeighedLoad)
        load = hub.load
        assert isinstance(load, WeighedLoad)
        try:
            yield hub, load
        finally:
            load.end()
            hub.stop()


def _drain(hub: ScanHub, load: WeighedLoad, filled: int) -> Drain:
    drain = Drain(filled)
    hub.start_coordinator()
    hub.start_gateway()
    _wait(hub, lambda acknowledged: acknowledged > 0)
    began, pids = time.monotonic(), _pids(hub)
    cpu_s = {name: _cpu_s(pid) for name, pid in pids.items()}
    drain.mib_first = {name: rss_mib(pid) for name, pid in pids.items()}
    load.begin(PARCELS_PER_S)

    def drained(acknowledged: int) -> bool:
        for name, pid in pids.items():
            drain.mib_most[name] = max(drain.mib_most.get(name, 0.0), rss_mib(pid))
        return acknowledged >= filled

    _wait(hub, drained)
    drain.took_s = time.monotonic() - began
    drain.load = os.getloadavg()[0]
    drain.answers = _answers(hub)
    drain.parcels = load.parcels
    drain.cpu_us = {name: (_cpu_s(pid) - cpu_s[name]) * 1e6 / filled for name, pid in pids.items()}
    load.end()
    return drain


def _quiet(hub: ScanHub, load: WeighedLoad, seconds: float) -> dict[str, float]:
    """The same live traffic with nothing beside it."""
    hub.start_coordinator()
    hub.start_gateway()
    hub.wait_until_ready()
    load.begin(PARCELS_PER_S)
    time.sleep(seconds)
    load.end()
    return _answers(hub)


def _answers(hub: ScanHub) -> dict[str, float]:
    told: dict[str, Any] = hub.figures()["latency_ms"]
    return dict(told["event_to_decision"] or {})


def _wait(hub: ScanHub, true: Callable[[int], bool]) -> None:
    """Until it is true of the last acknowledged event."""
    reader, last, since = JournalReader(hub.gateway_data / JOURNAL_FILE), 0, time.monotonic()
    try:
        while not true(acknowledged := reader.acknowledged().seq):
            if acknowledged > last:
                last, since = acknowledged, time.monotonic()
            assert time.monotonic() - since < STANDSTILL_S, (
                f"stands still at {last}: {hub.log('gateway')} {hub.log('coordinator')}"
            )
            time.sleep(LOOK_EVERY_S)
    finally:
        reader.close()


def _pids(hub: ScanHub) -> dict[str, int]:
    assert hub.gateway is not None, "all three were started"
    assert hub.coordinator is not None, "all three were started"
    assert hub.broker.pid is not None, "all three were started"
    return {"gateway": hub.gateway.pid, "coordinator": hub.coordinator.pid, "broker": hub.broker.pid}


def _cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
