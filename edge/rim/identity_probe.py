"""Is another gateway at work under our name? Asked before the client id is used (clearance contract §6).

An equal client id would make the broker drop the first gateway, so we connect under another one and read
`state/gateway/{gw}`. A state that says online may be a leftover (a broker without power tells no will); one that is
renewed within 3 s is alive. Pure: instants come in.
"""

from typing import Final

from edge.wire.canonical import WireError
from edge.wire.messages import State, parse_state
from hub_config.names import MILLISECOND, SECOND, Instant

RETAINED_WITHIN: Final = 300 * MILLISECOND
"""A broker sends what it retains right after SUBACK; nothing by then means that nothing is retained."""
RENEWED_WITHIN: Final = 3 * SECOND


class IdentityProbe:
    """From SUBACK to a verdict: `taken_by` a session, or `is_free` once `wake_at` has passed."""

    def __init__(self, subscribed_at: Instant, own: str) -> None:
        """`own`: begins the session of each connection of this run. What a lost one had said may come late."""
        self._own = own
        self.wake_at = Instant(subscribed_at + RETAINED_WITHIN)
        self.taken_by: str | None = None
        self._first: State | None = None

    def heard(self, payload: bytes, retained: bool, at: Instant) -> None:
        try:
            state = parse_state(payload)
        except WireError:
            return  # unsigned and not for us to judge; the uplink counts such messages later
        if state.session.startswith(self._own):
            return
        if not state.online:
            self._first, self.wake_at = None, at
        elif not retained or (self._first is not None and state != self._first):
            self.taken_by = state.session
        elif self._first is None:
            self._first = state
            self.wake_at = Instant(at + RENEWED_WITHIN)

    def is_free(self, at: Instant) -> bool:
        return self.taken_by is None and at >= self.wake_at
