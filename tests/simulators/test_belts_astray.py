"""An encoder that dies, a belt that runs back, a parcel lifted over another: as simulated, and what is told of it."""

from itertools import pairwise
from typing import Any

import pytest
from byte_line import EVERY, one_line

from hub_config.names import SECOND, Instant
from simulators.belt_clock import BeltClock
from simulators.conveyor import Conveyor
from simulators.gates import Gates
from simulators.line_faults import LineFault
from simulators.line_plant import LineOptions
from simulators.mixes import STOPS, draw
from simulators.one_belt import OneBelt
from simulators.parcels import stream
from simulators.practice import practice_signer
from simulators.report import VisitFacts, facts_of
from simulators.scenario import find
from simulators.simulate import Simulation, prepare
from simulators.world import World

LINE = one_line().lines[0]


def run(fault: LineFault, count: int, seed: int = 1) -> Conveyor:
    """Every parcel has this fault."""
    belt = Conveyor(World(), LINE, stream(seed, count), seed, {fault: EVERY})
    belt.feed()
    while belt.world.run_next():
        pass
    return belt


def gone_through(name: str, parcels: int, seed: int, *, over_bytes: bool = False) -> Simulation:
    plan = find(name)
    options = LineOptions(plan.lines.rates_ppm, over_bytes=over_bytes, traffic=plan.lines.traffic)
    config = plan.config(practice_signer("coordinator"))
    simulation = prepare(config, stream(seed, parcels, plan.goods), seed, name, lines=options)
    report, details = simulation.run()
    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["belt"]["faults"]
    return simulation


# A dead encoder ---------------------------------------------------------------------------------------


def test_a_dead_encoder_counts_nothing_until_it_lives_again() -> None:
    belt = run("dead_encoder", 1)
    (body,) = belt.bodies
    encoder = belt.board_sides[0].encoder
    counts = [encoder.count_at(Instant(ms * 1_000_000)) for ms in range(0, 40_000, 50)]
    stood = max(
        sum(1 for one in counts if one == count) * 50_000_000 for count in counts if count != counts[-1]
    )

    assert abs(stood - body.plan.dead_ns) < 200_000_000
    assert all(after >= before for before, after in pairwise(counts))


@pytest.mark.parametrize("over_bytes", [False, True])
def test_nothing_is_pushed_while_the_encoder_is_dead(over_bytes: bool) -> None:
    simulation = gone_through("fault-dead-encoder", 100, 4, over_bytes=over_bytes)
    (plant,) = simulation.hub.lines
    dead = []
    for body in plant.conveyor.bodies:
        if "dead_encoder" in body.happened:
            since = body.front_at(LINE.beam(LINE.end.beam).position_um * body.plan.at_ppm // EVERY)
            dead.append((since // 1_000 + 500_000, (since + body.plan.dead_ns) // 1_000))
    pushed = [
        data["mono_us"]
        for data in simulation.hub.events
        if data["kind"] == "parcel.diverted" and not data["act"]["confirmed"]
    ]

    assert any(until - since > 2_000_000 for since, until in dead)
    assert pushed
    assert not [us for us in pushed if any(since < us < until for since, until in dead)]


def test_where_an_encoder_may_die_the_swarm_stops_no_belt() -> None:
    drawn = [set(draw(seed).rates_ppm) for seed in range(60)]

    assert any("dead_encoder" in faults for faults in drawn)
    assert not any("dead_encoder" in faults and faults & set(STOPS) for faults in drawn)


# A belt that runs back --------------------------------------------------------------------------------


def test_a_belt_that_runs_back_takes_its_counts_along_and_comes_to_the_same_place_again() -> None:
    world = World()
    clock = BeltClock(world)
    belt = OneBelt(world.now, LINE.belt, clock)
    world.run_until(Instant(SECOND))
    clock.stop(400_000_000, SECOND, back_ns=50_000_000)
    marks = [2_400, 2_600, 3_600, 3_900]  # stands, has run back, still stands, runs on
    counts = [belt.count_at(Instant(ms * 1_000_000)) for ms in marks]

    assert (counts[0] - counts[1]) * LINE.belt.count_um == 50 * LINE.belt.speed_mm_s
    assert counts[2] == counts[1] < counts[3]
    assert belt.moving_at(Instant(2_500 * 1_000_000))
    assert 2_400 * 1_000_000 < belt.last_pulse_at(Instant(3_000 * 1_000_000)) <= 2_600 * 1_000_000


def test_what_runs_back_under_a_beam_is_told_twice_and_planned_things_happen_once() -> None:
    seed = next(seed for seed in range(1, 40) if _edges_of(seed) > len(LINE.belt_beams) * 2)
    belt = run("belt_back", 1, seed)
    edges = belt.board_sides[0].take_edges()
    by_beam = [[covered for _, one, covered in edges if one == beam.channel] for beam in LINE.belt_beams]

    assert [at for at, _, _ in edges] == sorted(at for at, _, _ in edges)
    assert all(told == [True, False] * (len(told) // 2) for told in by_beam)
    assert belt.bodies[0].lane == LINE.end.lane


def _edges_of(seed: int) -> int:
    return len(run("belt_back", 1, seed).board_sides[0].take_edges())


@pytest.mark.parametrize("over_bytes", [False, True])
def test_the_gateway_follows_a_belt_that_runs_back(over_bytes: bool) -> None:
    gone_through("fault-belt-back", 60, 3, over_bytes=over_bytes)


# One lifted over another ------------------------------------------------------------------------------


def test_a_parcel_that_overtakes_comes_to_the_next_beam_before_the_one_that_was_ahead() -> None:
    plan = find("fault-overtaken")
    config = plan.config(practice_signer("coordinator"))
    belt = Conveyor(
        World(), config.lines[0], stream(1, 40, plan.goods), 1, {"overtaken": EVERY}, plan.lines.traffic
    )
    belt.feed()
    while belt.world.run_next():
        pass
    first, last = LINE.belt_beams[0].position_um, LINE.belt_beams[-1].position_um
    over = [(a, b) for a, b in pairwise(belt.bodies) if "overtaken" in b.happened]

    assert over
    for ahead, behind in over:
        assert ahead.crossed[first] < behind.crossed[first]
        assert behind.rear_at(last) < ahead.crossed[last]


def test_who_has_overtaken_is_held_as_one_that_nobody_expected() -> None:
    simulation = gone_through("fault-overtaken", 80, 1)
    (plant,) = simulation.hub.lines
    lifted = [body for body in plant.conveyor.bodies if "overtaken" in body.happened]

    assert {body.lane for body in lifted} == {LINE.end.lane}
    assert any("unknown_item" in data["flags"] for data in simulation.hub.events)


# What the runs with these found -----------------------------------------------------------------------


def test_a_diverter_that_is_home_does_not_move_when_it_is_called_home() -> None:
    gates = Gates(LINE)
    diverter = LINE.diverters[0]

    assert gates.switch(diverter.channel, False, Instant(5)) is None
    assert not gates.is_out(diverter, Instant(6))


@pytest.mark.parametrize(("held_us", "rightly"), [(900, False), (1_000, True)])
def test_a_release_taken_back_when_its_lane_sees_it_was_one_until_then(held_us: int, rightly: bool) -> None:
    """What is taken back earlier and lies in the free lane all the same is a wrong release."""

    def event(kind: str, us: int, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "visit": "v", "mono_us": us, "flags": [], "t": "", **more}

    data = {"action": "release", "cond": {"code": "A"}, "reasons": []}
    lane = {"lane": "green", "confirmed": False}
    told = [
        event("parcel.decided", 100, decision={"data": data}),
        event("parcel.diverted", 200, act=lane),
        event("parcel.decided", held_us, decision=None),
        event("parcel.diverted", 1_000, act={**lane, "confirmed": True}),
        event("parcel.lost_track", 1_000),
    ]
    facts: VisitFacts = facts_of(told)["v"]

    assert (facts.until_seen is not None) == rightly
