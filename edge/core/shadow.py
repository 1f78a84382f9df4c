"""A line that is only listened to: where its controller and the gateway would not have agreed.

Two things are compared of each parcel that leaves: the name under which the controller tells it with what readers of
our own have read from it, and the lane that it went to with the one that our decision names.
"""

from collections import deque
from typing import Final

from drivers.reading import Discharged
from edge.core.snapshot import Disagreement, ShadowView
from edge.core.tracked import Tracked
from hub_config.names import LaneId
from hub_config.plc import PlcExit

SHOWN_MAX: Final = 256
"""Disagreements that are kept to show, the latest; all are counted."""


class Shadow:
    def __init__(self) -> None:
        self._compared = self._named = self._codes = self._lanes = 0
        self._last: deque[Disagreement] = deque(maxlen=SHOWN_MAX)

    def compare(
        self, tracked: Tracked, wanted: LaneId | None, read: Discharged, exit_: PlcExit | None
    ) -> None:
        """`wanted`: the lane of our decision."""
        self._compared += 1
        self._named += bool(tracked.told and tracked.read)
        code_differs = tracked.contradicted
        lane_differs = exit_ is None or exit_.lane != wanted
        self._codes += code_differs
        self._lanes += lane_differs
        if code_differs or lane_differs:
            told, ours = tuple(tracked.told), tuple(tracked.read)
            self._last.append(
                Disagreement(
                    read.at, tracked.track, tracked.parcel.visit, told, ours, read.lane, wanted, code_differs,
                    lane_differs,
                )
            )  # fmt: skip

    def view(self) -> ShadowView:
        return ShadowView(self._compared, self._named, self._codes, self._lanes, tuple(self._last))
