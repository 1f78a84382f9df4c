"""SSI: codes of several packets, and raw text between packets (scanners.md §4)."""

import pytest
from driver_configs import ms
from ssi_rig import ACKED, AT, GOOD, code, data, faults, open_scanner, scanner

from drivers.reading import DeviceUp
from drivers.scanners.ssi import BYTE_GAP_NS
from drivers.scanners.ssi_packets import ACK, TEXT_MAX_BYTES, packet
from drivers.scanners.ssi_parts import CODE_MAX_BYTES, NEXT_PART_NS, PART_AGAIN_NS
from hub_config.names import Instant

# Codes of several packets ---------------------------------------------------------------------------------


def test_packets_that_continue_are_one_code_and_each_is_acknowledged() -> None:
    one = open_scanner()

    told = one.receive(code(b"A" * 250, more=True) + code(b"B" * 250, more=True) + code(b"C"), AT)
    assert data(told) == ["A" * 250 + "B" * 250 + "C"]
    assert one.take_output() == ACK * 3


def test_a_part_that_comes_again_is_taken_once() -> None:
    parts = [code(b"AA", more=True), code(b"AA", more=True, again=True), code(b"BB"), code(b"BB", again=True)]

    assert data(open_scanner().receive(b"".join(parts), AT)) == ["AABB"]


def test_all_parts_sent_again_from_the_first_are_one_code() -> None:
    bad = bytearray(code(b"BB", more=True))
    bad[5] ^= 1
    again = [code(text, more=text != b"CC", again=True) for text in (b"AA", b"BB", b"CC")]

    told = open_scanner().receive(code(b"AA", more=True) + bytes(bad) + b"".join(again), AT)
    assert data(told) == ["AABBCC"]


def test_a_code_with_a_hole_is_never_told() -> None:
    """The scanner does not wait for acknowledgements (multi-packet option 2 or 3)."""
    bad = bytearray(code(b"BB", more=True))
    bad[5] ^= 1
    one = open_scanner()

    told = one.receive(code(b"AA", more=True) + bytes(bad) + code(b"CC", more=True) + code(b"DD"), AT)
    assert data(told) == []
    assert faults(told) == ["garbled", "garbled"]
    assert data(one.receive(GOOD, AT)) == ["1Z5R89390357567127"]


def test_a_damaged_part_that_is_sent_again_goes_on_where_it_was() -> None:
    bad = bytearray(code(b"BB", more=True))
    bad[5] ^= 1
    one = open_scanner()
    one.receive(code(b"AA", more=True) + bytes(bad), AT)

    assert data(one.receive(code(b"BB", more=True, again=True) + code(b"CC"), AT)) == ["AABBCC"]


@pytest.mark.parametrize(("again", "limit_ns"), [(False, NEXT_PART_NS), (True, PART_AGAIN_NS)])
def test_a_code_that_was_given_up_in_the_middle_is_not_the_beginning_of_the_next(
    again: bool, limit_ns: int
) -> None:
    in_time, late = open_scanner(), open_scanner()
    for one in (in_time, late):
        one.receive(code(b"AA", more=True), AT)

    assert data(in_time.receive(code(b"BB", again=again), Instant(AT + limit_ns))) == ["AABB"]
    told = late.receive(code(b"BB", again=again), Instant(AT + limit_ns + 1))
    assert (faults(told), data(told)) == (["garbled"], ["BB"])


def test_a_packet_of_another_type_begins_a_code_of_its_own() -> None:
    told = open_scanner().receive(code(b"AA", more=True) + code(b"BB", number=1), AT)

    assert (faults(told), data(told)) == (["garbled"], ["BB"])


def test_a_code_past_the_bound_is_dropped_to_its_end() -> None:
    one = open_scanner()
    part = code(b"A" * 250, more=True)

    told = [reading for _ in range(CODE_MAX_BYTES // 250 + 3) for reading in one.receive(part, AT)]
    told += one.receive(code(b"END") + GOOD, AT)
    assert data(told) == ["1Z5R89390357567127"]
    assert faults(told) == ["garbled", "garbled"]


# Text ---------------------------------------------------------------------------------------------------


def test_a_scanner_that_sends_raw_text_is_read_too() -> None:
    """A code that begins with `8` looks like the LEN of a packet of 56 bytes."""
    one = scanner()
    one.wake(ms(0))

    told = one.receive(b"812345678905\r\nRB123456785GB\r", AT)
    assert isinstance(told[0], DeviceUp)
    assert data(told) == ["812345678905", "RB123456785GB"]


def test_text_between_replies_is_read_and_a_line_end_may_be_the_length_of_a_packet() -> None:
    one = open_scanner()
    thirteen = code(b"12345678")
    assert thirteen[0] == 0x0D

    told = one.receive(ACKED + b"ABC\r" + ACKED + b"DEF\r" + thirteen + thirteen + b"GHI\n", AT)
    assert data(told) == ["ABC", "DEF", "12345678", "12345678", "GHI"]
    assert faults(told) == []


def test_a_scanner_that_sends_text_again_was_restarted_and_is_set_up_anew() -> None:
    one = open_scanner()
    one.receive(GOOD, AT)
    one.take_output()

    assert data(one.receive(b"RB123456785GB\r", ms(20))) == ["RB123456785GB"]
    assert one.wake_at == ms(20)
    one.wake(ms(20))
    assert one.take_output()[1] == 0xC6


def test_text_that_is_not_plain_is_a_code_only_of_a_scanner_that_sends_no_packets() -> None:
    text, packets = open_scanner(), open_scanner()
    packets.receive(GOOD, AT)

    assert data(text.receive("Zürich\r".encode(), AT)) == ["Zürich"]
    assert faults(packets.receive("Zürich\r".encode(), AT)) == ["garbled"]


def test_what_is_left_of_a_damaged_packet_is_no_text() -> None:
    bad = bytearray(GOOD)
    bad[0] -= 4

    told = open_scanner().receive(bytes(bad) + b"\r" + b"ABC\r", AT)
    assert data(told) == ["ABC"]


def test_a_packet_with_a_longer_length_than_it_has_hides_nothing_behind_it() -> None:
    told = open_scanner().receive(b"\xff" + GOOD[1:] + GOOD, AT)

    assert data(told) == ["1Z5R89390357567127"]


def test_half_a_packet_is_dropped_when_no_more_comes() -> None:
    one = open_scanner()
    one.receive(GOOD[:9], AT)
    assert one.wake_at == AT + BYTE_GAP_NS

    assert faults(one.wake(Instant(AT + BYTE_GAP_NS))) == ["garbled"]
    assert one.held_bytes == 0
    assert data(one.receive(b"ABC\r", ms(900))) == ["ABC"]


def test_text_without_an_end_is_dropped_at_its_bound() -> None:
    one = open_scanner()

    told = [reading for _ in range(10) for reading in one.receive(b"7" * 1_000, AT)]
    assert faults(told) == ["garbled"] * 2
    assert one.held_bytes <= TEXT_MAX_BYTES
    assert data(one.receive(b"77\rABC\r", AT)) == ["ABC"]


def test_our_own_packets_echoed_are_nothing() -> None:
    one = open_scanner()

    assert one.receive(packet(0xF3, b"\x03ABC") + packet(0xD0), AT) == []
    assert one.take_output() == b""
