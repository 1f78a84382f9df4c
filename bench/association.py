"""Stated confidence against truth, for each decade of 1 - p and each kind of stamp, in worlds nothing was tuned on.

Column `ours` is the observed rate of errors with its 95 % upper bound, `baseline` the mean that was stated, `ratio` is
observed upper bound to the decade's end (1 or less: the promise is kept). Also the time of a call, beside a sum of 100.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, get_args

from edge.core.association import assign, assign_near
from edge.core.evidence import CONFIRMED, PPM, Candidate, Evidence, Priors, Stamp
from simulators.belt_readings import Errors, Habits, trains
from simulators.calibration import Calibration, run

Figures = dict[str, dict[str, float | str | int]]

SEED: Final = 1
WINDOW_UM: Final = 40_000
GAPS_UM: Final = ((50_000, 500_000), (50_000, 120_000))
HARSH: Final = {"push_ppm": 400, "shift_ppm": 100, "stray_ppm": 100, "no_read_ppm": 20_000, "error_um": 9_000}
"""Hands, counts and strays more often than any of it was believed to happen; gross errors stated at 500 ppm."""
WILD: Final = {
    "push_ppm": 20_000, "shift_ppm": 2_000, "stray_ppm": 2_000, "no_read_ppm": 50_000, "gross_ppm": 25_000,
}  # fmt: skip
WILD_PRIORS: Final = Priors(miss_ppm=60_000, clutter_ppm=5_000, common_ppm=2_500)
"""A belt on which everything goes wrong, and is known to: so many errors that most doubts are of 1e-4 to 1e-3."""
ROUGH: Final = {name: ppm // 10 for name, ppm in WILD.items()}
ROUGH_PRIORS: Final = Priors(miss_ppm=6_000, clutter_ppm=500, common_ppm=250)
"""The same a tenth as often: most doubts are of 1e-5 to 1e-4."""
PRIORS_OF: Final = {"wild": WILD_PRIORS, "rough": ROUGH_PRIORS}
TIMES: Final = {"rough": 2, "rough, elsewhere": 3}
"""So many more parcels: rarer errors take more of them to tell."""
ELSEWHERE: Final = {"gap_um": (36_000, 300_000), "window_um": 60_000, "error_um": 7_000, "second_ppm": 80_000}
"""Another belt: closer gaps, a wider view, other errors, more labels. Nothing was tuned on it."""


def measure(short: bool) -> Figures:
    parcels = 200 if short else 4_000
    figures: Figures = {}
    pooled: dict[str, Calibration] = {}
    for stamp in get_args(Stamp):
        for name, worlds in _worlds(stamp).items():
            found = Calibration()
            for place, habits in enumerate(worlds):
                kind = name.partition(",")[0]
                run(habits, parcels * TIMES.get(name, 1), SEED + place, found, PRIORS_OF.get(kind))
            figures |= _decades(f"{stamp} {name}", found)
            pooled.setdefault(name, Calibration()).pool(found)
    for name, found in pooled.items():
        figures |= _decades(f"any stamp {name}", found)
    return figures | _speed(200 if short else 5_000)


def _worlds(stamp: Stamp) -> dict[str, list[Habits]]:
    plain = [
        Habits(errors=errors, stamp=stamp, gap_um=gap_um, window_um=WINDOW_UM)
        for errors in get_args(Errors)
        for gap_um in GAPS_UM
    ]
    harsh = [replace(one, **HARSH, gross_ppm=500) for one in plain]
    return {
        "as read": plain,
        "confirmed": [replace(one, confirmed=True, error_um=5_000, sigma_um=6_000) for one in plain],
        "harsh": harsh,
        "wild": [replace(one, **WILD) for one in plain],
        "wild, elsewhere": [replace(one, **WILD, **ELSEWHERE) for one in plain[:: len(GAPS_UM)]],
        "rough": [replace(one, **ROUGH) for one in plain],
        "rough, elsewhere": [replace(one, **ROUGH, **ELSEWHERE) for one in plain[:: len(GAPS_UM)]],
    }


def _decades(name: str, found: Calibration) -> Figures:
    figures: Figures = {}
    for edge, decade in found.decades.items():
        if decade.claims:
            figures[f"{name}, doubt to {edge / PPM:.0e}: {decade.wrong} wrong"] = {
                "ours": f"{decade.wrong / decade.claims:.1e} < {decade.upper:.1e}", "baseline": f"{decade.stated:.1e}",
                "ratio": round(decade.upper * PPM / edge, 2), "unit": "share", "runs": decade.claims,
            }  # fmt: skip
    tally = found.tally
    figures[f"{name}, held of {tally.clean} clean"] = {
        "ours": f"{tally.held / max(1, tally.clean):.1e}", "baseline": "", "ratio": "", "unit": "share",
        "runs": tally.clean,
    }  # fmt: skip
    return figures


def _speed(runs: int) -> Figures:
    ahead = Candidate(1, 300_000, 0, 9_000, 50, looked=True)
    behind = Candidate(2, -100_000, -400_000, 9_000, 50, looked=True)
    seen = Evidence("code", "cam", "exposure", 150_000, 150_000, 3_000)
    train = next(trains(Habits(), 1, SEED))
    calls: dict[str, Callable[[], object]] = {
        "1 reading, 2 parcels": lambda: assign([ahead, behind], [seen]),
        "a parcel in dense traffic": lambda: assign_near(2, train.candidates, train.evidence),
        "the same, confirmed": lambda: assign_near(2, train.candidates, train.evidence, priors=CONFIRMED),
    }
    return {name: _timed(call, runs) for name, call in calls.items()}


def _timed(call: Callable[[], object], runs: int) -> dict[str, float | str | int]:
    ours, baseline = _micros(call, runs), _micros(lambda: sum(number for number in range(100)), runs)
    return {
        "ours": round(ours, 1), "baseline": round(baseline, 1), "ratio": round(ours / baseline, 1), "unit": "us",
        "runs": runs,
    }  # fmt: skip


def _micros(call: Callable[[], object], runs: int) -> float:
    """The quickest of ten rounds."""
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(runs // 10):
            call()
        best = min(best, (time.perf_counter() - started) / (runs // 10))
    return best * 1e6
