"""A line that a controller drives: the fail-safe lane, always, unless a release that is on disk holds long enough."""

from dataclasses import replace

import pytest
from plc_driver import S10, S10_B, PlcDriver, config

from edge.core.inputs import LinkChanged


def run(**line: object) -> PlcDriver:
    return PlcDriver(config(**line)).start()


# A parcel that is let go --------------------------------------------------------------------------------


def test_a_released_parcel_goes_through_induction_measurement_destination_and_discharge() -> None:
    line = run().released()

    line.later(5)
    line.discharge(17, "GREEN")

    assert line.kinds() == [
        "arrived", "identified", "measured", "decided", "diverted", "diverted", "departed",
    ]  # fmt: skip
    assert line.lanes() == [(17, "GREEN")]
    assert [one.act.confirmed for one in line.of("diverted") if one.act] == [False, True]
    (asked,) = line.of("measured")
    assert asked.assoc is not None
    assert (asked.assoc.method, asked.mass and asked.mass.mg) == ("plc-track-number", 500_000)
    assert line.gateway.snapshot().tally.departed == 1


def test_a_destination_goes_out_only_when_its_intent_is_on_disk() -> None:
    line = run().measured()
    line.hold_commits = True

    line.decide()
    assert line.lanes() == []  # the verdict is not on disk
    line.commit()
    line.commit()
    line.hold_commits = False
    line.commit()

    assert line.lanes() == [(17, "GREEN")]


def test_another_lane_than_the_free_one_is_sent_under_its_own_decision() -> None:
    line = run().measured()
    line.decide(line.decision("inspect", "xray"))
    line.discharge(17, "XRAY")

    assert line.lanes() == [(17, "XRAY")]
    assert line.gateway.snapshot().tally.inspected == 1


def test_a_held_parcel_is_told_the_fail_safe_lane() -> None:
    line = run().measured()
    line.decide(line.decision("hold", "hold"))

    line.discharge(17, "HOLD")

    assert line.lanes() == [(17, "HOLD")]
    assert line.of("diverted")[-1].act is not None
    assert "departed" not in line.kinds()


def test_many_parcels_go_their_own_way_by_their_numbers() -> None:
    line = run()
    for track, data in ((17, S10), (18, S10_B)):
        line.released(track, data)

    line.discharge(18, "GREEN")
    line.discharge(17, "GREEN")

    assert line.lanes() == [(17, "GREEN"), (18, "GREEN")]
    assert line.gateway.snapshot().tally.departed == 2


# What holds a parcel ------------------------------------------------------------------------------------


def test_without_a_decision_in_time_the_fail_safe_lane_is_sent() -> None:
    line = run().measured().later(4.1)

    assert line.lanes() == [(17, "HOLD")]
    assert line.reasons() == ["decision_late"]
    assert line.decide(line.decision()).lanes() == [(17, "HOLD")]


def test_a_release_that_does_not_last_until_the_discharge_sends_nothing_to_the_free_lane() -> None:
    line = run().measured()  # must hold 7.5 s from here on

    line.decide(line.decision(seconds=7))

    assert line.lanes() == [(17, "HOLD")]


def test_a_release_that_ends_while_the_line_stands_is_called_back() -> None:
    line = run().measured()
    line.decide(line.decision(seconds=9)).later(10)

    line.discharge(17, "HOLD")

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]
    assert "decision_late" in line.reasons()
    assert line.gateway.snapshot().tally.held == 1


def test_a_stop_is_sent_after_a_destination_at_once() -> None:
    line = run().released()
    line.hold_commits = True

    line.decide(line.decision("hold", "hold"))

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]


def test_one_that_was_called_back_too_late_has_not_departed() -> None:
    line = run().released()
    line.decide(line.decision("hold", "hold"))

    line.discharge(17, "GREEN")

    assert line.kinds()[-2:] == ["diverted", "lost_track"]
    assert "departed" not in line.kinds()


@pytest.mark.parametrize("missing", ["code", "weight"])
def test_what_is_missing_after_its_time_holds(missing: str) -> None:
    line = run().induct(17)
    if missing == "code":
        line.weigh(17)
    else:
        line.code(17)

    line.later(2.1)

    assert line.lanes() == [(17, "HOLD")]
    assert line.reasons() == ["no_read" if missing == "code" else "device_fault"]


def test_a_weight_that_the_scale_could_not_tell_holds() -> None:
    line = run().induct(17).later(0.3)
    line.scan()
    line.weigh(17, None)

    assert line.later(1).reasons() == ["mass_not_legal"]


def test_two_weights_under_one_number_are_in_doubt() -> None:
    line = run().induct(17).later(0.3)
    line.scan()
    line.weigh(17, 500_000)
    line.weigh(17, 700_000)

    assert line.later(1).reasons() == ["swap_suspected"]


def test_a_code_that_the_controller_tells_of_another_parcel_holds_it() -> None:
    line = run().induct(17).later(0.3)
    line.scan(S10)
    line.code(17, S10_B)
    line.weigh(17)

    line.later(1)

    assert line.lanes() == [(17, "HOLD")]
    assert set(line.reasons()) <= {"two_labels", "swap_suspected"}


def test_a_name_that_comes_after_the_destination_calls_it_back() -> None:
    line = run().released()

    line.code(17, S10_B)
    line.discharge(17, "HOLD")

    assert line.lanes() == [(17, "GREEN"), (17, "HOLD")]
    assert line.gateway.snapshot().tally.departed == 0


def test_a_code_that_two_parcels_could_have_is_nobodys() -> None:
    line = run().induct(17).later(0.3).induct(18).later(0.3)
    line.scan()  # 600 ms behind the one, 300 ms behind the other
    line.weigh(17)
    line.weigh(18)

    line.later(2)

    assert line.reasons() == ["assoc_low", "assoc_low"]
    assert line.lanes() == [(17, "HOLD"), (18, "HOLD")]


def test_the_same_name_on_two_parcels_holds_both() -> None:
    line = run().induct(17).later(0.3)
    line.scan()
    line.later(0.6).induct(18).later(0.3)
    line.scan()
    line.weigh(17)
    line.weigh(18)

    line.later(2)

    assert line.lanes() == [(17, "HOLD"), (18, "HOLD")]


def test_while_nobody_answers_a_parcel_without_a_voucher_is_held() -> None:
    line = run()
    line.give(LinkChanged(line.at, broker=False, coordinator=False))
    line.later(6)

    line.measured()

    assert line.lanes() == [(17, "HOLD")]
    assert line.reasons()[-1] in ("offline_default", "no_declaration")


def test_a_release_that_came_before_its_time_begins_is_taken_then() -> None:
    line = run().measured()
    early = replace(line.decision(), valid_from_us=line.decision().valid_from_us + 500_000)

    line.decide(early)
    assert line.lanes() == []
    line.later(1)

    assert line.lanes() == [(17, "GREEN")]
