"""Parcels that no diverter could part from one that goes elsewhere."""

from pathlib import Path

import pytest

from hub_config.lines import Line
from hub_config.load import load
from hub_config.names import Instant
from simulators.bodies import Body
from simulators.line_faults import LINE_RATES_PPM, line_plan
from simulators.motion import unmoved
from simulators.parcels import stream
from simulators.rows import ROW_MAX, Rows
from simulators.simulate import simulate
from simulators.traffic import USUAL

DENSE = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dense.toml"
LENGTH_UM = 300_000
SPEED_UM_S = 2_000_000


@pytest.fixture(scope="module")
def line() -> Line:
    return load(DENSE).lines[0]


def feed(*gaps_um: int) -> list[Body]:
    """One parcel more than gaps."""
    bodies, starts = [], 0
    plans = dict.fromkeys(LINE_RATES_PPM, 0)
    for parcel, gap_um in zip(stream(1, len(gaps_um) + 1), (*gaps_um, 0), strict=True):
        body = Body(parcel, line_plan(1, parcel, plans, USUAL), Instant(starts))
        body.motion = unmoved(SPEED_UM_S, LENGTH_UM)
        bodies.append(body)
        starts += (LENGTH_UM + gap_um) * 1_000_000_000 // SPEED_UM_S
    return bodies


def numbers(bodies: list[Body], *places: int) -> set[int]:
    return {bodies[place].parcel.number for place in places}


def test_one_beside_a_parcel_that_goes_elsewhere_needs_the_diverters_gap(line: Line) -> None:
    bodies = feed(90_000, 110_000, 90_000)
    entitled = numbers(bodies, 0, 2, 3)

    assert Rows(line).too_close(bodies, entitled) == numbers(bodies, 0)


def test_what_one_of_a_row_may_not_none_of_it_can(line: Line) -> None:
    bodies = feed(60_000, 60_000, 60_000)

    assert Rows(line).too_close(bodies, numbers(bodies, 0, 1, 2, 3)) == set()
    assert Rows(line).too_close(bodies, numbers(bodies, 0, 1, 3)) == numbers(bodies, 0, 1, 3)


def test_one_that_was_taken_off_is_in_nobodys_way(line: Line) -> None:
    bodies = feed(60_000, 60_000)
    bodies[1].taken = True

    assert Rows(line).too_close(bodies, numbers(bodies, 0, 2)) == set()


def test_one_that_was_diverted_all_the_same_could_be(line: Line) -> None:
    bodies = feed(90_000)
    bodies[0].lane = line.free_lane

    assert Rows(line).too_close(bodies, numbers(bodies, 0)) == set()


def test_a_row_longer_than_the_bound_is_judged_in_parts(line: Line) -> None:
    bodies = feed(*[60_000] * ROW_MAX)

    assert [len(row) for row in Rows(line).split(bodies)] == [ROW_MAX, 1]


def test_the_loss_to_rows_is_told_apart_and_all_of_it_is_accounted_for() -> None:
    """Judged in batches, as all long runs are, so that rows must not be cut."""
    report, _ = simulate(3, 700, scenario="line-dense")
    release, too_close = report["release"], report["belt"]["too_close"]

    assert too_close > 5
    possible = round(release["oracle_share"] * 700)
    assert possible - report["parcels"]["departed"] == sum(release["lost_by_cause"].values())
    assert release["oracle_share"] - release["share"] <= 0.03
