"""What is handed in at the coordinator's page: bounded in bytes over all at one time, and in time."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from starlette.requests import Request as HttpRequest

from simulators.coordinator.page import app as page
from simulators.coordinator.page import bodies as bounds
from simulators.coordinator.page.bodies import Bodies, NoPlace, TooLarge
from simulators.coordinator.requests import Filing, Outcome, Request

SMALL: Final = 10
MOST: Final = 100


class Posting:
    """A request that has sent so much, and goes on when it is told to."""

    def __init__(self, *parts: bytes) -> None:
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        for part in parts:
            self._parts.put_nowait(part)

    def send(self, part: bytes | None) -> None:
        """None: that was all."""
        self._parts.put_nowait(part)

    async def stream(self) -> AsyncIterator[bytes]:
        while (part := await self._parts.get()) is not None:
            yield part


@pytest.fixture(autouse=True)
def _smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BODY_BYTES_MAX", MOST)
    monkeypatch.setattr(bounds, "BODIES_BYTES_MAX", MOST)
    monkeypatch.setattr(bounds, "SMALL_BYTES", SMALL)


def read(bodies: Bodies, posting: Posting) -> "asyncio.Task[bounds.Body]":
    async def reading() -> bounds.Body:
        return await bodies.read(posting)  # type: ignore[arg-type]  # as much of a request as is read

    return asyncio.create_task(reading())


async def moment() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_large_requests_share_the_bytes_and_small_ones_are_let_in_beside_them() -> None:
    async def story() -> None:
        bodies = Bodies()
        first, second, small = Posting(b"x" * 80), Posting(b"x" * 50), Posting(b"x" * SMALL, None)
        reading = read(bodies, first)
        await moment()
        with pytest.raises(NoPlace):
            await read(bodies, second)
        await read(bodies, small)
        first.send(None)
        body = await reading
        with pytest.raises(NoPlace):
            await read(bodies, Posting(b"x" * 50))
        filing = Filing(())
        body.end_with(filing.reply)
        with pytest.raises(NoPlace):
            await read(bodies, Posting(b"x" * 50))
        filing.reply.set_result(Outcome(0, 0))
        await read(bodies, Posting(b"x" * 50, None))

    asyncio.run(story())


def test_one_that_is_too_large_or_never_comes_whole_leaves_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        bodies = Bodies()
        with pytest.raises(TooLarge):
            await read(bodies, Posting(b"x" * MOST, b"x"))
        monkeypatch.setattr(bounds, "BODY_S", 0)
        with pytest.raises(TimeoutError):
            await read(bodies, Posting(b"x" * MOST))
        monkeypatch.undo()
        await read(bodies, Posting(b"x" * MOST, None))

    asyncio.run(story())


async def handed_in(bodies: Bodies, submit: Any, text: bytes) -> tuple[int, dict[str, str]]:
    posting: HttpRequest = Posting(text, None)  # type: ignore[assignment]  # as above
    answer = await page._hand_in(posting, bodies, submit, lambda _: Filing(()))
    return answer.status_code, dict(answer.headers)


def test_whatever_becomes_of_a_request_its_bytes_are_free_again() -> None:
    def refuse(_: Request) -> bool:
        return False

    def take(asked: Request) -> bool:
        asked.reply.set_result(Outcome(0, 0))
        return True

    async def story() -> list[int]:
        bodies, whole = Bodies(), json.dumps("x" * (MOST - 2)).encode()
        told = [await handed_in(bodies, refuse, whole), await handed_in(bodies, take, b"x" * MOST)]
        told += [await handed_in(bodies, take, whole) for _ in range(2)]
        assert told[0][1]["retry-after"] == "2"
        assert bodies._bytes == 0
        return [status for status, _ in told]

    assert asyncio.run(story()) == [503, 400, 200, 200]


def test_an_answer_that_comes_too_late_for_who_asked_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coordinator's thread ended with it: the request had been cancelled under its hands."""
    monkeypatch.setattr(page, "ANSWER_S", 0)
    asked: list[Request] = []

    def take(one: Request) -> bool:
        asked.append(one)
        return True

    async def story() -> int:
        status, _ = await handed_in(Bodies(), take, b"[]")
        asked[0].reply.set_result(Outcome(0, 0))
        return status

    assert asyncio.run(story()) == 504
