"""What a driver from outside brings along to be checked (docs/write-a-driver.md): frames of its manual with what they
mean, and a simulated device. `hub driver check PACKAGE` looks for a `Kit` named `KIT` in the package.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from drivers.external import Driver
from drivers.reading import Reading
from hub_config.names import DeviceId, Instant

DEVICE = DeviceId("kit")
"""The device's name in all readings of a check."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Bytes that the device sends, from its manual, and the readings that they are."""

    name: str
    sent: bytes
    told: tuple[Mapping[str, object], ...]
    """Of each reading in order: `is` names its class (`WeightRead`, …), the other keys are fields that are compared."""
    settings: Mapping[str, Any] = field(default_factory=dict)


class SimulatedDevice(Protocol):
    """The other end of the wire, built from the manual and not from the driver."""

    @property
    def wake_at(self) -> Instant | None: ...

    def receive(self, data: bytes, at: Instant) -> None: ...

    def wake(self, at: Instant) -> None: ...

    def take_output(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A simulated device at the driver's port, under simulated time."""

    name: str
    device: Callable[[], SimulatedDevice]
    told: tuple[Mapping[str, object], ...]
    """Readings that the driver gives in this order; others may stand between."""
    seconds: int = 10
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kit:
    driver: Driver
    samples: tuple[Sample, ...]
    round_trips: tuple[RoundTrip, ...] = ()
    resyncs: bool = True
    """False for a protocol without a frame start, where damage can swallow the frames that follow."""


def is_told(reading: Reading, wanted: Mapping[str, object]) -> bool:
    named = {"is": type(reading).__name__}
    return all(named.get(key, getattr(reading, key, None)) == value for key, value in wanted.items())
