"""Which gateways are catching up, as their retained states say (clearance contract §7: no `nak` for such a gap).

A gateway that has been away sends live events before its backlog, so that the coordinator sees a gap it need not
ask for. A state that is not renewed counts no longer: a gateway that hangs is asked again.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub_config.names import SECOND, Instant

FRESH_FOR: Final = 10 * SECOND
"""A gateway renews its state every 2 s."""


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    last: int
    said_at: Instant


class CatchUps:
    """At most one range per gateway that the coordinator listens to."""

    def __init__(self) -> None:
        self._ranges: dict[str, _Range] = {}

    def said(self, gateway: str, state: dict[str, Any], at: Instant) -> None:
        """Anything but an online state with two whole numbers ends it: the state is unsigned, a hint only."""
        told = state.get("catchup")
        first, last = (told.get("from"), told.get("to")) if isinstance(told, dict) else (None, None)
        if state.get("online") is True and type(first) is int and type(last) is int:
            self._ranges[gateway] = _Range(first, last, at)
        else:
            self._ranges.pop(gateway, None)

    def covers(self, gateway: str, seq: int, at: Instant) -> bool:
        told = self._ranges.get(gateway)
        return told is not None and told.first <= seq <= told.last and at - told.said_at < FRESH_FOR
