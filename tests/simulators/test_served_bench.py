"""The simulated bench on real ptys, with pyserial at the other end."""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.bench import PhysicalBench
from simulators.parcels import stream
from simulators.serve import RealTime, real_now, real_world
from simulators.wires import MAX_CHUNK, MAX_UNSENT, PtyPort

pytestmark = pytest.mark.system
PATIENCE_S = 5.0
READY = {
    "revision": 1,
    "instruction": "scan_or_weigh",
    "state": "ready",
    "visit": None,
    "bay": None,
    "lane": None,
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[RealTime]:
    bench = PhysicalBench(real_world(), stream(1, 3), 1, {"G1": "HUBXGREEN"}, pace=0.2, rates_ppm={})
    with RealTime(bench, tmp_path, baud=115_200) as running:
        yield running


def opened(path: Path) -> serial.Serial:
    return serial.Serial(str(path), 9_600, timeout=PATIENCE_S, exclusive=True)


def line_with(port: serial.Serial, start: bytes) -> bytes:
    """The next line that starts so; what was on its way before (a power-up banner) is passed over."""
    lines = (port.read_until(b"\r\n") for _ in range(4))
    return next(bytes(line) for line in lines if line.startswith(start))


def wait_for(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def test_the_scale_answers_on_its_port(served: RealTime) -> None:
    with opened(served.path("scale")) as scale:
        scale.write(b"@\r\n")
        assert line_with(scale, b"I4") == b'I4 A "1126493049"\r\n'
        scale.write(b"SI\r\n")
        assert line_with(scale, b"S ") == b"S S      0.000 kg\r\n"


def test_an_operator_who_sees_the_screen_scans_and_weighs(served: RealTime) -> None:
    parcel = served.bench.parcels[0]
    with opened(served.path("scanner")) as scanner, opened(served.path("scale")) as scale:
        served.look(READY)
        assert scanner.read_until(b"\r\n") == f"]C0{parcel.items[0].data}\r\n".encode()
        assert wait_for(lambda: served.ask(lambda: not served.bench.pan_empty))
        scale.write(b"S\r\n")
        assert line_with(scale, b"S S ") == b"S S      0.135 kg\r\n"
    assert served.ask(lambda: served.bench.happened()[0].weights) != ()


def test_an_unplugged_device_hangs_up_and_comes_back_under_the_same_name(served: RealTime) -> None:
    path = served.path("scale")
    with opened(path) as scale:
        served.unplug("scale")
        assert not path.exists()
        with pytest.raises((serial.SerialException, OSError)):
            scale.read(1)
    served.unplug("scale")  # twice is no harm
    served.replug("scale")
    with opened(path) as scale:
        scale.write(b"I4\r\n")
        assert line_with(scale, b"I4") == b'I4 A "1126493049"\r\n'


def test_stop_leaves_no_port_and_no_thread(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    running = RealTime(PhysicalBench(real_world(), [], 1, {}), tmp_path)
    running.start()
    assert {path.name for path in tmp_path.iterdir()} == {"scanner", "scale"}

    running.stop()
    running.stop()

    assert not running.running
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_bytes_come_at_the_pace_of_the_line_and_cut_at_random_points(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "line", 9_600, random.Random(1))
    port.open()
    try:
        port.send(bytes(96), Instant(0))
        sizes, now = [], 0
        while (at := port.next_at) is not None:
            now = at
            before = port._unsent_bytes
            port.write_due(at)
            sizes.append(before - port._unsent_bytes)
    finally:
        port.close()

    assert abs(now - 100 * MILLISECOND) < MILLISECOND  # 96 bytes of 10 bits at 9600 baud
    assert len(set(sizes)) > 3
    assert max(sizes) <= MAX_CHUNK


def test_what_nobody_takes_is_bounded_and_counted(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "line", 9_600, random.Random(1))
    port.open()
    try:
        port.send(bytes(MAX_UNSENT), Instant(0))
        port.send(b"one more", Instant(0))
        assert port.lost_bytes == len(b"one more")
        port.write_due(Instant(real_now() + 10_000 * SECOND))
        assert port.next_at is None
        assert port.lost_bytes > MAX_UNSENT // 2  # a terminal's buffer holds a few kilobytes
    finally:
        port.close()
