"""What an I/O board and its driver tell of a conveyor, without the bytes between them: for fast simulated runs.

The bytes, the board's clock and the session are simulated in `devices/io_board*.py` and driven through the real
driver in the demo and in tests; here the same readings come with the same delays, so that a whole hub runs a thousand
times faster than its belts.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from drivers.command import SwitchOff, SwitchOn
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardChanged,
    BoardState,
    DeviceDown,
    EventsLost,
    OrderAnswered,
    Reading,
)
from hub_config.boards import IoBoardConfig
from hub_config.names import MILLISECOND, Instant
from simulators.board_side import BoardSide
from simulators.bodies import BoardTrouble
from simulators.world import Token, World

DELAY_NS: Final = 12 * MILLISECOND
"""From an edge to its reading: the report that interpolates it, and the line."""
MOVED_NS: Final = 100 * MILLISECOND
STILL_NS: Final = 200 * MILLISECOND
"""Without a pulse for so long the belt stands, for all that a board can tell: so it does where its encoder is dead."""
ANSWER_NS: Final = 4 * MILLISECOND
START_NS: Final = 900 * MILLISECOND
"""From the port's opening, or a restart, to `ready`."""
RESUME_NS: Final = 600 * MILLISECOND
RING: Final = 64
"""Events the board keeps while nobody listens: edges, and the reports of a moving encoder."""
CHANGES_MAX: Final = 16
"""Changes of one output that can be taken back."""
UNC_NS: Final = 1 * MILLISECOND


class BoardModel:
    def __init__(
        self, world: World, config: IoBoardConfig, side: BoardSide, give: Callable[[Reading], None]
    ) -> None:
        self._world = world
        self._id = config.id
        self._watchdog_ns = config.watchdog_ms * MILLISECOND
        self._side = side
        self._give = give
        self._ready = False
        self._cut = False
        self._zero = 0
        """What the encoder stood at when the board last started."""
        self._report_ns = config.report_ms * MILLISECOND
        self._kept: deque[BeamChanged] = deque()
        self._cut_at = world.now
        self._lost = 0
        """Events that the ring no longer held when the port was open again."""
        self._boots = 0
        self._booted_at = world.now
        self._until: dict[int, Instant] = {}
        """When each output that is on goes off."""
        self._switches: dict[int, list[tuple[Instant, Token]]] = {}
        """Changes of each output, the latest ones."""
        self.margins_ns: list[int] = []
        """How long before it had to act the board got each order."""
        world.call_after(START_NS, lambda: self._start(self._boots))
        world.call_after(MOVED_NS, self._report)

    # What it tells ----------------------------------------------------------------------------------

    def edges(self) -> None:
        """Takes what the conveyor's beams have done; call it after every action of the world."""
        side = self._side
        if not (side.edges or side.troubles):
            return
        for at, channel, covered in side.take_edges():
            count = side.encoder.count_at(at) - self._zero
            edge = BeamChanged(self._id, at, channel, covered, count, UNC_NS)
            boots = self._boots
            self._world.call_at(Instant(at + DELAY_NS), partial(self._tell_edge, edge, boots))
        while (trouble := side.take_trouble()) is not None:
            self._suffer(trouble)

    def _tell_edge(self, edge: BeamChanged, boots: int) -> None:
        if boots != self._boots:
            return
        if self._cut:
            self._kept.append(edge)
        elif self._ready:
            self._give(edge)

    def _report(self) -> None:
        """Of DELAY_NS ago, when the encoder was read."""
        at = Instant(self._world.now - DELAY_NS)
        if self._ready and at >= self._booted_at:
            encoder = self._side.encoder
            moving = encoder.moving_at(at) and at - encoder.last_pulse_at(at) < STILL_NS
            self._give(BeltMoved(self._id, at, encoder.count_at(at) - self._zero, moving))
        self._world.call_after(MOVED_NS, self._report)

    def _start(self, boots: int) -> None:
        if boots == self._boots and not self._cut:
            self._ready = True
            self._change("ready", f"boot {boots}", continued=False)

    def _change(self, state: BoardState, detail: str, *, continued: bool) -> None:
        self._give(BoardChanged(self._id, self._world.now, state, detail, continued))

    # What it is told --------------------------------------------------------------------------------

    def order(self, command: SwitchOn | SwitchOff) -> None:
        if self._cut or not self._ready:
            return  # the port is closed: nobody answers
        now = self._world.now
        if command.at < now:
            self._answer(command.order, "late")
            return
        if isinstance(command, SwitchOn):
            self.margins_ns.append(command.at - now)
            self._switch_on(command)
        else:
            self._drop(command.channel, command.at)
            self._plan(command.channel, command.at, partial(self._turn_off, command.channel))
        self._answer(command.order, "ok")

    def _switch_on(self, command: SwitchOn) -> None:
        """Orders that overlap are one: the latest end counts."""
        channel, until = command.channel, Instant(command.at + command.for_ns)

        def begin() -> None:
            self._until[channel] = max(self._until.get(channel, until), until)
            self._side.switch(channel, True, self._world.now)

        def end() -> None:
            if self._world.now >= self._until.get(channel, until):
                self._turn_off(channel)

        self._plan(channel, command.at, begin)
        self._plan(channel, until, end)

    def _turn_off(self, channel: int) -> None:
        self._until.pop(channel, None)
        self._side.switch(channel, False, self._world.now)

    def _plan(self, channel: int, at: Instant, action: Callable[[], None]) -> None:
        token = self._world.call_at(at, action)
        changes = self._switches.setdefault(channel, [])
        changes.append((at, token))
        del changes[:-CHANGES_MAX]

    def _drop(self, channel: int, since: Instant) -> None:
        """What this output was to do from then on."""
        for at, token in self._switches.get(channel, ()):
            if at >= since:
                self._world.cancel(token)

    def _answer(self, order: int, detail: str) -> None:
        at = Instant(self._world.now + ANSWER_NS)
        answered = OrderAnswered(self._id, at, order, detail == "ok", detail)
        self._world.call_at(at, lambda: self._give(answered))

    def _safe(self) -> None:
        """Every output to its safe level, and nothing is pending any more."""
        for channel, changes in self._switches.items():
            for _, token in changes:
                self._world.cancel(token)
            changes.clear()
            self._turn_off(channel)

    # What happens to it -------------------------------------------------------------------------------

    def _suffer(self, trouble: BoardTrouble) -> None:
        if self._cut or not self._ready:
            return
        if trouble.cut_ns is None:
            self._reset()
        else:
            self._cut_off(trouble.cut_ns)

    def _reset(self) -> None:
        self._boots += 1
        self._ready = False
        self._booted_at = self._world.now
        self._zero = self._side.encoder.count_at(self._world.now)
        self._safe()
        self._change("configuring", "restarted by itself (watchdog)", continued=False)
        boots = self._boots
        self._world.call_after(START_NS, lambda: self._start(boots))

    def _cut_off(self, cut_ns: int) -> None:
        self._cut, self._ready = True, False
        self._cut_at = self._world.now
        self._change("lost", "its port is gone", continued=True)
        self._give(DeviceDown(self._id, self._world.now, "unplugged"))
        boots = self._boots
        self._world.call_after(self._watchdog_ns, lambda: self._expire(boots))
        self._world.call_after(cut_ns, self._plug)

    def _expire(self, boots: int) -> None:
        if self._cut and boots == self._boots:
            self._safe()

    def _plug(self) -> None:
        """The port is open again: what the ring holds is fetched, then the session is set up anew."""
        passed_ns = self._world.now - self._cut_at
        missed = passed_ns // self._report_ns + len(self._kept)
        if missed > RING:
            self._kept.clear()
            self._lost = missed - RING
        self._world.call_after(RESUME_NS, self._resume)

    def _resume(self) -> None:
        self._cut, self._ready = False, True
        self._change("ready", "resumed", continued=True)
        if self._lost:
            self._give(EventsLost(self._id, self._world.now, self._lost))
        kept, self._kept, self._lost = self._kept, deque(), 0
        for edge in kept:
            self._give(edge)
