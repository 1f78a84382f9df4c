"""Outputs of a polled Modbus block: on at their time and off again, or not at all."""

from collections.abc import Callable

import pytest
from driver_configs import ms
from modbus_bench import IO, Bench, block_config, both, is_one_push

from drivers.command import Shine, SwitchOff, Trigger
from drivers.conveyors.modbus_frames import is_whole
from drivers.conveyors.modbus_link import Answered, ModbusLink
from drivers.conveyors.modbus_pdu import Read, Request, Write
from drivers.conveyors.polled_outputs import LATE_NS, SWITCHES_MAX
from hub_config.names import MILLISECOND

# Switching ----------------------------------------------------------------------------------------------


@both
def test_an_output_is_switched_at_its_time_and_off_again(new: Callable[[], Bench]) -> None:
    bench = new().until(100)

    assert bench.order(1, 2, 200, 100) == "ok"
    assert is_one_push(bench.when_on(2, 500))


def test_orders_one_behind_the_other_leave_the_output_on() -> None:
    bench = Bench().until(100)
    seen: list[int] = []

    bench.order(1, 0, 200, 100)
    bench.order(2, 0, 280, 100)
    bench.until(600, lambda now: seen.append(now) if bench.block.coils[0] else None)

    assert seen == list(range(seen[0], seen[-1] + 1))
    assert 378 <= seen[-1] <= 392


def test_an_order_that_is_taken_back_does_nothing() -> None:
    bench = Bench().until(100)
    bench.order(1, 0, 200, 100)

    bench.io.command(SwitchOff(IO, 2, 0, ms(200)), ms(bench.now))
    bench.until(400, lambda now: pytest.fail(f"on at {now}") if bench.block.coils[0] else None)


@pytest.mark.parametrize(
    ("order", "said"),
    [((9, 200, 10), "not_configured"), ((0, 200, 0), "bad_argument"), ((0, 50, 10), "late")],
)
def test_an_order_that_can_not_be_is_refused_with_its_reason(order: tuple[int, int, int], said: str) -> None:
    channel, at_ms, for_ms = order

    assert Bench().until(100).order(1, channel, at_ms, for_ms) == said


def test_orders_past_the_bound_are_refused() -> None:
    bench = Bench().until(100)

    said = [bench.order(number, 0, 1_000 + 10 * number, 5) for number in range(SWITCHES_MAX + 1)]

    assert said == ["ok"] * SWITCHES_MAX + ["queue_full"]


def test_what_was_to_be_switched_while_the_block_was_away_is_not() -> None:
    bench = Bench().until(100)
    bench.order(1, 0, 150, 1_000)
    bench.block.silent = True
    bench.until(140)
    bench.block.silent = False

    bench.until(1_500, lambda now: pytest.fail(f"on at {now}") if bench.block.coils[0] else None)


def test_an_output_that_could_not_be_switched_in_time_is_not_switched() -> None:
    bench = Bench(block_config(poll_ms=50)).until(150)
    bench.takes_ms = LATE_NS // MILLISECOND + 60
    bench.until(200)
    while bench.io._link.asked_at is None:
        bench.until(bench.now + 1)
    bench.order(1, 0, bench.now + 1, 40)

    bench.until(bench.now + 200, lambda now: pytest.fail(f"on at {now}") if bench.block.coils[0] else None)


def test_the_blocks_own_watchdog_drops_its_outputs_when_the_gateway_is_gone() -> None:
    bench = Bench().until(100)
    bench.order(1, 0, 150, 5_000)
    bench.until(200)
    assert bench.block.coils[0]

    for later in range(200, 1_000):
        bench.block.watch(ms(later))

    assert not any(bench.block.coils)


def test_triggers_are_for_other_devices() -> None:
    assert Bench().io.command(Trigger(IO, 1, on=True), ms(1)) == []


# Lamps --------------------------------------------------------------------------------------------------


@both
def test_a_lamp_shines_for_its_time_and_on_while_it_is_told_anew(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    lit: list[int] = []

    def each(now: int) -> None:
        if now in (200, 350, 500):
            assert bench.io.command(Shine(IO, 3, 200 * MILLISECOND), ms(now)) == []
        if bench.block.coils[3]:
            lit.append(now)

    bench.until(1_000, each)

    assert 200 <= lit[0] <= 215
    assert 700 <= lit[-1] <= 715
    assert lit == list(range(lit[0], lit[-1] + 1)), "it does not flicker where it is told anew"


def test_a_lamp_is_put_out_at_once_and_stays_dark_while_the_block_is_lost() -> None:
    bench = Bench().until(100)
    bench.io.command(Shine(IO, 3, 60_000 * MILLISECOND), ms(100))
    assert bench.until(150).block.coils[3]
    bench.io.command(Shine(IO, 3, 0), ms(150))
    assert not bench.until(200).block.coils[3]

    lost = Bench()
    assert lost.io.command(Shine(IO, 3, 60_000 * MILLISECOND), ms(0)) == []
    assert not lost.until(300).block.coils[3]


# One wrong bit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (Read(4, 7, 2), "11 04 04 00 07 FF FF 5A 34"),
        (Read(3, 107, 3), "01 03 06 02 2B 00 00 00 64 05 7A"),
        (Read(1, 0, 8), "01 01 01 05 91 8B"),
        (Write(5, 0, (1,)), "01 05 00 00 FF 00 8C 3A"),
        (Write(15, 0, (1, 0, 1, 1)), "02 0F 00 00 00 04 54 3B"),
        (Read(3, 107, 3), "01 83 02 C0 F1"),
    ],
)
def test_no_answer_on_a_serial_line_with_one_bit_wrong_is_taken(request_: Request, answer: str) -> None:
    frame = bytes.fromhex(answer)

    def taken(data: bytes) -> list[Answered]:
        link = ModbusLink(frame[0], serial=True, quiet_ns=MILLISECOND)
        link.ask(request_, ms(0))
        found = [*link.receive(data, ms(1)), *link.receive(b"", ms(2))]
        return [one for one in found if isinstance(one, Answered)]

    assert len(taken(frame)) == 1
    for bit in range(len(frame) * 8):
        spoilt = bytearray(frame)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert taken(bytes(spoilt)) == [], f"bit {bit} of {answer}"
        assert is_whole(frame)
        assert not is_whole(bytes(spoilt))
