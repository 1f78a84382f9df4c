"""What the gateway may do by itself: the levels of the contract §11.

    0 the coordinator answers ─► 1 no answer ─► 2 no answer for 5 s: only by a voucher
                                              └► 3 vouchers stale, clock unsure, no key: hold everything
    4 the journal is in trouble: no evidence, no movement

A level says what may happen; why it is this one is a word beside it, for people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.core.decision import Decision, Reason
from edge.core.event import Code, Dims, Mass, WallTime
from edge.core.evidence import FLOOR_PPM
from edge.core.offline_budget import OfflineBudget
from edge.core.snapshot import Level, OfflineView
from edge.core.verdict import Verdict, void_reason
from edge.core.voucher import Manifest, Shard, release_on
from edge.core.voucher_stock import PASSING, VoucherStock
from hub_config.names import SECOND, Instant, LineId, VisitId
from hub_config.offline import OfflineSettings

AWAY_AFTER_NS: Final = 5 * SECOND
"""Without the coordinator for this long the gateway is by itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gateway itself has seen of one parcel."""

    visit: VisitId
    line: LineId
    code: str | None
    mass: Mass | None
    dims: Dims | None
    sure: bool
    """Its readings belong together surely enough, and nothing about it is flagged."""
    told: bool
    """The coordinator has said something about this visit already: then only it can say more."""
    measured_id: str | None


class Offline:
    def __init__(self, settings: OfflineSettings) -> None:
        self._settings = settings
        self._stock = VoucherStock(settings)
        self.budget = OfflineBudget(settings)
        self.level: Level = 1
        self.why = "start"
        self.since: Instant | None = None
        """Since when the coordinator does not answer; None while it does, and before the first step."""
        self._online = self._met = False
        self._refused: str | None = None
        self._lasting: str | None = None
        """Why the journal gives no evidence."""

    # What comes in ----------------------------------------------------------------------------------

    def begin(self, at: Instant) -> None:
        """The first step: from now on an answer is waited for."""
        if not self._online and self.since is None:
            self.since = at

    def link(self, *, online: bool, at: Instant) -> None:
        if online:
            self.since, self._met = None, True
        elif self._online:
            self.since = at
        self._online = online

    def refuse(self, detail: str, *, lasting: bool = False) -> None:
        """The journal can't write, or must not go on: `lasting` trouble is ended by no commit."""
        if lasting:
            self._lasting = detail
        else:
            self._refused = detail

    def accept(self) -> None:
        """The journal has written."""
        self._refused = None

    def recover(self) -> None:
        """What lasted is over."""
        self._lasting = None

    @property
    def trouble(self) -> str | None:
        """Why nothing may move."""
        return self._lasting or self._refused

    def know_uses(self, spent: tuple[str, ...], begun_us: int, at: Instant) -> None:
        self._stock.begin(spent, begun_us, at)

    def change(self, manifest: Manifest) -> None:
        self._stock.change(manifest)

    def add(self, shard: Shard) -> bool:
        return self._stock.add(shard)

    # The level --------------------------------------------------------------------------------------

    def review(self, wall: WallTime, at: Instant) -> bool:
        """Finds the level of this instant; True if it has changed."""
        before = self.level
        self.level, self.why = self._find(wall, at)
        return self.level != before

    def _find(self, wall: WallTime, at: Instant) -> tuple[Level, str]:
        if self.trouble is not None:
            return 4, "journal"
        if self._online:
            return 0, "answers"
        if self.since is None or at < self.since + AWAY_AFTER_NS:
            return 1, "no_answer"
        unusable = self._stock.unusable(wall, at)
        return (2, "vouchers") if unusable is None else (3, unusable)

    @property
    def away(self) -> bool:
        """Nobody is asked any more. Also after the start, until the coordinator has answered once."""
        return not self._online and (self.level > 1 or not self._met)

    @property
    def wake_at(self) -> Instant | None:
        """When the level has to be found anew."""
        return Instant(self.since + AWAY_AFTER_NS) if self.level == 1 and self.since is not None else None

    # A parcel nobody can be asked about -------------------------------------------------------------

    def answer(self, facts: Facts, wall: WallTime, at: Instant) -> Decision | Reason:
        """A release on its voucher, or why it is held."""
        if self.level != 2 or facts.code is None or facts.told or not facts.sure:
            return "offline_default"
        if self._stock.unusable(wall, at) is not None:
            return "offline_default"
        found = self._stock.find(facts.code, facts.line)
        if isinstance(found, str):
            return found
        if self.budget.reached(wall):
            return "offline_default"
        decision = release_on(found, facts.code, facts.visit, facts.measured_id or "")
        void = void_reason(decision, facts.code, facts.mass, facts.dims, wall)
        if void is None:
            return decision
        return "offline_default" if void in PASSING else void

    def stands(self, decision: Decision) -> bool:
        """A voucher that a parcel was let go on may still move it."""
        return self.level < 3 and not self._stock.is_revoked(decision.dec)

    def heard(self, codes: Sequence[Code], verdict: Verdict, at: Instant) -> None:
        """A word about a parcel is being written down: its codes are good for no voucher any more."""
        if verdict.decision is None and all(reason in PASSING for reason in verdict.reasons):
            return
        for code in codes:
            if code.check_ok and code.type != "unknown":
                self._stock.spend(code.data, at)

    def view(self, wall: WallTime) -> OfflineView:
        today, year = self.budget.today(wall), self.budget.year
        return OfflineView(
            self.level, self.why, self._stock.left, today.alone, today.parcels, year.alone, year.parcels,
            self._settings.cap_year_ppm,
        )  # fmt: skip


def is_sure(p_ppm: int, flags: tuple[Reason, ...]) -> bool:
    """Under the floor a parcel may only be held; so it may with any flag, when nobody is there to judge it."""
    return p_ppm >= FLOOR_PPM and not flags
