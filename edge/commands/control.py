"""The other end of a gateway's control socket, for the commands that talk to a running gateway."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from edge.web.control_socket import CONTROL_SOCKET, socket_place

TIMEOUT_S: Final = 5.0
LINE_BYTES_MAX: Final = 1_000_000


class Unreachable(Exception):  # noqa: N818  (a verdict, not a mistake)
    """No gateway answers there, or it refuses; the text says what to do."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, data: Path, timeout_s: float | None) -> None:
        super().__init__("gateway", timeout=TIMEOUT_S)
        self._data = data
        self._wait_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        with socket_place(self._data) as place:
            self.sock.connect(place)
        self.sock.settimeout(self._wait_s)


def ask(data: Path, path: str, method: str = "GET") -> Any:  # noqa: ANN401  (JSON)
    """One answer. Raises Unreachable."""
    with _answer(data, path, method, TIMEOUT_S) as (answer, _):
        try:
            return json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            raise Unreachable(f"the gateway on {data} has ended") from None


def lines(data: Path, path: str, seconds: float | None = None) -> Iterator[bytes]:
    """An answer line by line, for as long as the gateway gives it, or for so long. Raises Unreachable."""
    with _answer(data, path, "GET", None) as (answer, connection):
        ended = threading.Event()
        timer = None if seconds is None else threading.Timer(seconds, _hang_up, (connection, ended))
        if timer is not None:
            timer.start()
        try:
            while line := answer.readline(LINE_BYTES_MAX):
                yield line
        except (OSError, http.client.HTTPException, ValueError):
            if not ended.is_set():
                raise Unreachable(f"the gateway on {data} has ended") from None
        finally:
            if timer is not None:
                timer.cancel()


def _hang_up(connection: http.client.HTTPConnection, ended: threading.Event) -> None:
    ended.set()
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _answer(
    data: Path, path: str, method: str, timeout_s: float | None
) -> Iterator[tuple[http.client.HTTPResponse, http.client.HTTPConnection]]:
    with closing(_Connection(data, timeout_s)) as connection:
        try:
            connection.request(method, path)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as fault:
            raise Unreachable(_why(data, fault)) from None
        if answer.status != http.HTTPStatus.OK:
            raise Unreachable(_refused(answer))
        yield answer, connection


def _why(data: Path, fault: Exception) -> str:
    if isinstance(fault, PermissionError):
        return f"{data / CONTROL_SOCKET} may not be used by this user; run it as the user of the gateway"
    return f"no gateway runs on the data folder {data}; start it with hub run, or name its folder with --data"


def _refused(answer: http.client.HTTPResponse) -> str:
    try:
        return str(json.loads(answer.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the gateway answered {answer.status} {answer.reason}"
