"""Which process has a device open: ModemManager and brltty take serial ports that are not meant for them.

Another user's open files can't be seen without root. Then a process that is known for taking ports is named if it
runs, since it is the likely one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TODO: Final = {
    "ModemManager": "it takes serial ports for modems: sudo systemctl disable --now ModemManager",
    "brltty": "it takes serial ports for Braille displays: sudo systemctl disable --now brltty, or remove brltty",
}
"""By the name of the process."""


@dataclass(frozen=True, slots=True)
class Holder:
    pid: int
    name: str

    @property
    def todo(self) -> str:
        return TODO.get(self.name, "end that program")


def holder_of(port: str, proc: Path = PROC) -> Holder | None:
    """Who has it open besides ourselves, or probably has; None if nobody can be seen. Scans all processes."""
    node = os.path.realpath(port)
    suspect: Holder | None = None
    for pid in _others(proc):
        name = _name(proc, pid)
        if node in _open_files(proc, pid):
            return Holder(pid, name)
        if suspect is None and name in TODO:
            suspect = Holder(pid, name)
    return suspect


def holders(proc: Path = PROC) -> dict[str, Holder]:
    """By the file that it has open, as far as can be seen. Of /dev only."""
    found: dict[str, Holder] = {}
    for pid in _others(proc):
        for node in _open_files(proc, pid):
            if node.startswith("/dev/"):
                found.setdefault(node, Holder(pid, _name(proc, pid)))
    return found


def suspects(proc: Path = PROC) -> list[Holder]:
    """Processes that are known for taking ports."""
    return [Holder(pid, name) for pid in _others(proc) if (name := _name(proc, pid)) in TODO]


def _others(proc: Path) -> Iterator[int]:
    own = os.getpid()
    try:
        names = os.listdir(proc)
    except OSError:
        return
    yield from sorted(int(name) for name in names if name.isdecimal() and int(name) != own)


def _name(proc: Path, pid: int) -> str:
    try:
        return (proc / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "?"


def _open_files(proc: Path, pid: int) -> Iterator[str]:
    folder = proc / str(pid) / "fd"
    try:
        numbers = os.listdir(folder)
    except OSError:
        return  # ended meanwhile, or of another user
    yield from (target for number in numbers if (target := _target(folder / number)) is not None)


def _target(link: Path) -> str | None:
    try:
        return os.readlink(link)
    except OSError:
        return None
