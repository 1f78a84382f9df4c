"""Whether a release is for this parcel, this measurement and this moment (clearance contract §5)."""

import pytest
from line_driver import (
    BASE_US,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    TO_ORDER_S,
    LineDriver,
    entered,
)
from line_moments import flags, measured, tell

from edge.core.decision import Conditions
from hub_config.names import SECOND, LaneId, VisitId


def test_an_early_release_waits_until_it_begins(driver: LineDriver) -> None:
    measured(driver)
    from_us = BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000
    tell(driver, valid_from_us=from_us)
    assert driver.kinds()[-1] == "parcel.measured"
    driver.later(TO_ORDER_S - TO_MEASURED_S)

    decided = driver.last("parcel.decided")
    assert decided.wall.utc_us + decided.wall.unc_us >= from_us
    assert len(driver.ons) == 1


def test_an_early_release_that_begins_behind_the_point_of_no_return_is_late(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(4.6)
    tell(driver, valid_from_us=BASE_US + (driver.now - SECOND) // 1_000 + 1_500_000)
    driver.later(TO_END_S - 4.6)

    assert driver.ons == []
    assert flags(driver) == ["decision_late"]


def test_a_stop_that_comes_while_an_early_release_waits_makes_it_void(driver: LineDriver) -> None:
    measured(driver)
    arrived = next(n for n, event in enumerate(driver.events) if event.kind == "parcel.arrived")
    tell(driver, dec_seq=1, valid_from_us=BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000)
    tell(driver, "hold", dec_seq=2, answers=driver.ids[arrived])
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert flags(driver) == ["decision_late"]


def test_an_early_release_is_not_replaced_by_an_older_one(driver: LineDriver) -> None:
    measured(driver)
    from_us = BASE_US + (driver.now - SECOND) // 1_000 + 1_000_000
    tell(driver, dec_seq=5, dec="newer", valid_from_us=from_us)
    tell(driver, dec_seq=4, dec="older", valid_from_us=from_us)
    driver.later(1.5)

    decided = driver.last("parcel.decided").decision
    assert decided is not None
    assert decided.dec == "newer"


@pytest.mark.parametrize(
    "changes",
    [
        {"visit": VisitId("another")},
        {"was": VisitId("another")},
        {"answers": "ni:///sha-256;of-another-event"},
        {"needs": ("agency:food",)},
        {"valid_until_us": BASE_US},
        {"conditions": Conditions(code=S10_B)},
        {"conditions": Conditions(code=S10, mass_mg=(1, 499_999))},
        {"conditions": Conditions(code=S10, not_after_us=BASE_US)},
        {"route": LaneId("manual")},
    ],
    ids="-".join,
)
def test_a_release_for_something_else_never_moves_a_diverter(
    driver: LineDriver, changes: dict[str, object]
) -> None:
    measured(driver)
    tell(driver, **changes)
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert driver.gateway.snapshot().tally.held == 1


def test_a_release_of_the_pass_before_does_not_move_the_parcel_that_has_come_again(
    driver: LineDriver,
) -> None:
    measured(driver)
    first = next(n for n, event in enumerate(driver.events) if event.kind == "parcel.measured")
    driver.later(TO_END_S)
    measured(driver)
    tell(driver, answers=driver.ids[first])
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert dict(driver.gateway.snapshot().rejected_messages) == {"not_our_event": 1}
