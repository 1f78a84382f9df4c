"""A whole hub whose boards speak their bytes: nothing goes wrong, little is lost, and the model of a board tells the
same (`board_wire.py`, `board_model.py`)."""

from typing import Any

import pytest
from byte_line import FAULTLESS, PARCELS, ByteLine, one_line

from drivers.command import SwitchOff, SwitchOn
from drivers.reading import OrderAnswered
from hub_config.names import MILLISECOND, SECOND
from simulators.board_wire import reopens_after_ns
from simulators.line_plant import LineOptions
from simulators.parcels import stream
from simulators.report import whole
from simulators.simulate import prepare, simulate

SHARE_WITHIN = 0.02
COMMIT_POINT_MS = 20
"""The least time before it acts that a board must have an order."""


@pytest.mark.parametrize(("scenario", "seed"), [("lines", 1), ("demo", 3)])
def test_a_hub_over_bytes_releases_what_can_be_and_every_order_meets_its_commit_point(
    scenario: Any, seed: int
) -> None:
    report, details = simulate(seed, 40, scenario=scenario, lines=LineOptions(over_bytes=True))
    release = report["release"]

    assert details == ()
    assert whole(report)
    assert release["oracle_share"] - release["share"] <= SHARE_WITHIN
    assert release["oracle_share"] > 0.7  # a yardstick of nothing would be met by nothing
    assert report["belt"]["over_bytes"]
    assert report["belt"]["order_margin_ms"]["min"] >= COMMIT_POINT_MS


def test_one_seed_gives_one_run() -> None:
    digests = {ByteLine(seed=4, parcels=12).run().report["digest"] for _ in range(2)}

    assert len(digests) == 1


def test_without_faults_every_parcel_goes_to_the_lane_to_which_the_model_sends_it() -> None:
    byte_line = ByteLine(seed=5)
    over_bytes = byte_line.run()
    model = prepare(one_line(), stream(5, PARCELS), 5, "model", lines=LineOptions(FAULTLESS))
    report, _ = model.run()
    modelled = model.hub.lines[0].conveyor.bodies

    assert [body.lane for body in byte_line.bodies] == [body.lane for body in modelled]
    assert {body.lane for body in modelled} >= {"green", "hold"}
    assert over_bytes.accounted
    assert whole(report)


def test_outputs_switch_at_the_instants_that_were_ordered_and_at_no_other() -> None:
    byte_line = ByteLine(seed=6, parcels=12)
    ordered: list[SwitchOn | SwitchOff] = []
    obey = byte_line.wire.order

    def order(command: SwitchOn | SwitchOff) -> None:
        ordered.append(command)
        obey(command)

    byte_line.wire.order = order  # type: ignore[method-assign]  # a tap on the orders
    outcome = byte_line.run()
    ons = [command for command in ordered if isinstance(command, SwitchOn)]
    switched = [(at, channel) for at, channel, on in byte_line.wire.switched if on]

    assert all(one.accepted for one in outcome.told if isinstance(one, OrderAnswered))
    assert [channel for _, channel in switched] == [command.channel for command in ons]
    for (at, _), command in zip(switched, ons, strict=True):
        assert abs(at - command.at) < 2 * MILLISECOND


def test_a_port_is_found_again_by_the_first_try_after_it_is_back() -> None:
    cuts_ms = (0, 200, 201, 600, 601, 1_400, 20_000)

    assert [reopens_after_ns(cut * MILLISECOND) / SECOND for cut in cuts_ms] == [
        0.2, 0.2, 0.6, 0.6, 1.4, 1.4, 20.4,
    ]  # fmt: skip
