"""A line that is only listened to: nothing is sent, disagreements are told. What the checkers of such lines catch."""

from dataclasses import replace

import pytest
from plc_driver import PLC, S10, S10_B, PlcDriver, config

from drivers.command import Destination
from drivers.reading import DeviceDown, DeviceUp, Inducted
from edge.core.effects import Order
from edge.core.shadow import SHOWN_MAX


def run(**line: object) -> PlcDriver:
    return PlcDriver(config(**line)).start()


# Shadow -------------------------------------------------------------------------------------------------


def shadow() -> PlcDriver:
    return PlcDriver(config(drives=False)).start()


def test_a_line_that_is_only_listened_to_is_never_told_anything() -> None:
    line = shadow().released()
    line.measured(18, S10_B)
    line.decide(line.decision("hold", "hold"))
    line.induct(17)
    line.give(DeviceDown(PLC, line.at, "gone"))
    line.give(DeviceUp(PLC, line.at, None))
    line.later(70)

    assert line.sent == []


def test_agreement_is_counted() -> None:
    line = shadow().released()

    line.later(5).discharge(17, "GREEN")

    seen = line.view.shadow
    assert seen is not None
    assert (seen.compared, seen.codes_compared, seen.codes_differ, seen.lanes_differ) == (1, 1, 0, 0)
    assert line.kinds()[-1] == "departed"


def test_a_parcel_that_the_controller_names_otherwise_is_reported() -> None:
    line = shadow().induct(17).later(0.3)
    line.scan(S10)
    line.code(17, S10_B)
    line.weigh(17)
    line.later(1).discharge(17, "GREEN")

    seen = line.view.shadow
    assert seen is not None
    (one,) = seen.last
    assert (one.track, one.told, one.read) == (17, (S10_B,), (S10,))
    assert (one.lane, one.ours, one.code_differs, one.lane_differs) == ("GREEN", "hold", True, True)
    assert line.kinds()[-1] == "lost_track"


def test_disagreements_are_kept_up_to_a_bound_and_all_are_counted() -> None:
    line = shadow()
    for track in range(SHOWN_MAX + 10):
        line.induct(track)
        line.discharge(track, "GREEN")

    seen = line.view.shadow
    assert seen is not None
    assert (seen.lanes_differ, len(seen.last)) == (SHOWN_MAX + 10, SHOWN_MAX)


def test_the_checkers_name_a_destination_to_a_line_that_is_only_listened_to() -> None:
    line = shadow()

    with pytest.raises(AssertionError, match="only listened to"):
        line.checkers.after_step([Order(Destination(PLC, 1, "HOLD"))], line.gateway)


def test_the_checkers_name_a_free_lane_without_a_divert_on_disk() -> None:
    line = run().measured()

    with pytest.raises(AssertionError, match="for no divert on disk that stands"):
        line.checkers.after_step([Order(Destination(PLC, 17, "GREEN"))], line.gateway)


def test_the_checkers_name_a_destination_that_was_not_called_back() -> None:
    line = run().released()
    decided = replace(line.of("decided")[0], flags=("lost_track",))
    effects = line.gateway.step(Inducted(PLC, line.at, 17))
    orders = [one for one in effects if not isinstance(one, Order)]

    assert decided.visit is not None
    with pytest.raises(AssertionError, match="was not taken back"):
        line.checkers.after_step(orders, line.gateway)
