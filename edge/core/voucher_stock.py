"""The vouchers a gateway holds, and the codes for which they are good no more.

A code is spent by the first word about its parcel here: a decision of the coordinator, a voucher, or a doubt of the
gateway's own. What is spent is told again from the journal after a restart. Vouchers older than the journal count for
nothing, since nobody knows which of them a lost journal has seen used.
"""

from typing import Final

from edge.core.decision import Reason
from edge.core.event import WallTime
from edge.core.voucher import Manifest, Shard, Voucher, index_of
from hub_config.names import SECOND, Instant, LineId
from hub_config.offline import OfflineSettings

VOUCHERS_MAX: Final = 100_000
"""Of one gateway: a day of a line with 4,000 parcels an hour. Past it a shard is not taken: its parcels are held."""
ELSEWHERE_MAX: Final = 500_000
"""Indexes of other gateways' vouchers. Past it such a parcel is held all the same, with a reason less exact."""
SPENT_MAX: Final = 400_000
"""Past it every parcel is held until the oldest are forgotten."""
SPENT_KEPT_NS: Final = 172_800 * SECOND
"""48 h, longer than any voucher is valid."""
PASSING: Final = (
    "offline_default", "voucher_elsewhere", "decision_late", "no_time", "no_read", "device_fault", "clock_untrusted",
    "parcel_removed", "scale_not_zero",
)  # fmt: skip
"""Reasons to hold a parcel that say nothing against it."""


class VoucherStock:
    def __init__(self, settings: OfflineSettings) -> None:
        self._settings = settings
        self._manifest: Manifest | None = None
        self._begun_us: int | None = None
        """UTC at which the journal began; None until that is told."""
        self._shards: dict[str, Shard] = {}
        self._own: dict[str, Voucher] = {}
        self._elsewhere: dict[str, None] = {}
        self._spent: dict[str, Instant] = {}
        self.refused_shards = 0

    # What comes in ----------------------------------------------------------------------------------

    def begin(self, spent: tuple[str, ...], begun_us: int, at: Instant) -> None:
        self._begun_us = begun_us
        for code in spent:
            self.spend(code, at)

    def change(self, manifest: Manifest) -> None:
        """Shards that it does not list count no more. An older one changes nothing."""
        if self._manifest is not None and manifest.number < self._manifest.number:
            return
        self._manifest = manifest
        listed = dict.fromkeys(manifest.shards)
        for digest in [one for one in self._shards if one not in listed]:
            shard = self._shards.pop(digest)
            for voucher in shard.vouchers:
                if self._own.get(voucher.index) == voucher:
                    del self._own[voucher.index]
            for index in shard.elsewhere:
                self._elsewhere.pop(index, None)

    def add(self, shard: Shard) -> bool:
        """False if no manifest lists it, or the stock is full."""
        if self._manifest is None or shard.digest not in self._manifest.shards:
            return False
        if shard.digest in self._shards:
            return True
        if len(self._own) + len(shard.vouchers) > VOUCHERS_MAX:
            self.refused_shards += 1
            return False
        self._shards[shard.digest] = shard
        for voucher in shard.vouchers:
            self._own[voucher.index] = voucher
        room = ELSEWHERE_MAX - len(self._elsewhere)
        self._elsewhere |= dict.fromkeys(shard.elsewhere[:room])
        return True

    def spend(self, code: str, at: Instant) -> None:
        self._spent.setdefault(code, at)

    # What is asked ----------------------------------------------------------------------------------

    @property
    def left(self) -> int:
        """Own vouchers, used or not."""
        return len(self._own)

    def unusable(self, wall: WallTime, at: Instant) -> str | None:
        """Why no voucher may be used now (contract §11, level 3); None if they may."""
        self._forget(at)
        manifest = self._manifest
        if manifest is None or not self._own:
            return "no_vouchers"
        if self._begun_us is None or manifest.issued_us <= self._begun_us:
            return "journal_is_younger"
        if wall.unc_us > self._settings.clock_max_ms * 1_000:
            return "clock"
        if wall.utc_us + wall.unc_us - manifest.issued_us > self._settings.vouchers_max_age_s * 1_000_000:
            return "vouchers_stale"
        return "too_many_spent" if len(self._spent) >= SPENT_MAX else None

    def find(self, code: str, line: LineId) -> Voucher | Reason:
        """The voucher with which this code may leave by this line, or why it has none."""
        assert self._manifest is not None, "no voucher is looked for without a manifest"
        index = index_of(self._manifest.index_key, code)
        voucher = self._own.get(index)
        if voucher is None:
            return "voucher_elsewhere" if index in self._elsewhere else "offline_default"
        if code in self._spent:
            return "voucher_used"
        if voucher.line != line:
            return "voucher_elsewhere"
        return "offline_default" if self.is_revoked(voucher.id) else voucher

    def is_revoked(self, voucher: str) -> bool:
        return self._manifest is not None and voucher in self._manifest.revoked

    def _forget(self, at: Instant) -> None:
        """Those spent longest ago stand first."""
        while self._spent:
            oldest = next(iter(self._spent))
            if at - self._spent[oldest] <= SPENT_KEPT_NS:
                return
            del self._spent[oldest]
