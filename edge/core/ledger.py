"""The core's bookkeeping for one step: effects in order, event numbers, visit ids, UTC, and the balance.

Ids are UUIDv7 from the journalled wall clock and a hash of injected entropy and a counter, so that a replay
of the same inputs mints the same ids. The balance holds at every moment: read = journalled + rejected.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from drivers.command import Command
from edge.core.effects import Alert, Effect, KeepWords, Order, Record, Show
from edge.core.event import UNSTAMPED, Event, WallTime
from edge.core.snapshot import Balance, BenchView
from edge.core.standing import NOTHING_SAID, VisitWords
from hub_config.names import MICROSECOND, Instant, VisitId

DRIFT_PPM: Final = 50
"""How fast a host clock may run off between two `WallClock` inputs; widens the uncertainty."""
UNSET_WALL: Final = WallTime(utc_us=0, unc_us=10**12, source="none")


class Ledger:
    def __init__(self, entropy: bytes) -> None:
        self._entropy = entropy
        self._minted = 0
        self._number = 0
        self._effects: list[Effect] = []
        self._wall = UNSET_WALL
        self._wall_at = Instant(0)
        self._asked_at: Instant | None = None
        self._answer = UNSET_WALL
        self._read = 0
        self._journalled = 0
        self._rejected: dict[str, int] = {}
        self._rejected_total = 0

    # Time -----------------------------------------------------------------------------------------

    def set_wall(self, wall: WallTime, at: Instant) -> WallTime:
        """Takes the wall clock; returns what the old one would have said, to show a jump."""
        before = self.wall(at)
        self._wall, self._wall_at = wall, at
        self._asked_at = None
        return before

    def wall(self, at: Instant) -> WallTime:
        """A step asks for the same instant several times."""
        if at == self._asked_at:
            return self._answer
        wall = self._wall
        passed_us = (at - self._wall_at) // MICROSECOND
        unc_us = wall.unc_us + abs(passed_us) * DRIFT_PPM // 1_000_000
        self._asked_at = at
        self._answer = WallTime(wall.utc_us + passed_us, unc_us, wall.source)
        return self._answer

    # Ids ------------------------------------------------------------------------------------------

    def mint_visit(self, at: Instant) -> VisitId:
        self._minted += 1
        random_part = sha256(self._entropy + self._minted.to_bytes(8, "big")).digest()
        unix_ms = max(0, self.wall(at).utc_us // 1_000) & (2**48 - 1)
        bits = unix_ms << 80 | 0x7 << 76 | int.from_bytes(random_part[:2], "big") % 2**12 << 64
        bits |= 0b10 << 62 | int.from_bytes(random_part[2:10], "big") % 2**62
        text = f"{bits:032x}"
        return VisitId("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))

    # Effects --------------------------------------------------------------------------------------

    def record(self, event: Event) -> int:
        """Queues the event for the journal; returns its number, under which `Committed` will name its id."""
        self._number += 1
        if event.wall is UNSTAMPED:
            event = replace(event, wall=self.wall(event.at))
        self._effects.append(Record(self._number, event))
        return self._number

    def show(self, view: BenchView) -> None:
        self._effects.append(Show(view))

    def order(self, command: Command) -> None:
        self._effects.append(Order(command))

    def alert(self, alert: Alert) -> None:
        self._effects.append(alert)

    def keep(self, words: VisitWords) -> None:
        self._effects.append(KeepWords(words))

    def forget(self, visit: VisitId) -> None:
        """What was said of it: it has gone on under another id, or has left."""
        self._effects.append(KeepWords(VisitWords(visit, (), NOTHING_SAID)))

    def take_effects(self) -> list[Effect]:
        if not self._effects:
            return []
        effects, self._effects = self._effects, []
        return effects

    # Balance --------------------------------------------------------------------------------------

    def count_journalled(self) -> None:
        """One reading went into an event."""
        self._read += 1
        self._journalled += 1

    def count_rejected(self, reason: str, count: int = 1) -> None:
        """One reading (or `count` of them) went into no event, and this is why."""
        self._read += count
        self._rejected[reason] = self._rejected.get(reason, 0) + count
        self._rejected_total += count

    @property
    def balances(self) -> bool:
        return self._read == self._journalled + self._rejected_total

    def balance(self) -> Balance:
        return Balance(self._read, self._journalled, tuple(sorted(self._rejected.items())))
