"""One line of a simulated hub: the conveyor, the wires of its reader and scale, the drivers behind them, its board.

Reader and scale speak through their real drivers, byte for byte; the board is modelled (`board_model.py`).
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, assert_never

from drivers.command import Command, SwitchOff, SwitchOn, Trigger
from drivers.reading import Reading
from drivers.registry import new_session
from drivers.session import Actuator, Session
from hub_config.devices import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.board_model import BoardModel
from simulators.conveyor import Conveyor
from simulators.parcels import Parcel
from simulators.world import World

NETWORK_NS: Final = (200_000, 2 * MILLISECOND)
"""One way over the device network, and through the host."""
FEED_AFTER_NS: Final = 1_500 * MILLISECOND
"""The feeder starts when the board is ready."""


class LinePlant:
    def __init__(
        self, world: World, hub: HubConfig, line: LineConfig, parcels: Sequence[Parcel], seed: int,
        give: Callable[[Reading], None],
    ) -> None:  # fmt: skip
        board = hub.device(line.board)
        assert isinstance(board, IoBoardConfig), f"{line.id}: {line.board} is no I/O board"
        self._world = world
        self._give = give
        self._rng = random.Random(f"plant/{line.id}/{seed}")
        self.line = line
        self.conveyor = Conveyor(world, line, parcels, seed)
        self.board = BoardModel(world, board, self.conveyor, give)
        self._reader, self._scale = line.readers[0].device, line.scale.device
        self._sessions: dict[DeviceId, Session] = {
            device: new_session(hub.device(device)) for device in (self._reader, self._scale)
        }
        reader = self._sessions[self._reader]
        assert isinstance(reader, Actuator), f"{self._reader} can't be triggered"
        self._actuator = reader
        self._armed: dict[DeviceId, Instant] = {}
        self._arrives: dict[tuple[DeviceId, bool], Instant] = {}
        self._looks_at: list[Instant | None] = [None, None]
        """When the world stops to look at what reader and scale say."""
        world.call_after(0, self._open)
        world.call_after(FEED_AFTER_NS, self.conveyor.feed)

    @property
    def done(self) -> bool:
        return self.conveyor.done

    def _open(self) -> None:
        for device in self._sessions:
            self._arm(device)

    def order(self, command: Command) -> None:
        """What the core wants of this line's devices."""
        match command:
            case Trigger():
                self._give_all(self._actuator.command(command, self._world.now))
                self._arm(command.device)
            case SwitchOn() | SwitchOff():
                self.board.order(command)
            case _ as never:
                assert_never(never)

    def poll(self) -> None:
        """Takes what the world's last action has brought forth."""
        now = self._world.now
        self.conveyor.stirred = False
        self.board.edges()
        self._carry(self._reader, self.conveyor.reader_output(now))
        self._carry(self._scale, self.conveyor.scale.take_output(now))
        for place, wake_at in enumerate((self.conveyor.reader.wake_at, self.conveyor.scale.wake_at)):
            if wake_at is not None and wake_at > now and wake_at != self._looks_at[place]:
                self._looks_at[place] = wake_at
                self._world.call_at(wake_at, self.conveyor.stir)

    def _carry(self, device: DeviceId, data: bytes) -> None:
        """Device to driver, in two reads."""
        if not data:
            return
        cut = self._rng.randrange(len(data) + 1)
        for part in (data[:cut], data[cut:]):
            if part:
                at = self._delivery(device, inward=True)
                self._world.call_at(at, partial(self._receive, device, part))

    def _delivery(self, device: DeviceId, *, inward: bool) -> Instant:
        """In order, as one connection delivers."""
        soonest = Instant(self._world.now + self._rng.randint(*NETWORK_NS))
        at = max(soonest, self._arrives.get((device, inward), soonest))
        self._arrives[(device, inward)] = at
        return at

    def _receive(self, device: DeviceId, data: bytes) -> None:
        self._give_all(self._sessions[device].receive(data, self._world.now))
        self._arm(device)

    def _arm(self, device: DeviceId) -> None:
        """Sends what the session wants sent, and wakes it when it wants to be woken."""
        session = self._sessions[device]
        data = session.take_output()
        if data and device == self._reader:
            at = self._delivery(device, inward=False)
            self._world.call_at(at, lambda: self._hear(data))
        due = session.wake_at
        if due is not None and self._armed.get(device) != due:
            self._armed[device] = due
            self._world.call_at(due, lambda: self._wake(device, due))

    def _hear(self, data: bytes) -> None:
        self.conveyor.reader.receive(data, self._world.now)
        self.conveyor.stir()

    def _wake(self, device: DeviceId, due: Instant) -> None:
        if self._armed.get(device) == due:
            del self._armed[device]
            self._give_all(self._sessions[device].wake(self._world.now))
            self._arm(device)

    def _give_all(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._give(reading)
