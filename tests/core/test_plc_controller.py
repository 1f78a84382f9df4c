"""What a controller does, and what shakes its numbers: whatever it is, nothing departs that was not let go."""

import pytest
from plc_driver import PLC, S10_B, SCANNER, PlcDriver, config

from drivers.reading import DeviceDown, DeviceFault, DeviceUp, EventsLost
from edge.core.event import WallTime
from edge.core.inputs import JournalTrouble, WallClock
from edge.core.plc_destinations import INTENTS_MAX
from edge.core.tracked import TRACKS_MAX
from hub_config.names import LaneId


def run(**line: object) -> PlcDriver:
    return PlcDriver(config(**line)).start()


# What the controller does -----------------------------------------------------------------------------


def test_one_that_it_let_into_the_free_lane_by_itself_has_not_departed() -> None:
    line = run().measured()
    line.decide(line.decision("hold", "hold"))

    line.discharge(17, "GREEN")

    assert line.kinds()[-2:] == ["diverted", "lost_track"]
    assert line.gateway.snapshot().tally.lost_track == 1


def test_a_free_lane_that_no_sensor_confirms_is_no_departure() -> None:
    line = run().released()

    line.discharge(17, "GREEN", "MISS")

    assert line.kinds()[-1] == "lost_track"


def test_a_missed_diversion_is_held_where_it_went() -> None:
    line = run().released()

    line.discharge(17, "HOLD", "MISS")

    assert line.reasons() == ["device_fault"]
    assert line.gateway.snapshot().tally.held == 1


def test_another_lane_than_was_sent_is_told_with_a_reason() -> None:
    line = run().released()

    line.discharge(17, "MANUAL")

    moved = line.of("diverted")[-1].act
    assert moved is not None
    assert (moved.lane, moved.confirmed) == (LaneId("manual"), True)
    assert line.reasons() == ["device_fault"]


@pytest.mark.parametrize(
    ("lane", "result", "why"), [("GREEN", "LOST", "lost_track"), ("CHUTE", "OK", "device_fault")]
)
def test_one_that_it_has_no_trace_of_is_lost(lane: str, result: str, why: str) -> None:
    line = run().released()

    line.discharge(17, lane, result)

    assert line.kinds()[-1] == "lost_track"
    assert line.reasons() == [why]


def test_a_number_that_nobody_knows_is_a_parcel_to_look_for() -> None:
    line = run()

    line.discharge(99, "GREEN")
    line.discharge(98, "NOWHERE")

    assert line.kinds() == ["arrived", "diverted", "lost_track"]
    assert dict(line.gateway.snapshot().balance.rejected) == {"orphan_discharge": 1}


def test_a_number_that_comes_again_names_nobody() -> None:
    line = run().released(17)

    line.induct(17)
    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]
    line.later(0.3)
    line.scan(S10_B)
    line.weigh(17)
    line.later(1)
    line.discharge(17, "GREEN")

    assert line.reasons()[0] == "swap_suspected"
    assert line.gateway.snapshot().tally.lost_track == 2
    assert "departed" not in line.kinds()


def test_one_that_is_never_discharged_is_lost_and_called_back() -> None:
    line = run().measured()
    line.decide(line.decision(seconds=600)).later(70)

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]
    assert line.kinds()[-1] == "lost_track"
    assert line.gateway.snapshot().tally.at_bench == 0


def test_readings_of_unknown_numbers_are_counted() -> None:
    line = run()

    line.code(5)
    line.weigh(5)

    assert dict(line.gateway.snapshot().balance.rejected) == {"orphan_read": 1, "orphan_weight": 1}


# What shakes the numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    [
        lambda line: DeviceDown(PLC, line.at, "gone"),
        lambda line: DeviceFault(PLC, line.at, "silent", "no telegram for 3 s"),
        lambda line: DeviceFault(PLC, line.at, "garbled", "bytes that are no telegram"),
        lambda line: EventsLost(PLC, line.at, 1),
        lambda line: JournalTrouble(line.at, "disk full", lasting=True),
    ],
    ids=["link", "silent", "garbled", "telegram lost", "journal"],
)
def test_what_shakes_a_line_calls_every_destination_back(what: object) -> None:
    line = run().released()

    line.give(what(line))  # type: ignore[operator]  # makes an input of the moment

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]
    line.discharge(17, "GREEN")
    assert "departed" not in line.kinds()


def test_a_telegram_told_late_shakes_nothing_more() -> None:
    line = run().released()

    line.give(DeviceFault(PLC, line.at, "out_of_turn", "told before"))

    assert line.lanes() == [(17, "GREEN")]


def test_a_controller_that_comes_back_is_told_the_fail_safe_lane_again() -> None:
    line = run().released()
    line.give(DeviceDown(PLC, line.at, "gone"))

    line.later(1).give(DeviceUp(PLC, line.at, None))

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD"), (17, "HOLD")]
    assert line.view.ready


def test_nothing_is_let_go_while_the_controller_is_silent() -> None:
    line = run()
    line.give(DeviceFault(PLC, line.at, "silent", "no telegram for 3 s"))

    line.measured()

    assert line.lanes() == [(17, "HOLD")]
    assert line.reasons() == ["device_fault"]
    assert line.gateway.snapshot().devices_down == ("plc-1",)


def test_a_dead_scanner_is_said_and_the_controllers_code_serves() -> None:
    line = run()
    line.give(DeviceDown(SCANNER, line.at, "pulled"))
    line.induct(17)
    line.code(17)
    line.weigh(17)

    line.later(1).decide()

    assert line.lanes() == [(17, "GREEN")]
    assert line.gateway.snapshot().devices_down == ("scan-2",)


def test_a_clock_that_jumps_calls_a_release_back() -> None:
    line = run().released()

    line.give(WallClock(line.at, WallTime(1_800_000_000_000_000, 1_500, "ntp")))

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]


# Bounds -------------------------------------------------------------------------------------------------


def test_more_parcels_than_can_be_followed_go_to_the_fail_safe_lane() -> None:
    line = run()
    for track in range(TRACKS_MAX):
        line.induct(track)

    line.induct(TRACKS_MAX)

    assert line.lanes() == [(TRACKS_MAX, "HOLD")]
    assert dict(line.gateway.snapshot().balance.rejected) == {"too_many_items": 1}
    assert len(line.view.tracks) == TRACKS_MAX


def test_with_too_many_intents_on_their_way_to_the_disk_no_further_one_is_begun() -> None:
    line = run(measured_within_ms=60_000, decide_within_ms=120_000, discharged_within_ms=130_000, readers=())
    visits = []
    for track in range(INTENTS_MAX + 1):
        line.induct(track)
        code = f"RB{track + 10_000_000:08d}"
        line.code(track, code + str(_check(code[2:])) + "GB")
        line.weigh(track)
        visits.append(line.of("measured")[-1].visit)
    for track, visit in enumerate(visits):
        line.decide(line.decision(seconds=600, code=line.of("measured")[track].codes[0].data, visit=visit))
        if track == 0:
            line.sent.clear()
    assert len(line.lanes()) == INTENTS_MAX  # each was on disk before the next

    assert set(line.lanes()) == {(track, "GREEN") for track in range(1, INTENTS_MAX + 1)}


def _check(serial: str) -> int:
    total = sum(int(digit) * weight for digit, weight in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
