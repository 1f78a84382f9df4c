"""What a bench does with decisions: good, late, early, contradictory, recalled, and with none at all."""

import pytest
from bench_driver import (
    BASE_US,
    GREEN,
    MANUAL,
    S10,
    S10_B,
    BenchDriver,
    shown,
)

from edge.core.decision import Conditions
from edge.core.inputs import LinkChanged


def test_the_decision_is_told_only_once_it_is_on_disk(bench: BenchDriver) -> None:
    bench.measured()
    bench.hold_commits = True
    bench.decide()
    assert shown(bench)[0] == "asking"
    bench.scan(GREEN)
    assert "departed" not in bench.kinds
    bench.commit()

    assert shown(bench)[0] == "release"


def test_a_bay_counts_as_taken_only_once_that_is_on_disk(bench: BenchDriver) -> None:
    bench.measured().decide().weigh(0)
    bench.hold_commits = True
    bench.scan(GREEN).later(0.2).scan(GREEN)
    assert shown(bench) == ("release", "put_in_bay", "G1", ())
    bench.scan(S10_B).weigh(300_000)
    assert bench.kinds[-1] == "departed"
    bench.hold_commits = False
    bench.commit()

    assert shown(bench)[:2] == ("ready", "scan_or_weigh")
    assert bench.rejected() == {"duplicate": 1, "not_now": 1}
    bench.weigh(300_000)
    assert bench.kinds[-1] == "arrived"


def test_a_release_that_expires_while_shown_falls_back_to_hold(bench: BenchDriver) -> None:
    bench.measured().decide(for_s=3).later(3.5)

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("decision_late",))


@pytest.mark.parametrize(
    ("how", "counted"),
    [
        ({"for_s": -1, "from_s": -2}, "decision_late"),
        ({"from_s": 30}, "clock_untrusted"),
        ({"answers": "ni:///sha-256;other"}, "not_our_event"),
        ({"visit": "someone-else"}, "no_such_parcel"),
    ],
)
def test_a_decision_that_is_not_for_this_moment_or_parcel_is_as_good_as_none(
    bench: BenchDriver, how: dict[str, object], counted: str
) -> None:
    bench.measured().decide(**how)  # type: ignore[arg-type]
    assert shown(bench)[0] == "asking"
    assert dict(bench.gateway.snapshot().rejected_messages) == {counted: 1}
    bench.later(6)

    assert shown(bench)[3] == ("decision_late",)


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (Conditions(code=S10_B), "swap_suspected"),
        (Conditions(mass_mg=(1, 2)), "mass_mismatch"),
        (Conditions(not_after_us=BASE_US - 1), None),
    ],
)
def test_a_release_whose_condition_fails_holds(
    bench: BenchDriver, conditions: Conditions, reason: str | None
) -> None:
    bench.measured().decide(conditions=conditions)

    assert shown(bench)[3] == ((reason,) if reason else ())
    assert shown(bench)[0] != "release"


def test_a_release_with_other_parties_to_answer_holds(bench: BenchDriver) -> None:
    bench.measured().decide(needs=("agency:health",))

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("agency_pending",))


@pytest.mark.parametrize(
    ("action", "route"), [("release", "manual"), ("hold", "green"), ("release", "nowhere")]
)
def test_a_decision_that_contradicts_itself_ends_in_the_fail_safe_lane(
    bench: BenchDriver, action: str, route: str
) -> None:
    bench.measured().decide(action, route, ("sampled",))  # type: ignore[arg-type]

    assert shown(bench)[:3] == ("hold", "put_in_bay", "H1")


def test_a_stricter_newer_decision_recalls_a_parcel_not_yet_placed(bench: BenchDriver) -> None:
    bench.measured().decide().decide("inspect", "manual", ("risk_profile",), dec_seq=2)
    assert shown(bench) == ("inspect", "put_in_bay", "M1", ("risk_profile",))
    bench.scan(GREEN).scan(MANUAL)

    assert bench.gateway.snapshot().tally.inspected == 1


def test_a_late_release_does_not_open_a_hold(bench: BenchDriver) -> None:
    bench.measured().later(6).decide()

    assert shown(bench)[3] == ("decision_late",)


def test_reweigh_asks_for_another_scan_and_weight(bench: BenchDriver) -> None:
    bench.measured().decide("reweigh", "manual", ("mass_inconclusive",))
    assert shown(bench)[:2] == ("ask", "rescan_or_bay")
    bench.weigh(0).later(2.5).scan(S10).weigh(505_000).decide(dec_seq=2)

    assert shown(bench)[0] == "release"
    assert bench.kinds.count("measured") == 2


def test_without_the_coordinator_everything_goes_to_hold() -> None:
    bench = BenchDriver().start(online=False)
    bench.measured()

    assert shown(bench)[3] == ("offline_default",)
    assert bench.events[-1].clock == "force"


def test_a_coordinator_gone_for_five_seconds_holds_what_waits_and_says_so(bench: BenchDriver) -> None:
    bench.give(LinkChanged(bench.at, broker=False, coordinator=False))
    bench.later(4).measured()
    bench.later(5)

    assert shown(bench)[3] in (("offline_default",), ("decision_late",))
    assert [event.note[0] for event in bench.events if event.kind == "gateway.mode"] == [
        ("level", 0),
        ("level", 1),
        ("level", 3),
    ]
    assert bench.view is not None
    assert bench.view.network_away
