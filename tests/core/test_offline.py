"""Levels 0 to 4 at a bench: who leaves while nobody can be asked, and who does not (contract §11)."""

from typing import Any

import pytest
from bench_driver import BASE_US, GREEN, S10, S10_B, BenchDriver, config, shown
from voucher_desk import HOUR_US, handed_in, manifest, shard, voucher

from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, JournalTrouble, LinkChanged, ManifestArrived, ShardArrived, WallClock
from hub_config.offline import OfflineSettings


def levels(bench: BenchDriver) -> list[tuple[object, object]]:
    told = [dict(event.note) for event in bench.events if event.kind == "gateway.mode"]
    return [(note["level"], note["why"]) for note in told]


def alone(*, settings: OfflineSettings | None = None, **stock: Any) -> BenchDriver:
    """Online, given a voucher for S10, then left alone for six seconds."""
    made = config().model_copy(update={"offline": settings or OfflineSettings()})
    bench = BenchDriver(gateway=Gateway(made, b"0123456789abcdef")).start()
    given = stock.pop("given", shard(voucher(S10, "b1", BASE_US)))
    for one in handed_in(bench.at, BASE_US, given, **stock):
        bench.give(one)
    bench.give(LinkChanged(bench.at, broker=False, coordinator=False))
    return bench.later(6)


def test_with_a_voucher_a_parcel_leaves_without_the_coordinator() -> None:
    bench = alone().measured()

    assert shown(bench)[0] == "release"
    decided = bench.events[-1]
    assert decided.decision is not None
    assert (decided.decision.voucher, decided.decision.dec) == (True, voucher(S10, "b1", BASE_US).id)
    bench.scan(GREEN)
    assert bench.kinds[-1] == "departed"
    assert bench.gateway.snapshot().offline.released_year == 1


def test_levels_are_told_as_they_change() -> None:
    bench = alone()
    bench.give(LinkChanged(bench.at, broker=True, coordinator=True))

    assert levels(bench) == [(0, "answers"), (1, "no_answer"), (2, "vouchers"), (0, "answers")]
    assert dict(bench.events[-1].note)["offline_us"] == 6_000_000


def test_for_five_seconds_the_coordinator_is_waited_for() -> None:
    bench = BenchDriver().start()
    for one in handed_in(bench.at, BASE_US, shard(voucher(S10, "b1", BASE_US))):
        bench.give(one)
    bench.give(LinkChanged(bench.at, broker=True, coordinator=False))
    bench.later(4).measured()

    assert bench.kinds[-1] == "measured"
    bench.later(1.5)
    assert shown(bench)[0] == "release"


def test_nothing_is_kept_in_doubt_of_a_voucher_that_never_came() -> None:
    bench = BenchDriver().start()
    bench.give(LinkChanged(bench.at, broker=False, coordinator=False))
    bench.later(6).measured()

    assert levels(bench)[-1] == (3, "no_vouchers")
    assert shown(bench)[3] == ("offline_default",)


@pytest.mark.parametrize(
    ("stock", "reason"),
    [
        ({"given": shard(voucher(S10_B, "b1", BASE_US))}, "offline_default"),
        ({"given": shard(voucher(S10, "l1", BASE_US))}, "voucher_elsewhere"),
        ({"given": shard(voucher(S10_B, "b1", BASE_US), elsewhere=(S10,))}, "voucher_elsewhere"),
        ({"spent": (S10,)}, "voucher_used"),
        ({"revoked": (voucher(S10, "b1", BASE_US).id,)}, "offline_default"),
        ({"given": shard(voucher(S10, "b1", BASE_US, mass_mg=(600_000, 700_000)))}, "mass_mismatch"),
        ({"given": shard(voucher(S10, "b1", BASE_US, mass_mg=(450_000, 502_000)))}, "mass_inconclusive"),
        ({"given": shard(voucher(S10, "b1", BASE_US, valid_until_us=BASE_US + 1))}, "offline_default"),
        ({"given": shard(voucher(S10, "b1", BASE_US, valid_from_us=BASE_US + HOUR_US))}, "offline_default"),
        ({"given": shard(voucher(S10, "b1", BASE_US, dims_um=((0, 1), (0, 1), (0, 1))))}, "dims_mismatch"),
        ({"given": shard(voucher(S10, "b1", BASE_US, lane="return"))}, "offline_default"),
        ({"parcels": 40}, "offline_default"),
    ],
    ids=[
        "another parcel's", "another line's", "another gateway's", "spent", "revoked", "too light", "unsure weight",
        "over", "not yet", "size not measured", "no such lane", "budget",
    ],
)  # fmt: skip
def test_without_a_good_voucher_a_parcel_is_held(stock: dict[str, Any], reason: str) -> None:
    bench = alone(**stock).measured()

    assert shown(bench)[0] == "hold"
    assert shown(bench)[3] == (reason,)


@pytest.mark.parametrize(
    ("stock", "why"),
    [
        ({"issued_us": BASE_US - 24 * HOUR_US}, "vouchers_stale"),
        ({"issued_us": BASE_US - 101 * HOUR_US}, "journal_is_younger"),
    ],
)
def test_at_level_3_everything_is_held(stock: dict[str, Any], why: str) -> None:
    bench = alone(**stock).measured()

    assert levels(bench)[-1] == (3, why)
    assert shown(bench)[3] == ("offline_default",)


def test_a_clock_that_is_not_sure_holds_everything_and_takes_back_what_stands() -> None:
    bench = alone().measured()
    assert shown(bench)[0] == "release"
    bench.give(WallClock(bench.at, WallTime(BASE_US + 6_000_000, 1_000_001, "none")))

    assert levels(bench)[-1] == (3, "clock")
    assert shown(bench)[0] == "hold"


def test_a_journal_in_trouble_stops_the_line_and_a_commit_ends_that() -> None:
    bench = alone()
    bench.hold_commits = True
    bench.give(JournalTrouble(bench.at, "disk full"))

    assert bench.gateway.snapshot().offline.level == 4
    assert shown(bench)[0] == "fault"
    bench.later(2).scan(S10)
    assert "arrived" not in bench.kinds
    bench.hold_commits = False
    bench.give(Committed(bench.at, 1, ()))
    assert levels(bench)[-2:] == [(2, "vouchers"), (2, "vouchers")]
    assert dict(bench.events[-1].note)["stopped_us"] == 2_000_000


def test_a_voucher_is_good_once() -> None:
    bench = alone().measured().scan(GREEN)
    bench.weigh(0).later(3).measured()

    assert shown(bench)[3] == ("voucher_used",)


def test_what_the_coordinator_has_stopped_does_not_leave_on_a_voucher() -> None:
    bench = BenchDriver().start()
    for one in handed_in(bench.at, BASE_US, shard(voucher(S10, "b1", BASE_US))):
        bench.give(one)
    bench.measured().decide("hold", "hold", ("risk_profile",)).scan("HUBXHOLD")
    bench.give(LinkChanged(bench.at, broker=False, coordinator=False))
    bench.weigh(0).later(6).measured()

    assert shown(bench)[0] == "hold"
    assert shown(bench)[3] == ("offline_default",)


def test_what_was_held_for_want_of_an_answer_may_leave_later() -> None:
    bench = alone(issued_us=BASE_US - 24 * HOUR_US).measured().scan("HUBXHOLD")
    again = shard(voucher(S10, "b1", BASE_US), digest="d2")
    bench.give(ManifestArrived(bench.at, manifest(BASE_US, "d2", number=2)))
    bench.give(ShardArrived(bench.at, again))
    bench.weigh(0).later(3).measured()

    assert shown(bench)[0] == "release"


def test_a_release_whose_voucher_is_revoked_falls_back() -> None:
    bench = alone().measured()
    name = voucher(S10, "b1", BASE_US).id
    bench.give(ManifestArrived(bench.at, manifest(BASE_US, number=2, revoked=(name,))))
    bench.scan(GREEN)

    assert shown(bench)[0] == "hold"
    assert "departed" not in bench.kinds


def test_a_release_whose_voucher_ends_before_the_bay_falls_back() -> None:
    ends = voucher(S10, "b1", BASE_US, valid_until_us=BASE_US + 30_000_000)
    bench = alone(given=shard(ends)).measured()
    assert shown(bench)[0] == "release"
    bench.later(40).scan(GREEN)

    assert shown(bench)[0] == "hold"
    assert "departed" not in bench.kinds


def test_a_stop_takes_a_release_on_a_voucher_back() -> None:
    bench = alone().measured()
    bench.give(LinkChanged(bench.at, broker=True, coordinator=True))
    bench.decide("hold", "hold", ("risk_profile",))

    assert shown(bench)[3] == ("risk_profile",)


@pytest.mark.parametrize("who", ["customs", "agency:health"])
def test_a_release_that_others_have_to_agree_to_takes_it_back_too(who: str) -> None:
    bench = alone().measured()
    bench.give(LinkChanged(bench.at, broker=True, coordinator=True))
    bench.decide(authority=who, needs=("agency:plants",))

    assert shown(bench)[0::3] == ("hold", ("agency_pending",))


def test_a_stop_for_a_parcel_that_has_left_raises_an_alert() -> None:
    bench = alone().measured().scan(GREEN)
    visit = bench.events[-1].visit
    bench.give(LinkChanged(bench.at, broker=True, coordinator=True))
    bench.decide("hold", "hold", ("risk_profile",), visit=visit)

    (alert,) = bench.alerts
    assert (alert.kind, alert.visit, alert.line, alert.bay) == ("recall", visit, "b1", "G1")


def test_a_manifest_that_is_older_changes_nothing_and_one_that_leaves_a_shard_out_ends_it() -> None:
    bench = alone()
    bench.give(ManifestArrived(bench.at, manifest(BASE_US, "d9", number=0)))
    assert levels(bench)[-1] == (2, "vouchers")

    bench.give(ManifestArrived(bench.at, manifest(BASE_US, "d9", number=2)))

    assert levels(bench)[-1] == (3, "no_vouchers")


def test_a_shard_that_no_manifest_lists_is_counted_and_does_not_count() -> None:
    bench = alone(given=shard(voucher(S10_B, "b1", BASE_US)))
    bench.give(ShardArrived(bench.at, shard(voucher(S10, "b1", BASE_US), digest="d7")))

    assert dict(bench.gateway.snapshot().rejected_messages) == {"shard_not_taken": 1}
    assert shown(bench.measured())[3] == ("offline_default",)


def test_a_hub_that_allows_none_releases_none() -> None:
    bench = alone(settings=OfflineSettings(cap_year_ppm=0)).measured()

    assert shown(bench)[3] == ("offline_default",)
