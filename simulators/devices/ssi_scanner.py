"""A Zebra or Symbol scanner as a device that speaks SSI, written from scanner protocols §4.

It sends packets once it is told to (parameter EE), raw text before. Each packet with a code waits for its ACK and
is sent again after `ANSWER_NS`, twice; a NAK brings it at once. Told to wait for the host (parameter 8A), it reads in
a session only (`E4`, `E5`); sessions are a `FixedReader`. `spoil_next` damages a byte of what it sends next.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from hub_config.names import SECOND, Instant
from simulators.devices.fixed_reader import READ_NS, REPLY_NS, FixedReader, Seen

ANSWER_NS: Final = 2 * SECOND
SENDS_MAX: Final = 3
MAX_PENDING: Final = 64
"""Packets and replies that wait; more are lost."""
DATA_MAX: Final = 250
"""Bytes of a code in one packet; the rest follows in others."""

_TYPES: Final = {"]C0": 0x03, "]C1": 0x0F, "]E0": 0x0B, "]A0": 0x01}
_OTHER_TYPE: Final = 0x03
_KNOWN: Final = b"\x12\x80\xa3\xc6\xc7\xc8\xd2\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb"


def frame(opcode: int, data: bytes = b"", status: int = 0) -> bytes:
    body = bytes((len(data) + 4, opcode, 0, status)) + data
    total = 0
    for byte in body:
        total += byte
    check = 0x10000 - total
    return body + bytes((check >> 8 & 0xFF, check & 0xFF))


class SsiDevice:
    def __init__(
        self, *, read_ns: int = READ_NS, no_read: bytes = b"NR", aim: bool = False,
        answers: bool = True,
    ) -> None:  # fmt: skip
        """`answers`: False: it is deaf to the host, as one that is set to another interface."""
        self._reader = FixedReader(read_ns=read_ns)
        self._no_read = no_read
        self._aim = aim
        self._answers = answers
        self.packets = False
        """Set by the host; else raw text."""
        self.waits_for_host = False
        self.heard: list[int] = []
        """Opcodes of what the host said, newest last; the last 256."""
        self._told = bytearray()
        self._replies: deque[tuple[Instant, bytes]] = deque()
        self._codes: deque[tuple[Instant, int, bytes, int]] = deque()
        """Packets with codes: when due, code type, data, status. The first waits for its ACK where it was sent."""
        self._sent = 0
        self._spoils = 0

    @property
    def wake_at(self) -> Instant | None:
        replies = [at for at, _ in self._replies]
        codes = [at for at, _, _, _ in list(self._codes)[:1]]
        reads = [] if self._reader.wake_at is None else [self._reader.wake_at]
        return min([*replies, *codes, *reads], default=None)

    # The world ----------------------------------------------------------------------------------------

    def look(self, codes: Sequence[Seen], now: Instant) -> None:
        self._reader.look(codes, now)

    def scan(self, codes: Sequence[Seen], now: Instant) -> None:
        """By its own trigger, one after the other."""
        self._queue_codes(codes, now)

    def miss_next(self) -> None:
        self._reader.miss_next()

    def delay_next(self, ns: int) -> None:
        self._reader.delay_next(ns)

    def mute_next(self) -> None:
        self._reader.mute_next()

    def spoil_next(self) -> None:
        self._spoils += 1

    def power_up(self) -> None:
        """What the host told it is forgotten: it was told until the next restart."""
        self._reader.power_up()
        self._replies.clear()
        self._codes.clear()
        self._told.clear()
        self._sent = 0
        self.packets = self.waits_for_host = False

    # The wire -----------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> None:
        self._told += data
        while len(self._told) >= 2 and len(self._told) >= self._told[0] + 2:
            size = self._told[0] + 2
            whole, self._told = bytes(self._told[:size]), self._told[size:]
            if size < 6 or (sum(whole[:-2]) + whole[-2] * 256 + whole[-1]) % 0x10000:
                self._reply(0xD1, b"\x01", now)
            elif self._answers:
                self._hear(whole[1], whole[4:-2], now)

    def take_output(self, now: Instant) -> bytes:
        self._collect(now)
        out = bytearray()
        while self._replies and self._replies[0][0] <= now:
            out += self._spoilt(self._replies.popleft()[1])
        while self._codes and self._codes[0][0] <= now:
            _, number, data, status = self._codes[0]
            if not self.packets:
                self._codes.popleft()
                out += data + b"\r"
                continue
            if self._sent == SENDS_MAX:
                self._codes.popleft()
                self._sent = 0
                continue
            again = 1 if self._sent else 0
            out += self._spoilt(frame(0xF3, bytes((number,)) + data, status | again))
            self._sent += 1
            self._codes[0] = (Instant(now + ANSWER_NS), number, data, status)
            break
        return bytes(out)

    def _hear(self, opcode: int, data: bytes, now: Instant) -> None:
        self.heard = [*self.heard, opcode][-256:]
        if opcode == 0xD0:
            if self._sent:
                self._codes.popleft()
                self._sent = 0
        elif opcode == 0xD1:
            if self._sent and data[:1] == b"\x01":
                _, number, text, status = self._codes[0]
                self._codes[0] = (now, number, text, status)
        elif opcode not in _KNOWN or (opcode == 0xE4 and not self.waits_for_host):
            self._reply(0xD1, b"\x02", now)
        else:
            self._obey(opcode, data, now)
            self._reply(0xD0, b"", now)

    def _obey(self, opcode: int, data: bytes, now: Instant) -> None:
        if opcode == 0xC6 and data[1:2] == b"\xee":
            self.packets = data[2:3] == b"\x01"
        elif opcode == 0xC6 and data[1:2] == b"\x8a":
            self.waits_for_host = data[2:3] == b"\x08"
        elif opcode == 0xE4:
            self._reader.begin(now)
        elif opcode == 0xE5:
            self._reader.end(now)

    def _collect(self, now: Instant) -> None:
        for result in self._reader.take_results(now):
            if result.codes:
                self._queue_codes(result.codes[:1], result.at)  # a session ends with the first code
            elif self._no_read:
                self._queue(0x01, self._no_read, 0, result.at)

    def _queue_codes(self, codes: Sequence[Seen], due: Instant) -> None:
        for text, aim in codes:
            data = (aim if self._aim else "").encode() + text.encode()
            parts = [data[place : place + DATA_MAX] for place in range(0, len(data), DATA_MAX)]
            for number, part in enumerate(parts, start=1):
                self._queue(_TYPES.get(aim, _OTHER_TYPE), part, 0 if number == len(parts) else 2, due)

    def _queue(self, number: int, data: bytes, status: int, due: Instant) -> None:
        if len(self._codes) < MAX_PENDING:
            self._codes.append((due, number, data, status))

    def _reply(self, opcode: int, data: bytes, now: Instant) -> None:
        if len(self._replies) < MAX_PENDING:
            self._replies.append((Instant(now + REPLY_NS), frame(opcode, data)))

    def _spoilt(self, data: bytes) -> bytes:
        if not self._spoils:
            return data
        self._spoils -= 1
        return data[:-3] + bytes((data[-3] ^ 0x40,)) + data[-2:]
