"""The wire of a device that numbers its items and sends one text record for each: records that wait for their time.

Records leave in their order, as one connection delivers them, so one that is late holds up those behind it. The number
is that of the device's own memory; it goes on through a power cut.
"""

from collections import deque
from typing import Final

from hub_config.names import Instant

MAX_RECORDS: Final = 64
"""Waiting to be sent; more are lost, and their numbers are used up."""
NUMBER_END: Final = 1_000_000
"""The number after the last is 0 again."""


class NumberedRecords:
    def __init__(self, *, separator: str, start: str, end: str, number: int) -> None:
        self._separator = separator
        self._start, self._end = start, end
        self._next = number % NUMBER_END
        self._records: deque[tuple[Instant, bytes]] = deque()
        self.lost_records = 0
        """Past MAX_RECORDS."""

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` has something."""
        return self._records[0][0] if self._records else None

    def say(self, fields: tuple[str, ...], due: Instant, *, lost: bool) -> None:
        """One record of the next number. `lost`: the number is used up and nothing is sent."""
        number, self._next = self._next, (self._next + 1) % NUMBER_END
        if lost:
            return
        if len(self._records) >= MAX_RECORDS:
            self.lost_records += 1
            return
        text = self._separator.join((f"{number:06d}", *fields))
        soonest = self._records[-1][0] if self._records else due
        self._records.append((max(due, soonest), f"{self._start}{text}{self._end}".encode("latin-1")))

    def skip_numbers(self, count: int) -> None:
        """Numbers are used up by items that nobody hears of."""
        self._next = (self._next + count) % NUMBER_END

    def repeat_number(self) -> None:
        """The next record has the number of the last one."""
        self._next = (self._next - 1) % NUMBER_END

    def power_up(self) -> None:
        """Switched off and on: what was not sent is gone."""
        self._records.clear()

    def receive(self, data: bytes, now: Instant) -> None:
        """It takes no commands."""

    def take_output(self, now: Instant) -> bytes:
        out = bytearray()
        while self._records and self._records[0][0] <= now:
            out += self._records.popleft()[1]
        return bytes(out)
