"""The floor's routes, words, colours and size, without a browser."""

import asyncio
import json
import re
from typing import Any, get_args

import pytest
from web_views import LINES, VIEWS, Answer, Says, fetch, floor_hub, get, sorter_hub

from drivers.reading import BoardState
from edge.core import snapshot
from edge.web.app import HERE, create_app
from edge.web.feed import Feed
from edge.web.floor.layout import floor_layout
from edge.web.guard import SECURITY_HEADERS
from edge.web.station.wording import station_words

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (HERE / "static").glob("*.js")}
FLOOR_SCRIPTS = ("floor.js", "belt.js", "queue.js", "sorter.js", "stream.js", "strip.js", "words.js")
JS_BYTES_MAX = 60 * 1024


def floor_app(source: Says | None = None, feed: Feed | None = None, **counts: int) -> Any:
    return create_app(floor_hub(**counts), source or Says(), feed or Feed())


def block(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, flags=re.S)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize(
    ("benches", "lines", "leads"),
    [(1, 1, "/floor"), (0, 1, "/floor"), (3, 2, "/floor"), (1, 0, "/station/b1")],
)
def test_the_root_leads_to_the_floor_where_there_is_a_line(benches: int, lines: int, leads: str) -> None:
    answer = fetch(floor_app(benches=benches, lines=lines), "/")

    assert (answer.status, answer.headers["location"]) == (307, leads)


def test_several_benches_without_a_line_are_listed_with_the_floor() -> None:
    page = fetch(floor_app(benches=2, lines=0), "/").text

    assert re.findall(r'href="(/[a-z][^"]*)"', page)[-3:] == ["/station/b1", "/station/b2", "/floor"]


@pytest.mark.parametrize("path", ["/floor", "/line/l1", "/layout.json", "/line/nothing"])
def test_every_answer_carries_the_security_headers_and_takes_no_change(path: str) -> None:
    answer = fetch(floor_app(), path)

    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert fetch(floor_app(), path, method="POST").status == 405
    assert fetch(floor_app(), path, {"origin": "http://evil.example"}).status == 403


def test_the_floor_brings_its_geometry_with_the_first_paint() -> None:
    page = fetch(floor_app(), "/floor").text

    layout = block(page, "layout")
    assert layout == json.loads(json.dumps(floor_layout(floor_hub())))
    assert layout == json.loads(fetch(floor_app(), "/layout.json").text)
    (line,) = layout["lines"]
    config = floor_hub().lines[0]
    assert line["length_um"] == config.belt.length_um
    assert [beam["id"] for beam in line["beams"]] == [beam.id for beam in config.belt_beams]
    assert [one["position_um"] for one in line["diverters"]] == [d.position_um for d in config.diverters]
    assert line["scale"]["position_um"] == config.beam(config.scale.beam).position_um


def test_the_first_paint_shows_no_parcel_and_nothing_inline() -> None:
    page = fetch(floor_app(Says(view=VIEWS["release"], lines=(LINES["flow"],))), "/floor").text

    visible = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.S)
    assert "RELEASE" not in visible
    assert "6785" not in visible
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! type=\"module\" src=)", visible)


def test_one_line_has_a_page_of_its_own() -> None:
    page = fetch(floor_app(lines=2), "/line/l2").text

    assert 'data-alone="l2"' in page
    assert "<title>Line 2 · MY-KUL-1</title>" in page


def test_an_unknown_line_is_one_sentence_that_names_the_known_ones() -> None:
    answer = fetch(floor_app(lines=2), "/line/<script>\n" + "x" * 500)

    assert answer.status == 404
    assert answer.text.startswith("No line '<script>\\nxxx")
    assert answer.text.endswith("at this gateway; it has: l1, l2.\n")
    assert len(answer.text) < 120
    assert fetch(floor_app(lines=0), "/line/l1").text == "No line 'l1' at this gateway; it has: none.\n"


def test_a_hostile_name_stays_text() -> None:
    hostile = "</title></script><script>alert(1)</script>"
    config = floor_hub()
    line = config.lines[0].model_copy(update={"name": hostile})
    app = create_app(config.model_copy(update={"lines": (line,)}), Says(), Feed())

    for path in ("/floor", "/line/l1"):
        page = fetch(app, path).text
        assert "<script>alert" not in page
        assert block(page, "layout")["lines"][0]["name"] == hostile


def test_a_gateway_with_lines_and_no_bench_sends_states() -> None:
    async def stream() -> Answer:
        feed = Feed()
        app = floor_app(Says(lines=(LINES["flow"],), benches=()), feed, benches=0)
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)
            return await get(app, "/events", parts=1)

    data = asyncio.run(stream()).text.split("data: ")[1]

    state = json.loads(data)
    assert state["benches"] == []
    assert [item["number"] for item in state["lines"][0]["items"]] == [7, 6, 5, 4, 3, 2, 1]


def test_every_word_the_floor_may_need_exists() -> None:
    words = station_words("en")
    needed = [f"line.{state}" for state in get_args(snapshot.LineState)]
    needed += [f"parcel.{state}" for state in get_args(snapshot.ItemState)]
    needed += [f"board.{state}" for state in get_args(BoardState)]
    needed += [f"floor.{head}" for head in ("parcel", "mass", "state", "lane", "reason")]
    for name in FLOOR_SCRIPTS:
        needed += re.findall(r'word\((?:\w+ \? )?"([a-z_.]+)"', SCRIPTS[name])
        needed += re.findall(r'\? "([a-z_]+\.[a-z_]+)"', SCRIPTS[name])
    for template in (HERE / "floor").glob("*.html"):
        needed += re.findall(r"words\['([a-z_]+\.[a-z_]+)'\]", template.read_text(encoding="utf-8"))

    assert len(needed) > 30
    assert [key for key in needed if key not in words] == []


def test_no_word_of_a_line_is_left_over() -> None:
    have = station_words("en")
    for section, wanted in {
        "line": get_args(snapshot.LineState),
        "board": get_args(BoardState),
        "parcel": get_args(snapshot.ItemState),
    }.items():
        assert {key for key in have if key.startswith(f"{section}.")} == {f"{section}.{w}" for w in wanted}


def test_every_state_of_a_parcel_has_a_mark_of_its_own() -> None:
    drawn = "".join(
        (HERE / path).read_text(encoding="utf-8") for path in ("station/shapes.svg", "floor/marks.svg")
    )
    shapes = re.findall(r'data-shape="(\w+)"', drawn)

    assert len(shapes) == len(set(shapes))
    assert set(get_args(snapshot.ItemState)) <= set(shapes)


@pytest.mark.parametrize("sheet", ["floor.css", "station.css"])
def test_the_pages_share_their_colours(sheet: str) -> None:
    """Each only uses what colours.css says, and says none of it again."""
    text = (HERE / "static" / sheet).read_text(encoding="utf-8")

    assert not re.findall(r"--(?:band|page|ink|quiet|faint)[a-z-]*:", text)


@pytest.mark.parametrize("page", ["floor.js", "station.js"])
def test_the_scripts_of_a_page_are_small_and_write_text_only(page: str) -> None:
    loaded: list[str] = [page]
    for name in loaded:
        found = re.findall(r'from "\./([a-z]+\.js)"', SCRIPTS[name])
        loaded += [other for other in dict.fromkeys(found) if other not in loaded]

    assert sum(len(SCRIPTS[name].encode()) for name in loaded) <= JS_BYTES_MAX
    for name in loaded:
        unsafe = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|setAttribute\(\"style"
        assert not re.search(unsafe, SCRIPTS[name]), name
    if page == "floor.js":
        assert set(loaded) == set(FLOOR_SCRIPTS)


def test_the_floor_knows_its_controllers_lines_and_is_where_the_root_leads() -> None:
    config = sorter_hub(drives=False)

    assert floor_layout(config)["plc_lines"] == [
        {"id": "p1", "name": "Sorter 1", "plc": "plc-1", "drives": False}
    ]
    assert floor_layout(floor_hub())["plc_lines"] == []
    alone = config.model_copy(update={"lines": (), "benches": ()})
    assert fetch(create_app(alone, Says(), Feed()), "/").headers["location"] == "/floor"
