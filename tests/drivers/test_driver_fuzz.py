"""Bytes that no manual foresees: no driver raises, none grows, and a damaged frame is never a weight by accident."""

import re

from driver_configs import (
    READER,
    belt_scale_config,
    dimensioner_configs,
    dws_config,
    keyence,
    ms,
    reader_config,
    scale_config,
    scanner_config,
)
from hypothesis import given
from hypothesis import strategies as st
from vectors_file import vectors

from drivers import records
from drivers.buffers import CHUNK_BYTES
from drivers.command import Trigger
from drivers.decode import decode
from drivers.dimensioners.registry import new_dimensioner
from drivers.reading import BarcodeRead, DeviceFault, DimensionsRead, NoRead, Reading, WeightRead
from drivers.scales.mt_sics import LINE_MAX_BYTES, SicsScale
from drivers.scales.record_scale import RecordScale
from drivers.scanners import reader as line_reader
from drivers.scanners.line import LineScanner
from drivers.scanners.ssi_packets import ACK, BadPacket, Packet, PacketBuffer
from drivers.session import Session

SIZES = ("cubiscan", "sick-mda", "datalogic-dm3610")
STREAMED = ("mt-sics", "line-crlf", "aim", "keyence-sr", *SIZES)
SERIAL = b'I4 A "1"\r\n'
FRAMES = [vector.frame for vector in vectors(*STREAMED)]
RECORD = b"7;1.250;kg;OK\r\n"
DWS = b"7;300;200;100;1250;OK\r\n"
GOOD_WEIGHT = re.compile(rb"S +[SD] +[+-]?[0-9]+(\.[0-9]+)?( +[A-Za-z%]{1,5})? *")

noise = st.binary(max_size=200)
frame = st.sampled_from([*FRAMES, RECORD, DWS])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame of a manual with a few bytes changed, lost or added."""
    data = bytearray(draw(frame))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


reads = st.lists(st.one_of(noise, frame, damaged()), max_size=20)


def proven() -> SicsScale:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))
    scale.receive(SERIAL, ms(1))
    scale.wake(ms(1))
    return scale


def feed(session: Session, given_reads: list[bytes]) -> list[Reading]:
    readings: list[Reading] = []
    for turn, data in enumerate(given_reads):
        at = ms(10 * turn + 10)
        readings += session.receive(data, at)
        if session.wake_at is not None and session.wake_at <= at:
            readings += session.wake(at)
        assert len(session.take_output()) <= 8
    return readings


@given(reads)
def test_a_scale_never_raises_and_gives_a_mass_only_for_a_whole_frame(given_reads: list[bytes]) -> None:
    scale = proven()

    readings = feed(scale, given_reads)

    whole = sum(
        GOOD_WEIGHT.fullmatch(line) is not None
        for line in re.split(rb"[\r\n]", b"".join(given_reads))
        if line
    )
    assert (
        sum(isinstance(reading, WeightRead) and reading.mass_mg is not None for reading in readings) <= whole
    )
    assert scale._lines.held_bytes <= LINE_MAX_BYTES + CHUNK_BYTES


@given(reads, st.booleans(), st.sampled_from(["", "\x01", "%"]))
def test_a_scanner_never_raises_and_no_code_holds_a_control_character(
    given_reads: list[bytes], aim: bool, prefix: str
) -> None:
    readings = feed(LineScanner(scanner_config(aim=aim, prefix=prefix, max_chars=40)), given_reads)

    for reading in readings:
        if isinstance(reading, BarcodeRead):
            assert 0 < len(reading.data) <= 40
            assert not re.search(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]", reading.data)


@given(reads, st.lists(st.booleans(), max_size=20), st.booleans())
def test_a_reader_never_raises_and_no_code_holds_a_control_character(
    given_reads: list[bytes], triggers: list[bool], aim: bool
) -> None:
    reader = keyence(reader_config(aim=aim))
    readings: list[Reading] = []

    for turn, data in enumerate(given_reads):
        at = ms(700 * turn)
        readings += reader.receive(data, at)
        if turn < len(triggers):
            readings += reader.command(Trigger(READER, turn // 2, triggers[turn]), at)
        if reader.wake_at is not None and reader.wake_at <= at:
            readings += reader.wake(at)
        assert len(reader.take_output()) <= len(b"LOFF\rLON\r") * 4

    for reading in readings:
        if isinstance(reading, BarcodeRead):
            assert not re.search(r"[\x00-\x1c\x1e\x1f\x7f-\x9f]", reading.data)
            assert reading.data.strip(" ")
        if isinstance(reading, BarcodeRead | NoRead):
            assert reading.trigger is not None
        if isinstance(reading, DeviceFault):
            assert len(reading.raw) <= 64
    assert reader.wire.held_bytes <= line_reader.LINE_MAX_BYTES + CHUNK_BYTES


@given(reads, st.sampled_from(["", "\x02", "%"]))
def test_a_record_scale_never_raises_and_gives_a_mass_only_for_a_whole_record(
    given_reads: list[bytes], start: str
) -> None:
    scale = RecordScale(belt_scale_config(start=start))

    readings = feed(scale, given_reads)

    lines = [line for line in re.split(rb"[\r\n]", b"".join(given_reads)) if line]
    whole = sum(
        re.search(rb"[0-9]+ *; *[+-]?[0-9.]+ *; *[a-z]+ *; *OK *\Z", line) is not None for line in lines
    )
    masses = [one for one in readings if isinstance(one, WeightRead) and one.mass_mg is not None]
    assert len(masses) <= whole
    assert scale._records.held_bytes <= records.LINE_MAX_BYTES + CHUNK_BYTES


@given(reads, st.integers(0, 4))
def test_a_dimensioner_never_raises_and_tells_all_three_sides_or_none(
    given_reads: list[bytes], kind: int
) -> None:
    config = dimensioner_configs()[kind]

    for reading in feed(new_dimensioner(config), given_reads):
        if isinstance(reading, DimensionsRead):
            sides = (reading.l_um, reading.w_um, reading.h_um)
            assert sides == (None, None, None) or all(side is not None and side > 0 for side in sides)
            assert reading.device == config.id
        elif isinstance(reading, WeightRead):
            assert config.metrology is not None
        elif isinstance(reading, DeviceFault):
            assert len(reading.raw) <= 64


@given(damaged(), noise)
def test_the_second_repetition_of_a_good_message_of_a_dimensioner_is_read(
    garbage: bytes, more: bytes
) -> None:
    named = [
        vectors(name, direction="device->host")[0].frame
        for name in ("datalogic-dm3610", "sick-mda", "cubiscan")
    ]
    goods = [b"7;300;200;100;mm;OK\r\n", DWS, *named]
    for config, good in zip(dimensioner_configs(), goods, strict=True):
        session = new_dimensioner(config)
        session.receive(garbage + more, ms(2))

        told = [reading for turn in range(2) for reading in session.receive(good, ms(3 + turn))]

        assert any(isinstance(one, DimensionsRead) for one in told), config.kind


@given(reads)
def test_a_weight_of_a_dimensioner_has_the_number_of_its_dimensions(given_reads: list[bytes]) -> None:
    readings = feed(new_dimensioner(dws_config()), given_reads)

    weights = [one.record for one in readings if isinstance(one, WeightRead)]
    sizes = [one.record for one in readings if isinstance(one, DimensionsRead)]
    assert not [number for number in weights if number not in sizes]


@given(damaged(), noise)
def test_after_garbage_a_second_record_is_read_and_a_reader_answers_its_next_trigger(
    garbage: bytes, more: bytes
) -> None:
    scale, reader = RecordScale(belt_scale_config()), keyence(reader_config())
    reader.wake(ms(0))

    scale.receive(garbage + more, ms(2))
    reader.receive(garbage + more + b"\r", ms(2))
    told = [reading for turn in range(2) for reading in scale.receive(RECORD, ms(3 + turn))]
    while reader.wake_at is not None:
        reader.wake(reader.wake_at)
    reader.command(Trigger(READER, 9, on=True), ms(5_000))

    assert isinstance(told[-1], WeightRead)
    (read,) = reader.receive(b"RB123456785GB\r", ms(5_010))
    assert isinstance(read, BarcodeRead)
    assert (read.data, read.trigger) == ("RB123456785GB", 9)


@given(damaged(), noise)
def test_the_second_repetition_of_a_valid_frame_after_garbage_is_read(garbage: bytes, more: bytes) -> None:
    good = b"S S     100.00 g\r\n"
    scale = proven()

    scale.receive(garbage + more, ms(2))
    readings = [reading for turn in range(4) for reading in scale.receive(good, ms(3 + turn))]

    assert isinstance(readings[-1], WeightRead)
    assert readings[-1].mass_mg == 100_000


@given(
    st.sampled_from([*STREAMED, "line-prefix01-cr", "upu-s10", "sscc", "gs1-elements"]),
    reads,
)
def test_decode_never_raises_on_bytes(protocol: str, frames: list[bytes]) -> None:
    decode(protocol, frames, {})


def test_two_packets_of_a_scanner_that_end_with_the_same_byte_are_both_bad_and_the_next_is_read() -> None:
    overlapping = bytes.fromhex("0A D0 00 07 D0 00 00 00 00 00 00 00")
    buffer = PacketBuffer()

    assert [type(piece) for piece in buffer.feed(overlapping)] == [BadPacket]
    assert [type(piece) for piece in buffer.feed(ACK + ACK)][-1] is Packet


@given(reads)
def test_decode_never_raises_on_records(frames: list[bytes]) -> None:
    decode("record-scale", frames, {"separator": ";"})
    decode("record-dimensioner", frames, {"separator": ";"})


@given(st.sampled_from(["gs1-digital-link", "gtin-8", "gtin-13", "gtin-14"]), st.text(max_size=80))
def test_decode_never_raises_on_labels(protocol: str, text: str) -> None:
    decode(protocol, [f"https://a/00/{text}".encode(), text.encode()], {})
