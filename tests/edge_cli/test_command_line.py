"""The command `hub`: what it prints, what it returns, and what it does not import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge import __version__
from edge.cli import main

ROOT = Path(__file__).parents[2]
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
        "heavy = {'fastapi', 'cv2', 'pydantic', 'numpy', 'uvicorn', 'paho', 'cryptography', 'serial', 'sqlite3'};"
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
        (["--protocol", "mt-sics", "--hex", "5Z"], "two hex digits"),
        (["--protocol", "mt-socks", "--hex", "53"], "mt-sics"),
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
