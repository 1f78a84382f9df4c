"""Faults of a simulated I/O board's line: silence, noise, floods, and the bounds of its buffers."""

import struct

import pytest
from board_bench import Bench, tick
from board_rig import ms

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import (
    RX_MAX,
    SWITCHES_MAX,
    TX_EVENTS_BYTES,
    TX_MAX_BYTES,
)
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_wire import BUFFER_BYTES, ByteReceiver, framed


def test_a_silent_board_hears_and_says_nothing_and_remembers_its_events() -> None:
    bench = Bench().armed()
    bench.board.silence(ms(500))
    bench.board.set_input(0, True, ms(300))
    bench.board.receive(framed(b"\x81\x01"), ms(310))

    assert bench.bodies(ms(400)) == []
    bench.board.set_input(0, False, ms(600))
    (edge,) = bench.events(ms(600), 0xE1)
    assert struct.unpack("<H", edge[1:3])[0] >= 2


@pytest.mark.parametrize("fault", ["drop", "flip", "cut"])
def test_a_spoilt_frame_is_none_and_the_one_behind_the_next_is_whole(fault: str) -> None:
    bench = Bench().armed()
    bench.board.spoil(fault)  # type: ignore[arg-type]  # one of its literals
    for turn in range(3):
        bench.board.set_input(0, turn % 2 == 0, ms(200 + 10 * turn))
    edges = bench.events(ms(300), 0xE1)

    assert len(edges) in ((1, 2) if fault == "cut" else (2,))


def test_babble_goes_out_as_it_is() -> None:
    bench = Bench()
    bench.board.take_output(ms(0))
    bench.board.babble(b"\xff\x00hello", ms(10))

    assert bench.board.take_output(ms(10)) == b"\xff\x00hello"


def test_what_does_not_fit_into_the_transmit_buffer_is_not_sent_and_replies_keep_their_room() -> None:
    bench = Bench().armed()
    for turn in range(400):
        bench.board.set_input(0, turn % 2 == 0, ms(200 + 3 * turn))
    bench.board.receive(framed(b"\x81\xee"), ms(1_500))
    output = bench.board.take_output(ms(1_600))

    assert TX_EVENTS_BYTES - 20 < len(output) <= TX_MAX_BYTES
    assert bench.board.frames_unsent > 200
    assert b"\xc1\xee" in output


def test_more_frames_on_the_way_in_than_the_bound_are_counted_as_overrun() -> None:
    bench = Bench(BoardTraits(baud=250_000))
    bench.board.receive(framed(b"\x81\x01") * (RX_MAX + 9), ms(10))
    (health,) = bench.events(ms(1_000), 0xE3)

    assert struct.unpack("<BHIHHHHB", health)[5] == 9


def test_no_more_switches_are_kept_than_the_bound() -> None:
    bench = Bench().armed()
    for turn in range(SWITCHES_MAX // 2 + 10):
        at = ms(200 + 10 * turn)
        bench.order(at, 0, 1, tick(at / MILLISECOND + 3), tick(2))
    bench.board.wake(Instant(ms(200) + 60 * SECOND))

    assert len(bench.board.take_switches()) == SWITCHES_MAX


def test_a_frame_past_the_receive_buffer_is_dropped_and_the_next_one_taken() -> None:
    receiver = ByteReceiver()
    taken = [
        receiver.put(byte) for byte in b"\xff" + b"\x11" * (BUFFER_BYTES + 50) + b"\x00" + framed(b"\x81\x05")
    ]

    assert [body for body in taken if body is not None] == [b"\x81\x05"]
    assert receiver.take_bad() == 1
    assert receiver.take_bad() == 0
