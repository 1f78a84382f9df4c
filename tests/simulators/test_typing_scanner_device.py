"""A simulated scanner that types: what it types the driver reads, what a person types it does not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.reading import BarcodeRead, Reading
from drivers.scanners.evdev_wedge import EvdevWedge
from hub_config.attach import EvdevAttach
from hub_config.names import SECOND, DeviceId, Instant
from hub_config.scanners import EvdevWedgeConfig
from simulators.devices.typing_scanner import MAX_DATA, TypingScanner

VECTORS = Path(__file__).parent.parent / "vectors" / "vectors.jsonl"
AT = Instant(5 * SECOND)


def wedge(**config: Any) -> EvdevWedge:
    attach = EvdevAttach(kind="evdev", port="/dev/input/event3")
    return EvdevWedge(EvdevWedgeConfig(kind="evdev-wedge", id=DeviceId("scan-1"), attach=attach, **config))


def codes(readings: list[Reading]) -> list[str]:
    return [one.data for one in readings if isinstance(one, BarcodeRead)]


def keys(stream: bytes) -> list[bytes]:
    """Presses and releases without their times, scan codes and SYNs."""
    records = [stream[place : place + 24] for place in range(0, len(stream), 24)]
    return [one[16:] for one in records if one[16] == 1]


@pytest.mark.parametrize("vector", ["evdev-wedge-01", "evdev-wedge-02", "evdev-wedge-03", "evdev-wedge-04"])
def test_it_presses_the_keys_of_the_manual(vector: str) -> None:
    rows = map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines())
    row = next(one for one in rows if one["id"] == vector)

    assert keys(TypingScanner().scan(row["meaning"]["data"], AT)) == keys(bytes.fromhex(row["hex"]))


@settings(deadline=None)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60).filter(
        lambda told: told.strip("?")
    )
)
def test_the_driver_reads_what_it_types(data: str) -> None:
    assert codes(wedge().receive(TypingScanner().scan(data, AT), AT)) == [data]


@pytest.mark.parametrize("data", ["RB123456785GB", "1Z5R89390357567127", "XYZ-987-xyz", "10ABC\x1d21X"])
def test_the_driver_reads_a_german_scanner_where_it_knows_that_it_is_one(data: str) -> None:
    german = TypingScanner(layout="de").scan(data, AT)

    assert codes(wedge(layout="de").receive(german, AT)) == [data]


def test_what_a_person_types_is_no_code() -> None:
    one = wedge()

    assert codes(one.receive(TypingScanner().typed("RB123456785GB", AT), AT)) == []
    later = Instant(AT + 60 * SECOND)
    assert codes(one.receive(TypingScanner().scan("RB123456785GB", later), later)) == ["RB123456785GB"]


def test_a_code_longer_than_any_is_refused() -> None:
    with pytest.raises(ValueError, match="limit 4096"):
        TypingScanner().scan("x" * (MAX_DATA + 1), AT)
