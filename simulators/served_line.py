"""A line's devices in real time: the conveyor of the simulations, a simulated I/O board at its beams and diverters, and
a camera where the line has one.

The board speaks its protocol byte for byte over a pty; the gateway's bridge and driver are at the other end.
"""

from typing import Final

from hub_config.boards import IoBoardConfig
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.belt_camera import BeltCamera
from simulators.conveyor import Conveyor
from simulators.devices.io_board import CAUSE_WATCHDOG, LineController
from simulators.devices.io_board_clock import BoardTraits
from simulators.practice import Ports

BAUD: Final = 250_000
"""A pty carries bytes at once: the board takes the time of the line."""


class ServedLine:
    def __init__(
        self,
        conveyor: Conveyor,
        hub: HubConfig,
        line: LineConfig,
        ports: Ports,
        camera: BeltCamera | None = None,
    ) -> None:
        config = hub.device(line.board)
        assert isinstance(config, IoBoardConfig), f"{line.id}: {line.board} is no I/O board"
        self.conveyor = conveyor
        self._side = conveyor.board_sides[0]
        self.camera = camera
        self.reader_port, self.scale_port = ports.reader, ports.scale
        self._blocked_when = {one.channel: one.blocked_when == "high" for one in config.inputs}
        self.board = LineController(self._side.encoder, BoardTraits(baud=BAUD), conveyor.world.now)
        for channel, high in self._blocked_when.items():
            self.board.set_input(channel, not high, conveyor.world.now)
        self._cut_ns: int | None = None
        self._fed = False
        self._armed: Instant | None = None

    @property
    def next_at(self) -> Instant | None:
        dues = (self.board.wake_at, self.conveyor.readers[0].device.wake_at, self.conveyor.scale.wake_at)
        return min((due for due in dues if due is not None), default=None)

    def feed(self) -> None:
        """Starts the feeder, once."""
        if not self._fed:
            self._fed = True
            self.conveyor.feed()

    def serve(self, now: Instant) -> None:
        """Beams to the board, its outputs to the diverters, what happens to it, and parcels to the camera."""
        if self.camera is not None:
            self.camera.look()
        self._see()
        self.board.wake(now)
        for at, channel, on in self.board.take_switches():
            self._side.switch(channel, on, at)
        trouble = self._side.take_trouble()
        if trouble is not None and trouble.cut_ns is None:
            self.board.reset(CAUSE_WATCHDOG, now)
        elif trouble is not None:
            self._cut_ns = trouble.cut_ns
        self._arm()

    def _see(self) -> None:
        """What its beams have done meanwhile is the board's before anything else: however late this thread is, it must
        not answer for a time of which it has not yet told an edge."""
        for at, channel, covered in self._side.take_edges():
            self.board.set_input(channel, covered == self._blocked_when[channel], at)

    def restart_board(self, cause: int) -> None:
        """Now, in the thread of the devices: behind all that its beams have seen."""
        now = self.conveyor.world.now
        self.serve(now)
        self.board.reset(cause, now)
        self._arm()

    def _arm(self) -> None:
        """The board acts in the world's order of time, however late this thread is: an output that moved before a
        parcel came has moved."""
        due = self.board.wake_at
        if due is not None and due != self._armed:
            self._armed = due
            self.conveyor.world.call_at(due, lambda: self.serve(self.conveyor.world.now))

    def take_cut(self) -> int | None:
        """How long the board's cable is to be off, from now."""
        cut_ns, self._cut_ns = self._cut_ns, None
        return cut_ns

    def board_output(self, now: Instant) -> bytes:
        return self.board.take_output(now)

    def board_receive(self, data: bytes, now: Instant) -> None:
        self._see()
        self.board.receive(data, now)
