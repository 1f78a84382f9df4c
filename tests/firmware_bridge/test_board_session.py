"""Every way from state to state, against a simulated board in simulated time; its outputs show what is safe."""

from itertools import pairwise

import pytest
from board_rig import board_config, ms
from session_rig import CONFIG_CRC, CONFIG_IN, HELLO, SYNC, WATCHDOG, SessionRig, ready_rig

from firmware_bridge.frames import frame
from firmware_bridge.messages import DICT_HASH
from firmware_bridge.session import HELLO_NS, RETRY_NS, BoardSession
from firmware_bridge.told import FaultTold, StateTold, UpTold
from hub_config.boards import BoardInput
from hub_config.names import MILLISECOND, SECOND
from simulators.devices.io_board_clock import BoardTraits

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
