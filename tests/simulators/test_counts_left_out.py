"""Encoders that leave out counts, in whole simulated lines: each parcel keeps a visit of its own."""

from pathlib import Path

import pytest

from simulators.practice import EXAMPLE
from simulators.simulate import simulate

LONG_COUNTS = 'count = "500 um"', 'count = "2 mm"'
"""What is left out is up to 480 mm then: more than from one parcel to the next."""


def test_a_gap_that_the_counter_misses_at_the_first_beam_leaves_two_visits() -> None:
    """Parcel 332 of this seed was one with the parcel ahead of it, and had no visit of its own."""
    report, details = simulate(21, 350, scenario="line-dense")

    assert details == ()
    assert report["truth"]["unaccounted"] == 0


@pytest.mark.parametrize("seed", [1, 4])
def test_more_counts_left_out_than_from_parcel_to_parcel_put_none_under_anothers_visit(
    tmp_path: Path, seed: int
) -> None:
    """With these seeds parcels were held under the visits of those ahead of them."""
    layout = EXAMPLE.read_text(encoding="utf-8")
    (tmp_path / "layout.toml").write_text(layout.replace(*LONG_COUNTS), encoding="utf-8")
    scenario = tmp_path / "long-counts.toml"
    scenario.write_text(
        'about = "Long counts."\nlayout = "layout.toml"\nlines = 1\nbenches = false\n'
        "[parcels]\ncode_ppm = { sscc = 200_000, ean = 250_000, qr = 250_000 }\n"
        "[fault_ppm]\nlost_counts = 100_000\n",
        encoding="utf-8",
    )

    report, details = simulate(seed, 150, scenario=str(scenario))

    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["belt"]["faults"]["lost_counts"] > 10
