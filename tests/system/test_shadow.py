"""`hub run --shadow` beside a controller on a real socket: not a byte is sent; disagreements are told at the end."""

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from live_hub import run_hub, wait_for

from simulators.broker import free_port

pytestmark = pytest.mark.system

EXAMPLE = Path(__file__).parents[2] / "examples/plc.toml"
DEADLINE_S = 30

TELEGRAMS = (
    b"\x02LF0001\x03\x02IN0002000017\x03\x02RD0003000017RB123456785GB                 \x03\x02WT0004000017     500\x03"
    b"\x02DC0005000017GREEN OK  \x03\x02LF0006\x03"
)


class Controller:
    """Listens, says its telegrams to whoever dials in, and keeps what it is told."""

    def __init__(self) -> None:
        self._ears = socket.create_server(("127.0.0.1", 0))
        self.port = self._ears.getsockname()[1]
        self.heard = b""
        self.said = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        line, _ = self._ears.accept()
        with line:
            line.sendall(TELEGRAMS)
            self.said.set()
            line.settimeout(0.1)
            while not self._over.is_set():
                try:
                    data = line.recv(1_024)
                except TimeoutError:
                    continue
                if not data:
                    return
                self.heard += data

    def close(self) -> None:
        self._over.set()
        self._thread.join(timeout=DEADLINE_S)
        self._ears.close()


def config(folder: Path, port: int, **changes: str) -> Path:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("port = 2000", f"port = {port}").replace("port = 1883", f"port = {free_port()}")
    text = text.replace("port = 8040", f"port = {free_port()}").replace("/dev/hub", str(folder))
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_shadow_listens_sends_nothing_and_tells_where_it_disagrees(tmp_path: Path) -> None:
    controller, log = Controller(), tmp_path / "log"
    command = [
        sys.executable,
        "-P",
        "-m",
        "edge.cli",
        "run",
        str(config(tmp_path, controller.port)),
        "--shadow",
    ]
    with log.open("wb") as out:
        run = subprocess.Popen([*command, "--data", str(tmp_path / "data")], stdout=out, stderr=out)
        try:
            assert controller.said.wait(DEADLINE_S), log.read_text()
            wait_for(lambda: _journalled(tmp_path), f"the discharge is journalled; see {log}")
            run.send_signal(signal.SIGINT)
            code = run.wait(DEADLINE_S)
        finally:
            run.kill()
            run.wait()
            controller.close()

    told = log.read_text()
    assert code == 0, told
    assert controller.heard == b""
    assert "line p1: 1 parcels left; 1 into another lane than ours; of 0 that both have named 0" in told
    assert "track 17" in told
    assert "it went to GREEN" in told


def _journalled(folder: Path) -> bool:
    tail = run_hub("journal", "tail", "--data", str(folder / "data"))
    return "lost_track" in tail.stdout


def test_a_live_hub_can_not_be_a_shadow(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace('"practice"', '"live"')
    # The well-known practice key is refused in live mode before: any other will do.
    text = text.replace(
        "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    ).replace("Vkdap1RjR0wChd9d", "If4x36FUomFia_hU")
    file = tmp_path / "hub.toml"
    file.write_text(text, encoding="utf-8")

    told = run_hub("run", str(file), "--shadow", "--data", str(tmp_path / "data"))

    assert told.returncode == 78, told.stderr
    assert "so it runs in mode practice" in told.stderr


def test_a_hub_without_such_a_line_has_nothing_to_listen_to(tmp_path: Path) -> None:
    bench = EXAMPLE.with_name("bench.toml")

    told = run_hub("run", str(bench), "--shadow", "--data", str(tmp_path / "data"))

    assert told.returncode == 78
    assert told.stderr.startswith("hub run: there is no line to listen to")
