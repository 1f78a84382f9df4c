"""Feeding the bytes of a stream in any split gives the same readings: every driver, every frame of the manuals."""

from collections.abc import Callable

import pytest
from driver_configs import (
    READER,
    belt_scale_config,
    cubiscan_config,
    dimensioner_config,
    dm3610_config,
    dws_config,
    keyence,
    mda_config,
    ms,
    reader_config,
    scale_config,
    scanner_config,
)
from vectors_file import vectors

from drivers.command import Trigger
from drivers.dimensioners.cubiscan import Cubiscan
from drivers.dimensioners.dm3610 import Dm3610
from drivers.dimensioners.record_dimensioner import RecordDimensioner
from drivers.dimensioners.sick_mda import SickMda
from drivers.reading import BarcodeRead, Reading, WeightRead
from drivers.scales.mt_sics import SicsScale
from drivers.scales.record_scale import RecordScale
from drivers.scanners.line import LineScanner
from drivers.scanners.reader import LineReader
from drivers.scanners.trigger_steps import QUIET_NS
from drivers.session import Session
from hub_config.names import Instant

AT = ms(10)


def scale() -> Session:
    session = SicsScale(scale_config())
    session.wake(ms(0))
    return session


def reader() -> Session:
    """With a trigger on."""
    session = keyence(reader_config())
    session.wake(ms(0))
    session.wake(Instant(QUIET_NS))
    session.command(Trigger(READER, 1, on=True), ms(2_000))
    return session


def reader_out_of_step() -> Session:
    session = reader()
    assert isinstance(session, LineReader)
    session.command(Trigger(READER, 1, on=False), ms(2_100))
    session.wake(ms(2_200))
    session.command(Trigger(READER, 2, on=True), ms(2_300))
    return session


def stream(*protocols: str, end: bytes = b"") -> bytes:
    return b"".join(vector.frame + end for vector in vectors(*protocols, direction="device->host"))


SCALE_STREAM = b'I4 A "1126493049"\r\n' + stream("mt-sics") + b"\xffS S 1.2\x00\r" + stream("mt-sics")

SR_STREAM = stream("keyence-sr") + b"\x02A!1/2,B\x03\r\x00\rOVER\r" + stream("keyence-sr")
LATE_STREAM = b"LATE\rSECOND\r" + SR_STREAM
RECORDS = b"1;1.250;kg;OK\r\n2;;kg;OL\r3;-0.010;kg;OK\nx;1;kg;OK\r4;1;kg\r" + b"9" * 2_000 + b"\r5;1;kg;OK\r"
SIZES = (
    b"1;300;200;100;mm;OK\r\n2;;;;mm;NODIM\r\n3;0;0;0;mm;OK\rx;1;2;3;mm;OK\n4;1;2;x;mm;OK\r"
    + b"9" * 600
    + b"\r"
)
DWS = b"1;300;200;100;1250;OK\r\n2;300;200;100;;OK\r3;1;2;3;4;BAD\r4;1;2;3;4\r5;1;2;3;x;OK\n"

STREAMS: list[tuple[str, Callable[[], Session], bytes]] = [
    ("mt-sics", scale, SCALE_STREAM),
    (
        "line-crlf",
        lambda: LineScanner(scanner_config()),
        stream("line-crlf") + b"\x01NR\r\n???\n" + b"x" * 3_000 + b"\r",
    ),
    (
        "line-prefix01-cr",
        lambda: LineScanner(scanner_config(prefix="\x01", suffix=("\r",))),
        stream("line-prefix01-cr") + b"half\r" + stream("line-prefix01-cr"),
    ),
    ("aim", lambda: LineScanner(scanner_config(aim=True)), stream("aim", end=b"\r\n")),
    ("keyence-sr", reader, SR_STREAM),
    ("keyence-sr out of step", reader_out_of_step, LATE_STREAM),
    ("record-scale", lambda: RecordScale(belt_scale_config()), RECORDS),
    (
        "record-scale stx etx",
        lambda: RecordScale(belt_scale_config(start="\x02", end=("\x03\r\n",), separator="||")),
        b"\x021||1||kg||OK\x03\r\n2||1||kg||OK\x03\r\n\x023||2||g||OK\x03\r\n",
    ),
    ("record-dimensioner", lambda: RecordDimensioner(dimensioner_config()), SIZES),
    ("record-dimensioner with a scale", lambda: RecordDimensioner(dws_config()), DWS),
    (
        "datalogic-dm3610",
        lambda: Dm3610(dm3610_config(unit="cm")),
        stream("datalogic-dm3610") + b"\x02no\r\nxx" + stream("datalogic-dm3610"),
    ),
    ("sick-mda", lambda: SickMda(mda_config()), stream("sick-mda") + b"\x021;2\x03" + stream("sick-mda")),
    (
        "cubiscan",
        lambda: Cubiscan(cubiscan_config()),
        stream("cubiscan", end=b"\x00\x00") + b"\x02MAC\x03\r\n" + stream("cubiscan"),
    ),
]
IDS = [name for name, _, _ in STREAMS]


def readings(session: Session, *reads: bytes) -> list[Reading]:
    return [reading for read in reads for reading in session.receive(read, AT)]


@pytest.mark.parametrize(("name", "new", "data"), STREAMS, ids=IDS)
def test_every_split_in_two_gives_the_readings_of_one_read(
    name: str, new: Callable[[], Session], data: bytes
) -> None:
    whole = readings(new(), data)

    assert whole, name
    for cut in range(len(data) + 1):
        assert readings(new(), data[:cut], data[cut:]) == whole, f"{name} cut at byte {cut}"


@pytest.mark.parametrize(("name", "new", "data"), STREAMS, ids=IDS)
def test_byte_by_byte_gives_the_readings_of_one_read(
    name: str, new: Callable[[], Session], data: bytes
) -> None:
    assert readings(new(), *[bytes([byte]) for byte in data]) == readings(new(), data), name


def test_the_scale_stream_holds_every_weight_of_the_manuals_twice() -> None:
    weights = [reading for reading in readings(scale(), SCALE_STREAM) if isinstance(reading, WeightRead)]

    assert len(weights) == 14


def test_the_streams_of_the_reader_hold_codes_of_the_trigger_that_is_on() -> None:
    on, late = readings(reader(), SR_STREAM), readings(reader_out_of_step(), LATE_STREAM)

    assert {one.trigger for one in on if isinstance(one, BarcodeRead)} == {1}
    assert {one.trigger for one in late if isinstance(one, BarcodeRead)} == {2}
