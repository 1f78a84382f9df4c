"""The physical belt by itself: every crossing at its exact instant, diverters that push, faults that strike."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from byte_line import EVERY, FAULTLESS, one_line

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.board_side import EDGES_MAX
from simulators.bodies import TOUCH_UM
from simulators.conveyor import Conveyor
from simulators.line_faults import LINE_RATES_PPM, LineFault
from simulators.parcels import stream
from simulators.traffic import Form, Gap, Traffic
from simulators.world import World

LINE = one_line().lines[0]
UM_PER_S = LINE.belt.speed_mm_s * 1_000
GREEN = LINE.diverters[0]


def conveyor(count: int = 1, rates_ppm: Mapping[LineFault, int] = FAULTLESS, seed: int = 1) -> Conveyor:
    """Fed, and nothing has moved yet."""
    belt = Conveyor(World(), LINE, stream(seed, count), seed, rates_ppm)
    belt.feed()
    return belt


def ran(belt: Conveyor, until: Instant | None = None) -> Conveyor:
    while (due := belt.world.next_at) is not None and (until is None or due <= until):
        belt.world.run_next()
    return belt


def at_um(belt: Conveyor, um: int, body: int = 0) -> Instant:
    """When the front of a body is there."""
    return Instant(belt.bodies[body].starts + um * SECOND // UM_PER_S)


def test_a_parcel_covers_and_frees_each_beam_of_the_belt_at_its_exact_instant() -> None:
    belt = ran(conveyor())
    length = belt.bodies[0].plan.length_um

    assert belt.board_sides[0].take_edges() == [
        (at_um(belt, beam.position_um + behind), beam.channel, not behind)
        for beam in LINE.belt_beams
        for behind in (0, length)
    ]
    assert belt.board_sides[0].take_edges() == []


def test_with_every_output_safe_a_parcel_runs_to_the_end() -> None:
    belt = ran(conveyor())
    (body,) = belt.bodies

    assert (body.lane, body.bay) == (LINE.end.lane, LINE.end.bay)
    assert body.left_at == at_um(belt, LINE.beam(LINE.end.beam).position_um)
    assert belt.done


def test_a_diverter_that_is_out_takes_the_parcel_into_its_lane() -> None:
    belt = conveyor()
    ran(belt, Instant(at_um(belt, GREEN.position_um) - 1))
    belt.switch(GREEN.channel, True, Instant(belt.world.now - 100 * MILLISECOND))
    ran(belt)
    (body,) = belt.bodies

    assert body.lane == GREEN.lane
    assert body.left_at is not None
    assert (
        abs(body.left_at - at_um(belt, LINE.beam(GREEN.beam).position_um)) <= 1
    )  # two stretches, each rounded
    assert not body.clipped
    seen = {channel for _, channel, _ in belt.board_sides[0].take_edges()}
    assert LINE.beam(GREEN.beam).channel in seen
    assert LINE.beam(LINE.end.beam).channel not in seen


@pytest.mark.parametrize(("back_ms", "lane"), [(GREEN.return_ms - 1, GREEN.lane), (GREEN.return_ms, "hold")])
def test_a_diverter_on_its_way_back_still_takes_the_parcel(back_ms: int, lane: str) -> None:
    belt = conveyor()
    passes = at_um(belt, GREEN.position_um)
    ran(belt, Instant(passes - 1))
    belt.switch(GREEN.channel, True, Instant(passes - SECOND))
    belt.switch(GREEN.channel, False, Instant(passes - back_ms * MILLISECOND))
    ran(belt)

    assert belt.bodies[0].lane == lane


def test_a_diverter_that_moves_while_a_parcel_passes_strikes_it() -> None:
    belt = conveyor()
    ran(belt, at_um(belt, GREEN.position_um))
    belt.switch(GREEN.channel, True, Instant(at_um(belt, GREEN.position_um) + 1))

    assert belt.bodies[0].clipped


def test_the_last_pulse_has_its_count_and_counts_only_grow_though_losses_follow_one_another() -> None:
    belt = ran(conveyor(12, {"lost_counts": EVERY}))
    encoder, before = belt.board_sides[0].encoder, 0
    for ms in range(1, belt.world.now // MILLISECOND, 7):
        at = Instant(ms * MILLISECOND)
        pulse, count = encoder.last_pulse_at(at), encoder.count_at(at)

        assert pulse <= at
        assert encoder.count_at(pulse) == count >= before
        before = count


def test_counts_that_are_left_out_are_missing_from_then_on() -> None:
    belt = ran(conveyor(1, {"lost_counts": EVERY}))
    at = belt.world.now
    full = at * UM_PER_S // SECOND // LINE.belt.count_um

    assert full - belt.board_sides[0].encoder.count_at(at) == belt.bodies[0].plan.lost_counts


def test_touching_parcels_are_one_to_every_beam_and_one_weight() -> None:
    belt = ran(conveyor(2, {"touching": EVERY}))
    first, second = belt.bodies
    edges = [edge for edge in belt.board_sides[0].take_edges() if edge[1] == LINE.belt_beams[0].channel]

    assert second.starts - first.starts == (first.plan.length_um - TOUCH_UM) * SECOND // UM_PER_S
    assert [covered for _, _, covered in edges] == [True, False]
    assert second.touches
    assert belt.scale.take_output(Instant(belt.world.now + SECOND)).count(b"\r\n") == 1
    assert first.weights == second.weights == []  # no reading is of one of them alone


def test_what_is_taken_off_passes_no_further_beam() -> None:
    belt = ran(conveyor(1, {"removed": EVERY}))
    (body,) = belt.bodies
    edges = belt.board_sides[0].take_edges()

    assert body.taken
    assert body.lane is None
    assert belt.done
    assert 0 < len(edges) < 2 * len(LINE.belt_beams)
    assert len(edges) % 2 == 0  # hands keep away from beams


def test_what_is_put_on_passes_only_the_beams_ahead_of_it() -> None:
    belt = ran(conveyor(1, {"added": EVERY}))
    (body,) = belt.bodies
    channels = [channel for _, channel, _ in belt.board_sides[0].take_edges()]

    assert body.appears_um > 0
    assert LINE.belt_beams[0].channel not in channels
    assert body.lane == LINE.end.lane


def test_a_bouncing_beam_ends_as_it_should() -> None:
    belt = ran(conveyor(20, {"bouncing_beam": EVERY}))
    last: dict[int, bool] = {}
    edges = belt.board_sides[0].take_edges()
    for _, channel, covered in edges:
        last[channel] = covered

    assert len(edges) > 2 * len(LINE.belt_beams) * 20
    assert set(last.values()) == {False}


def test_a_record_comes_for_every_weighing_but_those_that_are_lost() -> None:
    told = ran(conveyor(6)).scale.take_output(Instant(60 * SECOND))
    lost = ran(conveyor(6, {"lost_record": EVERY})).scale.take_output(Instant(60 * SECOND))

    assert told.count(b"\r\n") == 6
    assert lost == b""


def test_the_board_is_restarted_and_its_cable_cut_as_often_as_planned() -> None:
    belt = ran(conveyor(3, {"board_reset": EVERY, "link_cut": EVERY}))
    troubles = []
    while (trouble := belt.board_sides[0].take_trouble()) is not None:
        troubles.append(trouble)

    assert len(troubles) == 6
    assert sorted(one.cut_ns for one in troubles if one.cut_ns is not None) == sorted(
        body.plan.cut_ns for body in belt.bodies
    )


def test_edges_that_nobody_takes_are_kept_up_to_the_bound_the_newest() -> None:
    count = EDGES_MAX // (2 * len(LINE.belt_beams)) + 10
    belt = ran(conveyor(count))
    edges = belt.board_sides[0].take_edges()

    assert len(edges) == EDGES_MAX
    assert edges[-1][1:] == (LINE.beam(LINE.end.beam).channel, False)


def test_one_seed_gives_one_belt() -> None:
    one, other, third = (ran(conveyor(30, LINE_RATES_PPM, seed)) for seed in (3, 3, 4))

    assert (
        one.board_sides[0].take_edges()
        == other.board_sides[0].take_edges()
        != third.board_sides[0].take_edges()
    )


def test_a_parcel_that_slips_comes_late_by_as_much_from_then_on() -> None:
    belt = ran(conveyor(1, {"slipped": EVERY}))
    (body,) = belt.bodies
    end = LINE.beam(LINE.end.beam).position_um

    assert body.happened == ("slipped",)
    late_ns = body.crossed[end] - at_um(belt, end)
    assert abs(late_ns - body.plan.slip_um * SECOND // UM_PER_S) < 10_000  # a slip's own speed is rounded
    assert body.crossed[LINE.belt_beams[0].position_um] == at_um(belt, LINE.belt_beams[0].position_um)


def test_a_turned_parcel_is_another_length_at_later_beams_about_the_same_middle() -> None:
    belt = ran(conveyor(1, {"turned": EVERY}, seed=2))
    (body,) = belt.bodies
    edges = {(channel, covered): at for at, channel, covered in belt.board_sides[0].take_edges()}
    first, last = LINE.belt_beams[0], LINE.belt_beams[-1]

    def length_um(channel: int) -> int:
        return (edges[(channel, False)] - edges[(channel, True)]) * UM_PER_S // SECOND

    assert body.happened == ("turned",)
    assert abs(length_um(first.channel) - body.plan.length_um) <= 1
    assert abs(length_um(last.channel) - body.motion.turned_um) <= 1
    grown = body.motion.turned_um - body.plan.length_um
    early_ns = at_um(belt, last.position_um) - body.crossed[last.position_um]
    assert abs(early_ns - grown // 2 * SECOND // UM_PER_S) <= 2


@pytest.mark.parametrize("seed", range(1, 9))
def test_pushed_and_slipping_parcels_never_come_so_near_that_beams_see_one(seed: int) -> None:
    rates: Mapping[LineFault, int] = {"pushed": EVERY // 2, "slipped": EVERY // 2, "turned": EVERY // 2}
    dense = Traffic(gap=Gap(40_000, 200_000), creep_ppm=500)
    belt = Conveyor(World(), LINE, stream(seed, 40), seed, rates, dense)
    belt.feed()
    ran(belt)
    for beam in LINE.belt_beams:
        for ahead, behind in pairwise(belt.bodies):
            free_ns = behind.front_at(beam.position_um) - ahead.rear_at(beam.position_um)
            assert free_ns * UM_PER_S // SECOND >= LINE.min_gap_um


def test_like_parcels_are_exchanged_between_two_beams_with_what_was_read_of_them() -> None:
    alike = Traffic(forms=(Form("box", EVERY, ((0, 300_000), (EVERY, 301_000))),))
    belt = Conveyor(World(), LINE, stream(1, 2), 1, {"swapped": EVERY}, alike)
    belt.feed()
    ran(belt)
    first, second = belt.bodies

    assert (first.parcel.number, second.parcel.number) == (2, 1)
    assert first.swapped
    assert second.swapped
    assert [told.on_pan for told in first.weights] == [2]
    assert [told.on_pan for told in second.weights] == [1]


def test_parcels_of_other_lengths_are_not_exchanged() -> None:
    belt = ran(conveyor(6, {"swapped": EVERY}))

    assert [body.parcel.number for body in belt.bodies] == [1, 2, 3, 4, 5, 6]
    assert [body.happened for body in belt.bodies] == [()] * 6
