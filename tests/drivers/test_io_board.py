"""The I/O board's driver against a simulated board in simulated time: readings in the order of the board's time."""

from collections.abc import Callable

import pytest
from board_rig import BOARD, ENCODER, FULL_TURN, board_config, ms, void
from io_board_rig import DriverRig, injected, next_evseq, ready_rig, switch, told_before

from drivers.command import Shine, SwitchOn, Trigger
from drivers.conveyors.count_track import POINTS_MAX, CountTrack
from drivers.conveyors.io_board import WAITING_MAX, IoBoard
from drivers.reading import (
    BeltMoved,
    OrderAnswered,
)
from drivers.session import Actuator, Resumable
from firmware_bridge.messages import Edge, Enc
from hub_config.boards import BoardInput
from hub_config.names import MILLISECOND, Instant
from simulators.devices.io_board_clock import BoardTraits


def test_the_driver_outlives_its_port_and_takes_orders() -> None:
    driver = IoBoard(board_config())

    assert isinstance(driver, Resumable)
    assert isinstance(driver, Actuator)
    assert driver.wake_at == Instant(0)


# --- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [500, 3_000, 20_000])
@pytest.mark.parametrize("drift_ppm", [-200, 0, 200])
def test_an_edge_has_its_own_time_and_the_belts_count_at_that_time(hz: int, drift_ppm: int) -> None:
    rig = ready_rig(hz=hz, traits=BoardTraits(drift_ppm=drift_ppm))
    edges = [(ms(1_000 + 37.37 * turn), turn % 6, turn // 6 % 2 == 0) for turn in range(60)]
    for at, channel, level in edges:
        rig.beam(channel, level, at)
    rig.run(ms(4_000))

    assert [(one.channel, one.blocked) for one in rig.beams] == [edge[1:] for edge in edges]
    for one, (at, _, _) in zip(rig.beams, edges, strict=True):
        assert abs(one.at - at) <= one.unc_ns < 500_000
        assert abs(one.count - rig.belt.count_at(at)) <= 1  # stamps are whole ticks
    told_before(rig.told)


def test_an_edge_is_told_with_the_next_report_of_the_encoder() -> None:
    rig = ready_rig(hz=2_000)
    rig.beam(0, True, ms(1_000))
    rig.run(ms(1_015))

    (edge,) = rig.beams
    assert edge.count == 2_000


def test_an_edge_on_a_standing_belt_is_told_after_two_report_periods_with_the_last_count() -> None:
    rig = ready_rig(hz=2_000)
    rig.belt.speed(0, ms(1_000))
    rig.beam(0, True, ms(1_500))
    rig.run(ms(1_515))
    assert rig.beams == []
    rig.run(ms(1_525))

    (edge,) = rig.beams
    assert edge.count == 2_000
    assert abs(edge.at - ms(1_500)) <= edge.unc_ns


def test_an_edge_before_the_belt_starts_has_the_count_of_the_standing_belt() -> None:
    """The next report comes within the time of waiting: it says nothing about the time before its own pulses."""
    rig = ready_rig(hz=2_000)
    rig.belt.speed(0, ms(1_000))
    rig.belt.speed(2_000, ms(2_005))
    rig.beam(0, True, ms(1_994))
    rig.beam(1, True, ms(2_060))
    rig.run(ms(2_200))

    assert [edge.count for edge in rig.beams] == [2_000, 2_110]


def test_a_belt_that_runs_back_counts_down() -> None:
    rig = ready_rig(hz=2_000)
    rig.belt.speed(-1_000, ms(1_000))
    rig.beam(0, True, ms(1_200.2))
    rig.run(ms(1_400))

    assert abs(rig.beams[0].count - 1_800) <= 1


def test_the_level_of_a_covered_beam_is_the_configured_one() -> None:
    inputs = (
        BoardInput(channel=0, use="beam", blocked_when="low"),
        BoardInput(channel=1, use="beam", blocked_when="high"),
        BoardInput(channel=ENCODER, use="encoder"),
    )
    rig = ready_rig(inputs=inputs)
    for channel in (0, 1):
        rig.beam(channel, True, ms(1_000 + channel))
        rig.beam(channel, False, ms(1_100 + channel))
    rig.run(ms(1_200))

    assert [(edge.channel, edge.blocked) for edge in rig.beams] == [
        (0, False),
        (1, True),
        (0, True),
        (1, False),
    ]


def test_events_of_channels_that_are_configured_otherwise_are_ignored_and_counted() -> None:
    rig = ready_rig(hz=1_000).run(ms(1_000))
    evseq, ticks = next_evseq(rig), rig.board.ticks_at(rig.now)
    injected(rig, Edge(evseq, ticks, 6, 1), Edge(evseq + 1, ticks, ENCODER, 1), Enc(evseq + 2, ticks, 0, 5))

    assert rig.driver.ignored == 3
    assert rig.beams == []


def test_more_edges_than_the_bound_wait_for_no_report() -> None:
    rig = ready_rig().run(ms(1_000))
    evseq, ticks = next_evseq(rig), rig.board.ticks_at(rig.now)
    injected(rig, *[Edge(evseq + place, ticks + place, 0, place % 2) for place in range(WAITING_MAX + 3)])

    assert len(rig.beams) == 3


# --- belt -----------------------------------------------------------------------------------------


def test_a_moving_belt_is_told_every_tenth_of_a_second_and_its_stop_at_once() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    rig.told.clear()
    rig.belt.speed(0, ms(2_000))
    rig.run(ms(2_050))
    *moving, stop = rig.moves

    assert all(one.moving for one in moving)
    assert 9 <= len(moving) <= 11
    assert (stop.moving, stop.count) == (False, 4_000)
    assert ms(2_000) < stop.at <= ms(2_030)


def test_a_standing_belt_is_told_every_second() -> None:
    rig = ready_rig().run(ms(5_500))

    assert len(rig.moves) == 6
    assert {(one.count, one.moving) for one in rig.moves} == {(0, False)}


def test_a_belt_that_starts_is_told_with_its_first_report() -> None:
    rig = ready_rig().run(ms(1_600))
    rig.belt.speed(5_000, rig.now)
    rig.run_for(12)

    assert rig.moves[-1].moving
    assert rig.moves[-1].count <= 50


def test_a_gateway_that_starts_anew_learns_the_count_of_a_standing_belt() -> None:
    rig = ready_rig(hz=2_000)
    rig.belt.speed(0, ms(1_000))
    rig.run(ms(1_500))
    rig.driver = IoBoard(board_config())
    rig.host = rig.driver
    rig.told.clear()
    rig.run(ms(3_000))

    assert rig.moves[0] == BeltMoved(BOARD, rig.moves[0].at, 2_000, moving=False)


def test_counts_go_on_through_32_bits() -> None:
    track = CountTrack()
    for turn in range(6):
        track.add(turn * 100, (turn * (1 << 30) + 5 + FULL_TURN // 2) % FULL_TURN - FULL_TURN // 2, 100)

    assert track.last == 5 * (1 << 30) + 5
    assert track.count_at(350) == 3 * (1 << 30) + 5 + (1 << 29)


def test_reports_are_interpolated_over_their_own_period_unless_some_were_lost() -> None:
    track = CountTrack()
    track.add(0, 100, 20_000)
    track.add(100_000, 120, 20_000)
    track.lose()
    track.add(200_000, 220, 20_000)

    assert [track.count_at(ticks) for ticks in (80_000, 90_000, 100_000)] == [100, 110, 120]
    assert [track.count_at(ticks) for ticks in (150_000, 250_000, -5)] == [170, 220, 100]


def test_after_a_loss_the_belt_moved_only_before_the_first_event_that_was_heard() -> None:
    track = CountTrack()
    track.add(0, 100, 20_000)
    track.lose()
    track.heard(100_000)
    assert not track.sure
    track.add(900_000, 300, 20_000)

    assert track.sure
    assert [track.count_at(ticks) for ticks in (100_000, 500_000, 900_000)] == [300, 300, 300]


def test_no_more_reports_are_kept_than_the_bound() -> None:
    track = CountTrack()
    for turn in range(POINTS_MAX + 10):
        track.add(turn * 10, turn, 10)

    assert track.count_at(0) == 10


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_is_answered_and_switched_at_its_instant() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    switch(rig, 5, 1, ms(1_300), 100 * MILLISECOND)
    rig.run(ms(1_600))

    (answer,) = rig.of(OrderAnswered)
    assert answer == OrderAnswered(BOARD, answer.at, 5, accepted=True, detail="ok")
    assert answer.at < ms(1_010)
    assert [(channel, level) for _, channel, level in rig.board.take_switches()] == [(1, True), (1, False)]


def test_a_lamp_shines_on_while_it_is_told_anew_and_is_answered_to_nobody() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    for at in (1_000, 1_200, 1_400):
        rig.run(ms(at)).give(rig.driver.command(Shine(BOARD, 2, 300 * MILLISECOND), rig.now))
    rig.run(ms(2_500)).give(rig.driver.command(Shine(BOARD, 2, 5_000 * MILLISECOND), rig.now))
    rig.run(ms(2_700)).give(rig.driver.command(Shine(BOARD, 2, 0), rig.now))
    rig.run(ms(3_000))

    assert rig.of(OrderAnswered) == []
    assert [level for _, channel, level in rig.board.take_switches() if channel == 2] == [True, False] * 2


def test_a_lamp_of_a_board_that_is_lost_stays_dark_and_nobody_is_told() -> None:
    rig = ready_rig().run(ms(1_000))
    rig.cut()
    rig.run(ms(1_100)).give(rig.driver.command(Shine(BOARD, 2, 300 * MILLISECOND), rig.now))

    assert rig.of(OrderAnswered) == []


@pytest.mark.parametrize(
    ("prepare", "at", "for_ns", "detail"),
    [
        (void, ms(900), 1_000_000, "late"),
        (lambda rig: rig.board.set_estop(True, rig.now), ms(1_500), 1_000_000, "safe"),
        (lambda rig: rig.cut(), ms(1_500), 1_000_000, "not_ready"),
        (void, ms(1_500), -5, "bad_argument"),
    ],
)
def test_an_order_that_is_not_taken_says_why(
    prepare: Callable[[DriverRig], None], at: Instant, for_ns: int, detail: str
) -> None:
    rig = ready_rig().run(ms(1_000))
    prepare(rig)
    rig.give(rig.driver.command(SwitchOn(BOARD, 1, 0, at, for_ns), rig.now))
    rig.run(ms(1_200))

    (answer,) = rig.of(OrderAnswered)
    assert (answer.accepted, answer.detail) == (False, detail)
    assert rig.board.take_switches() == []


def test_a_trigger_is_for_scanners() -> None:
    assert IoBoard(board_config()).command(Trigger(BOARD, 1, on=True), ms(0)) == []
