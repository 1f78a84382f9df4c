"""The way to the coordinator and the gateway's disk, as data: delays, stalls, times when the coordinator is away."""

from dataclasses import dataclass, replace
from typing import Final

from hub_config.names import MILLISECOND, Instant

RESEND_MAX: Final = 1_000
"""Messages sent at a time once the coordinator is back: the rest waits in the journal."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The coordinator can't be reached."""

    begins_ns: int
    lasts_ns: int

    @property
    def ends_at(self) -> Instant:
        return Instant(self.begins_ns + self.lasts_ns)


@dataclass(frozen=True, slots=True)
class Network:
    message_ns: tuple[int, int] = (3 * MILLISECOND, 12 * MILLISECOND)
    """One way between gateway and coordinator."""
    stall_ppm: int = 2_000
    """Commits of the journal during which the disk stalls."""
    outages: tuple[Outage, ...] = ()
    """One after the other."""

    def there_at(self, at: Instant) -> bool:
        return not self.outages or not any(one.begins_ns <= at < one.ends_at for one in self.outages)

    def back_at(self, at: Instant) -> Instant:
        """When a message of this instant gets there: then, or when the coordinator is back."""
        if not self.outages:
            return at
        return max((one.ends_at for one in self.outages if one.begins_ns <= at < one.ends_at), default=at)

    def scaled(self, numerator: int, denominator: int) -> "Network":
        """The same in a run that is so much shorter or longer."""
        return replace(
            self,
            outages=tuple(
                Outage(one.begins_ns * numerator // denominator, one.lasts_ns * numerator // denominator)
                for one in self.outages
            ),
        )


USUAL: Final = Network()
