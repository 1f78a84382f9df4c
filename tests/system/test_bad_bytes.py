"""Devices that send what no manual has: each fault is counted, and the next good parcel goes its way.

One running gateway serves all the tests of this file, as it would a long day.
"""

from collections.abc import Iterator
from itertools import count

import pytest
from live_hub import LABELS, LiveHub, wait_for
from serial_peers import LIGHT, OVERLOAD

pytestmark = pytest.mark.system

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    with LiveHub(tmp_path_factory.mktemp("bench")) as live:
        yield live.start()
        live.wait_settled()
        live.assert_each_once()
        assert "Traceback" not in live.gateway.said()


@pytest.fixture
def label(bench: LiveHub, unused: Iterator[int]) -> str:
    """Of a parcel that has not been here yet."""
    bench.wait_screen("it is free again", lambda bench: bench["instruction"] == "scan_or_weigh", 5)
    return LABELS[next(unused)]


@pytest.fixture(scope="module")
def unused() -> Iterator[int]:
    return count()


def counted(bench: LiveHub, reason: str, times: int) -> None:
    wait_for(lambda: bench.gateway.rejected(reason) >= times, f"{times} {reason}")
    assert bench.gateway.rejected(reason) == times


def test_garbage_of_the_scale_is_counted_and_no_weight(bench: LiveHub, label: str) -> None:
    before = bench.gateway.rejected("garbled")
    bench.scale.instead += [b"\xff\x80\x13K\xfe#~\r\n", b"S S  9x.9 kg\r\n", b"\r\n\r\nQ\r\n"]
    counted(bench, "garbled", before + 3)
    assert bench.gateway.bench["visit"] is None
    bench.release(label)


def test_half_a_frame_of_the_scale_is_counted_and_no_weight(bench: LiveHub, label: str) -> None:
    before = bench.gateway.rejected("garbled")
    bench.measure(label)
    bench.scale.instead.append(LIGHT[: len(LIGHT) // 2])
    shown = bench.wait_state("release", "hold", "inspect", "ask")
    assert (shown["state"], shown["mass_mg"]) == ("release", 256_000)
    bench.take_to("HUBXGREEN")
    assert bench.gateway.rejected("garbled") > before


def test_overload_is_no_weight_and_its_parcel_is_held(
    bench: LiveHub, label: str, unused: Iterator[int]
) -> None:
    bench.measure(label, OVERLOAD)
    shown = bench.wait_state("hold")
    assert (shown["bay"], shown["mass_mg"], shown["reasons"]) == ("H1", None, ["mass_not_legal"])
    bench.take_to("HUBXHOLD")
    bench.release(LABELS[next(unused)])


def test_a_megabyte_without_an_end_is_counted_once_and_the_scanner_works_on(
    bench: LiveHub, label: str
) -> None:
    before = bench.gateway.rejected("too_long")
    bench.scanner.send(b"A" * MEGABYTE, paced=False)
    bench.scanner.send(b"\r\n")
    counted(bench, "too_long", before + 1)
    bench.release(label)
    counted(bench, "too_long", before + 1)


def test_control_characters_in_a_code_are_counted_and_no_code(bench: LiveHub, label: str) -> None:
    before = bench.gateway.rejected("bad_text")
    for code in (b"RB12345\x006785GB", b"\x02RB123456785GB\x03", b"\x1b[2J"):
        bench.scanner.send(code + b"\r\n")
    counted(bench, "bad_text", before + 3)
    assert bench.gateway.bench["visit"] is None
    bench.release(label)


def test_two_labels_in_one_write_are_two_scans_and_hold_the_parcel(bench: LiveHub, label: str) -> None:
    bench.scanner.send(f"{label}\r\n{LABELS[0]}\r\n".encode(), paced=False)
    shown = bench.wait_state("hold", "release", "ask")
    assert (shown["state"], shown["bay"], shown["reasons"]) == ("hold", "H1", ["two_labels"])
    bench.take_to("HUBXHOLD")
