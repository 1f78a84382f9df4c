"""The operator's eyes: a thread that reads the station's screen over HTTP, as a browser does, and shows it on.

A screen that says nothing for three heartbeats is lost (ST-07): the operator sees None and does nothing.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

LOST_AFTER_S: Final = 3.0
RETRY_S: Final = 0.2
LINE_BYTES_MAX: Final = 65_536

PageState = Mapping[str, Any]


class Eyes:
    """`look` gets the page state of `/events`, or None while the screen is lost. Called in this thread."""

    def __init__(self, port: int, look: Callable[[PageState | None], None]) -> None:
        self._port = port
        self._look = look
        self._closed = threading.Event()
        self._connection: HTTPConnection | None = None
        self._thread = threading.Thread(target=self._run, name="eyes", daemon=True)

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=LOST_AFTER_S + 1)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._watch()
            except (OSError, HTTPException, ValueError):
                self._look(None)
            self._closed.wait(RETRY_S)

    def _watch(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=LOST_AFTER_S)
        try:
            connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise HTTPException(f"/events answers {answer.status}")
            while not self._closed.is_set():
                line = answer.readline(LINE_BYTES_MAX)
                if not line:
                    raise HTTPException("the stream ended")
                if line.startswith(b"data:"):
                    self._look(json.loads(line[5:]))
        finally:
            connection.close()
