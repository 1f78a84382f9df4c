"""An I/O board that speaks its real bytes in simulated time: the simulated board, its serial line, the real driver.

Towards a `LinePlant` it is what `board_model.BoardModel` is; between conveyor and core stand here the board's firmware
(`devices/io_board*.py`, a counterpart that shares no code with the bridge), a line on which every byte takes its time,
and the session of `drivers.conveyors.io_board`. It costs several times the model's time, so it serves short
runs: those that show what bytes, clocks and resets do to parcels.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from drivers.command import SwitchOff, SwitchOn
from drivers.device_port import REOPEN_FIRST_NS, REOPEN_MAX_NS
from drivers.reading import DeviceDown, OrderAnswered, Reading
from drivers.registry import new_session
from drivers.session import Actuator, Resumable
from hub_config.boards import IoBoardConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant
from simulators.board_side import BoardSide
from simulators.bodies import BoardTrouble
from simulators.devices.io_board import CAUSE_WATCHDOG, LineController
from simulators.devices.io_board_clock import BoardTraits
from simulators.host import Host
from simulators.world import World

TO_BOARD_NS: Final = (20 * MICROSECOND, 400 * MICROSECOND)
"""From the driver's write to the line, through the host's kernel and adapter."""
TO_HOST_NS: Final = (100 * MICROSECOND, 2 * MILLISECOND)
"""From the line to the driver: an adapter whose latency is set to 1 ms, and the host."""
DRIFT_PPM: Final = 200
"""A board's clock is off by as much as this, either way."""


class BoardWire:
    def __init__(
        self, world: World, host: Host, config: IoBoardConfig, side: BoardSide,
        give: Callable[[Reading], None], seed: int, traits: BoardTraits | None = None,
    ) -> None:  # fmt: skip
        """`traits`: of the board; None is one that fits, with a drift of its own."""
        self._world = world
        self._host = host
        self._side = side
        self._give = give
        self._config = config
        rng = random.Random(f"board/{config.id}/{seed}")
        drift_ppm = rng.randint(-DRIFT_PPM, DRIFT_PPM)
        self._blocked_when = {one.channel: one.blocked_when == "high" for one in config.inputs}
        if traits is None:
            traits = BoardTraits(drift_ppm=drift_ppm)
            inputs = max(traits.n_in, 1 + max(one.channel for one in config.inputs))
            traits = replace(traits, n_in=inputs)
        self.board = LineController(side.encoder, traits, world.now)
        for channel, high in self._blocked_when.items():
            self.board.set_input(channel, not high, world.now)
        session = new_session(config)
        assert isinstance(session, Actuator), f"{config.id} can't be given orders"
        assert isinstance(session, Resumable), f"{config.id} does not outlive its port"
        self._session, self._port = session, session
        byte_ns = 10 * SECOND // config.attach.baud
        self._to_board = _Way(byte_ns, TO_BOARD_NS, rng)
        self._to_host = _Way(byte_ns, TO_HOST_NS, rng)
        self._connection = 0
        """Bytes of a connection that was cut since are lost."""
        self._cut = False
        self._board_due: Instant | None = None
        self._session_due: Instant | None = None
        self._asked: dict[int, Instant] = {}
        """When the outputs have to act, by order. The session answers each, at the latest when its port is gone."""
        self.margins_ns: list[int] = []
        """How long before it had to act each order was known to be with the board."""
        self.switched: list[tuple[Instant, int, bool]] = []
        """Every change of an output: instant, channel, level."""
        world.call_after(0, self._serve)
        host.act_at(world.now, self._write)

    # The board's side -------------------------------------------------------------------------------

    def edges(self) -> None:
        """Takes what the conveyor's beams have done; call it after every action of the world."""
        for at, channel, covered in self._side.take_edges():
            self.board.set_input(channel, covered == self._blocked_when[channel], at)
        while (trouble := self._side.take_trouble()) is not None:
            self._suffer(trouble)
        self._serve()

    def _serve(self) -> None:
        """The board does what is due, and is looked at again when it has something to do."""
        now = self._world.now
        self.board.wake(now)
        for at, channel, on in self.board.take_switches():
            self.switched.append((at, channel, on))
            self._side.switch(channel, on, at)
        data = self.board.take_output(now)
        if data and not self._cut:
            for at, part in self._to_host.carry(data, now):
                self._host.hear_at(at, partial(self._receive, part, self._connection))
        due = self.board.wake_at
        if due != self._board_due:
            self._board_due = due
            self._world.call_at(due, partial(self._wake_board, due))

    def _wake_board(self, due: Instant) -> None:
        if self._board_due == due:
            self._board_due = None
            self._serve()

    def _hear(self, data: bytes, connection: int) -> None:
        if connection == self._connection:
            self.board.receive(data, self._world.now)
            self._serve()

    # What happens to it -----------------------------------------------------------------------------

    def _suffer(self, trouble: BoardTrouble) -> None:
        if trouble.cut_ns is None:
            self.board.reset(CAUSE_WATCHDOG, self._world.now)
        elif not self._cut:
            self._cut_off(trouble.cut_ns)

    def _cut_off(self, cut_ns: int) -> None:
        self._cut = True
        self._connection += 1
        self._host.hear_at(self._world.now, self._lose_port)
        self._world.call_after(reopens_after_ns(cut_ns), self._plug)

    def _plug(self) -> None:
        self._cut = False
        self.board.take_output(self._world.now)  # said into the air
        self._host.hear_at(self._world.now, self._reopen)

    # The gateway's side -----------------------------------------------------------------------------

    def order(self, command: SwitchOn | SwitchOff) -> None:
        """By the device loop's queue: never answered while the core is still at work."""
        self._host.act_at(self._world.now, partial(self._order, command))

    def _order(self, command: SwitchOn | SwitchOff) -> None:
        if self._cut:
            return  # the port is closed: nobody answers
        if isinstance(command, SwitchOn):
            self._asked[command.order] = command.at
        self._give_all(self._session.command(command, self._world.now))

    def _receive(self, data: bytes, connection: int) -> None:
        if connection == self._connection:
            self._give_all(self._session.receive(data, self._world.now))

    def _wake(self, due: Instant) -> None:
        if self._session_due == due:
            self._session_due = None
            self._give_all(self._session.wake(self._world.now))

    def _lose_port(self) -> None:
        now = self._world.now
        self._give_all(self._port.closed(now))
        self._give(DeviceDown(self._config.id, now, f"{self._config.id}: its port is gone"))

    def _reopen(self) -> None:
        self._port.reopened(self._world.now)
        self._write()

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
        data = self._session.take_output()
        if data and not self._cut:
            for at, part in self._to_board.carry(data, self._world.now):
                self._world.call_at(at, partial(self._hear, part, self._connection))
        due = self._session.wake_at
        if due is not None and due != self._session_due:
            self._host.act_at(due, partial(self._wake, due))
        self._session_due = due


class _Way:
    """One direction of the serial line: bytes follow one another at its rate, and arrive in two reads."""

    def __init__(self, byte_ns: int, delay_ns: tuple[int, int], rng: random.Random) -> None:
        self._byte_ns = byte_ns
        self._delay_ns = delay_ns
        self._rng = rng
        self._free_at = Instant(0)
        self._arrives_at = Instant(0)

    def carry(self, data: bytes, now: Instant) -> list[tuple[Instant, bytes]]:
        cut = self._rng.randrange(len(data) + 1)
        return [(self._arrival(len(part), now), part) for part in (data[:cut], data[cut:]) if part]

    def _arrival(self, size: int, now: Instant) -> Instant:
        """Of the last byte."""
        self._free_at = Instant(max(self._free_at, now) + size * self._byte_ns)
        soonest = Instant(self._free_at + self._rng.randint(*self._delay_ns))
        self._arrives_at = max(self._arrives_at, soonest)
        return self._arrives_at


def reopens_after_ns(cut_ns: int) -> int:
    """When the device loop, which tries with growing pauses, finds a port again that was away for so long."""
    pause_ns = tried_ns = REOPEN_FIRST_NS
    while tried_ns < cut_ns:
        pause_ns = min(2 * pause_ns, REOPEN_MAX_NS)
        tried_ns += pause_ns
    return tried_ns
