import pytest

from simulators.devices.line_scanner import MAX_DATA, LineScanner


def test_a_scan_is_prefix_aim_identifier_data_and_suffix() -> None:
    scanner = LineScanner(prefix=b"\x01", suffix=b"\r", aim=True)

    assert scanner.scan("RB123456785GB", "]C0") == b"\x01]C0RB123456785GB\r"


def test_without_aim_only_the_data_goes_out() -> None:
    assert LineScanner().scan("RB123456785GB", "]C0") == b"RB123456785GB\r\n"


def test_frames_of_the_radwag_manual() -> None:
    """The frames `01 … 0D`, as printed there."""
    scanner = LineScanner(prefix=b"\x01", suffix=b"\r")

    assert scanner.scan("00210126", "]E4") == bytes.fromhex("01 30 30 32 31 30 31 32 36 0D")
    assert scanner.scan("CODE 39 TEST", "]A0") == bytes.fromhex("01 43 4F 44 45 20 33 39 20 54 45 53 54 0D")


def test_a_group_separator_stays_in_the_data() -> None:
    assert LineScanner().scan("10ABC\x1d99X", "]d2") == b"10ABC\x1d99X\r\n"


def test_a_failed_trigger_says_so_or_nothing() -> None:
    assert LineScanner().no_read() == b"NoRead\r\n"
    assert LineScanner(no_read_text="").no_read() == b""


def test_a_garbled_scan_holds_a_control_character_instead_of_a_digit() -> None:
    frame = LineScanner(aim=True).garbled("RB123456785GB", "]C0", at=17)

    assert frame == b"]C0RB12\x07456785GB\r\n"


def test_a_code_no_label_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="limit 4096"):
        LineScanner().scan("x" * (MAX_DATA + 1), "]Q1")
