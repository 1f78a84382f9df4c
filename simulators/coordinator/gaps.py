"""Gateways' chains that stand still before a hole: what is missing is asked for when it stays (contract §7)."""

from collections.abc import Iterator
from dataclasses import dataclass

from hub_config.names import Instant
from simulators.coordinator.store import Store


@dataclass(frozen=True, slots=True)
class Gap:
    next_seq: int
    since: Instant


class Gaps:
    """At most one for each gateway that the coordinator listens to."""

    def __init__(self, store: Store, nak_after: int) -> None:
        """`nak_after`: how long one may stay, in ns."""
        self._store = store
        self._nak_after = nak_after
        self._gaps: dict[str, Gap] = {}

    def note(self, gateway: str, at: Instant) -> None:
        """After events of this gateway."""
        cursor = self._store.cursor(gateway, self._store.newest_epoch(gateway))
        if not self._store.has_gap(cursor):
            self._gaps.pop(gateway, None)
        elif gateway not in self._gaps or self._gaps[gateway].next_seq != cursor.next_seq:
            self._gaps[gateway] = Gap(cursor.next_seq, at)

    def wake_at(self) -> Iterator[Instant]:
        return (Instant(gap.since + self._nak_after) for gap in self._gaps.values())

    def due(self, at: Instant) -> list[tuple[str, int]]:
        """Gateways to be asked, each with the seq it is asked for; each is told again only after as long once more."""
        found = [(gw, gap.next_seq) for gw, gap in self._gaps.items() if at - gap.since >= self._nak_after]
        self._gaps |= {gateway: Gap(seq, at) for gateway, seq in found}
        return found
