"""What every device of `hub simulated-device` does alike: bytes in, bytes out, and when it wants to be woken."""

from typing import Generic, Protocol, TypeVar

from hub_config.names import Instant


class Wired(Protocol):
    """The wire of a simulated device."""

    @property
    def wake_at(self) -> Instant | None: ...

    def receive(self, data: bytes, now: Instant) -> None: ...

    def take_output(self, now: Instant) -> bytes: ...


Device = TypeVar("Device", bound=Wired)


class ServedDevice(Generic[Device]):
    """What a person does to it is its own (`told`)."""

    def __init__(self, device: Device) -> None:
        self._device = device

    @property
    def wake_at(self) -> Instant | None:
        return self._device.wake_at

    def receive(self, data: bytes, now: Instant) -> None:
        self._device.receive(data, now)

    def take_output(self, now: Instant) -> bytes:
        return self._device.take_output(now)
