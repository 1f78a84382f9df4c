"""Beams that tell no truth: stuck ones, and ones that chatter (`firmware-bridge.md` §6, §11). Told, not guessed."""

from collections import deque
from typing import Final, Literal

from hub_config.names import SECOND, Instant

STUCK_NS: Final = 120 * SECOND
"""Of a moving belt. The longest parcel that a line may have (5 m) takes 100 s on the slowest belt (50 mm/s)."""
CHATTER_EDGES: Final = 100
"""Edges within a second. The fastest belt brings at most 41 parcels in that time (3.5 m/s, 60 mm each, 25 mm apart)."""
CHATTER_NS: Final = 1 * SECOND
STEP_MAX_NS: Final = 1 * SECOND
"""Longer between two reports of the encoder is not counted as movement."""

Trouble = tuple[Literal["sensor_stuck", "sensor_chatter"], str]


class BeamWatch:
    def __init__(self, channels: tuple[int, ...]) -> None:
        self._edges = {channel: deque[Instant](maxlen=CHATTER_EDGES) for channel in channels}
        self._covered: dict[int, int] = {}
        """Movement of the belt when the beam was covered."""
        self._moved_ns = 0
        self._moved_at: Instant | None = None
        self._chattering: set[int] = set()
        self._stuck: set[int] = set()

    def forget(self) -> None:
        """What was seen before has no end any more."""
        for edges in self._edges.values():
            edges.clear()
        self._covered.clear()
        self._moved_at = None

    def edge(self, channel: int, *, blocked: bool, at: Instant) -> list[Trouble]:
        self._stuck.discard(channel)
        if blocked:
            self._covered[channel] = self._moved_ns
        else:
            self._covered.pop(channel, None)
        edges = self._edges[channel]
        edges.append(at)
        if len(edges) < CHATTER_EDGES or at - edges[0] >= 2 * CHATTER_NS:
            self._chattering.discard(channel)
        elif at - edges[0] < CHATTER_NS and channel not in self._chattering:
            self._chattering.add(channel)
            what = f"the beam of channel {channel} changed {CHATTER_EDGES} times within a second"
            return [("sensor_chatter", f"{what}; check its alignment and reflector")]
        return []

    def moved(self, at: Instant) -> list[Trouble]:
        """The encoder reports movement."""
        if self._moved_at is not None:
            self._moved_ns += min(max(0, at - self._moved_at), STEP_MAX_NS)
        self._moved_at = at
        found: list[Trouble] = []
        for channel, since in self._covered.items():
            if self._moved_ns - since >= STUCK_NS and channel not in self._stuck:
                self._stuck.add(channel)
                what = f"the beam of channel {channel} is covered for {STUCK_NS // SECOND} s of a moving belt"
                found.append(("sensor_stuck", f"{what}; clear it, or check sensor and cable"))
        return found

    def stopped(self) -> None:
        self._moved_at = None
