"""The floor in a real browser: what is drawn, what moves, what is never shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from web_views import LINES, QUEUE, TRUTH, VIEWS, Says, floor_hub

from edge.core.snapshot import BenchView, LineView
from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.web.station.wording import station_words
from hub_config.names import Instant, LineId
from simulators.broker import free_port

pytestmark = [pytest.mark.browser, pytest.mark.system]

SIZES = {"wide": (1920, 1080), "small": (1280, 800), "tablet": (1024, 768)}
WORDS = station_words("en")
LEAD_MS = 300
SPEED_UM_S = 1_500_000

# Every visible piece of text with its rectangle and the box that it must stay inside.
TEXTS = """() => {
  const found = [];
  for (const element of document.querySelectorAll('main *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.matches('title, noscript') || !element.checkVisibility()) continue;
    const box = element.closest('.lane')?.querySelector('rect') ??
      element.closest('.bench, .queue, .line, .foot, .top, td');
    const range = document.createRange();
    range.selectNodeContents(element);
    const rect = element.closest('svg') ? element.getBoundingClientRect() : range.getBoundingClientRect();
    const room = (box ?? document.body).getBoundingClientRect();
    found.push({ text: element.textContent, inCell: element.closest('td') !== null,
      rect: [rect.left, rect.top, rect.right, rect.bottom], box: [room.left, room.top, room.right, room.bottom] });
  }
  return found;
}"""
LABELS = """() => [...document.querySelectorAll('.labels text, .device text')].filter((one) => one.checkVisibility())
  .map((one) => [one.textContent, one.getBoundingClientRect()])
  .map(([text, box]) => [text, box.left, box.top, box.right, box.bottom])"""
PLACES = """() => Object.fromEntries([...document.querySelectorAll('.parcel[transform]')].map((one) =>
  [one.querySelector('title').textContent, one.transform.baseVal[0].matrix.e]))"""


@dataclass
class Floor:
    """A floor page, its gateway's source, and what it asked the network for."""

    page: Any
    source: Says
    feed: Feed
    server: WebServer
    asked: list[str]
    at: int = 0

    def show(self, *lines: LineView, view: BenchView | None = None) -> None:
        """Returns when these lines are on the page."""
        self.at += 1
        self.source.view = view or self.source.view  # first: the page is waited for by its lines
        self.source.lines = tuple(replace(line, at=Instant(line.at + self.at)) for line in lines)
        self.feed.notify()
        for line in self.source.lines:
            self.page.wait_for_selector(f"[data-line={line.line}][data-at='{line.at}']")

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(f"{selector}:visible").all_text_contents()]


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


def check_room(page: Any, where: str, *, scrolls: bool = False) -> None:
    width, height = page.evaluate("[innerWidth, innerHeight]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    if not scrolls:
        assert page.evaluate("document.documentElement.scrollHeight") <= height, where
    for text in page.evaluate(TEXTS):
        (left, top, right, bottom), box = text["rect"], text["box"]
        inside = left >= box[0] - 1 and top >= box[1] - 4 and right <= box[2] + 1 and bottom <= box[3] + 4
        assert inside or text["inCell"], f"{where}: {text['text']!r} leaves its box: {text['rect']} in {box}"


def check_labels_apart(page: Any, where: str) -> None:
    labels = page.evaluate(LABELS)
    for number, (one, left, top, right, bottom) in enumerate(labels):
        for other, left2, top2, right2, bottom2 in labels[number + 1 :]:
            apart = right <= left2 + 1 or right2 <= left + 1 or bottom <= top2 + 6 or bottom2 <= top + 6
            assert apart, f"{where}: {one!r} lies over {other!r}"


@pytest.mark.parametrize("size", SIZES)
def test_every_state_of_a_belt_can_be_read(open_floor: Callable[..., Floor], size: str) -> None:
    floor = open_floor(size)
    for name, view in LINES.items():
        floor.show(view, view=VIEWS["hold"])
        floor.page.wait_for_timeout(LEAD_MS + 100)  # until nothing moves any more

        check_room(floor.page, f"{size}, {name}")
        check_labels_apart(floor.page, f"{size}, {name}")
        assert floor.texts(".badge") == [WORDS[f"line.{view.state}"]], name
        drawn = floor.page.eval_on_selector_all(
            ".parcel", "all => all.map(one => [one.dataset.state, one.querySelector('.shape').dataset.shape])"
        )
        assert sorted(drawn) == sorted([item.state, item.state] for item in view.items), name
        assert [int(text) for text in floor.texts(".count")] == [lane.count for lane in view.lanes], name


def test_a_parcel_shows_the_end_of_its_code_and_where_it_is_bound(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(LINES["flow"])

    assert "0015 → H9" in floor.texts(".labels text")
    rows = floor.texts(".list tbody tr")
    assert rows[0].startswith("RB900000029CN")
    assert f"{WORDS['reason.no_declaration']} +1" in rows[0], "another one, without a hand on the mouse"
    assert "⇒ G9" in rows[2]
    assert floor.texts(".lane[data-lane=manual] .quiet")[:2] == ["Last 4321", "Chosen by customs for a"]


def test_the_row_that_counts_the_rest_takes_no_room_from_the_reasons(
    open_floor: Callable[..., Floor],
) -> None:
    """Where the weights are left out, it would otherwise make a column of its own beside them."""
    floor = open_floor("small")
    floor.show(LINES["dense"])

    assert floor.texts(".list .more") != [], "the list is longer than its room"
    assert floor.texts(".list .at-mass") == [], "the list has no room for weights"
    assert floor.page.evaluate("""() => {
      const right = (selector) => document.querySelector(selector).getBoundingClientRect().right;
      return Math.abs(right('.list td.at-reason') - right('.list')) < 2;
    }""")


def test_benches_show_the_band_of_their_station_in_small(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    for name, view in VIEWS.items():
        floor.show(LINES["empty"], view=view)

        values = {"bay": view.bay or "–", "device": view.device or "–"}
        assert floor.texts(".bench .word") == [WORDS[f"state.{view.state}"]], name
        assert floor.texts(".instruction") == [WORDS[f"instruction.{view.instruction}"].format(**values)]
        assert floor.texts(".bench .bay") == ([view.bay] if view.bay else []), name
        shape = floor.page.get_attribute(".band .shape", "data-shape")
        assert shape == {"ready": "none", "measuring": "none", "asking": "none"}.get(view.state, view.state)


@pytest.mark.parametrize("size", SIZES)
def test_the_hold_queue_says_what_to_bring_and_whom_the_others_wait_for(
    open_floor: Callable[..., Floor], size: str
) -> None:
    floor = open_floor(size)
    assert floor.texts("[data-role=queue]") == []
    floor.source.queue = QUEUE
    floor.show(LINES["flow"])

    rows = {"wide": 6, "small": 4, "tablet": 3}[size]
    assert floor.texts(".queue .at-turn") == (["Bring it"] * 4 + ["Merchant", "Agency fda"])[:rows]
    assert floor.texts(".queue .at-bay") == ["H1", "H1", "H9", "–", "H1", "M1"][:rows]
    assert (
        floor.texts(".queue .at-slack")[2:4]
        == [
            "41 min to its flight or target",
            "overdue 25 min after a missed flight or target",
        ][: rows - 2]
    )
    assert floor.texts(".queue .tier") == [WORDS["queue.relief"]]
    assert floor.texts(".queue header span") == ["4 to bring, 23 wait for others"]
    check_room(floor.page, f"queue, {size}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["away", "trouble"])
def test_a_floor_with_notices_and_a_queue_has_nothing_under_its_foot(
    open_floor: Callable[..., Floor], size: str, name: str
) -> None:
    """The foot stays at the lower edge of a page that is too long, and would hide the lanes' boxes behind it."""
    floor = open_floor(size)
    floor.source.queue = QUEUE
    floor.source.outbox = replace(floor.source.outbox, coordinator=False)
    floor.show(LINES[name], view=VIEWS["hold"])

    check_room(floor.page, f"{name}, {size}")
    foot = floor.page.locator(".foot").bounding_box()
    for lane in floor.page.locator(".lane > rect:first-of-type").all():
        box = lane.bounding_box()
        assert box["y"] + box["height"] <= foot["y"], name


def test_parcels_move_on_with_the_belt_but_not_far_ahead(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(LINES["flow"])
    still = replace(LINES["flow"], state="stands", speed_um_s=0)
    floor.show(still)
    floor.page.wait_for_timeout(LEAD_MS)
    stood = floor.page.evaluate(PLACES)

    floor.show(LINES["flow"])
    floor.page.wait_for_timeout(3 * LEAD_MS)
    ran = floor.page.evaluate(PLACES)

    belt = floor.page.locator(".bed").bounding_box()
    px_per_um = belt["width"] / floor_hub().lines[0].belt.length_um
    most = LEAD_MS / 1000 * SPEED_UM_S * px_per_um
    name = next(title for title in stood if title.startswith("LX123400017GB"))
    assert 0.8 * most < ran[name] - stood[name] < 1.05 * most


def test_a_parcel_whose_box_is_known_tells_it_with_its_weight(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(LINES["flow"])

    (told,) = [title for title in floor.page.evaluate(PLACES) if "×" in title]

    assert told.endswith("1.250 kg · 410 × 250 × 120 mm")


def test_parcels_that_one_code_may_be_of_are_joined_by_it(open_floor: Callable[..., Floor]) -> None:
    """Not the one that was released: its own name is surely its own, whatever else it may have a share in."""
    floor = open_floor()
    floor.show(LINES["doubt"])

    assert WORDS["floor.doubted"] in floor.texts(".legend li"), "what dashes mean"
    assert floor.texts(".doubts text") == ["0007 ?"]
    told = sorted(title for title in floor.page.evaluate(PLACES) if "may be its own" in title)
    assert [title.rpartition(" · ")[2] for title in told] == [
        "RB100000007CN may be its own: 49.99 %", "RB100000007CN may be its own: 49.99 %",
    ]  # fmt: skip
    assert floor.page.locator(".parcel[data-doubted]").count() == 2
    reasons = floor.page.locator(".list td.at-reason")
    assert [reasons.nth(row).get_attribute("title") is None for row in range(3)] == [True, False, False]

    floor.show(LINES["flow"])

    assert floor.texts(".doubts text") == []


def test_parcels_stand_still_with_the_belt_and_without_a_board(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    for name in ("stands", "fault"):
        floor.show(LINES[name])
        floor.page.wait_for_timeout(LEAD_MS)
        before = floor.page.evaluate(PLACES)
        floor.page.wait_for_timeout(LEAD_MS)

        assert floor.page.evaluate(PLACES) == before, name


def test_a_line_out_of_sight_costs_no_drawing(open_floor: Callable[..., Floor]) -> None:
    """Sixteen lines with twenty parcels each would leave a browser no time for the one that is looked at."""
    floor = open_floor("small", path="floor", lines=3)
    shown = tuple(replace(LINES["flow"], line=LineId(f"l{n}")) for n in range(1, 4))
    floor.show(*shown)

    moved = floor.page.evaluate("""async () => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const frames = async (count) => { for (let n = 0; n < count; n += 1) await frame(); };
      await frames(3);
      const seen = { l1: 0, l3: 0 };
      for (const line of Object.keys(seen)) {
        new MutationObserver(() => { seen[line] += 1; }).observe(
          document.querySelector(`[data-line=${line}] .parcel`), { attributes: true });
      }
      await frames(3);
      return seen;
    }""")

    assert moved["l1"] > 0
    assert moved["l3"] == 0


def test_who_asks_for_less_motion_sees_places_change_with_states_only(
    open_floor: Callable[..., Floor],
) -> None:
    floor = open_floor(reduced_motion="reduce")
    floor.show(LINES["flow"])
    before = floor.page.evaluate(PLACES)
    floor.page.wait_for_timeout(LEAD_MS // 2)

    assert floor.page.evaluate(PLACES) == before


def test_a_diverter_swings_out_for_its_order_and_never_without_a_board(
    open_floor: Callable[..., Floor],
) -> None:
    floor = open_floor()
    out = "all => all.map(arm => arm.classList.contains('out'))"

    floor.show(LINES["stands"])
    assert floor.page.eval_on_selector_all(".arm", out) == [True, True]
    unordered = tuple(replace(item, ordered=False) for item in LINES["stands"].items)
    floor.show(replace(LINES["stands"], items=unordered))
    assert floor.page.eval_on_selector_all(".arm", out) == [False, False]
    floor.show(LINES["fault"])
    assert floor.page.eval_on_selector_all(".arm", out) == [False, False]


def test_what_is_wrong_is_said_in_red_and_an_absent_network_is_not(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()

    floor.show(LINES["trouble"])
    wrong = [WORDS["floor.down"].format(device="wim-1"), WORDS["floor.trouble"]]
    assert floor.texts(".notices .wrong") == wrong
    assert floor.texts(".notices .calm") == [WORDS["floor.network_away"]]
    assert floor.page.locator(".device.down").get_attribute("data-device") == "wim-1"
    floor.show(LINES["fault"])
    assert WORDS["floor.unsure"] in floor.texts(".notices .wrong")
    floor.show(replace(LINES["fault"], devices_down=(), board="syncing"))
    assert floor.texts(".notices .wrong")[0] == WORDS["board.syncing"]


def test_a_floor_that_hears_nothing_is_lost_and_shows_nothing_old(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(LINES["flow"], view=VIEWS["release"])

    floor.server.stop()
    floor.page.wait_for_selector("[data-role=lost]:visible", timeout=3600)

    assert WORDS["page.screen_lost"] in floor.texts("[data-role=lost]")[0]
    assert floor.page.locator("main").is_hidden()
    kept = floor.page.text_content("main")  # hidden text too
    assert not any(old in kept for old in ("RELEASE", "6785", "128"))
    assert floor.page.locator(".parcel[data-state]").count() == 0


def test_a_floor_finds_its_gateway_again_with_its_new_layout(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    port = urlsplit(floor.page.url).port
    floor.server.stop()
    floor.page.wait_for_selector("[data-role=lost]:visible", timeout=3600)

    second = replace(LINES["stands"], line=LineId("l2"))
    again = WebServer(floor_hub(port, lines=2), Says(lines=(LINES["stands"], second)), Feed())
    again.start()
    try:
        floor.page.wait_for_selector(".line[data-line=l2][data-state=stands]", timeout=10_000)
        assert floor.page.locator("[data-role=lost]").is_hidden()
    finally:
        again.stop()


def test_hostile_text_from_a_label_stays_text(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    hostile = "<img src=x onerror=window.hurt=1>"
    items = tuple(replace(item, code=hostile) for item in LINES["stands"].items)
    lanes = tuple(replace(lane, code=hostile) for lane in LINES["stands"].lanes)

    floor.show(replace(LINES["stands"], items=items, lanes=lanes), view=replace(VIEWS["hold"], code=hostile))

    assert floor.page.locator("main img").count() == 0
    assert floor.page.evaluate("window.hurt") is None
    check_room(floor.page, "hostile")


def test_one_line_alone_has_the_page_for_itself(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor(path="line/l2", lines=2)

    assert floor.page.eval_on_selector_all(".line", "all => all.map(one => one.dataset.line)") == ["l2"]
    assert floor.page.locator(".bench").count() == 0
    check_room(floor.page, "alone")


@pytest.mark.parametrize(("benches", "lines"), [(0, 1), (5, 3), (2, 0)])
def test_hubs_of_other_sizes_have_their_floor_too(
    open_floor: Callable[..., Floor], benches: int, lines: int
) -> None:
    floor = open_floor("small", path="floor", benches=benches, lines=lines)

    assert floor.page.locator(".bench:visible").count() == benches
    assert floor.page.locator(".line:visible").count() == lines
    check_room(floor.page, f"{benches} benches, {lines} lines", scrolls=True)


def test_nothing_but_this_gateway_is_asked_for_anything(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(LINES["flow"])

    assert len(floor.asked) >= 8
    assert {urlsplit(url).hostname for url in floor.asked} == {"127.0.0.1"}


def test_the_floor_at_rest_is_calm(
    open_floor: Callable[..., Floor], coloured_share: Callable[[bytes], float]
) -> None:
    floor = open_floor()
    floor.show(LINES["empty"], view=VIEWS["ready"])

    assert coloured_share(floor.page.screenshot()) < 0.02


def test_long_names_and_large_counts_stay_apart_in_a_lane(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor("small")
    lanes = tuple(replace(lane, count=123_456) for lane in LINES["stands"].lanes)
    floor.show(replace(LINES["stands"], lanes=lanes))

    for lane in floor.page.locator(".lane").all():
        count, sign = (lane.locator(part).bounding_box() for part in (".count", "rect.sign"))
        assert count["x"] + count["width"] <= sign["x"] + 1
    check_room(floor.page, "large counts")
