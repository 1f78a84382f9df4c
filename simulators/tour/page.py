"""The tour's own page, on a loopback port of its own: the gateway's pages go away when the gateway is killed.

The page asks for the stage a few times a second. Every route is a GET, and the same guard stands before it as before
the gateway's pages.
"""

import socket
import threading
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from edge.web.app import HERE as GATEWAY_PAGES
from edge.web.guard import Guard
from simulators.tour.stage import Stage

HERE: Final = Path(__file__).parent / "static"
HOST: Final = "127.0.0.1"
CONNECTIONS_MAX: Final = 64
"""Beyond it uvicorn answers 503."""
STOP_S: Final = 3.0


def tour_app(stage: Stage, port: int) -> Starlette:
    async def page(_: Request) -> Response:
        return FileResponse(HERE / "tour.html")

    async def shown(_: Request) -> Response:
        return JSONResponse(dict(stage.shown))

    return Starlette(
        routes=[
            Route("/", page),
            Route("/stage.json", shown),
            Mount("/shared", StaticFiles(directory=GATEWAY_PAGES / "static")),
            Mount("/static", StaticFiles(directory=HERE)),
        ],
        middleware=[Middleware(Guard, host=HOST, port=port)],
    )


class TourPage:
    def __init__(self, stage: Stage) -> None:
        self._listener = socket.socket()
        self._listener.bind((HOST, 0))
        self._listener.listen(CONNECTIONS_MAX)
        self.port: int = self._listener.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(
            tour_app(stage, self.port), loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None,
            access_log=False, server_header=False, proxy_headers=False, limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=1,
        ))  # fmt: skip
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="tour-page", daemon=True
        )

    def start(self) -> str:
        """Returns the address; what comes before the server answers waits in the socket's backlog."""
        self._thread.start()
        return f"http://{HOST}:{self.port}/"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self._listener.close()
