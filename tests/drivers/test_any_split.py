"""Feeding the bytes of a stream in any split gives the same readings: every driver, every frame of the manuals."""

from collections.abc import Callable

import pytest
from driver_configs import ms, scale_config, scanner_config
from vectors_file import vectors

from drivers.reading import Reading, WeightRead
from drivers.scales.mt_sics import SicsScale
from drivers.scanners.line import LineScanner
from drivers.session import Session

AT = ms(10)


def scale() -> Session:
    session = SicsScale(scale_config())
    session.wake(ms(0))
    return session


def stream(*protocols: str, end: bytes = b"") -> bytes:
    return b"".join(vector.frame + end for vector in vectors(*protocols, direction="device->host"))


SCALE_STREAM = b'I4 A "1126493049"\r\n' + stream("mt-sics") + b"\xffS S 1.2\x00\r" + stream("mt-sics")

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
