"""A scale's own record numbers (alibi memory, contract §4 `mass.rec`): what it weighed that this gateway was not told.

Numbers rise by 1 with each record. One that jumps ahead left records out: they stand in the scale's memory, and an
inspector who compares it with the journal finds them missing here. One that falls back is a scale begun anew.
"""

from dataclasses import replace

from drivers.reading import WeightRead
from hub_config.names import DeviceId
from hub_config.value import value


@value
class AlibiView:
    """Of one scale, since this run began."""

    device: str
    records: int = 0
    """Different records told."""
    missing: int = 0
    """Numbers left out between them."""
    begun_anew: int = 0
    """How often the numbers fell back."""
    last: int = 0


class AlibiWatch:
    def __init__(self) -> None:
        self._scales: dict[DeviceId, AlibiView] = {}

    def note(self, read: WeightRead) -> None:
        if read.record is None:
            return
        known = self._scales.get(read.device)
        if known is None:
            self._scales[read.device] = AlibiView(read.device, records=1, last=read.record)
        elif read.record > known.last:
            missing = known.missing + read.record - known.last - 1
            self._scales[read.device] = replace(
                known, records=known.records + 1, missing=missing, last=read.record
            )
        elif read.record < known.last:
            self._scales[read.device] = replace(
                known, records=known.records + 1, begun_anew=known.begun_anew + 1, last=read.record
            )

    def view(self) -> tuple[AlibiView, ...]:
        return tuple(self._scales[device] for device in sorted(self._scales))
