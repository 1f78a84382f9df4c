"""Line-terminated scanners: what is a code, what is a no-read, what is a fault of the device."""

from typing import Any

import pytest
from driver_configs import SCANNER, ms, scanner_config

from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.line import NAKS_MAX, LineScanner

AT = ms(5)


def read(data: str, raw: bytes, symbology: str = "unknown", aim: str | None = None) -> BarcodeRead:
    return BarcodeRead(SCANNER, AT, data, symbology, aim, raw)


def received(data: bytes, **config: Any) -> list[Reading]:
    return LineScanner(scanner_config(**config)).receive(data, AT)


def faults(readings: list[Reading]) -> list[str]:
    return [reading.code for reading in readings if isinstance(reading, DeviceFault)]


def test_a_scanner_is_up_when_its_port_opens_and_then_never_asks_to_be_woken() -> None:
    scanner = LineScanner(scanner_config())

    wakes = [scanner.wake_at]

    assert scanner.wake(AT) == [DeviceUp(SCANNER, AT, identity=None)]
    wakes.append(scanner.wake_at)
    assert wakes == [ms(0), None]
    assert scanner.wake(AT) == []
    assert scanner.take_output() == b""


def test_a_code_split_across_two_reads_is_one_reading_stamped_with_its_last_byte() -> None:
    scanner = LineScanner(scanner_config())

    assert scanner.receive(b"RB1234", ms(0)) == []
    assert scanner.receive(b"56785GB\r\n", AT) == [read("RB123456785GB", b"RB123456785GB")]


def test_two_codes_in_one_write_are_two_readings() -> None:
    assert received(b"AB\r\nCD\r\n") == [read("AB", b"AB"), read("CD", b"CD")]


def test_an_aim_identifier_is_cut_off_and_names_the_symbology() -> None:
    assert received(b"]C0RB123456785GB\r", aim=True) == [
        read("RB123456785GB", b"]C0RB123456785GB", "code128", "]C0"),
    ]


def test_a_scanner_set_to_send_aim_identifiers_may_leave_one_out() -> None:
    assert received(b"RB123456785GB\r", aim=True) == [read("RB123456785GB", b"RB123456785GB")]


def test_without_the_setting_an_aim_identifier_stays_in_the_data() -> None:
    assert received(b"]C0AB\r") == [read("]C0AB", b"]C0AB")]


def test_a_gs1_symbol_without_data_is_a_fault() -> None:
    assert faults(received(b"]C1\r", aim=True)) == ["garbled"]


def test_gs_is_kept() -> None:
    assert received(b"10ABC\x1d21XYZ\x1d\r") == [read("10ABC\x1d21XYZ\x1d", b"10ABC\x1d21XYZ\x1d")]


@pytest.mark.parametrize(
    ("raw", "text"), [("Zürich".encode(), "Zürich"), ("Zürich".encode("latin-1"), "Zürich")]
)
def test_text_is_utf_8_and_else_latin_1(raw: bytes, text: str) -> None:
    assert received(raw + b"\r") == [read(text, raw)]


@pytest.mark.parametrize("control", [b"\x00", b"\x02", b"\x1b", b"\x1c", b"\x1e", b"\x7f", b"\x85", b"\t"])
def test_a_line_with_a_control_character_is_a_fault_and_never_a_read(control: bytes) -> None:
    (fault,) = received(b"RB123" + control + b"456785GB\r")

    assert isinstance(fault, DeviceFault)
    assert fault.code == "bad_text"
    assert f"0x{control[0]:02X}" in fault.detail
    assert fault.raw == b"RB123" + control + b"456785GB"


@pytest.mark.parametrize("text", ["NoRead", "NOREAD", "NO READ", "ERROR", "NR", "?", "???????", " NR "])
def test_what_scanners_send_when_they_saw_nothing_is_a_no_read(text: str) -> None:
    assert received(text.encode() + b"\r\n") == [NoRead(SCANNER, AT)]


def test_the_no_read_text_is_configuration() -> None:
    assert received(b"NIX\rNR\r", no_read=("NIX",)) == [NoRead(SCANNER, AT), read("NR", b"NR")]


ENVELOPE = "[)>\x1e06\x1dPABC\x1dQ5\x1e\x04"


@pytest.mark.parametrize("text", [ENVELOPE, ENVELOPE[:-1], "[)>\x1e01\x1d96\x1c\x1f\x1e", "[)>\x1e"])
def test_an_envelope_of_iso_15434_is_a_code_with_its_separators(text: str) -> None:
    assert received(text.encode() + b"\r") == [read(text, text.encode())]
    assert received(b"]d1" + text.encode() + b"\r", aim=True) == [
        read(text, b"]d1" + text.encode(), "datamatrix", "]d1")
    ]


@pytest.mark.parametrize(
    "text", ["[)>\x1e06\x1d\x02P", "[)>\x1e06\x04P", "[)>06\x1eP", "x[)>\x1e06", "A\x1eB"]
)
def test_separators_outside_an_envelope_and_other_characters_within_are_faults(text: str) -> None:
    assert faults(received(text.encode() + b"\r")) == ["bad_text"]


def test_the_two_messages_of_an_ean_composite_are_two_codes() -> None:
    raw = b"]E02112345678900|]e010ABC\x1d21X"

    assert received(raw + b"\r", aim=True) == [
        read("2112345678900", raw, "ean13", "]E0"),
        read("10ABC\x1d21X", raw, "databar", "]e0"),
    ]
    assert received(b"]C0A|]e0B\r", aim=True) == [read("A|]e0B", b"]C0A|]e0B", "code128", "]C0")]
    assert received(b"A|]e0B\r") == [read("A|]e0B", b"A|]e0B")]


def test_what_waits_for_an_answer_is_told_ack_or_nak_and_others_nothing() -> None:
    scanner = LineScanner(scanner_config(ack=True))
    scanner.receive(b"RB123\r\nNR\r\n\r\n", AT)
    well = scanner.take_output()
    scanner.receive(b"RB\x00\r\n", AT)

    assert (well, scanner.take_output()) == (b"\x06\x06", b"\x15")
    silent = LineScanner(scanner_config())
    silent.receive(b"RB123\r\nRB\x00\r\n", AT)
    assert silent.take_output() == b""


def test_a_label_that_is_never_a_code_is_not_asked_for_for_ever() -> None:
    scanner = LineScanner(scanner_config(ack=True))
    for _ in range(NAKS_MAX + 2):
        scanner.receive(b"RB\x00\r\n", AT)

    assert scanner.take_output() == b"\x15" * NAKS_MAX + b"\x06" + b"\x15"


def test_empty_and_blank_lines_are_nothing() -> None:
    assert received(b"\r\n\r\n  \r\n") == []


def test_a_code_of_exactly_max_chars_passes_and_a_longer_one_is_refused() -> None:
    assert received(b"x" * 32 + b"\r", max_chars=32) == [read("x" * 32, b"x" * 32)]

    (fault,) = received(b"x" * 33 + b"\r", max_chars=32)
    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.raw) == ("too_long", b"x" * 33)
    assert "32 characters" in fault.detail


def test_characters_are_counted_not_bytes() -> None:
    raw = ("ü" * 32).encode()

    assert received(raw + b"\r", max_chars=32) == [read("ü" * 32, raw)]


def test_a_megabyte_without_a_terminator_is_one_fault_and_the_next_code_is_read() -> None:
    scanner = LineScanner(scanner_config())

    flood = [reading for _ in range(256) for reading in scanner.receive(b"x" * 4_096, AT)]

    assert faults(flood) == ["too_long"]
    assert len(flood) == 1
    assert scanner.receive(b"xxx\rAB\r", AT) == [read("AB", b"AB")]


def test_prefix_and_suffix_are_taken_off() -> None:
    assert received(b"\x02AB\x03\x02CD\r\n\x03", prefix="\x02", suffix=("\x03", "\r\n\x03")) == [
        read("AB", b"AB"),
        read("CD", b"CD"),
    ]


def test_a_line_whose_prefix_was_lost_is_a_fault_and_never_a_read() -> None:
    assert faults(received(b"456785GB\r", prefix="\x01", suffix=("\r",))) == ["garbled"]
