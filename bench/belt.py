"""A whole hub of belt lines in simulated time, beside what evidence alone costs: hashing and encoding its events.

`parcels per second`: four lines at one gateway, reader and scale over bytes, journal chain, coordinator and checks, in
one thread; one visit in 1,000 is signed. The baseline is the events of as many parcels (seven of 1.5 KB each) encoded,
hashed and decoded by the standard library, nothing else. `all signed`: every event and decision signed and checked.
`hub-kul`: sixteen lines, its baseline one line of the same kind; and ten times as many parcels: how flat time is.
`step`: one input of the core with so many parcels in work (the median of the run's), its baseline encoding one event.
"""

import json
import time
from hashlib import sha256
from statistics import median
from typing import Final

from edge.core.effects import Effect
from edge.core.inputs import Input
from simulators.hub import SimulatedHub
from simulators.parcels import stream
from simulators.practice import practice_signer, with_lines
from simulators.scenario import find
from simulators.simulate import prepare, simulate

Figures = dict[str, dict[str, float | str | int]]

EVENTS_PER_PARCEL: Final = 7
EVENT: Final = {
    "kind": "parcel.decided", "line": "l1", "visit": "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f", "seq": 1,
    "codes": [{"data": "RR473124829MY", "type": "s10", "chk": True, "dev": "tunnel-1", "reads": 1}] * 4,
    "decision": {f"field_{number}": "01a2009b-3881-7000-8000-000000000001" for number in range(16)},
}  # fmt: skip


def measure(short: bool) -> Figures:
    count, runs = (200, 3) if short else (1_000, 7)
    simulate(1, 40, scenario="lines")  # warms up
    rounds = [
        (_baseline(count), _ours(count, seed), _signed(count // 4, seed)) for seed in range(1, runs + 1)
    ]
    baseline, ours, signed = (median(column) for column in zip(*rounds, strict=True))
    return {
        "parcels per second": _figure(ours, baseline, runs),
        "parcels per second, all signed": _figure(signed, baseline, runs),
        "one core, sixteen lines for one": _figure(*_sixteen(count), 1),
        "one core, ten times as many parcels": _figure(*_ten_times(count), 1),
        **_steps(count),
    }


def _figure(ours: float, baseline: float, runs: int) -> dict[str, float | str | int]:
    return {
        "ours": round(ours, 1), "baseline": round(baseline, 1), "ratio": round(ours / baseline, 4),
        "unit": "parcels/s", "runs": runs,
    }  # fmt: skip


def _ours(count: int, seed: int) -> float:
    report, _ = simulate(seed, count, scenario="lines")
    return float(report["speed"]["parcels_per_s"])


def _signed(count: int, seed: int) -> float:
    report, _ = simulate(seed, count, scenario="lines", sign_all=True)
    return float(report["speed"]["parcels_per_s"])


def _baseline(count: int) -> float:
    started = time.perf_counter()
    for number in range(count * EVENTS_PER_PARCEL):
        body = json.dumps(EVENT | {"seq": number}, sort_keys=True, separators=(",", ":")).encode()
        sha256(body).hexdigest()
        json.loads(body)
    return count / (time.perf_counter() - started)


def _speed(scenario: str, count: int, seed: int = 1, lines: int | None = None) -> float:
    hub = _prepared(scenario, count, seed, lines)
    started = time.process_time()
    hub.run()
    return count / (time.process_time() - started)


def _prepared(scenario: str, count: int, seed: int, lines: int | None) -> SimulatedHub:
    plan = find(scenario)
    config = plan.config(practice_signer("coordinator"))
    if lines is not None:
        config = with_lines(config, lines, benches=False)
    parcels = stream(seed, count, plan.goods)
    return prepare(config, parcels, seed, plan.name, lines=plan.lines).hub


def _sixteen(count: int) -> tuple[float, float]:
    return _speed("hub-kul", 4 * count), _speed("hub-kul", 4 * count, lines=1)


def _ten_times(count: int) -> tuple[float, float]:
    return _speed("line-dense", 10 * count), _speed("line-dense", count)


def _steps(count: int) -> Figures:
    """Wall time of every step of a hub with sixteen lines."""
    hub = _prepared("hub-kul", 2 * count, 1, None)
    took: list[int] = []
    in_work: list[int] = []
    step = hub.step

    def timed(given: Input) -> list[Effect]:
        began = time.perf_counter_ns()
        effects = step(given)
        took.append(time.perf_counter_ns() - began)
        in_work.append(hub.gateway.in_work)
        return effects

    hub.step = timed
    hub.run()
    took.sort()
    baseline_us = 1e6 / (_baseline(count) * EVENTS_PER_PARCEL)
    return {
        f"step with {int(median(in_work))} parcels in work, {name}": {
            "ours": round(took[len(took) * place // 1_000] / 1e3, 1), "baseline": round(baseline_us, 1),
            "ratio": round(took[len(took) * place // 1_000] / 1e3 / baseline_us, 2), "unit": "us", "runs": len(took),
        }
        for name, place in (("p50", 500), ("p99", 990), ("p99.9", 999))
    }  # fmt: skip
