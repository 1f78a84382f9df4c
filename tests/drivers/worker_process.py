"""A camera's worker process whose lines a test can wait for."""

import json
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serial_pty import DEADLINE_S

from drivers.transports.lost import PortLostError
from drivers.transports.worker_port import WorkerPort, worker_command
from hub_config.attach import FolderAttach


class Worker:
    """A port whose lines a test can wait for."""

    def __init__(self, folder: Path, script: str | None = None) -> None:
        def command(attach: FolderAttach) -> list[str]:
            return worker_command(attach) if script is None else [sys.executable, "-c", script, attach.path]

        self.port = WorkerPort(FolderAttach(kind="folder", path=str(folder)), command=command)
        self._bytes = b""

    def next(self) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while b"\n" not in self._bytes:
            ready, _, _ = select.select([self.port], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the worker said nothing in time"
            self._bytes += self.port.read()
        line, _, self._bytes = self._bytes.partition(b"\n")
        told = json.loads(line)
        assert isinstance(told, dict)
        return told

    def loss(self) -> str:
        """Why the port was lost."""
        try:
            while True:
                self.next()
        except PortLostError as lost:
            return str(lost)


@contextmanager
def working(folder: Path, script: str | None = None) -> Iterator[Worker]:
    worker = Worker(folder, script)
    try:
        yield worker
    finally:
        worker.port.close()
