"""A scanner that types: keys, their states and layouts, and what is typed by hand (scanners.md §1)."""

import struct
from collections.abc import Iterable
from typing import Any

import pytest
from driver_configs import SCANNER, ms
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors_file import vectors

from drivers.decode import decode
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.evdev_keys import Keyboard
from drivers.scanners.evdev_wedge import FORGET_NS, EvdevWedge
from drivers.scanners.key_layouts import LAYOUTS
from hub_config.attach import EvdevAttach
from hub_config.names import MILLISECOND, Instant
from hub_config.scanners import EvdevWedgeConfig

AT = ms(10)
SHIFT, CTRL, CAPS, ALT, ALT_GR, ENTER, TAB = 42, 29, 58, 56, 100, 28, 15
Event = tuple[int, int, int]
A, B, ONE, BRACKET = 30, 48, 2, 27


def wedge(**config: Any) -> EvdevWedge:
    attach = EvdevAttach(kind="evdev", port="/dev/input/event3")
    one = EvdevWedge(EvdevWedgeConfig(kind="evdev-wedge", id=SCANNER, attach=attach, **config))
    one.wake(ms(0))
    return one


def events(events: Iterable[Event], at_ms: float = 0) -> bytes:
    micros = int(at_ms * 1_000)
    return b"".join(struct.pack("<qqHHi", micros // 1_000_000, micros % 1_000_000, *one) for one in events)


def down(code: int) -> Event:
    return (1, code, 1)


def up(code: int) -> Event:
    return (1, code, 0)


def press(*codes: int, at_ms: float = 0, gap_ms: float = 0) -> bytes:
    """One after another, each released again."""
    return b"".join(
        events([down(code), (0, 0, 0), up(code), (0, 0, 0)], at_ms + place * gap_ms)
        for place, code in enumerate(codes)
    )


def held(modifier: int, *codes: int) -> bytes:
    return events([down(modifier)]) + press(*codes) + events([up(modifier)])


def data(readings: list[Reading]) -> list[str]:
    return [one.data for one in readings if isinstance(one, BarcodeRead)]


def faults(readings: list[Reading]) -> list[str]:
    return [one.code for one in readings if isinstance(one, DeviceFault)]


def typed(keys: bytes, **config: Any) -> list[str]:
    return data(wedge(**config).receive(keys + press(ENTER), AT))


# Keys -----------------------------------------------------------------------------------------------------


def test_the_frame_of_the_manual_is_a1() -> None:
    keys = [down(SHIFT), (0, 0, 0), down(A), (0, 0, 0), up(A), (0, 0, 0), up(SHIFT), (0, 0, 0), down(ONE),
            (0, 0, 0), up(ONE), (0, 0, 0), down(ENTER), (0, 0, 0), up(ENTER), (0, 0, 0)]  # fmt: skip

    assert wedge().receive(events(keys), AT) == [BarcodeRead(SCANNER, AT, "A1", "unknown", None, b"A1", None)]


def test_autorepeat_and_other_events_are_no_keys() -> None:
    keys = events([down(A), (4, 4, 0x70004), (1, A, 2), (1, A, 2), up(A), (0x11, 1, 1)])

    assert typed(keys) == ["a"]


def test_shift_is_a_state_of_either_key() -> None:
    keys = events([down(42), down(54), up(42), down(A), up(A), up(54), down(A), up(A)])

    assert typed(keys) == ["Aa"]


def test_caps_lock_turns_letters_and_nothing_else() -> None:
    keys = press(CAPS, A, ONE) + held(SHIFT, A, ONE) + press(CAPS, A)

    assert typed(keys) == ["A1a!a"]


@pytest.mark.parametrize("code", [28, 96])
def test_both_enter_keys_end_a_code(code: int) -> None:
    assert data(wedge().receive(press(A, code, B, code), AT)) == ["a", "b"]


def test_the_keypad_types_digits_and_signs_whatever_is_held() -> None:
    assert typed(press(71, 72, 73, 75, 76, 77, 79, 80, 81, 82, 55, 74, 78, 83, 98)) == ["7894561230*-+./"]
    assert typed(held(SHIFT, 71, 82)) == ["70"]


def test_gs_is_ctrl_and_the_bracket_and_control_characters_are_kept() -> None:
    keys = press(A) + held(CTRL, BRACKET) + press(B) + held(97, 26, 43, 7, 12) + held(CTRL, A)

    assert typed(keys) == ["a\x1db\x1b\x1c\x1e\x1f\x01"]
    assert typed(press(A, TAB, B)) == ["a\tb"]


def test_gs_may_come_as_alt_and_its_number() -> None:
    keys = press(A) + held(ALT, 82, 80, 73) + press(B) + held(ALT, 76, 77)

    assert typed(keys) == ["a\x1db8"]


def test_numbers_with_a_zero_are_of_windows_and_those_without_of_the_pc() -> None:
    assert typed(held(ALT, 82, 80, 76, 80) + held(ALT, 79, 80, 73)) == ["\u00fc\u00fc"]


def test_ctrl_m_is_the_end_of_a_code() -> None:
    assert data(wedge().receive(press(A) + held(CTRL, 50) + press(B) + held(CTRL, 36), AT)) == ["a", "b"]


@pytest.mark.parametrize("keys", [press(A, 59, B), held(ALT, A), held(ALT, *[79] * 9), held(ALT_GR, A)])
def test_a_key_without_a_character_spoils_its_code_and_no_other(keys: bytes) -> None:
    one = wedge()

    assert faults(one.receive(keys + press(ENTER), AT)) == ["garbled"]
    assert data(one.receive(press(A, ENTER), AT)) == ["a"]


def test_keys_that_the_kernel_dropped_spoil_their_code() -> None:
    one = wedge()

    assert faults(one.receive(press(A) + events([down(SHIFT), (0, 3, 0)]) + press(B, ENTER), AT)) == [
        "too_long"
    ]
    assert data(one.receive(press(A, ENTER), AT)) == ["a"]


# Layouts --------------------------------------------------------------------------------------------------


def test_every_printable_character_of_ascii_is_on_a_us_keyboard() -> None:
    us = LAYOUTS["us"]

    assert {*us.plain.values(), *us.shifted.values()} == {chr(one) for one in range(33, 127)}


@pytest.mark.parametrize("layout", ["gb", "de", "fr"])
def test_the_other_layouts_have_letters_digits_and_signs_of_codes_too(layout: Any) -> None:
    one = LAYOUTS[layout]
    known = {*one.plain.values(), *one.shifted.values(), *one.alt_gr.values()}

    assert known >= {chr(one) for one in range(33, 127)} - ({"`"} if layout == "gb" else set())


def test_a_german_scanner_swaps_what_the_manual_says() -> None:
    keys = press(21, 44, 12, 53) + held(SHIFT, 8, 21) + held(ALT_GR, 16, 8, 9, 10, 11, 12, 27, 18, 50)

    assert typed(keys, layout="de") == ["zyß-/Z@{[]}\\~€µ"]
    assert typed(press(21, 44)) == ["yz"]


def test_gs_of_a_german_scanner_is_the_place_or_the_character() -> None:
    both = events([down(CTRL), down(ALT_GR)]) + press(10) + events([up(ALT_GR), up(CTRL)])

    assert typed(press(A) + held(CTRL, BRACKET) + both, layout="de") == ["a\x1d\x1d"]


def test_an_accent_stands_on_the_next_letter_or_alone() -> None:
    keys = press(13, 18) + held(SHIFT, 13) + press(30, 41, 57, 41, 20, 41, 41)

    assert typed(keys, layout="de") == ["éà^^t^"]


def test_a_french_keyboard_has_its_digits_behind_shift() -> None:
    assert typed(press(2, 16) + held(SHIFT, 2, 11) + held(ALT_GR, 10, 6), layout="fr") == ["&a10^["]


# Ends and times -------------------------------------------------------------------------------------------


def test_a_scanner_is_up_when_its_port_opens() -> None:
    attach = EvdevAttach(kind="evdev", port="/dev/input/event3")
    one = EvdevWedge(EvdevWedgeConfig(kind="evdev-wedge", id=SCANNER, attach=attach))

    assert one.wake_at == ms(0)
    assert one.wake(ms(3)) == [DeviceUp(SCANNER, ms(3), identity=None)]
    assert one.wake_at is None
    assert one.take_output() == b""


def test_tab_ends_a_code_where_the_scanner_is_set_so() -> None:
    assert data(wedge(terminator="tab").receive(press(A, TAB, B, ENTER), AT)) == ["a", "b"]


def test_a_code_that_ends_in_nothing_ends_when_no_key_follows() -> None:
    one = wedge(terminator="none", idle_gap_ms=50)

    assert one.receive(press(A, B), AT) == []
    assert one.wake_at == AT + 50 * MILLISECOND
    assert one.wake(ms(59)) == []
    assert data(one.wake(ms(60))) == ["ab"]
    assert one.wake_at is None


def test_two_codes_that_end_in_nothing_are_parted_though_they_are_read_at_once() -> None:
    one = wedge(terminator="none")

    assert data(one.receive(press(A, B) + press(B, A, at_ms=200), ms(900))) == ["ab"]
    assert data(one.wake(ms(950))) == ["ba"]


def test_keys_one_by_one_are_no_codes_where_codes_end_in_nothing() -> None:
    one = wedge(terminator="none")
    said = [reading for turn in range(5) for reading in one.receive(press(A, at_ms=300 * turn), AT)]
    said += one.wake(ms(2_000))

    assert faults(said) == ["garbled"] * 5


@pytest.mark.parametrize("gap_ms", [101, 150, 400, 999])
def test_what_is_typed_by_hand_is_dropped_whole(gap_ms: float) -> None:
    one = wedge()

    said = one.receive(press(19, 48, A, ONE, ENTER, gap_ms=gap_ms), AT)
    assert (data(said), faults(said)) == ([], ["garbled"])
    assert data(one.receive(press(A, B, ENTER, at_ms=6_000, gap_ms=4), AT)) == ["ab"]


def test_a_scan_after_a_stray_key_is_read_a_second_later_and_not_before() -> None:
    early, late = wedge(), wedge()

    assert data(early.receive(press(B) + press(A, A, ENTER, at_ms=900, gap_ms=4), AT)) == []
    said = late.receive(press(B) + press(A, A, ENTER, at_ms=1_001, gap_ms=4), AT)
    assert (faults(said), data(said)) == (["garbled"], ["aa"])


def test_typing_with_pauses_longer_than_that_is_no_code_either() -> None:
    said = wedge().receive(press(A, B, ENTER, gap_ms=1_500), AT)

    assert (data(said), faults(said)) == ([], ["garbled"] * 2)


def test_keys_at_the_limit_are_a_scan_and_the_limit_is_configuration() -> None:
    assert data(wedge().receive(press(A, B, ENTER, gap_ms=100), AT)) == ["ab"]
    assert data(wedge(key_gap_ms=10).receive(press(A, B, ENTER, gap_ms=11), AT)) == []


def test_times_are_those_of_the_keys_and_not_of_the_read() -> None:
    one = wedge()
    one.receive(press(A), ms(10))

    assert data(one.receive(press(B, ENTER, at_ms=4), ms(700))) == ["ab"]


def test_a_code_without_its_end_is_dropped_in_time_and_stands_before_no_other() -> None:
    one = wedge()
    one.receive(press(A, B), AT)
    assert one.wake_at == AT + FORGET_NS

    assert faults(one.wake(Instant(AT + FORGET_NS))) == ["garbled"]
    assert data(one.receive(press(A, ENTER), ms(2_000))) == ["a"]


def test_no_read_aim_and_the_bound() -> None:
    assert wedge().receive(held(SHIFT, 49, 19) + press(ENTER), AT) == [NoRead(SCANNER, AT)]
    (read,) = wedge(aim=True).receive(press(BRACKET) + held(SHIFT, 46) + press(ONE, A, ENTER), AT)
    assert isinstance(read, BarcodeRead)
    assert (read.data, read.aim, read.symbology) == ("a", "]C1", "gs1-128")
    assert typed(press(*[A] * 32), max_chars=32) == ["a" * 32]
    assert faults(wedge(max_chars=32).receive(press(*[A] * 33, ENTER), AT)) == ["too_long"]


def test_an_empty_code_is_nothing() -> None:
    assert wedge().receive(press(ENTER, ENTER, 57, ENTER), AT) == []


# Streams --------------------------------------------------------------------------------------------------


def test_every_cut_of_a_stream_gives_the_readings_of_one_read() -> None:
    stream = vectors("evdev-wedge")[3].frame + held(CTRL, BRACKET) + press(A, 59, ENTER, B, ENTER)
    whole = wedge().receive(stream, AT)

    assert data(whole) == ["]C1", "b"]
    for cut in range(len(stream) + 1):
        one = wedge()
        assert one.receive(stream[:cut], AT) + one.receive(stream[cut:], AT) == whole
    one = wedge()
    assert [reading for byte in stream for reading in one.receive(bytes([byte]), AT)] == whole


@settings(deadline=None)
@given(st.lists(st.binary(max_size=100) | st.sampled_from([one.frame for one in vectors("evdev-wedge")])))
def test_any_bytes_raise_nothing_and_what_is_held_stays_bounded(reads: list[bytes]) -> None:
    one, keyboard = wedge(max_chars=40), Keyboard("de")
    for turn, read in enumerate(reads):
        at = ms(10 + 40 * turn)
        for reading in [*one.receive(read, at), *one.wake(at)]:
            assert not isinstance(reading, BarcodeRead) or 0 < len(reading.data) <= 40
        keyboard.feed(read)
        assert keyboard.held_bytes < 24


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 4]), st.integers(0, 130), st.integers(0, 2)),
        max_size=200,
    ),
    st.sampled_from(["us", "gb", "de", "fr"]),
    st.sampled_from(["enter", "tab", "none"]),
)
def test_any_keys_raise_nothing(keys: list[Event], layout: str, terminator: str) -> None:
    decode("evdev-wedge", [events(keys)], {"layout": layout, "terminator": terminator})


def test_decode_shows_the_end_and_what_spoilt_a_code() -> None:
    assert decode("evdev-wedge", [press(A, TAB)], {"terminator": "tab"}) == [
        {"kind": "scan", "data": "a", "symbology": None, "aim": None, "terminator": "KEY_TAB"}
    ]
    (alone,) = decode("evdev-wedge", [press(21, 44)], {"layout": "de", "terminator": "none"})
    assert (alone["data"], alone["terminator"]) == ("zy", None)
    assert decode("evdev-wedge", [press(A, 96)], {})[0]["terminator"] == "KEY_KPENTER"
    (spoilt,) = decode("evdev-wedge", [press(A, 59, ENTER)], {})
    assert (spoilt["kind"], spoilt["error"], spoilt["data"]) == ("error", "garbled", "a")
    (unended,) = decode("evdev-wedge", [press(A, B)], {})
    assert (unended["kind"], unended["error"]) == ("error", "garbled")
