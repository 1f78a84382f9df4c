"""From a reading to the hub: latency, processor time and rate, beside the shortest Python that does the same.

One load of scans on ptys (`simulators/scan_load.py`) goes through three senders by turns, each a process, over one real
broker to one subscriber: `pyserial → paho` (the floor), `pyserial → SQLite FULL, grouped → paho` (the durable floor),
and `hub run` with commits, chain and signatures, beside the reference coordinator. Latency is from the write on the
pty to the message at the subscriber. An event of the gateway has about 1.2 KB, a message of the floors 100 bytes.

In a hub the coordinator is another computer. Here it takes processor time from the same cores; that its commits don't
stand in the gateway's way at one disk, its database lies in memory. What is sustained is also measured without it,
beside an ear that acknowledges (`parts/acknowledging_ear.py`), as the floors have only an ear as well.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Literal

from edge.wire.topics import HubTopics
from simulators.coordinator.letters import KEY_FILE
from simulators.practice import HUB
from simulators.scan_hub import Ground, ScanHub
from simulators.scan_load import EVENTS_PER_TURN, STEPS, ScanLoad, Written

Figures = dict[str, dict[str, float | str | int]]
Sender = Literal["floor", "durable", "ours", "ours alone"]
"""`ours alone`: without the coordinator."""

BENCHES: Final = 32
RATES: Final = (100, 500)
LATENCY_OF: Final[tuple[Sender, ...]] = ("floor", "durable", "ours")
PARTS_TOLD: Final = ("pump", "core", "journal", "uplink", "web")
"""Threads of the gateway whose processor time is told apart."""
FLAT_OUT: Final[dict[bool, tuple[int, ...]]] = {True: (2_400, 2_800, 3_300), False: (6_000, 9_000, 12_000)}
"""Readings a second asked for to find what is sustained, of the gateway (True) and of a floor: the most messages of
these. A bench that is scanned faster than its events are on disk refuses readings, so the most may come of less. The
last is more than either takes: the floor kept up with 6,000."""
PACED: Final = 2_000
"""Messages a second at which processor time is compared once more."""
EVENTS_PER_READING: Final = EVENTS_PER_TURN / STEPS
PARTS: Final = Path(__file__).with_name("parts")
MEMORY: Final = Path("/dev/shm")  # noqa: S108  (only where files of its own are made)
"""Where the coordinator's database lies, if there is such a place."""
SETTLE_S: Final = 3.0
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """One sender under one load."""

    latencies_ms: tuple[float, ...]
    readings: int
    messages: int
    cpu_s: float
    took_s: float
    parts_us: Mapping[str, int]
    """Of the gateway: what each of its threads used."""

    def at(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    @property
    def per_second(self) -> float:
        return self.messages / self.took_s

    @property
    def us_per_message(self) -> float:
        return self.cpu_s * 1e6 / max(1, self.messages)


def measure(short: bool) -> Figures:
    seconds, rounds = (5.0, 1) if short else (20.0, 3)
    figures: Figures = {}
    for rate in RATES:
        turns = [{name: _run(name, rate, seconds) for name in LATENCY_OF} for _ in range(rounds)]
        figures |= _latencies(rate, turns)
    senders: tuple[Sender, ...] = ("durable", "ours", "ours alone")
    paced = {name: _run(name, PACED / _messages_per_reading(name), seconds) for name in senders}
    flat = {name: [_run(name, rate, seconds) for rate in FLAT_OUT[_is_ours(name)]] for name in senders}
    best = {name: max(runs, key=lambda run: run.per_second) for name, runs in flat.items()}
    for name, told in (("ours", "beside the coordinator"), ("ours alone", "beside an ear")):
        figures |= {
            f"{PACED} messages/s, processor per message, {told}": _figure(
                paced[name].us_per_message, paced["durable"].us_per_message, "us", 1
            ),
            f"sustained, {told}": _figure(best[name].per_second, best["durable"].per_second, "messages/s", 1),
            f"processor per message then, {told}": _figure(
                best[name].us_per_message, best["durable"].us_per_message, "us", 1
            ),
        }
    return figures


def _is_ours(sender: Sender) -> bool:
    return sender.startswith("ours")


def _messages_per_reading(sender: Sender) -> float:
    return EVENTS_PER_READING if _is_ours(sender) else 1.0


def _latencies(rate: int, turns: list[dict[Sender, Run]]) -> Figures:
    def of(name: Sender, share: float) -> float:
        return median(turn[name].at(share) for turn in turns)

    def cpu(name: Sender) -> float:
        return median(turn[name].us_per_message for turn in turns)

    def part(name: str) -> float:
        return median(turn["ours"].parts_us.get(name, 0) / max(1, turn["ours"].messages) for turn in turns)

    runs = len(turns)
    return {
        f"{rate}/s, reading to hub, p50": _figure(of("ours", 0.5), of("durable", 0.5), "ms", runs),
        f"{rate}/s, reading to hub, p99": _figure(of("ours", 0.99), of("durable", 0.99), "ms", runs),
        f"{rate}/s, the same beside the floor that is not durable, p50": _figure(
            of("ours", 0.5), of("floor", 0.5), "ms", runs
        ),
        f"{rate}/s, processor per message": _figure(cpu("ours"), cpu("durable"), "us", runs),
        **{f"{rate}/s, of it {name}": _figure(part(name), cpu("durable"), "us", runs) for name in PARTS_TOLD},
    }


def _figure(ours: float, baseline: float, unit: str, runs: int) -> dict[str, float | str | int]:
    return {
        "ours": round(ours, 2), "baseline": round(baseline, 2), "ratio": round(ours / baseline, 3), "unit": unit,
        "runs": runs,
    }  # fmt: skip


def _run(sender: Sender, rate: int, seconds: float) -> Run:
    elsewhere = MEMORY if os.access(MEMORY, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="ehub-bench-") as made,
        tempfile.TemporaryDirectory(prefix="ehub-bench-", dir=elsewhere) as coordinator,
    ):
        folder = Path(made)
        hub = ScanHub(folder, BENCHES, ground=Ground(coordinator_data=Path(coordinator) / "data"))
        is_ours = _is_ours(sender)
        try:
            with _ear(sender, hub, folder / "heard") as heard:
                process = _ours(sender, hub) if is_ours else _floor(sender, hub)
                load = hub.load
                _settle(load)
                if is_ours:
                    hub.wait_until_ready()
                del load.written[:]
                parts = _parts(hub)
                before_s, began = _cpu_s(process.pid), time.monotonic()
                load.run(rate, seconds)
                took_s = time.monotonic() - began
                time.sleep(SETTLE_S)
                cpu_s = _cpu_s(process.pid) - before_s
                used = {name: us - parts.get(name, 0) for name, us in _parts(hub).items()}
                heard()
                if not is_ours:
                    process.kill()
                    process.wait()
            told = _judge(load.written, (folder / "heard").read_bytes(), is_ours=is_ours)
            return Run(*told, cpu_s, took_s, used)
        finally:
            hub.stop()


def _ours(sender: Sender, hub: ScanHub) -> "subprocess.Popen[bytes]":
    if sender == "ours":
        hub.start_coordinator()
    hub.start_gateway()
    hub.wait_until_ready()
    assert hub.gateway is not None
    return hub.gateway


def _settle(load: ScanLoad) -> None:
    """Every bench scans one whole turn: imports, caches and first pages are paid for."""
    for _ in range(3):
        for bench in range(load.benches):
            load.scan(bench)
            time.sleep(0.01)
    time.sleep(SETTLE_S)


def _judge(written: list[Written], heard: bytes, *, is_ours: bool) -> tuple[tuple[float, ...], int, int]:
    """Latencies in ms, readings, messages."""
    first = {one.key: one.at_ns for one in written}
    began_ns, latencies, messages = written[0].at_ns, [], 0
    floor_turn: dict[str, str] = {}
    for line in heard.splitlines():
        at, _, payload = line.partition(b" ")
        if int(at) < began_ns:
            continue
        messages += 1
        message = json.loads(payload)
        key = _key_of_event(message["data"]) if is_ours else _key_of_floor(message, floor_turn)
        if key in first:
            latencies.append((int(at) - first.pop(key)) / 1e6)
    return tuple(latencies), len(written), messages


def _key_of_event(data: dict) -> str:  # type: ignore[type-arg]
    codes = [code["data"] for code in data.get("codes", ())]
    match data["kind"]:
        case "parcel.identified":
            return str(codes[-1])
        case "parcel.diverted":
            return f"{codes[0]}/bay"
        case _:
            return ""


def _key_of_floor(message: dict, turn: dict[str, str]) -> str:  # type: ignore[type-arg]
    """A bay's barcode follows two labels at its scanner."""
    device, code = message["dev"], message["code"]
    if code.startswith("HUBX"):
        return f"{turn.pop(device, '')}/bay"
    turn.setdefault(device, code)
    return str(code)


@contextmanager
def _ear(sender: Sender, hub: ScanHub, file: Path) -> Iterator:  # type: ignore[type-arg]
    at = [hub.broker.host, str(hub.broker.port)]
    if sender == "ours alone":
        key = (hub.coordinator_data / KEY_FILE).read_text().strip()
        words = [str(PARTS / "acknowledging_ear.py"), *at, str(file), key]
    else:
        topic = HubTopics("practice", HUB).events if sender == "ours" else "floor/readings"
        words = [str(PARTS / "ear.py"), *at, topic, str(file)]
    ear = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert ear.stdout is not None
    ear.stdout.readline()

    def finish() -> None:
        ear.communicate()

    try:
        yield finish
    finally:
        if ear.poll() is None:
            ear.kill()
            ear.wait()


def _floor(name: Sender, hub: ScanHub) -> "subprocess.Popen[bytes]":
    broker, load = hub.broker, hub.load
    database = "-" if name == "floor" else str(hub.folder / "floor.db")
    ports = [str(load.folder / f"scan-{number}") for number in range(load.benches)]
    words = [str(PARTS / "floor.py"), broker.host, str(broker.port), database, *ports]
    floor = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)
    assert floor.stdout is not None
    floor.stdout.readline()
    return floor


def _parts(hub: ScanHub) -> dict[str, int]:
    """What each thread of the gateway has used so far; nothing where there is none."""
    return dict(hub.figures()["processor_us"]) if hub.gateway is not None else {}


def _cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
