"""Which byte `hub decode` blames where bytes are no frame."""

from collections.abc import Sequence

import pytest

from drivers.decode import DECODERS, decode
from drivers.decode_examples import EXAMPLES
from drivers.decode_refused import EXPLAINED_MAX, LOOKED_INTO, with_reasons
from drivers.meanings import Meaning

BELL = 0x07
"""In no frame of a scale or dimensioner, and on no label."""


def explained(protocol: str, frame: bytes) -> Meaning:
    def alone(tried: bytes) -> Sequence[Meaning]:
        return decode(protocol, [tried], {})

    (meaning,) = with_reasons(protocol, [frame], alone(frame), alone)
    return meaning


@pytest.mark.parametrize(
    ("protocol", "frame", "said"),
    [
        ("mt-sics", b"S S  1.2.3 g\r\n", "byte 9 (2E, '.')"),
        ("mt-sics", b"S X  1.23 g\r\n", "byte 3 (58, 'X')"),
        ("mt-sics", b"X S  1.23 g\r\n", "byte 1 (58, 'X') can't stand there; nothing begins so"),
        ("and-standard", b"ST,+0000A.27  g\r\n", "byte 9 (41, 'A')"),
        ("and-standard", b"ST,+00001.27\r\n", "it ends at byte 13 (0D), where more is wanted"),
        ("and-18", b"ST,GS,+  4.87kg\r\n", "byte 14 (6B, 'k')"),
        ("ohaus", b"  1 2.73 g\r\n", "byte 4 (20, ' ')"),
        ("toledo-8217", b"\x0212.3.4\r", "byte 6 (2E, '.')"),
        ("sma", b"\n 1G      5.025lb \r", "byte 16 (6C, 'l')"),
        ("hid-scale", b"\x03\x09\x02\x00\x14\x00", "byte 2 (09)"),
        ("cubiscan", b"\x02MAX\x03\r\n", "byte 4 (58, 'X')"),
        ("upu-s10", b"RB12345678OGB", "byte 11 (4F, 'O')"),
        ("ups-1z", b"2Z5R89390357567127", "byte 1 (32, '2')"),
        ("mt-continuous", b"\x02-0 001234000000\r+", "byte 18: the check is 2B, the bytes before it make 2A"),
        ("cas-ap1", b"\x01\x02S 12.345kga\x03\x04", "byte 13: the check is 61, the bytes before it make 60"),
        ("ssi", b"\x04\xd0\x04\x00\xff\x29", "bytes 5-6: the check is FF 29, the bytes before it make FF 28"),
        ("modbus-rtu", bytes.fromhex("010203acdb352289"), "bytes 7-8: the check is 22 89"),
    ],
)
def test_what_is_refused_names_its_byte(protocol: str, frame: bytes, said: str) -> None:
    assert str(explained(protocol, frame)["detail"]).startswith(said)


@pytest.mark.parametrize("protocol", EXAMPLES)
def test_a_byte_that_is_nowhere_is_the_one_that_is_blamed(protocol: str) -> None:
    for example in EXAMPLES[protocol]:
        for place in range(0, len(example), 3):
            if example[place] >= 0x20:
                frame = example[:place] + bytes([BELL]) + example[place + 1 :]
                meanings = decode(protocol, [frame], {})
                if len(meanings) == 1 and meanings[0].get("error") in ("garbled", "format", "prefix"):
                    detail = str(explained(protocol, frame)["detail"])
                    assert detail.startswith(f"byte {place + 1} (07)"), (frame, detail)


def test_every_example_is_a_whole_frame_of_its_protocol() -> None:
    assert set(EXAMPLES) <= set(DECODERS)
    for protocol, examples in EXAMPLES.items():
        for example in examples:
            (meaning,) = decode(protocol, [example], {})
            assert meaning.get("error") not in ("garbled", "incomplete", "format", "prefix", "check_digit"), (
                example
            )


def test_what_is_a_frame_and_what_is_too_long_stay_as_they_are() -> None:
    assert "detail" not in explained("mt-sics", b"S S     100.00 g\r\n")
    assert "detail" not in explained("mt-sics", b"S S 1.2.3 " + b"g" * LOOKED_INTO + b"\r\n")
    assert explained("upu-s10", b"RB123456786US")["detail"] == "check digit 6, computed 5"


def test_of_many_frames_only_the_first_are_looked_into() -> None:
    frames = [b"S S  1.2.3 g\r\n"] * (EXPLAINED_MAX + 2)

    told = with_reasons(
        "mt-sics", frames, decode("mt-sics", frames, {}), lambda one: decode("mt-sics", [one], {})
    )

    assert ["detail" in meaning for meaning in told] == [True] * EXPLAINED_MAX + [False] * 2
