"""The web service of a gateway: station pages, the floor, their feed, and the figures (station-and-ops.md §0, §3).

The browser is a view. Scans reach the gateway, never the page, so nothing here can change what happens to a
parcel: every route is a GET. No documentation pages (they load from a CDN) and no telemetry hooks (WEB-08).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from edge.core.snapshot import EventFigures, Snapshot
from edge.web.edition import edition_of
from edge.web.feed import Feed, Screen, TooManyScreens
from edge.web.floor.layout import floor_layout
from edge.web.guard import SECURITY_HEADERS, Guard
from edge.web.state import PageState, page_state
from edge.web.station.screen import screen_css
from edge.web.station.wording import station_words
from hub_config.hub import HubConfig
from hub_config.layout import Bench
from hub_config.lines import Line
from hub_config.names import LineId

HERE: Final = Path(__file__).parent
LANGUAGE: Final = "en"
SHOWN_NAME_CHARS: Final = 40
"""How much of an unknown name in an address is said back."""


class Source(Protocol):
    """Where the pages read. Called from the web thread: give immutable values, and never block."""

    def snapshot(self) -> Snapshot: ...
    def events(self) -> EventFigures: ...
    def truth(self) -> Mapping[str, int | None] | None:
        """Against what only a simulator knows; None on a real gateway."""

    def figures(self) -> Mapping[str, object]:
        """JSON values for /figures.json."""


class ScreenStream(StreamingResponse):
    """The stream of one screen; its place in the feed is given back however it ends."""

    def __init__(self, feed: Feed, screen: Screen) -> None:
        super().__init__(screen.messages(), media_type="text/event-stream")
        self._feed = feed
        self._screen = screen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.leave(self._screen)


def create_app(config: HubConfig, source: Source, feed: Feed) -> FastAPI:
    edition = edition_of(config, station_words(LANGUAGE))

    def render(revision: int) -> PageState:
        state = page_state(config, source.snapshot(), source.events(), source.truth(), revision)
        return state | {"edition": edition}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with feed.sending(render):
            yield

    app = FastAPI(
        title="ehub-edge",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.add_middleware(Guard, host=config.web.host, port=config.web.port)
    app.add_exception_handler(Exception, _our_mistake)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_pages(app, config, edition)
    _add_data(app, source, feed)
    return app


def _add_pages(app: FastAPI, config: HubConfig, edition: str) -> None:
    benches = {bench.id: bench for bench in config.benches}
    pages = Environment(
        loader=FileSystemLoader([HERE / "station", HERE / "floor"]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
    )
    pages.globals["edition"] = edition
    words = station_words(LANGUAGE)
    _add_floor(app, config, pages)

    @app.get("/")
    async def index() -> Response:
        if config.lines or config.plc_lines:
            return RedirectResponse("/floor", 307)
        if len(benches) == 1:
            return RedirectResponse(f"/station/{next(iter(benches))}", 307)
        return HTMLResponse(pages.get_template("benches.html").render(config=config, words=words))

    @app.get("/station/{bench}")
    async def station(bench: str) -> Response:
        found = benches.get(LineId(bench))
        if found is None:
            return _unknown("bench", bench, benches)
        page = pages.get_template("station.html")
        return HTMLResponse(page.render(bench=found, hub=config.hub.id, mode=config.hub.mode, words=words))

    @app.get("/station/{bench}/screen.css")
    async def screen(bench: str) -> Response:
        found = benches.get(LineId(bench))
        if found is None:
            return _unknown("bench", bench, benches)
        return Response(screen_css(found.screen), media_type="text/css")


def _add_floor(app: FastAPI, config: HubConfig, pages: Environment) -> None:
    lines = {line.id: line for line in config.lines}
    words = station_words(LANGUAGE)
    layout = floor_layout(config)

    @app.get("/floor")
    async def floor() -> Response:
        page = pages.get_template("floor.html")
        return HTMLResponse(page.render(config=config, layout=layout, alone=None, words=words))

    @app.get("/line/{line}")
    async def one_line(line: str) -> Response:
        found = lines.get(LineId(line))
        if found is None:
            return _unknown("line", line, lines)
        page = pages.get_template("floor.html")
        return HTMLResponse(page.render(config=config, layout=layout, alone=found, words=words))

    @app.get("/layout.json")
    async def layout_again() -> Response:
        return JSONResponse(layout)


def _add_data(app: FastAPI, source: Source, feed: Feed) -> None:
    @app.get("/events")
    async def events() -> Response:
        try:
            return ScreenStream(feed, feed.open())
        except TooManyScreens as full:
            return PlainTextResponse(f"{full}.\n", 503, {"Retry-After": "2"})

    @app.get("/figures.json")
    async def figures() -> Response:
        return JSONResponse(dict(source.figures()))

    @app.get("/healthz")
    async def healthz() -> Response:
        if feed.running:
            return JSONResponse({"status": "ok", "screens": feed.screens})
        return JSONResponse({"status": "no states are sent to the screens"}, 503)


def _unknown(
    kind: str, wanted: str, known: Mapping[LineId, Bench] | Mapping[LineId, Line]
) -> PlainTextResponse:
    shown = ascii(wanted[:SHOWN_NAME_CHARS])
    there = ", ".join(known) or "none"
    return PlainTextResponse(f"No {kind} {shown} at this gateway; it has: {there}.\n", 404)


async def _our_mistake(_: Request, fault: Exception) -> Response:
    """The outermost handler of Starlette, outside `Guard`, so it brings the headers itself; the fault is still
    raised afterwards, and logged by the server."""
    text = f"The gateway's web service made a mistake ({type(fault).__name__}); its log has the details.\n"
    return PlainTextResponse(text, 500, SECURITY_HEADERS)
