"""A belt whose board is a simulated Modbus block or roller controller, polled byte for byte, in a whole hub."""

import pytest

from simulators.line_plant import LineOptions
from simulators.scenario import find
from simulators.simulate import simulate

SCENARIOS = ("line-modbus", "line-conveylinx", "line-interroll")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_belt_over_modbus_tells_every_parcel_and_lets_nothing_go_in_doubt(scenario: str) -> None:
    report, faults = simulate(5, 40, scenario=scenario)

    assert faults == ()
    assert set(report["truth"].values()) == {0}
    assert report["parcels"]["departed"] > 25
    assert report["events"]["pending"] == 0


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("fault", ["link_cut", "board_reset", "bouncing_beam"])
def test_what_happens_to_the_block_lets_nothing_go_in_doubt(fault: str, scenario: str) -> None:
    lines = find(scenario).lines
    rates = dict.fromkeys(lines.rates_ppm, 0)
    often = LineOptions(rates | {fault: 150_000}, traffic=lines.traffic)  # type: ignore[dict-item]  # one of them

    report, faults = simulate(8, 30, scenario=scenario, lines=often)

    assert faults == ()
    assert set(report["truth"].values()) == {0}
    assert report["parcels"]["entered"] == 30
