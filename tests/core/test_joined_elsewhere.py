"""A parcel that another gateway has seen: the decision names the older visit, and it goes on as that (contract §1)."""

from bench_driver import GREEN, HOLD, S10, BenchDriver, config, shown
from line_driver import TO_END_S, TO_LANE_S, TO_MEASURED_S, TO_ORDER_S, LineDriver, entered

from edge.core.gateway import Gateway
from hub_config.names import VisitId

OLDER = VisitId("01a2009b-37eb-7cc0-9f2a-000000000001")


def bench() -> BenchDriver:
    return BenchDriver(Gateway(config(), b"0123456789abcdef")).start()


def kinds_of(driver: BenchDriver | LineDriver, visit: str | None) -> list[str]:
    return [event.kind for event in driver.events if event.visit == visit]


def test_a_bench_goes_on_under_the_older_visit() -> None:
    driver = bench().measured()
    minted = driver.events[-1].visit
    driver.decide("release", visit=OLDER, was=minted)
    driver.scan(GREEN)

    assert (
        kinds_of(driver, minted)
        == ["parcel.arrived", "parcel.identified", "parcel.measured", "visit.joined"][
            -len(kinds_of(driver, minted)) :
        ]
    )
    joined = next(event for event in driver.events if event.kind == "visit.joined")
    assert joined.note == (("from", minted), ("into", OLDER))
    assert kinds_of(driver, OLDER) == [
        "parcel.identified",
        "parcel.decided",
        "parcel.diverted",
        "parcel.departed",
    ]
    assert driver.gateway.snapshot().tally.departed == 1


def test_a_held_parcel_is_taken_up_again_under_the_older_visit() -> None:
    driver = bench().measured()
    minted = driver.events[-1].visit
    driver.decide("hold", "hold", ("no_declaration",), visit=OLDER, was=minted).scan(HOLD).later(1).weigh(0)
    driver.measured()

    assert driver.events[-1].kind == "parcel.measured"
    assert driver.events[-1].visit == OLDER
    driver.decide("release", dec_seq=2)
    assert shown(driver)[0] == "release"


def test_only_the_answer_to_this_very_measurement_joins() -> None:
    driver = bench().measured()
    minted = driver.events[-1].visit
    driver.decide("hold", "hold", ("risk_profile",), visit=OLDER, was=minted, answers="ni:///other")

    assert "visit.joined" not in [event.kind for event in driver.events]


def test_an_answer_that_comes_too_late_joins_all_the_same() -> None:
    """The parcel has been held by the gateway itself; where it goes next is told under the older visit."""
    driver = bench().measured()
    minted = driver.events[-1].visit
    driver.later(10)
    assert shown(driver)[3] == ("decision_late",)
    driver.decide("release", visit=OLDER, was=minted).scan(HOLD)

    assert dict(driver.gateway.snapshot().rejected_messages) == {"too_late": 1}
    assert kinds_of(driver, OLDER) == ["parcel.identified", "parcel.diverted"]
    assert shown(driver)[0] != "release"


def test_a_stop_finds_the_parcel_under_either_id() -> None:
    driver = bench().measured()
    minted = driver.events[-1].visit
    driver.decide("release", visit=OLDER, was=minted)
    driver.decide("hold", "hold", ("risk_profile",), dec_seq=2, visit=OLDER, was=minted)

    assert shown(driver)[0] == "hold"
    assert [event.kind for event in driver.events].count("visit.joined") == 1


def test_two_parcels_with_the_name_of_one_that_was_joined_are_told_apart_no_more() -> None:
    """The name stays claimed under the new id: nobody else at this gateway may have it meanwhile."""
    driver = bench().measured()
    driver.decide("release", visit=OLDER, was=driver.events[-1].visit)

    assert not driver.gateway._visits.claim(S10, VisitId("another"))
    assert driver.gateway._visits.claim(S10, OLDER)


def test_a_belt_diverts_under_the_older_visit(driver: LineDriver) -> None:
    thing = driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    minted = driver.last("parcel.measured").visit
    driver.decide("release", into=OLDER)
    driver.later(TO_ORDER_S - TO_MEASURED_S)
    driver.diverted(thing)
    driver.later(TO_LANE_S - TO_ORDER_S + 1)

    assert kinds_of(driver, minted)[-1] == "visit.joined"
    assert kinds_of(driver, OLDER) == [
        "parcel.identified", "parcel.decided", "parcel.diverted", "parcel.diverted", "parcel.departed",
    ]  # fmt: skip


def test_a_belt_holds_under_the_older_visit(driver: LineDriver) -> None:
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)
    driver.decide("hold", reasons=("no_declaration",), into=OLDER)
    driver.later(TO_END_S - TO_MEASURED_S)

    assert driver.last("parcel.diverted").visit == OLDER
    assert driver.gateway.snapshot().tally.held == 1
