"""`hub watch`: one table of a running gateway, or one clear sentence."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.cli import main
from edge.commands import watch
from edge.core.snapshot import Balance, EventFigures, LineView, Snapshot, Tally
from edge.web.floor.layout import floor_layout
from edge.web.state import page_state
from hub_config.load import load
from hub_config.names import Instant, LineId

CONFIG = load(Path(__file__).parents[2] / "examples" / "demo.toml")
LINE = LineView(LineId("l1"), Instant(0), "runs", 1_500_000, "ready")
SNAPSHOT = Snapshot(Instant(0), (), Balance(), Tally(), None, (), (), lines=(LINE,))
STATE = json.dumps(page_state(CONFIG, SNAPSHOT, EventFigures(), None, 1)).encode()
LAYOUT = json.dumps(floor_layout(CONFIG)).encode()
EVENT = b"id: 1\nretry: 500\ndata: " + STATE + b"\n\n"

Answers = dict[str, tuple[int, bytes]]


@contextmanager
def serving(answers: Answers) -> Iterator[int]:
    """A server on loopback that says these, and ends each answer."""

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b"nothing here"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def watch_at(port: int) -> int:
    return main(["watch", "--once", "--url", f"http://127.0.0.1:{port}"])


@pytest.mark.system
def test_one_table_is_printed_and_the_command_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with serving({"/layout.json": (200, LAYOUT), "/events": (200, EVENT)}) as port:
        assert watch_at(port) == 0

    told = capsys.readouterr()
    assert "MY-KUL-1 · gw-01" in told.out
    assert CONFIG.lines[0].name in told.out
    assert "tunnel-1" in told.out
    assert told.err == ""


@pytest.mark.system
def test_a_pipe_gets_one_table_without_asking_for_it() -> None:
    with serving({"/layout.json": (200, LAYOUT), "/events": (200, EVENT)}) as port:
        told = subprocess.run(
            [sys.executable, "-m", "edge.cli", "watch", "--url", f"http://127.0.0.1:{port}"],
            capture_output=True,
            env={"PYTHONIOENCODING": "latin-1", "COLUMNS": "90"},
            cwd=Path(__file__).parents[2],
            check=True,
            timeout=30,
        )

    assert "RUNS" in told.stdout.decode("latin-1")
    assert b"\x1b" not in told.stdout


@pytest.mark.system
def test_no_gateway_is_one_sentence_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever dials is refused
        assert watch_at(taken.getsockname()[1]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("hub watch: no gateway answers at 127.0.0.1:")
    assert told.err.endswith("start one, or name its address with --url\n")
    assert told.err.count("\n") == 1


@pytest.mark.system
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "refuses /layout.json (404): 'nothing here'"),
        ({"/layout.json": (200, b"<html>")}, "is no gateway; name its address with --url"),
        ({"/layout.json": (200, b"{}")}, "is no gateway; name its address with --url"),
        ({"/layout.json": (200, LAYOUT), "/events": (503, b"32 screens are open\n")}, "(503): '32 screens"),
        ({"/layout.json": (200, LAYOUT), "/events": (200, b"data: {")}, "ended its stream"),
        ({"/layout.json": (200, LAYOUT), "/events": (200, b"data: []\n\n")}, "is no gateway"),
        ({"/layout.json": (200, LAYOUT), "/events": (200, b"")}, "ended its stream"),
    ],
)
def test_whatever_else_answers_is_one_sentence(
    answers: Answers, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(answers) as port:
        assert watch_at(port) == 1

    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1


@pytest.mark.system
def test_a_state_longer_than_any_of_ours_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watch, "ANSWER_BYTES_MAX", len(LAYOUT) + 1)
    endless = b"data: " + b"x" * 2 * len(LAYOUT)
    with serving({"/layout.json": (200, LAYOUT), "/events": (200, endless)}) as port:
        assert watch_at(port) == 1

    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.system
def test_a_gateway_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watch, "LOST_AFTER_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert watch_at(silent.getsockname()[1]) == 1

    assert "says nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8040", "https://127.0.0.1", "http://", "http://127.0.0.1:x", "http://h/floor"]
)
def test_an_address_that_is_none_is_wrong_use(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["watch", "--url", url])

    assert ended.value.code == 2
    assert "write for example http://127.0.0.1:8040" in capsys.readouterr().err


class Screen:
    """A console that is a terminal, and whoever sits before it presses Ctrl-C at the last answer."""

    def __init__(self, steps: list[Callable[[], dict[str, Any]]]) -> None:
        self.steps = steps

    def states(self, _host: str, _port: int) -> Iterator[dict[str, Any]]:
        while self.steps:
            yield self.steps.pop(0)()
        raise KeyboardInterrupt


def gone() -> dict[str, Any]:
    raise watch.NoGateway("the gateway went away")


def test_a_live_table_shows_a_lost_gateway_and_its_return_and_ends_with_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import io

    from rich.console import Console

    out = io.StringIO()
    screen = Screen([lambda: json.loads(STATE), gone, lambda: json.loads(STATE)])
    monkeypatch.setattr(watch, "states", screen.states)
    monkeypatch.setattr(watch, "read_layout", lambda *_: json.loads(LAYOUT))
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    console = Console(file=out, force_terminal=True, width=100, height=40, highlight=False)

    with pytest.raises(KeyboardInterrupt):
        watch._live(console, "127.0.0.1", 8040)

    shown = out.getvalue()
    first, lost, again = (shown.find("RUNS"), shown.find("Screen lost"), shown.rfind("RUNS"))
    assert 0 <= first < lost < again


def test_ctrl_c_is_the_regular_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "_once", interrupted)

    assert main(["watch", "--once"]) == 0


def test_neither_the_version_nor_the_help_of_watch_loads_rich() -> None:
    program = (
        "import sys; from edge.cli import main; main(['--version']); import edge.commands.watch;"
        "print(sorted({'rich', 'fastapi', 'pydantic', 'uvicorn'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[1] == "[]"
