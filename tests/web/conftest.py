"""A real browser for the pages, Debian's chromium, and a floor in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from floor_pages import SIZES, Floor
from web_views import LINES, TRUTH, VIEWS, Says, floor_hub

from edge.web.feed import Feed
from edge.web.serve import WebServer
from hub_config.names import LineId
from simulators.broker import free_port

FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is missing: apt-get install chromium")
        pytest.skip("needs Debian's chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture
def coloured_share(browser: Any) -> Callable[[bytes], float]:
    """Of a screenshot: the part of it that is not grey."""

    def share_of(image: bytes) -> float:
        counter = browser.new_page()
        share: float = counter.evaluate(
            """async (bytes) => {
              const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
              const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
              canvas.drawImage(image, 0, 0);
              const data = canvas.getImageData(0, 0, image.width, image.height).data;
              let saturated = 0;
              for (let at = 0; at < data.length; at += 4) {
                const high = Math.max(data[at], data[at + 1], data[at + 2]);
                const low = Math.min(data[at], data[at + 1], data[at + 2]);
                if (high > 0 && (high - low) / high > 0.4) saturated += 1;
              }
              return saturated / (data.length / 4);
            }""",
            list(image),
        )
        counter.close()
        return share

    return share_of


@pytest.fixture
def open_floor(browser: Any) -> Iterator[Callable[..., Floor]]:
    opened: list[Floor] = []

    def open_one(
        size: str = "wide", path: str = "", benches: int = 1, lines: int = 1, **options: Any
    ) -> Floor:
        shown = tuple(replace(LINES["flow"], line=LineId(f"l{n}")) for n in range(1, lines + 1))
        views = tuple(replace(VIEWS["release"], bench=LineId(f"b{n}")) for n in range(1, benches + 1))
        source, feed = Says(known=TRUTH, lines=shown, view=VIEWS["release"]), Feed()
        if benches != 1:
            source.benches = views
        server = WebServer(floor_hub(free_port(), benches, lines), source, feed)
        url = server.start()
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        floor = Floor(page, source, feed, server, [])
        opened.append(floor)
        page.route("**/*", lambda route: (floor.asked.append(route.request.url), route.continue_()))
        page.goto(url + path)
        page.wait_for_selector("main[data-revision]")
        return floor

    yield open_one
    for floor in opened:
        floor.page.close()
        floor.server.stop()
