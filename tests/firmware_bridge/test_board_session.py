"""Every way from state to state, against a simulated board in simulated time; its outputs show what is safe."""

from itertools import pairwise
from typing import Any

import pytest
from board_rig import FULL_TURN, PulsedBelt, Rig, board_config, ms

from firmware_bridge.frames import Spoilt, frame
from firmware_bridge.messages import DICT_HASH
from firmware_bridge.orders import OFF_LEAD_NS, ORDERS_MAX, Order
from firmware_bridge.session import HELLO_NS, REARM_NS, RETRY_NS, BoardSession
from firmware_bridge.told import FaultTold, LostTold, OrderTold, StateTold, UpTold
from hub_config.attach import SerialAttach
from hub_config.devices import BoardInput
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.io_board import CAUSE_BROWN_OUT
from simulators.devices.io_board_clock import BoardTraits
from simulators.devices.io_board_firmware import RING

HELLO, SYNC, OUT_AT, CONFIG_IN, WATCHDOG, GET_EVENTS, CONFIG_CRC = range(0x80, 0x87)


class SessionRig(Rig):
    def __init__(self, traits: BoardTraits | None = None, hz: int = 0, **more: Any) -> None:
        config = {
            name: more.pop(name) for name in tuple(more) if name in ("inputs", "clock_bound_us", "attach")
        }
        self.session = BoardSession(board_config(**config))
        super().__init__(self.session, PulsedBelt(hz), traits, **more)

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.of(StateTold)]

    def ready(self, within_ms: float = 2_000) -> "SessionRig":
        self.until(lambda: self.session.state == "ready", within_ms)
        return self

    def order(self, number: int, channel: int, at: Instant, for_ns: int) -> None:
        self.give(self.session.order(Order(number, channel, at, for_ns), self.now))

    def answers(self) -> dict[int, str]:
        return {one.order: one.detail for one in self.of(OrderTold)}

    def faults(self) -> list[str]:
        return [one.code for one in self.of(FaultTold)]


def ready_rig(**more: Any) -> SessionRig:
    """Ready, and nothing told yet."""
    rig = SessionRig(**more).ready()
    rig.told.clear()
    return rig


# --- the way up -----------------------------------------------------------------------------------


def test_a_board_is_greeted_configured_synchronised_armed_and_ready() -> None:
    rig = SessionRig().ready()

    assert rig.writes[0][1].startswith(b"\x00\x03\x80")
    assert rig.states == ["opening", "configuring", "syncing", "ready"]
    assert [one.continued for one in rig.of(StateTold)] == [False] * 4
    assert rig.of(UpTold) == [UpTold("boot 7, proto 1.0")]
    assert rig.now < ms(1_500)
    wanted = [HELLO, CONFIG_IN, CONFIG_CRC, *[CONFIG_IN] * 8, CONFIG_CRC, *[SYNC] * 8, WATCHDOG]
    assert rig.requests[: len(wanted)] == wanted


def test_the_first_samples_of_the_clock_are_50_ms_apart_and_the_later_ones_uneven() -> None:
    rig = ready_rig().run_for(3_000)
    first = [at for at, data in rig.writes if data[1] == SYNC][:8]
    later = [at for at, data in rig.writes if data[1] == SYNC][8:]
    gaps = [after - before for before, after in pairwise(later)]

    assert all(50 <= (after - before) // MILLISECOND <= 52 for before, after in pairwise(first))
    assert max(gaps) <= 100 * MILLISECOND
    assert len({gap // MILLISECOND for gap in gaps}) >= 6


def test_a_board_that_has_the_configuration_keeps_it() -> None:
    rig = ready_rig()
    rig.session = BoardSession(board_config())
    rig.host = rig.session
    rig.writes.clear()
    rig.ready()

    assert rig.requests[:4] == [HELLO, CONFIG_IN, CONFIG_CRC, SYNC]


def test_a_silent_board_is_greeted_every_250_ms_and_said_silent_once() -> None:
    rig = SessionRig()
    rig.board.silence(ms(10_000))
    rig.run(ms(9_900))

    assert rig.requests == [HELLO] * 40
    assert {after - before for (before, _), (after, _) in zip(rig.writes, rig.writes[1:], strict=False)} == {
        HELLO_NS
    }
    assert rig.faults() == ["silent"]
    assert rig.states == ["opening"]
    rig.ready()


def test_a_bootloader_is_told_and_greeted_until_the_firmware_answers() -> None:
    rig = SessionRig()
    rig.board.silence(ms(2_000))
    echo = frame(bytes.fromhex("0b 00 00 06 00 00 01 00 a1 61 72 62 68 69"))
    rig.at(ms(300), lambda: rig.give(rig.session.receive(echo, rig.now)))
    rig.at(ms(600), lambda: rig.give(rig.session.receive(echo, rig.now)))
    rig.ready(4_000)

    assert rig.states == ["opening", "bootloader", "configuring", "syncing", "ready"]


@pytest.mark.parametrize(
    "traits",
    [
        BoardTraits(proto=0x0200, min_proto=0x0200),
        BoardTraits(proto=0x0001, min_proto=0x0001),
        BoardTraits(proto=0x0101, min_proto=0x0101),
    ],
    ids=["newer major", "older major", "wants a newer gateway"],
)
def test_a_board_of_another_protocol_is_never_armed_and_asked_again_slowly(traits: BoardTraits) -> None:
    rig = SessionRig(traits).run(ms(11_000))
    rig.order(1, 0, ms(11_500), 1_000_000)
    rig.run_for(1_000)

    assert rig.states == ["opening", "incompatible"]
    assert "update" in rig.of(StateTold)[-1].detail
    assert set(rig.requests) == {HELLO}
    assert rig.requests.count(HELLO) == 1 + 12 * SECOND // RETRY_NS
    assert rig.answers() == {1: "not_ready"}
    assert rig.board.take_switches() == []
    assert rig.faults() == []


def test_another_table_of_messages_with_the_same_major_is_used_and_named() -> None:
    rig = SessionRig(BoardTraits(dict_hash=DICT_HASH ^ 1, proto=0x0103)).ready()

    assert rig.of(UpTold) == [UpTold(f"boot 7, proto 1.3, other message table {DICT_HASH ^ 1:08x}")]


def test_a_clock_of_no_rate_is_incompatible() -> None:
    session = BoardSession(board_config())
    session.wake(ms(0))
    hello = bytes.fromhex("c0 01 00 00 01 00 01 4c 3d 2e 1f 00 00 00 00 07 00 00 00 08 04 00 00 40")
    told = session.receive(frame(hello), ms(1))

    assert [one.state for one in told if isinstance(one, StateTold)] == ["incompatible"]


def test_an_input_that_the_board_does_not_have_is_refused_and_tried_again() -> None:
    inputs = (BoardInput(channel=9, use="beam"), BoardInput(channel=7, use="encoder"))
    rig = SessionRig(inputs=inputs).run(ms(6_000))

    assert rig.states == ["opening", "configuring"]
    (fault,) = rig.of(FaultTold)
    assert fault.code == "refused"
    assert fault.detail == "channel 9 is not on this board, which has 0 to 7; correct the inputs"
    assert rig.requests.count(HELLO) == 2


def test_a_clock_that_is_not_sure_enough_keeps_the_board_from_being_ready() -> None:
    rig = SessionRig(clock_bound_us=1_000, delay=lambda: 8 * MILLISECOND).run(ms(5_000))

    assert rig.states == ["opening", "configuring", "syncing", "syncing"]
    assert "limit 1000 µs" in rig.of(StateTold)[-1].detail
    assert rig.requests.count(WATCHDOG) == 0


# --- garbage --------------------------------------------------------------------------------------


def test_a_babbling_board_is_counted_and_heard_all_the_same() -> None:
    rig = ready_rig()
    for turn in range(50):
        rig.at(ms(1_000 + 20 * turn), lambda: rig.board.babble(b"\xff\x17\x00\xe1\x00" * 20, rig.now))
    rig.run(ms(3_000))

    assert rig.session.state == "ready"
    assert set(rig.faults()) <= {"garbled", "too_long"}
    assert rig.session.counts.garbled >= 20
    assert rig.states == []


def test_garbage_before_the_greeting_is_said_once() -> None:
    rig = SessionRig()
    rig.board.silence(ms(1_000))
    for turn in range(20):
        rig.at(ms(10 * turn), lambda: rig.give(rig.session.receive(b"\x55garbage\x00", rig.now)))
    rig.run(ms(900))

    assert rig.faults() == ["not_proven"]
    assert rig.session.counts.garbled == 20


def test_a_looped_line_is_told_once_and_is_no_board() -> None:
    session = BoardSession(board_config())
    told = []
    for turn in range(20):
        told += session.wake(ms(250 * turn))
        told += session.receive(session.take_output(), ms(250 * turn + 1))

    assert [one.code for one in told if isinstance(one, FaultTold)] == ["garbled", "silent"]
    assert session.state == "opening"


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

    assert rig.session.clock.half_width_ns(rig.now) < MILLISECOND


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
