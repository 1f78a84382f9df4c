"""The bench, step by step: what a parcel becomes of every order of scans, weights, decisions and bays."""

from bench_driver import (
    BASE_US,
    EAN,
    GREEN,
    HOLD,
    LINE,
    S10,
    S10_B,
    SCALE,
    SSCC,
    BenchDriver,
    config,
    restarted,
    shown,
)

from drivers.identifiers.choice import Identified
from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import JournalTrouble, WallClock
from edge.core.visits import Recovered
from hub_config.names import Instant, VisitId


def named(code: str) -> Identified:
    return Identified("s10", code, check_ok=True)


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


def test_a_parcel_with_two_labels_is_not_cleared_by_scanning_one_of_them_later(bench: BenchDriver) -> None:
    bench.scan(S10).later(0.3).scan(S10_B).scan(HOLD)
    bench.later(60).scan(S10)

    assert shown(bench)[3] == ("two_labels",)
    assert len({event.visit for event in bench.events if event.visit}) == 1


def test_a_label_scanned_by_mistake_does_not_bar_the_parcel_it_belongs_to(bench: BenchDriver) -> None:
    bench.measured(S10).decide().scan(S10_B).weigh(0).scan(HOLD)
    bench.later(3).measured(S10_B).decide(dec_seq=1).weigh(0).scan(GREEN)

    assert bench.gateway.snapshot().tally.departed == 1
    assert bench.gateway.snapshot().tally.held == 1


def test_a_held_parcel_that_is_weighed_first_goes_on_under_its_older_visit(bench: BenchDriver) -> None:
    bench.measured().decide("hold", "hold", ("no_declaration",)).weigh(0).scan(HOLD)
    visit = bench.events[-1].visit
    bench.later(60).weigh(500_000).scan(S10)

    joined = next(event for event in bench.events if event.kind == "visit.joined")
    assert joined.note == (("from", joined.visit), ("into", visit))
    assert bench.events[-1].kind == "parcel.measured"
    assert bench.events[-1].visit == visit
    bench.decide(dec_seq=2).weigh(0).scan(GREEN)
    tally = bench.gateway.snapshot().tally
    assert (tally.entered, tally.departed, tally.held) == (1, 1, 0)


def test_a_held_parcel_known_by_its_item_number_must_show_it_again(bench: BenchDriver) -> None:
    bench.scan(SSCC).later(0.2).scan(S10).weigh(500_000).decide("hold", "hold", ("sampled",)).weigh(0).scan(
        HOLD
    )
    bench.later(60).scan(SSCC).weigh(500_000)
    assert shown(bench)[1] == "scan_label"
    bench.scan(S10)

    assert bench.events[-1].kind == "parcel.measured"


def test_codes_of_one_label_read_in_one_burst_belong_together(bench: BenchDriver) -> None:
    bench.weigh(500_000).scan(S10).later(0.2).scan(SSCC).decide()

    assert shown(bench)[0] == "release"


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
        Recovered(VisitId("v-open"), LINE, held=False, codes=(named(S10),), arrived_at=Instant(0)),
        Recovered(VisitId("v-held"), LINE, held=True, codes=(named(S10_B),), arrived_at=Instant(0)),
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
