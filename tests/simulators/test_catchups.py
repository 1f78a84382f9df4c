"""Which gaps the coordinator leaves alone, because their sender says that it is catching up."""

from typing import Any

import pytest

from hub_config.names import SECOND, Instant
from simulators.coordinator.catchups import FRESH_FOR, CatchUps

BEHIND: dict[str, Any] = {"online": True, "session": "s1", "catchup": {"from": 11, "to": 20}}


def test_a_gap_within_the_range_is_covered_and_no_other() -> None:
    catchups = CatchUps()
    catchups.said("gw-01", BEHIND, Instant(0))

    assert [seq for seq in range(30) if catchups.covers("gw-01", seq, Instant(0))] == list(range(11, 21))
    assert not catchups.covers("gw-02", 11, Instant(0))


def test_a_state_without_it_ends_it() -> None:
    catchups = CatchUps()
    catchups.said("gw-01", BEHIND, Instant(0))
    catchups.said("gw-01", {"online": True, "session": "s1"}, Instant(1))

    assert not catchups.covers("gw-01", 11, Instant(1))


@pytest.mark.parametrize(
    "change",
    [{"online": False}, {"catchup": 7}, {"catchup": {"from": "1", "to": 2}}, {"catchup": {"from": 1}}],
)
def test_what_is_no_range_of_a_gateway_that_is_online_covers_nothing(change: dict[str, Any]) -> None:
    catchups = CatchUps()
    catchups.said("gw-01", BEHIND, Instant(0))
    catchups.said("gw-01", BEHIND | change, Instant(1))

    assert not catchups.covers("gw-01", 11, Instant(1))


def test_a_gateway_that_stops_renewing_its_state_is_asked() -> None:
    catchups = CatchUps()
    catchups.said("gw-01", BEHIND, Instant(5 * SECOND))

    assert catchups.covers("gw-01", 11, Instant(5 * SECOND + FRESH_FOR - 1))
    assert not catchups.covers("gw-01", 11, Instant(5 * SECOND + FRESH_FOR))
