"""How a command ends that can't go on: Ctrl-C at any moment, an output that is closed or full, a file that refuses."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import cli
from edge.cli import EXIT_INTERRUPTED, main

FULL = Path("/dev/full")


def hub(*words: str, close: str = "", output: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`close`: a shell's redirection, such as `>&-`; `output`: where it prints to."""
    line = f'exec "$0" -m edge.cli "$@" {close}'
    with (output or Path(os.devnull)).open("w") as place:
        return subprocess.run(
            ["/bin/sh", "-c", line, sys.executable, *words],
            stdin=subprocess.DEVNULL, stdout=place, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("close", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_output_costs_the_words_and_nothing_else(close: str) -> None:
    ended = hub("simulate", "--list", close=close)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", [["simulate", "--list"], ["--help"], ["decode", "--protocol", "?"]])
def test_a_full_disk_behind_the_output_is_one_sentence(words: list[str]) -> None:
    ended = hub(*words, output=FULL)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"hub {words[0]}: its output can't be written: No space left on device; make room, or send it elsewhere\n"
    )


def command_that(does: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_find", lambda _name: lambda _words: does())


def test_ctrl_c_while_a_command_is_still_loading_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_find", interrupted)
    assert main(["run", "hub.toml"]) == EXIT_INTERRUPTED


def test_an_error_that_names_no_file_is_a_mistake_of_ours_and_is_shown_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> int:
        raise ConnectionResetError

    command_that(broken, monkeypatch)
    with pytest.raises(ConnectionResetError):
        main(["check"])


def test_a_report_that_may_not_be_written_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(SystemExit):
        main(["simulate", "demo", "--report", f"{tmp_path}/r.json"])
    assert f"{tmp_path}/r.json may not be written; correct its rights" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["journal", "tail"], ["why", "X"], ["export", "cloudevents"]])
def test_a_folder_without_a_journal_says_which_folder_is_wanted(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--data", str(tmp_path)]) == 1
    assert (
        f"{tmp_path}/journal.db can't be read: there is no such file; name the data folder"
        in capsys.readouterr().err
    )


def test_a_port_that_is_none_and_a_port_in_use_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulated-device", "mt-sics", "--tcp", "99999"])
    assert "'99999': 1 to 65535 are wanted" in capsys.readouterr().err


def test_a_name_that_could_break_a_udev_rule_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "name", "/dev/null", 'x", RUN+="y']) == 2
    assert "is no name: 1 to 32 of A-Z a-z 0-9 _ - are wanted" in capsys.readouterr().err


def test_what_only_record_takes_is_refused_with_save(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["trace", "save", "scale-1", "x.trace", "--mib", "4"])
    assert "--mib and --seconds go with record" in capsys.readouterr().err


def test_help_has_a_sentence_for_every_command_of_the_simulators(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    told = capsys.readouterr().out
    assert "--help\n" not in told.split("without hardware")[1].split("\n\n")[0]
    assert "simulated-device  one device" in told
