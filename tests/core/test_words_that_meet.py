"""Where words of several authorities meet a release that stands, or a parcel that two visits are one of: the stricter
wins whatever comes first (contract §5)."""

from dataclasses import replace

import pytest
from bench_driver import GREEN, HOLD, S10_B, BenchDriver, shown
from line_driver import TO_LANE_S, TO_ORDER_S, LineDriver, at_order
from plc_driver import PlcDriver

from edge.core.decision import Action, Conditions
from edge.core.inputs import DecisionArrived
from hub_config.names import VisitId

HEALTH, PLANT = "agency:health", "agency:plants"
OLDER = VisitId("01a2009b-37eb-7cc0-9f2a-000000000001")


def held_then_unknown(bench: BenchDriver) -> tuple[VisitId, VisitId]:
    """Held by customs in its bay; it comes back under another label, and nobody here knows that it is the same."""
    bench.decide("hold", "hold", ("duty_unpaid",), dec_seq=4).weigh(0).scan(HOLD).later(5)
    older = bench.events[-1].visit
    minted = bench.measured(S10_B).events[-1].visit
    assert older is not None
    assert minted not in (None, older)
    return older, minted  # type: ignore[return-value]  # not None


@pytest.mark.parametrize("first", [True, False])
def test_a_release_that_needs_others_holds_whichever_comes_first(bench: BenchDriver, first: bool) -> None:
    bench.measured()
    if first:
        bench.decide(needs=(PLANT,), authority=HEALTH)
    bench.decide(dec_seq=2)
    if not first:
        bench.decide(needs=(PLANT,), authority=HEALTH, dec_seq=3)
    assert shown(bench)[0::3] == ("hold", ("agency_pending",))

    bench.decide(dec_seq=4, authority=PLANT)
    assert shown(bench)[0] == "release"


def test_on_a_belt_it_takes_the_order_back(driver: LineDriver) -> None:
    at_order(driver)
    released = driver.last("parcel.decided").decision
    assert released is not None
    doubt = replace(released, dec="d9", dec_seq=9, authority=HEALTH, needs=(PLANT,))
    driver.give(DecisionArrived(driver.at, doubt))
    driver.later(TO_LANE_S - TO_ORDER_S)

    assert [one.channel for one in driver.offs] == [driver.ons[-1].channel]
    assert driver.last("parcel.decided").flags == ("agency_pending",)


def test_a_release_whose_time_has_yet_to_come_takes_the_place_of_the_older_one(bench: BenchDriver) -> None:
    bench.measured().decide().decide(dec_seq=2, from_s=1.5)
    assert shown(bench)[0::3] == ("hold", ("agency_pending",))

    bench.later(1.6)
    assert shown(bench)[0] == "release"


def test_when_those_that_a_release_needs_have_agreed_before_theirs_is_obeyed(bench: BenchDriver) -> None:
    bench.measured()
    bench.decide("hold", "hold", ("risk_profile",), authority=HEALTH).decide(dec_seq=2)
    bench.decide(dec_seq=3, authority=HEALTH, needs=("customs",))

    assert shown(bench)[0] == "release"


def test_of_two_releases_under_one_number_the_later_counts(bench: BenchDriver) -> None:
    bench.measured().decide().decide(conditions=Conditions(mass_mg=(0, 1_000)))

    assert shown(bench)[3] == ("mass_mismatch",)


def test_a_stop_older_than_its_authoritys_last_word_holds_nothing(bench: BenchDriver) -> None:
    bench.measured().decide().decide(dec_seq=3, authority=HEALTH)
    bench.decide("inspect", "manual", ("risk_profile",), dec_seq=2, authority=HEALTH)

    assert shown(bench)[0] == "release"
    assert dict(bench.gateway.snapshot().rejected_messages)["superseded"] == 1


def test_nor_does_it_take_the_place_of_a_release_that_waits_for_its_time(bench: BenchDriver) -> None:
    bench.measured().decide(dec_seq=3, from_s=0.5)
    bench.decide("inspect", "manual", ("risk_profile",), dec_seq=2).later(1)

    assert shown(bench)[0] == "release"


def test_what_was_said_of_a_parcel_in_a_bay_here_stands_when_it_is_recognised(bench: BenchDriver) -> None:
    older, minted = held_then_unknown(bench.measured())
    bench.decide(visit=older, was=minted, authority=HEALTH, dec_seq=5)
    assert shown(bench)[0::3] == ("hold", ("agency_pending",))

    bench.decide(visit=older, was=minted, dec_seq=6)
    assert shown(bench)[0] == "release"


def test_a_recognised_parcel_lies_in_its_bay_no_more(bench: BenchDriver) -> None:
    older, minted = held_then_unknown(bench.measured())
    bench.decide(visit=older, was=minted, dec_seq=5).weigh(0).scan(GREEN).later(5).measured()

    tally = bench.gateway.snapshot().tally
    assert (tally.departed, tally.held, tally.at_bench) == (1, 0, 1)
    assert bench.events[-1].visit not in (older, minted), "it departs once"


def test_a_stop_of_this_pass_is_not_lifted_by_a_release_of_an_earlier_one(bench: BenchDriver) -> None:
    older, minted = held_then_unknown(bench.measured().decide(authority=HEALTH))
    bench.decide("inspect", "manual", ("risk_profile",), authority=HEALTH)
    bench.decide(visit=older, was=minted, dec_seq=9)

    assert shown(bench)[0] != "release"


def test_the_older_visit_numbers_its_decisions_on_its_own(bench: BenchDriver) -> None:
    """Released under the id of before; then another authority recognises it, and customs stops it under that visit."""
    bench.measured().decide(dec_seq=5)
    minted = bench.events[-1].visit
    bench.decide(visit=OLDER, was=minted, authority=HEALTH)
    assert shown(bench)[0] == "release"

    bench.decide("hold", "hold", ("duty_unpaid",), visit=OLDER, was=minted, dec_seq=2)
    assert shown(bench)[0::3] == ("hold", ("duty_unpaid",))
    bench.decide(visit=OLDER, was=minted, dec_seq=3)
    assert shown(bench)[0] == "release"


@pytest.mark.parametrize(("action", "needs"), [("hold", ()), ("release", (PLANT,))])
def test_what_holds_a_parcel_finds_it_by_the_id_that_it_had_in_an_earlier_pass(
    bench: BenchDriver, action: Action, needs: tuple[str, ...]
) -> None:
    minted, first = bench.measured().events[-1].visit, bench.ids[-1]
    bench.decide("hold", "hold", ("duty_unpaid",), visit=OLDER, was=minted).weigh(0).scan(HOLD).later(5)
    bench.measured().decide(dec_seq=2)
    assert shown(bench)[0] == "release"

    lane = "green" if needs else "hold"
    bench.decide(
        action, lane, ("risk_profile",), visit=OLDER, was=minted, answers=first, dec_seq=3, needs=needs
    )
    assert shown(bench)[0] == "hold"


def test_what_a_controller_puts_into_the_free_lane_while_others_are_needed_is_looked_for() -> None:
    line = PlcDriver().start().measured()
    line.decide(replace(line.decision(), needs=(PLANT,))).discharge(17, "GREEN")

    assert line.kinds()[-2:] == ["diverted", "lost_track"]
