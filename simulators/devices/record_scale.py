"""A scale that weighs in motion, as its wire: one text record per item, numbered, `record;mass;unit;status CR LF`.

Truth and error of a weighing are the caller's: the scale rounds to its step.
"""

from typing import Final

from hub_config.names import MILLISECOND, Instant
from simulators.devices.numbered_records import NumberedRecords

NO_MASS: Final = "-----"
STEP_MG: Final = 10_000
MAX_MG: Final = 30_000_000
DELAY_NS: Final = 100 * MILLISECOND
"""From an item's rear at the beam to its record."""


class RecordScaleDevice(NumberedRecords):
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
        super().__init__(separator=separator, start=start, end=end, number=number)
        self._step_mg = step_mg
        self._max_mg = max_mg
        self._mpe_mg = mpe_mg
        self._good, self._overload = good, overload

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
        mass = NO_MASS if shown is None else _kilograms(shown)
        self.say((mass, "kg", word), Instant(now + delay_ns), lost=lost)
        return shown

    def _rounded(self, mass_mg: int) -> int:
        return (2 * mass_mg + self._step_mg) // (2 * self._step_mg) * self._step_mg


def _kilograms(mass_mg: int) -> str:
    """With three places, as the display shows it."""
    sign = "-" if mass_mg < 0 else ""
    whole, rest = divmod(abs(mass_mg) // 1_000, 1_000)
    return f"{sign}{whole}.{rest:03d}"
