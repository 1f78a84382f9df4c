"""A check that config declares: it holds or the frame counts for nothing, in any cut and after any garbage."""

from functools import reduce
from operator import xor
from typing import Any

import pytest
from driver_configs import dm3610_config
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.declared_check import check_value, held_by, part
from drivers.decode import decode
from drivers.decode_text import decode_grammar
from drivers.dimensioners.dm3610 import Dm3610
from drivers.reading import DeviceFault, DimensionsRead
from drivers.scales.frame_wire import LOST_MAX
from drivers.scales.scale_text import FRAME_MAX_BYTES, grammar_wire
from drivers.scales.told import Piece, Told
from hub_config.declared_check import CHECK_BITS, check_rule
from hub_config.dimensioners import Dm3610Config
from hub_config.names import Instant
from hub_config.scale_text import ScaleGrammar
from simulators.fuzz_checks import CHECK_BYTE, CHECK_BYTES, CHECKED_TEXTS

CATALOGUE = {
    "crc8": 0xF4, "crc8-maxim": 0xA1, "crc16-modbus": 0x4B37, "crc16-arc": 0xBB3D, "crc16-ccitt-false": 0x29B1,
    "crc16-xmodem": 0x31C3, "xor": 0x31, "sum": 0xDD, "sum-negated": 0x23,
}  # fmt: skip
"""Of `123456789`."""
PD2 = ScaleGrammar.model_validate(CHECK_BYTE)
CRC = ScaleGrammar.model_validate({
    "start": "\x02", "end": ["\r\n"], "fields": ["status 2", "mass 3-8", "unit 9-10"], "words": {"S": "stable"},
    "seven_bits": False, "check": "crc16-modbus frame raw-low-first",
})  # fmt: skip
TEXT = ScaleGrammar.model_validate(
    {
        "separator": ",",
        "fields": ["status", "mass", "unit"],
        "words": {"ST": "stable"},
        "check": "sum data hex",
    }
)
NO_END = ScaleGrammar.model_validate(
    {"start": "\x02", "end": [], "fields": ["mass 2-7", "skip 8"], "unit": "g", "check": "xor 2-8 raw"}
)


def made(grammar: ScaleGrammar, data: bytes) -> bytes:
    """A frame of the grammar around its data."""
    rule = check_rule(grammar.check or "")
    assert rule is not None
    start = grammar.start.encode("latin-1")
    due = part(rule, start, data + b"\x00" * rule.size).due
    return start + data + due + (grammar.end[0].encode("latin-1") if grammar.end else b"")


FRAMES = {
    "pd2": (PD2, CHECK_BYTES),
    "crc": (CRC, tuple(made(CRC, b"S%6dkg" % number) for number in range(1_250, 1_290))),
    "text": (TEXT, (made(TEXT, b"ST,+001.250,kg"), made(TEXT, b"ST,-000.005,kg"))),
    "no-end": (NO_END, tuple(made(NO_END, text) for text in (b"001250\x03", b"000031\x03", b"000003\x03"))),
}
grammars = pytest.mark.parametrize("name", FRAMES)


def fed(grammar: ScaleGrammar, reads: list[bytes]) -> list[Piece]:
    wire = grammar_wire(grammar)
    return [piece for data in reads for piece in wire.feed(data)]


def told(pieces: list[Piece]) -> list[Told]:
    return [piece for piece in pieces if isinstance(piece, Told)]


@pytest.mark.parametrize("kind", CHECK_BITS)
def test_each_kind_gives_the_value_of_the_catalogue(kind: str) -> None:
    assert check_value(kind, b"123456789") == CATALOGUE[kind]


@grammars
def test_a_frame_with_a_right_check_is_read_whatever_byte_its_check_is(name: str) -> None:
    grammar, frames = FRAMES[name]

    for frame in frames:
        (piece,) = fed(grammar, [frame])
        assert isinstance(piece, Told), frame


def test_some_of_these_checks_look_like_a_start_or_an_end() -> None:
    assert {frame[-2:-1] for frame in CHECK_BYTES} >= {b"\x02", b"\x03", b"\x06"}


@grammars
def test_no_frame_with_one_wrong_bit_is_a_weight(name: str) -> None:
    grammar, frames = FRAMES[name]
    bits = 7 if grammar.seven_bits else 8

    for frame in frames:
        for place in range(len(frame)):
            for bit in range(bits):
                damaged = bytearray(frame)
                damaged[place] ^= 1 << bit
                assert told(fed(grammar, [bytes(damaged)])) == [], damaged


@grammars
def test_every_cut_gives_the_pieces_of_one_read(name: str) -> None:
    grammar, frames = FRAMES[name]
    sent = b"".join(frames[:4])
    data = sent + b"\x00\xfe1" + sent + b"7" * 300 + sent[3:] + sent
    whole = fed(grammar, [data])

    assert fed(grammar, [bytes([byte]) for byte in data]) == whole
    for cut in range(len(data) + 1):
        assert fed(grammar, [data[:cut], data[cut:]]) == whole, f"cut at byte {cut}"


GARBAGE = (b"\x02", b"\x06\x02" * 5, b"\x06\x020012", b"12.5\x03", b"\r\n", b"7" * 1_000, bytes(range(256)))


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@grammars
def test_after_any_garbage_the_second_of_two_like_frames_is_understood(name: str, garbage: bytes) -> None:
    grammar, frames = FRAMES[name]

    for frame in frames:
        assert told(fed(grammar, [garbage, frame, frame]))[-1:] == told(fed(grammar, [frame])), frame


@grammars
@settings(deadline=None)
@given(data=st.data())
def test_damage_raises_nothing_and_what_is_held_stays_bounded(name: str, data: st.DataObject) -> None:
    grammar, frames = FRAMES[name]
    wire = grammar_wire(grammar)
    for _ in range(data.draw(st.integers(1, 8))):
        frame = bytearray(data.draw(st.sampled_from(frames)))
        place = data.draw(st.integers(0, len(frame)))
        frame[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=40))
        wire.feed(bytes(frame))
        assert wire.held_bytes <= FRAME_MAX_BYTES + LOST_MAX


def test_decode_shows_the_check_and_says_what_the_frame_would_keep() -> None:
    frame = b"\x06\x02001250" + bytes([reduce(xor, b"001250")]) + b"\x03"
    (right,) = decode_grammar(PD2, [frame])
    other = ScaleGrammar.model_validate({**CHECK_BYTE, "check": "sum data raw"})
    (wrong,) = decode_grammar(other, [frame])
    (short,) = decode_grammar(PD2, [b"\x06\x02001250"])

    assert (right["kind"], right["mass_mg"], right["stable"]) == ("weight", 1_250_000, None)
    cut: Any = right["cut"]
    assert [one["means"] for one in cut if one["field"] == "check"] == ["holds"]
    assert (wrong["error"], "xor data raw" in str(wrong["detail"])) == ("checksum", True)
    assert short["error"] == "incomplete"


def test_a_frame_of_a_word_alone_is_checked_too() -> None:
    grammar = TEXT.model_copy(update={"words": {"OL": ("overload",)}})

    (over,) = fed(grammar, [made(grammar, b"OL")])
    assert isinstance(over, Told)
    assert over.load is not None
    assert over.load.overload
    assert told(fed(grammar, [b"OL\r", b"OL00\r", b"9B\r"])) == []


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "unknown": ({"check": "lrc data hex"}, "no check"),
    "two words": ({"check": "xor data"}, "no check"),
    "one byte has no order": ({"check": "xor data raw-low-first"}, "no check"),
    "column 0": ({"check": "xor 0-3 hex"}, "no check"),
    "backwards": ({"check": "xor 5-3 hex"}, "no check"),
    "past the columns": ({"check": "xor 1-9 hex"}, "columns reach to 9"),
    "raw crc of seven bits": ({"check": "crc8 data raw"}, "uses all eight bits"),
    "raw between separators": ({"check": "xor data raw", "separator": ",", "fields": ["mass"]}, "raw check"),
    "columns between separators": ({"check": "xor 1-3 hex", "separator": ",", "fields": ["mass"]}, "columns"),
    "two ends": ({"end": ["\r", "\r\n"]}, "begins with"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_contradiction_is_refused_with_what_to_write(name: str) -> None:
    more, said = REFUSED[name]

    with pytest.raises(ValidationError, match=said):
        ScaleGrammar.model_validate({"fields": ["mass 1-8"], **more})


# Texts whose check is two hexadecimal digits --------------------------------------------------------------


@pytest.mark.parametrize("protocol", CHECKED_TEXTS)
def test_a_text_whose_check_is_declared_is_read_and_one_that_does_not_hold_is_a_fault(protocol: str) -> None:
    for frame in CHECKED_TEXTS[protocol]:
        options = {"check": "xor data hex"}
        (right,) = decode(protocol, [frame], options)
        wrong = decode(protocol, [frame.replace(b"\r\n", b"0\r\n")], options)

        assert right["kind"] in ("weight", "dimensions")
        assert [one["kind"] for one in wrong] == ["error"]
        assert "is due" in str(wrong[0]["detail"])
        for place in range(len(frame) - 2):
            for bit in range(8):
                damaged = bytearray(frame)
                damaged[place] ^= 1 << bit
                meanings = decode(protocol, [bytes(damaged)], options)
                assert {one["kind"] for one in meanings} == {"error"}, damaged


def dm3610(**more: object) -> Dm3610:
    return Dm3610(dm3610_config(unit="cm", **more))


def test_a_dm3610_with_a_check_that_nobody_declared_says_so() -> None:
    frame = CHECKED_TEXTS["datalogic-dm3610"][0]

    (fault,) = dm3610().receive(frame, Instant(0))
    assert isinstance(fault, DeviceFault)
    assert "declare how they are made (check)" in fault.detail
    (meaning,) = decode("datalogic-dm3610", [frame], {})
    assert "xor data hex" in str(meaning["detail"])


def test_a_dm3610_whose_check_is_declared_is_believed_only_with_it() -> None:
    frame = CHECKED_TEXTS["datalogic-dm3610"][0]
    bare = frame[:-4] + b"\r\n"
    good, bad = dm3610(check="xor data hex").receive(frame + bare, Instant(0))

    assert isinstance(good, DimensionsRead)
    assert (good.record, good.l_um, good.w_um, good.h_um) == (1, 355_000, 240_000, 182_000)
    assert isinstance(bad, DeviceFault)
    header = b"\x02" + frame[1:-4] + b"%02X\r\n" % (reduce(xor, frame[:-4]))
    (framed,) = dm3610(check="xor frame hex").receive(header, Instant(0))
    assert isinstance(framed, DimensionsRead)


def test_a_heartbeat_is_one_with_its_check_and_without() -> None:
    session = dm3610(check="xor data hex", heartbeat="HB")

    assert session.receive(b"\x02HB\r\n\x02HB0A\r\n", Instant(0)) == []


@pytest.mark.parametrize("check", ["crc16-arc data hex", "xor data raw", "xor 2-5 hex", ""])
def test_two_digits_are_all_that_a_dm3610_sends(check: str) -> None:
    with pytest.raises(ValidationError):
        Dm3610Config.model_validate({**dm3610_config().model_dump(), "check": check})


def test_what_a_frame_would_keep_is_told_only_where_digits_end_it() -> None:
    assert held_by(b"\x02", b"001250XY") == []
    assert "sum data hex" in held_by(b"", b"ST,+001.250,kg" + b"%02X" % (sum(b"ST,+001.250,kg") & 0xFF))
