"""The command `hub`: what it prints, what it returns, and what it does not import."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.decode import DECODERS
from edge import __version__
from edge.app import App
from edge.cli import main
from edge.commands import EXIT_BAD_CONFIG
from edge.rim.journal import JOURNAL_FILE
from hub_config.load import load
from simulators import commands

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "bench.toml"
VECTORS = ROOT / "tests" / "vectors" / "vectors.jsonl"


def vector(name: str) -> str:
    rows = map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines())
    return next(str(row["hex"]) for row in rows if row["id"] == name)


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chekc"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "hub: unknown command 'chekc'; did you mean 'check'?\n"


def test_a_command_like_no_other_gets_the_list_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    said = capsys.readouterr().err
    for name in ("check", "run", "decode", "journal", "demo", "simulate"):
        assert name in said


def test_no_command_is_wrong_use_and_shows_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
    first, second = capsys.readouterr().out.split("usage: ")[1:]
    assert first == second
    assert "demo" in first


def test_version_is_told_without_loading_what_serves_parcels() -> None:
    program = (
        "import sys; from edge.cli import main; code = main(['--version']);"
        "heavy = {'fastapi', 'cv2', 'pydantic', 'numpy', 'uvicorn', 'paho', 'cryptography', 'nacl', 'serial',"
        "         'sqlite3'};"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [f"hub {__version__}", "0 []"]


@pytest.mark.parametrize(
    ("protocol", "name", "meaning"),
    [
        ("mt-sics", "mt-sics-12", {"kind": "weight", "value": "0.256", "stable": True, "mass_mg": 256_000}),
        ("mt-sics", "mt-sics-14", {"kind": "weight", "unit": "kg", "mass_mg": 12_345_000}),
        ("mt-sics", "mt-sics-13", {"kind": "weight", "unit": "g", "stable": False, "mass_mg": -680}),
        ("mt-sics", "mt-sics-17", {"kind": "weight", "overload": True}),
        ("mt-sics", "mt-sics-35", {"kind": "info", "serial": "1126493049"}),
        ("line-crlf", "line-crlf-01", {"kind": "scan", "data": "RB123456785GB"}),
        ("upu-s10", "upu-s10-07", {"kind": "identifier", "valid": False, "error": "check_digit"}),
    ],
)
def test_bytes_of_a_manual_are_decoded_to_what_it_says(
    protocol: str, name: str, meaning: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decode", "--protocol", protocol, "--hex", vector(name), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert {key: told.get(key) for key in meaning} == meaning


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--protocol", "mt-sics", "--hex", "5Z"], "'Z' at place 2 is no hex digit"),
        (["--protocol", "mt-sics", "--hex", "53|0D"], "'|' at place 3 is no hex digit"),
        (["--protocol", "mt-sics", "--hex", "x53"], "'x' at place 1 is no hex digit"),
        (["--protocol", "mt-sics", "--hex", "53 0"], "an odd number of hex digits (3)"),
        (["--protocol", "mt-sics", "--hex", "5 3 4 1"], "a blank inside a byte"),
        (["--protocol", "mt-sics", "--hex", "é" * 100_000], "'é' at place 1 is no hex digit"),
        (["--protocol", "aim", "--hex", "53", "--unit", "kg"], "option unit=kg is unknown for aim"),
        (["--protocol", "cas-10", "--hex", "53", "--unit", "stone"], "unit: "),
        (["--protocol", "mt-sics", "--hex", ""], "no bytes; two hex digits"),
        (["--protocol", "line-crlf", "--hex", "53", "--hex", " "], "no bytes; two hex digits"),
        (["--protocol", "mt-socks", "--hex", "53"], "mt-sics"),
        (["--protocol", "mt-socks"], "did you mean mt-sics?"),
        (["--protocol", "mt-sics"], "no bytes"),
        (["--protocol", "scale-text", "--hex", "53"], "--grammar FILE"),
        (["--protocol", "and", "--hex", "53"], "and-standard"),
        (["--protocol", "line-crlf", "--hex", "53", "--config", "suffix"], "KEY=VALUE"),
    ],
)
def test_what_decode_is_not_told_rightly_it_says(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decode", *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert told.out == ""


def test_framing_bytes_can_be_written_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--config",
        "start=\\x02",
        "--config",
        "end=\\x03",
        "--hex",
        "02 37 3b 31 2e 32 3b 6b 67 3b 4f 4b 03",
    ]
    assert main(["decode", "--protocol", "record-scale", *words]) == 0
    assert "mass_mg=1200000" in capsys.readouterr().out
    words = [
        "--config",
        "header=*",
        "--config",
        "trailer=\\r",
        "--config",
        "unit=cm",
        "--text",
        "*12.3;08.0;04.5\r",
    ]
    assert main(["decode", "--protocol", "datalogic-dm3610", *words]) == 0
    assert "l_um=123000" in capsys.readouterr().out


def test_every_protocol_is_listed_with_what_config_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--protocol", "?"]) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()] == list(DECODERS)
    assert "check=…" in told


def test_the_example_config_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    example = str(ROOT / "examples" / "bench.toml")
    assert main(["check", example]) == 0
    assert capsys.readouterr().out == f"{example}: ok\n"


def test_a_bad_config_is_told_fault_by_fault_with_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "examples" / "bench.toml").read_text()
    config = tmp_path / "hub.toml"
    config.write_text(
        text.replace('mode = "practice" ', 'mode = "practise" ').replace("min_load =", "min_lode =")
    )
    assert main(["check", str(config)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{config}: {len(lines) - 1} faults"
    assert any("min_lode" in line and "min_load" in line for line in lines)

    assert main(["check", str(config), "--json"]) == 1
    faults = json.loads(capsys.readouterr().out)
    assert len(faults) == len(lines) - 1
    assert all(fault["line"] > 1 and fault["todo"] for fault in faults)


def test_a_config_that_is_not_there_is_one_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nowhere.toml")]) == 1
    assert "there is no such file" in capsys.readouterr().out


def test_a_gateway_in_mode_replay_is_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(EXAMPLE.read_text().replace('"practice"', '"replay"'))
    assert load(config).hub.mode == "replay"
    data = tmp_path / "data"
    assert main(["run", str(config), "--data", str(data)]) == EXIT_BAD_CONFIG == 78
    said = "hub run: mode replay is never published; set [hub] mode to practice or live\n"
    assert capsys.readouterr().err == said
    assert not data.exists()


@pytest.mark.parametrize(
    ("under", "why"), [("", "File exists"), ("file", "File exists"), ("file/kept", "Not a directory")]
)
def test_a_demo_is_kept_only_in_a_new_folder(
    under: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    keep = tmp_path / under
    assert main(["demo", "--keep", str(keep)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"hub demo: --keep {keep}: {why}; name a new folder\n")


@pytest.mark.parametrize(
    "words", [["demo", "--report"], ["simulate", "bench", "--report"], ["bench", "wire", "--json"]]
)
def test_a_file_that_could_not_be_written_is_refused_before_the_run(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    for file, why in (
        (nowhere / "report.json", f"there is no folder {nowhere}; make it, or name a file in another"),
        (tmp_path, f"{tmp_path} is a folder; name a file"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*words, str(file)])
        assert ended.value.code == 2
        assert capsys.readouterr().err.splitlines()[-1].endswith(f": argument {words[-1]}: {why}")


@pytest.mark.parametrize("words", [["startup", "--events", "600"], ["drain", "--events", "5"]])
def test_events_go_with_the_bench_of_a_backlog_and_are_a_parcel_or_more(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words]) == 2
    assert capsys.readouterr().err.endswith("goes with drain, and 6 or more are wanted\n")


@pytest.mark.parametrize("pace", ["nan", "inf", "0", "0.049", "100.1", "-1"])
def test_a_pace_no_operator_has_is_refused(pace: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--pace", pace])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("; 0.05 to 100 is wanted\n")


def test_a_demo_stopped_with_ctrl_c_says_last_that_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders: list[Path] = []

    def stopped(_args: object, folder: Path, _port: int, stopping: threading.Event) -> int:
        folders.append(folder)
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.wait(5)
        return 0

    monkeypatch.setattr(commands, "_demo", stopped)
    assert main(["demo"]) == 0
    assert capsys.readouterr().out == "stopped; nothing is left running\n"
    assert not folders[0].exists()


def test_a_demo_that_ends_by_itself_does_not_speak_of_stopping(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "_demo", lambda *_: 0)
    assert main(["demo"]) == 0
    assert capsys.readouterr().out == ""


def test_the_journal_is_read_without_loading_what_serves_pages() -> None:
    program = (
        "import sys, edge.commands.journal;"
        "print(sorted({'fastapi', 'uvicorn', 'paho', 'serial', 'jinja2'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Built, never started: it has its journal, and no port is open."""
    app = App(load(EXAMPLE), tmp_path / "data")
    yield app
    app._pump.stop()
    app._journal.close()


@pytest.mark.usefixtures("app")
def test_an_export_into_no_folder_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (tmp_path / "data" / JOURNAL_FILE).exists()
    file = tmp_path / "nowhere" / "journal.jsonl"
    assert main(["journal", "export", str(file), "--data", str(tmp_path / "data")]) == 1
    why = "No such file or directory; name a file in a folder that exists and can be written"
    assert capsys.readouterr().err == f"hub journal: {file}: {why}\n"


@pytest.mark.usefixtures("app")
def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    told = subprocess.run(
        [sys.executable, "-m", "edge.cli", "check", str(EXAMPLE)],
        stdout=writing, stderr=subprocess.PIPE, env=buffered, check=False,
    )  # fmt: skip
    os.close(writing)

    assert (told.returncode, told.stderr) == (0, b"")


def test_the_figures_tell_each_port_and_the_weights_dropped(app: App) -> None:
    figures = app._pages.figures()
    assert figures["weights_dropped"] == 0
    assert set(figures["processor_us"]) == {thread.name for thread in threading.enumerate()}
    counts = ("openings", "bytes_in", "bytes_out", "frames", "faults", "bytes_dropped", "disbelieved")
    assert figures["ports"] == [
        {"device": device.id, "port": device.attach.port, "open": False, **dict.fromkeys(counts, 0)}
        for device in load(EXAMPLE).devices
    ]
    assert json.loads(json.dumps(figures["ports"])) == figures["ports"]


@pytest.mark.parametrize(
    ("protocol", "frame", "mass_mg"),
    [
        ("toledo-8217", "02 31 32 2E 33 34 35 0D", 12_345_000),
        ("cas-10", "30 30 30 30 31 33 2E 35 0D 0A", 13_500_000),
        ("mt-sics", "53 20 53 20 31 2E 32 35 0D 0A", 1_250_000),
    ],
)
def test_a_weight_sent_without_a_unit_has_a_mass_where_one_is_said(
    protocol: str, frame: str, mass_mg: int, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for unit in ([], ["--unit", "kg"]):
        assert main(["decode", "--protocol", protocol, "--hex", frame, *unit, "--json"]) == 0
        told += [one["mass_mg"] for one in json.loads(capsys.readouterr().out)]

    assert told == [None, mass_mg]


def test_a_terminal_without_our_characters_is_no_fault() -> None:
    words = [sys.executable, "-m", "edge.cli", "decode", "--protocol", "line-crlf", "--hex", "47 72 C3 B6 0D"]
    plain_ascii = {**os.environ, "PYTHONIOENCODING": "ascii"}

    shown = subprocess.run(words, env=plain_ascii, cwd=ROOT, capture_output=True, check=True)
    told = subprocess.run([*words, "--json"], env=plain_ascii, cwd=ROOT, capture_output=True, check=True)

    assert b"data='Gr\\xf6'" in shown.stdout
    assert json.loads(told.stdout)[0]["data"] == "Grö"
