"""The dwell ledger: one owner for every microsecond, intervals as sure as the clocks, and parity."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import MINUTE_US, Hall, visit
from hypothesis import given
from hypothesis import strategies as st
from test_coordinator_desk import CODE, GOODS, OTHER_CODE

from simulators.coordinator.dwell_report import dwell, stays
from simulators.coordinator.ledger import (
    PARITY_MIN,
    TARGET_US,
    Change,
    Interval,
    Stay,
    by_owner,
    grouped,
    intervals,
    parity,
    quantiles,
    rank_interval,
    rate_ppm,
)
from simulators.coordinator.parity_watch import ParityWatch
from simulators.coordinator.requests import Alerting
from simulators.coordinator.visits import Visit

OWNERS = ("hub", "customs", "merchant", "agency:radio")


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.integers(0, 1_000), st.sampled_from(OWNERS)),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 10**6),
)
def test_every_microsecond_has_exactly_one_owner(told: list[tuple[int, int, str]], after: int) -> None:
    changes = [Change(*one) for one in told]
    end = Change(max(one.t_us for one in changes) + after, 0, None)
    found = intervals([*changes, end])

    assert sum(one.us for one in found) == end.t_us - min(one.t_us for one in changes)
    assert all(one.low_us <= one.us <= one.high_us for one in found)
    assert all(one.owner != other.owner for one, other in pairwise(found))
    assert intervals(changes) == ()


def test_what_follows_the_end_counts_no_more() -> None:
    changes = [Change(0, 1, "hub"), Change(10, 2, "customs"), Change(30, 4, None), Change(40, 0, "hub")]

    assert intervals(changes) == (Interval("hub", 10, 7, 13), Interval("customs", 20, 14, 26))


def stay(
    minutes: int, size: str = "small", *, tier: str = "standard", inspected: bool = False, owner: str = "hub"
) -> Stay:
    us = minutes * MINUTE_US
    return Stay((Interval(owner, us, us - 3, us + 3),), "green", tier, "p", size, inspected)


def test_quantiles_are_by_rank_with_both_bounds_and_the_share_within_the_target() -> None:
    told = quantiles([(n - 1, n + 1) for n in range(1, 101)], 50)

    assert told.us == ((49, 51), (89, 91), (98, 100))
    assert told.within_ppm == (490_000, 510_000)
    assert told.n == 100


def test_each_lane_has_its_own_target() -> None:
    some = [stay(200), replace(stay(200), lane="manual")]

    told = grouped(some, "lane", {"manual": 300 * MINUTE_US})

    assert told["green"].within_ppm == (0, 0)
    assert told["manual"].within_ppm == (1_000_000, 1_000_000)
    assert list(by_owner(some, TARGET_US)) == ["hub"]


@pytest.mark.parametrize(
    ("count", "n", "wanted"),
    [(0, 10, (0, 277_533)), (5, 10, (236_593, 763_407)), (10, 10, (722_467, 1_000_000))],
)
def test_a_share_has_wilson_s_interval(count: int, n: int, wanted: tuple[int, int]) -> None:
    """Figures of Wilson (1927) for 95 %, as tables have them: 0/10 → 0.2775, 5/10 → 0.2366 to 0.7634."""
    assert rate_ppm(count, n) == wanted


def test_a_quantile_s_interval_covers_it_nineteen_times_in_twenty() -> None:
    rng, covered = random.Random(5), 0
    for _ in range(400):
        low, high = rank_interval(sorted(rng.randrange(10_000) for _ in range(60)), 50)
        covered += low <= 5_000 <= high

    assert covered >= 375


def test_a_class_that_is_looked_at_more_often_is_told_and_one_that_is_not_is_not() -> None:
    rng = random.Random(3)
    some = [stay(rng.randrange(5, 60), "micro", inspected=n % 2 == 0) for n in range(200)]
    some += [stay(rng.randrange(5, 60), "large", inspected=n % 20 == 0) for n in range(200)]

    told = {one.name: one for one in parity(some, "size_class")}

    assert told["micro"].differs == ("inspected",)
    assert told["micro"].inspected_ppm[0] > told["micro"].inspected_rest_ppm[1]
    assert parity(some, "platform") == []


def test_another_rate_of_another_tier_is_explained_by_the_pack() -> None:
    some = [stay(10 + n % 9, "micro", inspected=n % 2 == 0) for n in range(100)]
    some += [stay(10 + n % 9, "large", tier="trusted", inspected=False) for n in range(100)]
    some += [stay(10 + n % 9, "large", inspected=n % 2 == 0) for n in range(100)]

    assert [one.differs for one in parity(some, "size_class")] == [(), ()]


def test_few_parcels_say_nothing() -> None:
    some = [stay(10 + n, "micro", inspected=True) for n in range(PARITY_MIN - 1)]
    some += [stay(300 + n, "large") for n in range(100)]

    assert all(one.differs == () for one in parity(some, "size_class"))
    more = [*some, stay(10, "micro", inspected=True)]
    assert all(one.differs == ("inspected", "dwell") for one in parity(more, "size_class"))


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / "coordinator.sqlite")


def told_by(hall: Hall) -> dict[str, Any]:
    with closing(sqlite3.connect(hall.path)) as connection:
        return dwell(connection)


def test_the_store_says_whose_time_it_was_over_gateways_and_bays(hall: Hall) -> None:
    """2 min of the hub, 28 of the merchant in the bay, then of the hub from the late declaration on."""
    hall.pass_by(visit(1), CODE)
    hall.later(29)
    data = hall.store.event(hall.store.named(CODE).measured)  # type: ignore[union-attr,arg-type]
    assert data is not None
    goods = replace(GOODS, identifiers=(CODE,), consignment="c-1", platform="shop", size_class="micro")
    with hall.store.transaction():
        hall.store.file([goods], hall.now_us)
        (waiting,) = hall.store.waiting([CODE])
        hall.desk.reconsider(data, waiting, hall.now_us, hall.store)
    hall.later(10)
    hall.pass_by(visit(2), CODE, gateway=2)

    (closed,) = stays(sqlite3.connect(hall.path))
    assert [(one.owner, one.us // MINUTE_US) for one in closed.intervals] == [
        ("hub", 1),
        ("merchant", 30),
        ("hub", 12),
    ]
    assert (closed.platform, closed.size_class, closed.tier, closed.lane) == (
        "shop",
        "micro",
        "standard",
        "green",
    )
    told = told_by(hall)
    assert told["visits"] == 1
    assert told["by_owner"]["merchant"]["p50_us"] == [30 * MINUTE_US - 1_500, 30 * MINUTE_US + 1_500]
    assert told["all"]["within_target_ppm"] == [1_000_000, 1_000_000]
    assert told["parity_alerts"] == []


@pytest.mark.parametrize("number", range(8))
def test_of_two_owners_told_at_one_instant_the_later_event_counts(hall: Hall, number: int) -> None:
    """A scan takes a parcel out of its bay for the hub and hands it to customs: whatever the events' hashes are."""
    at = visit(number)
    hall.tell("parcel.arrived", at, clock="hub")
    hall.later(2)
    hall.tell("parcel.identified", at, clock="hub")
    hall.tell("parcel.presented", at, clock="customs", note={"action": "inspect", "dec": "d"})
    hall.later(5)
    hall.tell("parcel.inspected", at, clock="hub", note={"outcome": "passed"})
    hall.later(1)
    hall.tell("parcel.departed", at)

    (closed,) = stays(sqlite3.connect(hall.path))
    assert [(one.owner, one.us // MINUTE_US) for one in closed.intervals] == [
        ("hub", 2), ("customs", 5), ("hub", 1),
    ]  # fmt: skip


def test_a_visit_that_has_not_left_is_in_no_figure(hall: Hall) -> None:
    hall.pass_by(visit(1), CODE)
    hall.pass_by(visit(2), OTHER_CODE)

    assert told_by(hall)["visits"] == 0
    assert told_by(hall)["all"] is None


def test_targets_are_those_of_the_pack(hall: Hall) -> None:
    hall.store.file([replace(GOODS, identifiers=(CODE,), consignment="c-1")], hall.now_us)
    hall.store.set_targets({"green": MINUTE_US})
    hall.pass_by(visit(1), CODE)

    assert told_by(hall)["by_lane"]["green"]["within_target_ppm"] == [0, 0]


def test_a_difference_is_told_once_and_again_only_when_it_comes_back(hall: Hall) -> None:
    """Forty parcels of one size class are always looked at, forty of another never."""
    names = [f"n{number}" for number in range(80)]
    goods = [
        replace(GOODS, identifiers=(name,), consignment=name, size_class="micro" if n % 2 else "large")
        for n, name in enumerate(names)
    ]
    hall.store.file(goods, hall.now_us)
    for number, name in enumerate(names):
        tested = {"case": ("low-value",)} if number % 2 else {}
        hall.store.put(
            replace(
                Visit(name, hall.now_us, code=name, place="departed", consignment=name, tier="standard"),
                **tested,
            )
        )
        hall.store._connection.executemany(
            "INSERT INTO owners VALUES(?, ?, ?, 0, ?)",
            [(f"{name}a", name, number, "hub"), (f"{name}z", name, number + 1_000 + number // 2, None)],
        )
    heard: list[Alerting] = []
    watch = ParityWatch(hall.path, lambda alert: heard.append(alert) is None)

    watch.look()
    watch.look()

    assert [(one.kind, one.about["class"], one.about["differs"]) for one in heard] == [
        ("parity", "large", ["inspected"]), ("parity", "micro", ["inspected"]),
    ]  # fmt: skip
    hall.store._connection.execute("UPDATE visits SET cases = ''")
    watch.look()
    hall.store._connection.execute(
        "UPDATE visits SET cases = 'low-value' WHERE consignment IN "
        "(SELECT consignment FROM declarations WHERE data LIKE '%micro%')"
    )
    accepts = False
    watch._submit = lambda alert: accepts and heard.append(alert) is None
    watch.look()
    assert len(heard) == 2
    accepts = True  # what could not be handed in is told the next time
    watch.look()
    assert len(heard) == 4


def test_the_watch_ends_when_it_is_told_to(hall: Hall) -> None:
    watch = ParityWatch(hall.path, lambda _: True)
    watch.start()
    watch.stop()
