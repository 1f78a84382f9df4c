"""What sessions share whose device is only listened to: nothing is ever sent, and it is up when its port opens.

Such a device can't be asked who it is, and is silent while no item comes.
"""

from drivers.reading import DeviceUp, Reading
from hub_config.names import DeviceId, Instant


class Listening:
    def __init__(self, device: DeviceId) -> None:
        self._device = device
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return None if self._up else Instant(0)

    def wake(self, at: Instant) -> list[Reading]:
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._device, at, identity=None)]

    def take_output(self) -> bytes:
        return b""
