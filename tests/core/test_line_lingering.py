"""Outputs that may stay on when board or cable fall silent, neighbours at a diverter, and edges known late."""

from dataclasses import replace

import pytest
from line_driver import (
    BOARD,
    ENTROPY,
    S10,
    S10_B,
    TO_MEASURED_S,
    UM_PER_S,
    LineDriver,
    Object,
    config,
    entered,
)
from test_modbus_line import block_config

from drivers.reading import BeamChanged
from edge.core.gateway import Gateway
from hub_config.attach import SerialAttach
from hub_config.external import ExternalConfig
from hub_config.hub import HubConfig
from hub_config.names import MILLISECOND, SECOND, Instant

NEEDED_UM, LINGERS_UM = 450_000, 600_000
"""1.5 m/s: 200 ms of swing, clearance and twice tolerance; 400 ms."""


def with_board(board: object, hub: HubConfig) -> HubConfig:
    others = [one for one in hub.devices if one.id != BOARD]
    return hub.model_copy(update={"devices": (*others, board)})


def external(lingers_ms: int) -> HubConfig:
    board = ExternalConfig(
        kind="external", id=BOARD, attach=SerialAttach(port="/dev/a"), driver="their_package:TheirSession",
        gives="beams", lingers_ms=lingers_ms,
    )  # fmt: skip
    return with_board(board, config())


def two(line: LineDriver, gap_um: int) -> None:
    """Measured one behind the other."""
    first = entered(line)
    second = Object(first.starts + (first.length_um + gap_um) * SECOND // UM_PER_S)
    line.measure(first)
    line.measure(second, S10_B)
    line.later(TO_MEASURED_S + 0.9)


def pushed(line: LineDriver, lanes: tuple[str, str]) -> list[int]:
    """Which of the two are diverted to the free lane, when the coordinator wants them in these lanes."""
    for number, (lane, code) in enumerate(zip(lanes, (S10, S10_B), strict=True)):
        line.decide("release" if lane == "green" else "hold", visit=line.visits[number], code=code)
    line.later(3.0)
    visits = [one.visit for one in line.events if one.kind == "parcel.diverted" and one.act is not None
              and one.act.lane == "green"]  # fmt: skip
    assert len(line.ons) == len(visits)
    return [line.visits.index(visit) for visit in visits if visit is not None]


@pytest.mark.parametrize("lingers_ms", [0, 400])
@pytest.mark.parametrize(
    ("gap_um", "lanes", "free", "free_lingering"),
    [
        (NEEDED_UM + LINGERS_UM + 20_000, ("green", "hold"), [0], [0]),
        (NEEDED_UM + LINGERS_UM - 20_000, ("green", "hold"), [0], []),
        (NEEDED_UM + 20_000, ("hold", "green"), [1], [1]),  # the one ahead has passed before it is on
        (NEEDED_UM + 20_000, ("green", "green"), [0, 1], [0, 1]),
        (NEEDED_UM - 20_000, ("hold", "green"), [], []),
    ],
)
def test_an_output_that_lingers_needs_room_behind_a_parcel_and_none_ahead(
    lingers_ms: int, gap_um: int, lanes: tuple[str, str], free: list[int], free_lingering: list[int]
) -> None:
    line = LineDriver(Gateway(external(lingers_ms), ENTROPY)).start()
    two(line, gap_um)

    assert pushed(line, lanes) == (free_lingering if lingers_ms else free)


def test_who_follows_is_taken_back_with_one_that_must_not_be_taken_along() -> None:
    line = LineDriver(Gateway(external(400), ENTROPY)).start()
    two(line, NEEDED_UM + 20_000)

    assert pushed(line, ("green", "hold")) == []


@pytest.mark.parametrize("order_lead_ms", [100, 450])
def test_a_diverter_that_stays_out_between_two_is_ordered_in_time(order_lead_ms: int) -> None:
    line = LineDriver(Gateway(config(order_lead_ms=order_lead_ms), ENTROPY)).start()
    two(line, NEEDED_UM - 20_000)

    assert pushed(line, ("green", "green")) == [0, 1]
    first, second = line.ons
    assert second.at <= first.at + first.for_ns


def test_an_edge_that_a_late_poll_leaves_anywhere_within_more_than_the_tolerance_is_a_lost_one() -> None:
    polled = with_board(block_config(), config())
    for hub, unc_ms, lost in ((polled, 33, False), (polled, 34, True), (config(), 34, False)):
        line = LineDriver(Gateway(hub, ENTROPY)).start()
        thing = line.carry(entered(line))
        scale = line.line.beam("scale")
        place = next(n for n, (_, _, one) in enumerate(line.pending)
                     if isinstance(one, BeamChanged) and one.channel == scale.channel)  # fmt: skip
        when, number, edge = line.pending[place]
        line.pending[place] = (when, number, replace(edge, unc_ns=unc_ms * MILLISECOND))  # type: ignore[type-var]  # a beam's

        line.later((thing.front_at(scale.position_um) - line.now) / SECOND + 0.05)

        assert (line.kinds()[-1] == "parcel.lost_track") is lost
        assert Instant(when) <= line.at
