"""What a part of `hub campaign faults` works with: the hub under load, how often its fault happens, what to count."""

import random
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.hub_under_load import HubUnderLoad, Outcome
from simulators.scan_hub import ScanHub
from simulators.silent_link import SilentLink
from simulators.small_disk import SmallDisk

DRAIN_S: Final = 300.0
"""For what an outage has left behind, and this again for every two seconds that it lasted beyond that."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How often, and for how long."""

    silences_s: tuple[float, ...]
    """Of a link cut and of a broker that hangs: shorter than a keepalive of 10 s, and so long that the link is lost."""
    gone_s: float
    wipes: int
    fills: int
    bursts: int
    replugs: int
    twins: int
    resets: int


FULL: Final = Sizes(
    silences_s=(1.0, 5.0, 15.0, 45.0),
    gone_s=10.0,
    wipes=20,
    fills=8,
    bursts=50,
    replugs=50,
    twins=6,
    resets=20,
)
SHORT: Final = Sizes(silences_s=(2.0,), gone_s=2.0, wipes=2, fills=2, bursts=4, replugs=4, twins=1, resets=1)


@dataclass(slots=True)
class PartOutcome(Outcome):
    part: str = ""
    counts: dict[str, float] = field(default_factory=dict)
    skipped: str | None = None
    """Why it was not tried."""

    def as_json(self) -> dict[str, Any]:
        if self.skipped is not None:
            return {"skipped": self.skipped}
        told = Outcome.as_json(self)
        del told["kills"], told["seed"]
        return {**{name: round(count, 2) for name, count in self.counts.items()}, **told}


@dataclass(frozen=True, slots=True)
class Trial:
    hub: ScanHub
    load: HubUnderLoad
    outcome: PartOutcome
    sizes: Sizes
    rng: random.Random
    link: SilentLink | None
    disk: SmallDisk | None

    def count(self, name: str, by: float = 1) -> None:
        self.outcome.counts[name] = self.outcome.counts.get(name, 0) + by

    def longest(self, name: str, seconds: float) -> None:
        self.outcome.counts[name] = max(self.outcome.counts.get(name, 0), seconds)

    def fault(self, what: str) -> None:
        self.outcome.faults.append(what)

    def limit_s(self, outage_s: float) -> float:
        """To wait for what such an outage has left behind."""
        return max(DRAIN_S, 2 * outage_s)
