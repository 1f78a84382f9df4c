"""What goes wrong on a belt is drawn by seed and parcel, at the rates that were asked for."""

import pytest

from simulators.line_faults import (
    BOUNCE_NS,
    BOUNCES_MAX,
    CUT_NS,
    JUMP,
    LATE_ANSWER_NS,
    LATE_RECORD_NS,
    LINE_RATES_PPM,
    LOST_COUNTS,
    line_plan,
)
from simulators.parcels import MILLION, stream
from simulators.traffic import USUAL

PARCELS = stream(1, 400)


def test_a_plan_depends_on_seed_and_parcel_alone() -> None:
    forwards = [line_plan(1, parcel) for parcel in PARCELS]
    backwards = [line_plan(1, parcel) for parcel in reversed(PARCELS)]

    assert forwards == backwards[::-1]
    assert forwards != [line_plan(2, parcel) for parcel in PARCELS]


def test_another_rate_of_one_fault_leaves_the_rest_of_the_plan_as_it_is() -> None:
    for parcel in PARCELS:
        usual = line_plan(1, parcel)
        more = line_plan(1, parcel, {**LINE_RATES_PPM, "touching": MILLION})

        assert more.faults == tuple(
            fault for fault in LINE_RATES_PPM if fault in usual.faults or fault == "touching"
        )
        assert (more.length_um, more.gap_um, more.at_ppm) == (usual.length_um, usual.gap_um, usual.at_ppm)


@pytest.mark.parametrize("fault", LINE_RATES_PPM)
def test_each_fault_comes_at_its_rate(fault: str) -> None:
    def share(ppm: int) -> float:
        plans = [line_plan(1, parcel, {fault: ppm}) for parcel in PARCELS]  # type: ignore[dict-item]  # parameters are faults
        return sum(fault in plan.faults for plan in plans) / len(plans)

    assert share(0) == 0.0
    assert abs(share(300_000) - 0.3) < 0.08
    assert share(MILLION) == 1.0


def test_sizes_stay_within_their_bounds() -> None:
    for plan in (line_plan(1, parcel) for parcel in PARCELS):
        assert 120_000 <= plan.length_um <= 480_000
        assert plan.length_um // 4 <= plan.label_um <= 3 * plan.length_um // 4
        assert USUAL.gap.least_um <= plan.gap_um <= USUAL.gap.most_um
        assert LOST_COUNTS[0] <= plan.lost_counts <= LOST_COUNTS[1]
        assert LATE_ANSWER_NS[0] <= plan.late_answer_ns <= LATE_ANSWER_NS[1]
        assert LATE_RECORD_NS[0] <= plan.late_record_ns <= LATE_RECORD_NS[1]
        assert JUMP[0] <= plan.jump <= JUMP[1]
        assert CUT_NS[0] <= plan.cut_ns <= CUT_NS[1]
        assert len(plan.bounce_ns) in range(
            2, 2 * BOUNCES_MAX + 1, 2
        )  # it ends at the level at which it began
        assert all(BOUNCE_NS[0] <= ns <= BOUNCE_NS[1] for ns in plan.bounce_ns)
