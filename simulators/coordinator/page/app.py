"""The coordinator's own page: one static page of numbers on loopback, and the two doors for what is handed in.

`GET /` is the page, `GET /figures.json` what it shows, `GET /dwell.json` the whole ledger, `GET /outturn/MAWB` one
waybill. `POST /manifest` takes declarations, `POST /answers` the answer of another party, `POST /seeds` its part in the
random checks; all JSON, answered when what follows from it is stored. Declarations and answers are taken whole or not
at all. No login: the door is the address (loopback, and `Guard`).
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

from fastapi import FastAPI
from starlette.requests import Request as HttpRequest
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from edge.web.guard import Guard
from simulators.coordinator.declared import ManifestFault, declarations_of
from simulators.coordinator.full_disk import NoRoom
from simulators.coordinator.outturn import outturn
from simulators.coordinator.page.bodies import BODY_BYTES_MAX, BODY_S, Bodies, NoPlace, TooLarge
from simulators.coordinator.parties import AnswerFault, answer_of
from simulators.coordinator.requests import REQUESTS_MAX, Answering, Filing, Request, Seeding
from simulators.coordinator.seed_file import SeedFault, seeds_of

HERE: Final = Path(__file__).parent
ANSWER_S: Final = 60
"""How long a request may wait for its turn in the coordinator."""
AGAIN: Final = {"Retry-After": "2"}

Submit = Callable[[Request], bool]


class Numbers(Protocol):
    """`Figures`, or what a test shows."""

    def now(self) -> dict[str, Any]: ...
    def dwell(self) -> dict[str, Any]: ...


def create_page(figures: Numbers, database: Path, submit: Submit, host: str, port: int) -> FastAPI:
    app = FastAPI(
        title="coordinator",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.add_middleware(Guard, host=host, port=port)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_numbers(app, figures, database)
    _add_doors(app, submit)
    return app


def _add_numbers(app: FastAPI, figures: Numbers, database: Path) -> None:
    @app.get("/")
    async def page() -> Response:
        return FileResponse(HERE / "static" / "page.html")

    # Plain functions: the server runs them in threads, since they read the disk.
    @app.get("/figures.json")
    def numbers() -> Response:
        return JSONResponse(figures.now())

    @app.get("/dwell.json")
    def ledger() -> Response:
        return JSONResponse(figures.dwell())

    @app.get("/outturn/{mawb}")
    def waybill(mawb: str) -> Response:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            found = outturn(connection, mawb)
        if found is None:
            return _refused(404, "no declaration and no bag names this waybill")
        return JSONResponse(asdict(found) | {"tallies": found.tallies})


def _add_doors(app: FastAPI, submit: Submit) -> None:
    bodies = Bodies()

    @app.post("/manifest")
    async def manifest(request: HttpRequest) -> Response:
        return await _hand_in(request, bodies, submit, lambda told: Filing(tuple(declarations_of(told))))

    @app.post("/answers")
    async def answers(request: HttpRequest) -> Response:
        return await _hand_in(request, bodies, submit, lambda told: Answering(answer_of(told)))

    @app.post("/seeds")
    async def seeds(request: HttpRequest) -> Response:
        return await _hand_in(request, bodies, submit, lambda told: Seeding(seeds_of(told)))


async def _hand_in(
    request: HttpRequest, bodies: Bodies, submit: Submit, made: Callable[[object], Request]
) -> Response:
    try:
        asked = await _asked(request, bodies, made)
    except TooLarge:
        return _refused(413, f"more than {BODY_BYTES_MAX} bytes; send it in several requests")
    except NoPlace:
        return _refused(503, "much else is handed in at this moment; try again", AGAIN)
    except TimeoutError:
        return _refused(408, f"it has not come whole within {BODY_S} s; send it again")
    except (ManifestFault, AnswerFault, SeedFault) as fault:
        return _refused(422, str(fault))
    except (ValueError, RecursionError) as fault:
        return _refused(400, f"this is no JSON: {fault}")
    if not submit(asked):
        asked.reply.cancel()
        return _refused(503, f"{REQUESTS_MAX} requests wait already; try again", AGAIN)
    return await _answer(asked)


async def _asked(request: HttpRequest, bodies: Bodies, made: Callable[[object], Request]) -> Request:
    body = await bodies.read(request)
    try:
        asked = made(json.loads(body.told))
    except BaseException:
        body.end()
        raise
    body.end_with(asked.reply)
    return asked


async def _answer(asked: Request) -> Response:
    # Shielded: who waits here may give up, but the coordinator's thread tells what came of it all the same.
    try:
        outcome = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked.reply)), ANSWER_S)
    except (ManifestFault, SeedFault) as fault:
        return _refused(409, str(fault))
    except NoRoom as fault:
        return _refused(507, str(fault))
    except TimeoutError:
        return _refused(
            504, f"the coordinator had no time for it within {ANSWER_S} s; send it again, it is taken once"
        )
    return JSONResponse(asdict(outcome))


def _refused(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    told: dict[str, Any] = {"fault": sentence}
    return JSONResponse(told, status, headers=headers)
