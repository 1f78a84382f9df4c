"""Every vector from a manual of a protocol that this package owns decodes to its meaning."""

import pytest
from vectors_file import NOT_ON_THE_WIRE, Vector, options_of, protocols, vectors

from drivers.decode import DECODERS, decode


def test_every_protocol_of_the_manuals_is_understood() -> None:
    assert [name for name in protocols() if name not in DECODERS] == []


@pytest.mark.parametrize("vector", vectors(*(set(protocols()) & set(DECODERS))), ids=lambda vector: vector.id)
def test_a_frame_from_a_manual_decodes_to_its_meaning(vector: Vector) -> None:
    hidden = NOT_ON_THE_WIRE.get(vector.protocol, set()) | {"note"}
    wanted = {key: value for key, value in vector.meaning.items() if key not in hidden}

    meanings = decode(vector.protocol, [vector.frame], options_of(vector))

    assert len(meanings) == 1
    assert {key: meanings[0].get(key) for key in wanted} == wanted


def test_every_weight_of_the_manuals_has_its_mass_in_milligrams() -> None:
    masses = {
        vector.id: decode("mt-sics", [vector.frame], {})[0]["mass_mg"]
        for vector in vectors("mt-sics")
        if vector.meaning["kind"] == "weight"
    }

    assert masses == {
        "mt-sics-11": 100_000,
        "mt-sics-12": 256_000,
        "mt-sics-13": -680,
        "mt-sics-14": 12_345_000,
        "mt-sics-15": 12_345_678_100,
        "mt-sics-17": None,
        "mt-sics-18": None,
    }


def test_all_frames_of_a_stream_go_through_one_driver_whatever_the_cut() -> None:
    frames = [vector.frame for vector in vectors("mt-sics", direction="device->host")]
    stream = b"".join(frames)

    whole = decode("mt-sics", frames, {})

    assert decode("mt-sics", [stream], {}) == whole
    assert decode("mt-sics", [bytes([byte]) for byte in stream], {}) == whole


def test_an_unknown_protocol_is_refused_with_the_nearest_name_and_the_list() -> None:
    with pytest.raises(
        ValueError, match=r"'mt-sic' is unknown; did you mean mt-sics\?; known: mt-sics, toledo-8217"
    ):
        decode("mt-sic", [b""], {})


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(
        ValueError, match="option speed=9 is unknown for line-crlf; known: aim=yes and aim=no"
    ):
        decode("line-crlf", [b""], {"speed": "9"})


def test_a_line_that_is_no_reply_is_an_error_with_its_bytes() -> None:
    assert decode("mt-sics", [b"S S 1.2.3 g\r\n"], {}) == [
        {"kind": "error", "error": "garbled", "raw": b"S S 1.2.3 g".hex(" ")}
    ]


def test_an_answer_of_several_codes_is_one_scan_of_many_and_an_overflow_an_error() -> None:
    assert decode("keyence-sr", [b"A!1/2,B!3/4\r", b"OVER\r", b"\x00\r"], {}) == [
        {"kind": "multi_scan", "codes": ["A", "B"]},
        {"kind": "error", "error": "reader_overflow", "raw": "4f 56 45 52"},
        {"kind": "error", "error": "garbled", "raw": "00"},
    ]


def test_a_reader_with_aim_identifiers_tells_the_symbology() -> None:
    (meaning,) = decode("keyence-sr", [b"]C0RB123456785GB\r"], {"aim": "yes"})

    assert (meaning["symbology"], meaning["data"]) == ("Code 128", "RB123456785GB")


def test_a_record_is_read_by_the_grammar_that_is_given() -> None:
    grammar = {
        "fields": "skip,mass,record,status",
        "separator": "|",
        "unit": "g",
        "good": "A,B",
        "overload": "++",
    }
    frames = [b"x|1250|7|B\r\n", b"x||8|++\r\n", b"x|1|9\r\n"]

    meanings = decode("record-scale", frames, grammar)

    assert meanings[:2] == [
        {"kind": "weight", "record": 7, "value": "1250", "unit": "g", "mass_mg": 1_250_000},
        {"kind": "weight", "record": 8, "unit": "g", "overload": True, "mass_mg": None},
    ]
    assert (meanings[2]["kind"], meanings[2]["error"]) == ("error", "garbled")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"speed": "9"}, "option speed=9 is unknown for record-scale; known: fields=…, good=…"),
        ({"fields": "mass,unit"}, "0 fields are record; exactly one is wanted"),
        ({"fields": "record,mass,colour", "unit": "g"}, "fields.2: "),
    ],
)
def test_a_grammar_that_can_not_be_is_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode("record-scale", [b"1\r"], options)


def test_with_aim_identifiers_a_line_protocol_tells_the_symbology() -> None:
    (meaning,) = decode("line-crlf", [b"]C0RB123456785GB\r\n"], {"aim": "yes"})

    assert meaning["symbology"] == "Code 128"
    assert meaning["data"] == "RB123456785GB"


@pytest.mark.parametrize(("frame", "error"), [(b"RB12345678GB", "format"), (b"", "format")])
def test_a_text_of_another_shape_is_no_s10_number(frame: bytes, error: str) -> None:
    detail = f"{len(frame)} characters; wanted: 2 letters, 9 digits, 2 letters"

    assert decode("upu-s10", [frame], {}) == [
        {"kind": "identifier", "valid": False, "error": error, "detail": detail}
    ]


def test_an_sscc_with_a_wrong_check_digit_in_element_strings_is_an_error() -> None:
    (meaning,) = decode("gs1-elements", [b"00006141411234567891"], {})

    assert (meaning["kind"], meaning["error"]) == ("error", "check_digit")


@pytest.mark.parametrize("protocol", ["mt-sics", "line-crlf", "keyence-sr", "record-scale"])
def test_bytes_without_a_line_end_are_told_to_be_incomplete(protocol: str) -> None:
    (meaning,) = decode(protocol, [b"S S     100.00 g"], {})

    assert (meaning["kind"], meaning["error"]) == ("error", "incomplete")
    assert decode(protocol, [], {}) == []
