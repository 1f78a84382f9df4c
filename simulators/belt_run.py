"""How long one of several belts in series has run, which stands now and then."""

from hub_config.names import Instant
from simulators.traffic import BeltStop


class BeltRun:
    """How long one belt has run. It runs from the begin on; its first stop comes after `every_ns`."""

    def __init__(self, began: Instant, stop: BeltStop | None) -> None:
        self._began = began
        self._stop = stop

    def ran_ns(self, at: Instant) -> int:
        ns = max(0, at - self._began)
        if self._stop is None or ns < self._stop.every_ns:
            return ns
        times, into_ns = divmod(ns, self._stop.every_ns)
        stood_ns = (times - 1) * self._stop.lasts_ns + min(into_ns, self._stop.lasts_ns)
        return ns - stood_ns

    def when(self, ran_ns: int) -> Instant:
        """When it has run for so long; of the moment of a stop, when it runs on."""
        if self._stop is None or ran_ns < self._stop.every_ns:
            return Instant(self._began + ran_ns)
        times = 1 + (ran_ns - self._stop.every_ns) // (self._stop.every_ns - self._stop.lasts_ns)
        return Instant(self._began + ran_ns + times * self._stop.lasts_ns)

    def moves_at(self, at: Instant) -> bool:
        return at >= self._began and self.when(self.ran_ns(at)) <= at

    def runs_on_ns(self, ran_ns: int) -> int | None:
        """From then on to its next stop; None: it never stops."""
        if self._stop is None:
            return None
        if ran_ns < self._stop.every_ns:
            return self._stop.every_ns - ran_ns
        period_ns = self._stop.every_ns - self._stop.lasts_ns
        return period_ns - (ran_ns - self._stop.every_ns) % period_ns
