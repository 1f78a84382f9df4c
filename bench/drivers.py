"""What drivers cost: MB/s of each parser, and the device loop over 64 ptys beside a bare pyserial loop for each.

`X MB/s`: clean frames of the manuals, in reads of 64 bytes, through the parser that `hub campaign fuzz` tries under
that name; the baseline splits the same bytes into lines and decodes them. `busy` is 32 silent and 32 busy devices (10
frames a second each), `idle` all 64 silent; each in turn through the device loop of a gateway (its thread alone: no
core, no journal) and through threads with `Serial.readline`, in processes of their own. Latency is from the write of a
frame on the pty to its reading. `whole gateway` is `hub run` with 32 benches, broker and coordinator beside it: their
scanners are silent, their scales send 10 weights a second each; the baseline is the same threads with `readline`. Its
latency ends where the device loop has read the frame and makes its reading; `reading to step` is the rest of the way,
from there until the core takes it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge.commands.control import lines
from simulators.fuzz_campaign import vectors_of
from simulators.fuzz_subjects import Subject, subjects
from simulators.scan_hub import ScanHub
from simulators.scan_load import STREAMED

Figures = dict[str, dict[str, float | str | int]]

SILENT: Final = 32
BUSY: Final = 32
PER_SECOND: Final = 10
READ_BYTES: Final = 64
SETTLE_S: Final = 2.0
BEGIN_S: Final = 0.5
"""Of weights before those that are measured: with its first ones a scale is known, and whether it sends a checksum."""
PARTS: Final = Path(__file__).with_name("parts")
SIDES: Final = {"ours": "pumped.py", "baseline": "readline.py"}


def measure(short: bool) -> Figures:
    size, seconds, rounds = (100_000, 4.0, 1) if short else (300_000, 20.0, 3)
    figures: Figures = {}
    for one in subjects():
        if (speed := _speed(one, size)) is not None:
            figures[f"{one.name} MB/s"] = speed
    turns = [{side: _loop(part, seconds) for side, part in SIDES.items()} for _ in range(rounds)]
    whole = [_gateway(seconds) for _ in range(rounds)]
    for name, key, unit in (
        ("busy: processor", "busy_ppm", "ppm of a core"), ("idle: processor", "idle_ppm", "ppm of a core"),
        ("busy: latency p50", "p50_us", "us"), ("busy: latency p99", "p99_us", "us"),
        ("busy: frames lost", "lost", "of all"),
        ("busy: processor, whole gateway", "busy_ppm", "ppm of a core"),
        ("idle: processor, whole gateway", "idle_ppm", "ppm of a core"),
        ("busy: latency p50, whole gateway", "p50_us", "us"), ("busy: latency p99, whole gateway", "p99_us", "us"),
        ("busy: reading to step p50, whole gateway", "step_p50_us", "us"),
        ("busy: reading to step p99, whole gateway", "step_p99_us", "us"),
        ("busy: frames lost, whole gateway", "lost", "of all"),
    ):  # fmt: skip
        bare = median(turn["baseline"].get(key, 0) for turn in turns)
        of_ours = whole if "gateway" in name else [turn["ours"] for turn in turns]
        ours = median(turn[key] for turn in of_ours)
        ratio = round(ours / bare, 2) if bare else 0.0
        figures[name] = {"ours": ours, "baseline": bare, "ratio": ratio, "unit": unit, "runs": rounds}
    return figures


def _speed(subject: Subject, size: int) -> dict[str, float | str | int] | None:
    frames = [*vectors_of(subject.vectors), *subject.frames]
    good = [frame for frame in frames if subject.new().feed([frame])]
    if not good:
        return None
    whole = b"".join(good)
    times = max(1, size // len(whole))
    if subject.per_read:
        reads = good * times
    else:
        data = whole * times
        reads = [data[place : place + READ_BYTES] for place in range(0, len(data), READ_BYTES)]
    fed = sum(map(len, reads))
    parser = subject.new()
    begun = time.perf_counter()
    told = parser.feed(reads)
    took = time.perf_counter() - begun
    begun = time.perf_counter()
    _split(reads)
    bare = time.perf_counter() - begun
    ours, baseline = round(fed / took / 1e6, 2), round(fed / bare / 1e6, 2)
    return {
        "ours": ours,
        "baseline": baseline,
        "ratio": round(ours / baseline, 3),
        "unit": "MB/s",
        "runs": len(told),
    }


def _split(reads: Sequence[bytes]) -> list[str]:
    found, rest = [], b""
    for data in reads:
        *lines, rest = (rest + data).split(b"\r")
        rest = rest[-READ_BYTES:]
        found += [line.decode("latin-1") for line in lines]
    return found


# The loop ---------------------------------------------------------------------------------------------------


def _loop(part: str, seconds: float) -> dict[str, float]:
    with _ptys(SILENT + BUSY) as (far, paths):
        process = subprocess.Popen(
            [sys.executable, PARTS / part, *paths], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{part} did not begin")
        time.sleep(SETTLE_S)
        idle = _cpu_ppm(process.pid, lambda: time.sleep(seconds))
        written: dict[str, int] = {}
        busy = _cpu_ppm(process.pid, lambda: written.update(_write(far[SILENT:], seconds)))
        time.sleep(SETTLE_S)
        told, _ = process.communicate("")
        came = json.loads(told)
    late = sorted((came[code] - at) // 1_000 for code, at in written.items() if code in came)
    return {
        "idle_ppm": idle, "busy_ppm": busy, "lost": len(written) - len(late),
        "p50_us": late[len(late) // 2], "p99_us": late[len(late) * 99 // 100],
    }  # fmt: skip


def _gateway(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
        hub = ScanHub(Path(made), BUSY, streaming=True)
        try:
            hub.start_coordinator()
            hub.start_gateway()
            hub.wait_until_ready()
            assert hub.gateway is not None, "it was started"
            time.sleep(SETTLE_S)
            idle = _cpu_ppm(hub.gateway.pid, lambda: time.sleep(seconds))
            hub.load.stream(PER_SECOND, BEGIN_S)
            time.sleep(SETTLE_S)
            before, begun = _frames(hub), time.monotonic_ns()
            busy = _cpu_ppm(hub.gateway.pid, lambda: hub.load.stream(PER_SECOND, seconds))
            time.sleep(SETTLE_S)
            late = sorted(_late_us(hub, begun))
            step = hub.figures()["latency_ms"]["reading_to_step"]
            return {
                "idle_ppm": idle, "busy_ppm": busy, "lost": len(late) - (_frames(hub) - before),
                "p50_us": late[len(late) // 2], "p99_us": late[len(late) * 99 // 100],
                "step_p50_us": round(step["p50"] * 1000), "step_p99_us": round(step["p99"] * 1000),
            }  # fmt: skip
        finally:
            hub.stop()


def _late_us(hub: ScanHub, begun: int) -> Iterator[int]:
    """Of each weight sent since `begun`: from its write on the pty until the device loop took its last byte."""
    for bench, sent in enumerate(hub.load.streamed):
        calls = map(json.loads, lines(hub.gateway_data, f"/devices/scale-{bench}/trace"))
        for written, read in zip(sent, _reads(calls), strict=False):
            if written >= begun:
                yield (read - written) // 1_000


def _reads(calls: Iterable[dict[str, Any]]) -> Iterator[int]:
    """When the last byte of each frame was there; from a device's trace."""
    there = 0
    for call in calls:
        before, there = there // len(STREAMED), there + len(call.get("in", "")) // 2
        yield from [int(call["at"])] * (there // len(STREAMED) - before)


def _frames(hub: ScanHub) -> int:
    """Taken so far from all ports."""
    return sum(int(port["frames"]) for port in hub.figures()["ports"])


def _write(far: Sequence[int], seconds: float) -> dict[str, int]:
    """At an even pace over all devices: code → when its frame was written."""
    written: dict[str, int] = {}
    pace_ns = 1_000_000_000 // (PER_SECOND * len(far))
    begun = time.monotonic_ns()
    for number in range(int(seconds * PER_SECOND * len(far))):
        ahead = begun + number * pace_ns - time.monotonic_ns()
        if ahead > 0:
            time.sleep(ahead / 1e9)
        code = f"RB{number:09}GB"
        written[code] = time.monotonic_ns()
        os.write(far[number % len(far)], code.encode() + b"\r\n")
    return written


def _cpu_ppm(pid: int, meanwhile: object) -> float:
    """Of one core, by all threads of a process."""
    assert callable(meanwhile), "something happens while it is watched"
    before, begun = _run_ns(pid), time.monotonic_ns()
    meanwhile()
    return round((_run_ns(pid) - before) / (time.monotonic_ns() - begun) * 1e6)


def _run_ns(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


@contextmanager
def _ptys(count: int) -> Iterator[tuple[list[int], list[str]]]:
    pairs = [os.openpty() for _ in range(count)]
    try:
        for _, near in pairs:
            tty.setraw(near)
        yield [far for far, _ in pairs], [os.ttyname(near) for _, near in pairs]
    finally:
        for descriptor in (one for pair in pairs for one in pair):
            os.close(descriptor)
