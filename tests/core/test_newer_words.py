"""A newer word of an authority replaces its older one until the parcel's way is begun; a late one waits."""

import pytest
from bench_driver import GREEN, HOLD, MANUAL, S10, S10_B, BenchDriver, shown
from line_driver import TO_END_S, TO_LANE_S, TO_MEASURED_S, TO_ORDER_S, LineDriver, entered
from plc_driver import PlcDriver

from edge.core.decision import Action, Conditions
from edge.core.visits import RECALLS_MAX
from hub_config.names import VisitId

HEALTH, PLANT = "agency:health", "agency:plant"
TO_WAIT_S = 4.0
"""Measured and asked about, well before the point of no return."""


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def held(bench: BenchDriver, **how: str) -> BenchDriver:
    return bench.measured().decide("hold", "hold", ("duty_unpaid",), **how)


def refused(driver: BenchDriver | LineDriver | PlcDriver) -> dict[str, int]:
    return dict(driver.gateway.snapshot().rejected_messages)


def test_a_release_after_a_hold_of_the_same_authority_lets_the_parcel_go_on_this_pass(
    bench: BenchDriver,
) -> None:
    held(bench).decide(dec_seq=2)
    assert shown(bench) == ("release", "put_in_bay", "G1", ())

    bench.scan(GREEN)
    assert bench.kinds[-4:] == ["decided", "decided", "diverted", "departed"]
    assert refused(bench) == {}


def test_once_it_lies_in_the_hold_bay_the_release_waits_for_the_next_pass(bench: BenchDriver) -> None:
    held(bench).weigh(0).scan(HOLD).decide(dec_seq=2)

    assert refused(bench) == {"no_such_parcel": 1}
    assert "departed" not in bench.kinds


def test_nobody_lifts_the_hold_of_another_authority(bench: BenchDriver) -> None:
    held(bench).decide(dec_seq=2, authority=HEALTH)

    assert shown(bench)[3] == ("duty_unpaid",)
    assert refused(bench) == {"too_late": 1}


def test_a_hold_lasts_where_another_label_was_scanned_meanwhile(bench: BenchDriver) -> None:
    held(bench).scan(S10_B).decide(dec_seq=2)

    assert shown(bench)[0] == "hold"
    assert refused(bench) == {"too_late": 1}


@pytest.mark.parametrize("stop", ["inspect", "screen", "refuse", "info", "reweigh"])
def test_a_stricter_stop_on_the_gateways_own_hold_does_not_open_it_for_a_release(
    bench: BenchDriver, stop: Action
) -> None:
    """Two parcels' labels were scanned on it; what customs says then goes by one of them."""
    bench.measured().scan(S10_B).decide(stop, "manual", ("risk_profile",))
    assert shown(bench)[3] == ("risk_profile",)
    bench.decide(dec_seq=2).scan(GREEN)

    assert shown(bench)[3] == ("risk_profile",)
    assert refused(bench) == {"too_late": 1}
    assert "departed" not in bench.kinds


def test_nor_does_a_laxer_stop_after_that_or_another_authority_that_agrees(bench: BenchDriver) -> None:
    bench.measured().scan(S10_B).decide("inspect", "manual", ("risk_profile",))
    bench.decide("hold", "hold", ("duty_unpaid",), dec_seq=2)
    assert shown(bench)[2:] == ("H1", ("duty_unpaid",))
    bench.decide("screen", "xray", ("risk_profile",), authority=HEALTH)
    bench.decide(dec_seq=2, authority=HEALTH).decide(dec_seq=3)

    assert shown(bench)[0] != "release"
    assert refused(bench) == {"too_late": 2}


def test_nor_do_authorities_that_have_come_to_agree(bench: BenchDriver) -> None:
    bench.measured().scan(S10_B).decide("screen", "xray", ("risk_profile",), authority=HEALTH)
    bench.decide("inspect", "manual", ("risk_profile",))
    bench.decide("hold", "hold", ("risk_profile",), authority=HEALTH, dec_seq=2)
    assert shown(bench)[3] == ("agency_pending",)
    bench.decide(dec_seq=3, authority=HEALTH).decide(dec_seq=2)

    assert shown(bench)[0] == "hold"


def test_measured_anew_it_is_open_to_a_release_after_a_stop_again(bench: BenchDriver) -> None:
    bench.scan(S10).later(21)
    assert shown(bench)[1] == "rescan_or_bay"
    bench.scan(S10).weigh(500_000).decide("hold", "hold", ("duty_unpaid",)).decide(dec_seq=2)

    assert shown(bench)[0] == "release"


def test_a_question_that_was_answered_too_late_is_not_opened_by_way_of_a_stop(bench: BenchDriver) -> None:
    bench.measured().later(6)
    assert shown(bench)[3] == ("decision_late",)
    bench.decide("inspect", "manual", ("risk_profile",)).decide(dec_seq=2)
    assert shown(bench)[0] == "inspect"
    bench.scan(MANUAL).weigh(0).later(60).measured().decide(dec_seq=3)

    assert shown(bench)[0] == "release"  # on its next pass


def test_a_release_that_lifts_a_hold_waits_for_its_time(bench: BenchDriver) -> None:
    held(bench).decide(dec_seq=2, from_s=1.5)
    assert shown(bench)[0] == "hold"

    bench.later(1.6)
    assert shown(bench)[0] == "release"


def test_a_release_that_comes_while_the_hold_goes_to_the_disk_is_not_lost(bench: BenchDriver) -> None:
    bench.measured().hold_commits = True
    bench.decide("hold", "hold", ("duty_unpaid",)).decide(dec_seq=2, from_s=1.5)
    bench.hold_commits = False
    bench.commit()

    bench.later(1.6)
    assert shown(bench)[0] == "release"


def test_when_the_last_authority_agrees_the_parcel_goes_on_this_pass(bench: BenchDriver) -> None:
    bench.measured()
    bench.decide("hold", "hold", ("risk_profile",), answers=bench.ids[0], authority=HEALTH)
    bench.decide(dec_seq=2)
    assert shown(bench)[3] == ("agency_pending",)
    told = len(bench.events)
    bench.decide(dec_seq=2).decide(dec_seq=2)  # the same once more says nothing new
    assert len(bench.events) == told

    bench.decide(dec_seq=3, authority=HEALTH, needs=("customs",))
    bench.decide(dec_seq=4)
    assert shown(bench)[0] == "release"


def test_a_newer_release_counts_with_its_own_conditions(bench: BenchDriver) -> None:
    bench.measured().decide().decide(dec_seq=2, conditions=Conditions(mass_mg=(0, 1_000)))

    assert shown(bench)[3] == ("mass_mismatch",)


def test_a_newer_release_that_others_have_to_agree_to_takes_the_older_one_back(bench: BenchDriver) -> None:
    bench.measured().decide().decide(dec_seq=2, needs=(HEALTH,))

    assert shown(bench)[0] == "hold"
    assert shown(bench)[3] == ("agency_pending",)


def test_a_release_that_lacks_agreement_holds_against_all_others(bench: BenchDriver) -> None:
    bench.measured().decide(needs=(HEALTH, PLANT)).decide(dec_seq=2, authority=HEALTH)
    assert shown(bench)[3] == ("agency_pending",)

    bench.decide(dec_seq=3, authority=PLANT).decide(dec_seq=4)
    assert shown(bench)[0] == "release"


def test_a_laxer_stop_replaces_the_stricter_one_of_its_authority(bench: BenchDriver) -> None:
    bench.measured().decide("inspect", "manual", ("risk_profile",)).decide(
        "hold", "hold", ("duty_unpaid",), dec_seq=2
    )

    assert shown(bench)[2:] == ("H1", ("duty_unpaid",))


def test_the_strictest_stands_also_when_a_stop_comes_after_it(bench: BenchDriver) -> None:
    bench.measured()
    bench.decide("inspect", "manual", ("risk_profile",), answers=bench.ids[0], authority=HEALTH)
    bench.decide("hold", "hold", ("duty_unpaid",), dec_seq=2)

    assert shown(bench)[2:] == ("M1", ("agency_pending",))


def test_of_two_decisions_under_one_number_the_stricter_stands(bench: BenchDriver) -> None:
    held(bench).decide()
    assert shown(bench)[0] == "hold"
    bench.weigh(0).scan(HOLD).later(5).measured().decide()
    assert shown(bench)[0] == "asking"
    assert refused(bench) == {"too_late": 1, "superseded": 1}

    bench.decide(dec_seq=2)
    assert shown(bench)[0] == "release"
    bench.decide("hold", "hold", ("duty_unpaid",), dec_seq=2)
    assert shown(bench)[0] == "hold"


@pytest.mark.parametrize(
    ("from_s", "for_s", "why"), [(-90, -30, "decision_late"), (60, 90, "clock_untrusted")]
)
def test_a_release_outside_its_time_lifts_no_stop(
    bench: BenchDriver, from_s: float, for_s: float, why: str
) -> None:
    """Expired counts as absent, whatever it is about: in work, in a bay, or gone."""
    held(bench, authority=HEALTH).decide(dec_seq=2, authority=HEALTH, from_s=from_s, for_s=for_s)
    bench.weigh(0).scan(HOLD).decide(dec_seq=2, authority=HEALTH, from_s=from_s, for_s=for_s)
    bench.later(5).measured().decide(dec_seq=3)

    assert shown(bench)[3] == ("agency_pending",)
    assert refused(bench) == {why: 2}


def test_a_decision_that_has_run_out_joins_no_visit(bench: BenchDriver) -> None:
    minted = bench.measured().events[-1].visit
    older = VisitId("01a2009b-37eb-7cc0-9f2a-000000000001")
    for action, lane in (("release", "green"), ("hold", "hold")):
        bench.decide(action, lane, ("duty_unpaid",), visit=older, was=minted, from_s=-60, for_s=-30)

    assert "visit.joined" not in [event.kind for event in bench.events]
    assert refused(bench) == {"decision_late": 2}


def test_a_belt_diverts_what_is_released_before_its_point_of_no_return(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("hold")
    driver.later(TO_WAIT_S - TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_WAIT_S)
    driver.diverted(thing)
    driver.later(TO_LANE_S - TO_ORDER_S + 1)

    assert driver.kinds()[-5:] == [
        "parcel.decided", "parcel.decided", "parcel.diverted", "parcel.diverted", "parcel.departed",
    ]  # fmt: skip
    assert refused(driver) == {}


def test_past_the_point_of_no_return_a_release_is_late(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("hold")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_END_S - TO_ORDER_S)

    assert driver.ons == []
    assert refused(driver) == {"too_late": 1}
    assert driver.gateway.snapshot().tally.held == 1


def test_an_order_that_was_taken_back_is_not_given_again_on_this_pass(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release")
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.decide("hold")
    driver.decide("release")
    driver.later(TO_END_S - TO_ORDER_S)

    assert len(driver.ons) == 1
    assert len(driver.offs) == 1
    assert refused(driver) == {"too_late": 1}
    assert driver.gateway.snapshot().tally.held == 1


def test_a_doubt_noticed_while_it_was_held_keeps_it_from_its_lane(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("hold")
    driver.read(thing, "RA473124829GB", late_ns=0)
    driver.give(driver.code(driver.now, "RA473124829GB", None))
    driver.decide("release")
    driver.later(TO_END_S - TO_MEASURED_S)

    assert "parcel.departed" not in driver.kinds()


def test_a_belt_holds_what_it_held_itself_whatever_is_said_in_between(driver: LineDriver) -> None:
    """The release was of another parcel's name; the stop that came next changes nothing of that."""
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("release", code=S10_B)
    driver.decide("inspect", lane="hold")
    driver.decide("release")
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.ons == []
    assert "parcel.departed" not in driver.kinds()


def test_a_controller_that_was_told_where_it_goes_is_told_nothing_laxer() -> None:
    """What it has begun nobody sees. Before that the newer word counts, as everywhere."""
    line = PlcDriver().start().measured()
    line.decide(line.decision("hold", "hold")).decide(line.decision())
    assert line.lanes() == [(17, "HOLD")]
    assert refused(line) == {"too_late": 1}

    line.measured(18, S10_B).hold_commits = True
    line.decide(line.decision("hold", "hold")).decide(line.decision(code=S10_B))
    line.hold_commits = False
    line.commit()
    assert line.lanes() == [(17, "HOLD"), (18, "GREEN")]


def test_a_recall_that_comes_again_alerts_nobody_again(bench: BenchDriver) -> None:
    bench.measured().decide().weigh(0).scan(GREEN)
    for _ in range(3):
        bench.decide("hold", "hold", ("risk_profile",), dec_seq=2)
    assert len(bench.alerts) == 1

    bench.decide("hold", "hold", ("risk_profile",), dec_seq=3)
    assert len(bench.alerts) == 2


def test_past_the_bound_the_oldest_recall_is_told_again(bench: BenchDriver) -> None:
    bench.measured().decide().weigh(0).scan(GREEN)
    for number in (*range(2, RECALLS_MAX + 3), 2, RECALLS_MAX + 2):
        bench.decide("hold", "hold", ("risk_profile",), dec_seq=number)

    assert len(bench.alerts) == RECALLS_MAX + 2
