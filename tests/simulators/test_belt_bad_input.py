"""Every bad input of a belt line, each through a whole simulated hub whose board speaks its bytes.

Whatever comes, every parcel is accounted for, nothing lies in the free lane without a committed release that was
valid, and at the end every output is safe. How many of the parcels that could be released were is told by each test.
"""

import random

import pytest
from byte_line import EVERY, PARCELS, ByteLine

from drivers.reading import BoardChanged
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import CAUSE_BROWN_OUT, CAUSE_WATCHDOG, Spoil
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_wire import DICT_HASH
from simulators.line_faults import LineFault

MID_RUN_S = 10.03
"""Parcels are under the reader, on the scale, before a diverter and in its lane."""
FOREVER = Instant(10**15)
READY_AGAIN = ["configuring", "syncing", "ready"]


# --- the board ------------------------------------------------------------------------------------


def test_a_board_of_another_protocol_is_never_armed_and_everything_goes_to_hold() -> None:
    line = ByteLine(traits=BoardTraits(proto=0x0200, min_proto=0x0200))
    outcome = line.run()

    assert outcome.accounted
    assert outcome.states == ["opening", "incompatible"]
    assert line.wire.switched == []
    assert line.wire.margins_ns == []
    assert outcome.lanes == {"held": PARCELS}
    assert {body.lane for body in line.bodies} == {"hold"}


def test_a_board_with_another_table_of_messages_works_with_what_both_know() -> None:
    outcome = ByteLine(traits=BoardTraits(dict_hash=DICT_HASH ^ 1, proto=0x0103)).run()

    assert outcome.accounted
    assert outcome.share == 1.0
    assert [one.detail for one in outcome.told if isinstance(one, BoardChanged)][-1].endswith(
        f"other message table {DICT_HASH ^ 1:08x}"
    )


def test_a_board_that_is_silent_from_the_start_lets_everything_go_to_hold() -> None:
    line = ByteLine()
    line.board.silence(FOREVER)
    outcome = line.run()

    assert outcome.accounted
    assert outcome.states == ["opening"]
    assert outcome.faults == {"silent"}
    assert line.wire.switched == []
    assert outcome.lanes == {"held": PARCELS}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_board_that_falls_silent_for_longer_than_the_belt_takes_loses_track_and_goes_on(seed: int) -> None:
    line = ByteLine(seed)
    line.at(MID_RUN_S, lambda now: line.board.silence(Instant(now + 12 * SECOND)))
    outcome = line.run()

    assert outcome.accounted
    assert outcome.states[-4:] == ["lost", *READY_AGAIN]
    assert outcome.lost_events > 1_000  # its ring holds 64, of 100 reports a second and the edges
    assert outcome.report["belt"]["unwatched"] > 0
    assert outcome.lanes["lost_track"] > 0
    assert outcome.share >= 0.25  # the silence takes up half of the run


def test_a_board_that_falls_silent_as_a_diverter_is_about_to_move_may_push_all_the_same() -> None:
    """The order can't be taken back any more, so the release stands, and the parcel is looked for."""
    line = ByteLine()
    line.at(MID_RUN_S, lambda now: line.board.silence(Instant(now + SECOND)))
    outcome = line.run()
    pushed = [
        body
        for body in line.bodies
        if body.lane == "green" and body.left_at is not None and 0 < body.left_at - 10 * SECOND < SECOND
    ]

    assert outcome.accounted
    assert len(pushed) == 1
    assert outcome.lanes["lost_track"] == 1
    assert outcome.share >= 0.6


def test_a_babbling_board_is_counted_and_heard_all_the_same() -> None:
    line, rng = ByteLine(), random.Random(1)
    for turn in range(350):
        line.at(0.3 + 0.07 * turn, lambda now: line.board.babble(rng.randbytes(rng.randrange(1, 300)), now))
    outcome = line.run()

    assert outcome.accounted
    assert outcome.faults == {"garbled", "too_long"}
    assert outcome.share >= 0.9


def test_every_fifth_frame_dropped_flipped_or_cut_short_costs_next_to_nothing() -> None:
    line, rng = ByteLine(), random.Random(1)
    faults: tuple[Spoil, ...] = ("drop", "flip", "cut")
    for turn in range(500):
        line.at(0.3 + 0.05 * turn, lambda _now: line.board.spoil(rng.choice(faults)))
    outcome = line.run()

    assert outcome.accounted
    assert "garbled" in outcome.faults
    assert outcome.lost_events == 0
    assert outcome.share >= 0.9


def test_a_board_that_restarts_in_mid_stream_makes_what_lies_on_the_belt_unknown() -> None:
    line = ByteLine()
    line.at(MID_RUN_S, lambda now: line.board.reset(CAUSE_BROWN_OUT, now))
    line.at(17.4, lambda now: line.board.reset(CAUSE_WATCHDOG, now))
    outcome = line.run()
    readies = [one for one in outcome.told if isinstance(one, BoardChanged) and one.state == "ready"]

    assert outcome.accounted
    assert [one.continued for one in readies] == [False] * 3
    assert "unknown_item" in outcome.report["release"]["lost_by_cause"]
    assert outcome.share >= 0.2  # ten lie on the belt each time


def test_the_wrap_of_the_boards_clock_is_not_noticed() -> None:
    before_wrap_s = 12
    traits = BoardTraits(start_ticks=(1 << 32) - before_wrap_s * 2_000_000, drift_ppm=150)
    line = ByteLine(traits=traits)
    outcome = line.run()

    assert line.board.ticks_at(line.hub.world.now) > 1 << 32
    assert outcome.accounted
    assert outcome.states == ["opening", *READY_AGAIN]
    assert outcome.share == 1.0


def test_a_host_that_pauses_two_seconds_finds_the_board_safe_and_arms_it_again() -> None:
    line = ByteLine()
    line.at(MID_RUN_S, lambda _now: line.hub.host.pause(2 * SECOND))
    outcome = line.run()
    watchdog = Instant(round((MID_RUN_S + 0.5) * SECOND))
    pause_ends = Instant(round((MID_RUN_S + 2) * SECOND))

    assert outcome.accounted
    assert outcome.states[-4:] == ["safe", *READY_AGAIN]
    assert outcome.lost_events == 0  # they waited in the kernel
    assert not any(on and watchdog < at < pause_ends for at, _, on in line.wire.switched)
    assert outcome.share >= 0.5


def test_a_link_that_is_cut_with_parcels_on_the_belt_loses_what_the_ring_no_longer_holds() -> None:
    line = ByteLine(rates_ppm={"link_cut": 100_000})
    outcome = line.run()

    assert outcome.accounted
    assert outcome.states.count("lost") >= 1
    assert outcome.states[-1] == "ready"
    assert outcome.lost_events > 0
    assert outcome.share >= 0.4


def test_a_parcel_that_passes_every_beam_while_the_link_is_cut_needs_no_account() -> None:
    """Cut after cut: one was fed in the first, and left in the third."""
    outcome = ByteLine(13, rates_ppm={"link_cut": 100_000}).run()

    assert outcome.accounted
    assert outcome.states.count("lost") >= 3
    assert outcome.report["belt"]["unwatched"] >= 1


# --- reader and scale -----------------------------------------------------------------------------


def test_answers_for_the_trigger_before_count_for_none() -> None:
    outcome = ByteLine(rates_ppm={"late_answer": 300_000}).run()

    assert outcome.accounted
    assert set(outcome.report["release"]["lost_by_cause"]) == {"no_read"}
    assert outcome.share >= 0.3


def test_a_reader_that_never_answers_lets_everything_go_to_hold() -> None:
    line = ByteLine(rates_ppm={"mute_reader": EVERY})
    outcome = line.run()

    assert outcome.accounted
    assert line.wire.switched == []
    assert outcome.lanes == {"held": PARCELS}


@pytest.mark.parametrize(
    ("fault", "share"),
    [("record_jump", 0.9), ("record_repeat", 0.4), ("late_record", 0.4), ("lost_record", 0.9)],
)
def test_records_whose_numbers_or_times_are_wrong_are_no_other_parcels(
    fault: LineFault, share: float
) -> None:
    outcome = ByteLine(rates_ppm={fault: 200_000}).run()

    assert outcome.accounted
    assert fault in outcome.report["belt"]["faults"]
    assert outcome.share >= share


def test_late_records_one_after_another_are_not_taken_for_the_next_parcels() -> None:
    """Two come while the parcel behind theirs is due: together they would prove a count that is one off."""
    assert ByteLine(10, rates_ppm={"late_record": 200_000}).run().accounted


def test_all_faults_of_the_scale_at_once_mix_up_no_weights() -> None:
    faults: tuple[LineFault, ...] = ("record_jump", "record_repeat", "late_record", "lost_record")
    outcome = ByteLine(rates_ppm=dict.fromkeys(faults, 70_000)).run()

    assert outcome.accounted
    assert outcome.share >= 0.4


def test_a_scale_that_dials_in_again_in_the_middle_of_a_record_costs_that_record_alone() -> None:
    line = ByteLine()
    scale, world = line.plant.conveyor.scale, line.hub.world
    cut_short: set[Instant] = set()

    def redial_during_a_record(now: Instant) -> None:
        due = scale.wake_at
        if due is not None and due > now and due not in cut_short:
            cut_short.add(due)
            world.call_at(Instant(due + MILLISECOND // 10), line.plant.redial)

    for second in (6, 10, 14, 18):
        for step in range(15):
            line.at(second + 0.05 * step, redial_during_a_record)
    outcome = line.run()
    lost = outcome.report["release"]["lost_by_cause"]

    assert outcome.accounted
    assert set(lost) == {"device_fault"}
    assert 3 <= lost["device_fault"] <= len(cut_short)


# --- belt, hands and parcels ----------------------------------------------------------------------


def test_an_encoder_that_leaves_out_counts_makes_parcels_doubtful_and_mixes_up_none() -> None:
    outcome = ByteLine(rates_ppm={"lost_counts": 100_000}).run()

    assert outcome.accounted
    assert outcome.report["belt"]["faults"]["lost_counts"] >= 1
    assert outcome.share >= 0.1


def test_parcels_that_hands_take_off_and_put_on_are_missed_and_held() -> None:
    line = ByteLine(2, rates_ppm={"removed": 150_000, "added": 150_000})
    outcome = line.run()
    added = [body for body in line.bodies if body.appears_um]

    assert outcome.accounted
    assert any(body.taken for body in line.bodies)
    assert added
    assert {body.lane for body in added} == {"hold"}
    assert outcome.share >= 0.6


def test_touching_parcels_are_held() -> None:
    line = ByteLine(rates_ppm={"touching": 250_000})
    outcome = line.run()
    touching = [body for body in line.bodies if body.touches]

    assert outcome.accounted
    assert len(touching) >= 3
    assert {body.lane for body in touching} == {"hold"}
    assert outcome.share >= 0.8
