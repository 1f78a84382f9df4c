"""`hub simulated-device`: a device on a pty or socket that a gateway's driver reads, and that does what is typed."""

import os
import random
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from drivers.bytes_trace import BytesTrace
from drivers.scales.registry import EXPLAINED
from drivers.tap import Record
from hub_config.attach import SerialAttach
from hub_config.devices import READER_KINDS, SCALE_KINDS, SCANNER_KINDS
from hub_config.names import SECOND, DeviceId, Instant
from hub_config.printers import PRINTER_KINDS
from hub_config.scanners import LineScannerConfig
from simulators.one_device import KINDS, OneDevice, ServedScanner, ServedTrace, main, new_device
from simulators.served_dimensioner import DIMENSIONERS
from simulators.wires import PtyPort, TcpEnd, Wire

pytestmark = pytest.mark.system

DEADLINE_S = 10.0
DECLARED = ("cas-pd-ii",)
"""What they speak is no kind of its own: it is a `scale-text`, declared as docs/unknown-scale.md shows."""


@contextmanager
def served(kind: str, place: Path | int) -> Iterator[Callable[[str], None]]:
    """Runs it in a thread; gives what types."""
    typed, typing = os.pipe()

    def wire(selector: selectors.BaseSelector) -> Wire:
        if isinstance(place, int):
            return TcpEnd(place, listens=True, selector=selector)
        return PtyPort(place, 9_600, random.Random(1), selector)

    device = OneDevice(new_device(kind, Instant(time.monotonic_ns())), wire, typed)
    thread = threading.Thread(target=device.run)
    thread.start()
    try:
        yield lambda text: os.write(typing, f"{text}\n".encode()) and None
    finally:
        os.write(typing, b"quit\n")
        thread.join(DEADLINE_S)
        os.close(typed)
        os.close(typing)
        assert not thread.is_alive()


def wait_for(true: Callable[[], bool]) -> None:
    deadline, tick = time.monotonic() + DEADLINE_S, threading.Event()
    while not true():
        assert time.monotonic() < deadline
        tick.wait(0.005)


@contextmanager
def opened(place: Path) -> Iterator[int]:
    wait_for(place.exists)
    fd = os.open(place, os.O_RDWR | os.O_NOCTTY)
    try:
        yield fd
    finally:
        os.close(fd)


def read_until(fd: int, end: bytes) -> bytes:
    data = b""
    while end not in data:
        ready, _, _ = select.select([fd], [], [], DEADLINE_S)
        assert ready, f"no {end!r} after {data!r}"
        data += os.read(fd, 4_096)
    return data


def test_a_scale_on_a_pty_answers_with_what_was_laid_on_it(tmp_path: Path) -> None:
    place = tmp_path / "my-scale"
    with served("mt-sics", place) as type_, opened(place) as fd:
        type_("load 1.25 kg")
        os.write(fd, b"S\r\n")

        assert b"1.250 kg\r\n" in read_until(fd, b" kg\r\n")


def test_its_cable_is_pulled_and_plugged_in_again(tmp_path: Path) -> None:
    place = tmp_path / "my-scale"
    with served("toledo-8217", place) as type_:
        wait_for(place.exists)
        type_("unplug")
        wait_for(lambda: not place.is_symlink())
        type_("plug")
        with opened(place) as fd:
            os.write(fd, b"W")
            assert read_until(fd, b"\r").startswith(b"\x02")
    assert not place.is_symlink()


def test_a_scanner_on_a_socket_sends_what_is_typed() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served("line-scanner", port) as type_:
        type_("scan too early: nobody has dialled")
        connection: list[socket.socket] = []

        def dialled() -> bool:
            try:
                connection.append(socket.create_connection(("127.0.0.1", port), 1))
            except ConnectionRefusedError:
                return False
            return True

        wait_for(dialled)
        seen = b""

        def read() -> bool:
            """What was scanned before it had let us in went nowhere."""
            nonlocal seen
            type_("scan RB123456785GB")
            with suppress(TimeoutError):
                seen += connection[0].recv(100)
            return b"RB123456785GB\r\n" in seen

        with connection[0]:
            connection[0].settimeout(0.1)
            wait_for(read)


@pytest.mark.parametrize("order", ["load much", "load 1", "load", "scan X", "dance"])
def test_what_a_scale_cannot_do_is_refused_in_words(order: str) -> None:
    scale = new_device("mt-sics", Instant(0))

    with pytest.raises(ValueError, match=r"mass|number|a scale knows"):
        scale.told(order.split(), Instant(0))


def test_what_a_scanner_cannot_do_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="a scanner knows: scan CODE"):
        ServedScanner().told(["load", "1 kg"], Instant(0))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mt-sics"], "one of the arguments --pty --tcp is required"),
        (["mt-sics", "--pty", "/no/such/folder/x"], "there is no folder /no/such/folder; make it"),
        (["mt-sics", "--pty", "/dev/null"], "/dev/null is there already"),
        (["mt-sics", "--pty", "scale-x", "--load", "heavy"], "a mass is wanted"),
        (["teapot", "--pty", "scale-x"], "invalid choice: 'teapot'"),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_every_kind_is_a_kind_of_a_config_or_a_name_of_hub_decode_or_is_declared() -> None:
    for kind in KINDS:
        assert kind in (
            *SCALE_KINDS,
            *SCANNER_KINDS,
            *READER_KINDS,
            *EXPLAINED,
            *PRINTER_KINDS,
            *DIMENSIONERS,
            *DECLARED,
        )
        new_device(kind, Instant(0))
    missing = [kind for kind in SCALE_KINDS if kind not in KINDS]
    assert missing == ["scale-text", "external (weights)"], "what they speak, somebody else says"


def test_a_trace_is_played_in_its_own_time() -> None:
    calls = (
        Record(1, Instant(5 * SECOND), "open", b"", b"", bytes(16)),
        Record(2, Instant(6 * SECOND), "in", b"S S  1.2", b"", bytes(16)),
        Record(3, Instant(8 * SECOND), "in", b"50 kg\r\n", b"", bytes(16)),
    )
    device = new_config()
    played = ServedTrace(BytesTrace(device, "0.1.0", (calls,)), Instant(100 * SECOND))
    first = played.wake_at
    assert first is not None

    assert played.take_output(Instant(first - 1)) == b""
    assert played.take_output(first) == b"S S  1.2"
    assert played.wake_at == first + 2 * SECOND
    assert played.take_output(Instant(first + 2 * SECOND)) == b"50 kg\r\n"
    assert played.wake_at is None


def new_config() -> LineScannerConfig:
    return LineScannerConfig(id=DeviceId("scan-1"), attach=SerialAttach(port="/dev/ttyUSB0"))


def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text, said in ((b"{}", "no trace of bytes"), (b'{"trace": "inputs", "v": 1}\n', "no trace of bytes")):
        file = tmp_path / "some.trace"
        file.write_bytes(text)
        with pytest.raises(SystemExit):
            main(["--trace", str(file), "--pty", "scale-x"])
        assert said in capsys.readouterr().err
