"""Gateways' chains that stand still before a hole: what is missing is asked for when it stays (contract §7)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from hub_config.names import Instant
from simulators.coordinator.store import Store

ASKED_AGAIN: Final = 64
"""Of 5 s, somewhat more than five minutes."""


@dataclass(frozen=True, slots=True)
class Gap:
    epoch: int
    next_seq: int
    since: Instant
    wait: int
    """How long it may stay from `since` on, in ns."""


class Gaps:
    """At most one for each gateway that the coordinator listens to."""

    def __init__(self, store: Store, nak_after: int) -> None:
        """`nak_after`: how long one may stay, in ns."""
        self._store = store
        self._nak_after = nak_after
        self._gaps: dict[str, Gap] = {}

    def note(self, gateway: str, at: Instant) -> None:
        """After events of this gateway."""
        cursor = self._store.cursor(gateway, self._store.present_epoch(gateway))
        if not self._store.has_gap(cursor):
            self._gaps.pop(gateway, None)
            return
        known = self._gaps.get(gateway)
        if known is None or (known.epoch, known.next_seq) != (cursor.epoch, cursor.next_seq):
            self._gaps[gateway] = Gap(cursor.epoch, cursor.next_seq, at, self._nak_after)

    def wake_at(self) -> Iterator[Instant]:
        return (Instant(gap.since + gap.wait) for gap in self._gaps.values())

    def due(self, at: Instant) -> list[tuple[str, Gap]]:
        """Gateways to be asked, each with what it is asked for. Who does not answer is asked again after as long once
        more, doubling to `ASKED_AGAIN` times as long: what was lost for good must not be asked for all day."""
        found = [(gw, gap) for gw, gap in self._gaps.items() if at - gap.since >= gap.wait]
        most = ASKED_AGAIN * self._nak_after
        self._gaps |= {gw: replace(gap, since=at, wait=min(2 * gap.wait, most)) for gw, gap in found}
        return found
