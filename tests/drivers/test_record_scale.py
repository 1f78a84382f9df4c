"""Records of a scale that weighs in motion: a mass, an item without one, or a line that is no record."""

from typing import Any

import pytest
from driver_configs import BELT_SCALE, belt_scale_config, ms
from hypothesis import given
from hypothesis import strategies as st

from drivers.reading import DeviceFault, DeviceUp, Reading, WeightRead
from drivers.records import LINE_MAX_BYTES, RECORD_MAX_DIGITS
from drivers.scales.record_scale import RecordScale

AT = ms(5)


def received(data: bytes, **config: Any) -> list[Reading]:
    return RecordScale(belt_scale_config(**config)).receive(data, AT)


def weight(mass_mg: int | None, text: str, record: int, unit: str | None = "kg", **flags: bool) -> WeightRead:
    return WeightRead(BELT_SCALE, AT, mass_mg, text, unit, None, record=record, **flags)


def fault(data: bytes, **config: Any) -> DeviceFault:
    (only,) = received(data, **config)
    assert isinstance(only, DeviceFault)
    return only


def test_a_record_scale_is_up_when_its_port_opens_and_then_never_asks_to_be_woken() -> None:
    scale = RecordScale(belt_scale_config())

    wakes = [scale.wake_at]

    assert scale.wake(AT) == [DeviceUp(BELT_SCALE, AT, identity=None)]
    wakes.append(scale.wake_at)
    assert wakes == [ms(0), None]
    assert scale.wake(AT) == []
    assert scale.take_output() == b""


def test_a_record_is_a_weight_with_its_number() -> None:
    assert received(b"000123;1.250;kg;OK\r\n") == [weight(1_250_000, "1.250", 123)]


def test_a_record_split_across_two_reads_is_one_reading_stamped_with_its_last_byte() -> None:
    scale = RecordScale(belt_scale_config())

    assert scale.receive(b"12;1.", ms(0)) == []
    assert scale.receive(b"25;kg;OK\r\n", AT) == [weight(1_250_000, "1.25", 12)]


def test_blanks_around_fields_are_nothing() -> None:
    assert received(b" 7 ;   1.250; kg;OK \n") == [weight(1_250_000, "1.250", 7)]


@pytest.mark.parametrize(
    ("line", "config", "wanted"),
    [
        (
            b"2026|7|x|350",
            {"fields": ("skip", "record", "skip", "mass"), "unit": "g"},
            (350_000, "350", 7, "g"),
        ),
        (b"1.5\tlb\t9", {"fields": ("mass", "unit", "record")}, (680_389, "1.5", 9, "lb")),
        (b"1,2,3", {"fields": ("record", "skip", "mass"), "unit": "t"}, (3_000_000_000, "3", 1, "t")),
    ],
)
def test_the_grammar_is_configuration(
    line: bytes, config: dict[str, Any], wanted: tuple[int, str, int, str]
) -> None:
    separator = next(one for one in "|\t," if one.encode() in line)

    assert received(line + b"\r", separator=separator, **config) == [weight(*wanted)]


def test_start_and_end_are_taken_off() -> None:
    frames = b"\x021;1;kg;OK\x03\x022;2;kg;OK\x03"

    assert received(frames, start="\x02", end=("\x03",)) == [
        weight(1_000_000, "1", 1),
        weight(2_000_000, "2", 2),
    ]


def test_a_record_whose_start_was_lost_is_a_fault_and_no_weight() -> None:
    assert fault(b"1;1;kg;OK\r", start="\x02").code == "garbled"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"5;-----;kg;OL", weight(None, "", 5, overload=True)),
        (b"6;;kg;UL", weight(None, "", 6, underload=True)),
        (b"7;1.250;kg;2 ITEMS", weight(None, "1.250", 7)),
        (b"8;-;;", weight(None, "", 8, unit=None)),
        (b"9;1.250;stone;ERR", weight(None, "1.250", 9, unit=None)),
    ],
)
def test_an_item_that_has_no_weight_is_told_with_its_number(line: bytes, wanted: WeightRead) -> None:
    assert received(line + b"\r\n") == [wanted]


def test_the_words_of_a_status_are_configuration() -> None:
    words: dict[str, Any] = {"good": ("A", "B"), "overload": ("++",), "underload": ("--",)}

    readings = received(b"1;1;kg;B\r2;1;kg;OK\r3;;kg;++\r4;;kg;--\r", **words)

    assert readings == [
        weight(1_000_000, "1", 1),
        weight(None, "1", 2),
        weight(None, "", 3, overload=True),
        weight(None, "", 4, underload=True),
    ]


def test_a_negative_mass_is_told_as_it_is() -> None:
    assert received(b"1;-0.010;kg;OK\r") == [weight(-10_000, "-0.010", 1)]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (b"1;1.250;kg", "garbled", "3 fields, 4 wanted"),
        (b"1;1.250;kg;OK;", "garbled", "5 fields, 4 wanted"),
        (b"x1;1.250;kg;OK", "garbled", "record number 'x1'"),
        (b"-1;1.250;kg;OK", "garbled", "record number '-1'"),
        (b";1.250;kg;OK", "garbled", "record number ''"),
        (b"1;1.2.50;kg;OK", "garbled", "mass '1.2.50' in record 1 is no number"),
        (b"1;1,250;kg;OK", "garbled", "mass '1,250'"),
        (b"1;;kg;OK", "garbled", "mass ''"),
        (b"1;1.250;st;OK", "garbled", "unit 'st' in record 1 is unknown; known: mg, g, kg"),
        (b"1;1.250;kg;O\x00K", "bad_text", "control character 0x00"),
        (b"1;1.250;kg;\x9fOK", "bad_text", "control character 0x9F"),
        (b"9" * (RECORD_MAX_DIGITS + 1) + b";1;kg;OK", "garbled", "record number '9999999999999999999'"),
    ],
)
def test_a_line_that_is_no_record_is_a_fault_that_says_why(line: bytes, code: str, said: str) -> None:
    found = fault(line + b"\r")

    assert (found.code, found.raw) == (code, line[:64])
    assert said in found.detail


def test_the_longest_record_number_passes() -> None:
    number = 10**RECORD_MAX_DIGITS - 1

    assert received(b"%d;1;kg;OK\r" % number) == [weight(1_000_000, "1", number)]


def test_a_line_past_the_bound_is_one_fault_and_the_next_record_is_read() -> None:
    readings = received(b"9" * 100_000 + b"\r1;1;kg;OK\r")

    assert isinstance(readings[0], DeviceFault)
    assert readings[0].code == "too_long"
    assert str(LINE_MAX_BYTES) in readings[0].detail
    assert readings[1:] == [weight(1_000_000, "1", 1)]


def test_a_long_field_is_cut_in_a_message() -> None:
    assert len(fault(b"1;" + b"x" * 300 + b";kg;OK\r").detail) < 120


@given(st.integers(0, 10**9), st.integers(-30_000_000, 30_000_000))
def test_the_mass_is_exact(record: int, mass_mg: int) -> None:
    sign, whole, rest = "-" if mass_mg < 0 else "", *divmod(abs(mass_mg), 1_000_000)

    (read,) = received(f"{record};{sign}{whole}.{rest:06d};kg;OK\r".encode())

    assert isinstance(read, WeightRead)
    assert (read.mass_mg, read.record, read.stable) == (mass_mg, record, None)
