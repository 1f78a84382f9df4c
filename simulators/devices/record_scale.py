"""A scale that weighs in motion, as its wire: one text record per item, numbered, `record;mass;unit;status CR LF`.

The number is that of the scale's own memory of weighings. Records leave in their order, as one connection delivers
them, so one that is late holds up those behind it. Truth and error of a weighing are the caller's: the scale rounds to
its step.
"""

from collections import deque
from typing import Final

from hub_config.names import MILLISECOND, Instant

MAX_RECORDS: Final = 64
"""Waiting to be sent; more are lost, and their numbers are used up."""
NUMBER_END: Final = 1_000_000
"""The number after the last is 0 again."""
NO_MASS: Final = "-----"
STEP_MG: Final = 10_000
MAX_MG: Final = 30_000_000
DELAY_NS: Final = 100 * MILLISECOND
"""From an item's rear at the beam to its record."""


class RecordScaleDevice:
    def __init__(
        self,
        *,
        step_mg: int = STEP_MG,
        max_mg: int = MAX_MG,
        mpe_mg: int | None = None,
        separator: str = ";",
        start: str = "",
        end: str = "\r\n",
        good: str = "OK",
        overload: str = "OL",
        number: int = 1,
    ) -> None:
        """`mpe_mg`: a weighing further from the truth than this is refused as a mistake of the caller."""
        self._step_mg = step_mg
        self._max_mg = max_mg
        self._mpe_mg = mpe_mg
        self._separator = separator
        self._start, self._end = start, end
        self._good, self._overload = good, overload
        self._next = number % NUMBER_END
        self._records: deque[tuple[Instant, bytes]] = deque()
        self.lost_records = 0
        """Past MAX_RECORDS."""

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` has something."""
        return self._records[0][0] if self._records else None

    def weigh(
        self,
        mass_mg: int | None,
        now: Instant,
        delay_ns: int = DELAY_NS,
        *,
        error_mg: int = 0,
        status: str | None = None,
        lost: bool = False,
    ) -> int | None:
        """An item has left the beam: its record comes `delay_ns` later. Returns the mass that is shown.

        `mass_mg` None: overload. `status`: another word than the good one, and no mass. `lost`: the number is used up
        and nothing is sent.
        """
        shown = None if mass_mg is None else self._rounded(mass_mg + error_mg)
        if shown is not None and shown > self._max_mg:
            shown = None
        if mass_mg is not None and shown is not None and self._mpe_mg is not None:
            off_mg = abs(shown - mass_mg)
            if off_mg > self._mpe_mg:
                raise ValueError(
                    f"record scale: wrong by {off_mg} mg, limit mpe_mg {self._mpe_mg}; lower error_mg"
                )
        word = status or (self._overload if shown is None else self._good)
        shown = None if status is not None else shown
        number, self._next = self._next, (self._next + 1) % NUMBER_END
        if not lost:
            self._say(number, shown, word, Instant(now + delay_ns))
        return shown

    def skip_numbers(self, count: int) -> None:
        """Numbers are used up by weighings that nobody hears of."""
        self._next = (self._next + count) % NUMBER_END

    def repeat_number(self) -> None:
        """The next record has the number of the last one."""
        self._next = (self._next - 1) % NUMBER_END

    def power_up(self) -> None:
        """Switched off and on: what was not sent is gone. Numbers go on: they are in its memory of weighings."""
        self._records.clear()

    def receive(self, data: bytes, now: Instant) -> None:
        """It takes no commands."""

    def take_output(self, now: Instant) -> bytes:
        out = bytearray()
        while self._records and self._records[0][0] <= now:
            out += self._records.popleft()[1]
        return bytes(out)

    def _rounded(self, mass_mg: int) -> int:
        return (2 * mass_mg + self._step_mg) // (2 * self._step_mg) * self._step_mg

    def _say(self, number: int, mass_mg: int | None, word: str, due: Instant) -> None:
        if len(self._records) >= MAX_RECORDS:
            self.lost_records += 1
            return
        mass = NO_MASS if mass_mg is None else _kilograms(mass_mg)
        text = self._separator.join((f"{number:06d}", mass, "kg", word))
        soonest = self._records[-1][0] if self._records else due
        self._records.append((max(due, soonest), f"{self._start}{text}{self._end}".encode("latin-1")))


def _kilograms(mass_mg: int) -> str:
    """With three places, as the display shows it."""
    sign = "-" if mass_mg < 0 else ""
    whole, rest = divmod(abs(mass_mg) // 1_000, 1_000)
    return f"{sign}{whole}.{rest:03d}"
