"""A fixed reader of the Keyence SR series as a device: told `LON` it looks for codes, told `LOFF` it gives up.

Written from the SR-750 User's Manual, chapter 8 (scanner protocols §5). It answers a trigger once: with the codes in
its view, `read_ns` after it saw the first, or with `ERROR` after `LOFF`; one that collects answers after `LOFF` alone.
Acknowledgements (`OK,LON`) are a setting; models differ there. Answers leave in the order of their triggers. What goes
wrong is asked for by `miss_next`, `delay_next` and `mute_next`, each for the next trigger that begins.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub_config.names import MILLISECOND, Instant

MAX_COMMAND: Final = 64
"""Characters in one command; a longer one is refused at its end as undefined."""
MAX_ANSWERS: Final = 64
"""Waiting to be sent; more are lost, as in a device whose host reads nothing."""
READ_NS: Final = 30 * MILLISECOND
"""From seeing a code to its last byte."""
REPLY_NS: Final = 2 * MILLISECOND
"""From a command to what it is answered."""


@dataclass(slots=True)
class _Reading:
    """One trigger that is on."""

    read_at: Instant | None
    """When it will have read what is in view."""
    miss: bool
    mute: bool
    delay_ns: int
    seen: dict[tuple[str, str], None] = field(default_factory=dict)
    """Codes read so far, in order."""


class KeyenceReader:
    def __init__(
        self,
        *,
        aim: bool = False,
        suffix: bytes = b"\r",
        separator: bytes = b",",
        no_read: bytes = b"ERROR",
        read_ns: int = READ_NS,
        acks: bool = False,
        collects: bool = False,
    ) -> None:
        """`collects`: it reads on until `LOFF` and answers then with all it has seen (multi-read)."""
        self._aim = aim
        self._suffix = suffix
        self._separator = separator
        self._no_read = no_read
        self._read_ns = read_ns
        self._acks = acks
        self._collects = collects
        self._view: tuple[tuple[str, str], ...] = ()
        self._reading: _Reading | None = None
        self._answers: deque[tuple[Instant, bytes]] = deque()
        self._command = bytearray()
        self._too_long = False
        self._miss = self._mute = False
        self._delay_ns = 0
        self.lost_answers = 0
        """Past MAX_ANSWERS."""

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` may have something."""
        read_at = self._reading.read_at if self._reading is not None else None
        if not self._answers:
            return read_at
        answer_at = self._answers[0][0]
        return answer_at if read_at is None or answer_at < read_at else read_at

    # The world ----------------------------------------------------------------------------------------

    def look(self, codes: Sequence[tuple[str, str]], now: Instant) -> None:
        """From now on these are in its view, each with its AIM identifier; none: nothing is."""
        self._read_due(now)
        self._view = tuple(codes)
        if self._reading is not None and (not codes or self._reading.read_at is None):
            self._reading.read_at = self._when_read(self._reading, now)

    def miss_next(self) -> None:
        """It does not read, though a code is in view."""
        self._miss = True

    def delay_next(self, ns: int) -> None:
        """It answers so much later, and goes on reading meanwhile."""
        self._delay_ns = ns

    def mute_next(self) -> None:
        """It gives no answer at all."""
        self._mute = True

    def power_up(self) -> None:
        """Switched off and on: whatever it was doing is gone."""
        self._reading = None
        self._answers.clear()
        self._command.clear()
        self._too_long = False

    # The wire -----------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> None:
        self._read_due(now)
        for byte in data:
            if byte in b"\r\x03":
                self._end_of_command(bytes([byte]), now)
            elif byte == 0x02:
                self._command.clear()
            elif len(self._command) < MAX_COMMAND:
                self._command.append(byte)
            else:
                self._too_long = True

    def take_output(self, now: Instant) -> bytes:
        self._read_due(now)
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
        if too_long or command not in (b"LON", b"LOFF"):
            self._reply(b"ER," + command[:16] + b",00", end, now)
        elif command == b"LON":
            self._begin(end, now)
        else:
            self._give_up(end, now)

    def _begin(self, end: bytes, now: Instant) -> None:
        if self._reading is not None:
            self._reply(b"ER,LON,20", end, now)
            return
        if self._acks:
            self._reply(b"OK,LON", end, now)
        reading = _Reading(None, self._miss, self._mute, self._delay_ns)
        self._miss = self._mute = False
        self._delay_ns = 0
        reading.read_at = self._when_read(reading, now)
        self._reading = reading

    def _give_up(self, end: bytes, now: Instant) -> None:
        reading, self._reading = self._reading, None
        if reading is None:
            if self._acks:
                self._reply(b"ER,LOFF,20", end, now)
            return
        if self._acks:
            self._reply(b"OK,LOFF", end, now)
        if not reading.mute:
            text = self._said(reading) if reading.seen else self._no_read
            self._say(text + self._suffix, Instant(now + REPLY_NS + reading.delay_ns))

    def _said(self, reading: _Reading) -> bytes:
        codes = [(aim if self._aim else "").encode() + data.encode() for data, aim in reading.seen]
        return self._separator.join(codes)

    def _when_read(self, reading: _Reading, now: Instant) -> Instant | None:
        """A code that leaves the view before that is not read."""
        return Instant(now + self._read_ns) if self._view and not reading.miss else None

    def _read_due(self, now: Instant) -> None:
        reading = self._reading
        if reading is None or reading.read_at is None or reading.read_at > now:
            return
        reading.seen |= dict.fromkeys(self._view)
        if self._collects:
            reading.read_at = None
            return
        self._reading = None  # one answer a trigger
        if not reading.mute:
            self._say(self._said(reading) + self._suffix, Instant(reading.read_at + reading.delay_ns))

    def _reply(self, text: bytes, end: bytes, now: Instant) -> None:
        """Framed as the command was."""
        framed = b"\x02" + text + end if end == b"\x03" else text + end
        self._say(framed, Instant(now + REPLY_NS))

    def _say(self, frame: bytes, due: Instant) -> None:
        if len(self._answers) >= MAX_ANSWERS:
            self.lost_answers += 1
            return
        soonest = self._answers[-1][0] if self._answers else due
        self._answers.append((max(due, soonest), frame))
