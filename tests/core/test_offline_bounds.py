"""What happens at the bounds of the voucher stock and of the budget."""

import pytest
from voucher_desk import HOUR_US, manifest, shard, voucher

from edge.core import voucher_stock
from edge.core.event import WallTime
from edge.core.offline_budget import DAY_US, DAYS_MAX, DayCount, OfflineBudget
from edge.core.visits import DEPARTED_MAX, Seen, Visits
from edge.core.voucher_stock import SPENT_KEPT_NS, VoucherStock
from hub_config.names import Instant, LineId, VisitId
from hub_config.offline import OfflineSettings

NOW = WallTime(1_795_000_000_000_000, 1_500, "ntp")
AT = Instant(0)
B1 = LineId("b1")


def stock(*digests: str) -> VoucherStock:
    made = VoucherStock(OfflineSettings())
    made.begin((), 1, AT)
    made.change(manifest(NOW.utc_us - HOUR_US, *digests))
    return made


def test_a_full_stock_takes_no_further_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voucher_stock, "VOUCHERS_MAX", 2)
    made = stock("d1", "d2")
    first = shard(*(voucher(code, "b1", NOW.utc_us) for code in ("A1", "A2")))

    assert made.add(first)
    assert not made.add(shard(voucher("A3", "b1", NOW.utc_us), digest="d2"))

    assert (made.left, made.refused_shards) == (2, 1)
    assert made.find("A3", B1) == "offline_default"


def test_past_its_bound_what_is_elsewhere_is_held_with_a_reason_less_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voucher_stock, "ELSEWHERE_MAX", 1)
    made = stock("d1")
    made.add(shard(elsewhere=("A1", "A2")))

    assert (made.find("A1", B1), made.find("A2", B1)) == ("voucher_elsewhere", "offline_default")


def test_with_too_many_spent_everything_is_held_until_the_oldest_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voucher_stock, "SPENT_MAX", 3)
    made = stock("d1")
    made.add(shard(voucher("A1", "b1", NOW.utc_us)))
    for n in range(3):
        made.spend(f"S{n}", Instant(n))

    assert made.unusable(NOW, Instant(3)) == "too_many_spent"
    assert made.unusable(NOW, Instant(SPENT_KEPT_NS + 1)) is None


def test_the_cap_of_the_year_and_of_the_day() -> None:
    year = OfflineBudget(OfflineSettings(cap_year_ppm=10_000))
    year.begin((DayCount(NOW.utc_us // DAY_US - 1, 199, 0),))
    year.arrived(NOW)
    assert not year.reached(NOW)
    year.released(NOW)
    year.released(NOW)
    assert year.reached(NOW)

    day = OfflineBudget(OfflineSettings(cap_year_ppm=1_000_000, cap_day_ppm=500_000))
    day.arrived(NOW)
    assert day.reached(NOW)
    day.arrived(NOW)
    assert not day.reached(NOW)


def test_the_year_moves_on_and_a_day_longer_ago_is_forgotten() -> None:
    budget = OfflineBudget(OfflineSettings())
    today = NOW.utc_us // DAY_US
    budget.begin((DayCount(today - DAYS_MAX, 100, 50), DayCount(today - DAYS_MAX + 1, 10, 1)))
    budget.arrived(NOW)

    assert (budget.year.parcels, budget.year.alone) == (11, 1)


def test_past_their_bound_the_parcels_that_left_first_are_forgotten() -> None:
    visits = Visits()
    for n in range(DEPARTED_MAX + 1):
        visits.depart(VisitId(f"v{n}"), Seen(B1, "G1", n))

    assert visits.departed(VisitId("v0")) is None
    assert visits.departed(VisitId(f"v{DEPARTED_MAX}")) is not None
