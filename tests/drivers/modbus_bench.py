"""Driver and simulated block of a polled board, in steps of a millisecond."""

from collections.abc import Callable
from typing import Any

import pytest
from driver_configs import ms

from drivers.command import SwitchOn
from drivers.conveyors.modbus_io import ModbusIo
from drivers.reading import (
    BoardChanged,
    OrderAnswered,
    Reading,
)
from hub_config.attach import SerialAttach, TcpAttach
from hub_config.modbus import ModbusInput, ModbusIoConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.devices.modbus_block import ModbusBlock

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

    def when_on(self, channel: int, end_ms: int) -> list[int]:
        """The milliseconds until then in which the output is on."""
        seen: list[int] = []
        self.until(end_ms, lambda now: seen.append(now) if self.block.coils[channel] else None)
        return seen

    def of(self, kind: type[Reading]) -> list[Any]:
        return [one for one in self.readings if isinstance(one, kind)]

    def states(self) -> list[tuple[str, bool]]:
        return [(one.state, one.continued) for one in self.of(BoardChanged)]


def is_one_push(seen: list[int]) -> bool:
    """Of an order for 200 to 300 ms: without a gap, and late by no more than a poll or two."""
    (first, last) = (seen[0], seen[-1])
    return 200 <= first <= 210 and 300 <= last <= 312 and seen == list(range(first, last + 1))


BENCHES: list[Callable[[], Bench]] = [Bench, lambda: Bench(block_config(serial=True))]
both = pytest.mark.parametrize("new", BENCHES, ids=["tcp", "rtu"])
