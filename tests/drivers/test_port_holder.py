"""Who holds a port: found among the processes, real ones and made-up ones."""

import os
from pathlib import Path

import pytest

from drivers.transports.holder import Holder, holder_of, holders


def process(proc: Path, pid: int, name: str, *files: str) -> None:
    (proc / str(pid) / "fd").mkdir(parents=True)
    (proc / str(pid) / "comm").write_text(f"{name}\n")
    for number, file in enumerate(files):
        (proc / str(pid) / "fd" / str(number)).symlink_to(file)


@pytest.mark.parametrize(
    ("name", "todo"),
    [
        ("ModemManager", "systemctl disable --now ModemManager"),
        ("brltty", "systemctl disable --now brltty"),
        ("minicom", "end that program"),
    ],
)
def test_the_process_that_has_it_open_is_named_with_what_to_do(tmp_path: Path, name: str, todo: str) -> None:
    process(tmp_path, 100, "bash", "/dev/null")
    process(tmp_path, 612, name, "/dev/null", "/dev/ttyUSB0")

    holder = holder_of("/dev/ttyUSB0", tmp_path)

    assert holder is not None
    assert (holder.pid, holder.name) == (612, name)
    assert todo in holder.todo


def test_one_known_for_taking_ports_is_suspected_where_files_cannot_be_seen(tmp_path: Path) -> None:
    process(tmp_path, 612, "ModemManager")

    holder = holder_of("/dev/ttyUSB0", tmp_path)

    assert holder is not None
    assert holder.name == "ModemManager"


def test_who_has_what_open_is_found_in_one_go_and_suspicion_is_no_evidence(tmp_path: Path) -> None:
    process(tmp_path, 100, "bash", "/dev/null", "/var/x")
    process(tmp_path, 200, "minicom", "/dev/ttyUSB0")
    process(tmp_path, 612, "ModemManager")

    assert holders(tmp_path) == {"/dev/null": Holder(100, "bash"), "/dev/ttyUSB0": Holder(200, "minicom")}
    assert holders(tmp_path / "none") == {}


def test_nobody_is_blamed_without_cause(tmp_path: Path) -> None:
    process(tmp_path, 612, "bash", "/dev/ttyUSB1")

    assert holder_of("/dev/ttyUSB0", tmp_path) is None
    assert holder_of("/dev/ttyUSB0", tmp_path / "none") is None


def test_ourselves_are_not_looked_at() -> None:
    own = os.open(os.devnull, os.O_RDONLY)
    try:
        holder = holder_of(f"/proc/self/fd/{own}")
    finally:
        os.close(own)
    assert holder is None or holder.pid != os.getpid()
