"""A polled Modbus block as the board of a belt, against a simulated server that shares no code with the driver."""

from collections.abc import Callable
from typing import Any

import pytest
from driver_configs import ms
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_bench import ENCODER, Bench, block_config, both

from drivers.conveyors.modbus_io import TIMEOUTS_MAX
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardChanged,
    DeviceFault,
    DeviceUp,
    EventsLost,
    Reading,
)
from hub_config.modbus import ModbusInput
from hub_config.names import MILLISECOND
from simulators.devices.modbus_block import WRAP, ModbusBlock


@both
def test_it_is_ready_once_its_outputs_are_off_and_its_inputs_known(new: Callable[[], Bench]) -> None:
    bench = new()
    bench.block.coils[2] = True  # of before

    bench.until(100)

    assert bench.states() == [("configuring", False), ("ready", False)]
    assert bench.block.coils == [False] * 16
    assert len(bench.of(DeviceUp)) == 1


@both
def test_an_edge_is_told_between_two_polls_with_its_bound_and_count(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    bench.speed = 2

    bench.until(300, lambda now: bench.block.set_input(0, high=203 <= now < 250))

    covered, free = bench.of(BeamChanged)
    assert (covered.channel, covered.blocked, free.blocked) == (0, True, False)
    assert abs(covered.at - ms(203)) <= covered.unc_ns <= 20 * MILLISECOND
    assert abs(covered.count - 2 * 103) <= 2 * covered.unc_ns // MILLISECOND + 2
    moves = bench.of(BeltMoved)
    assert [one.count for one in moves] == sorted(one.count for one in moves)
    assert bench.readings.index(covered) < bench.readings.index(
        next(one for one in moves if one.at > covered.at)
    )


UNCOUNTED = (
    ModbusInput(channel=0, use="beam"),
    ModbusInput(channel=ENCODER, use="encoder", counted=True),
)


@pytest.mark.parametrize(
    ("more", "after_ms"),
    [({"inputs": UNCOUNTED}, 30), ({"poll_ms": 25, "inputs": UNCOUNTED}, 75), ({}, 60), ({"poll_ms": 25}, 75),
     ({"inputs": UNCOUNTED, "lost_after_ms": 90}, 90)],
)  # fmt: skip
@pytest.mark.parametrize("serial", [False, True])
def test_without_answers_every_input_is_unknown(more: dict[str, Any], after_ms: int, serial: bool) -> None:
    bench = Bench(block_config(serial=serial, **more)).until(100)

    bench.block.silent = True
    bench.until(100 + after_ms - bench.config.poll_ms - 3)
    assert bench.states()[-1] == ("ready", False)
    bench.until(100 + after_ms + 30)  # from the last answer on

    lost = bench.of(BoardChanged)[-1]
    assert (lost.state, lost.detail) == ("lost", f"no answer for {after_ms} ms: its inputs are unknown")
    assert bench.order(1, 0, bench.now + 50, 100) == "not_ready"


@both
def test_edges_of_a_silence_that_counters_explain_are_told_with_their_bound(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    bench.speed = 1
    bench.until(200)

    bench.block.silent = True
    bench.until(280, lambda now: bench.block.set_input(0, high=now >= 233))
    bench.block.silent = False
    bench.until(1_200)

    assert bench.states()[-2:] == [("lost", False), ("ready", True)]
    (covered,) = bench.of(BeamChanged)
    assert abs(covered.at - ms(233)) <= covered.unc_ns
    assert bench.of(EventsLost) == []


@both
def test_a_block_that_is_back_is_ready_again_and_its_counters_say_what_passed(
    new: Callable[[], Bench],
) -> None:
    bench = new().until(100)
    bench.block.silent = True
    bench.until(180)
    bench.block.silent = False
    bench.until(1_200)
    assert bench.states()[-2:] == [("lost", False), ("ready", True)]  # nothing has passed

    bench.block.silent = True
    bench.until(1_250, lambda now: bench.block.set_input(0, high=now < 1_210))
    bench.block.silent = False
    bench.until(2_400)
    assert bench.states()[-2:] == [("lost", False), ("ready", False)]  # something has


def test_without_counters_a_loss_is_never_passed_over() -> None:
    inputs = (ModbusInput(channel=0, use="beam"), ModbusInput(channel=ENCODER, use="encoder", counted=True))
    bench = Bench(block_config(inputs=inputs)).until(100)

    bench.block.silent = True
    bench.until(180)
    bench.block.silent = False
    bench.until(1_200)

    assert bench.states()[-1] == ("ready", False)


def test_an_edge_that_no_poll_has_seen_is_told_as_lost() -> None:
    bench = Bench().until(100)
    bench.takes_ms = 22  # two periods are over when the answer comes

    bench.until(400, lambda now: bench.block.set_input(1, high=now in (201, 202)))

    assert [one.count for one in bench.of(EventsLost)] == [2]
    assert bench.of(BeamChanged) == []
    assert bench.states()[-1][0] == "ready"


def test_what_is_shorter_than_a_poll_is_a_sensor_that_bounces() -> None:
    bench = Bench().until(100)

    bench.until(200, lambda now: bench.block.set_input(1, high=now == 155))

    assert bench.of(EventsLost) == []
    assert bench.of(BeamChanged) == []


def test_counters_wrap_and_a_restart_begins_anew() -> None:
    block = ModbusBlock()
    block.counters[ENCODER] = WRAP - 50
    bench = Bench(block=block).until(100)
    bench.speed = 1

    bench.until(300)
    assert bench.of(BeltMoved)[-1].count > 100
    assert bench.states()[-1] == ("ready", False)

    block.counters[0] = 7
    bench.block.restart()
    bench.until(500)
    assert bench.states()[-2:] == [("lost", False), ("ready", False)]


def test_a_standing_belt_is_told_and_a_moving_one_more_often() -> None:
    bench = Bench().until(100)
    bench.speed = 3
    bench.until(1_100)
    bench.speed = 0
    bench.until(4_100)

    moving = [one for one in bench.of(BeltMoved) if one.moving]
    standing = [one for one in bench.of(BeltMoved) if not one.moving]
    assert 9 <= len(moving) <= 12
    assert 3 <= len(standing) <= 5


def test_behind_an_edge_the_input_is_not_looked_at_for_its_debounce_time() -> None:
    inputs = (
        ModbusInput(channel=0, use="beam", debounce_us=100_000, blocked_when="low"),
        ModbusInput(channel=ENCODER, use="encoder", counted=True),
    )
    block = ModbusBlock()
    block.set_input(0, high=True)
    bench = Bench(block_config(inputs=inputs), block).until(100)

    bench.until(500, lambda now: bench.block.set_input(0, high=now < 200 or 225 <= now < 250 or now >= 400))

    assert [one.blocked for one in bench.of(BeamChanged)] == [True, False]


# Asking -------------------------------------------------------------------------------------------------


@both
def test_answers_in_two_parts_are_the_same_answers(new: Callable[[], Bench]) -> None:
    def run(*, cut: bool) -> list[Reading]:
        bench = new()
        bench.cut = cut
        bench.speed = 2
        return bench.until(400, lambda now: bench.block.set_input(0, high=100 < now < 200)).readings

    assert run(cut=True) == run(cut=False)


def test_an_answer_of_another_transaction_counts_for_nothing() -> None:
    bench = Bench().until(100)

    bench.block.other_transaction = True
    bench.until(160)

    assert bench.states()[-1][0] == "lost"
    assert bench.of(DeviceFault) == []


def test_an_answer_told_twice_is_one_answer() -> None:
    bench = Bench()
    bench.block.twice = True

    bench.until(300)

    assert bench.states() == [("configuring", False), ("ready", False)]


@both
def test_an_exception_is_said_with_its_name(new: Callable[[], Bench]) -> None:
    bench = new()
    bench.block.exception = 2

    bench.until(30)

    fault = bench.of(DeviceFault)[0]
    assert fault.code == "refused"
    assert "illegal_data_address" in fault.detail


def test_without_answers_a_tcp_connection_is_made_anew_and_a_serial_line_is_asked_again() -> None:
    tcp, rtu = Bench(), Bench(block_config(serial=True))
    for bench in (tcp, rtu):
        bench.block.silent = True
        bench.until(TIMEOUTS_MAX * 420)

    assert tcp.io.stuck is not None
    assert tcp.io.wake_at is None
    assert rtu.io.stuck is None
    rtu.block.silent = False
    rtu.until(rtu.now + 700)
    assert rtu.states()[-1] == ("ready", False)


def test_bytes_that_are_no_modbus_end_the_connection() -> None:
    bench = Bench().until(100)

    bench.readings += bench.io.receive(b"HTTP/1.1 400 Bad Request\r\n", ms(101))

    assert bench.io.stuck is not None
    assert bench.of(DeviceFault)[0].code == "garbled"
    assert bench.states()[-1][0] == "lost"


def test_a_serial_answer_with_a_wrong_crc_counts_for_nothing_and_the_line_gets_quiet() -> None:
    bench = Bench(block_config(serial=True)).until(100)
    while bench.io._link.asked_at is None:
        bench.until(bench.now + 1)
    asked = bench.block.requests

    bench.readings += bench.io.receive(bytes(71), ms(bench.now))
    bench.until(bench.now + 100)
    assert bench.block.requests == asked  # nothing is asked while a late answer may come
    bench.until(bench.now + 400)

    assert bench.of(DeviceFault)[-1].code == "garbled"
    assert bench.states()[-1][0] == "ready"


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=80), max_size=12), st.booleans())
def test_no_bytes_raise_and_what_is_held_is_bounded(reads: list[bytes], serial: bool) -> None:
    bench = Bench(block_config(serial=serial)).until(40)

    for turn, data in enumerate(reads):
        at = ms(41 + 5 * turn)
        for one in bench.io.receive(data, at):
            if isinstance(one, DeviceFault):
                assert len(one.raw) <= 64
        if bench.io.wake_at is not None and bench.io.wake_at <= at:
            bench.io.wake(at)
        bench.io.take_output()
        assert bench.io._link.held_bytes <= 600


def test_the_way_of_a_slow_answer_is_reckoned_once() -> None:
    bench = Bench().until(100)
    bench.until(200)
    bench.takes_ms = 40

    bench.until(300, lambda now: bench.block.set_input(0, high=now >= 203))

    (covered,) = bench.of(BeamChanged)
    assert abs(covered.at - ms(203)) <= covered.unc_ns <= 27 * MILLISECOND  # 10 ms between the polls, and 42
