"""The floor in a real browser: what is drawn, what moves, what is never shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from floor_pages import SIZES, Floor, check_room
from web_views import LINES, VIEWS, Says, floor_hub

from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.web.station.wording import station_words
from hub_config.names import LineId

pytestmark = [pytest.mark.browser, pytest.mark.system]

WORDS = station_words("en")
LEAD_MS = 300
SPEED_UM_S = 1_500_000

LABELS = """() => [...document.querySelectorAll('.labels text, .device text')].filter((one) => one.checkVisibility())
  .map((one) => [one.textContent, one.getBoundingClientRect()])
  .map(([text, box]) => [text, box.left, box.top, box.right, box.bottom])"""
PLACES = """() => Object.fromEntries([...document.querySelectorAll('.parcel[transform]')].map((one) =>
  [one.querySelector('title').textContent, one.transform.baseVal[0].matrix.e]))"""


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
    floor.show(replace(LINES["fault"], wrong=(), board="syncing"))
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
