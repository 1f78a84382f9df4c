"""A camera's worker process as a port: its output is read by descriptor like a serial line.

A worker that ends, whatever the reason, is a lost port, and the device loop starts another one with its growing pauses.
The worker ends with the gateway, even if that is killed: its input is a pipe that only the gateway holds, and it ends
when that closes. (PR_SET_PDEATHSIG would not do: it watches the thread that opened the port, which is short-lived.)
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Final

from drivers.cameras import DECODE_MAX_S, EXIT_FULL_FOLDER, EXIT_NO_FOLDER, FILES_MAX
from drivers.transports.lost import READ_MAX_BYTES, PortLostError
from hub_config.attach import FolderAttach

END_WAIT_S: Final = 0.5
"""For the exit status of a worker that closed its output, or was killed."""
PACKAGES: Final = ("cv2", "numpy", "zxingcpp")


def worker_command(attach: FolderAttach) -> list[str]:
    # -P: a folder named drivers/ where the hub was started must not stand in for ours.
    return [sys.executable, "-P", "-m", "drivers.cameras.worker", attach.path]


class WorkerPort:
    """One worker. Close it once; nothing else may be called after that."""

    def __init__(
        self, attach: FolderAttach, *, command: Callable[[FolderAttach], list[str]] = worker_command
    ) -> None:
        """Starts it. Raises PortLostError with a reason for staff."""
        self._name = attach.place
        _check(attach)
        # Opened in a thread of the device loop, which may be kept on one processor; reading pictures may use all.
        with suppress(OSError):  # a sandbox that does not let us has kept that thread free as well
            os.sched_setaffinity(0, os.sched_getaffinity(os.getpid()))
        try:
            # A session of its own: Ctrl-C in the terminal is for the gateway, which then closes this port.
            self._process = subprocess.Popen(
                command(attach),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            reason = f"the camera worker of {self._name} can't be started ({error.strerror})"
            raise PortLostError(reason) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._out.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        return self._out.fileno()

    def read(self) -> bytes:
        """What has arrived, at most READ_MAX_BYTES; empty if nothing has. Raises PortLostError."""
        try:
            data = os.read(self._out.fileno(), READ_MAX_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise PortLostError(self._why_it_ended())
        return data

    def write(self, data: bytes) -> int:
        """A worker takes no orders; what is written to it goes nowhere."""
        return len(data)

    def close(self) -> None:
        """Ends the worker, which has nothing to lose."""
        with suppress(OSError):
            self._in.close()
        self._process.kill()
        self._out.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_WAIT_S)

    def _why_it_ended(self) -> str:
        try:
            status = self._process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            return f"the camera worker of {self._name} closed its output"
        if status == EXIT_NO_FOLDER:
            return f"{self._name} can't be read any more; check that the folder is there and its rights"
        if status == EXIT_FULL_FOLDER:
            return f"{self._name} holds more than {FILES_MAX} files; empty it"
        if status == -signal.SIGALRM:
            return f"the camera worker of {self._name} needed more than {DECODE_MAX_S} s for a picture and was ended"
        if status < 0:
            return f"the camera worker of {self._name} was ended by {_signal_name(-status)}"
        return f"the camera worker of {self._name} ended (exit status {status}); see the log"


def _check(attach: FolderAttach) -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        todo = "set them up once with ./hub --cameras COMMAND …"
        raise PortLostError(f"{attach.place} needs the camera packages, which are not installed; {todo}")
    if not os.path.isdir(attach.path):
        raise PortLostError(f"{attach.place} is no folder; create it, or correct attach.path")
    if not os.access(attach.path, os.R_OK | os.X_OK):
        raise PortLostError(f"{attach.place} may not be read by this user; correct its rights")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
