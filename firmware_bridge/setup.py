"""From the greeting to an armed board: configuration, clock, watchdog (`PROTOCOL.md`, Session, steps 4 to 6).

One request at a time; each answer says how it goes on. A board whose configuration is the wanted one keeps it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from firmware_bridge.clocksync import BoardClock, transfer_ns
from firmware_bridge.frames import frame
from firmware_bridge.link import Answer
from firmware_bridge.messages import (
    MODE_ENCODER,
    STATUS_NOT_CONFIGURED,
    STATUS_OK,
    STATUS_SAFE,
    ConfigCrc,
    ConfigCrcReply,
    ConfigInReply,
    HelloReply,
    Request,
    Sync,
    SyncReply,
    Watchdog,
    WatchdogReply,
    config_crc,
    encode,
)
from firmware_bridge.orders import status_word
from firmware_bridge.wanted import bits_per_byte, wanted_inputs
from hub_config.attach import SerialAttach
from hub_config.boards import IoBoardConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant

SYNCS_FIRST: Final = 8
"""Samples of the clock before the board may be ready."""
SYNC_FIRST_NS: Final = 50 * MILLISECOND
"""Between these."""
SYNCS_PATIENCE: Final = 60
"""After so many it is said that the clock is not sure enough; they go on."""
FEEDS_PER_TIMEOUT: Final = 5
"""The board hears from us so often within the timeout of its watchdog."""
SYNC_MAX_NS: Final = 1 * SECOND
"""No two SYNCs are farther apart."""
UNEVEN_PERCENT: Final = (83, 97, 71, 91, 77, 99, 67, 89)
"""Of the feeding period, in turn: SYNCs must not beat with other traffic."""


@dataclass(frozen=True, slots=True)
class Going:
    """Further, with something to say if `detail` is not empty."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Armed:
    pass


@dataclass(frozen=True, slots=True)
class Latched:
    """The board stays in its safe state, for a reason of its own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    detail: str


Step = Going | Armed | Latched | Refusal


class Setup:
    def __init__(
        self, config: IoBoardConfig, board: HelloReply, clock: BoardClock, at: Instant, *, fresh: bool
    ) -> None:
        """`fresh`: nothing of this boot is known yet, so the encoder is set up anew, which makes it say its count."""
        self._clock = clock
        self._watchdog_ms = config.watchdog_ms
        self._limit_ns = config.clock_bound_us * MICROSECOND
        self._wanted = wanted_inputs(config, board.n_in)
        self._check = ConfigCrc(0, config_crc(self._wanted))
        encoder = [one for one in self._wanted if one.mode == MODE_ENCODER]
        self._todo: deque[Request] = deque([*encoder, self._check] if fresh else [self._check])
        self._sent_all = False
        self._syncs = 0
        self.phase: Literal["configuring", "syncing", "arming"] = "configuring"
        self.next_at = at

    def next(self, at: Instant) -> Request | None:
        if at < self.next_at:
            return None
        match self.phase:
            case "configuring":
                return self._todo.popleft()
            case "syncing":
                return Sync(0)
            case "arming":
                return Watchdog(0, self._watchdog_ms)

    def answered(self, answer: Answer, at: Instant) -> Step:
        match answer.reply:
            case ConfigCrcReply(_, status, crc32):
                return self._compared(status, crc32)
            case ConfigInReply(_, status) if status != STATUS_OK:
                return Refusal(f"the board refused the set-up of an input: {status_word(status)}")
            case ConfigInReply():
                return Going()
            case SyncReply():
                return self._synced(at)
            case WatchdogReply(_, status):
                if status == STATUS_OK:
                    return Armed()
                if status == STATUS_SAFE:
                    return Latched()
                return Refusal(
                    f"the board refused a watchdog of {self._watchdog_ms} ms: {status_word(status)}"
                )
            case _:
                return Refusal(f"the board does not know {type(answer.asked.request).__name__}")

    def _compared(self, status: int, crc32: int) -> Step:
        if status in (STATUS_OK, STATUS_NOT_CONFIGURED) and crc32 == self._check.crc32:
            self.phase = "syncing"
            return Going()
        if self._sent_all:
            return Refusal(
                f"the board keeps another configuration ({crc32:08x}, wanted {self._check.crc32:08x})"
            )
        self._sent_all = True
        self._todo.extend((*self._wanted, self._check))
        return Going()

    def _synced(self, at: Instant) -> Step:
        self._syncs += 1
        self.next_at = Instant(at + SYNC_FIRST_NS)
        if self._syncs < SYNCS_FIRST:
            return Going()
        if self._clock.within(self._limit_ns, at):
            self.phase = "arming"
            self.next_at = at
            return Going()
        if self._syncs != SYNCS_PATIENCE:
            return Going()
        width, limit = self._clock.half_width_ns(at) // MICROSECOND, self._limit_ns // MICROSECOND
        return Going(
            f"clock known to ±{width} µs only, limit {limit} µs; set the port's latency to 1 ms or raise clock_bound"
        )


class Pace:
    """When the next SYNC of an armed board is due: it feeds the watchdog and samples the clock."""

    def __init__(self, watchdog_ms: int) -> None:
        self.feed_ns = min(watchdog_ms * MILLISECOND // FEEDS_PER_TIMEOUT, SYNC_MAX_NS)
        self.next_at = Instant(0)
        self._turn = 0

    def next(self, at: Instant) -> Sync:
        self._turn = (self._turn + 1) % len(UNEVEN_PERCENT)
        self.next_at = Instant(at + self.feed_ns * UNEVEN_PERCENT[self._turn] // 100)
        return Sync(0)


def take_sample(
    clock: BoardClock, answer: Answer, reply: SyncReply, attach: SerialAttach, at: Instant
) -> bool:
    """False if the clock contradicts what is known of it."""
    if reply.status != STATUS_OK:
        return True
    bits = bits_per_byte(attach)
    ways_ns = (
        transfer_ns(len(answer.asked.wire), attach.baud, bits),
        transfer_ns(len(frame(encode(reply))), attach.baud, bits),
    )
    return clock.sync(answer.asked.at, at, t_rx=reply.t_rx, t_tx=reply.t_tx, ways_ns=ways_ns)
