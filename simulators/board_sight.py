"""When the gateway knew that it saw nothing of one board's belt: what passed then is nobody's fault."""

from drivers.reading import BeamChanged, BeltMoved, BoardChanged, EventsLost, Reading
from hub_config.names import Instant


class BoardSight:
    def __init__(self, at: Instant) -> None:
        self._seen_at = at
        """When the board last told of the moving belt."""
        self._ready = False
        self._blind_since = at
        self._blind: list[tuple[Instant, Instant]] = []

    def tell(self, reading: Reading) -> None:
        """A reading of the board."""
        match reading:
            case BeamChanged() | BeltMoved(moving=True):
                self._seen_at = reading.at
            case BoardChanged(_, at, "ready", _, continued):
                self._ready = True
                if not continued:
                    self._blind.append((self._blind_since, at))
            case BoardChanged(_, _, state) if self._ready or state in ("lost", "opening"):
                self._ready, self._blind_since = False, self._seen_at
            case EventsLost():
                self._blind.append((self._blind_since, reading.at))
            case _:
                pass

    def spans(self, now: Instant) -> list[tuple[Instant, Instant]]:
        """When it saw nothing, up to now."""
        return self._blind if self._ready else [*self._blind, (self._blind_since, now)]

    def forget_before(self, at: Instant) -> None:
        self._blind = [(since, until) for since, until in self._blind if until >= at]
