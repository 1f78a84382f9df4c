"""The floor in a real browser: what has room on which screen, and what is left out where it has none."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from floor_pages import SIZES, Floor, check_room
from web_views import LINES, QUEUE, VIEWS

from edge.web.station.wording import station_words
from hub_config.names import LineId

pytestmark = [pytest.mark.browser, pytest.mark.system]

WORDS = station_words("en")


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


def test_long_names_and_large_counts_stay_apart_in_a_lane(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor("small")
    lanes = tuple(replace(lane, count=123_456) for lane in LINES["stands"].lanes)
    floor.show(replace(LINES["stands"], lanes=lanes))

    for lane in floor.page.locator(".lane").all():
        count, sign = (lane.locator(part).bounding_box() for part in (".count", "rect.sign"))
        assert count["x"] + count["width"] <= sign["x"] + 1
    check_room(floor.page, "large counts")


@pytest.mark.parametrize(("benches", "lines"), [(0, 1), (5, 3), (2, 0)])
def test_hubs_of_other_sizes_have_their_floor_too(
    open_floor: Callable[..., Floor], benches: int, lines: int
) -> None:
    floor = open_floor("small", path="floor", benches=benches, lines=lines)

    assert floor.page.locator(".bench:visible").count() == benches
    assert floor.page.locator(".line:visible").count() == lines
    check_room(floor.page, f"{benches} benches, {lines} lines", scrolls=True)
