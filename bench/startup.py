"""Start-up of the command line: `hub --version` beside a Python that does nothing. Whole processes, medians."""

import subprocess
import sys
import time
from statistics import median

Figures = dict[str, dict[str, float | str | int]]


def measure(short: bool) -> Figures:
    runs = 5 if short else 25
    nothing = [sys.executable, "-c", "pass"]
    version = [sys.executable, "-m", "edge.cli", "--version"]
    pairs = [(_seconds(nothing), _seconds(version)) for _ in range(runs + 1)][1:]  # the first pair warms up
    baseline, ours = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return {
        "hub --version": {
            "ours": round(ours, 4),
            "baseline": round(baseline, 4),
            "ratio": round(ours / baseline, 2),
            "unit": "s",
            "runs": runs,
        }
    }


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
