"""Orders, and what becomes of them and of the board when it is safe, lost or restarted; its outputs are the witness."""

import pytest
from board_rig import FULL_TURN, board_config, ms
from session_rig import OUT_AT, SYNC, SessionRig, ready_rig

from firmware_bridge.frames import Spoilt
from firmware_bridge.orders import OFF_LEAD_NS, ORDERS_MAX, Order
from firmware_bridge.session import REARM_NS, BoardSession
from firmware_bridge.told import FaultTold, LostTold, OrderTold, StateTold, UpTold
from hub_config.attach import SerialAttach
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import CAUSE_BROWN_OUT
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_firmware import RING

# --- orders ---------------------------------------------------------------------------------------


def test_an_order_switches_at_its_instant_for_its_time() -> None:
    rig = ready_rig()
    rig.order(1, 2, ms(1_000), 50 * MILLISECOND)
    rig.run(ms(1_200))

    assert rig.answers() == {1: "ok"}
    (on, channel, level), (off, _, _) = rig.board.take_switches()
    assert (channel, level) == (2, True)
    assert abs(on - ms(1_000)) < 1 * MILLISECOND
    assert off - on == 50 * MILLISECOND


def test_an_order_taken_back_by_its_instant_never_shows() -> None:
    rig = ready_rig()
    rig.order(1, 0, ms(3_000), 100 * MILLISECOND)
    rig.run(ms(2_500))  # the estimate of the clock moves on meanwhile
    rig.order(2, 0, ms(3_000), 0)
    rig.run(ms(4_000))

    assert rig.answers() == {1: "ok", 2: "ok"}
    assert rig.board.take_switches() == []


def test_the_safe_level_ordered_too_late_comes_as_soon_as_can_be() -> None:
    rig = ready_rig()
    rig.order(1, 0, ms(1_000), SECOND)
    rig.run(ms(1_200))
    rig.order(2, 0, ms(1_100), 0)
    rig.run(ms(1_400))

    assert rig.answers() == {1: "ok", 2: "ok"}
    off = rig.board.take_switches()[1][0]
    assert ms(1_200) < off <= ms(1_200) + OFF_LEAD_NS + MILLISECOND


@pytest.mark.parametrize(
    ("channel", "at", "for_ns", "detail"),
    [
        (0, ms(600), 1_000_000, "late"),
        (4, ms(1_200), 1_000_000, "bad_argument"),
        (0, ms(1_200), 5_000 * SECOND, "bad_argument"),
        (0, Instant(3_000 * SECOND), 1_000_000, "bad_argument"),
    ],
    ids=["past", "no such output", "too long", "too far ahead"],
)
def test_a_hopeless_order_is_answered_with_its_reason(
    channel: int, at: Instant, for_ns: int, detail: str
) -> None:
    rig = ready_rig().run(ms(1_000))
    rig.order(1, channel, at, for_ns)
    rig.run_for(50)

    assert rig.answers() == {1: detail}
    assert rig.board.take_switches() == []


def test_an_order_whose_reply_is_lost_is_sent_again_and_acted_on_once() -> None:
    rig = ready_rig()
    rig.run_for(20)
    rig.board.spoil("drop")
    rig.order(1, 0, Instant(rig.now + ms(400)), 10 * MILLISECOND)
    rig.run_for(600)

    assert rig.answers() == {1: "ok"}
    assert rig.requests.count(OUT_AT) == 2
    assert len(rig.board.take_switches()) == 2


def test_no_more_orders_wait_than_the_bound() -> None:
    rig = ready_rig()
    rig.run_for(1)
    told = []
    for number in range(ORDERS_MAX + 3):  # the first is on its way at once, unless a SYNC is
        told += rig.session.order(Order(number, number % 4, ms(2_000), 1_000_000), rig.now)
    refused = [one.order for one in told if isinstance(one, OrderTold)]
    rig.give([])
    rig.run_for(200)

    assert refused in ([ORDERS_MAX + 1, ORDERS_MAX + 2], [ORDERS_MAX, ORDERS_MAX + 1, ORDERS_MAX + 2])
    assert [detail for order, detail in rig.answers().items()] == ["ok"] * (ORDERS_MAX + 3 - len(refused))


def test_a_full_queue_of_the_board_is_told() -> None:
    rig = ready_rig()
    for number in range(10):
        rig.order(number, 0, ms(2_000 + 10 * number), 1_000_000)
    rig.run_for(100)

    assert list(rig.answers().values()) == ["ok"] * 8 + ["queue_full"] * 2


def test_orders_go_before_samples_and_only_when_ready() -> None:
    rig = SessionRig().run(ms(100))
    rig.order(1, 0, ms(2_000), 1_000_000)

    assert rig.answers() == {1: "not_ready"}
    assert rig.ready().requests.count(OUT_AT) == 0


# --- safe, lost, restarted ------------------------------------------------------------------------


def test_a_host_that_pauses_two_seconds_finds_the_board_safe_and_arms_it_anew() -> None:
    rig = ready_rig()
    rig.order(1, 0, ms(700), 5 * SECOND)
    rig.run(ms(1_000))
    rig.paused_until = ms(3_000)
    rig.run(ms(3_900))

    on, off = rig.board.take_switches()
    assert on[2]
    assert ms(1_400) <= off[0] <= ms(1_505)
    assert rig.states == ["safe", "configuring", "syncing", "ready"]
    assert "no word from the gateway" in rig.of(StateTold)[0].detail
    assert all(one.continued for one in rig.of(StateTold))
    assert rig.of(UpTold) == []
    assert rig.now < ms(4_000)


def test_a_board_held_safe_by_its_emergency_stop_is_ready_after_its_release() -> None:
    rig = ready_rig()
    rig.at(ms(1_000), lambda: rig.board.set_estop(True, rig.now))
    rig.at(ms(6_000), lambda: rig.board.set_estop(False, rig.now))
    rig.run(ms(5_900))

    assert rig.states[0] == "safe"
    assert "ready" not in rig.states
    assert rig.states.count("safe") <= 1 + 5 * SECOND // REARM_NS
    rig.order(1, 0, ms(7_000), 1_000_000)
    assert rig.answers() == {1: "not_ready"}
    rig.ready(3_000)


def test_an_order_refused_as_safe_shows_a_safe_event_that_was_lost() -> None:
    rig = ready_rig()
    rig.run_for(5)
    rig.board.spoil("drop")
    rig.board.set_estop(True, rig.now)
    rig.board.set_estop(False, rig.now)
    rig.order(1, 0, Instant(rig.now + ms(300)), 1_000_000)
    rig.run_for(800)

    assert rig.answers() == {1: "safe"}
    assert rig.states == ["safe", "configuring", "syncing", "ready"]


def test_a_reset_in_mid_stream_makes_everything_of_before_void() -> None:
    rig = ready_rig(hz=2_000)
    rig.order(1, 0, ms(900), 2 * SECOND)
    rig.order(2, 1, ms(1_500), SECOND)
    rig.run(ms(1_000))
    rig.board.reset(CAUSE_BROWN_OUT, rig.now)
    rig.run(ms(2_500))

    assert [switch[1:] for switch in rig.board.take_switches()] == [(0, True), (0, False)]
    assert rig.states == ["opening", "configuring", "syncing", "ready"]
    assert [one.continued for one in rig.of(StateTold)] == [False] * 4
    assert "brown-out" in rig.of(StateTold)[0].detail
    assert rig.of(UpTold) == [UpTold("boot 8, proto 1.0")]
    assert rig.of(LostTold) == []


def test_a_reset_whose_message_is_lost_is_found_by_the_clock() -> None:
    rig = ready_rig()
    rig.run(ms(1_000))
    rig.board.spoil("drop")
    rig.board.reset(CAUSE_BROWN_OUT, rig.now)
    rig.run_for(1_500)

    assert rig.states[-1] == "ready"
    assert rig.of(UpTold) == [UpTold("boot 8, proto 1.0")]


def test_a_board_that_falls_silent_is_lost_and_goes_on_where_it_was() -> None:
    rig = ready_rig()
    rig.order(1, 0, ms(5_000), 1_000_000)
    rig.run(ms(1_000))
    rig.board.silence(ms(4_000))
    rig.run(ms(3_900))

    assert rig.states == ["lost"]
    assert rig.faults() == ["silent"]
    rig.ready()
    assert rig.states == ["lost", "configuring", "syncing", "ready"]
    assert all(one.continued for one in rig.of(StateTold))
    assert rig.of(UpTold) == [UpTold("boot 7, proto 1.0")]


def test_an_order_outstanding_when_the_port_goes_is_unanswered_and_those_behind_it_not_ready() -> None:
    rig = ready_rig()
    rig.board.silence(ms(9_000))
    rig.run_for(1)
    rig.until(lambda: rig.session.order(Order(1, 0, ms(5_000), 1), rig.now) == [])
    rig.run_for(600 if rig.requests[-1] == SYNC else 1)
    told = rig.session.order(Order(2, 0, ms(5_000), 1), rig.now)
    rig.give(told)
    rig.cut()

    assert set(rig.answers().values()) <= {"unanswered", "not_ready"}
    assert len(rig.answers()) == 2
    assert rig.session.wake_at is None
    assert rig.session.receive(b"\x00", rig.now) == []


def test_a_closed_session_asks_nothing_and_refuses_orders() -> None:
    rig = ready_rig()
    rig.cut()
    rig.order(1, 0, Instant(rig.now + ms(500)), 1_000_000)

    assert rig.answers() == {1: "not_ready"}
    assert rig.session.take_output() == b""


def test_the_watchdog_is_fed_though_replies_are_lost() -> None:
    rig = ready_rig()
    for turn in range(30):
        rig.at(ms(1_000 + 230 * turn), lambda: rig.board.spoil("drop"))
    rig.run(ms(9_000))

    assert "safe" not in rig.states
    assert rig.session.state == "ready"


def test_orders_hit_their_instant_across_the_wrap_of_the_boards_clock() -> None:
    rig = ready_rig(traits=BoardTraits(start_ticks=FULL_TURN - 3 * 2_000_000, drift_ppm=150))
    for number, at in enumerate((2_900, 2_999, 3_000, 3_001, 3_200)):
        rig.order(number, number % 4, ms(at), MILLISECOND)
    rig.run(ms(2_000))
    rig.order(9, 3, ms(4_000), MILLISECOND)
    rig.run(ms(5_000))
    on = sorted(at for at, _, level in rig.board.take_switches() if level)

    assert [round(at / MILLISECOND) for at in on] in ([2_900, 2_999, 3_000, 3_001, 3_200, 4_000],)
    assert rig.states == []


def test_counts_of_the_boards_health_are_told_as_what_came_to_them() -> None:
    rig = ready_rig()
    rig.run(ms(1_500))
    rig.board.receive(b"\x05\x81\x02\x08\xea\x00" * 3, rig.now)
    for turn in range(40):
        rig.board.set_input(0, turn % 2 == 0, Instant(rig.now + turn * 2_000_000))
    rig.run_for(2_000)

    assert "the board got 3 frames of the gateway spoilt; check cable" in [
        one.detail for one in rig.of(FaultTold)
    ]


def test_a_native_usb_board_with_no_transfer_time_is_ready_too() -> None:
    slow = SerialAttach(port="/dev/ttyACM0", baud=9_600)
    rig = SessionRig(attach=slow, baud=4_000_000).ready()

    assert rig.session.known.clock.half_width_ns(rig.now) < MILLISECOND


def test_frames_of_a_session_are_bounded_like_any() -> None:
    session = BoardSession(board_config())
    told = session.receive(b"\x11" * 10_000, ms(0))

    assert [type(one) for one in told] == [StateTold, FaultTold]
    assert session.counts.too_long == 1
    assert not isinstance(told[1], Spoilt)


def test_a_ring_full_of_events_missed_is_fetched_and_the_rest_counted() -> None:
    rig = ready_rig(hz=4_000)
    rig.run(ms(1_000))
    before = sum(1 for _ in rig.told)
    rig.cut()
    rig.run_for(1_500)
    rig.plug()
    rig.run_for(1_000)

    lost = rig.of(LostTold)
    assert before
    assert sum(one.count for one in lost) > 150 - RING
    assert rig.session.state == "ready"
