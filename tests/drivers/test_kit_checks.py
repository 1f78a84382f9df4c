"""`hub driver check` finds what is wrong with a driver from outside, rule by rule."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from drivers.buffers import Line, LineBuffer
from drivers.external import Guarded, NoDriver, external_findings, find
from drivers.kit import DEVICE, Kit, RoundTrip, Sample
from drivers.kit_checks import check
from drivers.reading import BarcodeRead, DeviceFault, Reading
from hub_config.names import DeviceId, Instant


class Settings(BaseModel):
    pass


class Good:
    """Codes in lines."""

    Config = Settings

    def __init__(self, device: DeviceId, _config: Settings) -> None:
        self.device = device
        self.lines = LineBuffer(max_bytes=100)

    @property
    def held_bytes(self) -> int:
        return self.lines.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        return None

    def wake(self, _at: Instant) -> list[Reading]:
        return []

    def take_output(self) -> bytes:
        return b""

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [self.code(piece.data, at) for piece in self.lines.feed(data) if isinstance(piece, Line)]

    def code(self, line: bytes, at: Instant) -> Reading:
        return BarcodeRead(self.device, at, line.decode("latin-1"), "", None, line)


class Splits(Good):
    """Takes every read for a whole line."""

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [self.code(data.strip(), at)]


class Raises(Good):
    def code(self, line: bytes, at: Instant) -> Reading:
        return super().code(line.decode("ascii").encode(), at)


class Grows(Good):
    def __init__(self, device: DeviceId, config: Settings) -> None:
        super().__init__(device, config)
        self.lines = LineBuffer(max_bytes=10_000_000)


class Says(Good):
    """Has something to say at once, for ever."""

    @property
    def wake_at(self) -> Instant | None:
        return Instant(0)


class Talker:
    """The device of a round trip: sends one line at the start."""

    def __init__(self) -> None:
        self.left = b"A1\r\n"

    @property
    def wake_at(self) -> Instant | None:
        return None

    def receive(self, data: bytes, at: Instant) -> None:
        raise AssertionError(f"nobody asks it: {data!r} at {at}")

    def wake(self, at: Instant) -> None:
        raise AssertionError(f"it sleeps at {at}")

    def take_output(self) -> bytes:
        sent, self.left = self.left, b""
        return sent


SAMPLE = Sample("one code", b"A1\r\n", ({"is": "BarcodeRead", "data": "A1"},))


def kit(driver: Any) -> Kit:
    return Kit(driver, (SAMPLE,), (RoundTrip("one code", Talker, SAMPLE.told),))


def broken(driver: Any, files: list[Path] | None = None) -> dict[str, str]:
    return {one.rule: one.fault for one in check(kit(driver), files or [], 1) if one.fault is not None}


def test_a_good_driver_breaks_no_rule() -> None:
    assert broken(Good) == {}


@pytest.mark.parametrize(
    ("driver", "rule", "said"),
    [
        (Splits, "any-split", "one code: other readings when cut at byte 0"),
        (Raises, "fuzz", "raised UnicodeDecodeError"),
        (Grows, "bounded", "it keeps 1000000 bytes; at most 65536"),
        (Says, "fuzz", "a loop without pause"),
        (Says, "independent-simulator", "a loop without pause"),
    ],
)
def test_a_rule_that_is_broken_is_named_with_what_was_seen(driver: Any, rule: str, said: str) -> None:
    assert said in broken(driver)[rule]


def test_a_driver_that_reads_a_clock_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import re\nfrom time import sleep\n")

    assert broken(Good, [tmp_path / "mine.py"])["pure"].startswith("mine.py:2 imports time")


def test_a_reading_that_is_not_the_manuals_is_named() -> None:
    wrong = replace(kit(Good), samples=(replace(SAMPLE, told=({"is": "BarcodeRead", "data": "A2"},)),))
    unmade = replace(kit(Good), round_trips=(RoundTrip("nothing", Talker, ({"data": "B"},)),))

    assert "is not {'is': 'BarcodeRead', 'data': 'A2'}" in next(check(wrong, [], 1)).fault or ""
    assert "never told {'data': 'B'}" in str([one.fault for one in check(unmade, [], 1)][-1])


def test_a_driver_that_raises_is_a_fault_once_and_is_heard_no_more() -> None:
    guarded = Guarded(DEVICE, Raises(DEVICE, Settings()))

    (fault,) = guarded.receive(b"\xff\r\n", Instant(5))

    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.at) == ("driver_failed", Instant(5))
    assert "UnicodeDecodeError" in fault.detail
    assert guarded.receive(b"A1\r\n", Instant(6)) == []
    assert (guarded.wake_at, guarded.take_output(), guarded.wake(Instant(7))) == (None, b"", [])


def test_what_no_package_declares_is_never_imported() -> None:
    with pytest.raises(NoDriver, match=r"no installed package declares os:system as a driver; installed: "):
        find("os:system")
    (finding,) = external_findings({"devices": [{"kind": "external", "driver": "os:system"}]})
    assert finding.path == ("devices", 0, "driver")
