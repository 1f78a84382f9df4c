"""The control socket of a gateway: who may use it, what it tells, and that nobody who looks on holds up a device."""

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.command import ScaleOrder
from drivers.reading import OrderAnswered
from drivers.tap import Tap
from edge.cli import main
from edge.commands.control import Unreachable, ask, lines
from edge.web import control
from edge.web.control import ControlServer
from edge.web.control_socket import CONTROL_SOCKET, socket_place
from hub_config.names import DeviceId, Instant

pytestmark = pytest.mark.system

ID = DeviceId("scale-1")
HEAD = {"trace": "bytes", "v": 1, "device": {"id": "scale-1"}, "at": 0, "utc_us": 0}


class Desk:
    """One scale, whose ring the test fills."""

    def __init__(self) -> None:
        self.rings = {ID: Tap()}
        self.orders: list[str] = []
        self.answers = True

    def devices(self) -> list[dict[str, Any]]:
        return [{"device": ID, "port": "/dev/ttyUSB0", "open": True}]

    def tap(self, device: DeviceId) -> Tap | None:
        return self.rings.get(device)

    def header(self, device: DeviceId) -> dict[str, Any]:  # noqa: ARG002
        return HEAD

    def order(self, device: DeviceId, order: str) -> int | None:
        self.orders.append(order)
        if self.answers:
            answer = OrderAnswered(device, Instant(5), 77, accepted=order != "tare", detail="ok")
            self.rings[ID].record("order", Instant(5), b"{}", b"Z\r\n", [answer])
        return 77


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As deep as no address of a socket could name it."""
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 6)
    deep.mkdir(parents=True)
    return deep


@pytest.fixture
def server(desk: Desk, folder: Path) -> Iterator[ControlServer]:
    server = ControlServer(desk, folder)
    server.start()
    until(lambda: _answers(folder))
    yield server
    server.stop()


def until(true: Callable[[], bool]) -> None:
    deadline, tick = time.monotonic() + 10, threading.Event()
    while not true():
        assert time.monotonic() < deadline
        tick.wait(0.005)


def _answers(folder: Path) -> bool:
    try:
        return bool(ask(folder, "/devices"))
    except Unreachable:
        return False


@pytest.mark.usefixtures("server")
def test_only_the_gateways_own_user_may_use_it(folder: Path) -> None:
    assert stat.S_IMODE((folder / CONTROL_SOCKET).stat().st_mode) == 0o600
    assert stat.S_ISSOCK((folder / CONTROL_SOCKET).stat().st_mode)


def test_it_is_gone_when_the_gateway_ends_and_a_dead_ones_is_replaced(desk: Desk, folder: Path) -> None:
    (folder / CONTROL_SOCKET).write_text("what a killed gateway left behind")
    server = ControlServer(desk, folder)
    server.start()
    until(lambda: _answers(folder))

    server.stop()

    assert not (folder / CONTROL_SOCKET).exists()
    with pytest.raises(Unreachable, match="no gateway runs on the data folder"):
        ask(folder, "/devices")


def test_a_folder_that_takes_no_socket_is_said_and_the_gateway_runs_on(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = ControlServer(desk, tmp_path / "not-there")

    server.start()
    server.stop()

    assert "no control socket in" in caplog.text


@pytest.mark.usefixtures("server")
def test_the_devices_are_told(folder: Path) -> None:
    assert ask(folder, "/devices") == [{"device": "scale-1", "port": "/dev/ttyUSB0", "open": True}]


@pytest.mark.usefixtures("server")
def test_who_looks_on_sees_what_comes_from_then_on(desk: Desk, folder: Path) -> None:
    desk.rings[ID].record("in", Instant(1), b"before", b"", ())
    looking = lines(folder, "/devices/scale-1/tap")
    assert json.loads(next(looking)) == HEAD

    desk.rings[ID].record("in", Instant(2), b"after", b"", ())

    assert json.loads(next(looking)) == {"at": 2, "call": "in", "in": b"after".hex()}
    looking.close()


@pytest.mark.usefixtures("server")
def test_who_asks_for_all_sees_the_whole_ring(desk: Desk, folder: Path) -> None:
    for number in range(3_000):
        desk.rings[ID].record("in", Instant(number), b"x" * 60, b"", ())
    looking = lines(folder, "/devices/scale-1/tap?from=start")
    next(looking)

    assert [json.loads(next(looking))["at"] for _ in range(3_000)] == list(range(3_000))
    looking.close()


@pytest.mark.usefixtures("server")
def test_one_who_looks_and_never_reads_holds_up_nothing_and_misses_what_is_forgotten(
    desk: Desk, folder: Path
) -> None:
    desk.rings[ID] = Tap(bytes_max=100_000, segment_bytes=10_000)
    looking = lines(folder, "/devices/scale-1/tap")
    next(looking)

    for number in range(200_000):  # far more than every buffer between us takes
        desk.rings[ID].record("in", Instant(number), b"x" * 60, b"", ())

    assert ask(folder, "/devices")
    desk.rings[ID].record("close", Instant(999_999), b"", b"", ())
    seen = []
    for line in looking:
        seen.append(json.loads(line))
        if seen[-1].get("call") == "close":
            break
    assert {"gap": True} in seen
    assert len(seen) < 200_000


def test_looking_on_ends_with_the_gateway(server: ControlServer, folder: Path) -> None:
    looking = lines(folder, "/devices/scale-1/tap")
    next(looking)

    server.stop()

    assert list(looking) == []


@pytest.mark.usefixtures("server")
def test_looking_on_ends_after_the_time_that_was_asked_for(folder: Path) -> None:
    assert [json.loads(line) for line in lines(folder, "/devices/scale-1/tap", seconds=0.05)] == [HEAD]


@pytest.mark.usefixtures("server")
def test_the_whole_ring_is_a_trace(desk: Desk, folder: Path) -> None:
    for number in range(1_200):
        desk.rings[ID].record("in", Instant(number), b"x", b"", ())

    told = [json.loads(line) for line in lines(folder, "/devices/scale-1/trace")]

    assert told[0] == HEAD
    assert [line["at"] for line in told[1:]] == list(range(1_200))


@pytest.mark.usefixtures("server")
def test_a_recording_goes_on_from_what_is_kept_and_ends_at_its_bound(
    desk: Desk, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As much comes as is wanted; at the bound of the file it ends with a whole line."""
    stop = threading.Event()

    def come() -> None:
        at = 0
        while not stop.is_set():
            at += 1
            desk.rings[ID].record("in", Instant(at), b"x" * 1_000, b"", ())
            stop.wait(0.0002)

    source = threading.Thread(target=come)
    source.start()
    try:
        file = tmp_path / "scale.trace"
        code = main(["trace", "record", "scale-1", str(file), "--data", str(folder), "--mib", "1"])
    finally:
        stop.set()
        source.join()

    told = [json.loads(line) for line in file.read_text().splitlines()]
    ats = [line["at"] for line in told[1:] if "at" in line]
    assert code == 0
    assert "is full (1 MiB, --mib)" in capsys.readouterr().err
    assert 900_000 < file.stat().st_size <= 1_048_576
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ats == list(range(ats[0], ats[0] + len(ats)))


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("word", "order", "code"), [("zero", "zero", 0), ("tare-clear", "tare_clear", 0), ("tare", "tare", 1)]
)
def test_an_order_goes_to_the_scale_and_its_answer_comes_back(
    desk: Desk, folder: Path, word: str, order: str, code: int
) -> None:
    assert main(["devices", word, "scale-1", "--data", str(folder)]) == code
    assert desk.orders == [order]


@pytest.mark.usefixtures("server")
def test_an_order_without_an_answer_is_said(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.answers = False
    monkeypatch.setattr(control, "ANSWER_S", 0.1)

    with pytest.raises(Unreachable, match=r"scale-1 did not answer within 0\.1 s"):
        ask(folder, "/devices/scale-1/zero", "POST")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("path", "method", "words"),
    [
        ("/devices/nope/tap", "GET", "there is no device 'nope'; this gateway has: scale-1"),
        ("/devices/nope/zero", "POST", "there is no device 'nope'"),
        (
            "/devices/scale-1/explode",
            "POST",
            "there is no order 'explode'; orders are zero, tare, tare-clear",
        ),
        ("/devices/scale-1/zero", "GET", "the gateway answered 405"),
        ("/nothing", "GET", "the gateway answered 404"),
    ],
)
def test_what_it_does_not_have_is_refused_in_words(
    desk: Desk, folder: Path, path: str, method: str, words: str
) -> None:
    with pytest.raises(Unreachable, match=words):
        ask(folder, path, method)
    assert desk.orders == []


@pytest.mark.usefixtures("server")
def test_bytes_that_are_no_http_end_their_own_connection_only(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as rude, socket_place(folder) as place:
        rude.connect(place)
        rude.sendall(os.urandom(500) + b"\r\n\r\n")
        rude.settimeout(10)
        while rude.recv(4_096):
            pass

    assert ask(folder, "/devices")


def test_the_number_of_an_order_is_one_that_the_core_never_gives() -> None:
    from edge.rim.device_desk import FIRST_ORDER

    assert FIRST_ORDER > 1 << 32
    assert ScaleOrder(ID, FIRST_ORDER, "zero").number == FIRST_ORDER
