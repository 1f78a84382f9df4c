"""Every protocol of readers, by its messages from the manuals: any cut, damaged bytes, in step again after garbage."""

from collections.abc import Sequence
from typing import Any

import pytest
from driver_configs import READER, ms
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors_file import vectors

from drivers.buffers import CHUNK_BYTES
from drivers.command import Trigger
from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from drivers.scanners.reader import LINE_MAX_BYTES, LineReader
from drivers.scanners.registry import new_scanner
from drivers.scanners.ssi import SsiScanner
from drivers.scanners.ssi_packets import PACKET_MAX_BYTES, TEXT_MAX_BYTES
from drivers.scanners.trigger_steps import QUIET_NS
from hub_config.attach import SerialAttach
from hub_config.names import Instant
from hub_config.readers import (
    CognexConfig,
    DatalogicConfig,
    HoneywellConfig,
    KeyenceSrConfig,
    ReaderConfig,
    SickColaConfig,
    SickReadConfig,
    SsiConfig,
)

HELD_MAX = max(LINE_MAX_BYTES, TEXT_MAX_BYTES) + PACKET_MAX_BYTES + CHUNK_BYTES
CODE = "RB123456785GB"
SSI_CODE = bytes.fromhex("12 F3 00 00 03 52 42 31 32 33 34 35 36 37 38 35 47 42 FC 02")
"""Its checksum: the one of vector ssi-21, whose STAT is 1 more."""
MODELS: dict[str, tuple[type[ReaderConfig], dict[str, Any], bytes]] = {
    "keyence-sr": (KeyenceSrConfig, {}, b"RB123456785GB\r"),
    "honeywell": (HoneywellConfig, {}, b"RB123456785GB\r"),
    "honeywell host": (HoneywellConfig, {"trigger": "host"}, b"RB123456785GB\r"),
    "honeywell prefix": (
        HoneywellConfig,
        {"prefix": "\x02", "suffix": "\x03\r\n"},
        b"\x02RB123456785GB\x03\r\n",
    ),
    "datalogic": (DatalogicConfig, {}, b"\x02RB123456785GB\r\n"),
    "datalogic text": (
        DatalogicConfig,
        {"header": "<<", "terminator": ">>", "separator": "||", "trigger_on": "GO\r"},
        b"<<RB123456785GB>>",
    ),
    "cognex-dmcc": (CognexConfig, {}, b"RB123456785GB\r\n"),
    "cognex-dmcc host": (CognexConfig, {"trigger": "host"}, b"||[1]UkIxMjM0NTY3ODVHQg==\r\n"),
    "sick-read": (SickReadConfig, {}, b"\x02RB123456785GB\x03"),
    "sick-cola-a": (SickColaConfig, {"heartbeat": "HB"}, b"\x02RB123456785GB\r\n\x03"),
    "ssi": (SsiConfig, {}, SSI_CODE),
    "ssi host": (SsiConfig, {"trigger": "host"}, SSI_CODE),
}
GARBAGE = (
    b"\xff\x00?" * 5,
    b"RB12345",
    b"\x02\x02\x02",
    b"\r\n\r\n",
    b"||0:1[",
    b"\x16M\r232BAD9",
    b"\x38\xf3\x00\x00\x03",
    SSI_CODE[:-4],
    SSI_CODE[3:],
    b"\xff\xf3\x00\x00",
    bytes(range(256)),
)


def new(name: str, *, on: bool = True) -> LineReader | SsiScanner:
    """Opened and in step; with a trigger on where the gateway triggers it."""
    model, more, _ = MODELS[name]
    kind = kind_of(name)
    config = model.model_validate({"kind": kind, "id": READER, "attach": SerialAttach(port="/dev/a"), **more})
    reader = new_scanner(config)  # type: ignore[arg-type]  # of the closed union, by its table
    assert isinstance(reader, LineReader | SsiScanner)
    reader.wake(ms(0))
    for _ in range(8):  # what it was told at the start is acknowledged, where that is the way
        if isinstance(reader, SsiScanner) and reader.take_output():
            reader.receive(bytes.fromhex("04 D0 00 00 FF 2C"), ms(1))
    while reader.wake_at is not None and reader.wake_at <= ms(1) + QUIET_NS:
        reader.wake(reader.wake_at)
    reader.take_output()
    if config.triggered and on:
        assert reader.command(Trigger(READER, 1, on=True), ms(2_000)) == []
        assert reader.take_output()
    return reader


def kind_of(name: str) -> str:
    return name.partition(" ")[0]


def held(reader: LineReader | SsiScanner) -> int:
    return reader.wire.held_bytes if isinstance(reader, LineReader) else reader.held_bytes


def fed(reader: LineReader | SsiScanner, reads: Sequence[bytes]) -> list[Reading]:
    return [reading for data in reads for reading in reader.receive(data, ms(2_010))]


def codes(readings: list[Reading]) -> list[str]:
    return [one.data for one in readings if isinstance(one, BarcodeRead)]


def stream_of(name: str) -> bytes:
    kind = kind_of(name)
    told = b"".join(one.frame for one in vectors(kind) if one.direction != "host->device")
    if name == "cognex-dmcc host":
        told = b""  # a refusal ends the trigger
    _, _, good = MODELS[name]
    return told + good + b"\x00\xfe1\r" + good + b"\x02ESC\x1bW1\r\n" + good + told


@pytest.mark.parametrize("name", MODELS)
def test_every_cut_of_a_stream_gives_the_readings_and_the_output_of_one_read(name: str) -> None:
    data = stream_of(name)
    reader = new(name)
    whole, output = fed(reader, [data]), reader.take_output()

    assert codes(whole).count(CODE) >= 3
    for cut in range(len(data) + 1):
        reader = new(name)
        assert fed(reader, [data[:cut], data[cut:]]) == whole, f"cut at byte {cut}"
        assert reader.take_output() == output, f"cut at byte {cut}"
    reader = new(name)
    assert fed(reader, [bytes([byte]) for byte in data]) == whole
    assert reader.take_output() == output


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("name", MODELS)
def test_after_any_garbage_the_second_of_two_like_messages_is_read(name: str, garbage: bytes) -> None:
    _, _, good = MODELS[name]

    assert codes(fed(new(name), [garbage, good, good]))[-1:] == [CODE]


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None)
@given(data=st.data())
def test_damaged_messages_raise_nothing_and_no_code_holds_a_control_character(
    data: st.DataObject, name: str
) -> None:
    reader = new(name)
    frames = [one.frame for one in vectors(kind_of(name))] + [MODELS[name][2]]
    at = ms(2_000)
    for turn in range(data.draw(st.integers(1, 8))):
        frame = bytearray(data.draw(st.sampled_from(frames)) if data.draw(st.booleans()) else b"")
        place = data.draw(st.integers(0, len(frame)))
        frame[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=40))
        at = Instant(at + data.draw(st.integers(0, 700)) * 1_000_000)
        told = reader.receive(bytes(frame), at)
        if reader._steps is not None and data.draw(st.booleans()):
            told += reader.command(Trigger(READER, turn // 2 + 2, data.draw(st.booleans())), at)
        if reader.wake_at is not None and reader.wake_at <= at:
            told += reader.wake(at)
        assert held(reader) <= HELD_MAX
        assert len(reader.take_output()) <= 256
        for one in told:
            if isinstance(one, BarcodeRead):
                assert one.data.strip(" ")
                assert one.data.startswith("[)>") or not any(
                    char < " " and char != "\x1d" for char in one.data
                )
            if isinstance(one, BarcodeRead | NoRead):
                assert (one.trigger is None) == (reader._steps is None)
            if isinstance(one, DeviceFault):
                assert len(one.raw) <= 64


@pytest.mark.parametrize("name", MODELS)
def test_a_flood_without_an_end_is_dropped_and_said_once_in_a_while_and_the_next_codes_are_read(
    name: str,
) -> None:
    reader = new(name, on=False)
    said: list[Reading] = []
    for _ in range(50):
        said += reader.receive(b"7" * 1_000, ms(2_000))
        assert held(reader) <= HELD_MAX

    assert 1 <= len(said) <= 15
    assert all(isinstance(one, DeviceFault) for one in said)
    triggered = reader._steps is not None
    while reader.wake_at is not None:
        reader.wake(reader.wake_at)
    if triggered:
        reader.command(Trigger(READER, 7, on=True), ms(9_000))
    _, _, good = MODELS[name]
    assert codes([*reader.receive(good, ms(9_001)), *reader.receive(good, ms(9_002))])[-1:] == [CODE]


@pytest.mark.parametrize("name", MODELS)
def test_one_that_reads_by_itself_takes_no_trigger_and_its_codes_name_none(name: str) -> None:
    reader = new(name, on=False)
    if reader._steps is not None:
        return
    with pytest.raises(TypeError, match="reads by itself"):
        reader.command(Trigger(READER, 1, on=True), ms(2_000))

    (read,) = reader.receive(MODELS[name][2], ms(2_000))
    assert isinstance(read, BarcodeRead)
    assert (read.data, read.trigger) == (CODE, None)


@pytest.mark.parametrize("name", [name for name in MODELS if "host" in name or name.endswith(("sr", "-a"))])
def test_one_that_is_triggered_names_the_trigger_and_ends_it_in_its_own_words(name: str) -> None:
    reader = new(name)

    (read,) = reader.receive(MODELS[name][2], ms(2_050))
    assert isinstance(read, BarcodeRead)
    assert (read.data, read.trigger) == (CODE, 1)
    reader.take_output()
    assert reader.command(Trigger(READER, 1, on=False), ms(2_100)) == []
    assert reader.take_output() in (
        b"LOFF\r", b"\x16U\r", b"||>TRIGGER OFF\r\n", b"\x02sMN mTCgateoff\x03", b"",
    )  # fmt: skip
