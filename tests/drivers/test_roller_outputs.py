"""Roller controllers over Modbus TCP: what they tell, their outputs at their time, and read back after every write.

ConveyLinx: 4:0037, bits 1 and 3. Interroll: byte 0 of its image of outputs; the byte beside it, the set-point of
motor 1, is never anything but 0.
"""

from collections.abc import Callable
from typing import Any

import pytest
from driver_configs import ms
from modbus_bench import IO, Bench, block_config, is_one_push

from drivers.command import Shine, SwitchOff
from drivers.conveyors.modbus_io import HEARTBEAT_NS
from drivers.conveyors.modbus_modules import all_off, read_back, switch
from drivers.conveyors.modbus_pdu import Read, Write, request_bytes
from drivers.reading import BeamChanged, BeltMoved, BoardChanged, DeviceFault
from hub_config.modbus import ModbusInput, ModbusIoConfig
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.modbus_block import ModbusBlock
from simulators.devices.roller_wire import ConveyLinxRegisters, MultiControlRegisters

FIRST, OUTPUTS = 4_096, 4_200


def conveylinx_config(**more: Any) -> ModbusIoConfig:
    inputs = (ModbusInput(channel=0, use="beam"), ModbusInput(channel=15, use="encoder"))
    known = {
        "module": "conveylinx",
        "inputs": inputs,
        "outputs": 2,
        "counts_per_s": 1_000,
        "watchdog_ms": 300,
    }
    return block_config(**{**known, **more})


def interroll_config(**more: Any) -> ModbusIoConfig:
    inputs = (ModbusInput(channel=2, use="beam"), ModbusInput(channel=15, use="encoder"))
    known = {
        "module": "interroll-multicontrol", "inputs": inputs, "outputs": 4, "counts_per_s": 500, "watchdog_ms": 300,
        "first_register": FIRST, "output_register": OUTPUTS, "motor_1": "unused", "motor": 2,
    }  # fmt: skip
    return block_config(**{**known, **more})


def conveylinx(**more: Any) -> Bench:
    return Bench(conveylinx_config(**more), ModbusBlock(registers=ConveyLinxRegisters()))


def interroll(**more: Any) -> Bench:
    config = interroll_config(**more)
    return Bench(config, ModbusBlock(registers=MultiControlRegisters(FIRST, OUTPUTS, config.byte_order)))


def interroll_little() -> Bench:
    return interroll(byte_order="little")


ROLLERS: list[Callable[[], Bench]] = [conveylinx, interroll, interroll_little]
every = pytest.mark.parametrize("new", ROLLERS)


def no_output(bench: Bench) -> Callable[[int], None]:
    return lambda now: pytest.fail(f"on at {now}") if any(bench.block.coils) else None


# On the wire --------------------------------------------------------------------------------------------


def test_what_is_written_is_what_the_tables_of_the_makers_say() -> None:
    linx, roll, little = conveylinx_config(), interroll_config(), interroll_config(byte_order="little")

    wires = [
        request_bytes(one).hex(" ")
        for one in (
            switch(linx, [True, False], 0), switch(linx, [False, True], 1), switch(linx, [True, True], 1),
            switch(roll, [True, False, True, False], 2), switch(little, [True, False, True, False], 2),
        )
    ]  # fmt: skip

    assert wires == ["06 00 24 00 02", "06 00 24 00 08", "06 00 24 00 0a", "06 10 68 05 00", "06 10 68 00 05"]
    assert (all_off(linx), read_back(linx)) == (Write(6, 36, (0,)), Read(3, 36, 1))
    assert (all_off(roll), read_back(roll)) == (Write(6, OUTPUTS, (0,)), Read(3, OUTPUTS, 1))


def test_without_outputs_nothing_is_written() -> None:
    assert all_off(conveylinx_config(outputs=0)) is None
    assert conveylinx(outputs=0).until(100).order(1, 0, 200, 10) == "not_configured"


# What they tell -----------------------------------------------------------------------------------------


def test_a_conveylinx_tells_its_photo_eyes_and_its_motor_stands_for_the_encoder() -> None:
    bench = conveylinx()

    def each(now: int) -> None:
        bench.block.running = now >= 300
        bench.block.set_input(0, high=500 <= now < 700)

    bench.until(1_300, each)

    assert [one.blocked for one in bench.of(BeamChanged)] == [True, False]
    moved = bench.of(BeltMoved)[-1]
    assert abs(moved.count - (moved.at // MILLISECOND - 300)) <= 20


def test_a_conveylinx_whose_heartbeat_stands_tells_old_data() -> None:
    registers = ConveyLinxRegisters()
    bench = Bench(conveylinx_config(), ModbusBlock(registers=registers))
    bench.until(1_000)
    words = registers.words
    registers.words = lambda ports, address, count, _at: words(ports, address, count, Instant(0))  # type: ignore[method-assign]  # its clock stands

    bench.until(1_000 + 2 * HEARTBEAT_NS // MILLISECOND)

    assert (bench.states()[-1][0], bench.of(BoardChanged)[-1].detail) == (
        "lost", "its heartbeat has stopped: what it tells is old",
    )  # fmt: skip
    assert bench.order(1, 0, bench.now + 50, 10) == "not_ready"


@pytest.mark.parametrize("new", [interroll, interroll_little])
def test_an_interroll_image_is_read_in_the_byte_order_of_its_fieldbus(new: Callable[[], Bench]) -> None:
    bench = new()

    def each(now: int) -> None:
        bench.block.running = True
        bench.block.set_input(2, high=now > 200)

    bench.until(400, each)

    assert [one.channel for one in bench.of(BeamChanged)] == [2]
    assert bench.of(BeltMoved)[-1].moving


# Switching ----------------------------------------------------------------------------------------------


@every
def test_an_output_is_switched_at_its_time_and_off_again(new: Callable[[], Bench]) -> None:
    bench = new().until(100)

    assert bench.order(1, 1, 200, 100) == "ok"
    assert is_one_push(bench.when_on(1, 500))
    assert bench.of(DeviceFault) == []
    assert [one[0] for one in bench.states()] == ["configuring", "ready"]


@every
def test_two_outputs_of_one_register_do_not_disturb_each_other(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    bench.order(1, 0, 200, 300)
    bench.order(2, 1, 300, 100)
    both: list[tuple[bool, bool]] = []

    bench.until(700, lambda _: both.append((bench.block.coils[0], bench.block.coils[1])))

    changes = [one for place, one in enumerate(both) if not place or both[place - 1] != one]
    assert changes == [(False, False), (True, False), (True, True), (True, False), (False, False)]


@every
def test_the_set_point_of_a_motor_is_never_written(new: Callable[[], Bench]) -> None:
    bench = new()
    registers = bench.block._registers
    motors: set[int] = set()

    bench.until(100)
    bench.order(1, 0, 150, 50)
    bench.io.command(Shine(IO, 1, 100 * MILLISECOND), ms(bench.now))
    bench.until(400, lambda _: motors.add(getattr(registers, "set_point_1", 0)))

    assert motors == {0}


@every
def test_an_order_that_is_late_or_taken_back_does_nothing(new: Callable[[], Bench]) -> None:
    bench = new().until(100)

    assert bench.order(1, 0, 50, 10) == "late"
    bench.order(2, 0, 200, 100)
    bench.io.command(SwitchOff(IO, 3, 0, ms(200)), ms(bench.now))

    bench.until(400, no_output(bench))


@every
def test_all_outputs_are_off_before_the_first_poll_counts(new: Callable[[], Bench]) -> None:
    bench = new()
    bench.block.coils[1] = True  # left on by whoever was there before

    bench.until(100)

    assert not any(bench.block.coils)
    assert bench.states()[-1] == ("ready", False)


# Faults -------------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("fault", ["silent", "exception", "wrong_echo", "other_transaction"])
def test_a_fault_while_an_order_waits_loses_the_board_and_the_order(
    new: Callable[[], Bench], fault: str
) -> None:
    bench = new().until(100)
    bench.order(1, 1, 200, 2_000)
    setattr(bench.block, fault, 6 if fault == "exception" else True)

    bench.until(260)

    assert bench.states()[-1][0] == "lost"
    assert bench.order(2, 1, 300, 10) == "not_ready"
    setattr(bench.block, fault, None if fault == "exception" else False)
    bench.until(600)
    assert bench.states()[-1][0] == "ready"
    bench.until(1_500, no_output(bench))


@every
def test_an_output_that_does_not_follow_is_told_with_what_was_read(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    bench.block.outputs_stuck = True
    bench.order(1, 0, 200, 50)

    bench.until(260)

    (fault,) = bench.of(DeviceFault)
    assert fault.code == "refused"
    assert "its outputs read 0x0000 after" in fault.detail
    assert [one[0] for one in bench.states()] == ["configuring", "ready", "lost", "ready"]
    bench.block.outputs_stuck = False
    bench.until(600, no_output(bench))  # the order went with the board


def switched_on(bench: Bench) -> Bench:
    """In the middle of a long order."""
    bench.until(100)
    bench.order(1, 0, 150, 5_000)
    bench.until(200)
    assert bench.block.coils[0]
    return bench


@every
def test_a_link_cut_in_the_middle_of_an_order_is_switched_off_first_on_the_next(
    new: Callable[[], Bench],
) -> None:
    bench = switched_on(new())
    again = Bench(bench.config, bench.block)
    again.now = bench.now + 50

    again.until(again.now + 30)

    assert not any(again.block.coils)
    again.until(again.now + 200)
    assert again.states()[-1] == ("ready", False)


@every
def test_where_the_module_has_a_watchdog_its_outputs_drop_without_the_gateway(
    new: Callable[[], Bench],
) -> None:
    bench = switched_on(new())

    for later in range(200, 1_000):
        bench.block.watch(ms(later))

    assert not any(bench.block.coils)


@every
def test_what_was_to_be_switched_while_it_was_away_is_not(new: Callable[[], Bench]) -> None:
    bench = new().until(100)
    bench.order(1, 0, 150, 1_000)
    bench.block.silent = True
    bench.until(140)
    bench.block.silent = False

    bench.until(1_500, no_output(bench))


@every
@pytest.mark.parametrize("fault", ["exception", "wrong_echo"])
def test_what_fails_for_ever_is_said_once_and_asked_no_more_than_once_a_poll(
    new: Callable[[], Bench], fault: str
) -> None:
    bench = new().until(100)
    setattr(bench.block, fault, 6 if fault == "exception" else True)
    bench.order(1, 0, 150, 50)
    bench.until(200)
    asked = bench.block.requests

    bench.until(1_200)

    assert len(bench.of(DeviceFault)) == 1
    assert bench.block.requests - asked <= 1_000 // bench.config.poll_ms


def test_an_interroll_without_that_register_is_a_board_that_is_never_ready() -> None:
    config = interroll_config()
    bench = Bench(config, ModbusBlock(registers=MultiControlRegisters(FIRST, OUTPUTS + 1)))

    bench.until(300)

    assert "ready" not in [one[0] for one in bench.states()]
    assert any("illegal_data_address" in one.detail for one in bench.of(DeviceFault))
    assert bench.order(1, 0, bench.now + SECOND // MILLISECOND, 10) == "not_ready"
