"""A parcel is handed to customs control once for each inspection that customs has asked for, and by nothing else."""

import random
from typing import Any

import pytest
from bench_driver import HOLD, MANUAL, S10, S10_B, SSCC, XRAY, BenchDriver, config

from drivers.identifiers.choice import Identified
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.inspection import INSPECT_NS
from edge.core.visits import Recovered, Remembered
from hub_config.badges import PASSED, PUT_BACK, SPLIT, Badge, badge_digest
from hub_config.hub import HubConfig
from hub_config.names import SECOND, Instant, LineId

BADGE = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"


def settings(*, inspects: bool = True) -> HubConfig:
    badge = Badge(digest=badge_digest(BADGE), role="customs")
    return config(inspects=inspects).model_copy(update={"badges": (badge,)})


@pytest.fixture
def bench() -> BenchDriver:
    """It inspects."""
    return BenchDriver(Gateway(settings(), b"0123456789abcdef")).start()


def asked(bench: BenchDriver, action: Any = "inspect", authority: str = "customs") -> BenchDriver:
    """A parcel in its bay, into which somebody is to look."""
    bench.measured().decide(action, "manual", ("sampled",), authority=authority)
    return bench.scan(MANUAL).weigh(0).later(60)


def presented(bench: BenchDriver) -> list[Event]:
    return [event for event in bench.events if event.kind == "parcel.presented"]


def told(bench: BenchDriver, kind: str) -> Event:
    return next(event for event in reversed(bench.events) if event.kind == kind)


def owners(bench: BenchDriver) -> list[tuple[str, str]]:
    """Who answers for the parcel's time from which event on."""
    return [(event.kind, event.clock) for event in bench.events if event.clock is not None]


def test_a_parcel_brought_from_its_bay_is_presented_when_its_inspection_begins(bench: BenchDriver) -> None:
    asked(bench).scan(S10)
    (event,) = presented(bench)

    assert bench.kinds[-2:] == ["identified", "presented"]
    assert [code.data for code in event.codes] == [S10]
    assert dict(event.note) == {"action": "inspect", "dec": "dec-1"}
    assert event.visit == told(bench, "parcel.arrived").visit
    assert (event.flags, event.operator, event.act, event.mass) == ((), None, None, None)


def test_one_looked_at_without_going_to_a_bay_is_presented_with_its_weight(bench: BenchDriver) -> None:
    bench.measured().decide("screen", "xray", ("risk_profile",))
    assert presented(bench) == []  # decided is not handed over
    bench.later(5).scan(S10)
    (event,) = presented(bench)

    assert dict(event.note)["action"] == "screen"
    assert event.mass is not None
    bench.later(5).scan(S10).later(5).scan(S10)  # it lies there already
    assert len(presented(bench)) == 1


def test_customs_answers_for_its_time_until_the_finding(bench: BenchDriver) -> None:
    asked(bench).scan(S10).later(90).scan(PASSED).later(10).scan(BADGE)
    assert owners(bench)[-3:] == [
        ("parcel.identified", "hub"), ("parcel.presented", "customs"), ("parcel.inspected", "hub"),
    ]  # fmt: skip
    bench.weigh(500_000).decide(dec_seq=2)

    assert {span.owner: span.us for span in told(bench, "parcel.decided").dwell}["customs"] == 100_000_000


@pytest.mark.parametrize("authority", ["agency:plants", "aviation-security", "hub"])
def test_what_another_authority_looks_into_is_not_handed_to_customs(
    bench: BenchDriver, authority: str
) -> None:
    asked(bench, authority=authority).scan(S10)
    assert bench.view is not None
    assert bench.view.instruction == "inspect_it"

    assert presented(bench) == []
    assert owners(bench)[-1] == ("parcel.identified", "hub")


def test_a_hold_by_customs_that_an_agency_looks_into_is_not_handed_to_customs(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "manual", ("sampled",))
    bench.decide("inspect", "manual", ("sampled",), authority="agency:plants", dec_seq=2)
    bench.scan(MANUAL).weigh(0).later(60).scan(S10)
    assert bench.view is not None
    assert bench.view.instruction == "inspect_it"

    assert presented(bench) == []


@pytest.mark.parametrize(("theirs", "count"), [("screen", 0), ("inspect", 1), ("hold", 1)])
def test_beside_another_authority_the_stricter_look_goes_first(
    bench: BenchDriver, theirs: Any, count: int
) -> None:
    """An X-ray for security is not customs', and they have theirs after it."""
    asked(bench).decide(theirs, "xray", ("risk_profile",), authority="aviation-security", dec_seq=2)
    bench.scan(S10)
    assert len(presented(bench)) == count
    bench.later(9).scan(PUT_BACK).later(3).scan(MANUAL).scan(XRAY).weigh(0)
    bench.decide("release", authority="aviation-security", dec_seq=3).later(60).scan(S10)

    assert len(presented(bench)) == count + 1


def test_one_that_customs_has_let_go_meanwhile_is_not_presented(bench: BenchDriver) -> None:
    asked(bench).decide(dec_seq=2).scan(S10)
    assert bench.view is not None
    assert bench.view.instruction == "inspect_it"  # it lay in the bay of those to be looked at

    assert presented(bench) == []


def test_a_bench_that_does_not_inspect_presents_nothing() -> None:
    bench = BenchDriver(Gateway(settings(inspects=False), b"0123456789abcdef")).start()
    asked(bench).scan(S10)

    assert presented(bench) == []


def test_put_back_and_brought_again_is_another_hand_over(bench: BenchDriver) -> None:
    asked(bench).scan(S10).later(5).scan(PUT_BACK)
    assert owners(bench)[-1] == ("parcel.decided", "hub")
    bench.scan(MANUAL).later(60).scan(S10)
    assert len(presented(bench)) == 2
    bench.later(INSPECT_NS // SECOND + 1).scan(MANUAL)

    assert [kind for kind in bench.kinds if kind in ("presented", "inspected")] == ["presented"] * 2


def test_while_nobody_knows_whose_another_label_was_it_is_not_presented(bench: BenchDriver) -> None:
    bench.measured().decide("inspect", "manual", ("sampled",))
    bench.later(5).scan(S10_B).later(5).scan(S10)
    assert bench.view is not None
    assert bench.view.instruction == "inspect_it"

    assert presented(bench) == []


def test_one_whose_second_label_names_another_parcel_is_held_and_not_presented(bench: BenchDriver) -> None:
    asked(bench)
    bench.measured(SSCC).decide("hold", "hold", ("sampled",), dec_seq=2).scan(HOLD).weigh(0).later(5)
    bench.weigh(500_000).scan(S10_B).scan(S10)

    assert told(bench, "parcel.decided").flags == ("two_labels",)
    assert presented(bench) == []


def test_a_parcel_parted_from_the_one_it_was_taken_for_gives_the_older_ones_clock_back(
    bench: BenchDriver,
) -> None:
    asked(bench).scan(S10).later(1).scan(SPLIT).later(1).scan(BADGE)
    older = presented(bench)[0].visit
    split = told(bench, "visit.split")

    assert (split.visit, split.clock) == (older, "hub")
    bench.scan(HOLD).later(60).scan(S10)
    assert [event.visit for event in presented(bench)] == [older, older]
    bench.later(60).scan(PASSED).scan(BADGE).weigh(500_000).decide(dec_seq=2, visit=older)
    assert {span.owner: span.us // 1_000_000 for span in told(bench, "parcel.decided").dwell}["customs"] == 62


def recovered(bench: BenchDriver, *, held: bool) -> BenchDriver:
    """The gateway starts again, with what its journal has of the visit."""
    visit: Any = told(bench, "parcel.arrived").visit
    left = Recovered(visit, LineId("b1"), held, (Identified("s10", S10, check_ok=True),), Instant(0))
    words = Remembered(tuple(bench.words.values()))
    again = Gateway(settings(), b"fedcba9876543210", (left,), remembered=words)
    return BenchDriver(again).start()


def test_one_in_its_bay_at_a_restart_is_presented_once_it_is_brought(bench: BenchDriver) -> None:
    after = recovered(asked(bench), held=True)
    assert presented(after) == []
    after.scan(S10)

    assert [event.visit for event in presented(after)] == [told(bench, "parcel.arrived").visit]


def test_a_restart_while_somebody_looks_tells_nothing_by_itself(bench: BenchDriver) -> None:
    """Where it is then nobody knows; its next inspection begins with a scan, as any."""
    after = recovered(asked(bench).scan(S10), held=False)
    after.later(3_600)
    assert presented(after) == []
    after.measured().decide("inspect", "manual", ("sampled",), dec_seq=2).later(5).scan(S10)

    assert len(presented(after)) == 1


def test_before_it_is_on_disk_a_restart_knows_of_no_hand_over(bench: BenchDriver) -> None:
    asked(bench)
    bench.hold_commits = True
    bench.scan(S10)
    lost = bench.events[len(bench.ids) :]

    assert [event.kind for event in lost] == ["parcel.identified", "parcel.presented"]
    assert len(presented(recovered(bench, held=True).scan(S10))) == 1


SCANS = (*[S10] * 8, *[MANUAL] * 4, *[BADGE] * 3, S10_B, HOLD, PASSED, "HUBXTORN", PUT_BACK, SPLIT)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_scanned_every_hand_over_is_one_inspection_that_customs_has_asked_for(seed: int) -> None:
    rng, bench = random.Random(seed), BenchDriver(Gateway(settings(), b"0123456789abcdef")).start()
    authority = rng.choice(("customs", "customs", "agency:plants"))
    looked_at, begun = False, 0
    asked(bench, rng.choice(("inspect", "screen", "hold")), authority)
    for number in range(60):
        match rng.randrange(12):
            case 0:
                bench.weigh(rng.choice((0, 500_000)))
            case 1:
                action = rng.choice(("inspect", "screen", "hold", "release"))
                route = "green" if action == "release" else "manual"
                reasons = () if action == "release" else ("sampled",)
                bench.decide(action, route, reasons, dec_seq=number + 2, authority=authority)
            case _:
                bench.scan(rng.choice(SCANS)).later(rng.choice((0.3, 3, 20)))
        looks = bench.view is not None and bench.view.instruction in ("inspect_it", "scan_badge")
        begun += looks and not looked_at
        looked_at = looks
        assert bench.gateway.books_fault is None

    assert len(presented(bench)) <= begun, f"seed {seed}: {bench.kinds}"
    assert authority == "customs" or not presented(bench)
    with_customs: dict[object, bool] = {}
    for event in bench.events:
        if event.kind == "parcel.presented":
            assert not with_customs.get(event.visit), f"seed {seed}: {bench.kinds}"
            with_customs[event.visit] = True
        elif event.clock is not None:
            with_customs[event.visit] = False
        assert event.kind != "parcel.departed" or not with_customs.get(event.visit)
