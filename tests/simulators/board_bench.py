"""A simulated I/O board on a table, spoken to with bytes that are packed here."""

import struct
import zlib

from board_rig import FULL_TURN, PulsedBelt, ms

from hub_config.names import MILLISECOND, Instant
from simulators.devices.io_board import (
    LineController,
)
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_wire import ByteReceiver, framed

TICKS_PER_MS = 2_000
INPUTS = [(channel, 1, 2_000, 0) for channel in range(7)] + [(7, 2, 0, 10)]
CONFIG_CRC = zlib.crc32(b"".join(struct.pack("<BBHB", *one) for one in INPUTS))


class Bench:
    """A board on a table: requests in, bodies out, nothing lost."""

    def __init__(self, traits: BoardTraits | None = None, hz: int = 0) -> None:
        self.belt = PulsedBelt(hz)
        self.board = LineController(self.belt, traits)
        self.seq = 0

    def bodies(self, at: Instant) -> list[bytes]:
        receiver = ByteReceiver()
        self.board.wake(at)
        return [body for byte in self.board.take_output(at) if (body := receiver.put(byte)) is not None]

    def events(self, at: Instant, kind: int) -> list[bytes]:
        return [body for body in self.bodies(at) if body[0] == kind]

    def ask(self, at: Instant, kind: int, layout: str, *fields: int, seq: int | None = None) -> bytes:
        """The reply, without type and number; what else was said before it is dropped."""
        if seq is None:
            self.seq = seq = (self.seq + 1) % 256
        self.bodies(at)
        self.board.receive(framed(struct.pack(f"<BB{layout}", kind, seq, *fields)), at)
        replies = [
            body for body in self.bodies(Instant(at + MILLISECOND)) if body[:2] == bytes([kind | 0x40, seq])
        ]
        return replies[0][2:]

    def hello(self, at: Instant) -> bytes:
        return self.ask(at, 0x80, "HHI", 0x0100, 0x0100, 0)

    def order(self, at: Instant, channel: int, level: int, tick: int, duration: int) -> int:
        return self.ask(at, 0x82, "BBII", channel, level, tick % FULL_TURN, duration)[0]

    def watchdog(self, at: Instant, timeout_ms: int) -> int:
        return self.ask(at, 0x84, "H", timeout_ms)[0]

    def agree(self, at: Instant) -> int:
        return self.ask(at, 0x86, "I", CONFIG_CRC)[0]

    def armed(self, timeout_ms: int = 60_000) -> "Bench":
        """At 100 ms."""
        self.hello(ms(10))
        for one in INPUTS:
            assert self.ask(ms(20), 0x83, "BBHB", *one) == b"\x00"
        assert self.agree(ms(30)) == 0
        assert self.watchdog(ms(40), timeout_ms) == 0
        self.bodies(ms(100))
        return self


def tick(milliseconds: float) -> int:
    return round(milliseconds * TICKS_PER_MS)
