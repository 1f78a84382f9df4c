"""The station page in a real browser: what staff see, hear, and never see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from web_views import BENCH, QUEUE, SCREENS, TRUTH, VIEWS, Says, hub, place

from drivers.reading import PrinterTrouble
from edge.core.priority import Queue
from edge.core.snapshot import Balance, BenchView, LastPlaced, PrinterView
from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.web.station.wording import station_words
from hub_config.names import VisitId
from simulators.broker import free_port

pytestmark = [pytest.mark.browser, pytest.mark.system]

CAP_PER_EM = 0.714
WORDS = station_words("en")
SHAPES = {"ready": "none", "measuring": "none", "asking": "none"}
"""Shape per state, where it is not the state's own name."""

# Every visible piece of text with its size and place, in px, and the box it must stay inside.
TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const owner = node.parentElement;
    if (!node.textContent.trim() || owner.closest('noscript') || !owner.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, top, right, bottom } = range.getBoundingClientRect();
    const box = owner.closest('.band, .notice, .act, .fact, .cell, .mode').getBoundingClientRect();
    const kinds = ['word', 'instruction', 'bay', 'strip'];
    found.push({
      text: node.textContent, size: parseFloat(getComputedStyle(owner).fontSize), rect: [left, top, right, bottom],
      box: [box.left, box.top, box.right, box.bottom],
      kind: kinds.find((kind) => owner.closest(`[data-role="${kind}"]`)) ?? 'text',
    });
  }
  return found;
}"""
PX_PER_MM = """() => {
  const probe = document.createElement('div');
  probe.style.width = 'calc(1000 * var(--mm))';
  document.body.append(probe);
  const px = probe.getBoundingClientRect().width / 1000;
  probe.remove();
  return px;
}"""
CAP_MM = {"text": 6.98, "instruction": 9.59, "word": 15.27, "bay": 15.0, "strip": 2.79}
"""Least cap height at 1.5 m (ST-01, ST-25); the strip is read at arm's length."""

SOUND_LOG = """window.played = [];
window.AudioContext = class {
  constructor() { this.state = 'running'; this.currentTime = 0; this.destination = {}; }
  createGain() {
    return { gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, connect: (next) => next };
  }
  createOscillator() {
    const tone = {};
    return {
      frequency: {
        setValueAtTime(hz) { tone.from = hz; },
        linearRampToValueAtTime(hz) { tone.to = hz; },
      },
      connect: (next) => next,
      start(at) { tone.at = at; },
      stop(at) { window.played.push([tone.from, tone.to, Math.round((at - tone.at) * 1000)]); },
    };
  }
};"""


@dataclass
class Station:
    """A page on a station, its gateway's source, and what it asked the network for."""

    page: Any
    source: Says
    feed: Feed
    server: WebServer
    asked: list[str]

    def show(self, view: BenchView) -> None:
        """Returns when this view, and no earlier one, is on the page."""
        self.source.view = replace(view, revision=self.source.view.revision + 1)
        self.feed.notify()
        self.page.wait_for_selector(f"main[data-view='{self.source.view.revision}']")

    def text(self, role: str) -> str:
        return str(self.page.locator(f"[data-role='{role}']").text_content()).strip()


@pytest.fixture
def open_station(browser: Any) -> Iterator[Callable[..., Station]]:
    opened: list[Station] = []

    def open_one(screen: str = "24in", source: Says | None = None) -> Station:
        says, feed = source or Says(known=TRUTH), Feed()
        asked: list[str] = []
        server = WebServer(hub(free_port(), screen), says, feed)
        url = server.start()
        size = {"width": SCREENS[screen].width_px, "height": SCREENS[screen].height_px}
        page = browser.new_page(viewport=size)
        station = Station(page, says, feed, server, asked)
        opened.append(station)

        def watch(route: Any) -> None:
            asked.append(route.request.url)
            if urlsplit(route.request.url).hostname == "127.0.0.1":
                route.continue_()
            else:
                route.abort()

        page.route("**/*", watch)
        page.add_init_script(SOUND_LOG)
        page.goto(url)
        page.wait_for_selector("[data-role=figure-dwell]")
        return station

    yield open_one
    for station in opened:
        station.page.close()
        station.server.stop()


@pytest.mark.parametrize("screen", SCREENS)
def test_every_state_can_be_read_on_every_screen(open_station: Callable[..., Station], screen: str) -> None:
    station = open_station(screen)
    for name, view in VIEWS.items():
        station.show(view)
        check_shape_and_words(station, name, view)
        check_room(station.page, f"{screen}, {name}")


@pytest.mark.parametrize("screen", SCREENS)
def test_a_free_bench_says_which_held_parcel_to_bring(
    open_station: Callable[..., Station], screen: str
) -> None:
    station = open_station(screen, Says(known=TRUTH, queue=QUEUE))
    last = LastPlaced(VisitId("v0"), "RB123456785GB", "G1")
    station.show(replace(VIEWS["ready"], last=last))

    assert station.text("line") == "Last: 6785GB in bay G1 Next to bring: 4821ET from bay H1"
    check_room(station.page, f"{screen}, queue")
    station.show(VIEWS["release"])
    assert "Next to bring" not in station.text("line")


@pytest.mark.parametrize("screen", SCREENS)
def test_a_printer_that_does_not_print_is_said_calmly_beside_the_parcel(
    open_station: Callable[..., Station], screen: str
) -> None:
    station = open_station(screen)
    for does in (*get_args(PrinterTrouble), "down", "prints"):
        station.source.printers = (
            PrinterView(BENCH, "print-1", does, missing=True, asked=2, printed=1, not_printed=1),
        )
        station.show(VIEWS["hold"])
        why = "" if does == "prints" else f"{WORDS[f'printer.{does}']} · "
        assert station.text("printer") == f"{why}{WORDS['printer.missing']}"
        assert station.text("word") == WORDS["state.hold"]
        check_room(station.page, f"{screen}, printer {does}")
        for name in ("away", "ask"):
            station.show(replace(VIEWS[name], network_away=True))
            check_room(station.page, f"{screen}, printer {does}, {name}")
            check_rows(station.page, f"{screen}, printer {does}, {name}")
    station.source.printers = (PrinterView(BENCH, "print-1", "prints", False, 2, 2, 0),)
    station.show(VIEWS["release"])
    assert not station.page.locator("[data-role=printer]").is_visible()


def test_a_bench_calls_no_parcel_that_waits_for_somebody_else(open_station: Callable[..., Station]) -> None:
    waits = Queue((place("RB123456785GB", 10, waits_for="merchant"),), 0, 1)
    station = open_station(source=Says(known=TRUTH, queue=waits))
    station.show(VIEWS["ready"])

    assert station.text("line") == ""


def check_shape_and_words(station: Station, name: str, view: BenchView) -> None:
    page = station.page
    shapes = page.eval_on_selector_all(
        "[data-shape]", "all => all.filter(s => s.checkVisibility()).map(s => s.dataset.shape)"
    )
    assert shapes == [SHAPES.get(view.state, view.state)], name
    assert station.text("word") == WORDS[f"state.{view.state}"], name
    instructions = page.locator("[data-role=instruction]:visible")
    assert instructions.count() == 1, name
    values = {"bay": view.bay or "–", "device": view.device or "–"}
    assert instructions.text_content() == WORDS[f"instruction.{view.instruction}"].format(**values), name
    assert station.text("bay") == (view.bay or ""), name
    if view.refused is not None:
        assert station.text("refused") == WORDS[f"refusal.{view.refused}"].format(**values), name


def check_room(page: Any, where: str) -> None:
    width, height = page.evaluate("[innerWidth, innerHeight]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    assert page.evaluate("document.documentElement.scrollHeight") <= height, where
    px_per_mm = page.evaluate(PX_PER_MM)
    for text in page.evaluate(TEXTS):
        cap_mm = text["size"] * CAP_PER_EM / px_per_mm
        assert cap_mm >= CAP_MM[text["kind"]], f"{where}: {text['text']!r} is {cap_mm:.1f} mm"
        (left, top, right, bottom), box = text["rect"], text["box"]
        inside = left >= box[0] - 1 and top >= box[1] - 8 and right <= box[2] + 1 and bottom <= box[3] + 8
        assert inside, f"{where}: {text['text']!r} leaves its box: {text['rect']} in {box}"
        assert min(left, top, width - right, height - bottom) >= 0, f"{where}: {text['text']!r} is cut"
    band = page.locator("[data-role=band]").bounding_box()
    assert band["height"] >= height / 4, where
    border = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.band')).borderTopWidth)")
    assert border / px_per_mm >= 1.99, where


def check_rows(page: Any, where: str) -> None:
    """Each part of the page has its whole width, and the sign of the bay lies on no word."""
    wide = page.evaluate("document.querySelector('main').clientWidth")
    for part in (".band", ".act", ".facts"):
        assert page.locator(part).bounding_box()["width"] > 0.95 * wide, f"{where}: {part}"
    right = page.evaluate("""() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('.word'));
      return range.getBoundingClientRect().right;
    }""")
    assert right <= page.locator(".bay span").bounding_box()["x"], f"{where}: the bay lies on the word"


def test_facts_show_the_tail_of_the_code_the_weight_and_the_bay(open_station: Callable[..., Station]) -> None:
    station = open_station()

    station.show(VIEWS["release"])
    assert [station.text(f"code-{part}") for part in ("head", "tail", "rest")] == ["RB12345", "6785", "GB"]
    assert (station.text("mass"), station.text("unit"), station.text("bay")) == ("1.250", "kg", "G1")

    station.show(VIEWS["hold"])
    assert [station.text(f"code-{part}") for part in ("head", "tail", "rest")] == ["…5678901", "2345", ""]
    station.show(replace(VIEWS["release"], mass_mg=1_250_500))
    assert station.text("mass") == "1.2505"
    station.show(VIEWS["ready"])
    assert [station.text(role) for role in ("code-head", "code-tail", "mass", "bay")] == ["", "", "", ""]


def test_nothing_but_this_gateway_is_asked_for_anything(open_station: Callable[..., Station]) -> None:
    station = open_station()
    station.show(VIEWS["release"])

    assert len(station.asked) >= 5
    assert {urlsplit(url).hostname for url in station.asked} == {"127.0.0.1"}


def test_a_screen_that_hears_nothing_shows_fault_and_no_release(open_station: Callable[..., Station]) -> None:
    station = open_station()
    station.show(VIEWS["wrong bay"])

    station.server.stop()
    station.page.wait_for_function(
        "word => document.querySelector('[data-role=word]').textContent === word",
        arg=WORDS["state.fault"],
        timeout=3500,
    )

    shown = station.page.text_content("main")  # hidden text too
    assert WORDS["page.screen_lost"] in shown
    assert "RELEASE" not in shown
    assert "G1" not in shown
    assert "6785" not in shown
    assert station.page.get_attribute("[data-role=band]", "data-band") == "fault"


def test_a_screen_finds_its_gateway_again_by_itself(open_station: Callable[..., Station]) -> None:
    station = open_station()
    port = urlsplit(station.page.url).port
    station.server.stop()
    station.page.wait_for_selector("[data-band=fault]")

    again = WebServer(hub(port), Says(view=VIEWS["hold"]), Feed())
    again.start()
    try:
        station.page.wait_for_selector("[data-band=hold]", timeout=10_000)
    finally:
        again.stop()


def test_hostile_text_from_a_label_stays_text(open_station: Callable[..., Station]) -> None:
    station = open_station()

    station.show(replace(VIEWS["release"], code="<img src=x onerror=window.hurt=1>", bay="<b>G1"))

    assert station.page.locator("main img, main .instruction b").count() == 0
    assert station.page.evaluate("window.hurt") is None
    check_room(station.page, "hostile")


def test_asking_customs_counts_seconds_only_after_a_while(open_station: Callable[..., Station]) -> None:
    station = open_station()

    station.show(VIEWS["asking"])
    assert station.page.locator("[data-role=elapsed]").is_hidden()
    station.page.wait_for_function(
        "() => document.querySelector('[data-role=elapsed]').textContent === '1 s'"
    )
    station.show(VIEWS["release"])

    assert station.page.locator("[data-role=elapsed]").is_hidden()


@pytest.mark.parametrize(
    ("state", "tones"),
    [
        ("ready", []),
        ("release", [[1760, 1760, 120]]),
        ("hold", [[880, 880, 160]] * 2),
        ("inspect", [[1320, 1320, 160], [660, 660, 160]] * 2),
        ("fault", [[1400, 350, 900]]),
        ("wrong bay", [[440, 440, 180]] * 2),
    ],
)
def test_each_state_has_its_sound(
    open_station: Callable[..., Station], state: str, tones: list[list[int]]
) -> None:
    station = open_station()
    station.show(VIEWS["scanned"])
    station.page.evaluate("window.played.length = 0")

    station.show(VIEWS[state])

    assert station.page.evaluate("window.played") == tones


def test_a_heartbeat_makes_no_sound_and_a_refused_scan_does(open_station: Callable[..., Station]) -> None:
    station = open_station()
    station.show(VIEWS["release"])
    station.page.evaluate("window.played.length = 0")

    revision = "Number(document.querySelector('main').dataset.revision)"
    heard = station.page.evaluate(revision)
    station.page.wait_for_function(f"() => {revision} >= {heard + 2}")
    assert station.page.evaluate("window.played") == []

    station.show(VIEWS["wrong bay"])
    assert len(station.page.evaluate("window.played")) == 2


def test_the_strip_turns_red_where_a_balance_is_broken(open_station: Callable[..., Station]) -> None:
    broken = Balance(120, 118, (("no_read", 1),))
    station = open_station(source=Says(known={**TRUTH, "wrong_weight": 1}, balance=broken))

    wrong = station.page.eval_on_selector_all(".cell.wrong", "all => all.map(cell => cell.dataset.role)")
    assert wrong == ["figure-wrong_weight", "figure-balance_reads"]
    assert station.page.locator(".cell.wrong:visible").count() == 2
    assert WORDS["truth.broken"] in station.text("figure-balance_reads")
    assert station.text("figure-balance_reads").startswith("120 = 118 + 1")
    assert station.text("figure-share").startswith("93.3 %")
    assert station.text("figure-dwell").startswith("4.1 s")


def test_a_real_gateway_shows_its_balances_and_no_truth(open_station: Callable[..., Station]) -> None:
    station = open_station(source=Says(known=None))

    assert station.page.locator("[data-role=figure-wrong_release]").count() == 0
    assert WORDS["truth.holds"] in station.text("figure-balance_reads")
    assert WORDS["truth.holds"] in station.text("figure-balance_events")


def test_the_idle_page_is_calm(
    open_station: Callable[..., Station], coloured_share: Callable[[bytes], float]
) -> None:
    station = open_station()

    assert coloured_share(station.page.screenshot()) < 0.02


def test_the_page_speaks_its_language_and_announces_the_band(open_station: Callable[..., Station]) -> None:
    station = open_station()

    assert station.page.get_attribute("html", "lang") == "en"
    band = station.page.locator("[data-role=band]")
    assert (band.get_attribute("role"), band.get_attribute("aria-live")) == ("status", "assertive")
    assert station.page.get_attribute("body", "data-bench") == BENCH
