"""The I/O board's driver against a simulated board in simulated time: readings in the order of the board's time."""

from collections.abc import Callable
from typing import Any

import pytest
from board_rig import BOARD, ENCODER, FULL_TURN, PulsedBelt, Rig, board_config, ms, void

from drivers.command import SwitchOff, SwitchOn, Trigger
from drivers.conveyors.beam_watch import CHATTER_EDGES, STUCK_NS, BeamWatch
from drivers.conveyors.count_track import POINTS_MAX, CountTrack
from drivers.conveyors.io_board import WAITING_MAX, IoBoard
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardChanged,
    DeviceFault,
    DeviceUp,
    EventsLost,
    OrderAnswered,
    Reading,
)
from drivers.session import Actuator, Resumable
from firmware_bridge.frames import frame
from firmware_bridge.messages import Edge, Enc, encode
from hub_config.devices import BoardInput
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import CAUSE_BROWN_OUT
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_firmware import CAPTURES_MAX, RING


class DriverRig(Rig):
    def __init__(self, hz: int = 0, traits: BoardTraits | None = None, **more: Any) -> None:
        config = {name: more.pop(name) for name in tuple(more) if name == "inputs"}
        self.driver = IoBoard(board_config(**config))
        super().__init__(self.driver, PulsedBelt(hz), traits, **more)

    def ready(self) -> "DriverRig":
        self.until(lambda: any(one.state == "ready" for one in self.of(BoardChanged)))
        return self

    @property
    def beams(self) -> list[BeamChanged]:
        return self.of(BeamChanged)

    @property
    def moves(self) -> list[BeltMoved]:
        return self.of(BeltMoved)


def ready_rig(**more: Any) -> DriverRig:
    """Ready, and nothing told yet."""
    rig = DriverRig(**more).ready()
    rig.told.clear()
    return rig


def told_before(readings: list[Reading]) -> None:
    """Edges and moves are in the order of the board's time, and no edge lies before a move that has passed it."""
    last, passed = Instant(0), -1
    for reading in readings:
        if isinstance(reading, BeamChanged | BeltMoved):
            assert reading.at >= last, reading
            assert reading.count >= passed, reading
            last = reading.at
        if isinstance(reading, BeltMoved):
            passed = reading.count


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


def injected(rig: DriverRig, *events: Edge | Enc) -> None:
    """As if the board had sent them now."""
    rig.give(rig.driver.receive(b"".join(frame(encode(event)) for event in events), rig.now))


def next_evseq(rig: DriverRig) -> int:
    order = rig.driver._session._events._order
    assert order._next is not None
    return order._next


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


def test_no_more_reports_are_kept_than_the_bound() -> None:
    track = CountTrack()
    for turn in range(POINTS_MAX + 10):
        track.add(turn * 10, turn, 10)

    assert track.count_at(0) == 10


# --- orders ---------------------------------------------------------------------------------------


def switch(rig: DriverRig, number: int, channel: int, at: Instant, for_ns: int) -> None:
    command = (
        SwitchOn(BOARD, number, channel, at, for_ns) if for_ns else SwitchOff(BOARD, number, channel, at)
    )
    rig.give(rig.driver.command(command, rig.now))


def test_an_order_is_answered_and_switched_at_its_instant() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    switch(rig, 5, 1, ms(1_300), 100 * MILLISECOND)
    rig.run(ms(1_600))

    (answer,) = rig.of(OrderAnswered)
    assert answer == OrderAnswered(BOARD, answer.at, 5, accepted=True, detail="ok")
    assert answer.at < ms(1_010)
    assert [(channel, level) for _, channel, level in rig.board.take_switches()] == [(1, True), (1, False)]


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


# --- cuts, losses, restarts -----------------------------------------------------------------------


def test_edges_of_a_cut_line_are_recovered_and_the_board_continues() -> None:
    rig = ready_rig(hz=0).run(ms(1_000))
    rig.belt.speed(2_000, ms(900))
    rig.run(ms(1_200))
    rig.told.clear()
    rig.beam(0, True, ms(1_250))
    rig.at(ms(1_210), rig.cut)
    rig.beam(0, False, ms(1_400))
    rig.at(ms(1_600), rig.plug)
    rig.run(ms(3_000))

    assert [(one.state, one.continued) for one in rig.of(BoardChanged)] == [
        ("lost", True),
        ("configuring", True),
        ("syncing", True),
        ("ready", True),
    ]
    assert [abs(edge.count - rig.belt.count_at(edge.at)) <= 2 for edge in rig.beams] == [True, True]
    assert [round(edge.at / MILLISECOND) for edge in rig.beams] == [1_250, 1_400]
    assert rig.of(EventsLost) == []
    assert len(rig.of(DeviceUp)) == 1
    told_before(rig.told)


def test_what_the_ring_no_longer_holds_is_lost_with_its_exact_number() -> None:
    rig = ready_rig().run(ms(1_000))
    rig.at(ms(1_100), rig.cut)
    for turn in range(200):
        rig.beam(turn % 6, turn // 6 % 2 == 0, ms(1_200 + 5 * turn))
    rig.run(ms(2_250))
    first_missed, told_by_the_board = next_evseq(rig), rig.board._firmware._evseq
    rig.plug()
    rig.run(ms(4_500))

    assert told_by_the_board - first_missed == 200 + 2  # and HEALTH at 2 s, and SAFE by the watchdog
    assert sum(one.count for one in rig.of(EventsLost)) == 202 - RING
    assert len(rig.beams) == RING - 1  # HEALTH is among the newest
    told_before(rig.told)


def test_more_edges_than_the_board_can_catch_are_counted_exactly() -> None:
    unheld = [BoardInput(channel=channel, use="beam", debounce_us=0) for channel in range(6)]
    rig = ready_rig(inputs=(*unheld, BoardInput(channel=ENCODER, use="encoder"))).run(ms(1_500))
    for place in range(48):
        rig.beam(place % 6, place // 6 % 2 == 0, Instant(ms(1_700) + place * 10_000))
    rig.run(ms(4_000))

    assert len(rig.beams) == CAPTURES_MAX
    assert sum(one.count for one in rig.of(EventsLost)) == 48 - CAPTURES_MAX


def test_a_flood_is_told_or_counted_edge_by_edge_and_orders_are_still_answered() -> None:
    unheld = [BoardInput(channel=channel, use="beam", debounce_us=0) for channel in range(6)]
    rig = ready_rig(inputs=(*unheld, BoardInput(channel=ENCODER, use="encoder"))).run(ms(1_500))
    first = next_evseq(rig)
    for place in range(4_000):  # 4000 a second; the line carries 1900
        rig.beam(place % 6, place // 6 % 2 == 0, Instant(ms(1_600) + place * 250_000))
    rig.at(ms(2_100), lambda: switch(rig, 1, 0, ms(2_400), 1_000_000))
    rig.run(ms(6_000))

    others = (next_evseq(rig) - first) - 4_000  # HEALTH, in its second
    lost = sum(one.count for one in rig.of(EventsLost))
    assert [one.detail for one in rig.of(OrderAnswered)] == ["ok"]
    assert len(rig.beams) + lost in range(4_000, 4_000 + others + 1)
    assert lost > 0


def test_spoilt_frames_are_recovered_and_no_edge_is_missing_or_told_twice() -> None:
    rig = ready_rig(hz=3_000).run(ms(1_000))
    edges = [(turn % 6, turn // 6 % 2 == 0, ms(1_000 + 20 * turn)) for turn in range(150)]
    for channel, level, at in edges:
        rig.beam(channel, level, at)
    faults = ("drop", "flip", "cut")
    for turn in range(120):
        rig.at(ms(1_000 + 25.3 * turn), lambda turn=turn: rig.board.spoil(faults[turn % 3]))
    rig.run(ms(6_000))

    assert [(edge.channel, edge.blocked) for edge in rig.beams] == [edge[:2] for edge in edges]
    assert rig.of(EventsLost) == []
    for edge, (_, _, at) in zip(rig.beams, edges, strict=True):
        assert abs(edge.count - rig.belt.count_at(at)) <= 1
    told_before(rig.told)


def test_a_restart_of_the_board_is_not_continued_and_its_counts_begin_anew() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    rig.told.clear()
    rig.board.set_input(0, True, rig.now)
    rig.board.reset(CAUSE_BROWN_OUT, rig.now)
    rig.run(ms(3_000))

    assert [(one.state, one.continued) for one in rig.of(BoardChanged)][-1] == ("ready", False)
    assert rig.of(DeviceUp)[0].identity == "boot 8, proto 1.0"
    assert max(one.count for one in rig.moves) <= 4_000
    assert rig.moves[-1].moving


def test_an_edge_that_waits_when_the_board_restarts_is_counted_as_lost() -> None:
    rig = ready_rig().run(ms(1_000))
    rig.beam(0, True, ms(1_500))
    rig.at(ms(1_505), lambda: rig.board.reset(CAUSE_BROWN_OUT, rig.now))
    rig.run(ms(3_000))

    assert [one.count for one in rig.of(EventsLost)] == [1]
    assert rig.beams == []


def test_another_boot_behind_a_port_that_comes_back_is_not_continued() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    rig.cut()
    rig.at(ms(1_200), lambda: rig.board.reset(CAUSE_BROWN_OUT, rig.now))
    rig.at(ms(1_400), rig.plug)
    rig.run(ms(3_000))

    assert [(one.state, one.continued) for one in rig.of(BoardChanged)] == [
        ("lost", True),
        ("configuring", False),
        ("syncing", False),
        ("ready", False),
    ]


def test_a_board_away_for_longer_than_its_numbers_are_sure_is_not_continued() -> None:
    rig = ready_rig().run(ms(1_000))
    rig.cut()
    rig.at(ms(62_000), rig.plug)
    rig.run(ms(64_000))

    assert (rig.of(BoardChanged)[-1].state, rig.of(BoardChanged)[-1].continued) == ("ready", False)


def test_a_host_that_paused_tells_every_edge_of_the_pause() -> None:
    rig = ready_rig(hz=1_000).run(ms(1_000))
    rig.paused_until = ms(3_000)
    rig.beam(0, True, ms(1_700))
    rig.beam(0, False, ms(2_400))
    rig.run(ms(4_500))

    assert [edge.count for edge in rig.beams] == [1_700, 2_400]
    assert [one.state for one in rig.of(BoardChanged)] == ["safe", "configuring", "syncing", "ready"]
    told_before(rig.told)


# --- splits ---------------------------------------------------------------------------------------


def recorded() -> tuple[list[tuple[Instant, bytes]], list[Reading]]:
    """What a driver was given in a run with edges, stops and spoilt frames, and what it told."""
    rig = DriverRig(hz=2_000)
    given: list[tuple[Instant, bytes]] = []
    deliver = rig._deliver

    def record(data: bytes) -> None:
        given.append((rig.now, data))
        deliver(data)

    rig._deliver = record  # type: ignore[method-assign]  # a tap on the line
    for turn in range(10):
        rig.beam(turn % 3, turn // 3 % 2 == 0, ms(600 + 33 * turn))
    rig.at(ms(700), lambda: rig.board.spoil("flip"))
    rig.at(ms(800), lambda: rig.board.babble(b"\x01\x02\x00\x99" * 9 + b"\x00", rig.now))
    rig.belt.speed(0, ms(900))
    rig.run(ms(1_200))
    return given, rig.told


def replayed(given: list[tuple[Instant, bytes]], cut: Callable[[bytes], list[bytes]]) -> list[Reading]:
    """The same bytes at the same instants to a new driver, in pieces; it wakes when it wants."""
    driver = IoBoard(board_config())
    told: list[Reading] = []
    for at, data in [*given, (ms(1_200), b"")]:
        while (wake_at := driver.wake_at) is not None and wake_at <= at and (data or wake_at < ms(1_200)):
            if wake_at == at and data:
                break
            told += driver.wake(wake_at)
            driver.take_output()
        for piece in cut(data):
            told += driver.receive(piece, at)
            driver.take_output()
    return told


def test_any_split_of_the_bytes_gives_the_same_readings() -> None:
    given, told = recorded()
    whole = replayed(given, lambda data: [data])

    assert [one for one in whole if isinstance(one, BeamChanged)] == [
        one for one in told if isinstance(one, BeamChanged)
    ]
    assert len([one for one in whole if isinstance(one, BeamChanged)]) == 10
    assert replayed(given, lambda data: [bytes([byte]) for byte in data]) == whole
    for size in (2, 3, 5, 11):
        assert (
            replayed(
                given, lambda data, size=size: [data[at : at + size] for at in range(0, len(data), size)]
            )
            == whole
        )


# --- beams that tell no truth ---------------------------------------------------------------------


def test_a_chattering_beam_is_said_once_until_it_is_calm_and_the_others_are_heard() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    for turn in range(400):
        rig.beam(0, turn % 2 == 0, ms(1_000 + 5 * turn))
    rig.beam(1, True, ms(2_000))
    rig.run(ms(4_000))

    assert [one.code for one in rig.of(DeviceFault)] == ["sensor_chatter"]
    assert str(CHATTER_EDGES) in rig.of(DeviceFault)[0].detail
    assert sum(edge.channel == 1 for edge in rig.beams) == 1


def test_a_beam_covered_for_longer_than_any_parcel_is_said_to_be_stuck_once() -> None:
    watch = BeamWatch((0, 1))
    watch.edge(0, blocked=True, at=ms(0))
    found = [trouble for second in range(200) for trouble in watch.moved(Instant(second * SECOND))]

    assert [code for code, _ in found] == ["sensor_stuck"]
    watch.edge(0, blocked=False, at=Instant(200 * SECOND))
    watch.edge(0, blocked=True, at=Instant(201 * SECOND))
    assert watch.moved(Instant(202 * SECOND)) == []


def test_a_beam_covered_on_a_standing_belt_is_not_stuck() -> None:
    watch = BeamWatch((0,))
    watch.edge(0, blocked=True, at=ms(0))
    watch.moved(ms(1))
    watch.stopped()

    assert watch.moved(Instant(10 * STUCK_NS)) == []
