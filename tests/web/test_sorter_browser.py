"""A line that a controller drives, on the floor in a real browser: its parcels, its exits, and what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from web_views import LINES, S10, TRUTH, VIEWS, Says, sorter_hub

from edge.core.snapshot import LaneView, PlcLineView, ShadowView, TrackedView
from edge.web.feed import Feed
from edge.web.serve import WebServer
from edge.web.station.wording import station_words
from hub_config.names import Instant, LaneId, LineId, VisitId
from simulators.broker import free_port

pytestmark = [pytest.mark.browser, pytest.mark.system]

WORDS = station_words("en")
LINE = LineId("p1")
GREEN, HOLD = LaneId("green"), LaneId("hold")


def tracked(track: int, state: Any = "measuring", **more: Any) -> TrackedView:
    known = {"code": None, "mass_mg": None, "lane": None, "reasons": (), "ordered": None, **more}
    return TrackedView(VisitId(f"v{track}"), track, Instant(0), state, **known)


FLOW = PlcLineView(
    LINE,
    Instant(1),
    True,
    (
        tracked(17, "release", code=S10, mass_mg=500_000, lane=GREEN, ordered=GREEN),
        tracked(18, "hold", code="RA473124829GB", lane=HOLD, reasons=("no_declaration",)),
        tracked(19, "asking", code="RB900000015CN", mass_mg=1_250_000),
        tracked(20),
    ),
    (
        LaneView(GREEN, "C1", 128, S10),
        LaneView(HOLD, "C9", 11, "RB900000029CN"),
        LaneView(LaneId("xray"), "C2"),
    ),
    (),
    None,
)


@dataclass
class Floor:
    page: Any
    source: Says
    feed: Feed
    server: WebServer
    at: int = 1

    def show(self, view: PlcLineView) -> None:
        self.at += 1
        self.source.plc_lines = (replace(view, at=Instant(self.at)),)
        self.feed.notify()
        self.page.wait_for_selector(f"[data-line=p1][data-at='{self.at}']")

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(f".sorter {selector}:visible").all_text_contents()]


@pytest.fixture
def open_floor(browser: Any) -> Iterator[Callable[..., Floor]]:
    opened: list[Floor] = []

    def open_one(*, drives: bool = True, width: int = 1920, height: int = 1080) -> Floor:
        source, feed = (
            Says(known=TRUTH, lines=(LINES["flow"],), view=VIEWS["release"], plc_lines=(FLOW,)),
            Feed(),
        )
        server = WebServer(sorter_hub(free_port(), drives=drives), source, feed)
        url = server.start()
        page = browser.new_page(viewport={"width": width, "height": height})
        opened.append(Floor(page, source, feed, server))
        page.goto(url)
        page.wait_for_selector("main[data-revision]")
        return opened[-1]

    yield open_one
    for floor in opened:
        floor.page.close()
        floor.server.stop()


def test_parcels_stand_in_their_order_and_exits_with_their_counts(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(FLOW)

    assert floor.texts(".chip .code") == ["6785", "4829", "0015", "#20"]
    assert floor.texts(".chip .to") == ["⇒ C1", "→ C9"]
    assert floor.texts(".exit .bay") == ["C1", "C9", "C2"]
    assert floor.texts(".exit .count") == ["128", "11", "0"]
    assert floor.texts(".state") == [WORDS["line.runs"]]
    assert floor.texts("header .fact")[0] == f"4 {WORDS['sorter.under_way']}"
    assert floor.texts(".whys b") == [WORDS["reason.no_declaration"]]
    assert floor.texts(".whys span") == ["4829"]
    titles = floor.page.locator(".chip").nth(1).get_attribute("title")
    assert WORDS["reason.no_declaration"] in titles


def test_reasons_stand_under_the_parcels_those_of_most_first(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor(width=1280, height=800)
    late = [
        tracked(one, "hold", code=f"RB{one:09d}CN", lane=HOLD, reasons=("decision_late",)) for one in range(8)
    ]
    others = ("no_read", "tamper", "damaged", "drill", "no_declaration", "sampled")
    crowd = [tracked(100 + place, "hold", reasons=(why,)) for place, why in enumerate(others)]
    floor.show(replace(FLOW, tracks=(*crowd, *late)))

    first = [WORDS[f"reason.{why}"] for why in ("decision_late", *others[:2])]
    assert floor.texts(".whys b") == [*first, "+4"]
    assert floor.texts(".whys span")[:2] == ["0000 0001 0002 0003 0004 0005 +2", "#100"]
    assert floor.page.evaluate("document.documentElement.scrollWidth") <= 1280
    floor.show(replace(FLOW, tracks=()))
    assert floor.texts(".whys b") == []


def test_what_is_wrong_is_said_and_an_old_parcel_does_not_stand(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor()
    floor.show(replace(FLOW, ready=False, tracks=()))
    assert floor.texts(".notices p") == [WORDS["floor.down"].format(device="plc-1")]
    assert floor.texts(".state") == [WORDS["line.fault"]]
    assert floor.texts(".chip") == []
    assert floor.texts(".none") == [WORDS["sorter.empty"]]

    floor.show(replace(FLOW, devices_down=("scan-2",)))
    assert floor.texts(".notices p") == [WORDS["floor.down"].format(device="scan-2")]


def test_a_line_that_is_only_listened_to_says_so_and_what_differs(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor(drives=False)
    floor.show(replace(FLOW, shadow=ShadowView(240, 231, 2, 5, ())))

    assert WORDS["sorter.listens"] in floor.texts("header .fact")
    assert WORDS["sorter.compared"].format(compared=240, codes=2, lanes=5) in floor.texts("header .fact")


def test_a_crowded_line_fits_a_small_screen(open_floor: Callable[..., Floor]) -> None:
    floor = open_floor(width=1280, height=800)
    crowd = tuple(tracked(number, "hold", code=f"RB{number:09d}CN", lane=HOLD) for number in range(1, 41))
    floor.show(replace(FLOW, tracks=crowd))

    assert floor.texts(".more") == ["+16"]
    assert len(floor.texts(".chip")) == 24
    assert floor.page.evaluate("document.documentElement.scrollWidth") <= 1280
    floor.show(replace(FLOW, tracks=crowd[:30]))
    assert floor.texts(".more") == ["+6"]
