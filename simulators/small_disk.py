"""A small file system of its own that can be filled to its last byte: what is written then gets a real ENOSPC.

A tmpfs, so nothing of it is left behind. Linux and root are needed.
"""

import errno
import os
import subprocess
from pathlib import Path
from typing import Final, Self

CHUNK: Final = 65_536
BLOCK: Final = 4_096
MOUNT_TIMEOUT_S: Final = 10.0


class DiskFault(Exception):  # noqa: N818  (the fault is the machine's, not the program's)
    """No file system can be mounted here; the text says why."""


class SmallDisk:
    """Mounted at `folder`, which is made, when constructed; `remove` takes it away whoever still looks at it."""

    def __init__(self, folder: Path, mib: int) -> None:
        """Raises DiskFault."""
        self.folder = folder
        self._hog = folder / "hog"
        folder.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(folder))

    def fill(self) -> int:
        """Until it takes no further block; returns the bytes it took. The room that others free meanwhile goes too."""
        filled = 0
        handle = os.open(self._hog, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for size in (CHUNK, BLOCK):
                filled += _write_until_full(handle, size)
        finally:
            os.close(handle)
        return filled

    def free(self) -> None:
        self._hog.unlink(missing_ok=True)

    def remove(self) -> None:
        _run("umount", "--lazy", str(self.folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _write_until_full(handle: int, size: int) -> int:
    written, block = 0, b"\0" * size
    try:
        while True:
            written += os.write(handle, block)
    except OSError as fault:
        if fault.errno != errno.ENOSPC:
            raise
        return written


def _run(*words: str) -> None:
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=MOUNT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise DiskFault(f"{' '.join(words)}: {fault}") from fault
    if told.returncode:
        raise DiskFault(f"{' '.join(words)}: {told.stderr.strip()}; run it as root")
