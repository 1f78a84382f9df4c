"""The control API of a running gateway: HTTP on a unix socket in the data folder, for `hub devices`, `tap` and `trace`.

Whoever may write in the data folder may use it (the socket is 0600), and nobody else: no port, no password. Nothing
here touches a parcel. Looking on copies from the devices' rings and never holds up a driver.
"""

import asyncio
import json
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from drivers.bytes_trace import call_line, lines
from drivers.reading import OrderAnswered
from drivers.tap import Tap
from edge.web.control_socket import CONTROL_SOCKET, socket_place
from edge.web.serve import BACKLOG, STOP_S, UvicornServer
from hub_config.names import DeviceId

LOOK_S: Final = 0.05
"""Between two looks into a ring by somebody who looks on."""
CHUNK_LINES: Final = 500
"""Of a trace, between two turns of the loop."""
ANSWER_S: Final = 3.0
"""For a device's answer to an order."""
NDJSON: Final = "application/x-ndjson"
PersonsOrder = Literal["zero", "tare", "tare_clear"]
ORDERS: Final[Mapping[str, PersonsOrder]] = {"zero": "zero", "tare": "tare", "tare-clear": "tare_clear"}
"""What a person may tell a scale."""

log = logging.getLogger("hub.control")


class DeviceDesk(Protocol):
    """What the gateway tells of its devices. Called from the control thread; never blocks."""

    def devices(self) -> Sequence[Mapping[str, Any]]: ...
    def tap(self, device: DeviceId) -> Tap | None: ...
    def header(self, device: DeviceId) -> Mapping[str, Any]:
        """The first line of its trace."""

    def order(self, device: DeviceId, order: PersonsOrder) -> int | None:
        """Hands an order to a scale; returns its number, or None for a device that is no scale."""


class ControlServer:
    def __init__(self, desk: DeviceDesk, folder: Path) -> None:
        self._folder = folder
        self._ending = threading.Event()
        self._server = UvicornServer(control_app(desk, self._ending))
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """A gateway without it runs all the same, and says so."""
        try:
            self._listener = _listen(self._folder)
        except OSError as refused:
            log.warning(
                "no control socket in %s (%s): hub tap and trace won't find us", self._folder, refused
            )
            return
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._ending.set()
        self._server.end()
        self._thread.join(STOP_S)
        (self._folder / CONTROL_SOCKET).unlink(missing_ok=True)


def _listen(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The journal's lock has made sure that no other gateway runs on this folder: what is there is a dead one's.
        (folder / CONTROL_SOCKET).unlink(missing_ok=True)
        with socket_place(folder) as place:
            before = os.umask(0o177)
            try:
                listener.bind(place)
            finally:
                os.umask(before)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def control_app(desk: DeviceDesk, ending: threading.Event) -> Starlette:
    """`ending`: whoever looks on is let go."""

    async def devices(_: Request) -> Response:
        return JSONResponse(list(desk.devices()))

    async def tap(request: Request) -> Response:
        device = DeviceId(request.path_params["device"])
        found = desk.tap(device)
        if found is None:
            return _unknown(desk, device)
        position = 0 if request.query_params.get("from") == "start" else found.position
        return StreamingResponse(_looking(desk.header(device), found, position, ending), media_type=NDJSON)

    async def trace(request: Request) -> Response:
        device = DeviceId(request.path_params["device"])
        found = desk.tap(device)
        if found is None:
            return _unknown(desk, device)
        after = ending if request.query_params.get("follow") else None
        return StreamingResponse(_whole(desk.header(device), found, after), media_type=NDJSON)

    async def order(request: Request) -> Response:
        device, word = DeviceId(request.path_params["device"]), request.path_params["order"]
        found = desk.tap(device)
        if found is None:
            return _unknown(desk, device)
        if word not in ORDERS:
            return JSONResponse(
                {"error": f"there is no order {word!r:.40}; orders are {', '.join(ORDERS)}"}, 404
            )
        position = found.position
        number = desk.order(device, ORDERS[word])
        if number is None:
            return JSONResponse({"error": f"{device} is no scale"}, 409)
        answer = await _answer(found, position, number)
        if answer is None:
            why = "its port is not open, or it takes no orders; look at it with hub tap"
            return JSONResponse({"error": f"{device} did not answer within {ANSWER_S:g} s: {why}"}, 504)
        return JSONResponse({"accepted": answer.accepted, "detail": answer.detail})

    return Starlette(
        routes=[
            Route("/devices", devices),
            Route("/devices/{device}/tap", tap),
            Route("/devices/{device}/trace", trace),
            Route("/devices/{device}/{order}", order, methods=["POST"]),
        ]
    )


async def _looking(
    first: Mapping[str, Any], tap: Tap, position: int, ending: threading.Event
) -> AsyncIterator[bytes]:
    yield _line(first)
    async for lines_ in _coming(tap, position, ending):
        yield lines_


async def _coming(tap: Tap, position: int, ending: threading.Event) -> AsyncIterator[bytes]:
    """What passes from there on. Whoever takes it too slowly gets a gap."""
    began = position
    while not ending.is_set():
        since = tap.since(position)
        if since.missed and position > began:
            yield _line({"gap": True})
        position = since.position
        if since.records:
            yield b"".join(
                _line(call_line(record, since.readings.get(record.position, ()))) for record in since.records
            )
        await asyncio.sleep(0 if since.records else LOOK_S)


async def _whole(
    first: Mapping[str, Any], tap: Tap, follow_until: threading.Event | None
) -> AsyncIterator[bytes]:
    """All that is kept, and then what comes, if somebody follows."""
    chunk: list[bytes] = []
    kept = tap.kept()
    for line in lines(first, kept):
        chunk.append(_line(line))
        if len(chunk) == CHUNK_LINES:
            yield b"".join(chunk)
            chunk.clear()
            await asyncio.sleep(0)
    yield b"".join(chunk)
    if follow_until is not None:
        async for coming in _coming(tap, kept.position, follow_until):
            yield coming


async def _answer(tap: Tap, position: int, number: int) -> OrderAnswered | None:
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_S
    while loop.time() < until:
        since = tap.since(position)
        position = since.position
        for readings in since.readings.values():
            for reading in readings:
                if isinstance(reading, OrderAnswered) and reading.order == number:
                    return reading
        if not since.records:
            await asyncio.sleep(LOOK_S)
    return None


def _unknown(desk: DeviceDesk, device: DeviceId) -> JSONResponse:
    known = ", ".join(str(one["device"]) for one in desk.devices()) or "none"
    return JSONResponse({"error": f"there is no device {ascii(device)[:40]}; this gateway has: {known}"}, 404)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
