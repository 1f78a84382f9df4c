"""A scale that is declared instead of programmed: grammars of known formats read the frames of their manuals."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from vectors_file import Vector, vectors

from drivers.decode_text import decode_grammar
from drivers.scales.frame_wire import LOST_MAX
from drivers.scales.scale_text import FRAME_MAX_BYTES, grammar_wire, take_apart
from drivers.scales.told import Piece, Told
from hub_config.scale_text import ScaleGrammar, ScaleTextConfig

GRAMMARS = {
    "and-18": """
        fields = ["status 1-2", "skip 3", "status 4-5", "skip 6", "mass 7-14", "unit 15-16"]
        decimal_comma = false
        [words]
        ST = "stable"
        US = "unstable"
        OL = "overload"
        GS = "gross"
        NT = "net"
    """,
    "cas-22": """
        end = ["\\r\\n"]
        seven_bits = false
        fields = ["status 1-2", "skip 3", "status 4-5", "skip 6-9", "mass 10-17", "skip 18", "unit 19-20"]
        words = { ST = "stable", US = "unstable", OL = "overload", GS = "gross", NT = "net" }
    """,
    "ricelake-stream": """
        start = "\\u0002"
        fields = ["sign 2", "mass 3-9", "unit 10", "status 11", "status 12"]
        units = { K = "kg", L = "lb", T = "t", G = "g", O = "oz" }
        [words]
        "" = "stable"
        G = "gross"
        N = "net"
        M = "unstable"
        O = "out_of_range"
        I = "invalid"
        Z = ["zero", "stable"]
    """,
    "cardinal-stream": """
        start = "\\r"
        end = ["\\u0003"]
        fields = ["sign 2", "mass 3-8", "status 9", "unit 11-12", "status 14", "skip 15-16"]
        words = { "" = "stable", m = "unstable", o = "out_of_range", g = "gross", n = "net" }
    """,
    "wi-stream": """
        fields = ["status 2", "sign 3", "mass 4-9", "unit 11-12"]
        words = { G = "gross", N = "net" }
    """,
    "dini": """
        separator = ","
        fields = ["status", "status", "mass", "unit"]
        [words]
        ST = "stable"
        US = "unstable"
        OL = "overload"
        UL = "underload"
        GS = "gross"
        NT = "net"
        GX = "gross"
    """,
    "ohaus": """
        separator = " "
        fields = ["mass", "unit", "status?"]
        words = { "" = "stable", "?" = "unstable", ES = "ignore" }
    """,
    "cas-10": "fields = ['mass 1-8']",
    "and-nu": "fields = ['mass 1-9']",
}
"""Of protocols that have a driver besides, so that the manuals' frames say what must come out."""
KEYS = (
    "kind",
    "value",
    "unit",
    "stable",
    "mode",
    "overload",
    "underload",
    "out_of_range",
    "invalid",
    "mass_mg",
)
NOT_DECLARED = ("dini-05",)
"""An address before the frame."""


def grammar(text: str) -> ScaleGrammar:
    return ScaleGrammar.model_validate(tomllib.loads(text))


def frames(protocol: str) -> list[Vector]:
    plain = ("weight", "count")
    return [
        vector
        for vector in vectors(protocol, direction="device->host")
        if vector.meaning["kind"] in plain
        and vector.id not in NOT_DECLARED
        and not vector.id.startswith(("own-",))
    ]


CASES = [pytest.param(name, one, id=one.id) for name in GRAMMARS for one in frames(name)]
names = pytest.mark.parametrize("protocol", GRAMMARS)


@pytest.mark.parametrize(("protocol", "vector"), CASES)
def test_a_declared_frame_says_what_its_manual_says(protocol: str, vector: Vector) -> None:
    (meaning,) = decode_grammar(grammar(GRAMMARS[protocol]), [vector.frame])

    wanted = {key: value for key, value in vector.meaning.items() if key in KEYS}
    assert {key: meaning.get(key) for key in wanted} == wanted


@names
def test_the_cut_accounts_for_every_byte_of_a_frame(protocol: str) -> None:
    one = grammar(GRAMMARS[protocol])
    (piece,) = (p for p in grammar_wire(one).feed(frames(protocol)[0].frame) if isinstance(p, Told))

    spans = take_apart(one, piece.raw).spans

    if one.separator:
        assert [span.name for span in spans if span.name not in ("start", "end")] != []
    else:
        assert b"".join(span.data for span in spans) == piece.raw
    assert all(span.first == piece.raw.index(span.data, span.first - 1) + 1 for span in spans)


def fed(one: ScaleGrammar, reads: list[bytes]) -> list[Piece]:
    wire = grammar_wire(one)
    return [piece for data in reads for piece in wire.feed(data)]


@names
def test_every_cut_of_a_stream_gives_the_pieces_of_one_read(protocol: str) -> None:
    one = grammar(GRAMMARS[protocol])
    sent = b"".join(vector.frame for vector in frames(protocol))
    data = sent + b"\x00\xfe1" + sent + b"7" * 300 + sent
    whole = fed(one, [data])

    for cut in range(len(data) + 1):
        assert fed(one, [data[:cut], data[cut:]]) == whole, f"cut at byte {cut}"
    assert fed(one, [bytes([byte]) for byte in data]) == whole


GARBAGE = (
    b"\xff\x00?" * 5,
    b"12.5",
    b"\x02\x02\x02",
    b"\r\n\r\n",
    b"ST,GS,",
    b"7" * 1_000,
    bytes(range(256)),
)


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@names
def test_after_any_garbage_the_second_of_two_like_frames_is_understood(protocol: str, garbage: bytes) -> None:
    one = grammar(GRAMMARS[protocol])
    for vector in frames(protocol):
        alone = [piece for piece in fed(one, [vector.frame]) if isinstance(piece, Told)]
        told = [piece for piece in fed(one, [garbage, vector.frame, vector.frame]) if isinstance(piece, Told)]

        assert told[-1:] == alone[-1:]


@names
@settings(deadline=None)
@given(data=st.data())
def test_damaged_frames_raise_nothing_and_what_is_held_stays_bounded(
    protocol: str, data: st.DataObject
) -> None:
    wire = grammar_wire(grammar(GRAMMARS[protocol]))
    sent = [vector.frame for vector in frames(protocol)]
    for _ in range(data.draw(st.integers(1, 8))):
        frame = bytearray(data.draw(st.sampled_from(sent)))
        place = data.draw(st.integers(0, len(frame)))
        frame[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=40))
        for piece in wire.feed(bytes(frame)):
            load = piece.load if isinstance(piece, Told) else None
            if load is not None and (load.overload or load.underload or load.out_of_range or load.invalid):
                assert load.text == ""
        assert wire.held_bytes <= FRAME_MAX_BYTES + LOST_MAX


def test_a_flood_that_ends_with_the_bytes_that_are_dropped_costs_one_frame_at_most() -> None:
    frame = b"ST,GS,+  1.500kg\r\n"

    for flood in range(3 * FRAME_MAX_BYTES):
        pieces = grammar_wire(grammar(GRAMMARS["and-18"])).feed(b";" * flood + frame + frame)
        assert isinstance(pieces[-1], Told), f"after {flood} bytes"


def test_the_rest_of_a_line_that_was_too_long_is_no_frame() -> None:
    one = grammar("separator = ','\nfields = ['mass', 'unit']")

    told = fed(one, [b"x" * 200 + b",1.5,kg\r", b"x" * (FRAME_MAX_BYTES) + b"1.5,kg\r", b"2.5,kg\r"])

    assert [piece.load.text for piece in told if isinstance(piece, Told) and piece.load] == ["2.5"]


@pytest.mark.parametrize(
    ("text", "frame", "why"),
    [
        ("fields = ['mass 1-6', 'unit 7-8']", b"  1.50st\r", 'the unit "st" is not known; add it to units'),
        ("fields = ['mass 2-6']", b"- 1.50\r", 'column 1 is not blank; declare its field, or "skip 1"'),
        ("fields = ['mass 1-4', 'unit 7-8']", b"1.50,,kg\r", 'or "skip 5-6"'),
        ("fields = ['mass 1-6']", b" 1.50\r", "5 bytes before the end, columns reach to 6"),
        (
            "fields = ['mass 1-6']",
            b"  1,50\r",
            'the mass "1,50" is no number; check fields, decimal_comma = true',
        ),
        ("fields = ['mass 1-6']\ndecimals = 2", b"  1.50\r", "is no number"),
        ("fields = ['mass 1-6']\ndecimal_comma = true", b"  1.50\r", "is no number"),
        ("fields = ['sign 1', 'mass 2-6']", b"-/ 1.5\r", "is no number"),
        ("fields = ['sign 1', 'mass 2-6']", b"- -1.5\r", "two minus signs"),
        ("fields = ['sign 1', 'mass 2-6']", b"*  1.5\r", '"*" is no sign'),
        (
            "fields = ['status 1', 'mass 2-6']\nwords = { S = 'stable' }",
            b"X  1.5\r",
            'word "X" is not declared',
        ),
        ("separator = ';'\nfields = ['mass', 'unit']", b"1.5\r", "1 fields, 2 wanted"),
        ("separator = ';'\nfields = ['mass', 'unit?']", b"1.5;kg;9\r", "3 fields, 1 to 2 wanted"),
        ("start = '!'\nfields = ['mass 2-4']", b"\x001.5\r", "check start"),
    ],
)
def test_a_frame_that_does_not_fit_says_why(text: str, frame: bytes, why: str) -> None:
    *_, meaning = decode_grammar(grammar(text), [frame])

    assert meaning["kind"] == "error"
    assert why in str(meaning["detail"])
    assert "mass_mg" not in meaning


@pytest.mark.parametrize(
    ("text", "frame", "shown"),
    [
        ("fields = ['mass 1-6']\ndecimals = 3\nunit = 'kg'", b"001250\r", ("1.250", None, 1_250_000)),
        ("fields = ['mass 1-6']\ndecimals = 3\nunit = 'g'", b"    12\r", ("0.012", None, 12)),
        ("fields = ['mass 1-6']\ndecimal_comma = true\nunit = 'kg'", b"-01,25\r", ("-1.25", None, -1_250_000)),
        ("fields = ['mass 1-6']", b"001250\r", ("1250", None, None)),
        ("separator = ' '\nfields = ['mass_unit']", b" 1.5kg \r\n", ("1.5", "kg", 1_500_000)),
        ("start = 'W:'\nend = []\nfields = ['mass 3-6', 'unit 7-8']", b"xxW: 1.5kgW:", ("1.5", "kg", 1_500_000)),
        ("separator = ';'\nfields = ['mass', 'tare', 'unit']", b"1.5;0.2;kg\r", ("1.5", "kg", 1_500_000)),
    ],
)  # fmt: skip
def test_numbers_are_read_as_declared(text: str, frame: bytes, shown: tuple[object, ...]) -> None:
    meaning = next(one for one in decode_grammar(grammar(text), [frame]) if one["kind"] == "weight")

    assert (meaning["value"], meaning["unit"], meaning["mass_mg"]) == shown


def test_a_word_may_be_a_whole_frame() -> None:
    one = grammar("fields = ['mass 1-6', 'unit 7-8']\nwords = { OVER = 'overload', OK = 'ignore' }")

    over, ignored = decode_grammar(one, [b"  OVER \r\n", b"OK\r\n"])

    assert (over["kind"], over["overload"], over["mass_mg"]) == ("weight", True, None)
    assert ignored["kind"] == "info"


def test_pieces_are_no_weight() -> None:
    (told,) = fed(grammar("fields = ['mass 1-6', 'unit 7-9']"), [b"    12pcs\r"])

    assert isinstance(told, Told)
    assert (told.kind, told.load) == ("count", None)


def test_bytes_between_frames_are_told_with_what_to_do() -> None:
    one = grammar('start = "\\u0002"\nend = ["\\u0003"]\nfields = ["mass 2-5"]')

    meanings = decode_grammar(one, [b"\x02 1.5\x03\r\n\x02 2.5\x03\r\n"])

    assert [meaning.get("value", meaning.get("detail")) for meaning in meanings] == [
        "1.5",
        "no start 02; check start",
        "2.5",
        "2 bytes of a frame that has not ended, or outside one; check start and end",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields = ['weight 1-6']", '"weight 1-6" is no field; fields are status, sign, mass'),
        ("fields = ['mass']", '"mass" has no columns'),
        ("fields = ['mass 4-1']", '"mass 4-1" can\'t stand there'),
        ("fields = ['mass 1-6', 'unit 6-7']", "columns 7 to 96"),
        ("fields = ['mass 1-97']", "columns 1 to 96"),
        ("start = '!'\nfields = ['mass 1-6']", "columns 2 to 96"),
        ("fields = ['skip 1-6']", "0 fields hold the mass; exactly one is wanted"),
        ("fields = ['mass 1-2', 'mass 3-4']", "2 fields hold the mass"),
        ("fields = ['mass 1-2', 'unit 3', 'unit 4']", "unit is listed twice"),
        ("fields = ['mass_unit 1-8', 'unit 9']", "the unit is declared twice"),
        ("fields = ['mass 1-2', 'status 3']", "a status field without words"),
        ("separator = ','\nfields = ['mass', 'unit']\ndecimal_comma = true", "the comma has two meanings"),
        ("separator = ';'\nfields = ['mass 1-6']", '"mass 1-6" has columns'),
        ("separator = ';'\nfields = ['mass?', 'unit']", "only the last fields may be missing"),
        ("separator = ';'\nend = []\nfields = ['mass']", "nothing says where a frame ends"),
        ("start = 'Ā'\nfields = ['mass 2-6']", "is no bytes"),
        ("fields = ['mass 1-6']\nwords = { 0123456789abcdefg = 'stable' }", "has 17 characters"),
    ],
)
def test_a_grammar_that_can_not_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match="hub_refused") as refused:
        grammar(text)
    assert said in str(refused.value)


def test_a_polled_scale_needs_a_request() -> None:
    more: dict[str, Any] = {"fields": ["mass 1-6"], "mode": "polled", "kind": "scale-text", "id": "scale-1"}
    plate = {"regime": "none", "max_mg": 30_000_000, "min_mg": 0, "e_mg": 1_000, "mpe_mg": 1_000}
    table = {**more, "attach": {"kind": "serial", "port": "/dev/ttyS0"}, "metrology": plate}
    with pytest.raises(ValidationError, match="it is polled, but nothing asks it"):
        ScaleTextConfig.model_validate(table)

    assert ScaleTextConfig.model_validate({**table, "request": "W\r"}).request == "W\r"
