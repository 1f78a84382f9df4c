"""The feed under a clock that jumps: no test waits."""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from edge.web.feed import (
    HEARTBEAT_S,
    MAX_SCREENS,
    MIN_GAP_S,
    SCREEN_QUEUE,
    Feed,
    Render,
    Screen,
    TooManyScreens,
    encode,
)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._jumping = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout != 0:
            assert timeout is not None, "everything waits for ever"
            self._jumping.now += timeout
        return ready


def number(revision: int) -> Mapping[str, object]:
    return {"revision": revision}


def jump(scenario: Callable[[Feed], Awaitable[None]], render: Render = number) -> None:
    async def run() -> None:
        feed = Feed()
        async with feed.sending(render):
            await asyncio.sleep(0.5)  # past the first state and its gap
            await scenario(feed)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(run())


def now() -> float:
    return asyncio.get_running_loop().time()


async def listen(screen: Screen, heard: list[tuple[float, bytes]]) -> None:
    async for message in screen.messages():
        heard.append((now(), message))


def test_a_change_after_a_pause_is_sent_at_once() -> None:
    async def scenario(feed: Feed) -> None:
        heard: list[tuple[float, bytes]] = []
        task = asyncio.create_task(listen(feed.open(), heard))
        await asyncio.sleep(0.2)
        heard.clear()
        changed_at = now()

        feed.notify()
        await asyncio.sleep(MIN_GAP_S / 2)

        assert [at for at, _ in heard] == [changed_at]
        task.cancel()

    jump(scenario)


def test_many_changes_become_twenty_states_a_second_and_the_newest_is_told() -> None:
    newest = 0

    async def scenario(feed: Feed) -> None:
        nonlocal newest
        heard: list[tuple[float, bytes]] = []
        task = asyncio.create_task(listen(feed.open(), heard))
        for newest in range(1, 1001):  # noqa: B007 - read by render
            feed.notify()
            await asyncio.sleep(0.001)
        await asyncio.sleep(MIN_GAP_S)

        assert len(heard) <= 1 / MIN_GAP_S + 2
        assert b'"newest":1000' in heard[-1][1]
        task.cancel()

    jump(scenario, lambda revision: {"revision": revision, "newest": newest})


def test_all_screens_get_the_very_same_bytes() -> None:
    async def scenario(feed: Feed) -> None:
        heard: list[list[tuple[float, bytes]]] = [[], [], []]
        tasks = [asyncio.create_task(listen(feed.open(), log)) for log in heard]
        await asyncio.sleep(2 * HEARTBEAT_S)

        last = heard[0][-1][1]
        assert all(log[-1][1] is last for log in heard)
        for task in tasks:
            task.cancel()

    jump(scenario)


def test_a_screen_that_does_not_read_holds_the_newest_state_and_no_other() -> None:
    async def scenario(feed: Feed) -> None:
        slow = feed.open()
        for _ in range(50):
            feed.notify()
            await asyncio.sleep(MIN_GAP_S)
        await asyncio.sleep(MIN_GAP_S / 2)
        messages = slow.messages()

        newest = await anext(messages)
        further = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)

        assert SCREEN_QUEUE == 1
        assert int(newest.split(b"\n")[0].removeprefix(b"id: ")) >= 50
        assert not further.done()
        further.cancel()

    jump(scenario)


def test_a_heartbeat_is_sent_every_second_when_nothing_changes() -> None:
    async def scenario(feed: Feed) -> None:
        heard: list[tuple[float, bytes]] = []
        task = asyncio.create_task(listen(feed.open(), heard))
        await asyncio.sleep(10 * HEARTBEAT_S)

        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(heard[2:])]
        assert len(heard) >= 10
        assert all(gap == pytest.approx(HEARTBEAT_S) for gap in gaps)
        task.cancel()

    jump(scenario)


def test_where_nobody_looks_no_state_is_made_until_somebody_does() -> None:
    made: list[float] = []

    def render(revision: int) -> Mapping[str, object]:
        made.append(now())
        return {"revision": revision}

    async def scenario(feed: Feed) -> None:
        await asyncio.sleep(10 * HEARTBEAT_S)
        assert made == []

        screen = feed.open()
        opened_at = now()
        await asyncio.sleep(MIN_GAP_S / 2)
        assert made == [opened_at]

        feed.leave(screen)
        await asyncio.sleep(10 * HEARTBEAT_S)
        assert len(made) <= 2

    jump(scenario, render)


def test_a_new_screen_gets_a_whole_state_at_once_and_a_fresh_one_behind_it() -> None:
    async def scenario(feed: Feed) -> None:
        heard: list[tuple[float, bytes]] = []
        opened_at = now()
        task = asyncio.create_task(listen(feed.open(), heard))
        await asyncio.sleep(MIN_GAP_S)

        assert heard[0][0] == opened_at
        revisions = [json.loads(message.split(b"data: ")[1])["revision"] for _, message in heard]
        assert len(revisions) <= 2
        assert revisions == sorted(revisions)
        task.cancel()

    jump(scenario)


def test_the_screen_beyond_the_limit_is_refused_until_one_leaves() -> None:
    async def scenario(feed: Feed) -> None:
        screens = [feed.open() for _ in range(MAX_SCREENS)]

        with pytest.raises(TooManyScreens, match=f"{MAX_SCREENS} screens are open, which is the limit"):
            feed.open()
        feed.leave(screens[0])
        feed.open()

        assert feed.screens == MAX_SCREENS

    jump(scenario)


def test_notify_from_another_thread_reaches_the_screen() -> None:
    async def scenario(feed: Feed) -> None:
        heard: list[tuple[float, bytes]] = []
        task = asyncio.create_task(listen(feed.open(), heard))
        await asyncio.sleep(0.2)
        heard.clear()

        caller = Thread(target=feed.notify)
        caller.start()
        caller.join()
        await asyncio.sleep(MIN_GAP_S)

        assert len(heard) == 1
        task.cancel()

    jump(scenario)


def test_notify_before_start_and_after_the_end_does_nothing() -> None:
    feed = Feed()
    feed.notify()
    feed.stop()

    async def once() -> None:
        async with feed.sending(number):
            await asyncio.sleep(0)

    asyncio.run(once())
    feed.notify()
    assert not feed.running


def test_a_fault_in_making_the_state_ends_every_stream_and_is_not_hidden(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = False

    def render(revision: int) -> Mapping[str, object]:
        if broken:
            raise ZeroDivisionError
        return {"revision": revision}

    async def scenario(feed: Feed) -> None:
        nonlocal broken
        heard: list[tuple[float, bytes]] = []
        task = asyncio.create_task(listen(feed.open(), heard))
        broken = True
        await asyncio.sleep(2 * HEARTBEAT_S)

        assert task.done()
        assert not feed.running

    with pytest.raises(ZeroDivisionError):
        jump(scenario, render)
    assert "every station screen goes to FAULT" in caplog.text


def test_a_message_is_one_server_sent_event_whatever_the_text_holds() -> None:
    message = encode({"code": "a\nb\r\ndata: x\n\n"}, revision=9).decode()

    lines = message.split("\n")
    assert lines[0] == "id: 9"
    assert [line for line in lines if line.startswith("data:")] == [lines[2]]
    assert message.endswith("\n\n")
    assert "\r" not in message
