"""The bench, step by step: what a parcel becomes of every order of scans, weights, decisions and bays."""

import pytest
from bench_driver import (
    BASE_US,
    EAN,
    GREEN,
    HOLD,
    LINE,
    MANUAL,
    S10,
    S10_B,
    SCALE,
    SSCC,
    BenchDriver,
    config,
    restarted,
)

from edge.core.decision import Conditions
from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import JournalTrouble, LinkChanged, WallClock
from edge.core.visits import Recovered
from hub_config.names import Instant, VisitId


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def shown(bench: BenchDriver) -> tuple[str, str, str | None, tuple[str, ...]]:
    assert bench.view is not None
    return bench.view.state, bench.view.instruction, bench.view.bay, bench.view.reasons


def test_a_scanned_and_weighed_parcel_is_released_and_departs_when_the_bay_is_scanned(
    bench: BenchDriver,
) -> None:
    bench.measured().decide()
    assert shown(bench) == ("release", "put_in_bay", "G1", ())
    bench.weigh(0).scan(GREEN)

    assert bench.kinds == ["arrived", "identified", "measured", "decided", "diverted", "departed"]
    assert shown(bench)[:2] == ("ready", "scan_or_weigh")
    tally = bench.gateway.snapshot().tally
    assert (tally.entered, tally.departed, tally.at_bench) == (1, 1, 0)
    assert bench.rejected() == {}


def test_weight_first_then_scan_gives_the_same_measurement(bench: BenchDriver) -> None:
    bench.weigh(500_000)
    assert shown(bench)[:2] == ("measuring", "scan_label")
    bench.scan(S10)

    measured = bench.events[-1]
    assert measured.kind == "parcel.measured"
    assert measured.mass is not None
    assert (measured.mass.mg, measured.codes[0].data) == (500_000, S10)


def test_further_codes_of_a_label_attach_and_the_own_identifier_is_chosen_by_rank(bench: BenchDriver) -> None:
    bench.scan(EAN).later(0.3).scan(SSCC).later(0.3).scan(S10).weigh(500_000)

    assert [code.type for code in bench.events[-1].codes] == ["unknown", "sscc", "s10"]
    assert bench.view is not None
    assert bench.view.code == S10


def test_a_trigger_that_fires_twice_is_one_scan(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.3).scan(S10)

    assert bench.kinds == ["arrived", "identified"]
    assert bench.rejected() == {"duplicate": 1}


def test_a_second_identifier_of_the_same_rank_is_two_labels(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.3).scan(S10_B)

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("two_labels",))


def test_another_identifier_after_the_release_revokes_it(bench: BenchDriver) -> None:
    bench.measured().decide().scan(S10_B)

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("two_labels",))
    bench.scan(GREEN)
    assert "departed" not in bench.kinds


def test_another_identifier_while_customs_is_asked_holds_and_the_late_release_changes_nothing(
    bench: BenchDriver,
) -> None:
    bench.measured().scan(S10_B).decide()

    assert shown(bench)[3] == ("two_labels",)
    assert dict(bench.gateway.snapshot().rejected_messages) == {"too_late": 1}


def test_a_code_of_a_held_parcel_on_another_parcel_is_two_labels(bench: BenchDriver) -> None:
    bench.measured(S10).decide("hold", "hold", ("no_declaration",)).weigh(0).scan(HOLD)
    bench.later(3).scan(SSCC).later(1).scan(S10)

    assert shown(bench)[3] == ("two_labels",)


def test_a_held_parcel_comes_back_by_its_scan_under_the_same_visit(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("no_declaration",)).weigh(0).scan(HOLD)
    visit = bench.events[-1].visit
    bench.later(60).measured().decide(dec_seq=2).weigh(0).scan(GREEN)

    assert {event.visit for event in bench.events if event.visit} == {visit}
    assert bench.gateway.snapshot().tally.departed == 1
    assert bench.gateway.snapshot().tally.held == 0


def test_a_weight_without_a_scan_is_no_read(bench: BenchDriver) -> None:
    bench.weigh(500_000).later(16)

    assert shown(bench) == ("hold", "put_in_bay", "H1", ("no_read",))


def test_a_weighed_parcel_taken_away_unscanned_is_no_read_at_once(bench: BenchDriver) -> None:
    bench.weigh(500_000).weigh(0)

    assert shown(bench)[3] == ("no_read",)


def test_a_misread_identifier_is_never_the_parcels_own(bench: BenchDriver) -> None:
    bench.scan("RB123456786GB").weigh(500_000)
    assert shown(bench)[:2] == ("ask", "scan_label")
    bench.later(16)

    assert shown(bench)[3] == ("bad_check_digit",)


def test_a_parcel_taken_off_early_may_be_scanned_again(bench: BenchDriver) -> None:
    bench.scan(S10).weigh(300_000, stable=False).weigh(0)
    assert shown(bench) == ("ask", "rescan_or_bay", "H1", ("parcel_removed",))
    bench.later(2.5).scan(S10).weigh(500_000).decide().weigh(0).scan(GREEN)

    assert bench.gateway.snapshot().tally.departed == 1
    assert bench.flags == [("parcel_removed",)]


def test_a_scale_that_never_returned_to_zero_captures_nothing() -> None:
    bench = BenchDriver().start(zero=False)
    bench.weigh(40_000).scan(S10).weigh(540_000)
    assert shown(bench)[:2] == ("ask", "clear_scale")
    bench.later(25)

    assert shown(bench)[3] == ("scale_not_zero",)
    assert "measured" not in bench.kinds


def test_the_weight_of_the_parcel_before_is_never_taken_for_the_next(bench: BenchDriver) -> None:
    bench.measured().decide().scan(GREEN)
    bench.later(0.1).scan(S10_B).weigh(500_000)

    assert bench.kinds.count("measured") == 1


def test_a_scan_that_is_never_weighed_ends_in_hold(bench: BenchDriver) -> None:
    bench.scan(S10).later(21)

    assert shown(bench)[3] == ("parcel_removed",)


def test_overload_has_no_value_and_holds(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.2).weigh(0, overload=True)

    assert shown(bench)[3] == ("mass_not_legal",)
    assert all(event.mass is None for event in bench.events)


def test_a_weight_below_the_scales_minimum_is_flagged_not_legal(bench: BenchDriver) -> None:
    bench.measured(mg=50_000)

    assert bench.events[-1].flags == ("mass_not_legal",)


def test_a_wrong_bay_is_refused_and_changes_nothing(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("no_declaration",)).weigh(0).scan(GREEN)

    assert bench.view is not None
    assert (bench.view.refused, bench.view.bay) == ("wrong_bay", "H1")
    assert "diverted" not in bench.kinds
    bench.scan(HOLD)
    assert bench.kinds[-1] == "diverted"


def test_the_decision_is_told_only_once_it_is_on_disk(bench: BenchDriver) -> None:
    bench.measured()
    bench.hold_commits = True
    bench.decide()
    assert shown(bench)[0] == "asking"
    bench.scan(GREEN)
    assert "departed" not in bench.kinds
    bench.commit()

    assert shown(bench)[0] == "release"


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
        ("level", 2),
    ]
    assert bench.view is not None
    assert bench.view.network_away


def test_a_scale_gone_is_a_fault_and_what_it_said_before_counts_no_more(bench: BenchDriver) -> None:
    bench.device(SCALE, up=False)
    assert bench.view is not None
    assert (bench.view.state, bench.view.device) == ("fault", SCALE)
    bench.device(SCALE, up=True).scan(S10).weigh(500_000)

    assert "measured" not in bench.kinds


def test_a_scale_gone_during_a_measurement_ends_as_device_fault(bench: BenchDriver) -> None:
    bench.scan(S10).device(SCALE, up=False).later(21)

    assert bench.flags[-1] == ("device_fault",)


def test_no_evidence_no_movement(bench: BenchDriver) -> None:
    bench.measured().decide()
    bench.give(JournalTrouble(bench.at, "disk full"))
    assert shown(bench)[0] == "fault"
    bench.scan(GREEN)

    assert "departed" not in bench.kinds
    assert bench.rejected() == {"not_now": 1}


def test_after_a_restart_what_lay_open_is_lost_track_of_and_what_was_held_can_come_back() -> None:
    left = (
        Recovered(VisitId("v-open"), LINE, held=False, code=S10, arrived_at=Instant(0)),
        Recovered(VisitId("v-held"), LINE, held=True, code=S10_B, arrived_at=Instant(0)),
    )
    bench = restarted(left).start()

    assert [(e.kind, e.visit, e.flags) for e in bench.events if e.visit] == [
        ("parcel.lost_track", "v-open", ("lost_track",))
    ]
    bench.scan(S10_B)
    assert bench.events[-1].visit == "v-held"
    bench.weigh(0).later(22)
    tally = bench.gateway.snapshot().tally
    assert (tally.entered, tally.lost_track, tally.held) == (2, 1, 0)


def test_an_unknown_command_and_a_bay_without_a_parcel_are_refused(bench: BenchDriver) -> None:
    bench.scan("HUBXRELEASE").scan(GREEN)

    assert bench.rejected() == {"unknown_command": 1, "no_parcel": 1}
    assert bench.kinds == []


def test_a_jump_of_the_wall_clock_is_an_event(bench: BenchDriver) -> None:
    bench.later(60)
    bench.give(WallClock(bench.at, WallTime(BASE_US + 3_600_000_000, 1_500, "ntp")))

    assert bench.events[-1].kind == "clock.changed"


def test_every_hold_has_a_reason_and_dwell_belongs_to_someone(bench: BenchDriver) -> None:
    bench.measured().later(6).weigh(0).scan(HOLD)
    decided = next(event for event in bench.events if event.kind == "parcel.decided")

    assert decided.flags == ("decision_late",)
    assert sum(span.us for span in bench.events[-1].dwell) > 5_000_000


def test_the_same_inputs_give_the_same_effects() -> None:
    def run() -> list[object]:
        bench = BenchDriver(Gateway(config(), b"same entropy for both")).start()
        bench.measured().decide().weigh(0).scan(GREEN)
        return [*bench.events, bench.view]

    assert run() == run()
