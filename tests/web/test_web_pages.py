"""The routes, without a socket: what they answer, what they refuse, what every answer carries."""

import asyncio
import json
import re
from pathlib import Path
from typing import get_args

import pytest
from web_views import TRUTH, VIEWS, Answer, Says, app_for, fetch, get

from edge.core import snapshot
from edge.core.decision import REASONS
from edge.web.app import HERE
from edge.web.feed import MAX_SCREENS, Feed
from edge.web.guard import SECURITY_HEADERS
from edge.web.station.wording import station_words

STATION_JS = (HERE / "static" / "station.js").read_text(encoding="utf-8")
PATHS = (
    "/station/b1",
    "/station/b1/screen.css",
    "/figures.json",
    "/healthz",
    "/static/station.js",
    "/static/station.css",
    "/static/colours.css",
)


def every_path() -> list[str]:
    routes = [getattr(route, "path", "") for route in app_for().routes]
    return [path.replace("{bench}", "b1") for path in routes if path != "/events"] + list(PATHS)


async def open_stream(source: Says, feed: Feed, parts: int = 1) -> Answer:
    app = app_for(source, feed)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)
        return await get(app, "/events", parts=parts)


@pytest.mark.parametrize("path", [*every_path(), "/nothing", "/station/nothing", "/docs", "/openapi.json"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    answer = fetch(app_for(), path)

    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PATHS)
def test_pages_and_data_are_served(path: str) -> None:
    expected = 503 if path == "/healthz" else 200  # no feed runs without the server

    assert fetch(app_for(), path).status == expected


def test_our_own_mistake_is_one_sentence_with_the_headers() -> None:
    class Broken(Says):
        def figures(self) -> dict[str, object]:
            raise ZeroDivisionError("secret detail")

    answer = fetch(app_for(Broken()), "/figures.json")

    assert answer.status == 500
    assert answer.text.count("\n") == 1
    assert "secret detail" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example:8040", "evil.example", "127.0.0.1", "127.0.0.1:80", ""])
def test_a_host_that_is_not_this_gateway_is_refused(host: str) -> None:
    answer = fetch(app_for(), "/station/b1", {"host": host})

    assert answer.status == 421
    assert "127.0.0.1:8040" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8040", "localhost:8040", "[::1]:8040", "LOCALHOST:8040"])
def test_the_loopback_names_are_served(host: str) -> None:
    assert fetch(app_for(), "/station/b1", {"host": host}).status == 200


@pytest.mark.parametrize("path", ["/events", *PATHS])
@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null"])
def test_a_page_of_another_origin_reads_nothing(path: str, origin: str) -> None:
    assert fetch(app_for(), path, {"origin": origin}).status == 403


def test_our_own_origin_is_served() -> None:
    assert fetch(app_for(), "/figures.json", {"origin": "http://127.0.0.1:8040"}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/station/b1", "/events", "/figures.json", "/healthz"])
def test_no_route_takes_a_change(path: str, method: str) -> None:
    assert fetch(app_for(), path, method=method).status == 405


def test_an_unknown_bench_is_one_sentence_that_names_the_known_ones() -> None:
    answer = fetch(app_for(), "/station/<script>\n" + "x" * 500)

    assert answer.status == 404
    assert answer.text.count("\n") == 1
    assert answer.text.endswith("at this gateway; it has: b1.\n")
    assert len(answer.text) < 120
    assert answer.headers["content-type"].startswith("text/plain")


def test_one_bench_is_where_the_root_leads_and_several_are_listed() -> None:
    alone = fetch(app_for(), "/")
    assert (alone.status, alone.headers["location"]) == (307, "/station/b1")

    several = fetch(app_for(benches=2), "/")
    assert several.status == 200
    assert re.findall(r'href="(/station/[^"]+)"', several.text) == ["/station/b1", "/station/b2"]


def test_a_hostile_name_stays_text() -> None:
    page = fetch(app_for(name="</title><script>alert(1)</script>"), "/station/b1").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_first_paint_shows_no_decision_and_nothing_inline() -> None:
    page = fetch(app_for(Says(view=VIEWS["release"])), "/station/b1").text

    visible = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.S)
    assert "RELEASE" not in visible
    assert 'data-band="none"' in visible
    assert not re.search(r'\sstyle=|\son\w+=|<style|<script(?! type="module" src=)', visible)


def test_the_assets_name_no_other_site() -> None:
    for path in (HERE / "static").iterdir():
        text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"\bhttps?:|\bwss?:|\(//|[\"']//", text), path.name


def test_the_script_is_small_and_writes_text_only() -> None:
    assert len(STATION_JS.encode()) < 60 * 1024
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", STATION_JS)


def test_every_word_the_page_may_need_exists() -> None:
    words = station_words("en")
    needed = [f"state.{state}" for state in get_args(snapshot.BenchState)]
    needed += [f"instruction.{instruction}" for instruction in get_args(snapshot.Instruction)]
    needed += [f"refusal.{refusal}" for refusal in get_args(snapshot.Refusal)]
    needed += [f"reason.{reason}" for reason in REASONS]
    needed += [f"truth.{key}" for key in (*TRUTH, "balance_reads", "balance_events", "share", "dwell")]
    needed += re.findall(r'word\((?:\w+ \? )?"([a-z_.]+)"', STATION_JS)
    for template in (HERE / "station").glob("*.html"):
        needed += re.findall(r"words\['([a-z_.]+)'\]", Path(template).read_text(encoding="utf-8"))

    assert [key for key in needed if key not in words] == []


def test_the_stream_begins_with_a_whole_state() -> None:
    answer = asyncio.run(open_stream(Says(view=VIEWS["hold"]), Feed()))

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    event = dict(line.split(": ", 1) for line in answer.text.split("\n\n")[0].split("\n"))
    assert event["id"] == str(json.loads(event["data"])["revision"])
    assert json.loads(event["data"])["benches"][0]["state"] == "hold"


def test_a_stream_gives_its_place_back_when_the_browser_hangs_up() -> None:
    feed = Feed()

    asyncio.run(open_stream(Says(), feed))

    assert feed.screens == 0


def test_the_stream_beyond_the_limit_is_refused_with_one_sentence() -> None:
    async def crowded() -> Answer:
        feed = Feed()
        app = app_for(feed=feed)
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0)
            for _ in range(MAX_SCREENS):
                feed.open()
            return await get(app, "/events")

    answer = asyncio.run(crowded())

    assert answer.status == 503
    assert answer.text == f"{MAX_SCREENS} screens are open, which is the limit; close one and try again.\n"
    assert answer.headers["retry-after"] == "2"


def test_telemetry_hooks_are_off() -> None:
    telemetry = app_for()._telemetry

    assert not any(
        telemetry[hook] for hook in ("tracing", "metrics", "logs", "operation_spans", "auto_configure")
    )
