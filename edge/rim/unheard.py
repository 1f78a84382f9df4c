"""Decisions that have come and are not yet in the journal: the broker hears of their arrival when they are.

A decision that a power cut takes between the network and the disk is then sent again by the broker, which keeps what
has no PUBACK. A confirmation belongs to the connection by which the message came.
"""

from typing import Final

from edge.rim.mqtt_client import Arrived

UNHEARD_MAX: Final = 16
"""Decisions without PUBACK, fewer than any broker has under way to us (Mosquitto 20, if nobody says more). Past it the
oldest is confirmed all the same: a disk that takes nothing must not keep acknowledgements from coming."""


class Unheard:
    """The uplink's."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str, Arrived]] = []

    def arrived(self, dec: str, message: Arrived, session: str) -> list[tuple[str, Arrived]]:
        """Returns what is confirmed at once, with the session of its connection."""
        self._waiting.append((dec, session, message))
        past, self._waiting = self._waiting[:-UNHEARD_MAX], self._waiting[-UNHEARD_MAX:]
        return [(session, message) for _, session, message in past]

    def heard(self, dec: str) -> list[tuple[str, Arrived]]:
        """It is in the journal, or needs not be: to be confirmed now."""
        found = [(session, message) for one, session, message in self._waiting if one == dec]
        self._waiting = [one for one in self._waiting if one[0] != dec]
        return found

    def forget(self) -> None:
        """The connection is gone, and the broker sends them again."""
        self._waiting.clear()
