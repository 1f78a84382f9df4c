"""The names of things in a hub, and the one unit of time inside the gateway.

Each is its own type, so that a lane can't be passed where a device is wanted.
"""

from typing import Final, NewType

Instant = NewType("Instant", int)
"""Nanoseconds of the host's monotonic clock. Simulated time counts from 0. Never wall time."""

HubId = NewType("HubId", str)
GatewayId = NewType("GatewayId", str)
LineId = NewType("LineId", str)
"""A belt line or a manual station (bench): whatever parcels pass through."""
LaneId = NewType("LaneId", str)
"""A logical lane of the contract: green, hold, xray, manual, return, custody."""
DeviceId = NewType("DeviceId", str)
VisitId = NewType("VisitId", str)
"""UUIDv7 text: the whole stay of one parcel in one hub."""

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
