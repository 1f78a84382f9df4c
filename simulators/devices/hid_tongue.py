"""A simulated USB scale of the HID class for points of sale (HID POS Usage Tables 1.02, page 0x8D).

It sends reports of 6 bytes by itself. Its number has no sign: under zero it tells none.
"""

import struct
from collections.abc import Sequence
from typing import Final

from simulators.devices.scale_text import Display, Unit, digits_of, places_of
from simulators.devices.scale_wire import Act, Outcome, Preset, Press, Show

UNITS: Final[dict[Unit, int]] = {"g": 2, "kg": 3, "oz": 11, "lb": 12}
ZERO: Final = b"\x02\x02"
AT_ZERO, MOVING, STABLE, UNDER, OVER = 2, 3, 4, 5, 6


class HidTongue:
    def __init__(self, unit: Unit = "kg", report_id: int = 3, *, obeys: bool = True) -> None:
        """`obeys`: not every scale zeroes when it is asked to."""
        self._unit: Unit = unit
        self._report_id = report_id
        self._obeys = obeys
        self._heard = b""
        """Of a report; on a line that stands for the USB it may come in two."""

    def power_up(self) -> bytes:
        self._heard = b""
        return b""

    def hear(self, data: bytes) -> Sequence[Act]:
        held = self._heard + data
        reports = held.count(ZERO)
        self._heard = b"" if reports else held[-1:]
        return [Press("zero", when_stable=False)] * reports if self._obeys else []

    def frame(self, _form: str, shown: Display) -> bytes:
        places = places_of(shown.e_mg, self._unit)
        digits = 0 if shown.mass_mg is None else abs(digits_of(shown.mass_mg, self._unit, places))
        return struct.pack("<BBBbH", self._report_id, self._status(shown), UNITS[self._unit], -places, digits)

    def answer(self, _act: Show | Press | Preset, _outcome: Outcome, _shown: Display) -> bytes:
        return b""

    def _status(self, shown: Display) -> int:
        if shown.overload:
            return OVER
        if shown.negative:
            return UNDER
        if not shown.stable:
            return MOVING
        return AT_ZERO if shown.mass_mg == 0 else STABLE
