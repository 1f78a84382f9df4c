"""Calibrations of several worlds are one, as if all had been judged together."""

from simulators.belt_readings import Habits
from simulators.calibration import Calibration, run


def test_pooled_calibrations_are_those_of_one_run_over_all_worlds() -> None:
    worlds = [Habits(gap_um=(50_000, 120_000)), Habits(stamp="arrival", window_um=60_000)]
    together, pooled = Calibration(), Calibration()
    for place, habits in enumerate(worlds):
        alone = Calibration()
        run(habits, 40, place, together)
        run(habits, 40, place, alone)
        pooled.pool(alone)

    assert pooled == together
    assert sum(decade.claims for decade in pooled.decades.values()) > 0
