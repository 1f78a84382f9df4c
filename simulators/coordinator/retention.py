"""When the coordinator looks for what its time is over, and by which clock (clearance contract §12).

A clock that jumps ahead by years must not cost the evidence of years. So retention has a day of its own, kept in the
database: it follows the clock, but at most `PACE` times as fast as the process runs, and rests while the clock is not
sure. What expires is worked out in `expiry.py`.
"""

from typing import Final

from edge.core.event import WallTime
from hub_config.names import MICROSECOND, SECOND, Instant
from hub_config.retention import DEFAULT
from hub_config.rule_book import RuleBook
from simulators.coordinator.expiry import (
    Before,
    expire_checkpoints,
    expire_decisions,
    expire_declarations,
    expire_events,
    expire_vouchers,
)
from simulators.coordinator.store import Store

LOOK_EVERY: Final = 600 * SECOND
"""Between two goings through, once nothing more is due."""
HURRY_AFTER: Final = 10 * SECOND
"""Without a pause for this long, one slice is done all the same."""
PACE: Final = 24
"""How much faster than time the day of retention may move: a clock wrong by 10 years is noticed in 5 months."""
UNSURE_US: Final = 1_000_000
"""A clock less sure than this ends nothing; vouchers rest then too (contract §11)."""
DAY_US: Final = 86_400 * 1_000_000
FACT: Final = "retention_us"


class Retention:
    """The coordinator's thread's. `tend` in its pauses."""

    def __init__(self, store: Store, rules: RuleBook, mode: str, at: Instant) -> None:
        self._store = store
        self._rules = rules
        self._mode = mode
        self._looked_at = at
        self._due = at
        self._after = {"events": 0, "decisions": 0, "declarations": 0}

    def is_due(self, at: Instant, *, pause: bool) -> bool:
        return at >= self._due if pause else at - self._due >= HURRY_AFTER

    def tend(self, at: Instant, wall: WallTime) -> int:
        """One transaction; how many rows have gone."""
        with self._store.transaction():
            today_us = self._day(at, wall)
            if today_us is None:
                self._due = Instant(at + LOOK_EVERY)
                return 0
            gone, more = self._slices(self._before(today_us))
            self._store.forget_visits()
        self._due = at if more else Instant(at + LOOK_EVERY)
        return gone

    def _day(self, at: Instant, wall: WallTime) -> int | None:
        """UTC µs by which things are old; None while the clock is not sure."""
        passed_us, self._looked_at = (at - self._looked_at) // MICROSECOND, at
        if wall.unc_us > UNSURE_US:
            return None
        sure_us = wall.utc_us - wall.unc_us
        kept_us = self._store.whole_fact(FACT)
        today_us = sure_us if kept_us is None else min(sure_us, kept_us + PACE * passed_us)
        self._store.set_whole_fact(FACT, today_us)
        return today_us

    def _before(self, today_us: int) -> Before:
        pack = self._rules.in_force(today_us) or self._rules.packs[0]
        keep = pack.retention or DEFAULT
        if self._mode != "live":
            practice_us = today_us - keep.practice_days * DAY_US
            return Before(practice_us, practice_us, keep_open=False)
        return Before(
            today_us - keep.events_days * DAY_US, today_us - keep.declarations_days * DAY_US, keep_open=True
        )

    def _slices(self, before: Before) -> tuple[int, bool]:
        """A slice of each kind; whether there is more of any."""
        # Events first: what hangs on them goes once they are gone.
        connection, gone, more = self._store.connection, 0, False
        for what, expire in (
            ("events", expire_events), ("decisions", expire_decisions), ("declarations", expire_declarations),
        ):  # fmt: skip
            done = expire(connection, self._after[what], before)
            self._after[what] = done.after
            self._store.count(f"expired:{what}", done.gone)
            gone, more = gone + done.gone, more or done.after > 0
        for what, drop in (("vouchers", expire_vouchers), ("checkpoints", expire_checkpoints)):
            done = drop(connection, before)
            self._store.count(f"expired:{what}", done.gone)
            gone, more = gone + done.gone, more or done.after > 0
        return gone, more
