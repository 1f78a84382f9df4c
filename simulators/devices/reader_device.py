"""A fixed reader with its wire: bytes in and out, in the words of one maker.

What the reader does is `fixed_reader.py`; how it is told and tells is a `ReaderWords`. Answers leave in the order of
their triggers.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, Literal, Protocol

from hub_config.names import Instant
from hub_config.value import value
from simulators.devices.fixed_reader import READ_NS, REPLY_NS, FixedReader, Seen

MAX_COMMAND: Final = 64
"""Characters in one command; a longer one is refused at its end as unknown."""
MAX_ANSWERS: Final = 64
"""Waiting to be sent; more are lost, as in a device whose host reads nothing."""

Order = Literal["on", "off"]


@value
class Heard:
    command: bytes
    """Without the byte that ended it."""
    end: bytes
    done: bool
    """It was known, and there was something to do."""


class ReaderWords(Protocol):
    """One maker's protocol."""

    ends: bytes
    """Any of these bytes ends a command."""

    def order(self, command: bytes) -> Order | None:
        """What a command wants; None: it is unknown."""

    def reply(self, heard: Heard, /) -> bytes:
        """What a command is answered at once; mostly nothing."""

    def result(self, codes: Sequence[Seen]) -> bytes:
        """What a trigger is answered; without codes that it read nothing."""


class ReaderDevice:
    def __init__(self, words: ReaderWords, *, read_ns: int = READ_NS, collects: bool = False) -> None:
        self._words = words
        self._reader = FixedReader(read_ns=read_ns, collects=collects)
        self._answers: deque[tuple[Instant, bytes]] = deque()
        self._command = bytearray()
        self._too_long = False
        self.lost_answers = 0
        """Past MAX_ANSWERS."""

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` may have something."""
        read_at = self._reader.wake_at
        if not self._answers:
            return read_at
        answer_at = self._answers[0][0]
        return answer_at if read_at is None or answer_at < read_at else read_at

    # The world ----------------------------------------------------------------------------------------

    def look(self, codes: Sequence[Seen], now: Instant) -> None:
        self._reader.look(codes, now)
        self._collect(now)

    def scan(self, codes: Sequence[Seen], now: Instant) -> None:
        """By its own sensor."""
        self._say(self._words.result(codes), now)

    def miss_next(self) -> None:
        self._reader.miss_next()

    def delay_next(self, ns: int) -> None:
        self._reader.delay_next(ns)

    def mute_next(self) -> None:
        self._reader.mute_next()

    def power_up(self) -> None:
        """Switched off and on: whatever it was doing is gone."""
        self._reader.power_up()
        self._answers.clear()
        self._command.clear()
        self._too_long = False

    # The wire -----------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> None:
        self._collect(now)
        for byte in data:
            if byte in self._words.ends:
                self._end_of_command(bytes([byte]), now)
            elif byte == 0x02:
                self._command.clear()
            elif len(self._command) < MAX_COMMAND:
                self._command.append(byte)
            else:
                self._too_long = True

    def take_output(self, now: Instant) -> bytes:
        self._collect(now)
        out = bytearray()
        while self._answers and self._answers[0][0] <= now:
            out += self._answers.popleft()[1]
        return bytes(out)

    def _end_of_command(self, end: bytes, now: Instant) -> None:
        command, too_long = bytes(self._command), self._too_long
        self._command.clear()
        self._too_long = False
        if not command:
            return
        order = None if too_long else self._words.order(command)
        done = order is not None and (self._reader.begin(now) if order == "on" else self._reader.end(now))
        reply = self._words.reply(Heard(command, end, done))
        if reply:
            self._say(reply, Instant(now + REPLY_NS))
        self._collect(now)

    def _collect(self, now: Instant) -> None:
        for result in self._reader.take_results(now):
            self._say(self._words.result(result.codes), result.at)

    def _say(self, frame: bytes, due: Instant) -> None:
        if len(self._answers) >= MAX_ANSWERS:
            self.lost_answers += 1
            return
        soonest = self._answers[-1][0] if self._answers else due
        self._answers.append((max(due, soonest), frame))
