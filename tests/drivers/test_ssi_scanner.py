"""SSI: acknowledgements, repetitions, and one command at a time (scanners.md §4)."""

import pytest
from driver_configs import READER, ms
from ssi_rig import ACKED, AGAIN, AT, BAD, FRAMES, GOOD, code, data, faults, open_scanner, said, scanner

from drivers.command import Signal, Trigger
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.ssi import (
    ACK_NS,
    COMMANDS_MAX,
    SETUP_AGAIN_NS,
    TRIES_MAX,
)
from drivers.scanners.ssi_packets import ACK, NAK, packet
from drivers.scanners.ssi_parts import REPEATED_NS
from drivers.scanners.trigger_steps import QUIET_NS
from hub_config.names import MILLISECOND, Instant

# Codes --------------------------------------------------------------------------------------------------


def test_a_code_is_acknowledged_and_told_with_the_symbology_of_its_type() -> None:
    one = open_scanner()

    (read,) = one.receive(GOOD, AT)
    assert read == BarcodeRead(READER, AT, "1Z5R89390357567127", "code128", None, b"1Z5R89390357567127", None)
    assert one.take_output() == ACK


@pytest.mark.parametrize(
    ("number", "symbology", "aim"),
    [
        (0x0F, "gs1-128", "]C1"),
        (0x24, "databar", "]e0"),
        (0x4B, "ean13-addon", None),
        (0xF0, "unknown", None),
    ],
)
def test_the_code_type_says_whether_the_data_are_of_gs1(number: int, symbology: str, aim: str | None) -> None:
    (read,) = open_scanner().receive(code(b"00006141411234567890", number=number), AT)

    assert isinstance(read, BarcodeRead)
    assert (read.symbology, read.aim) == (symbology, aim)


def test_an_aim_identifier_says_more_than_the_code_type() -> None:
    (read,) = open_scanner(aim=True).receive(code(b"]Q1https://a", number=0xF1), AT)

    assert isinstance(read, BarcodeRead)
    assert (read.data, read.symbology, read.aim) == ("https://a", "qr", "]Q1")


def test_a_suffix_within_the_data_is_taken_off_and_gs_is_kept() -> None:
    assert data(open_scanner().receive(code(b"10ABC\x1d21X\r\n"), AT)) == ["10ABC\x1d21X"]


def test_a_control_character_makes_it_no_code() -> None:
    assert faults(open_scanner().receive(code(b"10A\x02BC"), AT)) == ["bad_text"]


def test_nr_is_a_no_read_and_is_acknowledged_too() -> None:
    one = open_scanner()

    assert one.receive(FRAMES["ssi-20"], AT) == [NoRead(READER, AT)]
    assert one.take_output() == ACK


def test_a_damaged_packet_is_asked_for_again_and_its_repetition_is_told() -> None:
    one = open_scanner()

    assert faults(one.receive(BAD, AT)) == ["garbled"]
    assert one.take_output() == NAK
    assert data(one.receive(AGAIN, AT)) == ["RB123456785GB"]
    assert one.take_output() == ACK


def test_a_packet_that_comes_again_is_acknowledged_again_and_told_once() -> None:
    one = open_scanner()
    first = one.receive(code(b"RB123456785GB"), AT)
    again = one.receive(AGAIN + AGAIN, ms(2_010))

    assert data(first) == ["RB123456785GB"]
    assert again == []
    assert one.take_output() == ACK * 3


def test_the_same_label_scanned_twice_is_two_reads() -> None:
    assert data(open_scanner().receive(GOOD * 2, AT)) == ["1Z5R89390357567127"] * 2


def test_a_repetition_long_after_is_a_new_code_whose_first_packet_was_lost() -> None:
    one = open_scanner()
    one.receive(code(b"RB123456785GB"), AT)

    assert data(one.receive(AGAIN, Instant(AT + REPEATED_NS))) == []
    assert data(one.receive(AGAIN, Instant(AT + 2 * REPEATED_NS + 1))) == ["RB123456785GB"]


def test_after_damage_a_repetition_is_that_of_the_damaged_packet_even_if_it_is_like_the_one_before() -> None:
    one = open_scanner()
    one.receive(code(b"RB123456785GB"), AT)
    one.receive(BAD, AT)

    assert data(one.receive(AGAIN, AT)) == ["RB123456785GB"]


# Commands -------------------------------------------------------------------------------------------------


def test_the_setup_is_told_one_command_at_a_time_and_its_first_answer_proves_the_scanner() -> None:
    one = scanner(trigger="host")
    assert one.wake_at == ms(0)
    assert one.wake(ms(0)) == []
    sent = []
    while output := one.take_output():
        sent.append(output)
        told = one.receive(ACKED, ms(len(sent)))
        assert told == ([DeviceUp(READER, ms(1), identity=None)] if len(sent) == 1 else [])

    packeted, host = FRAMES["ssi-15"], FRAMES["ssi-14"]
    assert sent == [
        packet(0xC6, packeted[4:-2]),
        packet(0xC6, host[4:-2]),
        FRAMES["ssi-05"],
        FRAMES["ssi-08"],
    ]


def test_a_command_without_an_acknowledgement_is_sent_again_marked_so_and_given_up_in_the_end() -> None:
    one = scanner()
    one.wake(ms(0))
    first = one.take_output()
    sent, told = [], []
    for turn in range(1, TRIES_MAX + 1):
        told += one.wake(Instant(turn * ACK_NS))
        sent.append(one.take_output())

    again = packet(0xC6, first[4:-2], status=1)
    assert sent == [again] * (TRIES_MAX - 1) + [b""]
    assert faults(told) == ["silent"]
    assert one.wake_at == TRIES_MAX * ACK_NS + SETUP_AGAIN_NS


def test_a_silent_scanner_is_told_again_for_ever_and_said_to_be_silent_once() -> None:
    one = scanner()
    told: list[Reading] = []
    for _ in range(5 * (TRIES_MAX + 1)):
        assert one.wake_at is not None
        told += one.wake(one.wake_at)
        one.take_output()

    assert faults(told) == ["silent"]
    assert one.receive(ACKED, ms(60_000)) == [DeviceUp(READER, ms(60_000), identity=None)]


def test_without_a_setup_it_is_told_nothing_and_is_up_when_its_port_opens() -> None:
    one = scanner(setup=False)

    assert one.wake(ms(0)) == [DeviceUp(READER, ms(0), identity=None)]
    assert one.take_output() == b""
    assert one.wake_at is None


def test_a_session_is_begun_and_ended_and_its_code_names_the_trigger() -> None:
    one = open_scanner(trigger="host")
    assert one.command(Trigger(READER, 4, on=True), ms(2_000)) == []
    started = one.take_output()
    one.receive(ACKED, ms(2_003))

    (read,) = one.receive(GOOD, ms(2_050))
    assert isinstance(read, BarcodeRead)
    assert read.trigger == 4
    assert one.take_output() == ACK
    one.command(Trigger(READER, 4, on=False), ms(2_100))
    assert (started, one.take_output()) == (FRAMES["ssi-07"], FRAMES["ssi-08"])


def test_a_code_that_was_damaged_is_still_its_triggers_when_it_comes_again() -> None:
    one = open_scanner(trigger="host")
    one.command(Trigger(READER, 4, on=True), ms(2_000))
    one.receive(ACKED, ms(2_003))
    one.receive(BAD, ms(2_050))
    one.command(Trigger(READER, 4, on=False), ms(2_060))

    (read,) = one.receive(AGAIN, ms(2_090))
    assert isinstance(read, BarcodeRead)
    assert (read.data, read.trigger) == ("RB123456785GB", 4)


def test_a_refused_session_is_told_and_the_scanner_is_set_up_anew() -> None:
    """It was restarted and does not wait for the host any more."""
    one = open_scanner(trigger="host")
    one.command(Trigger(READER, 4, on=True), ms(2_000))
    one.take_output()

    told = one.receive(said(0xD1, b"\x02"), ms(2_003))
    assert [fault.detail for fault in told if isinstance(fault, DeviceFault)] == [
        "refused start_session: bad context"
    ]
    assert one.wake_at == ms(2_003)
    assert one.take_output() == FRAMES["ssi-08"]
    one.wake(ms(2_003))
    one.receive(ACKED, ms(2_005))
    assert one.take_output()[1] == 0xC6


def test_a_command_that_is_asked_for_again_is_sent_at_once() -> None:
    one = open_scanner(trigger="host")
    one.command(Trigger(READER, 4, on=True), ms(2_000))
    one.take_output()

    assert one.receive(said(0xD1, b"\x01"), ms(2_003)) == []
    assert one.take_output() == packet(0xE4, status=1)


def test_commands_that_wait_are_bounded_and_the_newest_are_kept() -> None:
    one = open_scanner(trigger="host")
    for number in range(1, 30):
        one.command(Trigger(READER, number, on=True), ms(2_000))
        one.receive(GOOD, ms(2_000))
        one.command(Trigger(READER, number, on=False), ms(2_000))
    one.take_output()

    sent = 0
    while one.receive(ACKED, ms(2_001)) or one.take_output():
        sent += 1
    assert sent <= COMMANDS_MAX


def test_a_session_without_an_answer_is_told_and_nothing_is_begun_until_it_is_quiet() -> None:
    one = open_scanner(trigger="host", answer_timeout_ms=100)
    one.command(Trigger(READER, 1, on=True), ms(2_000))
    one.receive(ACKED, ms(2_001))
    one.command(Trigger(READER, 1, on=False), ms(2_200))
    one.receive(ACKED, ms(2_201))

    assert faults(one.wake(ms(2_300))) == ["unanswered"]
    one.command(Trigger(READER, 2, on=True), ms(2_400))
    one.take_output()
    assert faults(one.receive(GOOD, ms(2_500))) == ["late_answer"]
    assert one.take_output() == ACK + FRAMES["ssi-07"]
    assert QUIET_NS > 100 * MILLISECOND


def test_signs_are_beeps_and_the_lamp_is_on_while_a_release_stands() -> None:
    one = open_scanner(signs=True)
    sent: list[bytes] = []
    for sign in ("release", "hold", "refused", "release", "off", "off"):
        assert one.command(Signal(READER, sign), ms(2_000)) == []
        while output := one.take_output():
            sent.append(output)
            one.receive(ACKED, ms(2_001))

    on, off = FRAMES["ssi-09"], FRAMES["ssi-10"]
    beep = [packet(0xE6, bytes([number])) for number in (1, 17, 15)]
    assert beep[0] == FRAMES["ssi-11"]
    assert sent == [on, beep[0], off, beep[1], beep[2], on, beep[0], off]
