"""Hands and slips on belts in series and on parcels of a side belt: what the simulator does, and what the gateway makes
of it."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from hub_config.load import load
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.bodies import Body
from simulators.line_faults import LineFault, line_plan
from simulators.motion import CLOSE_UM, NO_ROOM, Move, Room
from simulators.network import USUAL
from simulators.parcels import stream
from simulators.practice import practice_signer
from simulators.report import whole
from simulators.scenario import FOLDER, find
from simulators.series import Series
from simulators.simulate import Simulation, prepare_plan
from simulators.traffic import BeltStop
from simulators.ways import FAR_NS

LINE = load(FOLDER / "layouts" / "series.toml").lines[0]
BEGAN = Instant(5 * SECOND)
FREE = Room(FAR_NS, FAR_NS)
HANDS: tuple[LineFault, ...] = ("slipped", "turned", "pushed", "removed", "added")
AT_UM = 5_900_000
"""On the second belt, between its beams."""


def prepared(name: str, seed: int, count: int, ppm: int, faults: tuple[LineFault, ...] = HANDS) -> Simulation:
    plan = find(name)
    lines = replace(plan.lines, rates_ppm=dict.fromkeys(faults, ppm))
    config = plan.config(practice_signer("coordinator"))
    return prepare_plan(plan, config, stream(seed, count, plan.goods), seed, network=USUAL, lines=lines)


@pytest.mark.parametrize("um", [200_000, -60_000])
@pytest.mark.parametrize("stop", [None, BeltStop("tunnel", 6 * SECOND, 2 * SECOND)])
def test_what_is_moved_on_one_belt_comes_as_much_sooner_or_later_to_all_that_follow(
    um: int, stop: BeltStop | None
) -> None:
    series = Series(LINE, BEGAN, 7, stop)
    (parcel,) = stream(7, 1)
    plan = replace(line_plan(7, parcel, {}), creep_ppm=0)
    free = series.motion(BEGAN, plan, parcel.number)
    moved = series.motion(BEGAN, plan, parcel.number, 0, (Move(AT_UM, "pushed", um),), FREE)

    assert moved.done == ("pushed",)
    assert moved.front_ns(AT_UM) == free.front_ns(AT_UM)
    run, by_ns = series.belts[1].run, um * SECOND // 1_500_000
    ran = [run.ran_ns(Instant(BEGAN + way.front_ns(7_000_000))) for way in (free, moved)]
    assert ran[0] - ran[1] == pytest.approx(by_ns, abs=MILLISECOND)


def test_one_that_is_turned_goes_over_with_its_new_middle() -> None:
    series = Series(LINE, BEGAN, 7, None)
    (parcel,) = stream(7, 1)
    plan = replace(line_plan(7, parcel, {}), creep_ppm=0, length_um=300_000)
    turned = series.motion(BEGAN, plan, parcel.number, 0, (Move(AT_UM, "turned", 400_000),), FREE)

    assert (turned.turned_at_um, turned.turned_um) == (AT_UM, 400_000)
    beam_um = LINE.beam("out").position_um
    crosses_ns = turned.rear_ns(beam_um) - turned.front_ns(beam_um)
    assert crosses_ns == pytest.approx(400_000 * SECOND // 2_000_000, abs=MILLISECOND)


@pytest.mark.parametrize(
    "move", [Move(AT_UM, "pushed", 100_000), Move(AT_UM, "slipped", -9_000), Move(AT_UM, "turned", 900_000)]
)
def test_without_room_or_without_way_nothing_is_moved(move: Move) -> None:
    series = Series(LINE, BEGAN, 7, None)
    (parcel,) = stream(7, 1)
    plan = line_plan(7, parcel, {})
    free = series.motion(BEGAN, plan, parcel.number)
    late = replace(move, at_um=7_300_000)

    assert series.motion(BEGAN, plan, parcel.number, 0, (move,), NO_ROOM) == replace(
        free, turned_um=free.turned_um
    )
    assert series.motion(BEGAN, plan, parcel.number, 0, (late,), FREE).done == ()


@pytest.mark.parametrize("name", ["line-transfer", "line-merge"])
def test_hands_push_nothing_against_another_and_nothing_is_mixed_up_or_lost(name: str) -> None:
    simulation = prepared(name, 4, 120, 100_000)
    report, details = simulation.run()
    (plant,) = simulation.hub.lines
    happened = Counter((fault, body.fed > 0) for body in plant.conveyor.bodies for fault in body.happened)

    assert details == ()
    assert whole(report)
    assert set(HANDS) == {fault for fault, aside in happened if not aside}
    assert {fault for fault, aside in happened if aside} == (set(HANDS) if name == "line-merge" else set())
    least_um = plant.line.min_gap_um + CLOSE_UM
    assert all(gap_um >= least_um for pair in pairwise(plant.conveyor.bodies) for gap_um in gaps_um(*pair))


def gaps_um(ahead: Body, behind: Body) -> list[int]:
    """At the beams that both pass, had nobody taken either off; at the least: the first belt of a merge is faster."""
    merged_um = max(ahead.merges_um, behind.merges_um, ahead.appears_um, behind.appears_um)
    return [
        (behind.front_at(beam.position_um) - ahead.rear_at(beam.position_um))
        * LINE.belts[LINE.belt_place(beam.position_um)].speed_mm_s
        // MILLISECOND
        for beam in LINE.belt_beams
        if beam.position_um >= merged_um
    ]
