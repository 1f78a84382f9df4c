"""A simulated belt that stops, and parcels that stand in a jam: every crossing at its instant."""

from byte_line import EVERY, FAULTLESS, one_line

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.belt_clock import MARKS_MAX, BeltClock
from simulators.conveyor import Conveyor
from simulators.line_faults import LineFault, line_plan
from simulators.line_plant import LineOptions
from simulators.mixes import draw
from simulators.parcels import stream
from simulators.practice import practice_signer
from simulators.queueing import APART_UM
from simulators.scenario import find
from simulators.simulate import prepare, simulate
from simulators.traffic import USUAL
from simulators.world import World

LINE = one_line().lines[0]
UM_PER_S = LINE.belt.speed_mm_s * 1_000


def run(fault: LineFault, count: int, seed: int = 1) -> Conveyor:
    """Every parcel has this fault."""
    belt = Conveyor(World(), LINE, stream(seed, count), seed, {**FAULTLESS, fault: EVERY})
    belt.feed()
    while belt.world.run_next():
        pass
    return belt


# The belt's time --------------------------------------------------------------------------------------


def test_a_belt_that_brakes_coasts_for_half_of_the_time_and_starts_the_same_way() -> None:
    world = World()
    clock = BeltClock(world)
    world.run_until(Instant(SECOND))
    clock.stop(400 * MILLISECOND, 2 * SECOND)
    stands, starts, runs = 1_400 * MILLISECOND, 3_400 * MILLISECOND, 3_800 * MILLISECOND

    assert clock.of(Instant(1_200 * MILLISECOND)) == 1_150 * MILLISECOND
    assert clock.of(Instant(stands)) == clock.of(Instant(starts)) == 1_200 * MILLISECOND
    assert clock.of(Instant(runs)) == 1_400 * MILLISECOND
    assert clock.of(Instant(5 * SECOND)) == 2_600 * MILLISECOND
    assert [clock.moves_at(Instant(at)) for at in (stands - 1, stands, starts - 1, starts)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_what_was_planned_comes_when_the_belt_has_run_so_long() -> None:
    world = World()
    clock = BeltClock(world)
    came: list[tuple[str, int]] = []
    for name, ms in (("before", 500), ("coasting", 1_100), ("behind", 2_000), ("together", 2_000)):
        clock.call_at(
            Instant(ms * MILLISECOND), lambda name=name: came.append((name, world.now // MILLISECOND))
        )  # type: ignore[misc]  # a default, not a parameter
    world.run_until(Instant(SECOND))
    clock.stop(400 * MILLISECOND, 2 * SECOND)
    while world.run_next():
        pass

    assert came == [("before", 500), ("coasting", 1_133), ("behind", 4_400), ("together", 4_400)]


def test_there_and_back_between_both_times() -> None:
    world = World()
    clock = BeltClock(world)
    for second in (1, 7, 20):
        world.run_until(Instant(second * SECOND))
        clock.stop(300 * MILLISECOND, SECOND)

    assert all(
        clock.of(clock.when(Instant(ran))) == ran
        for ran in range(7 * MILLISECOND, 30 * SECOND, 7 * MILLISECOND)
    )


def test_a_belt_that_does_not_run_steadily_is_not_stopped_again_and_old_stops_are_forgotten() -> None:
    world = World()
    clock = BeltClock(world)
    for ms in range(0, 400_000, 500):
        world.run_until(Instant(ms * MILLISECOND))
        clock.stop(400 * MILLISECOND, SECOND)

    assert len(clock._marks) == MARKS_MAX
    assert world.next_at is None


# The conveyor -----------------------------------------------------------------------------------------


def test_while_the_belt_stands_nothing_passes_a_beam_and_the_encoder_counts_nothing() -> None:
    belt = run("belt_stop", 1)
    (body,) = belt.bodies
    clock = belt._clock
    assert clock is not None
    stands = next(mark for mark in clock._marks if mark.quarters == 0)
    encoder, edges = belt.board_sides[0].encoder, belt.board_sides[0].take_edges()

    assert not [at for at, _, _ in edges if stands.at < at < stands.at + body.plan.stop_ns]
    assert encoder.count_at(Instant(stands.at + body.plan.stop_ns)) == encoder.count_at(stands.at)
    assert not encoder.moving_at(Instant(stands.at + 1))
    assert encoder.last_pulse_at(Instant(stands.at + body.plan.stop_ns)) <= stands.at
    assert body.lane == LINE.end.lane


def test_between_two_beams_the_encoder_counts_their_distance_whatever_the_belt_did() -> None:
    belt = run("belt_stop", 1)
    board = belt.board_sides[0]
    firsts = [at for at, _, covered in board.take_edges() if covered]
    counted = board.encoder.count_at(firsts[-1]) - board.encoder.count_at(firsts[0])
    beams = LINE.belt_beams

    assert abs(counted * LINE.belt.count_um - (beams[-1].position_um - beams[0].position_um)) <= 1_000


def test_a_jammed_parcel_covers_its_beam_for_as_long_as_it_stands() -> None:
    belt = run("jammed", 1)
    (body,) = belt.bodies
    assert body.stand is not None
    passes_ns = body.plan.length_um * SECOND // UM_PER_S
    covered: dict[int, int] = {}
    spans = []
    for at, channel, blocked in belt.board_sides[0].take_edges():
        if blocked:
            covered[channel] = at
        else:
            spans.append(at - covered[channel])

    assert sum(abs(span - passes_ns) > 2 for span in spans) == 1
    assert abs(max(spans) - passes_ns - body.plan.jam_ns) <= SECOND // UM_PER_S + 1  # one µm
    assert body.happened == ("jammed",)


def test_parcels_behind_a_jam_stand_in_a_row_and_come_on_apart_from_each_other() -> None:
    always: dict[LineFault, int] = {"jammed": EVERY}
    seed = next(
        seed
        for seed in range(1, 99)
        if line_plan(seed, stream(seed, 1)[0], always, USUAL).jam_ns > 3 * SECOND
    )
    parcels = stream(seed, 4)
    belt = Conveyor(World(), LINE, parcels, seed, {"jammed": 0})
    plan = line_plan(seed, parcels[0], always, USUAL)
    belt._following = (next(belt._parcels), plan)
    belt.feed()
    while belt.world.run_next():
        pass
    first, second = belt.bodies[:2]
    assert first.stand is not None
    assert second.stand is not None
    behind = LINE.belt_beams[-1].position_um
    gap_ns = second.front_at(behind) - first.rear_at(behind)

    assert second.stand.um < first.stand.um - first.plan.length_um + 2_000
    assert second.stand.until > first.stand.until
    assert 0 < gap_ns * UM_PER_S // SECOND <= APART_UM + 10
    assert second.happened == ()


# With the gateway -------------------------------------------------------------------------------------


def test_stops_and_jams_with_a_board_that_speaks_its_bytes() -> None:
    for name in ("fault-belt-stop", "fault-jammed"):
        plan = find(name)
        options = LineOptions(plan.lines.rates_ppm, over_bytes=True, traffic=plan.lines.traffic)
        config = plan.config(practice_signer("coordinator"))
        report, details = prepare(config, stream(2, 25, plan.goods), 2, name, lines=options).run()

        assert details == ()
        assert set(report["truth"].values()) == {0}


def test_the_gateway_tells_of_jams() -> None:
    plan = find("fault-jammed")
    simulation = prepare(
        plan.config(practice_signer("coordinator")), stream(1, 60, plan.goods), 1, "jams", lines=plan.lines
    )
    simulation.run()
    told = [data["note"]["state"] for data in simulation.hub.events if data["kind"] == "device.changed"]

    assert told.count("jammed") == told.count("clear") > 0


def test_the_swarm_draws_stops_and_jams_too() -> None:
    drawn = {fault for seed in range(40) for fault in draw(seed).rates_ppm}

    assert {"jammed", "belt_stop"} <= drawn


def test_one_seed_gives_one_digest_of_a_belt_that_stops() -> None:
    assert (
        simulate(3, 30, scenario="fault-belt-stop")[0]["digest"]
        == (simulate(3, 30, scenario="fault-belt-stop")[0]["digest"])
    )
