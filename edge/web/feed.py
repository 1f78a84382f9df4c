"""The feed: one stream of page states to every screen (station-and-ops.md WEB-01…WEB-03).

Every message is a whole state, so there is nothing to catch up on: a client that reconnects, or that reads
slowly, gets the newest one and no other. A state is encoded once, and the same bytes go to all. The state is
also the heartbeat: it goes out at least every `HEARTBEAT_S`, so one lost call of `notify` heals by itself. Where nobody
looks nothing is made.

`notify` and `stop` may be called from any thread; the rest runs in the event loop of the web server.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

HEARTBEAT_S: Final = 1.0
"""A screen that hears nothing for three of these calls itself lost (ST-07)."""
MIN_GAP_S: Final = 0.05
"""At most 20 states a second; what changes in between is told once, at the end of the gap."""
MAX_SCREENS: Final = 32
"""Open streams per gateway. The next one is refused with 503."""
SCREEN_QUEUE: Final = 1
"""States waiting for one screen. A newer one takes the place of the older: nobody needs yesterday's RELEASE."""
RETRY_MS: Final = 500
"""How long a browser waits before it asks again for a stream that ended."""

_log = logging.getLogger(__name__)

Render = Callable[[int], Mapping[str, object]]
"""Revision to page state. Called in the event loop, so it must not block."""


class TooManyScreens(Exception):  # noqa: N818 - named for what happened
    def __init__(self) -> None:
        super().__init__(f"{MAX_SCREENS} screens are open, which is the limit; close one and try again")


class Screen:
    """One open stream: a queue of `SCREEN_QUEUE` encoded states."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque(maxlen=SCREEN_QUEUE)
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, message: bytes) -> None:
        if self._closed:
            return
        self._waiting.append(message)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def messages(self) -> AsyncIterator[bytes]:
        while not self._closed:
            await self._ready.wait()
            self._ready.clear()
            while self._waiting and not self._closed:
                yield self._waiting.popleft()


class Feed:
    def __init__(self) -> None:
        self._screens: dict[int, Screen] = {}  # a dict, not a set: served in the order they came
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._told = False
        self._stopping = False
        self._revision = 0
        self._latest: bytes | None = None

    def notify(self) -> None:
        """Something changed. Cheap enough to call on every change; does nothing before start or after stop, and
        nothing where nobody looks: a screen that is opened asks for a new state by itself."""
        if self._told or not self._screens:
            return
        self._told = True
        self._call(self._changed.set)

    def stop(self) -> None:
        """End every open stream, now and from now on."""
        self._stopping = True
        self._call(self._close_all)

    @property
    def running(self) -> bool:
        return self._loop is not None

    @property
    def screens(self) -> int:
        return len(self._screens)

    @property
    def watched(self) -> bool:
        """Somebody looks. From any thread."""
        return bool(self._screens)

    def open(self) -> Screen:
        if len(self._screens) >= MAX_SCREENS:
            raise TooManyScreens
        screen = Screen()
        # While nobody looked, the latest was not renewed with every change.
        if self._screens and self._latest is not None:
            screen.put(self._latest)
        self._screens[id(screen)] = screen
        self._changed.set()
        if self._stopping or not self.running:
            screen.close()
        return screen

    def leave(self, screen: Screen) -> None:
        self._screens.pop(id(screen), None)

    @asynccontextmanager
    async def sending(self, render: Render) -> AsyncIterator[None]:
        """Send states while the block runs. A fault in `render` ends every stream, so the screens go FAULT."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        task = self._loop.create_task(self._send_for_ever(render))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _send_for_ever(self, render: Render) -> None:
        try:
            while True:
                self._told = False  # before render: a change during it is told again
                self._changed.clear()
                if self._screens:
                    self._send(render)
                await asyncio.sleep(MIN_GAP_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_S - MIN_GAP_S if self._screens else None):
                        await self._changed.wait()
        except Exception:
            _log.exception("no page state can be made: every station screen goes to FAULT")
            raise
        finally:
            self._loop = None
            self._close_all()

    def _send(self, render: Render) -> None:
        self._revision += 1
        self._latest = encode(render(self._revision), self._revision)
        for screen in self._screens.values():
            screen.put(self._latest)

    def _close_all(self) -> None:
        for screen in self._screens.values():
            screen.close()

    def _call(self, action: Callable[[], object]) -> None:
        loop = self._loop
        if loop is None:
            return
        with suppress(RuntimeError):  # the loop closed in between: no screen is left to tell
            loop.call_soon_threadsafe(action)


def encode(state: Mapping[str, object], revision: int) -> bytes:
    """One server-sent event. JSON has no line break of its own, so one `data:` line holds it."""
    body = json.dumps(state, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"id: {revision}\nretry: {RETRY_MS}\ndata: {body}\n\n".encode()
