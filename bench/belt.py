"""A whole hub of belt lines in simulated time, beside what evidence alone costs: hashing and encoding its events.

`parcels per second`: four lines at one gateway, reader and scale over bytes, journal chain, coordinator and checks, in
one thread; one visit in 1,000 is signed. The baseline is the events of as many parcels (seven of 1.5 KB each) encoded,
hashed and decoded by the standard library, nothing else. `all signed`: every event and decision signed and checked.
"""

import json
import time
from hashlib import sha256
from statistics import median
from typing import Final

from simulators.simulate import simulate

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
