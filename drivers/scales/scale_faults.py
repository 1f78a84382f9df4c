"""What a scale's session complains of; a lasting fault is said once, and anew only after it has ended."""

from drivers.buffers import HEAD_BYTES
from drivers.reading import DeviceFault, FaultCode, Reading
from hub_config.names import DeviceId, Instant


class ScaleFaults:
    def __init__(self, device: DeviceId) -> None:
        self._device = device
        self._said: set[FaultCode] = set()

    def each(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> DeviceFault:
        """Said every time."""
        return DeviceFault(self._device, at, code, detail, raw[:HEAD_BYTES])

    def once(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> list[Reading]:
        if code in self._said:
            return []
        self._said.add(code)
        return [self.each(code, detail, at, raw)]

    def ended(self, code: FaultCode) -> None:
        self._said.discard(code)
