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
        if _has_open(proc, pid, node):
            return Holder(pid, name)
        if suspect is None and name in TODO:
            suspect = Holder(pid, name)
    return suspect


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


def _has_open(proc: Path, pid: int, node: str) -> bool:
    folder = proc / str(pid) / "fd"
    try:
        numbers = os.listdir(folder)
    except OSError:
        return False  # ended meanwhile, or of another user
    return any(_target(folder / number) == node for number in numbers)


def _target(link: Path) -> str | None:
    try:
        return os.readlink(link)
    except OSError:
        return None
