"""The wire of a SICK Master Data Analyzer, written from dimensioners §2: one telegram for each object, with its code,
weight and box. What was not measured is zeros, and a code that was not read is `NoRead`."""

from collections import deque
from typing import Final

from hub_config.names import MILLISECOND, Instant
from simulators.devices.dimensioner import Dimensioner, Sides

DELAY_NS: Final = 200 * MILLISECOND
NUMBER_END: Final = 10_000
MAX_TELEGRAMS: Final = 64
"""Waiting to be sent; more are lost, and their numbers are used up."""
MG_PER_G: Final = 1_000
NO_READ: Final = "NoRead"
VOLUME_END: Final = 10_000_000
"""Seven digits: a volume past them loses its first ones."""


class SickMdaDevice:
    def __init__(self, dimensioner: Dimensioner, *, number: int = 1) -> None:
        self._dimensioner = dimensioner
        self._number = number % NUMBER_END
        self._telegrams: deque[tuple[Instant, bytes]] = deque()
        self.lost_telegrams = 0

    @property
    def wake_at(self) -> Instant | None:
        return self._telegrams[0][0] if self._telegrams else None

    def pass_by(
        self, sides: Sides, now: Instant, delay_ns: int = DELAY_NS, *, mass_mg: int | None = None,
        code: str | None = None, errors_um: Sides = (0, 0, 0), soft: bool = False, scale_fails: bool = False,
        lost: bool = False,
    ) -> Sides | None:  # fmt: skip
        """An object has passed. Returns the sides that are shown; `lost`: its number is used up, nothing is said."""
        shown = self._dimensioner.measure(sides, errors_um, soft=soft)
        number, self._number = self._number, (self._number + 1) % NUMBER_END
        if lost:
            return shown
        if len(self._telegrams) >= MAX_TELEGRAMS:
            self.lost_telegrams += 1
            return shown
        length, width, height = (side // 1_000 for side in shown or (0, 0, 0))
        grams = 0 if mass_mg is None or scale_fails else mass_mg // MG_PER_G
        fields = (
            f"{number:04d}", code or NO_READ, f"{grams:09d}", "g", "1" if scale_fails else "0", f"{length:04d}",
            f"{width:04d}", f"{height:04d}", "mm", "0000" if shown is not None else "0001",
            f"{length * width * height % VOLUME_END:07d}",
        )  # fmt: skip
        due = max(Instant(now + delay_ns), self._telegrams[-1][0] if self._telegrams else now)
        self._telegrams.append((Instant(due), b"\x02" + ";".join(fields).encode("latin-1") + b"\x03"))
        return shown

    def power_up(self) -> None:
        """Switched off and on: what was not sent is gone."""
        self._telegrams.clear()

    def receive(self, data: bytes, now: Instant) -> None:
        """It takes no commands."""

    def take_output(self, now: Instant) -> bytes:
        out = bytearray()
        while self._telegrams and self._telegrams[0][0] <= now:
            out += self._telegrams.popleft()[1]
        return bytes(out)
