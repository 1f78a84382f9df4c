"""The room that is left for the journal, and the ballast that makes its end an orderly one (contract §11, level 4).

Below 10 % free the line stops: no evidence, no movement. A large disk has room for days even then, so the share counts
only while less than `enough` is free. The ballast is a file of real blocks beside the journal: on "disk full" it is
deleted, what waits is written into the room it leaves, and it is made again once there is room for it.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

BALLAST_FILE: Final = "ballast"
SHORT_PERCENT: Final = 10
AGAIN_PERCENT: Final = 12
"""Only above this is a disk that was short good again."""
MIB: Final = 1_048_576


class Room(NamedTuple):
    """Of the file system the journal is on."""

    free_bytes: int
    total_bytes: int


def room_of(folder: Path) -> Room:
    found = os.statvfs(folder)
    return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


class Disk:
    """One thread's: the journal writer's."""

    def __init__(
        self, folder: Path, ballast_mib: int, enough_mib: int, room: Callable[[Path], Room] = room_of
    ) -> None:
        self._folder = folder
        self._file = folder / BALLAST_FILE
        self._ballast_bytes = ballast_mib * MIB
        self._enough_bytes = enough_mib * MIB
        self._room = room
        self._short = False
        self.has_ballast = self._file.exists()

    def short(self) -> str | None:
        """Why the line has to stop, in words; None while there is room. Raises OSError if the disk does not answer."""
        free, total = self._room(self._folder)
        limit = (AGAIN_PERCENT if self._short else SHORT_PERCENT) * total // 100
        self._short = free < min(limit, self._enough_bytes)
        if not self._short:
            return None
        return (
            f"the disk of {self._folder} has {free // MIB} MiB free of {total // MIB} MiB, under {SHORT_PERCENT} %: "
            "nothing moves without evidence; free some space"
        )

    def give_ballast(self) -> bool:
        """The disk is full: makes room; False if there was no ballast any more."""
        self.has_ballast = False
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def keep_ballast(self) -> None:
        """Makes the ballast, if it is not there and the disk is not short with it."""
        if self.has_ballast or not self._ballast_bytes:
            return
        free, total = self._room(self._folder)
        if free - self._ballast_bytes < min(AGAIN_PERCENT * total // 100, self._enough_bytes):
            return
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._ballast_bytes)
            finally:
                os.close(handle)
        except OSError:  # the disk filled meanwhile: the next look says so
            with suppress(OSError):
                self._file.unlink()
            return
        self.has_ballast = True
