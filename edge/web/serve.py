"""The web server: uvicorn in a thread of its own, on a socket that is ours before the thread starts.

Binding in `start` means that a taken port is one sentence to whoever starts the gateway, not a line in a log.
Signals stay with the main thread.
"""

import asyncio
import errno
import socket
import threading
from contextlib import suppress
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from edge.web.app import Source, create_app
from edge.web.feed import MAX_SCREENS, Feed
from hub_config.hub import HubConfig

MAX_CONNECTIONS: Final = MAX_SCREENS + 32
"""Open streams and, beside them, requests for pages and figures. Beyond it uvicorn answers 503."""
BACKLOG: Final = 64
DATE_S: Final = 1.0
"""How often the date of the answers is made anew."""
START_S: Final = 10
STOP_S: Final = 5
GRACE_S: Final = 1
"""How long an answer under way may take at stop. Streams are ended at once."""


class WebPortTaken(Exception):  # noqa: N818 - named for what happened
    """The pages cannot be served at this address."""

    def __init__(self, host: str, port: int, why: str = "another program is using it") -> None:
        self.host = host
        self.port = port
        super().__init__(
            f"web: cannot listen on {host} port {port}: {why}; stop it or set [web] port to a free one"
        )


class AppServer:
    """One app of pages at one address."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._server = UvicornServer(app)
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None

    def start(self) -> str:
        """The address of the pages, once they answer; raises `WebPortTaken`."""
        self._listener = _listen(self._host, self._port)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="web", daemon=True
        )
        self._thread.start()
        if not self._server.up.wait(START_S) or not self._server.started:
            self.stop()
            raise RuntimeError("web: the server did not start; its log says why")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/"

    def stop(self) -> None:
        if self._thread is None:
            return
        self._server.end()
        self._thread.join(STOP_S)
        if self._listener is not None:
            self._listener.close()


class WebServer(AppServer):
    """The gateway's pages; their streams end first."""

    def __init__(self, config: HubConfig, source: Source, feed: Feed) -> None:
        super().__init__(create_app(config, source, feed), config.web.host, config.web.port)
        self._feed = feed

    def stop(self) -> None:
        self._feed.stop()
        super().stop()


class UvicornServer(uvicorn.Server):
    """Says when it is up, and leaves signals to the main thread by running in another. It is told when to end, and
    need not look ten times a second."""

    def __init__(self, app: ASGIApp) -> None:
        self.up = threading.Event()
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(counter=0):
            with suppress(TimeoutError):
                async with asyncio.timeout(DATE_S):
                    await self._ending.wait()

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._ending.set)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a restart need not wait for TIME_WAIT
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as fault:
        listener.close()
        raise WebPortTaken(host, port, _why(fault)) from fault
    return listener


def _why(fault: OSError) -> str:
    if fault.errno == errno.EADDRINUSE:
        return "another program is using it"
    return (fault.strerror or "the system refused").lower()
