"""The simulated I/O board by itself, spoken to with bytes that are packed here."""

import struct

import pytest
from board_bench import CONFIG_CRC, INPUTS, Bench, tick
from board_rig import FULL_TURN, ms

from hub_config.names import Instant
from simulators.devices.io_board import (
    CAUSE_BROWN_OUT,
)
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_firmware import CAPTURES_MAX, REPLIES_KEPT, RING
from simulators.devices.io_board_outputs import ORDERS_MAX
from simulators.devices.io_board_wire import DICT_HASH, framed


def test_it_boots_with_a_message_and_answers_hello_with_its_plate() -> None:
    bench = Bench()
    (boot,) = bench.bodies(ms(0))

    assert boot == b"\xe0" + struct.pack("<HIIBHI", 0, 0, 7, 1, 0x0100, DICT_HASH)
    plate = struct.pack("<BHHIIIBBHB", 0, 0x0100, 0x0100, DICT_HASH, 2_000_000, 7, 8, 4, 0, RING)
    assert bench.hello(ms(5)) == plate


def test_sync_tells_when_the_request_came_and_when_its_reply_was_queued() -> None:
    bench = Bench(BoardTraits(turn_ns=250_000))

    assert bench.ask(ms(10), 0x81, "") == struct.pack("<BII", 0, tick(10), tick(10.25))


def test_a_line_that_takes_time_stamps_the_end_of_the_request() -> None:
    bench = Bench(BoardTraits(baud=250_000, turn_ns=0))

    _, t_rx, _ = struct.unpack("<BII", bench.ask(ms(10), 0x81, ""))
    assert t_rx == tick(10 + 6 * 0.04)


def test_the_first_edge_is_told_at_once_and_then_held_for_the_debounce_time() -> None:
    bench = Bench().armed()
    for at, level in ((200, True), (200.5, False), (201, True), (201.5, False), (210, True)):
        bench.board.set_input(3, level, ms(at))
    edges = [struct.unpack("<BHIBB", body)[2:] for body in bench.events(ms(300), 0xE1)]

    assert edges == [(tick(200), 3, 1), (tick(202), 3, 0), (tick(210), 3, 1)]


def test_an_input_that_is_not_configured_tells_nothing() -> None:
    bench = Bench()
    bench.board.set_input(0, True, ms(5))

    assert bench.events(ms(50), 0xE1) == []


def test_the_encoder_is_told_every_report_while_it_moves_with_the_time_of_its_last_pulse() -> None:
    bench = Bench(hz=0).armed()
    bench.belt.speed(1_000, ms(205.5))
    bench.belt.speed(0, ms(224.5))
    reports = [struct.unpack("<BHIBi", body)[2:] for body in bench.events(ms(900), 0xE2)]

    assert reports == [(tick(209.5), 7, 4), (tick(219.5), 7, 14), (tick(224.5), 7, 19)]


def test_setting_up_the_encoder_tells_its_count_even_if_it_stands() -> None:
    bench = Bench(hz=1_000).armed()
    bench.belt.speed(0, ms(150))
    bench.bodies(ms(500))
    bench.board.receive(framed(struct.pack("<BBBBHB", 0x83, 99, *INPUTS[7])), ms(600))
    (report,) = bench.events(ms(601), 0xE2)

    assert struct.unpack("<BHIBi", report)[2:] == (tick(600), 7, 150)


@pytest.mark.parametrize(
    ("channel", "level", "at_ms", "duration", "status"),
    [
        (0, 1, 300, 100, 0),
        (4, 1, 300, 100, 2),
        (0, 2, 300, 100, 2),
        (0, 1, 300, 0, 2),
        (0, 0, 300, 5, 2),
        (0, 1, 150, 100, 3),
    ],
)
def test_an_order_is_answered_with_its_status(
    channel: int, level: int, at_ms: int, duration: int, status: int
) -> None:
    assert Bench().armed().order(ms(200), channel, level, tick(at_ms), duration) == status


def test_orders_before_configuration_and_watchdog_are_refused() -> None:
    bench = Bench()
    bench.hello(ms(10))

    assert bench.order(ms(20), 0, 1, tick(50), 5) == 6


def test_switches_happen_at_their_ticks_and_wake_at_says_when() -> None:
    bench = Bench().armed()
    bench.order(ms(200), 1, 1, tick(212.3), tick(20))

    assert bench.board.wake_at <= ms(212.3)
    bench.board.wake(ms(220))
    assert bench.board.outputs == (False, True, False, False)
    bench.board.wake(ms(300))
    assert bench.board.take_switches() == [(ms(212.3), 1, True), (ms(232.3), 1, False)]


def test_the_safe_level_takes_back_what_begins_from_then_on_and_cuts_what_runs() -> None:
    bench = Bench().armed()
    for start in (300, 400, 500):
        assert bench.order(ms(200), 0, 1, tick(start), tick(50)) == 0
    assert bench.order(ms(210), 0, 0, tick(320), 0) == 0
    bench.board.wake(ms(900))

    assert bench.board.take_switches() == [(ms(300), 0, True), (ms(320), 0, False)]


def test_orders_that_overlap_are_one_switch() -> None:
    bench = Bench().armed()
    bench.order(ms(200), 0, 1, tick(300), tick(50))
    bench.order(ms(200), 0, 1, tick(350), tick(30))
    bench.board.wake(ms(900))

    assert bench.board.take_switches() == [(ms(300), 0, True), (ms(380), 0, False)]


def test_an_output_keeps_no_more_orders_than_the_bound() -> None:
    bench = Bench().armed()
    statuses = [bench.order(ms(200), 0, 1, tick(1_000 + 10 * turn), 5) for turn in range(ORDERS_MAX + 1)]

    assert statuses == [0] * ORDERS_MAX + [4]
    assert bench.order(ms(200), 1, 1, tick(1_000), 5) == 0


def test_a_repeated_request_gets_the_same_reply_and_is_not_acted_on_again() -> None:
    bench = Bench().armed()
    first = bench.ask(ms(200), 0x81, "", seq=200)
    assert bench.ask(ms(200), 0x82, "BBII", 0, 1, tick(300), 10, seq=201) == b"\x00"

    assert bench.ask(ms(250), 0x81, "", seq=200) == first
    assert bench.ask(ms(350), 0x82, "BBII", 0, 1, tick(300), 10, seq=201) == b"\x00"
    for turn in range(REPLIES_KEPT):
        bench.ask(ms(360), 0x81, "", seq=turn)
    assert bench.ask(ms(400), 0x81, "", seq=200) != first


def test_hello_forgets_the_replies_to_a_gateway_of_before() -> None:
    bench = Bench().armed()
    first = bench.ask(ms(200), 0x81, "", seq=9)
    bench.hello(ms(210))

    assert bench.ask(ms(220), 0x81, "", seq=9) != first


def test_without_a_word_the_outputs_are_safe_at_the_timeout_and_stay_so_until_armed_anew() -> None:
    bench = Bench().armed(timeout_ms=500)
    assert bench.order(ms(200), 2, 1, tick(300), tick(60_000)) == 0
    bench.board.wake(ms(2_000))

    assert bench.board.take_switches() == [(ms(300), 2, True), (ms(700), 2, False)]
    (safe,) = bench.events(ms(2_000), 0xE4)
    assert struct.unpack("<BHIBB", safe)[2:] == (tick(700), 1, 0)
    assert bench.order(ms(2_010), 0, 1, tick(2_500), 5) == 5
    assert bench.watchdog(ms(2_020), 500) == 5
    assert bench.agree(ms(2_030)) == 0
    assert bench.watchdog(ms(2_040), 500) == 5
    bench.hello(ms(2_050))
    assert bench.watchdog(ms(2_060), 500) == 5
    assert bench.agree(ms(2_070)) == 0
    assert bench.watchdog(ms(2_080), 500) == 0
    assert bench.order(ms(2_090), 0, 1, tick(2_500), 5) == 0


def test_the_watchdog_is_not_disarmed_while_an_output_has_orders() -> None:
    bench = Bench().armed()
    bench.order(ms(200), 0, 1, tick(300), tick(100))

    assert bench.watchdog(ms(250), 0) == 2
    assert bench.watchdog(ms(350), 0) == 2
    assert bench.watchdog(ms(450), 0) == 0


def test_another_configuration_is_not_agreed_to() -> None:
    bench = Bench().armed()
    status, stored = struct.unpack("<BI", bench.ask(ms(200), 0x86, "I", CONFIG_CRC ^ 1))

    assert (status, stored) == (6, CONFIG_CRC)
    assert bench.order(ms(210), 0, 1, tick(300), 5) == 6
    assert [bench.ask(ms(220), 0x83, "BBHB", *one) for one in ((8, 1, 0, 0), (0, 3, 0, 0), (0, 2, 0, 0))] == [
        b"\x02"
    ] * 3


def test_stored_events_are_those_asked_for_that_are_still_there() -> None:
    bench = Bench().armed()
    for turn in range(2 * RING):
        bench.board.set_input(0, turn % 2 == 0, ms(200 + 3 * turn))
    bench.bodies(ms(650))
    last = bench.board._firmware._evseq - 1

    def stored(first: int, count: int) -> tuple[int, list[int]]:
        bench.board.receive(framed(struct.pack("<BBHB", 0x85, 77, first, count)), ms(660))
        reply, *events = bench.bodies(ms(670))
        return reply[3], [struct.unpack("<H", event[1:3])[0] for event in events]

    assert stored(last - 2, 3) == (3, [last - 2, last - 1, last])
    assert stored(last - RING - 9, 12) == (2, [last - RING + 1, last - RING + 2])
    assert stored(0, 1) == (0, [])
    assert stored(last - 100, 255)[0] == RING


def test_more_edges_at_once_than_it_can_catch_are_counted_in_its_health() -> None:
    bench = Bench()
    bench.hello(ms(1))
    for channel in range(7):
        bench.ask(ms(2), 0x83, "BBHB", channel, 1, 0, 0)
    bench.bodies(ms(100))
    for turn in range(CAPTURES_MAX + 5):
        bench.board.set_input(turn % 7, turn // 7 % 2 == 0, Instant(ms(200) + turn * 1_000))
    bodies = bench.bodies(ms(1_500))
    (health,) = [body for body in bodies if body[0] == 0xE3]

    assert sum(body[0] == 0xE1 for body in bodies) == CAPTURES_MAX
    assert struct.unpack("<BHIHHHHB", health)[2:] == (tick(1_000), 5, 0, 0, 0, 0)


def test_health_counts_spoilt_frames_and_late_orders_and_shows_the_outputs() -> None:
    bench = Bench().armed()
    bench.board.receive(
        b"\x05\x81\x02\x08\xea\x00" + framed(b"\x81\x02\x00") + b"\x01" * 400 + b"\x00", ms(200)
    )
    bench.order(ms(300), 0, 1, tick(200), 10)
    bench.order(ms(300), 3, 1, tick(900), tick(500))
    (health,) = bench.events(ms(1_500), 0xE3)

    assert struct.unpack("<BHIHHHHB", health)[3:] == (0, 3, 0, 1, 0b1000)


def test_a_reset_makes_safe_and_begins_anew() -> None:
    bench = Bench(hz=1_000).armed()
    bench.order(ms(200), 0, 1, tick(250), tick(5_000))
    bench.order(ms(200), 1, 1, tick(900), tick(5))
    bench.bodies(ms(500))
    bench.board.reset(CAUSE_BROWN_OUT, ms(600))
    boot = bench.bodies(ms(600))[-1]

    assert boot == b"\xe0" + struct.pack("<HIIBHI", 0, 0, 8, 4, 0x0100, DICT_HASH)
    bench.board.wake(ms(2_000))
    assert bench.board.take_switches() == [(ms(250), 0, True), (ms(600), 0, False)]
    assert bench.ask(ms(2_000), 0x81, "") == struct.pack("<BII", 0, tick(1_400), tick(1_400.1))
    assert bench.order(ms(2_010), 0, 1, tick(5_000), 5) == 6
    bench.board.receive(framed(struct.pack("<BBBBHB", 0x83, 99, *INPUTS[7])), ms(2_100))
    assert struct.unpack("<i", bench.events(ms(2_101), 0xE2)[0][-4:]) == (1_500,)


def test_its_clock_drifts_and_wraps() -> None:
    bench = Bench(BoardTraits(start_ticks=FULL_TURN - 2_000_000, drift_ppm=200))
    _, before, _ = struct.unpack("<BII", bench.ask(ms(999), 0x81, ""))
    _, after, _ = struct.unpack("<BII", bench.ask(ms(3_000), 0x81, ""))

    assert before == FULL_TURN - 2_000_000 + tick(999) + tick(999) // 5_000
    assert after == tick(2_000) + tick(3_000) // 5_000


def test_an_emergency_stop_latches_until_it_is_released_and_armed_anew() -> None:
    bench = Bench().armed()
    bench.order(ms(200), 0, 1, tick(250), tick(500))
    bench.board.set_estop(True, ms(300))
    (safe,) = bench.events(ms(310), 0xE4)
    bench.hello(ms(320))
    bench.agree(ms(330))

    assert safe[-2:] == b"\x02\x00"
    assert bench.watchdog(ms(340), 500) == 5
    bench.board.set_estop(False, ms(350))
    assert bench.watchdog(ms(360), 500) == 0


def test_a_request_that_it_does_not_know_is_refused_with_status_1() -> None:
    bench = Bench()

    assert bench.ask(ms(10), 0x9F, "HH", 1, 2) == b"\x01"
