"""The device's end of two serial lines, for tests that know devices from their manuals only.

A pty stands for each line, found under a path of its own as /dev/serial/by-id gives one. Bytes go out as a line at
9600 baud brings them: 1.04 ms each, cut at random places. Shares no code with the simulated devices.
"""

import json
import os
import random
import select
import threading
import time
import tty
from pathlib import Path
from typing import ClassVar, Final

VECTORS: Final = Path(__file__).parents[1] / "vectors" / "vectors.jsonl"
BYTE_S: Final = 10 / 9_600
CHUNK_MAX: Final = 12
WRITE_S: Final = 20.0
"""How long the host may take to read what was sent."""
POLL_S: Final = 0.05


def frame(name: str) -> bytes:
    """The bytes of one vector, as its manual has them."""
    rows = map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines())
    return next(bytes.fromhex(row["hex"]) for row in rows if row["id"] == name)


SERIAL_NUMBER: Final = frame("mt-sics-35")
"""The answer to `@`."""
LIGHT: Final = frame("mt-sics-12")
LIGHT_MG: Final = 256_000
HEAVY: Final = frame("mt-sics-14")
HEAVY_MG: Final = 12_345_000
OVERLOAD: Final = frame("mt-sics-17")
EMPTY: Final = LIGHT.replace(b"0.256", b"0.000")
"""No manual prints an empty pan in this unit: the layout of `LIGHT` with other digits."""


class SerialLine:
    """One line. `plug` and `unplug` are what happens to its cable."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._cuts = random.Random(seed)
        self._sending = threading.Lock()
        self._ends: tuple[int, int] | None = None

    @property
    def far(self) -> int | None:
        return self._ends[0] if self._ends is not None else None

    def plug(self) -> None:
        far, near = os.openpty()
        tty.setraw(near)
        os.set_blocking(far, False)
        self._ends = (far, near)  # the near end stays open here too: else the far end can't be read
        self.path.symlink_to(os.ttyname(near))

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        with self._sending:
            ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)

    def send(self, data: bytes, *, paced: bool = True) -> None:
        """Returns when the last byte is on the line. `paced=False`: at once, as over USB."""
        with self._sending:
            while data and self.far is not None:
                size = self._cuts.randint(1, CHUNK_MAX) if paced else len(data)
                if paced:
                    select.select([], [], [], min(size, len(data)) * BYTE_S)
                self._write(data[:size])
                data = data[size:]

    def _write(self, data: bytes) -> None:
        deadline = time.monotonic() + WRITE_S
        while data and self.far is not None:
            _, ready, _ = select.select([], [self.far], [], POLL_S)
            if ready:
                data = data[os.write(self.far, data) :]
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{self.path}: {len(data)} bytes not read within {WRITE_S} s")


class ScalePeer:
    """Answers `@` and `SI` with frames of the manual."""

    END: ClassVar = b"\r\n"
    """Of a command."""
    EMPTY: ClassVar = EMPTY
    """What it answers while nothing lies on it."""

    def __init__(self, line: SerialLine) -> None:
        self.line = line
        self.instead: list[bytes] = []
        """Sent instead of the next answers to `SI`, one each."""
        self._shows = self.EMPTY
        self._asked = 0
        self._heard = bytearray()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scale-peer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def show(self, answer: bytes) -> None:
        """What lies on the pan from now on."""
        self._shows, self._asked = answer, 0

    @property
    def is_seen(self) -> bool:
        """The host has asked again since it got the answer for what lies there now."""
        return self._asked >= 3  # the first may have crossed `show`

    def _run(self) -> None:
        while not self._stopping.is_set():
            far = self.line.far
            if far is None:
                self._stopping.wait(POLL_S)
                continue
            try:
                ready, _, _ = select.select([far], [], [], POLL_S)
                self._heard += os.read(far, 4_096) if ready else b""
            except (OSError, ValueError):  # unplugged meanwhile
                self._heard.clear()
                continue
            while self.END in self._heard:
                command, _, rest = bytes(self._heard).partition(self.END)
                self._heard[:] = rest
                self.line.send(self._answer(command))

    def _answer(self, command: bytes) -> bytes:
        match command:
            case b"@":
                return SERIAL_NUMBER
            case b"SI":
                self._asked = 0 if self.instead else self._asked + 1
                return self.instead.pop(0) if self.instead else self._shows
            case _:
                return frame("mt-sics-19")  # ES: a command it does not know
