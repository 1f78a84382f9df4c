"""`hub decode` shows which bytes of a frame say what, and leaves none out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors_file import Vector, options_of, protocols, vectors

from drivers.decode import DECODERS, decode
from drivers.decode_cuts import cut
from drivers.meanings import Meaning


def fields(protocol: str, frame: bytes, options: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    meaning = decode(protocol, [frame], options or {})[0]
    return [
        (str(one["columns"]), str(one["field"]), str(one["means"])) for one in cut(protocol, frame, meaning)
    ]


@pytest.mark.parametrize("vector", vectors(*(set(protocols()) & set(DECODERS))), ids=lambda vector: vector.id)
def test_every_byte_of_a_frame_is_shown_once_and_in_order(vector: Vector) -> None:
    meaning = decode(vector.protocol, [vector.frame], options_of(vector))[0]

    shown = cut(vector.protocol, vector.frame, meaning)

    assert " ".join(str(one["hex"]) for one in shown) == vector.frame.hex(" ")


@given(st.binary(min_size=1, max_size=60), st.sampled_from(sorted(DECODERS)))
def test_of_any_bytes_none_is_left_out(frame: bytes, protocol: str) -> None:
    meaning: Meaning = {"kind": "weight", "value": "1", "unit": "g", "elements": {"00": "1"}}

    assert " ".join(str(one["hex"]) for one in cut(protocol, frame, meaning)) == frame.hex(" ")


def test_a_weight_is_found_with_its_sign_and_zeros() -> None:
    assert fields("and-standard", b"US,-00183.69  g\r\n") == [
        ("1-3", "-", ""), ("4-12", "value", "-183.69"), ("13-14", "-", ""), ("15", "unit", "g"), ("16", "CR", ""),
        ("17", "LF", ""),
    ]  # fmt: skip


def test_a_frame_with_fixed_places_is_cut_by_its_manual() -> None:
    names = [name for _, name, _ in fields("mt-continuous", b"\x02-0 001234000000\r*")]

    assert names == ["STX", "SWA", "SWB", "SWC", "weight", "tare", "CR", "checksum"]


def test_the_parts_of_an_identifier_and_of_element_strings_are_named() -> None:
    assert fields("upu-s10", b"RA473124829GB") == [
        ("1-2", "service", "RA"), ("3-10", "serial", "47312482"), ("11", "check", "9"), ("12-13", "country", "GB"),
    ]  # fmt: skip
    assert fields("gs1-elements", b"0000614141123456789042078745") == [
        ("1-20", "(00)", "006141411234567890"), ("21-28", "(420)", "78745"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "frame", "said"),
    [
        ("toledo-8217", b"\x02?a\r", {"status": "in motion, net"}),
        ("mt-continuous", b"\x0248   1250     0\r\r", {"SWA": "× 0.01, increment 2", "SWB": "in motion, kg"}),
        ("mt-continuous", b"\x02*0!001234000000\r,", {"SWC": "g"}),
        ("nci", b"\n001.250kg\r\n1p4\r\x03", {"status 1": "in motion", "status 3": "net"}),
    ],
)
def test_the_bits_of_a_status_byte_are_told(protocol: str, frame: bytes, said: dict[str, str]) -> None:
    told = {field: means for _, field, means in fields(protocol, frame)}

    assert {field: told[field] for field in said} == said


@pytest.mark.parametrize(
    ("protocol", "frame", "columns"),
    [
        ("sma", b"\n 1G       5.025lb \r", "7-16"),
        ("nci", b"\n0012.34lb\r\n00\r\x03", "2-8"),
        ("ricelake-stream", b"\x02   12.50KG \r\n", "3-9"),
        ("cardinal-stream", b"\r+012.50  kg g  \x03", "3-8"),
        ("wi-stream", b" G+012.50 lb\r\n", "4-9"),
        ("toledo-8217", b"\x0212.345\r", "2-7"),
    ],
)
def test_the_value_of_a_scale_stands_where_its_manual_has_it(
    protocol: str, frame: bytes, columns: str
) -> None:
    assert [at for at, field, _ in fields(protocol, frame) if field == "value"] == [columns]
