"""The tour's page: its routes and their guard without a socket, and what a browser makes of each drawing."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from web_views import get

from edge.web.guard import SECURITY_HEADERS
from simulators.tour.chapters import CHAPTERS
from simulators.tour.page import HERE, HOST, TourPage, tour_app
from simulators.tour.stage import Drawing, Stage, Truth

PORT = 8040
PAIR = {
    "gap_um": 60_000,
    "window_um": 150_000,
    "parcels": [
        {
            "number": 21,
            "length_um": 160_000,
            "label_um": 80_000,
            "code": "A",
            "legible": False,
            "mass_mg": 177_000,
        },
        {
            "number": 22,
            "length_um": 160_000,
            "label_um": 30_000,
            "code": "B",
            "legible": True,
            "mass_mg": 177_100,
        },
    ],
    "claims": [{"code": "CU969347179GB", "claims": [[22, 514_000], [21, 486_000]]}],
    "ours": [
        {"number": one, "lane": "hold", "reason": "Not sure whose label or weight it is"} for one in (21, 22)
    ],
    "by_time": [
        {"number": 21, "codes": ["CU969347179GB"], "released": True, "right": False},
        {"number": 22, "codes": [], "released": False, "right": False},
    ],
}
DRAWINGS: Mapping[str, tuple[dict[str, Any], str]] = {
    "flow": ({"lanes": [{"lane": "green", "name": "Free lane", "count": 12}]}, "Free lane"),
    "pair": (PAIR, "p = 0.514"),
    "bench": (
        {
            "scale": "scale-1", "plugged": False, "state": "fault", "word": "FAULT", "instruction": "Call IT",
            "placed": 3,
        },
        "FAULT",
    ),
    "backlog": ({"curve": [[0, 1], [1, 90]], "pending": 90, "broker": False, "held": 4, "released": 0}, "STOPPED"),
    "killed": (
        {"state": "killed", "parcels": [{"number": 1, "code": "<b>X", "lane": None, "bay": None}]}, "<b>X",
    ),
    "journal": (
        {
            "file": "journal.db",
            "verdicts": [{"what": "a copy", "code": 1, "lines": ["seq 882 is damaged"]}],
            "event": {"seq": 882, "before": "3", "after": "2", "offset": 7, "text": '"mg":353000', "at": 5},
        },
        "seq 882 is damaged",
    ),
    "why": ({"code": "B", "lines": ["decided release by customs"]}, "$ hub why B"),
    "outcomes": ({"chapters": [{"title": "Flow", "state": "held", "found": "all well"}]}, "all well"),
}  # fmt: skip


def stage_with(kind: str = "none", data: Mapping[str, Any] | None = None) -> Stage:
    stage = Stage([chapter.title for chapter in CHAPTERS])
    stage.begin(1, CHAPTERS[1].caption)
    stage.truth = Truth(0, 0, 3, 17, 25)
    stage.drawing = Drawing(kind, data or {})
    stage.belt = {
        "length_um": 11_000_000, "speed_um_s": 1_500_000, "end": "hold H9", "gateway": False,
        "parts": [
            {"kind": "reader", "um": 1_500_000, "name": "tunnel-1"},
            {"kind": "diverter", "um": 8_200_000, "name": "green G9"},
        ],
        "items": [
            {
                "number": one, "front_um": one * 900_000, "length_um": 160_000, "branch_um": None, "state": state,
                "code": "A",
            }
            for one, state in enumerate(("unseen", "measuring", "release", "hold", "inspect", "ask", "stray"), 1)
        ],
    }  # fmt: skip
    stage.publish()
    return stage


def test_the_page_its_files_and_the_stage_are_there_under_the_gateways_guard() -> None:
    app = tour_app(stage_with(), PORT)
    for path in ("/", "/stage.json", "/static/tour.js", "/static/tour.css", "/shared/colours.css"):
        answer = asyncio.run(get(app, path))
        assert answer.status == 200, path
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name.lower()] == value

    assert json.loads(asyncio.run(get(app, "/stage.json")).text)["truth"]["possible"] == 25


def test_another_host_and_another_origin_are_refused() -> None:
    app = tour_app(stage_with(), PORT)

    assert asyncio.run(get(app, "/stage.json", {"host": "evil.example:8040"})).status == 421
    assert asyncio.run(get(app, "/stage.json", {"origin": "http://evil.example"})).status == 403
    assert asyncio.run(get(app, "/stage.json", method="POST")).status == 405


def test_nothing_is_loaded_from_elsewhere() -> None:
    for file in sorted(HERE.iterdir()):
        text = Path(file).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, file.name


@pytest.fixture
def stage() -> Stage:
    return stage_with()


@pytest.fixture
def served(stage: Stage) -> Iterator[str]:
    page = TourPage(stage)
    address = page.start()
    yield address
    page.stop()


@pytest.mark.browser
@pytest.mark.system
def test_every_drawing_fits_one_screen_and_says_what_it_must(browser: Any, stage: Stage, served: str) -> None:
    for wide, high in ((1280, 800), (1920, 1080)):
        page = browser.new_page(viewport={"width": wide, "height": high})
        said: list[str] = []
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.goto(served)
        for kind, (data, wanted) in DRAWINGS.items():
            stage.drawing = Drawing(kind, data)
            stage.found = (
                "What came of it is told here in a sentence as long as such sentences are, and a little more."
            )
            stage.publish()
            page.get_by_text(wanted).first.wait_for()
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (kind, wide)
            stage_box = page.locator("[data-role=stage]").evaluate(
                "one => one.scrollHeight <= one.clientHeight + 1"
            )
            assert stage_box, (kind, wide)
            strip = page.locator("[data-role=strip]").bounding_box()
            assert strip["y"] + strip["height"] <= high, "the truth strip is always visible"
        assert page.get_by_text("no gateway: nobody sees these parcels").is_visible()
        signs = [text for text in page.locator(".belt .sign").all_text_contents() if text]
        assert signs == ["✓", "‖", "◆", "!", "?"], "nothing is told by colour alone"
        assert "17 of 25" in page.locator("[data-role=strip]").inner_text()
        assert said == []
        page.close()


def test_the_page_listens_on_loopback_only(served: str) -> None:
    assert served.startswith(f"http://{HOST}:")
