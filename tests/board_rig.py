"""A host session and a simulated I/O board on one line, in simulated time: serial transfer, delays, cuts, pauses."""

import heapq
from collections.abc import Callable
from typing import Any, Protocol, Self

from hub_config.attach import SerialAttach
from hub_config.boards import BoardInput, IoBoardConfig
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from simulators.devices.io_board import LineController
from simulators.devices.io_board_clock import BoardTraits

BAUD = 250_000
BOARD = DeviceId("io-1")
ENCODER = 7
FULL_TURN = 1 << 32


def ms(milliseconds: float) -> Instant:
    return Instant(round(milliseconds * MILLISECOND))


def board_config(**more: Any) -> IoBoardConfig:
    beams = tuple(BoardInput(channel=channel, use="beam", debounce_us=2_000) for channel in range(6))
    values: dict[str, Any] = {
        "kind": "io-board",
        "id": BOARD,
        "attach": SerialAttach(port="/dev/ttyUSB0", baud=BAUD),
        "inputs": (*beams, BoardInput(channel=ENCODER, use="encoder")),
    }
    return IoBoardConfig(**(values | more))


class PulsedBelt:
    """An encoder at piecewise constant speed; pulses fall at exact instants."""

    def __init__(self, hz: int = 0) -> None:
        self._legs: list[tuple[Instant, int, int]] = [(Instant(0), 0, hz)]
        """Since when, from which count in billionths, at how many pulses a second."""

    def speed(self, hz: int, at: Instant) -> None:
        self._legs.append((at, self._nano_counts(at), hz))

    def _leg(self, at: Instant) -> tuple[Instant, int, int]:
        return next(leg for leg in reversed(self._legs) if leg[0] <= at or leg is self._legs[0])

    def _nano_counts(self, at: Instant) -> int:
        since, count, hz = self._leg(at)
        return count + (at - since) * hz

    def count_at(self, at: Instant) -> int:
        return self._nano_counts(at) // SECOND

    def last_pulse_at(self, at: Instant) -> Instant:
        count = self.count_at(at)
        for since, start, hz in reversed(self._legs):
            if since <= at and hz and count * SECOND > start:
                return Instant(since - (start - count * SECOND) // hz)
        return Instant(0)

    def moving_at(self, at: Instant) -> bool:
        return self._leg(at)[2] != 0


class Host(Protocol):
    @property
    def wake_at(self) -> Instant | None: ...
    def receive(self, data: bytes, at: Instant) -> list[Any]: ...
    def wake(self, at: Instant) -> list[Any]: ...
    def take_output(self) -> bytes: ...
    def closed(self, at: Instant) -> list[Any]: ...
    def reopened(self, at: Instant) -> None: ...


class Rig:
    def __init__(
        self,
        host: Host,
        belt: PulsedBelt | None = None,
        traits: BoardTraits | None = None,
        *,
        delay: Callable[[], int] = lambda: 20_000,
        baud: int = BAUD,
    ) -> None:
        self.host = host
        self.belt = belt if belt is not None else PulsedBelt()
        self.board = LineController(self.belt, traits)
        self.now = Instant(0)
        self.told: list[Any] = []
        """What the host's session has told."""
        self.writes: list[tuple[Instant, bytes]] = []
        """What it wrote, and when."""
        self.connected = True
        self.paused_until = Instant(0)
        self._delay = delay
        self._byte_ns = 10 * SECOND // baud
        self._free_at = {"there": Instant(0), "back": Instant(0)}
        self._came_at = dict(self._free_at)
        self._pending: list[tuple[Instant, int, Callable[[], None]]] = []
        self._order = 0

    def at(self, at: Instant, action: Callable[[], Any]) -> None:
        self._order += 1
        heapq.heappush(self._pending, (max(at, self.now), self._order, lambda: void(action())))

    def run(self, until: Instant) -> Self:
        while (due := self._next_due()) <= until:
            self.now = max(self.now, due)
            while self._pending and self._pending[0][0] <= self.now:
                heapq.heappop(self._pending)[2]()
            self._turn()
        self.now = until
        return self

    def run_for(self, milliseconds: float) -> Self:
        return self.run(Instant(self.now + ms(milliseconds)))

    def until(self, wanted: Callable[[], bool], within_ms: float = 5_000) -> Self:
        """Millisecond by millisecond, so that the caller can act as soon as it is so."""
        for _ in range(int(within_ms)):
            if wanted():
                return self
            self.run_for(1)
        raise AssertionError(f"not within {within_ms} ms; told: {self.told[-5:]}")

    def beam(self, channel: int, level: bool, at: Instant) -> None:
        self.at(at, lambda: self.board.set_input(channel, level, at))

    def cut(self) -> None:
        self.connected = False
        self.told += self.host.closed(self.now)

    def plug(self) -> None:
        self.connected = True
        self.board.take_output(self.now)
        self.host.reopened(self.now)
        self._turn()

    def give(self, told: list[Any]) -> None:
        """What a call of the host's session returned; what it wants written goes out."""
        self.told += told
        self._carry()

    @property
    def requests(self) -> list[int]:
        """Types of the frames that went to the board, in their order."""
        frames = b"".join(data for _, data in self.writes).split(b"\x00")
        return [whole for one in frames if (whole := first_byte(one)) is not None]

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.told if isinstance(one, kind)]

    def _next_due(self) -> Instant:
        dues = [max(self.board.wake_at, self._busy_until())]
        if self._pending:
            dues.append(self._pending[0][0])
        if self.connected and (wake_at := self.host.wake_at) is not None:
            dues.append(max(wake_at, self.paused_until))
        return min(dues)

    def _busy_until(self) -> Instant:
        """The board may only be waiting for its transmitter; whatever else it does then is done at its own instant."""
        return self._free_at["back"] if self.connected and self.board.sending else Instant(0)

    def _turn(self) -> None:
        wake_at = self.host.wake_at
        if self.connected and self.now >= self.paused_until and wake_at is not None and wake_at <= self.now:
            self.told += self.host.wake(self.now)
        self._carry()

    def _carry(self) -> None:
        output = self.host.take_output()
        if output and self.connected:
            self.writes.append((self.now, output))
            at = self._arrival("there", len(output))
            self.at(at, lambda: self.board.receive(output, at))
        self.board.wake(self.now)
        if self.connected and self.now < self._free_at["back"]:
            return  # the board's transmitter is busy: what it has to say waits in its buffer
        data = self.board.take_output(self.now)
        if data and self.connected:
            self.at(self._arrival("back", len(data)), lambda: self._deliver(data))
            self.at(self._free_at["back"], self._carry)

    def _arrival(self, way: str, size: int) -> Instant:
        done = Instant(max(self._free_at[way], self.now) + size * self._byte_ns)
        self._free_at[way] = done
        self._came_at[way] = Instant(
            max(self._came_at[way], done + self._delay())
        )  # a line turns nothing round
        return self._came_at[way]

    def _deliver(self, data: bytes) -> None:
        if not self.connected:
            return
        if self.now < self.paused_until:
            self.at(self.paused_until, lambda: self._deliver(data))
            return
        self.told += self.host.receive(data, self.now)


def first_byte(encoded: bytes) -> int | None:
    """Of a COBS frame: no request begins with a zero."""
    return encoded[1] if len(encoded) > 1 else None


def void(_: object) -> None:
    """For actions whose result nobody looks at."""
