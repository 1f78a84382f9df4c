"""A polled Modbus block as the board of a belt, against a simulated server that shares no code with the driver."""

from collections.abc import Callable
from typing import Any

import pytest
from driver_configs import ms
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.command import SwitchOff, SwitchOn, Trigger
from drivers.conveyors.modbus_io import HEARTBEAT_NS, POLLS_MISSED, TIMEOUTS_MAX, ModbusIo
from drivers.conveyors.polled_outputs import LATE_NS, SWITCHES_MAX
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
from hub_config.attach import SerialAttach, TcpAttach
from hub_config.modbus import ModbusInput, ModbusIoConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.devices.modbus_block import WRAP, ModbusBlock

IO = DeviceId("io-1")
ENCODER = 15


def block_config(*, serial: bool = False, **more: Any) -> ModbusIoConfig:
    attach = (
        SerialAttach(port="/dev/ttyS9", baud=115_200)
        if serial
        else TcpAttach(kind="tcp", host="127.0.0.1", port=502)
    )
    known: dict[str, Any] = {
        "module": "moxa-e1200",
        "inputs": (
            ModbusInput(channel=0, use="beam", counted=True),
            ModbusInput(channel=1, use="beam", counted=True),
            ModbusInput(channel=ENCODER, use="encoder", counted=True),
        ),
        "outputs": 4,
    }
    return ModbusIoConfig(kind="modbus-io", id=IO, attach=attach, **{**known, **more})


class Bench:
    """Driver and block in steps of a millisecond; every answer takes `takes_ms`."""

    def __init__(self, config: ModbusIoConfig | None = None, block: ModbusBlock | None = None) -> None:
        self.config = config or block_config()
        self.io = ModbusIo(self.config)
        self.block = block or ModbusBlock(serial=isinstance(self.config.attach, SerialAttach))
        self.takes_ms = 2
        self.now = 0
        self.readings: list[Reading] = []
        self.speed = 0
        self.cut = False
        self._under_way: list[tuple[int, bytes]] = []

    def until(self, end_ms: int, each: "Callable[[int], None] | None" = None) -> "Bench":
        while self.now < end_ms:
            self.now += 1
            if each is not None:
                each(self.now)
            self.block.count(ENCODER, self.speed)
            at = ms(self.now)
            self.block.watch(at)
            while self._under_way and self._under_way[0][0] <= self.now:
                data = self._under_way.pop(0)[1]
                for part in (data[:5], data[5:]) if self.cut else (data,):
                    self.readings += self.io.receive(part, at)
            while (due := self.io.wake_at) is not None and due <= at:
                self.readings += self.io.wake(at)
            self._send(at)
        return self

    def _send(self, at: Instant) -> None:
        answer = self.block.receive(self.io.take_output(), at)
        if answer:
            self._under_way.append((self.now + self.takes_ms, answer))

    def order(self, number: int, channel: int, at_ms: int, for_ms: int) -> str:
        (answer,) = self.io.command(
            SwitchOn(IO, number, channel, ms(at_ms), for_ms * MILLISECOND), ms(self.now)
        )
        assert isinstance(answer, OrderAnswered)
        return answer.detail

    def of(self, kind: type[Reading]) -> list[Any]:
        return [one for one in self.readings if isinstance(one, kind)]

    def states(self) -> list[tuple[str, bool]]:
        return [(one.state, one.continued) for one in self.of(BoardChanged)]


BENCHES: list[Callable[[], Bench]] = [Bench, lambda: Bench(block_config(serial=True))]
both = pytest.mark.parametrize("new", BENCHES, ids=["tcp", "rtu"])


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


@both
def test_three_missed_polls_make_every_input_unknown(new: Callable[[], Bench]) -> None:
    bench = new().until(100)

    bench.block.silent = True
    bench.until(100 + POLLS_MISSED * 10 + 11)

    lost = bench.of(BoardChanged)[-1]
    assert (lost.state, lost.detail) == ("lost", "no answer for 3 polls: its inputs are unknown")
    assert bench.order(1, 0, bench.now + 50, 100) == "not_ready"


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

    bench.until(200, lambda now: bench.block.set_input(1, high=now == 155))

    assert [one.count for one in bench.of(EventsLost)] == [2]
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


# Switching ----------------------------------------------------------------------------------------------


@both
def test_an_output_is_switched_at_its_time_and_off_again(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    seen: list[int] = []

    assert bench.order(1, 2, 200, 100) == "ok"
    bench.until(500, lambda now: seen.append(now) if bench.block.coils[2] else None)

    assert 200 <= seen[0] <= 210
    assert 300 <= seen[-1] <= 312
    assert seen == list(range(seen[0], seen[-1] + 1))


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


# Roller controllers -------------------------------------------------------------------------------------


def conveylinx(block: ModbusBlock, *, ports: int, hertz: int) -> None:
    for place, word in enumerate((0, ports, 3, 24_000, 400, hertz)):
        block.holding[1_699 + place] = word


def test_a_conveylinx_tells_its_photo_eyes_and_its_motor_stands_for_the_encoder() -> None:
    inputs = (ModbusInput(channel=0, use="beam"), ModbusInput(channel=3, use="encoder"))
    bench = Bench(block_config(module="conveylinx", inputs=inputs, outputs=0, counts_per_s=1_000))

    def each(now: int) -> None:
        beat = 0x8000 if now // 2_000 % 2 else 0
        conveylinx(bench.block, ports=beat | (0x10 if 500 <= now < 700 else 0), hertz=60 if now >= 300 else 0)

    bench.until(1_300, each)
    assert [one.blocked for one in bench.of(BeamChanged)] == [True, False]
    moved = bench.of(BeltMoved)[-1]
    assert abs(moved.count - (moved.at // MILLISECOND - 300)) <= 20

    bench.until(1_300 + 2 * HEARTBEAT_NS // MILLISECOND, lambda _: conveylinx(bench.block, ports=0, hertz=60))
    assert (bench.states()[-1][0], bench.of(BoardChanged)[-1].detail) == (
        "lost", "its heartbeat has stopped: what it tells is old",
    )  # fmt: skip


def test_an_interroll_image_is_read_in_the_byte_order_of_its_fieldbus() -> None:
    inputs = (ModbusInput(channel=2, use="beam"), ModbusInput(channel=11, use="encoder"))
    for order in ("big", "little"):
        config = block_config(
            module="interroll-multicontrol",
            inputs=inputs,
            outputs=0,
            counts_per_s=500,
            first_register=4_096,
            byte_order=order,
        )
        bench = Bench(config)

        def each(now: int, bench: Bench = bench, order: str = order) -> None:
            image = bytes((4 if now > 200 else 0, 0, 0, 60)) + bytes(12)
            for place in range(8):
                word = image[2 * place : 2 * place + 2]
                bench.block.holding[4_096 + place] = int.from_bytes(
                    word, "big" if order == "big" else "little"
                )

        bench.until(400, each)
        assert [one.channel for one in bench.of(BeamChanged)] == [2], order
        assert bench.of(BeltMoved)[-1].moving
