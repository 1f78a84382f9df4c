"""Outputs of a block that is polled: when each has to be on, and what has to be written for it."""

from dataclasses import dataclass
from typing import Final

from hub_config.names import MILLISECOND, Instant

SWITCHES_MAX: Final = 64
"""Orders that are not over. One more is refused."""
LATE_NS: Final = 20 * MILLISECOND
"""An output that could not be switched on within this is not switched on any more for that order."""


@dataclass(slots=True)
class _Switch:
    channel: int
    on_at: Instant
    off_at: Instant
    begun: bool = False


class PolledOutputs:
    def __init__(self, outputs: int) -> None:
        self._outputs = outputs
        self._switches: list[_Switch] = []
        self._written = [False] * outputs

    def order(self, channel: int, on_at: Instant, for_ns: int, at: Instant) -> str:
        """Takes it (`ok`), or says in a word why not."""
        if not 0 <= channel < self._outputs:
            return "not_configured"
        if for_ns <= 0:
            return "bad_argument"
        if on_at < at:
            return "late"
        if len(self._switches) >= SWITCHES_MAX:
            return "queue_full"
        self._switches.append(_Switch(channel, on_at, Instant(on_at + for_ns)))
        return "ok"

    def cancel(self, channel: int, from_at: Instant) -> str:
        """At its safe level from then on; orders that are still to come are void."""
        if not 0 <= channel < self._outputs:
            return "not_configured"
        for one in self._switches:
            if one.channel == channel:
                one.off_at = min(one.off_at, max(from_at, one.on_at))
        self._switches = [one for one in self._switches if one.channel != channel or one.on_at < one.off_at]
        return "ok"

    def forget(self) -> None:
        """All are off, or will be before anything else."""
        self._switches.clear()
        self._written = [False] * self._outputs

    def due(self, at: Instant) -> tuple[int, bool] | None:
        """The next output to write, and its level; the ones to switch off first."""
        for one in self._switches:
            if self._written[one.channel] and one.on_at <= at < one.off_at:
                one.begun = True  # it is on already, for the one before
        self._drop(at)
        wanted = [self._wants(channel, at) for channel in range(self._outputs)]
        changed = [channel for channel in range(self._outputs) if wanted[channel] != self._written[channel]]
        changed.sort(key=lambda channel: wanted[channel])
        return (changed[0], wanted[changed[0]]) if changed else None

    def levels_with(self, channel: int, *, on: bool) -> list[bool]:
        """Of all outputs as they were last written, but for this one."""
        levels = list(self._written)
        levels[channel] = on
        return levels

    def written(self, channel: int, *, on: bool) -> None:
        self._written[channel] = on

    def wake_at(self) -> Instant | None:
        """When the next has to change."""
        edges = [one.off_at if one.begun else one.on_at for one in self._switches]
        return min(edges, default=None)

    def _wants(self, channel: int, at: Instant) -> bool:
        return any(one.channel == channel and one.on_at <= at < one.off_at for one in self._switches)

    def _drop(self, at: Instant) -> None:
        """What is over, and what could not begin in time."""
        self._switches = [
            one for one in self._switches if at < one.off_at and (one.begun or at - one.on_at <= LATE_NS)
        ]
