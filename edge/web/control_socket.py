"""Where a gateway's control socket is; apart, so that commands that only dial it start fast."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CONTROL_SOCKET: Final = "control.sock"
"""In the data folder."""


@contextmanager
def socket_place(folder: Path) -> Iterator[str]:
    """A short way to the socket: an address of this kind has 107 bytes at most, and folders may be deep."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{fd}/{CONTROL_SOCKET}"
    finally:
        os.close(fd)
