"""A first start that can't go on says in one sentence what, where and what to do, and the next one goes well."""

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from test_coordinator_full_disk import fill, small_disk
from test_coordinator_service import arguments

from edge.rim.whole_file import write_whole
from simulators.coordinator.__main__ import EXIT_BAD_FILE, EXIT_NO_ROOM, main
from simulators.coordinator.data_folder import LOCK_FILE, is_kept, locked
from simulators.coordinator.issuing import index_key
from simulators.coordinator.letters import KEY_FILE, practice_key
from simulators.coordinator.service import Coordinator
from simulators.coordinator.store import Store
from simulators.coordinator.tables import DATABASE

assert small_disk  # a fixture of the tests of a full disk

STEP: Final = 65_536


def prepared(folder: Path, data: Path | None = None) -> list[str]:
    for name in ("manifest.json", "gateways.json"):
        (folder / name).write_text("{}")
    words = arguments(folder)
    if data is not None:
        words[words.index("--data") + 1] = str(data)
    return words


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert "Traceback" not in said
    return ended.value.code, said


def status_of(words: list[str]) -> object:
    try:
        return main(words)
    except SystemExit as ended:
        return ended.code


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coordinator that began well is told to stop before it has said anything."""
    ran: Callable[[Coordinator], None] = Coordinator.run

    def run(coordinator: Coordinator) -> None:
        coordinator.stop()
        ran(coordinator)

    monkeypatch.setattr(Coordinator, "run", run)


@pytest.mark.system
@pytest.mark.usefixtures("at_once")
def test_wherever_its_first_start_runs_out_of_room_it_says_so_and_starts_once_there_is(
    tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filler, data = fill(small_disk), small_disk / "data"
    words, fell_short = prepared(tmp_path, data), 0
    size = filler.stat().st_size
    for room in range(0, 16 * STEP, STEP):
        subprocess.run(["rm", "-rf", str(data)], check=True)
        with filler.open("r+b") as file:
            file.truncate(size)
            file.truncate(size - room)
        status = status_of(words)
        if status == 0:
            break
        said = capsys.readouterr().err
        assert status == EXIT_NO_ROOM, said
        assert "no room on the disk of" in said
        assert "free some" in said
        fell_short += 1
    assert fell_short > 1
    filler.unlink()

    assert main(words) == 0


@pytest.mark.usefixtures("at_once")
def test_a_disk_that_fills_as_it_begins_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = prepared(tmp_path)

    def full(*_: object) -> None:
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr("simulators.coordinator.issuing.take_over", full)
        code, said = refused(words, capsys)

    assert code == EXIT_NO_ROOM
    assert "no room on the disk of" in said
    assert main(words) == 0


def test_a_file_that_is_no_database_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = prepared(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DATABASE).write_bytes(b"nothing of the kind" * 100)

    code, said = refused(words, capsys)

    assert code == EXIT_BAD_FILE
    assert "move it away" in said


def test_a_second_coordinator_on_a_folder_is_refused_and_the_first_unharmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = prepared(tmp_path)
    with locked(tmp_path / "data"):
        code, said = refused(words, capsys)
        assert not (tmp_path / "data" / DATABASE).exists()

    assert code == 1
    assert "another coordinator works in" in said


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = prepared(tmp_path, Path("/proc/self/coordinator"))

    code, said = refused(words, capsys)

    assert code == EXIT_BAD_FILE
    assert "/proc/self/coordinator" in said


@pytest.mark.system
def test_a_folder_that_has_become_read_only_is_said(
    tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_disk / "data"
    words = prepared(tmp_path, data)
    data.mkdir()
    Store(data / DATABASE).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    code, said = refused(words, capsys)

    assert code == EXIT_BAD_FILE
    assert f"can't write in {data}" in said


def test_a_gateway_without_a_key_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = prepared(tmp_path)
    (tmp_path / "gateways.json").write_text('{"gw-07": "abc"}')

    code, said = refused(words, capsys)

    assert code == EXIT_BAD_FILE
    assert "gw-07" in said
    assert "43 characters" in said


def test_keys_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).touch()
    (tmp_path / "voucher-index.key").touch()
    assert not is_kept(tmp_path / KEY_FILE)

    made, index = bytes(practice_key(tmp_path)), index_key(tmp_path)

    assert bytes(practice_key(tmp_path)) == made
    assert index_key(tmp_path) == index
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "nowhere" / "key", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE, "voucher-index.key"]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        assert (tmp_path / LOCK_FILE).exists()
    Store(tmp_path / DATABASE).close()
