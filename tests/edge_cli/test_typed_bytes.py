"""Bytes as they are typed: hex as manuals, programs and traces write it, and text with escapes."""

import json

import pytest

from edge.commands.decode import main
from edge.commands.typed_bytes import bytes_of_hex, bytes_of_text


@pytest.mark.parametrize(
    "typed",
    [
        "02 2d 30 0d", "02 2D 30 0D", "022d300D", "02,2D,30,0D", "02, 2D, 30, 0D", "02:2d:30:0d", "02-2D-30-0D",
        "0x02 0x2D 0x30 0x0D", "0x02,0x2d,0x30,0x0d", "0x2, 0x2D, 0x30, 0xD", "0X022D300D", r"\x02\x2d\x30\x0d",
        r"\x02 2D\x30\x0d", "02 2D\n30\t0D ", "02; 2D; 30; 0D",
    ],
)  # fmt: skip
def test_the_same_bytes_in_the_ways_that_hex_is_written(typed: str) -> None:
    assert bytes_of_hex(typed) == b"\x02-0\r"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0x", "'x' at place 2"),
        ("02 0x2D 3g", "'g' at place 10"),
        (r"\n", r"'\\' at place 1"),
        ("0x0 2", "an odd number of hex digits (3)"),
        ("0-2", "a blank inside a byte"),
        (":", "no bytes"),
        ("0x0000: 5320 0d0a", "'0000:' at place 3 is the offset of a dump"),
        ("00000010: 53 20", "'00000010:' at place 1 is the offset of a dump"),
    ],
)
def test_what_is_no_hex_is_refused_with_its_place(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match="two hex digits a byte") as refused:
        bytes_of_hex(typed)

    assert said in str(refused.value)


def test_a_text_may_hold_control_bytes_as_a_shell_hands_them_on() -> None:
    assert bytes_of_text(r"ST,GS,1\xC4,000013.5 kg\r\n") == b"ST,GS,1\xc4,000013.5 kg\r\n"
    assert bytes_of_text(r"10A\x1d21\t\\n\&") == b"10A\x1d21\t\\n\\&"
    assert bytes_of_text("Größe\r") == "Größe\r".encode()


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--protocol", "toledo-8217", "--unit", "KG", "--hex", "02-31-2E-35-0D"], "mass_mg", 1_500_000),
        (["--protocol", "cas-10", "--unit", "lbs", "--text", r"  12.000\r\n"], "mass_mg", 5_443_108),
        (["--protocol", "toledo-8217", "--config", "benchpro=ON", "--text", r"\x02?a\r"], "net", False),
        (["--protocol", "line-crlf", "--config", "aim=true", "--text", r"]C1AIMID\r"], "aim", "]C1"),
    ],
)
def test_units_and_yes_and_no_are_taken_as_people_write_them(
    words: list[str], key: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told[key] == value
