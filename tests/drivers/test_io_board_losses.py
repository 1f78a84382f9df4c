"""The I/O board's driver when lines are cut, frames spoilt and boards restarted: nothing is missing unseen."""

from collections.abc import Callable

from board_rig import ENCODER, board_config, ms
from io_board_rig import DriverRig, injected, next_evseq, ready_rig, switch, told_before

from drivers.conveyors.beam_watch import CHATTER_EDGES, STUCK_NS, BeamWatch
from drivers.conveyors.io_board import IoBoard
from drivers.device_port import DevicePort
from drivers.reading import (
    BeamChanged,
    BoardChanged,
    DeviceFault,
    DeviceUp,
    EventsLost,
    OrderAnswered,
    Reading,
)
from firmware_bridge.messages import DICT_HASH, PROTO, Boot, Edge, Enc
from hub_config.boards import BoardInput
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import CAUSE_BROWN_OUT
from simulators.devices.io_board_firmware import CAPTURES_MAX, RING

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
    assert rig.of(DeviceUp)[0].identity is None
    assert max(one.count for one in rig.moves) <= 4_000
    assert rig.moves[-1].moving


def test_a_board_that_has_restarted_is_still_believed() -> None:
    """A power cut, or its reset when the port is opened: its boot is another one, the board is not."""
    rig, attached = DriverRig(hz=2_000).ready(), DevicePort(board_config())
    rig.run(ms(1_000))
    rig.board.reset(CAUSE_BROWN_OUT, rig.now)
    rig.run(ms(3_000))

    assert attached._believed(rig.told) == rig.told
    assert len(rig.of(DeviceUp)) == 2
    assert not attached.is_other


def test_an_edge_that_waits_when_the_board_restarts_is_counted_as_lost() -> None:
    rig = ready_rig().run(ms(1_000))
    rig.beam(0, True, ms(1_500))
    rig.at(ms(1_505), lambda: rig.board.reset(CAUSE_BROWN_OUT, rig.now))
    rig.run(ms(3_000))

    assert [one.count for one in rig.of(EventsLost)] == [1]
    assert rig.beams == []


def test_a_restart_told_in_the_same_bytes_as_the_last_report_and_edge_ends_nothing() -> None:
    rig = ready_rig(hz=2_000).run(ms(1_000))
    following = next_evseq(rig)
    last = (Edge(following, 0, 0, 1), Enc(following + 1, 0, ENCODER, 2_000))
    rig.board.reset(CAUSE_BROWN_OUT, rig.now)
    injected(rig, *last, Boot(0, 0, 8, CAUSE_BROWN_OUT, PROTO, DICT_HASH))
    rig.run(ms(3_000))

    assert [one.count for one in rig.of(EventsLost)] == [1]
    assert rig.beams == []
    assert [(one.state, one.continued) for one in rig.of(BoardChanged)][-1] == ("ready", False)
    assert rig.moves[-1].moving


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
