"""What a device can be told to do: the closed union of commands.

The core returns them as effects; the pump hands each to the session of its device. A command for a device whose port
is not open is dropped and counted: the core knows of the loss by `DeviceDown`, and what is not ordered is safe.
"""

from dataclasses import dataclass
from typing import Literal

from hub_config.names import DeviceId, Instant
from hub_config.value import value


@value
class Trigger:
    """A scanner is to read (`on`) or to stop. Its answers name `number`."""

    device: DeviceId
    number: int
    on: bool


@value
class SwitchOn:
    """An output is to leave its safe level at `at` for `for_ns`. Answered by `OrderAnswered` with this `order`."""

    device: DeviceId
    order: int
    channel: int
    at: Instant
    for_ns: int


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """An output is to be at its safe level from `at` on; orders of its channel that are still to come are void."""

    device: DeviceId
    order: int
    channel: int
    at: Instant


@dataclass(frozen=True, slots=True)
class ScaleOrder:
    """A scale is to zero, to tare or to drop its tare: never ordered by the core, only by a person (`hub devices`).
    Answered by `OrderAnswered` with this `number`."""

    device: DeviceId
    number: int
    order: Literal["zero", "tare", "tare_clear"]


@dataclass(frozen=True, slots=True)
class Destination:
    """A controller is to discharge the parcel of this track number into this lane; its latest one counts."""

    device: DeviceId
    track: int
    lane: str
    """As the controller calls it."""


Sign = Literal["release", "hold", "refused", "off"]
"""What a scanner can tell its operator: an answer of the station, or that there is none now."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A scanner is to beep and shine. Nothing answers: the screen is what counts."""

    device: DeviceId
    sign: Sign


@dataclass(frozen=True, slots=True)
class PrintLabel:
    """A printer is to print this label, once. Answered by `OrderAnswered` with this number: when it is printed, or as
    soon as it is sure that it will not be."""

    device: DeviceId
    number: int
    title: str
    """What is done with the parcel, in a word."""
    bay: str
    code: str | None
    """As read from the parcel."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shine:
    """A lamp or buzzer on an output is to be on from now on, and off again after `for_ns` unless it is told anew. So
    nothing shines on that nobody vouches for. Nothing answers: what counts is on the screens."""

    device: DeviceId
    channel: int
    for_ns: int
    """0: off at once."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A dimensioner is to measure what stands there. Answered by `DimensionsRead` and `OrderAnswered` with this number,
    or by `OrderAnswered` alone: there is no result."""

    device: DeviceId
    number: int


Command = Trigger | SwitchOn | SwitchOff | ScaleOrder | Destination | Signal | PrintLabel | Shine | Measure
