"""The scale at the other end of the wire, built from its manual and not from the driver."""

from hub_config.names import MILLISECOND, Instant

SETTLES_MS = 600
"""After a change of load the answers say `M` for so long."""


class SimulatedTemplateScale:
    def __init__(self, loads: tuple[tuple[int, int], ...]) -> None:
        """`loads`: from which millisecond on how many milligrams lie on it."""
        self._loads = loads
        self._output = b""

    @property
    def wake_at(self) -> Instant | None:
        return None

    def wake(self, at: Instant) -> None:
        """It speaks only when it is asked."""

    def receive(self, data: bytes, at: Instant) -> None:
        for _ in range(data.count(b"W\r")):
            ms = at // MILLISECOND
            since, load = max(one for one in self._loads if one[0] <= ms)
            state = "M" if since and ms - since < SETTLES_MS else "S"
            self._output += f"{load / 1_000_000:8.3f} kg {state}\r\n".encode()

    def take_output(self) -> bytes:
        output, self._output = self._output, b""
        return output
