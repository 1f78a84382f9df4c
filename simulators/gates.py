"""Diverters of a belt as moving things: which are out, and when each moved."""

from hub_config.lines import Diverter
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, Instant


class Gates:
    def __init__(self, line: LineConfig) -> None:
        self._of_channel = {one.channel: one for one in line.diverters}
        self._moved: dict[str, tuple[Instant, bool]] = {}
        """When each moved last, and whether it went out."""

    def switch(self, channel: int, on: bool, at: Instant) -> Diverter | None:
        """An output has changed. The diverter that moves by it, if one does."""
        diverter = self._of_channel.get(channel)
        if diverter is None:
            return None
        moved = self._moved.get(diverter.id)
        if on == (moved is not None and moved[1]):
            return None  # it is there: at first all are home
        self._moved[diverter.id] = (at, on)
        return diverter

    def is_out(self, diverter: Diverter, now: Instant) -> bool:
        """One that is not all the way home still takes parcels."""
        moved = self._moved.get(diverter.id)
        if moved is None:
            return False
        at, on = moved
        return on or now < at + diverter.return_ms * MILLISECOND
