"""One line of a simulated hub: the conveyor, the wires of its reader and scale, the drivers behind them, its board.

Reader and scale speak through their real drivers, byte for byte; the board does so in a run that asks for it
(`board_wire.py`) and is modelled otherwise (`board_model.py`), which is many times faster.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, assert_never

from drivers.command import (
    Command,
    Destination,
    Measure,
    PrintLabel,
    ScaleOrder,
    Shine,
    Signal,
    SwitchOff,
    SwitchOn,
    Trigger,
)
from drivers.reading import DeviceDown, Reading
from drivers.registry import new_session
from drivers.session import Actuator, Session
from hub_config.boards import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from hub_config.readers import is_triggered
from simulators.board_model import BoardModel
from simulators.board_sight import BoardSight
from simulators.board_wire import BoardWire
from simulators.bodies import Body
from simulators.conveyor import Conveyor
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.numbered_records import NumberedRecords
from simulators.drawing import randint
from simulators.host import Host
from simulators.line_faults import LINE_RATES_PPM, LineFault, LinePlan
from simulators.modbus_board import ModbusBoard
from simulators.parcels import Parcel
from simulators.reader_kinds import new_reader
from simulators.reader_stand import ReaderStand
from simulators.traffic import USUAL, Traffic
from simulators.world import World

NETWORK_NS: Final = (200_000, 2 * MILLISECOND)
"""One way over the device network, and through the host."""
FEED_AFTER_NS: Final = 1_500 * MILLISECOND
"""The feeder starts when the board is ready."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How the lines of a run are simulated."""

    rates_ppm: Mapping[LineFault, int] = field(default_factory=lambda: LINE_RATES_PPM)
    over_bytes: bool = False
    """The board's firmware, line and driver are run, byte for byte."""
    traits: BoardTraits | None = None
    """Of such a board; None: one that fits."""
    traffic: Traffic = USUAL
    plans: Mapping[int, LinePlan] = field(default_factory=dict)
    """Of parcels, by their number, that travel as somebody wants them to."""


AS_USUAL: Final = LineOptions()


class LinePlant:
    def __init__(
        self, world: World, host: Host, hub: HubConfig, line: LineConfig, parcels: Collection[Parcel], seed: int,
        give: Callable[[Reading], None], options: LineOptions,
    ) -> None:  # fmt: skip
        self._world = world
        self._host = host
        self._hub = hub
        self._give = give
        self._rng = random.Random(f"plant/{line.id}/{seed}")
        self.line = line
        read_ns = options.traffic.read_ns
        fixed = [
            ReaderStand(one, new_reader(device, read_ns=read_ns, collects=True))
            for one in line.readers
            if is_triggered(device := hub.device(one.device))
        ]
        self.conveyor = Conveyor(
            world, line, parcels, seed, options.rates_ppm, options.traffic, fixed, options.plans
        )
        self._sights = [BoardSight(world.now) for _ in line.all_belts]
        self.boards = tuple(self._board(place, seed, options) for place in range(len(line.all_belts)))
        """Of its belts."""
        self.board = self.boards[len(line.belts) - 1]
        """That of the diverters."""
        self._stands = {one.config.device: one for one in self.conveyor.readers}
        self._scale = line.scale.device
        self._recorders: dict[DeviceId, NumberedRecords] = {self._scale: self.conveyor.scale}
        if line.dimensioner is not None and self.conveyor.dimensioner is not None:
            self._recorders[line.dimensioner.device] = self.conveyor.dimensioner
        self._dialled: dict[DeviceId, int] = dict.fromkeys((*self._stands, *self._recorders), 0)
        """How often each has dialled in anew."""
        self._sessions: dict[DeviceId, Session] = {
            device: new_session(hub.device(device)) for device in self._dialled
        }
        self._actuators = {
            device: session for device, session in self._sessions.items() if isinstance(session, Actuator)
        }
        """Once: to ask a session whether it is one takes longer than what it is told."""
        self._armed: dict[DeviceId, Instant] = {}
        self._arrives: dict[tuple[DeviceId, bool], Instant] = {}
        self._looks_at: dict[DeviceId, Instant] = {}
        """When the world stops to look at what each device says."""
        world.call_after(0, self._open)
        world.call_after(FEED_AFTER_NS, self.conveyor.feed)

    def _board(self, place: int, seed: int, options: LineOptions) -> BoardModel | BoardWire | ModbusBoard:
        board = self._hub.device(self.line.boards[place])
        side = self.conveyor.board_sides[place]
        tell = partial(self._tell, place)
        if isinstance(board, ModbusIoConfig):
            return ModbusBoard(self._world, self._host, board, side, tell, seed)
        assert isinstance(board, IoBoardConfig), f"{self.line.id}: {board.id} is no I/O board"
        if options.over_bytes:
            return BoardWire(self._world, self._host, board, side, tell, seed, options.traits)
        return BoardModel(self._world, board, side, tell)

    @property
    def done(self) -> bool:
        return self.conveyor.done

    @property
    def commanded(self) -> tuple[DeviceId, ...]:
        """Devices that the core gives orders to."""
        return (*(one.device for one in self.line.readers), self.line.board)

    def _open(self) -> None:
        for device in self._sessions:
            self._arm(device)

    @property
    def unwatched(self) -> set[int]:
        """Parcels that passed every beam on their way while the gateway knew that it saw nothing there."""
        blind = [sight.spans(self._world.now) for sight in self._sights]
        return {
            body.parcel.number
            for body in self.conveyor.bodies
            if body.finished and all(_is_in(blind[place], at) for place, at in self._passed(body))
        }

    def _passed(self, body: Body) -> list[tuple[int, Instant]]:
        """Belt and instant of each beam that it has passed."""
        passed = [
            (body.fed if um < body.merges_um else self.line.belt_place(um), at)
            for um, at in body.crossed.items()
        ]
        return passed if body.left_at is None else [*passed, (len(self.line.belts) - 1, body.left_at)]

    def forget_before(self, at: Instant) -> None:
        """When it was blind: no parcel of then is asked about any more."""
        for sight in self._sights:
            sight.forget_before(at)

    def redial(self) -> None:
        """The scale dials in once more: its newest connection counts, what was under way on the older is lost."""
        self._dialled[self._scale] += 1
        self._sessions[self._scale] = new_session(self._hub.device(self._scale))
        self._give(DeviceDown(self._scale, self._world.now, f"{self._scale}: it has dialled again"))
        self._arm(self._scale)

    def order(self, command: Command) -> None:
        """What the core wants of this line's devices. By the device loop's queue: never answered while the core is
        still at work."""
        match command:
            case Trigger():
                self._host.act_at(self._world.now, partial(self._trigger, command))
            case SwitchOn() | SwitchOff():
                self.board.order(command)
            case Shine():
                pass  # lamps have no place in what is simulated
            case ScaleOrder() | Destination() | Signal() | PrintLabel() | Measure():
                raise AssertionError(f"{command.device}: a belt has nothing that takes {command}")
            case _ as never:
                assert_never(never)

    def _trigger(self, command: Trigger) -> None:
        self._give_all(self._actuators[command.device].command(command, self._world.now))
        self._arm(command.device)

    def poll(self) -> None:
        """Takes what the world's last action has brought forth."""
        conveyor, now = self.conveyor, self._world.now
        conveyor.stirred = False
        for board in self.boards:
            board.edges()
        for name, stand in self._stands.items():
            due = stand.device.wake_at
            if due is not None and due <= now:
                self._carry(name, stand.output(now))
                due = stand.device.wake_at
            if due is not None and due != self._looks_at.get(name):
                self._look_again(name, due)
        for name, device in self._recorders.items():
            due = device.wake_at
            if due is not None and due <= now:
                self._carry(name, device.take_output(now))
                due = device.wake_at
            if due is not None and due != self._looks_at.get(name):
                self._look_again(name, due)

    def _look_again(self, device: DeviceId, at: Instant) -> None:
        if at > self._world.now:
            self._looks_at[device] = at
            self._world.call_at(at, self.conveyor.stir)

    def _carry(self, device: DeviceId, data: bytes) -> None:
        """Device to driver, in two reads."""
        if not data:
            return
        cut = randint(self._rng, 0, len(data))
        for part in (data[:cut], data[cut:]):
            if part:
                at = self._delivery(device, inward=True)
                self._host.hear_at(at, partial(self._receive, device, part, self._dialled[device]))

    def _delivery(self, device: DeviceId, *, inward: bool) -> Instant:
        """In order, as one connection delivers."""
        soonest = Instant(self._world.now + randint(self._rng, *NETWORK_NS))
        at = max(soonest, self._arrives.get((device, inward), soonest))
        self._arrives[(device, inward)] = at
        return at

    def _receive(self, device: DeviceId, data: bytes, dialled: int) -> None:
        if dialled == self._dialled[device]:
            self._give_all(self._sessions[device].receive(data, self._world.now))
            self._arm(device)

    def _arm(self, device: DeviceId) -> None:
        """Sends what the session wants sent, and wakes it when it wants to be woken."""
        session = self._sessions[device]
        data = session.take_output()
        stand = self._stands.get(device)
        if data and stand is not None:
            at = self._delivery(device, inward=False)
            self._world.call_at(at, lambda: self._hear(stand, data))
        due = session.wake_at
        if due is not None and self._armed.get(device) != due:
            self._armed[device] = due
            self._host.act_at(due, lambda: self._wake(device, due))

    def _hear(self, stand: ReaderStand, data: bytes) -> None:
        stand.device.receive(data, self._world.now)
        self.conveyor.stir()

    def _wake(self, device: DeviceId, due: Instant) -> None:
        if self._armed.get(device) == due:
            del self._armed[device]
            self._give_all(self._sessions[device].wake(self._world.now))
            self._arm(device)

    def _give_all(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            self._give(reading)

    def _tell(self, place: int, reading: Reading) -> None:
        """A reading of the board of one belt."""
        self._sights[place].tell(reading)
        self._give(reading)


def _is_in(spans: Sequence[tuple[Instant, Instant]], at: Instant) -> bool:
    return any(since < at <= until for since, until in spans)
