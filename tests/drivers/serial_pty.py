"""A real pty in the place of a serial device."""

import os
import select
import tty
from pathlib import Path

DEADLINE_S = 10.0
LINK = "tty-bench"


class Pty:
    """A device's end of a serial line, found under a path of its own as /dev/serial/by-id gives one."""

    def __init__(self, link: Path) -> None:
        self.link = link
        # The near end stays open here too: without any opener the far end can't be read.
        self.far, self.near = os.openpty()
        tty.setraw(self.near)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self.near))

    def send(self, data: bytes) -> None:
        os.write(self.far, data)

    def receive(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end):
            ready, _, _ = select.select([self.far], [], [], DEADLINE_S)
            assert ready, f"no {end!r} within {DEADLINE_S} s after {data!r}"
            data += os.read(self.far, 4_096)
        return data

    def unplug(self) -> None:
        self.link.unlink()
        self.close()

    def close(self) -> None:
        os.close(self.far)
        os.close(self.near)
