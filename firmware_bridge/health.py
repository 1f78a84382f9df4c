"""What the board says of itself once a second: counters of its own, told as what came to them since the last time."""

from firmware_bridge.messages import Health
from firmware_bridge.told import FaultTold, LostTold, Told

_WRAP = 1 << 16


class HealthWatch:
    """The counters of one boot. Those of the first report are of before, unless the boot was seen."""

    def __init__(self) -> None:
        self._last: Health | None = None

    def restart(self) -> None:
        self._last = None

    def take(self, health: Health) -> list[Told]:
        last, self._last = self._last, health
        if last is None:
            return []
        told: list[Told] = []
        if lost := (health.events_lost - last.events_lost) % _WRAP:
            told.append(LostTold(lost))
        if bad := (health.rx_bad - last.rx_bad) % _WRAP:
            told.append(
                FaultTold("garbled", f"the board got {bad} frames of the gateway spoilt; check cable")
            )
        if overrun := (health.rx_overrun - last.rx_overrun) % _WRAP:
            told.append(
                FaultTold("garbled", f"the board lost {overrun} bytes of the gateway; lower the baud")
            )
        return told
