"""Whose a reading is, by the joint probability and by FIFO: on the same traffic at 2 m/s, gap by gap, stamp by stamp.

`wrong`: parcels that would go on with a code that is not theirs. `held`: parcels without any fault, and with gaps of at
least 100 mm, that would not go on. Later beams have confirmed where the parcels are, so that their places are between
two beams' and half as far off.
"""

from typing import Final, get_args

from edge.core.association import assign_near
from edge.core.evidence import CONFIRMED, Stamp
from simulators.belt_readings import Habits, trains
from simulators.calibration import JUDGED, Tally
from simulators.fifo import fifo

Figures = dict[str, dict[str, float | str | int]]

SEED: Final = 7
GAPS_MM: Final = (50, 75, 100, 150, 200, 300, 500)
WINDOW_UM: Final = 40_000

CONFIRMED_UM: Final = {"error_um": 5_000, "sigma_um": 6_000}


def measure(short: bool) -> Figures:
    figures: Figures = {}
    for stamp in get_args(Stamp):
        for gap_mm in GAPS_MM:
            habits = Habits(
                errors="laplace", stamp=stamp, gap_um=(gap_mm * 1_000, gap_mm * 1_000), window_um=WINDOW_UM,
                confirmed=True, **CONFIRMED_UM,
            )  # fmt: skip
            ours, theirs = _compare(habits, 100 if short else 3_000)
            name = f"{stamp}, gap {gap_mm} mm"
            figures[f"{name}, wrong"] = _figure(ours.wrong, ours.accepted, theirs.wrong, theirs.accepted)
            if ours.clean:
                figures[f"{name}, held"] = _figure(ours.held, ours.clean, theirs.held, theirs.clean)
    return figures


def _compare(habits: Habits, count: int) -> tuple[Tally, Tally]:
    ours, theirs = Tally(), Tally()
    for train in trains(habits, count, SEED):
        by_time = fifo(train)
        for key in JUDGED:
            found = assign_near(key, train.candidates, train.evidence, train.looks, CONFIRMED)
            ours.judge(train, key, [one.code for one in found if one.key == key])
            theirs.judge(train, key, [code for code, given in by_time.items() if given == key])
    return ours, theirs


def _figure(ours: int, ours_of: int, theirs: int, theirs_of: int) -> dict[str, float | str | int]:
    return {
        "ours": f"{ours}/{ours_of}", "baseline": f"{theirs}/{theirs_of}",
        "ratio": f"{ours / max(1, ours_of):.1e} to {theirs / max(1, theirs_of):.1e}", "unit": "parcels", "runs": 1,
    }  # fmt: skip
