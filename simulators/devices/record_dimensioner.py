"""A dimensioner's wire: one text record per item, numbered, `record;length;width;height;unit;status CR LF`, in mm."""

from typing import Final

from hub_config.names import MILLISECOND, Instant
from simulators.devices.dimensioner import Dimensioner, Sides
from simulators.devices.numbered_records import NumberedRecords

NO_SIDE: Final = "----"
DELAY_NS: Final = 150 * MILLISECOND
"""From an item's rear at the beam to its record."""


class RecordDimensionerDevice(NumberedRecords):
    def __init__(
        self,
        dimensioner: Dimensioner,
        *,
        separator: str = ";",
        start: str = "",
        end: str = "\r\n",
        good: str = "OK",
        bad: str = "NODIM",
        number: int = 1,
    ) -> None:
        super().__init__(separator=separator, start=start, end=end, number=number)
        self._dimensioner = dimensioner
        self._good, self._bad = good, bad

    def pass_by(
        self,
        sides: Sides,
        now: Instant,
        delay_ns: int = DELAY_NS,
        *,
        errors_um: Sides = (0, 0, 0),
        soft: bool = False,
        lost: bool = False,
    ) -> Sides | None:
        """An item has left the beam: its record comes `delay_ns` later. Returns the sides that are shown."""
        shown = self._dimensioner.measure(sides, errors_um, soft=soft)
        texts = (NO_SIDE,) * 3 if shown is None else tuple(_millimetres(side) for side in shown)
        word = self._bad if shown is None else self._good
        self.say((*texts, "mm", word), Instant(now + delay_ns), lost=lost)
        return shown


def _millimetres(um: int) -> str:
    """As many digits as its display has, without decimals: its step is whole millimetres."""
    return f"{um // 1_000:04d}"
