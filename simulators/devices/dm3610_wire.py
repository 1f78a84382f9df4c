"""The wire of a Datalogic DM3610 in motion, written from dimensioners §3: one message an item, numbered 000 to 999.

`header sequence side ; side ; side ; unit ; READY trailer`, sides zero padded to one width with one precision. Of an
item that it could not measure it says why (`NODIM_…`) behind sides of zeros; `NOTREADY` is not legal for trade.
"""

from collections import deque
from functools import reduce
from operator import xor
from typing import Final, Literal

from hub_config.names import MILLISECOND, Instant
from simulators.devices.dimensioner import Dimensioner, Sides

DELAY_NS: Final = 150 * MILLISECOND
SEQUENCE_END: Final = 1_000
MAX_MESSAGES: Final = 64
"""Waiting to be sent; more are lost, and their numbers are used up."""
NO_DIMS: Final = "NODIM_BOX_SIDES_TO_NOISY"
UM_PER_UNIT: Final = {"mm": 1_000, "cm": 10_000}


class Dm3610Device:
    def __init__(
        self, dimensioner: Dimensioner, *, unit: Literal["mm", "cm"] = "cm", width: int = 6, precision: int = 1,
        header: str = "\x02", trailer: str = "\r\n", delimiter: str = ";",
        bcc: bool = False,
    ) -> None:  # fmt: skip
        """`width` of a side counts the point. `bcc`: the exclusive or of all between header and trailer; its manual
        leaves open which it is."""
        self._dimensioner = dimensioner
        self._unit: Literal["mm", "cm"] = unit
        self._width, self._precision = width, precision
        self._header, self._trailer, self._delimiter = header, trailer, delimiter
        self._bcc = bcc
        self._sequence = 0
        self._messages: deque[tuple[Instant, bytes]] = deque()
        self.ready = True
        """What it says is legal for trade."""
        self.lost_messages = 0

    @property
    def wake_at(self) -> Instant | None:
        return self._messages[0][0] if self._messages else None

    def pass_by(
        self, sides: Sides, now: Instant, delay_ns: int = DELAY_NS, *, errors_um: Sides = (0, 0, 0),
        soft: bool = False, lost: bool = False,
    ) -> Sides | None:  # fmt: skip
        """An item has left the beam. Returns the sides that are shown; `lost`: its number is used up."""
        shown = self._dimensioner.measure(sides, errors_um, soft=soft)
        number, self._sequence = self._sequence, (self._sequence + 1) % SEQUENCE_END
        if lost:
            return shown
        if len(self._messages) >= MAX_MESSAGES:
            self.lost_messages += 1
            return shown
        texts = [self._text(side) for side in shown or (0, 0, 0)]
        fields = [f"{number:03d}{texts[0]}", *texts[1:], self._unit, "READY" if self.ready else "NOTREADY"]
        if shown is None:
            fields.append(NO_DIMS)
        due = max(Instant(now + delay_ns), self._messages[-1][0] if self._messages else now)
        body = self._delimiter.join(fields)
        check = f"{reduce(xor, body.encode('latin-1')):02X}" if self._bcc else ""
        text = f"{self._header}{body}{check}{self._trailer}"
        self._messages.append((Instant(due), text.encode("latin-1")))
        return shown

    def power_up(self) -> None:
        """Switched off and on: it counts from 0 again, and what was not sent is gone."""
        self._messages.clear()
        self._sequence = 0

    def receive(self, data: bytes, now: Instant) -> None:
        """It takes no commands."""

    def take_output(self, now: Instant) -> bytes:
        out = bytearray()
        while self._messages and self._messages[0][0] <= now:
            out += self._messages.popleft()[1]
        return bytes(out)

    def _text(self, um: int) -> str:
        scale = UM_PER_UNIT[self._unit]
        units = um * 10**self._precision // scale
        whole, part = divmod(units, 10**self._precision)
        text = f"{whole}.{part:0{self._precision}d}" if self._precision else str(whole)
        return text.rjust(self._width, "0")
