"""A station and a floor that nobody reloads: what they make of a state they can't show, of a gateway that came back
with other pages, and of sounds nobody could hear."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from web_views import BENCH, LINES, ROOT, VIEWS, Says, floor_hub

from edge.web import app as web_app
from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.web.state import page_state
from edge.web.station.wording import station_words
from hub_config.hub import HubConfig
from hub_config.names import Instant
from simulators.broker import free_port

pytestmark = [pytest.mark.browser, pytest.mark.system]

WORDS = station_words("en")
PAGES = {"station": f"station/{BENCH}", "floor": "floor"}
GONE = {"station": "[data-band=fault]", "floor": "[data-role=lost]:visible"}


@dataclass
class Open:
    page: Any
    source: Says
    feed: Feed
    server: WebServer
    config: HubConfig

    def again(self, config: HubConfig, view: str) -> None:
        """A gateway at the same port, started anew, that shows this."""
        self.server.stop()
        self.source.view, self.feed = VIEWS[view], Feed()
        self.server = WebServer(config, self.source, self.feed)
        self.server.start()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Open]]:
    opened: list[Open] = []

    def open_one(name: str, init: str = "") -> Open:
        config, feed = floor_hub(free_port()), Feed()
        source = Says(lines=(LINES["stands"],), view=VIEWS["release"])
        server = WebServer(config, source, feed)
        url = server.start()
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        one = Open(page, source, feed, server, config)
        opened.append(one)
        page.add_init_script(init)
        page.goto(url + PAGES[name])
        page.wait_for_selector("main[data-revision]")
        return one

    yield open_one
    for one in opened:
        one.page.close()
        one.server.stop()


@pytest.mark.parametrize("name", PAGES)
def test_a_state_that_a_page_cannot_show_leaves_nothing_of_the_last_one(
    open_page: Callable[..., Open], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states go on coming, so the page hears its gateway: and yet what it shows grows old."""
    one = open_page(name)
    assert "RELEASE" in one.page.inner_text("main")
    whole = page_state

    def half(*told: Any) -> Mapping[str, object]:
        return {**whole(*told), "balance": None}

    monkeypatch.setattr(web_app, "page_state", half)
    one.feed.notify()
    one.page.wait_for_selector(GONE[name])

    assert "RELEASE" not in one.page.inner_text("body")
    assert WORDS["page.screen_lost"] in one.page.inner_text("body")
    monkeypatch.setattr(web_app, "page_state", whole)
    one.feed.notify()
    one.page.wait_for_selector("[data-band=release]:visible")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_begins_anew_where_its_gateway_came_back_with_other_pages(
    open_page: Callable[..., Open], name: str
) -> None:
    one = open_page(name)
    one.page.evaluate("window.loadedOnce = true")
    one.again(one.config, "hold")
    one.page.wait_for_selector("[data-band=hold]:visible")
    assert one.page.evaluate("window.loadedOnce"), "the same pages: nothing is loaded anew"

    bench = one.config.benches[0].model_copy(update={"name": "Bench by the door"})
    one.again(one.config.model_copy(update={"benches": (bench,)}), "inspect")
    one.page.get_by_text("Bench by the door").first.wait_for()

    one.page.wait_for_selector("[data-band=inspect]:visible")
    assert one.page.evaluate("window.loadedOnce") is None
    assert one.page.evaluate("performance.getEntriesByType('navigation')[0].type") == "reload"


MUTE = """window.made = 0;
window.AudioContext = class {
  constructor() { window.audio = this; this.state = 'suspended'; this.currentTime = 0; }
  resume() { return new Promise((done) => { window.wake = () => { this.state = 'running'; done(); }; }); }
  createGain() { return { gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, connect: (next) => next }; }
  createOscillator() {
    window.made += 1;
    const to = { setValueAtTime() {}, linearRampToValueAtTime() {} };
    return { frequency: to, connect: (next) => next, start() {}, stop() {} };
  }
};"""


def test_sounds_that_could_not_be_heard_are_not_kept_for_the_first_touch(
    open_page: Callable[..., Open],
) -> None:
    """A browser without the kiosk's flag (docs/station.md) plays all that it was given before the touch at once."""
    one = open_page("station", MUTE)
    for revision, view in enumerate(("hold", "scanned", "inspect", "release"), 2):
        one.source.view = replace(VIEWS[view], revision=revision, since=Instant(revision))
        one.feed.notify()
        one.page.wait_for_selector(f"main[data-view='{revision}']")
    one.page.wait_for_selector("[data-role=silent]", state="visible")
    assert one.page.inner_text("[data-role=silent]") == WORDS["page.silent"]

    one.page.mouse.click(5, 5)
    one.page.evaluate("window.wake()")
    one.page.wait_for_selector("[data-role=silent]", state="hidden")

    assert one.page.evaluate("window.made") == 0
    one.source.view = replace(VIEWS["hold"], revision=9, since=Instant(9))
    one.feed.notify()
    one.page.wait_for_function("() => window.made === 2")


def test_the_kiosk_of_the_example_is_heard_without_a_touch(
    open_page: Callable[..., Open], browser: Any
) -> None:
    unit = (ROOT / "examples" / "station-kiosk.service").read_text(encoding="utf-8")
    flags = re.findall(r"--autoplay-policy=\S+", unit)
    guide = (ROOT / "docs" / "station.md").read_text(encoding="utf-8")
    assert flags[0] in guide
    one = open_page("station")

    said = {}
    for name, given in {"kiosk": flags, "any browser": []}.items():
        other = browser.browser_type.launch(
            executable_path=shutil.which("chromium"), args=["--disable-gpu", *given], chromium_sandbox=False
        )
        page = other.new_page()
        page.goto(one.page.url)
        page.wait_for_selector("main[data-view]")
        if given:
            page.wait_for_timeout(600)  # two looks of the page at its own sound
        else:
            page.wait_for_selector("[data-role=silent]", state="visible")
        said[name] = page.locator("[data-role=silent]").inner_text()
        other.close()

    assert said == {"kiosk": "", "any browser": WORDS["page.silent"]}
