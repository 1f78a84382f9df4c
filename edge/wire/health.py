"""What a gateway says of itself every few seconds on `health/{gw}` (clearance contract §6): bare JSON, unsigned.

A hint for whoever runs the hub, never a ground for a decision. Device and cycle names are values, not keys: keys of
the contract are lower case.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from edge.core.event import WallTime
from edge.wire.canonical import Json, canonical
from edge.wire.messages import Time
from edge.wire.utc import rfc3339


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    device: str
    up: bool
    faults: int
    """Since the start: what it sent that is no reading."""


@dataclass(frozen=True, slots=True)
class CycleTime:
    """How long one way through the gateway took, of the newest samples."""

    name: str
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class Health:
    wall: WallTime
    unwritten: int
    """Events not on disk yet."""
    pending: int
    """Events on disk and not acknowledged."""
    disk_free_bytes: int
    disk_bytes: int
    devices: tuple[DeviceHealth, ...]
    cycles: tuple[CycleTime, ...]
    troubles: tuple[str, ...] = ()
    """What is in the way of a part of it, a sentence each; told only where there is something."""


Amount = Annotated[int, Field(ge=0)]


class _QueueData(BaseModel):
    """Events not on disk yet, and those on disk that are not acknowledged."""

    unwritten: Amount
    pending: Amount


class _DiskData(BaseModel):
    free_bytes: Amount
    bytes: Amount


class _DeviceData(BaseModel):
    dev: str
    up: bool
    faults: Amount


class _CycleData(BaseModel):
    cycle: str
    p50_us: Amount
    p99_us: Amount


class HealthData(BaseModel):
    """The shape of what `build_health` makes."""

    v: Literal[1]
    t: Time
    t_src: Literal["ptp", "ntp", "rtc", "none"]
    t_unc_us: Amount
    queue: _QueueData
    disk: _DiskData
    devices: list[_DeviceData]
    cycles: list[_CycleData]
    troubles: list[str] = []


def build_health(health: Health) -> bytes:
    devices: list[Json] = [
        {"dev": each.device, "up": each.up, "faults": each.faults} for each in health.devices
    ]
    cycles: list[Json] = [
        {"cycle": each.name, "p50_us": each.p50_us, "p99_us": each.p99_us} for each in health.cycles
    ]
    troubles: dict[str, Json] = {"troubles": list(health.troubles)} if health.troubles else {}
    return canonical(
        troubles
        | {
            "v": 1,
            "t": rfc3339(health.wall.utc_us),
            "t_src": health.wall.source,
            "t_unc_us": health.wall.unc_us,
            "queue": {"unwritten": health.unwritten, "pending": health.pending},
            "disk": {"free_bytes": health.disk_free_bytes, "bytes": health.disk_bytes},
            "devices": devices,
            "cycles": cycles,
        }
    )
