"""The session of a folder camera: the worker's lines in any cut, its bounds, and what is no line of a worker."""

import json
import random
from typing import Any, Final

import pytest
from driver_configs import ms

from drivers.buffers import HEAD_BYTES
from drivers.cameras import CODE_CHARS_MAX, CODES_MAX, LINE_MAX_BYTES
from drivers.cameras.folder_camera import AGE_MAX_NS, FolderCamera
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Place, Reading
from hub_config.attach import FolderAttach
from hub_config.cameras import FolderCameraConfig
from hub_config.names import DeviceId, Instant

CAMERA: Final = DeviceId("cam-1")
SHA: Final = "ab" * 32
AT: Final = ms(10_000)
S10: Final = {"data": "RB123456785GB", "aim": "]C0", "x": 320, "y": 200}
READY: Final = b'{"ready":"zxing-cpp"}\n'


def new_camera() -> FolderCamera:
    return FolderCamera(
        FolderCameraConfig(
            kind="folder-camera", id=CAMERA, attach=FolderAttach(kind="folder", path="/pictures")
        )
    )


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode("ascii") + b"\n"


def picture(*codes: dict[str, Any], **more: Any) -> bytes:
    fields = {"file": "a.png", "sha256": SHA, "width": 640, "height": 480, "seen_ns": ms(9_900)} | more
    return line(**fields, codes=list(codes))


def ready_camera() -> FolderCamera:
    camera = new_camera()
    camera.receive(READY, ms(0))
    return camera


def answer(*lines: bytes, at: Instant = AT) -> list[Reading]:
    return ready_camera().receive(b"".join(lines), at)


def only_fault(readings: list[Reading]) -> DeviceFault:
    (fault,) = readings
    assert isinstance(fault, DeviceFault)
    return fault


def read(code: dict[str, Any], symbology: str, at: Instant) -> BarcodeRead:
    place = Place(code["x"], code["y"], 640, 480, SHA)
    return BarcodeRead(
        CAMERA, at, code["data"], symbology, code["aim"], code["data"].encode("utf-8"), place=place
    )


def test_the_worker_s_first_line_proves_the_camera_once() -> None:
    camera = new_camera()

    assert camera.receive(READY + READY, ms(5)) == [DeviceUp(CAMERA, ms(5), identity="zxing-cpp")]
    assert camera.wake_at is None
    assert camera.wake(ms(9)) == []
    assert camera.take_output() == b""


def test_each_code_of_a_picture_is_a_read_with_its_place_at_the_picture_s_own_instant() -> None:
    sscc = {"data": "00340123450000000018", "aim": "]C1", "x": 0, "y": 479}
    url = {"data": "https://näh.example/1", "aim": "]Q1", "x": 639, "y": 0}

    assert answer(picture(S10, sscc, url)) == [
        read(S10, "code128", ms(9_900)),
        read(sscc, "gs1-128", ms(9_900)),
        read(url, "qr", ms(9_900)),
    ]


def test_a_code_of_an_engine_that_tells_no_aim_identifier_is_of_unknown_symbology() -> None:
    bare = S10 | {"aim": None}

    assert answer(picture(bare)) == [read(bare, "unknown", ms(9_900))]


def test_gs_inside_a_code_is_data() -> None:
    code = S10 | {"data": "10AB\x1d21C", "aim": "]d2"}

    assert answer(picture(code)) == [read(code, "gs1-datamatrix", ms(9_900))]


def test_a_picture_without_a_code_is_a_no_read() -> None:
    assert answer(picture()) == [NoRead(CAMERA, ms(9_900))]


def test_a_picture_is_never_later_than_its_line() -> None:
    assert answer(picture(seen_ns=AT + 1)) == [NoRead(CAMERA, AT)]


def test_a_picture_at_the_bound_of_age_counts_and_one_past_it_is_a_fault() -> None:
    oldest = Instant(AT - AGE_MAX_NS)

    assert answer(picture(seen_ns=oldest)) == [NoRead(CAMERA, oldest)]
    fault = only_fault(answer(picture(S10, seen_ns=oldest - 1)))
    assert (fault.at, fault.code) == (AT, "late_answer")
    assert "5000 ms old, 5000 at most" in fault.detail


def test_a_picture_before_the_worker_is_ready_counts_for_nothing() -> None:
    assert only_fault(new_camera().receive(picture(S10), AT)).code == "not_proven"


def test_a_picture_that_can_not_be_read_is_a_fault_that_names_it() -> None:
    fault = only_fault(answer(line(file="b\x1b[2J\n.png", fault="broken")))

    assert (fault.code, fault.detail) == ("garbled", "picture b\ufffd[2J\ufffd.png: broken")


def test_pictures_that_were_skipped_are_a_fault_with_their_number() -> None:
    fault = only_fault(answer(line(skipped=3)))

    assert (fault.code, fault.detail[:18]) == ("late_answer", "3 pictures skipped")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (S10 | {"data": "AB\nC"}, "bad_text"),
        (S10 | {"data": "x" * (CODE_CHARS_MAX + 1)}, "too_long"),
        (S10 | {"aim": "C0"}, "garbled"),
        (S10 | {"aim": "]K9"}, "garbled"),
    ],
)
def test_a_code_that_is_none_is_a_fault_and_the_others_of_the_picture_count(
    code: dict[str, Any], fault: str
) -> None:
    first, second = answer(picture(code, S10))

    assert isinstance(first, DeviceFault)
    assert (first.code, len(first.raw) <= HEAD_BYTES) == (fault, True)
    assert second == read(S10, "code128", ms(9_900))


def test_the_longest_code_that_an_event_can_carry_counts() -> None:
    code = S10 | {"data": "x" * CODE_CHARS_MAX}

    assert answer(picture(code)) == [read(code, "code128", ms(9_900))]


def test_a_picture_may_have_as_many_codes_as_the_bound_and_no_more() -> None:
    assert len(answer(picture(*[S10] * CODES_MAX))) == CODES_MAX
    assert only_fault(answer(picture(*[S10] * (CODES_MAX + 1)))).code == "garbled"


@pytest.mark.parametrize(
    "bad",
    [
        b"Traceback (most recent call last):\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b"[" * 10_000 + b"\n",
        picture(S10, more=1),
        picture(S10 | {"x": 640}),
        picture(S10 | {"y": 480}),
        picture(S10 | {"x": -1}),
        picture(S10 | {"data": ""}),
        picture(S10 | {"data": "\ud800"}),
        picture(S10, sha256="x" * 64),
        picture(S10, width=0),
        picture(S10, seen_ns=9.5),
        picture(S10, seen_ns="9"),
        picture(S10, seen_ns=-1),
        line(ready=""),
        line(skipped=0),
        picture(S10)[:-10] + b"\n",
    ],
)
def test_what_is_no_line_of_a_worker_is_one_garbled_fault_and_the_next_line_counts(bad: bytes) -> None:
    fault, after = answer(bad, picture())

    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.raw) in [("garbled", bad[:-1][:HEAD_BYTES]), ("garbled", b"")]
    assert after == NoRead(CAMERA, ms(9_900))


def test_a_line_past_the_bound_is_one_fault_and_the_next_line_counts() -> None:
    fault, after = answer(b"x" * (3 * LINE_MAX_BYTES) + b"\n", picture())

    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.raw) == ("too_long", b"x" * HEAD_BYTES)
    assert after == NoRead(CAMERA, ms(9_900))


STREAM: Final = b"".join(
    [
        READY,
        picture(S10, S10 | {"data": "10AB\x1d21C", "aim": "]d2"}),
        b"\n\nnoise\r\n",
        picture(),
        line(file="c.png", fault="broken"),
        picture(S10)[:40] + picture(S10),
        picture(S10 | {"data": "ß€"}, file="ünï.png"),
        line(skipped=2),
    ]
)


def readings(*reads: bytes) -> list[Reading]:
    camera = new_camera()
    return [reading for each in reads for reading in camera.receive(each, AT)]


def test_every_split_in_two_gives_the_readings_of_one_read() -> None:
    whole = readings(STREAM)

    assert len(whole) == 9
    for cut in range(len(STREAM) + 1):
        assert readings(STREAM[:cut], STREAM[cut:]) == whole, f"cut at byte {cut}"


def test_byte_by_byte_gives_the_readings_of_one_read() -> None:
    assert readings(*[bytes([byte]) for byte in STREAM]) == readings(STREAM)


@pytest.mark.parametrize("seed", range(20))
def test_damaged_streams_give_readings_within_bounds_and_never_an_error(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(STREAM * 3)
    for _ in range(rng.randrange(1, 60)):
        place = rng.randrange(len(data))
        data[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    camera, found = new_camera(), []
    while data:
        size = rng.randrange(1, 200)
        found += camera.receive(bytes(data[:size]), AT)
        del data[:size]

    for reading in found:
        assert reading.device == CAMERA
        assert AT - AGE_MAX_NS <= reading.at <= AT
        if isinstance(reading, BarcodeRead):
            assert reading.place is not None
            assert reading.place.x_px < reading.place.width_px
        if isinstance(reading, DeviceFault):
            assert len(reading.raw) <= HEAD_BYTES
            assert reading.detail.isprintable()
