"""Drawn labels: what is printed on them is read back, one seed gives one picture, and none is seen half written."""

from pathlib import Path

import pytest
from pictures import need_camera_packages

from drivers.cameras.worker import Code, Decoder
from simulators.labels import CODES_MAX, draw, put
from simulators.parcels import LabelCode, stream

S10 = LabelCode("RB123456785GB", "]C0")
SSCC = LabelCode("00340123450000000018", "]C1")
EAN = LabelCode("4006381333931", "]E0")
URL = LabelCode("https://shop.invalid/order/1", "]Q1")


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    need_camera_packages()
    return Decoder()


def texts(codes: list[Code]) -> list[tuple[str, str | None]]:
    return sorted((code.data, code.aim) for code in codes)


def test_every_code_of_a_label_is_read_back_and_lies_inside_the_picture(decoder: Decoder) -> None:
    width, height, codes = decoder.decode(draw([S10, SSCC, EAN, URL], seed=3))

    assert texts(codes) == sorted((one.data, one.aim) for one in (S10, SSCC, EAN, URL))
    assert all(0 < code.x < width and 0 < code.y < height for code in codes)
    tops = {code.data: code.y for code in codes}
    assert tops[S10.data] < tops[SSCC.data] < tops[EAN.data] < tops[URL.data]


def test_the_labels_of_a_stream_of_parcels_are_read_as_they_are(decoder: Decoder) -> None:
    for parcel in stream(seed=5, n=30):
        _, _, codes = decoder.decode(draw(parcel.labels, seed=parcel.number))

        assert texts(codes) == sorted((one.data, one.aim) for one in parcel.labels), f"parcel {parcel.number}"


def test_a_label_without_codes_gives_none(decoder: Decoder) -> None:
    assert decoder.decode(draw([], seed=1))[2] == []


def test_one_seed_is_one_picture_and_another_seed_another() -> None:
    need_camera_packages()

    assert draw([S10], seed=1) == draw([S10], seed=1)
    assert draw([S10], seed=1) != draw([S10], seed=2)


def test_a_label_holds_as_many_codes_as_its_bound_and_no_more(decoder: Decoder) -> None:
    codes = [LabelCode(f"RB{number:09d}GB", "]C0") for number in range(CODES_MAX + 1)]

    assert len(decoder.decode(draw(codes[:-1], seed=1))[2]) == CODES_MAX
    with pytest.raises(ValueError, match=f"{CODES_MAX + 1} codes asked for, limit {CODES_MAX}"):
        draw(codes, seed=1)


@pytest.mark.parametrize("code", [LabelCode("A", "]d1"), LabelCode("10ABC", "]C1")])
def test_what_the_printer_does_not_know_is_refused(code: LabelCode) -> None:
    need_camera_packages()

    with pytest.raises(ValueError, match="label: "):
        draw([code], seed=1)


def test_a_picture_comes_into_the_folder_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    put(b"first", tmp_path, "1.png")
    whole = put(b"picture", tmp_path, "1.png")

    assert whole == tmp_path / "1.png"
    assert whole.read_bytes() == b"picture"
    assert list(tmp_path.iterdir()) == [whole]
