"""The coordinator's data folder: one process in it, secrets that are there whole or not at all, and what a fault of it
means to who started the coordinator.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from simulators.coordinator.full_disk import is_full

LOCK_FILE: Final = "coordinator.lock"
_UNREADABLE: Final = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_REFUSED: Final = (
    errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST,
)  # fmt: skip
_REFUSED_SQLITE: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class FolderTaken(Exception):  # noqa: N818 - of the folder, in one sentence
    """Another coordinator works in it."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While this lasts; makes the folder where it is missing. Raises FolderTaken, OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(
                f"another coordinator works in {folder}; stop it first, or give this one its own folder with --data"
            ) from None
        yield
    finally:
        os.close(handle)


def is_kept(path: Path) -> bool:
    """An empty file is what an older version left on a full disk."""
    return path.exists() and path.stat().st_size > 0


def no_room(folder: Path) -> str:
    return f"no room on the disk of {folder}: free some, and start it again; nothing is lost by that"


def in_words(fault: Exception, folder: Path) -> str | None:
    """What is wrong with the folder or its database, and what to do; None for a fault of another kind."""
    code = getattr(fault, "sqlite_errorcode", None)
    number = None
    if isinstance(fault, OSError) and str(fault.filename or folder).startswith(str(folder)):
        number = fault.errno
    if is_full(fault):
        return no_room(folder)
    if code is not None and code & 0xFF in _UNREADABLE:
        return f"the database in {folder} can't be read ({fault}): restore a backup, or move it away to begin anew"
    if number in _REFUSED or (code is not None and code & 0xFF in _REFUSED_SQLITE):
        return (
            f"can't write in {folder} ({fault}): give this user the right to, or another folder with --data"
        )
    if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program holds the database in {folder} ({fault}): stop it, and start again"
    return None
