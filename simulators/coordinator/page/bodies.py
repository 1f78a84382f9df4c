"""What is being handed in at the coordinator's page, bounded in bytes over all who do so at one time.

A declaration takes some seven times its bytes in memory until it is stored, so the bytes count until its request is
answered. What is small is let in beside a large one: a stop of another party must not wait for a day's declarations.
"""

import asyncio
from concurrent.futures import Future
from threading import Lock
from typing import Any, Final

from starlette.requests import Request as HttpRequest

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of one request: about 200,000 declarations."""
BODIES_BYTES_MAX: Final = BODY_BYTES_MAX
"""Of all of them together, but for the first `SMALL_BYTES` of each."""
SMALL_BYTES: Final = 256 * 1024
BODY_S: Final = 60
"""In which a request must have come whole: one that stops in the middle must not keep others out."""


class TooLarge(Exception):  # noqa: N818 - told to whoever sent it
    pass


class NoPlace(Exception):  # noqa: N818 - told to whoever sent it
    pass


class Bodies:
    """`read` in the page's event loop; what is answered may be told from any thread."""

    def __init__(self) -> None:
        self._bytes = 0
        self._counting = Lock()

    async def read(self, request: HttpRequest) -> "Body":
        """Raises TooLarge, NoPlace, TimeoutError, or what the connection ends with."""
        body = Body(self)
        try:
            async with asyncio.timeout(BODY_S):
                async for part in request.stream():
                    body.add(part)
        except BaseException:
            body.end()
            raise
        return body

    def take(self, more: int) -> None:
        with self._counting:
            if self._bytes + more > BODIES_BYTES_MAX:
                raise NoPlace
            self._bytes += more

    def give_back(self, taken: int) -> None:
        with self._counting:
            self._bytes -= taken


class Body:
    """One request's."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._counted = 0
        self.told = bytearray()

    def add(self, part: bytes) -> None:
        size = len(self.told) + len(part)
        if size > BODY_BYTES_MAX:
            raise TooLarge
        more = max(0, size - SMALL_BYTES) - self._counted
        self._bodies.take(more)
        self._counted += more
        self.told += part

    def end(self) -> None:
        """Nothing is left of it."""
        self.told = bytearray()
        counted, self._counted = self._counted, 0
        self._bodies.give_back(counted)

    def end_with(self, reply: "Future[Any]") -> None:
        """What was made of it is kept until then."""
        self.told = bytearray()
        reply.add_done_callback(lambda _: self.end())
