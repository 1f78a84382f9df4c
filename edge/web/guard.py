"""What every answer of the web service carries, and which requests get none (station-and-ops.md SEC-16…SEC-19).

The pages have no login yet, so the door is the address: the service listens on loopback, and a page of another
site that a browser on this machine happens to show must neither read it (Origin) nor reach it through a name it
controls (Host, DNS rebinding). No route of the gateway changes anything.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware: checks Host and Origin, adds `SECURITY_HEADERS` to whatever comes out."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app = app
        names = dict.fromkeys((*LOOPBACK_NAMES, f"[{host}]" if ":" in host else host))
        self._hosts = tuple(f"{name}:{port}" for name in names)
        self._origins = tuple(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "").lower() not in self._hosts:
            known = ", ".join(self._hosts)
            return PlainTextResponse(f"This gateway does not answer to that Host; use {known}.\n", 421)
        if headers.get("origin", self._origins[0]) not in self._origins:
            return PlainTextResponse("Pages of another origin may not read this gateway.\n", 403)
        return None
