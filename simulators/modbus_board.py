"""A Modbus block or roller controller as the board of a simulated belt: the simulated server, the network, the driver.

Towards a `LinePlant` it is what `board_model.BoardModel` is. The block's counters count the belt and every beam as its
hardware would, a roller controller says whether its motor turns; the driver polls them, byte for byte.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from drivers.command import SwitchOff, SwitchOn
from drivers.conveyors.modbus_io import ModbusIo
from drivers.device_port import REOPEN_FIRST_NS
from drivers.reading import DeviceDown, OrderAnswered, Reading
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MICROSECOND, MILLISECOND, Instant
from simulators.board_side import BoardSide
from simulators.bodies import BoardTrouble
from simulators.devices.modbus_block import ModbusBlock
from simulators.devices.roller_wire import ConveyLinxRegisters, MultiControlRegisters, Registers
from simulators.host import Host
from simulators.world import World

ONE_WAY_NS: Final = (100 * MICROSECOND, 800 * MICROSECOND)
ANSWERS_IN_NS: Final = (300 * MICROSECOND, 2 * MILLISECOND)
WATCH_NS: Final = 10 * MILLISECOND
STARTS_IN_NS: Final = 800 * MILLISECOND
"""A block that was restarted answers again after this."""


class ModbusBoard:
    def __init__(
        self, world: World, host: Host, config: ModbusIoConfig, side: BoardSide,
        give: Callable[[Reading], None], seed: int,
    ) -> None:  # fmt: skip
        self._world = world
        self._host = host
        self._config = config
        self._side = side
        self._give = give
        self._rng = random.Random(f"block/{config.id}/{seed}")
        self._blocked_when = {one.channel: one.blocked_when == "high" for one in config.inputs}
        self.block = ModbusBlock(
            unit=config.unit, watchdog_ms=config.watchdog_ms, registers=_registers(config)
        )
        for channel, high in self._blocked_when.items():
            self.block.set_input(channel, high=not high)
        self._counted = 0
        self._coils = list(self.block.coils)
        self._session = ModbusIo(config)
        self._connection = 0
        """Bytes of a connection that is gone are lost."""
        self._open = False
        self._due: Instant | None = None
        self._arrives_at = Instant(0)
        self._asked: dict[int, Instant] = {}
        self.margins_ns: list[int] = []
        """How long before it had to act each order was taken."""
        host.act_at(world.now, self._dial)
        world.call_after(WATCH_NS, self._watch)

    # The block --------------------------------------------------------------------------------------

    def edges(self) -> None:
        """Takes what the conveyor's beams have done; call it after every action of the world."""
        for _, channel, covered in self._side.take_edges():
            self.block.set_input(channel, high=covered == self._blocked_when[channel])
        while (trouble := self._side.take_trouble()) is not None:
            self._suffer(trouble)

    def _suffer(self, trouble: BoardTrouble) -> None:
        if trouble.cut_ns is not None:
            if self._open:
                self._lose("its connection is gone", trouble.cut_ns)
            return
        self.block.restart()
        self.block.silent = True
        self._world.call_after(STARTS_IN_NS, self._start)
        self._switch()

    def _start(self) -> None:
        self.block.silent = False

    def _watch(self) -> None:
        self.block.watch(self._world.now)
        self._switch()
        self._world.call_after(WATCH_NS, self._watch)

    def _switch(self) -> None:
        for channel, on in enumerate(self.block.coils):
            if on != self._coils[channel]:
                self._coils[channel] = on
                self._side.switch(channel, on, self._world.now)

    def _hear(self, data: bytes, connection: int) -> None:
        if connection != self._connection:
            return
        now = self._world.now
        count = self._side.encoder.count_at(now)
        self.block.count(self._config.encoder.channel, abs(count - self._counted))
        self._counted = count
        self.block.running = self._side.encoder.moving_at(now)
        answer = self.block.receive(data, now)
        self._switch()
        if not answer:
            return
        cut = self._rng.randrange(len(answer) + 1)
        self._arrives_at = max(self._arrives_at, Instant(now + self._rng.randint(*ANSWERS_IN_NS)))
        for part in (answer[:cut], answer[cut:]):
            if part:
                self._host.hear_at(self._arrives_at, partial(self._receive, part, connection))

    # The gateway ------------------------------------------------------------------------------------

    def order(self, command: SwitchOn | SwitchOff) -> None:
        """By the device loop's queue: never answered while the core is still at work."""
        self._host.act_at(self._world.now, partial(self._order, command))

    def _order(self, command: SwitchOn | SwitchOff) -> None:
        if not self._open:
            return  # the port is closed: nobody answers
        if isinstance(command, SwitchOn):
            self._asked[command.order] = command.at
        self._give_all(self._session.command(command, self._world.now))

    def _receive(self, data: bytes, connection: int) -> None:
        if connection == self._connection:
            self._give_all(self._session.receive(data, self._world.now))

    def _wake(self, due: Instant, connection: int) -> None:
        if connection == self._connection and self._due == due:
            self._due = None
            self._give_all(self._session.wake(self._world.now))

    def _dial(self) -> None:
        self._open = True
        self._session = ModbusIo(self._config)
        self._write()

    def _lose(self, why: str, away_ns: int) -> None:
        self._open, self._due = False, None
        self._connection += 1
        self._give(DeviceDown(self._config.id, self._world.now, f"{self._config.id}: {why}"))
        self._host.act_at(Instant(self._world.now + max(away_ns, REOPEN_FIRST_NS)), self._dial)

    def _give_all(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            if isinstance(reading, OrderAnswered):
                acts_at = self._asked.pop(reading.order, None)
                if acts_at is not None and reading.accepted:
                    self.margins_ns.append(acts_at - reading.at)
            self._give(reading)
        self._write()

    def _write(self) -> None:
        """Sends what the session wants sent, and wakes it when it wants to be woken."""
        if not self._open:
            return
        if self._session.stuck is not None:
            self._lose(self._session.stuck, 0)
            return
        data = self._session.take_output()
        if data:
            at = Instant(self._world.now + self._rng.randint(*ONE_WAY_NS))
            self._world.call_at(at, partial(self._hear, data, self._connection))
        due = self._session.wake_at
        if due is not None and due != self._due:
            self._host.act_at(due, partial(self._wake, due, self._connection))
        self._due = due


def _registers(config: ModbusIoConfig) -> Registers | None:
    match config.module:
        case "moxa-e1200":
            return None
        case "conveylinx":
            return ConveyLinxRegisters()
        case "interroll-multicontrol":
            assert config.first_register is not None, f"{config.id}: no first_register got past its check"
            outputs = config.output_register if config.output_register is not None else -1
            return MultiControlRegisters(config.first_register, outputs, config.byte_order)
